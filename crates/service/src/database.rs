//! How the database is, for the settings and for whoever scrapes us.

use api::{Caller, DatabaseReport, Databases, Permission, Result};
use async_trait::async_trait;

use crate::Hub;
use crate::failure::OrFailure;
use crate::guard::require;
use crate::health::OwnNumber;

#[async_trait]
impl Databases for Hub {
    async fn database(&self, caller: &Caller) -> Result<DatabaseReport> {
        require(caller, Permission::MonitoringRead)?;
        self.store.database().await.or_failure(caller)
    }
}

/// The same in numbers. What is not known is left out.
pub(crate) fn numbers(report: &DatabaseReport) -> Vec<OwnNumber> {
    let gauge = |name, value: f64| OwnNumber::gauge(name, value);
    let known = |(name, value): (&'static str, Option<f64>)| Some(gauge(name, value?));
    let mut all = vec![
        gauge("database_bytes", report.bytes as f64),
        gauge("database_answer_seconds", report.answered_in_seconds),
        gauge("database_pool_open", report.open_connections.into()),
        gauge("database_pool_busy", report.busy_connections.into()),
        gauge("database_pool_most", report.most_connections.into()),
    ];
    if let Some(file) = &report.file {
        all.push(gauge("database_free_bytes", file.free_bytes as f64));
        all.push(gauge("database_log_bytes", file.log_bytes as f64));
    }
    let Some(server) = &report.server else {
        return all;
    };
    all.extend([
        gauge("database_connections", server.connections as f64),
        gauge("database_max_connections", server.max_connections as f64),
        OwnNumber::counter("database_commits_total", server.commits),
        OwnNumber::counter("database_rollbacks_total", server.rollbacks),
        OwnNumber::counter("database_deadlocks_total", server.deadlocks),
    ]);
    let perhaps = [
        ("database_cache_hit_ratio", server.cache_hit_ratio),
        (
            "database_longest_transaction_seconds",
            server.longest_transaction_seconds,
        ),
    ];
    all.extend(perhaps.into_iter().filter_map(known));
    // The last of those that follow; their names are nobody's who only may ask for numbers.
    let followers = || server.followers.iter();
    let bytes = followers().filter_map(|one| one.behind_bytes).max();
    let seconds = followers()
        .filter_map(|one| one.behind_seconds)
        .reduce(f64::max);
    let behind = [
        (
            "database_follower_behind_bytes",
            bytes.map(|bytes| bytes as f64),
        ),
        ("database_follower_behind_seconds", seconds),
    ];
    all.extend(behind.into_iter().filter_map(known));
    all
}
