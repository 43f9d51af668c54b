//! What one request of a metrics protocol may hold, in numbers that every protocol shares.

/// Which names of metrics and labels are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum NameScheme {
    /// `[a-zA-Z_:][a-zA-Z0-9_:]*` for metrics, the same without colons for labels
    /// (Prometheus, remote-write specification 1.0, "Labels").
    #[default]
    Classic,
    /// Any text but the empty one, as Prometheus 3 can be told to send.
    Utf8,
}

/// The bounds of one request.
///
/// A whole request beyond a bound on its size is an error; a series or sample beyond one of its own
/// is refused by itself, and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest body as it is sent, in bytes.
    pub max_body_bytes: usize,
    /// The longest body after decompression, in bytes.
    pub max_decompressed_bytes: usize,
    /// The most series in one request.
    pub max_series: usize,
    /// The most samples in one request.
    pub max_samples: usize,
    /// The most nested objects (OTLP) or symbols (remote-write 2.0) in one request. The smallest takes
    /// two bytes in the body and two hundred in memory.
    pub max_objects: usize,
    /// The most words about names in one request; what is beyond is left out.
    pub max_meta: usize,
    /// The most labels of a series, the metric's name included.
    pub max_labels: usize,
    /// The longest name of a metric or label, in bytes.
    pub max_name_bytes: usize,
    /// The longest value of a label, in bytes.
    pub max_value_bytes: usize,
    /// The longest help text, in bytes; what is beyond is cut off.
    pub max_help_bytes: usize,
    /// The most classic buckets that one exponential histogram becomes.
    pub max_buckets: usize,
    /// How far after the server's time a sample may lie, in milliseconds.
    pub max_future_ms: i64,
    /// Which names are taken.
    pub names: NameScheme,
}

impl Default for Limits {
    /// Enough for the largest requests that Prometheus, a collector and Telegraf send unchanged.
    fn default() -> Self {
        Self {
            max_body_bytes: 16 << 20,
            max_decompressed_bytes: 64 << 20,
            max_series: 200_000,
            max_samples: 1_000_000,
            max_objects: 1_000_000,
            max_meta: 20_000,
            max_labels: 64,
            max_name_bytes: 512,
            max_value_bytes: 4096,
            max_help_bytes: 1024,
            max_buckets: 160,
            max_future_ms: 10 * 60 * 1000,
            names: NameScheme::Classic,
        }
    }
}
