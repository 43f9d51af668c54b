//! What senders send: the same requests, byte for byte, for every server that is measured.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "counts of a program that is told how much to send"
)]

use fakes::remote_write::{Encoder, v1_series};

/// The interval of a scrape, in milliseconds.
pub(crate) const STEP_MS: i64 = 15_000;
/// As many samples as Prometheus puts into a request.
const PER_REQUEST: usize = 2_000;

/// How much is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Series that are written to at the same time.
    pub(crate) series: usize,
    /// Scrapes.
    pub(crate) steps: usize,
    /// The share of the series that others take the place of within an hour.
    pub(crate) churn_per_hour: f64,
    /// Senders, each with its part of the series, as Prometheus' shards are.
    pub(crate) senders: usize,
}

impl Shape {
    /// Samples in all.
    pub(crate) fn samples(&self) -> u64 {
        self.series as u64 * self.steps as u64
    }
}

/// One sender's requests, in order: remote-write 1.0 in Snappy.
pub(crate) fn requests(shape: &Shape, sender: usize, end_ms: i64) -> Vec<Vec<u8>> {
    let mine: Vec<usize> = (sender..shape.series).step_by(shape.senders).collect();
    let start_ms = end_ms - (shape.steps as i64 - 1) * STEP_MS;
    let mut values: Vec<Value> = mine.iter().map(|slot| Value::new(*slot)).collect();
    let mut snappy = snap::raw::Encoder::new();
    let mut requests = Vec::new();
    let mut open = Encoder::default();
    let mut count = 0;
    let mut close = |open: &mut Encoder, count: &mut usize| {
        if *count > 0 {
            // Nothing here is longer than Snappy takes.
            requests.extend(snappy.compress_vec(&open.0));
            open.0.clear();
            *count = 0;
        }
    };
    for step in 0..shape.steps {
        let at_ms = start_ms + step as i64 * STEP_MS;
        for (slot, value) in mine.iter().zip(&mut values) {
            let labels = labels(*slot, generation(shape, *slot, step));
            let labels: Vec<(&str, &str)> = labels.iter().map(|(k, v)| (*k, v.as_str())).collect();
            let written = std::mem::take(&mut open);
            open = written.message(1, v1_series(&labels, &[(at_ms, value.next())]));
            count += 1;
            if count == PER_REQUEST {
                close(&mut open, &mut count);
            }
        }
    }
    close(&mut open, &mut count);
    requests
}

/// How often another series has taken the place, staggered so that some change at every step.
fn generation(shape: &Shape, slot: usize, step: usize) -> usize {
    let per_step = shape.churn_per_hour * STEP_MS as f64 / 3_600_000.0;
    let phase = slot as f64 / shape.series as f64;
    (step as f64 * per_step + phase) as usize
}

/// Labels as node-exporter and a service have them, in order; about 150 bytes.
fn labels(slot: usize, generation: usize) -> Vec<(&'static str, String)> {
    const NAMES: [&str; 10] = [
        "node_cpu_seconds_total",
        "node_network_receive_bytes_total",
        "node_filesystem_avail_bytes",
        "http_requests_total",
        "http_request_duration_seconds_sum",
        "process_resident_memory_bytes",
        "container_cpu_usage_seconds_total",
        "go_goroutines",
        "queue_length",
        "temperature_celsius",
    ];
    let host = slot / 100;
    vec![
        ("__name__", NAMES[slot % NAMES.len()].to_owned()),
        ("cluster", "workshop-eu-central-1".to_owned()),
        ("device", format!("dev{}", slot / 10 % 10)),
        ("environment", "production".to_owned()),
        ("instance", format!("node-{host:04}.example.org:9100")),
        ("job", "node-exporter".to_owned()),
        (
            "pod",
            format!("shop-{:x}-{slot}", slot * 7_919 + generation),
        ),
    ]
}

/// A series' values: counters, levels that walk, and constants, as machines have them.
struct Value {
    kind: usize,
    random: u64,
    now: f64,
}

impl Value {
    fn new(slot: usize) -> Self {
        Self {
            kind: slot % 10,
            random: (slot as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15),
            now: (slot % 1_000) as f64,
        }
    }

    fn next(&mut self) -> f64 {
        // Marsaglia's xorshift, 64 bits.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let share = (self.random >> 11) as f64 / (1_u64 << 53) as f64;
        self.now = match self.kind {
            // Counters of bytes and requests: whole numbers that grow.
            0..=3 => self.now + (share * 1_000.0).floor(),
            // Sums of seconds: growing, with digits.
            4 => self.now + share,
            // Levels in hundredths.
            5..=7 => ((self.now + share - 0.5) * 100.0).round() / 100.0,
            // Hardly ever another value.
            _ => {
                if share < 0.02 {
                    (share * 5_000.0).floor()
                } else {
                    self.now
                }
            }
        };
        self.now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape {
        series: 500,
        steps: 10,
        churn_per_hour: 0.0,
        senders: 2,
    };

    #[test]
    fn the_same_shape_is_the_same_bytes() {
        let one = requests(&SHAPE, 0, 1_800_000_000_000);
        assert_eq!(one, requests(&SHAPE, 0, 1_800_000_000_000));
        assert_ne!(one, requests(&SHAPE, 1, 1_800_000_000_000));
        // 250 series × 10 steps.
        assert_eq!(one.len(), 2);
    }

    #[test]
    fn a_tenth_of_the_series_is_another_after_an_hour() {
        let shape = Shape {
            churn_per_hour: 0.1,
            ..SHAPE
        };
        let hour = usize::try_from(3_600_000 / STEP_MS).unwrap_or_default();
        let changed = (0..500)
            .filter(|slot| generation(&shape, *slot, hour) != generation(&shape, *slot, 0))
            .count();
        assert!((45..=55).contains(&changed), "{changed}");
    }
}
