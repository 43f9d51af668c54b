//! A circuit breaker: an engine that is away is left alone for a while, so that requests to it fail at
//! once instead of each waiting for it (M. Nygard, "Release It!", 2nd edition, 2018, chapter 5).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::error::EngineError;

/// Failures in a row that open the circuit.
const FAILURES: u32 = 5;
/// How long it stays open before one request tries again.
const OPEN: Duration = Duration::from_mins(1);

/// Whether an engine is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Circuit {
    /// It is.
    Closed,
    /// It was away too often in a row, and is left alone.
    Open {
        /// When it is asked again, in seconds from now.
        again_seconds: u64,
    },
    /// One request finds out whether it is back.
    HalfOpen,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant },
    HalfOpen,
}

/// The breaker of one address.
#[derive(Debug)]
pub(super) struct Breaker {
    state: Mutex<State>,
    /// How long it stays open.
    open: Duration,
}

impl Default for Breaker {
    fn default() -> Self {
        Self::open_for(OPEN)
    }
}

impl Breaker {
    /// One that is closed, and will stay open for so long.
    pub(super) fn open_for(open: Duration) -> Self {
        Self {
            state: Mutex::new(State::Closed { failures: 0 }),
            open,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while holding it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How it stands.
    pub(super) fn circuit(&self, now: Instant) -> Circuit {
        match *self.state() {
            State::Closed { .. } => Circuit::Closed,
            State::Open { until } => Circuit::Open {
                again_seconds: seconds(now, until),
            },
            State::HalfOpen => Circuit::HalfOpen,
        }
    }

    /// Lets a request through, or says at once that the engine is left alone. Of those that come when
    /// the time is over, the first goes and the others wait for what becomes of it.
    ///
    /// # Errors
    /// [`EngineError::LeftAlone`].
    pub(super) fn enter(&self, host: &str, now: Instant) -> Result<Passage<'_>, EngineError> {
        let mut state = self.state();
        let again_seconds = match *state {
            State::Closed { .. } => return Ok(Passage::through(self, now)),
            State::Open { until } if until <= now => {
                *state = State::HalfOpen;
                return Ok(Passage::through(self, now));
            }
            State::Open { until } => seconds(now, until),
            State::HalfOpen => 1,
        };
        Err(EngineError::LeftAlone {
            host: host.to_owned(),
            failures: FAILURES,
            again_seconds,
        })
    }

    fn answered(&self, host: &str) {
        let before = std::mem::replace(&mut *self.state(), State::Closed { failures: 0 });
        if !matches!(before, State::Closed { .. }) {
            tracing::info!(host, "the metrics engine answers again");
        }
    }

    fn failed(&self, host: &str, now: Instant) {
        let mut state = self.state();
        let failures = match *state {
            State::Closed { failures } => failures + 1,
            // What began before it opened changes nothing.
            State::Open { .. } => return,
            State::HalfOpen => FAILURES,
        };
        if failures < FAILURES {
            *state = State::Closed { failures };
            return;
        }
        // Once for each outage, and not again when a trial fails.
        if matches!(*state, State::Closed { .. }) {
            tracing::warn!(
                host,
                "the metrics engine was away {FAILURES} times in a row and is asked again in {} s",
                self.open.as_secs()
            );
        }
        *state = State::Open {
            until: now + self.open,
        };
    }

    /// Nobody waited for the answer: if it was the trial, the next request is one.
    fn left(&self, began: Instant) {
        let mut state = self.state();
        if matches!(*state, State::HalfOpen) {
            *state = State::Open { until: began };
        }
    }
}

/// From now until then, begun ones counted.
fn seconds(now: Instant, until: Instant) -> u64 {
    let left = until.saturating_duration_since(now);
    left.as_secs() + u64::from(left.subsec_nanos() > 0)
}

/// A request on its way. One that is dropped says nothing about the engine.
#[derive(Debug)]
pub(super) struct Passage<'a> {
    breaker: Option<&'a Breaker>,
    began: Instant,
}

impl<'a> Passage<'a> {
    fn through(breaker: &'a Breaker, began: Instant) -> Self {
        Self {
            breaker: Some(breaker),
            began,
        }
    }

    /// Says what became of it: whether the engine answered at all.
    pub(super) fn done(mut self, host: &str, answered: bool, now: Instant) {
        match (self.breaker.take(), answered) {
            (Some(breaker), true) => breaker.answered(host),
            (Some(breaker), false) => breaker.failed(host, now),
            (None, _) => {}
        }
    }
}

impl Drop for Passage<'_> {
    fn drop(&mut self) {
        if let Some(breaker) = self.breaker {
            breaker.left(self.began);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(breaker: &Breaker, times: u32, now: Instant) {
        for _ in 0..times {
            breaker.enter("h", now).unwrap().done("h", false, now);
        }
    }

    fn succeed(breaker: &Breaker, now: Instant) {
        breaker.enter("h", now).unwrap().done("h", true, now);
    }

    #[test]
    fn five_failures_in_a_row_open_it_for_a_minute() {
        let (breaker, begin) = (Breaker::default(), Instant::now());
        fail(&breaker, 4, begin);
        succeed(&breaker, begin);
        fail(&breaker, 4, begin);
        assert_eq!(breaker.circuit(begin), Circuit::Closed);
        fail(&breaker, 1, begin);
        let open = Circuit::Open { again_seconds: 60 };
        assert_eq!(breaker.circuit(begin), open);
        let later = begin + Duration::from_millis(59_500);
        let wanted = EngineError::LeftAlone {
            host: "h".into(),
            failures: 5,
            again_seconds: 1,
        };
        assert_eq!(breaker.enter("h", later).unwrap_err(), wanted);
    }

    #[test]
    fn one_request_tries_and_its_outcome_counts_for_all() {
        let (breaker, begin) = (Breaker::default(), Instant::now());
        fail(&breaker, 5, begin);
        let then = begin + OPEN;
        let trial = breaker.enter("h", then).unwrap();
        assert_eq!(breaker.circuit(then), Circuit::HalfOpen);
        assert!(breaker.enter("h", then).is_err());
        trial.done("h", false, then);
        assert_eq!(breaker.circuit(then), Circuit::Open { again_seconds: 60 });
        succeed(&breaker, then + OPEN);
        assert_eq!(breaker.circuit(then + OPEN), Circuit::Closed);
        fail(&breaker, 4, then + OPEN);
        assert_eq!(breaker.circuit(then + OPEN), Circuit::Closed);
    }

    #[test]
    fn a_trial_that_nobody_waits_for_leaves_the_next_one_to_try() {
        let (breaker, begin) = (Breaker::default(), Instant::now());
        let early = breaker.enter("h", begin).unwrap();
        fail(&breaker, 5, begin);
        // It began before: it neither keeps the circuit open for longer nor closes it.
        early.done("h", false, begin + Duration::from_secs(30));
        let then = begin + OPEN;
        drop(breaker.enter("h", then).unwrap());
        succeed(&breaker, then);
        assert_eq!(breaker.circuit(then), Circuit::Closed);
    }
}
