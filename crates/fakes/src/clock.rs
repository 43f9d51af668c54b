//! Clocks that tests set.

use std::sync::atomic::{AtomicI64, Ordering};

use api::{Clock, Instant};

/// A clock that stands still until somebody moves it.
#[derive(Debug)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// A clock that stands at `now`.
    pub const fn new(now: Instant) -> Self {
        Self(AtomicI64::new(now.0))
    }

    /// Moves it to `now`.
    pub fn set(&self, now: Instant) {
        self.0.store(now.0, Ordering::SeqCst);
    }

    /// Moves it on by so many microseconds.
    pub fn advance(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Instant {
        Instant(self.0.load(Ordering::SeqCst))
    }
}

/// A clock that moves on by a step each time it is read, so that no two readings are alike.
#[derive(Debug)]
pub struct SteppingClock {
    next: AtomicI64,
    step: i64,
}

impl SteppingClock {
    /// A clock that reads `start` first and `step_micros` more each time.
    pub const fn new(start: Instant, step_micros: i64) -> Self {
        Self {
            next: AtomicI64::new(start.0),
            step: step_micros,
        }
    }
}

impl Clock for SteppingClock {
    fn now(&self) -> Instant {
        Instant(self.next.fetch_add(self.step, Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_moves_only_when_told() {
        let clock = FixedClock::new(Instant(10));
        assert_eq!((clock.now(), clock.now()), (Instant(10), Instant(10)));
        clock.advance(5);
        assert_eq!(clock.now(), Instant(15));
        clock.set(Instant(3));
        assert_eq!(clock.now(), Instant(3));
    }

    #[test]
    fn a_stepping_clock_never_reads_the_same_twice() {
        let clock = SteppingClock::new(Instant(10), 2);
        assert_eq!((clock.now(), clock.now()), (Instant(10), Instant(12)));
    }
}
