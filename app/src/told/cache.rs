//! The caches in words.

use api::{CacheArea, CacheRedis, CacheReport, CacheUse};
use serde::{Deserialize, Serialize};
use ui::{number_text, span_text};

/// What the card of the caches shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// A row for each area: what is kept, for how long, how many answers, their bytes, hits, misses, hit
    /// ratio, and where.
    pub rows: Vec<[String; 8]>,
    /// The most memory of each.
    pub most: String,
    /// What servers share, and where.
    pub redis: String,
}

/// What the card says of a report.
pub fn told(report: &CacheReport) -> Told {
    let row = |area: &CacheUse| row(area, report.redis);
    Told {
        rows: report.areas.iter().map(row).collect(),
        most: number_text(Some(report.most_bytes as f64), "bytes"),
        redis: match report.redis {
            CacheRedis::None => "nowhere: no Redis is set",
            CacheRedis::Answers => "in Redis",
            CacheRedis::Away => "nowhere now: Redis does not answer",
        }
        .to_owned(),
    }
}

fn row(area: &CacheUse, redis: CacheRedis) -> [String; 8] {
    let kept = match area.lifetime_seconds {
        0 => "not at all".to_owned(),
        seconds => span_text(f64::from(seconds)),
    };
    let place = match redis {
        CacheRedis::Answers if area.shared => "this process, Redis",
        _ => "this process",
    };
    let what = match area.area {
        CacheArea::Metrics => "Questions to the metrics",
        CacheArea::Alerts => "What is unusual",
        CacheArea::Models => "What engines computed",
    };
    [
        what.to_owned(),
        kept,
        api::grouped(area.entries),
        number_text(Some(area.bytes as f64), "bytes"),
        api::grouped(area.hits),
        api::grouped(area.misses),
        number_text(area.hit_ratio(), "fraction"),
        place.to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_that_nobody_knows_is_unknown_and_not_zero() {
        let mut area = CacheUse {
            area: CacheArea::Metrics,
            lifetime_seconds: 0,
            entries: 0,
            bytes: 0,
            hits: 0,
            misses: 0,
            invalidations: 0,
            shared: true,
        };
        let [_, kept, .., ratio, place] = row(&area, CacheRedis::Away);
        assert_eq!((kept.as_str(), ratio.as_str()), ("not at all", "unknown"));
        assert_eq!(place, "this process");
        (area.hits, area.misses, area.lifetime_seconds) = (1, 1, 3_600);
        let [_, kept, .., ratio, place] = row(&area, CacheRedis::Answers);
        assert!(kept.starts_with('1') && kept.ends_with('h'), "{kept}");
        assert!(ratio.starts_with("50"), "{ratio}");
        assert_eq!(place, "this process, Redis");
    }
}
