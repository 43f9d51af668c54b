//! What is worth recording of the metrics that widespread exporters send.
//!
//! Names of metrics: `node_exporter` 1.5, `redis_exporter` 1.45, `postgres_exporter` 0.11,
//! `blackbox_exporter` 0.23 and Prometheus' client libraries, as their documentation gives them.

use api::{Direction, Limit, RecordingIdea, Unit};

/// An idea, and the metrics without which it says nothing.
struct Known {
    needs: [&'static str; 2],
    exporter: &'static str,
    name: &'static str,
    expression: &'static str,
    unit: &'static str,
    over: f64,
    direction: Direction,
}

const fn share(
    needs: [&'static str; 2],
    exporter: &'static str,
    name: &'static str,
    expression: &'static str,
    over: f64,
) -> Known {
    Known {
        needs,
        exporter,
        name,
        expression,
        unit: "%",
        over,
        direction: Direction::Rising,
    }
}

const KNOWN: [Known; 8] = [
    share(
        ["node_filesystem_avail_bytes", "node_filesystem_size_bytes"],
        "node-exporter",
        "Disk used",
        r#"max by (instance, mountpoint) (100 * (1 - node_filesystem_avail_bytes{fstype!~"tmpfs|ramfs|squashfs|overlay"} / node_filesystem_size_bytes))"#,
        95.0,
    ),
    share(
        ["node_filesystem_files_free", "node_filesystem_files"],
        "node-exporter",
        "Inodes used",
        r#"max by (instance, mountpoint) (100 * (1 - node_filesystem_files_free{fstype!~"tmpfs|ramfs|squashfs|overlay"} / (node_filesystem_files > 0)))"#,
        95.0,
    ),
    share(
        [
            "node_memory_MemAvailable_bytes",
            "node_memory_MemTotal_bytes",
        ],
        "node-exporter",
        "Memory used",
        "100 * (1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)",
        95.0,
    ),
    share(
        ["node_cpu_seconds_total", "node_cpu_seconds_total"],
        "node-exporter",
        "CPU busy",
        r#"100 * (1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m])))"#,
        95.0,
    ),
    share(
        ["redis_memory_used_bytes", "redis_memory_max_bytes"],
        "redis_exporter",
        "Redis memory used",
        "100 * redis_memory_used_bytes / (redis_memory_max_bytes > 0)",
        95.0,
    ),
    share(
        ["pg_stat_activity_count", "pg_settings_max_connections"],
        "postgres_exporter",
        "PostgreSQL connections used",
        "100 * sum by (instance) (pg_stat_activity_count) / max by (instance) (pg_settings_max_connections)",
        90.0,
    ),
    share(
        ["process_open_fds", "process_max_fds"],
        "any client library",
        "Open files of processes",
        "max by (job, instance) (100 * process_open_fds / process_max_fds)",
        90.0,
    ),
    Known {
        needs: [
            "probe_ssl_earliest_cert_expiry",
            "probe_ssl_earliest_cert_expiry",
        ],
        exporter: "blackbox_exporter",
        name: "Certificate's days left",
        expression: "min by (instance) ((probe_ssl_earliest_cert_expiry - time()) / 86400)",
        unit: "days",
        over: 14.0,
        direction: Direction::Falling,
    },
];

/// What those metrics are worth recording for.
pub(super) fn of(names: &[String]) -> Vec<RecordingIdea> {
    let there = |name: &&str| names.iter().any(|known| known == name);
    KNOWN
        .iter()
        .filter(|known| known.needs.iter().all(there))
        .map(|known| RecordingIdea {
            name: known.name.to_owned(),
            expression: known.expression.to_owned(),
            unit: Unit::of_word(known.unit),
            limit: Limit {
                value: known.over,
                direction: known.direction,
            },
            exporter: known.exporter.to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_idea_is_an_expression_and_names_what_it_needs() {
        for known in KNOWN {
            assert!(
                query::Query::parse(known.expression).is_ok(),
                "{}",
                known.name
            );
            for name in known.needs {
                assert!(known.expression.contains(name), "{}: {name}", known.name);
            }
        }
    }

    #[test]
    fn an_idea_comes_with_all_of_its_metrics_only() {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(of(&names(&["node_filesystem_avail_bytes", "up"])).is_empty());
        let found = of(&names(&["process_open_fds", "process_max_fds"]));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].limit.direction, Direction::Rising);
    }
}
