//! What each board shows.
//!
//! Names of metrics: `node_exporter` 1.5, `redis_exporter` 1.45, `postgres_exporter` 0.11, as their
//! documentation gives them, and ours in `server/src/measure.rs`. In an expression `$of` stands for
//! the matcher of the instance, and `$w` for the window of a rate.

use api::BoardKind;

/// A panel before it is asked for.
pub(super) struct Known {
    pub(super) title: &'static str,
    pub(super) unit: &'static str,
    pub(super) expression: &'static str,
}

const fn panel(title: &'static str, unit: &'static str, expression: &'static str) -> Known {
    Known {
        title,
        unit,
        expression,
    }
}

/// The metric by whose instances a board is found.
pub(super) const fn marker(kind: BoardKind) -> &'static str {
    match kind {
        BoardKind::Node => "node_memory_MemTotal_bytes",
        BoardKind::Postgres => "pg_up",
        BoardKind::Redis => "redis_up",
        BoardKind::Millrace => "millrace_build_info",
    }
}

/// The panels of a board, the most telling first.
pub(super) const fn panels(kind: BoardKind) -> &'static [Known] {
    match kind {
        BoardKind::Node => NODE,
        BoardKind::Postgres => POSTGRES,
        BoardKind::Redis => REDIS,
        BoardKind::Millrace => MILLRACE,
    }
}

const NODE: &[Known] = &[
    panel(
        "CPU by what it does",
        "%",
        r#"100 * sum by (mode) (rate(node_cpu_seconds_total{mode!="idle",$of}[$w])) / scalar(count(node_cpu_seconds_total{mode="idle",$of}))"#,
    ),
    panel(
        "Memory used",
        "%",
        "100 * (1 - node_memory_MemAvailable_bytes{$of} / node_memory_MemTotal_bytes{$of})",
    ),
    panel(
        "File systems used",
        "%",
        r#"max by (mountpoint) (100 * (1 - node_filesystem_avail_bytes{fstype!~"tmpfs|ramfs|squashfs|overlay",$of} / (node_filesystem_size_bytes{$of} > 0)))"#,
    ),
    panel(
        "Inodes used",
        "%",
        r#"max by (mountpoint) (100 * (1 - node_filesystem_files_free{fstype!~"tmpfs|ramfs|squashfs|overlay",$of} / (node_filesystem_files{$of} > 0)))"#,
    ),
    panel(
        "Load",
        "",
        r#"label_replace(node_load1{$of}, "over", "1 min", "", "") or label_replace(node_load5{$of}, "over", "5 min", "", "") or label_replace(node_load15{$of}, "over", "15 min", "", "")"#,
    ),
    panel(
        "Disks busy",
        "%",
        r#"100 * max by (device) (rate(node_disk_io_time_seconds_total{device!~"(loop|ram|zram|sr|fd).*",$of}[$w]))"#,
    ),
    panel(
        "Disks",
        "B/s",
        r#"label_replace(sum by (device) (rate(node_disk_read_bytes_total{device!~"(loop|ram|zram|sr|fd).*",$of}[$w])), "way", "read", "", "") or label_replace(sum by (device) (rate(node_disk_written_bytes_total{device!~"(loop|ram|zram|sr|fd).*",$of}[$w])), "way", "written", "", "")"#,
    ),
    panel(
        "Disk operations a second",
        "",
        r#"label_replace(sum by (device) (rate(node_disk_reads_completed_total{device!~"(loop|ram|zram|sr|fd).*",$of}[$w])), "way", "read", "", "") or label_replace(sum by (device) (rate(node_disk_writes_completed_total{device!~"(loop|ram|zram|sr|fd).*",$of}[$w])), "way", "written", "", "")"#,
    ),
    panel(
        "Network",
        "B/s",
        r#"label_replace(sum by (device) (rate(node_network_receive_bytes_total{device!~"lo|(ifb|veth|cali|tunl|dummy|sit|gre|erspan).*",$of}[$w])), "way", "in", "", "") or label_replace(sum by (device) (rate(node_network_transmit_bytes_total{device!~"lo|(ifb|veth|cali|tunl|dummy|sit|gre|erspan).*",$of}[$w])), "way", "out", "", "")"#,
    ),
    panel(
        "Network errors a second",
        "",
        r#"label_replace(sum by (device) (rate(node_network_receive_errs_total{device!~"lo|(ifb|veth|cali|tunl|dummy|sit|gre|erspan).*",$of}[$w])), "way", "in", "", "") or label_replace(sum by (device) (rate(node_network_transmit_errs_total{device!~"lo|(ifb|veth|cali|tunl|dummy|sit|gre|erspan).*",$of}[$w])), "way", "out", "", "")"#,
    ),
    panel(
        "Temperatures",
        "°C",
        "max by (chip, sensor) (node_hwmon_temp_celsius{$of})",
    ),
    panel(
        "Processes",
        "",
        r#"label_replace(node_procs_running{$of}, "state", "running", "", "") or label_replace(node_procs_blocked{$of}, "state", "blocked", "", "")"#,
    ),
];

const POSTGRES: &[Known] = &[
    panel("Answers", "", "pg_up{$of}"),
    panel(
        "Connections by state",
        "",
        "sum by (state) (pg_stat_activity_count{$of})",
    ),
    panel(
        "Connections used",
        "%",
        "100 * sum(pg_stat_activity_count{$of}) / max(pg_settings_max_connections{$of})",
    ),
    panel(
        "Transactions a second",
        "",
        r#"label_replace(sum by (datname) (rate(pg_stat_database_xact_commit{datname!="",$of}[$w])), "end", "committed", "", "") or label_replace(sum by (datname) (rate(pg_stat_database_xact_rollback{datname!="",$of}[$w])), "end", "rolled back", "", "")"#,
    ),
    panel(
        "Found in memory",
        "%",
        r#"100 * sum by (datname) (rate(pg_stat_database_blks_hit{datname!="",$of}[$w])) / (sum by (datname) (rate(pg_stat_database_blks_hit{datname!="",$of}[$w])) + sum by (datname) (rate(pg_stat_database_blks_read{datname!="",$of}[$w])) > 0)"#,
    ),
    panel(
        "Deadlocks a second",
        "",
        r#"sum by (datname) (rate(pg_stat_database_deadlocks{datname!="",$of}[$w]))"#,
    ),
    panel(
        "Size",
        "B",
        "max by (datname) (pg_database_size_bytes{$of})",
    ),
    panel(
        "Oldest open transaction",
        "s",
        r#"max by (datname) (pg_stat_activity_max_tx_duration{datname!="",$of})"#,
    ),
    panel(
        "Followers behind",
        "B",
        "max by (application_name) (pg_stat_replication_pg_wal_lsn_diff{$of})",
    ),
    // Of later versions, and of the queries that come with this one for whoever loads them.
    panel(
        "Behind its leader",
        "s",
        "max(pg_replication_lag{$of} or pg_replication_lag_seconds{$of})",
    ),
    panel(
        "Rows written a second",
        "",
        r#"label_replace(sum(rate(pg_stat_database_tup_inserted{$of}[$w])), "what", "inserted", "", "") or label_replace(sum(rate(pg_stat_database_tup_updated{$of}[$w])), "what", "updated", "", "") or label_replace(sum(rate(pg_stat_database_tup_deleted{$of}[$w])), "what", "deleted", "", "")"#,
    ),
];

const REDIS: &[Known] = &[
    panel("Answers", "", "redis_up{$of}"),
    panel(
        "Memory",
        "B",
        r#"label_replace(redis_memory_used_bytes{$of}, "what", "used", "", "") or label_replace(redis_memory_max_bytes{$of} > 0, "what", "most", "", "")"#,
    ),
    panel(
        "Commands a second",
        "",
        "sum(rate(redis_commands_processed_total{$of}[$w]))",
    ),
    panel(
        "Found keys",
        "%",
        "100 * rate(redis_keyspace_hits_total{$of}[$w]) / (rate(redis_keyspace_hits_total{$of}[$w]) + rate(redis_keyspace_misses_total{$of}[$w]) > 0)",
    ),
    panel(
        "Clients",
        "",
        r#"label_replace(redis_connected_clients{$of}, "what", "connected", "", "") or label_replace(redis_blocked_clients{$of}, "what", "blocked", "", "")"#,
    ),
    panel("Keys", "", "sum by (db) (redis_db_keys{$of})"),
    panel(
        "Keys that went a second",
        "",
        r#"label_replace(rate(redis_expired_keys_total{$of}[$w]), "what", "expired", "", "") or label_replace(rate(redis_evicted_keys_total{$of}[$w]), "what", "evicted for want of room", "", "")"#,
    ),
    panel(
        "Network",
        "B/s",
        r#"label_replace(rate(redis_net_input_bytes_total{$of}[$w]), "way", "in", "", "") or label_replace(rate(redis_net_output_bytes_total{$of}[$w]), "way", "out", "", "")"#,
    ),
    panel(
        "CPU",
        "%",
        r#"100 * (label_replace(rate(redis_cpu_user_seconds_total{$of}[$w]), "mode", "user", "", "") or label_replace(rate(redis_cpu_sys_seconds_total{$of}[$w]), "mode", "system", "", ""))"#,
    ),
];

const MILLRACE: &[Known] = &[
    panel(
        "Requests a second by status",
        "",
        "sum by (status) (rate(millrace_http_requests_total{$of}[$w]))",
    ),
    panel(
        "How long answers take",
        "s",
        r#"label_replace(histogram_quantile(0.5, sum by (le) (rate(millrace_http_request_duration_seconds_bucket{$of}[$w]))), "part", "50 of 100", "", "") or label_replace(histogram_quantile(0.95, sum by (le) (rate(millrace_http_request_duration_seconds_bucket{$of}[$w]))), "part", "95 of 100", "", "") or label_replace(histogram_quantile(0.99, sum by (le) (rate(millrace_http_request_duration_seconds_bucket{$of}[$w]))), "part", "99 of 100", "", "")"#,
    ),
    panel(
        "Requests that failed",
        "%",
        r#"100 * (label_replace(sum(rate(millrace_http_requests_total{status=~"4..",$of}[$w])), "status", "4xx", "", "") or label_replace(sum(rate(millrace_http_requests_total{status=~"5..",$of}[$w])), "status", "5xx", "", "")) / scalar(sum(rate(millrace_http_requests_total{$of}[$w])))"#,
    ),
    panel(
        "Samples pushed a second",
        "",
        r#"sum by (outcome) (rate(millrace_samples_total{$of}[$w])) or label_replace(sum(rate(millrace_samples_refused_total{$of}[$w])), "outcome", "refused of a protocol", "", "")"#,
    ),
    panel("People active", "", "millrace_active_users{$of}"),
    panel(
        "Jobs that wait",
        "",
        r#"sum by (kind) (millrace_jobs{state="waiting",$of})"#,
    ),
    panel("Memory", "B", "process_resident_memory_bytes{$of}"),
    panel("CPU", "%", "100 * rate(process_cpu_seconds_total{$of}[$w])"),
    panel("Database", "B", "millrace_database_bytes{$of}"),
    panel(
        "The database answers in",
        "s",
        "millrace_database_answer_seconds{$of}",
    ),
    panel(
        "Share of answers that caches had",
        "%",
        "100 * sum by (area) (rate(millrace_cache_hits_total{$of}[$w])) / (sum by (area) (rate(millrace_cache_hits_total{$of}[$w])) + sum by (area) (rate(millrace_cache_misses_total{$of}[$w])) > 0)",
    ),
    panel("Open files", "", "process_open_fds{$of}"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_panel_is_an_expression_of_one_instance() {
        for kind in BoardKind::ALL {
            for known in panels(kind) {
                let text = super::super::written(known, "db-1:9100", 120);
                assert!(
                    query::Query::parse(&text).is_ok(),
                    "{}: {text}",
                    known.title
                );
                assert!(!text.contains('$'), "{text}");
                // Another instance's numbers must not be among them.
                let selectors = text.matches('{').count();
                let of = text.matches(r#"instance="db-1:9100""#).count();
                assert_eq!(selectors, of, "{}: {text}", known.title);
            }
        }
    }
}
