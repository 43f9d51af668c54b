//! Between rows of either database and what they mean.

use series::{MetricKind, MetricMeta};

use super::backend::{SealedRow, SeriesRow, SourceRow};
use super::{Counts, Retention};
use crate::convert::{u32_of, u64_of};

/// `num, id, raw_ms, five_minutes_ms, hour_ms, samples, duplicates, late, refused`.
pub(super) type SourceTuple = (
    i64,
    String,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    i64,
    i64,
    i64,
    i64,
);

pub(super) fn source_row(row: SourceTuple) -> SourceRow {
    let (num, id, raw_ms, five_minutes_ms, hour_ms, samples, duplicates, late, refused) = row;
    let usual = Retention::default();
    let kept = |ms: Option<i64>, usual: Option<i64>| match ms {
        None => usual,
        Some(ms) => (ms >= 0).then_some(ms),
    };
    SourceRow {
        num: u32_of(num),
        id,
        retention: Retention {
            raw_ms: kept(raw_ms, usual.raw_ms),
            five_minutes_ms: kept(five_minutes_ms, usual.five_minutes_ms),
            hour_ms: kept(hour_ms, usual.hour_ms),
        },
        counts: Counts {
            samples: u64_of(samples),
            duplicates: u64_of(duplicates),
            late: u64_of(late),
            refused: u64_of(refused),
        },
    }
}

/// How long something is kept as columns hold it. For ever is -1: null is what nobody has decided.
pub(super) fn kept(ms: Option<i64>) -> i64 {
    ms.unwrap_or(-1)
}

/// `id, source, labels`.
pub(super) fn series_row((id, source, labels): (i64, i64, Vec<u8>)) -> SeriesRow {
    SeriesRow {
        id: u32_of(id),
        source: u32_of(source),
        labels,
    }
}

/// `series, wal_id, until_ms, rolled_ms`.
pub(super) fn sealed_row(row: (i64, i64, i64, i64)) -> SealedRow {
    let (series, wal_id, until_ms, rolled_ms) = row;
    SealedRow {
        series: u32_of(series),
        wal_id,
        until_ms,
        rolled_ms,
    }
}

/// `name, kind, unit, help`.
pub(super) fn meta_row(row: (String, String, String, String)) -> MetricMeta {
    let (name, kind, unit, help) = row;
    MetricMeta {
        name,
        kind: kind_of(&kind),
        unit,
        help,
    }
}

/// Kinds and what OpenMetrics calls them.
const KINDS: [(MetricKind, &str); 8] = [
    (MetricKind::Unknown, "unknown"),
    (MetricKind::Counter, "counter"),
    (MetricKind::Gauge, "gauge"),
    (MetricKind::Histogram, "histogram"),
    (MetricKind::GaugeHistogram, "gaugehistogram"),
    (MetricKind::Summary, "summary"),
    (MetricKind::Info, "info"),
    (MetricKind::StateSet, "stateset"),
];

pub(super) fn kind_name(kind: MetricKind) -> &'static str {
    let found = KINDS.iter().find(|(known, _)| *known == kind);
    found.map_or("unknown", |(_, name)| name)
}

fn kind_of(name: &str) -> MetricKind {
    let found = KINDS.iter().find(|(_, known)| *known == name);
    found.map_or(MetricKind::Unknown, |(kind, _)| *kind)
}
