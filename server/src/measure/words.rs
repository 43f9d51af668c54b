//! What each of our own numbers is, in a sentence: the HELP of the text format.

/// What grows, each with what it says.
pub(super) const COUNTERS: [(&str, &str); 13] = [
    (
        super::REQUESTS,
        "Requests, by route and status; `gone` where the asker left.",
    ),
    (super::UPLOADS, "Files that people sent, by outcome."),
    (
        "millrace_database_commits_total",
        "Transactions that PostgreSQL committed.",
    ),
    (
        "millrace_database_rollbacks_total",
        "Transactions that PostgreSQL rolled back.",
    ),
    (
        "millrace_database_deadlocks_total",
        "Deadlocks that PostgreSQL ended.",
    ),
    (
        "millrace_samples_total",
        "Samples that were pushed, by outcome.",
    ),
    (
        "millrace_samples_refused_total",
        "Samples that were pushed and refused, by reason.",
    ),
    ("millrace_alerts_total", "Alerts that Alertmanager sent."),
    (
        "millrace_scrapes_total",
        "Looks at scraped targets, by outcome.",
    ),
    (
        "millrace_requests_refused_total",
        "Requests that came too often, by limit.",
    ),
    ("millrace_cache_hits_total", "Answers that were kept."),
    (
        "millrace_cache_misses_total",
        "Answers that had to be computed.",
    ),
    (
        "millrace_cache_invalidations_total",
        "Times that all answers of an area became stale.",
    ),
];

/// What goes up and down, each with what it says.
pub(super) const GAUGES: [(&str, &str); 25] = [
    ("millrace_build_info", "1, with the version that runs."),
    (
        "millrace_active_users",
        "People who used a session within a quarter of an hour.",
    ),
    ("millrace_database_bytes", "What the database takes."),
    (
        "millrace_database_answer_seconds",
        "How long the simplest question took just now.",
    ),
    ("millrace_database_pool_open", "Connections of this server."),
    ("millrace_database_pool_busy", "Those that are in use."),
    ("millrace_database_pool_most", "The most there may be."),
    (
        "millrace_database_free_bytes",
        "What is free in SQLite's file.",
    ),
    ("millrace_database_log_bytes", "SQLite's write-ahead log."),
    (
        "millrace_database_connections",
        "Connections of everybody to PostgreSQL.",
    ),
    (
        "millrace_database_max_connections",
        "The most that PostgreSQL takes.",
    ),
    (
        "millrace_database_cache_hit_ratio",
        "Share of blocks that PostgreSQL had in memory.",
    ),
    (
        "millrace_database_longest_transaction_seconds",
        "How long the oldest transaction of others has been open.",
    ),
    (
        "millrace_database_follower_behind_bytes",
        "What the last of the followers has not replayed yet.",
    ),
    (
        "millrace_database_follower_behind_seconds",
        "How long ago that was written.",
    ),
    ("millrace_jobs", "Jobs of the queue, by kind and state."),
    ("millrace_models", "Models in use."),
    ("millrace_model_drifted", "Models whose error has drifted."),
    (
        "millrace_model_behind_naive",
        "Models that do not beat the naive forecast.",
    ),
    (
        "millrace_model_held",
        "Models that a person holds in place.",
    ),
    (
        "millrace_model_error_ratio",
        "Error of the models in use over the naive forecast's, in back-tests.",
    ),
    (
        "millrace_model_coverage",
        "Share of values within a band, by band in percent.",
    ),
    (
        "millrace_model_live_error",
        "Error of forecasts on values that came since.",
    ),
    ("millrace_cache_entries", "Answers that are kept."),
    ("millrace_cache_bytes", "Memory of answers that are kept."),
];

/// What a number says of itself.
pub(super) fn of(name: &str) -> &'static str {
    let all = COUNTERS.iter().chain(&GAUGES);
    let found = all.into_iter().find(|(known, _)| *known == name);
    found.map_or("", |(_, words)| words)
}
