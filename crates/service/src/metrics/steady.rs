//! A clock for what deletes by age: one step of this machine's clock must not delete anything.

use std::time::Duration;

use api::Instant;

/// Leaps longer than this are steps: suspended machines and set clocks, but no slow round.
const STEP: i64 = 10 * Instant::MINUTE;
/// How long a clock must have gone evenly after a step forward before it is believed.
const PROBATION: i64 = Instant::HOUR;

/// Follows a clock as long as it goes evenly.
///
/// After a step forward it goes on as before for an hour, so that a clock that is set right again
/// meanwhile has done no harm. A step backward is followed at once: less is too old then, not more.
#[derive(Debug, Default)]
pub(super) struct Steady {
    last: Option<Reading>,
    /// How far it is behind the clock, and since when by that clock.
    behind: Option<(i64, Instant)>,
}

#[derive(Clone, Copy, Debug)]
struct Reading {
    clock: Instant,
    running: Duration,
}

impl Steady {
    /// The time to go by, where the clock shows `clock` after the process has run for `running`.
    pub(super) fn now(&mut self, clock: Instant, running: Duration) -> Instant {
        let step = self.last.map_or(0, |last| {
            let passed = running.saturating_sub(last.running).as_micros();
            clock.0 - last.clock.0 - i64::try_from(passed).unwrap_or(i64::MAX)
        });
        self.last = Some(Reading { clock, running });
        if step.abs() > STEP {
            let behind = self.behind.map_or(0, |(behind, _)| behind) + step;
            self.behind = (behind > 0).then_some((behind, clock));
            tracing::warn!(
                seconds = step / Instant::SECOND,
                "this machine's clock was set; metrics expire by the old one for an hour"
            );
        }
        match self.behind {
            Some((behind, since)) if clock.0 - since.0 < PROBATION => clock.minus(behind),
            _ => {
                self.behind = None;
                clock
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * Instant::HOUR;

    fn after(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn at(seconds: i64) -> Instant {
        Instant::from_seconds(1_780_000_000 + seconds)
    }

    #[test]
    fn it_follows_a_clock_that_goes_evenly() {
        let mut steady = Steady::default();
        assert_eq!(steady.now(at(0), after(5)), at(0));
        assert_eq!(steady.now(at(60), after(65)), at(60));
        // Two minutes late, as on a machine that is busy.
        assert_eq!(steady.now(at(300), after(185)), at(300));
    }

    #[test]
    fn a_step_forward_is_believed_after_an_hour() {
        let mut steady = Steady::default();
        steady.now(at(0), after(0));
        let ahead = |seconds| at(seconds).plus(400 * DAY);
        assert_eq!(steady.now(ahead(2), after(2)), at(2));
        assert_eq!(steady.now(ahead(3_000), after(3_000)), at(3_000));
        assert_eq!(steady.now(ahead(3_700), after(3_700)), ahead(3_700));
    }

    #[test]
    fn a_clock_that_is_set_right_again_has_done_nothing() {
        let mut steady = Steady::default();
        steady.now(at(0), after(0));
        assert_eq!(steady.now(at(2).plus(DAY), after(2)), at(2));
        assert_eq!(steady.now(at(60), after(60)), at(60));
        assert_eq!(steady.now(at(9_000), after(9_000)), at(9_000));
    }

    #[test]
    fn a_step_backward_is_followed_at_once() {
        let mut steady = Steady::default();
        steady.now(at(0), after(0));
        assert_eq!(steady.now(at(2).minus(DAY), after(2)), at(2).minus(DAY));
    }
}
