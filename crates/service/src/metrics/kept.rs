//! Which answers about the metrics are kept, and what they rest on.
//!
//! Lists of labels and series rest on which series there are.
//! Expressions over the past rest on the samples that they read, and of those only old ones are ever
//! kept: nothing that a new sample on its usual way could change.
//! What completes an expression is not kept: it is read off an index in memory, which takes no longer
//! than to read it out of a cache. Where an engine of others keeps the metrics nothing is, since others
//! may write to it.

use std::time::{Duration, Instant};

use api::{CacheArea, Stretch};
use store::metrics::LATE_MS;

use crate::Hub;
use crate::cache::Key;

/// How old the newest sample is that an answer may depend on. A sample that comes counts as old from
/// half of that on, so that clocks of servers and senders may differ by the other half.
const SETTLED_MS: i64 = 2 * LATE_MS;
/// As long as an answer may take besides its lifetime: whoever began before something came late may
/// tell the others that much later.
const MARGIN: Duration = Duration::from_mins(2);

/// Whether what happened until then is not expected to become another.
pub(super) const fn is_settled(newest_ms: i64, now_ms: i64) -> bool {
    newest_ms <= now_ms.saturating_sub(SETTLED_MS)
}

/// Since when this process has seen nothing come late. The number that says so means nothing to other
/// servers; once all that was kept before is over, it need not.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    seen: Option<(u64, Instant)>,
}

impl Quiet {
    /// Whether the number has been that one for so long.
    fn is(&mut self, past: u64, long: Duration, now: Instant) -> bool {
        match self.seen {
            Some((known, since)) if known == past => now.saturating_duration_since(since) > long,
            _ => {
                self.seen = Some((past, now));
                false
            }
        }
    }
}

impl Hub {
    /// Under what a list of labels or series is kept. None for those of a stretch of time: which had
    /// samples in it changes without any that is new.
    pub(super) async fn names_key(
        &self,
        what: &'static str,
        matches: &[String],
        within: Stretch,
    ) -> Option<Key> {
        if within != Stretch::default() {
            return None;
        }
        let footing = self.metric_store().ok()?.footing().await?;
        let key = Key::of(CacheArea::Metrics, what).with(footing.names.to_be_bytes());
        // So that what follows them is no selector.
        let count = (matches.len() as u64).to_be_bytes();
        Some(matches.iter().fold(key.with(count), Key::with))
    }

    /// Under what an expression over a range is kept, in milliseconds: from, to, step. None where it
    /// reaches what may still change.
    pub(super) async fn past_key(
        &self,
        what: &'static str,
        text: &str,
        (from_ms, to_ms, step_ms): (i64, i64, i64),
    ) -> Option<Key> {
        if !is_settled(to_ms, self.now_ms()) {
            return None;
        }
        let footing = self.metric_store().ok()?.footing().await?;
        let long = self.cache.lifetime(CacheArea::Metrics) + MARGIN;
        let quiet = super::held(&self.metrics.quiet).is(footing.past, long, Instant::now());
        let key = Key::of(CacheArea::Metrics, what).with(text);
        let key = [from_ms, to_ms, step_ms]
            .into_iter()
            .fold(key, Key::with_number);
        Some(key.here(footing.past, quiet))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_quiet_once_nothing_came_late_for_so_long() {
        let (mut quiet, start) = (Quiet::default(), Instant::now());
        let (long, after) = (Duration::from_mins(1), |s| start + Duration::from_secs(s));
        assert!(!quiet.is(1, long, start));
        assert!(!quiet.is(1, long, after(60)));
        assert!(quiet.is(1, long, after(61)));
        assert!(!quiet.is(2, long, after(62)));
        assert!(!quiet.is(2, long, after(120)));
        assert!(quiet.is(2, long, after(123)));
    }

    #[test]
    fn what_a_late_sample_may_change_is_not_settled() {
        let now_ms = 1_780_000_000_000;
        assert!(!is_settled(now_ms - LATE_MS, now_ms));
        assert!(is_settled(now_ms - 2 * LATE_MS, now_ms));
        assert!(is_settled(i64::MIN, now_ms) && !is_settled(i64::MAX, now_ms));
    }
}
