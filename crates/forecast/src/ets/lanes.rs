//! Several numbers that are worked on at once.
//!
//! A smoothing recursion is a chain: each value waits for the one before, most of the time in a division.
//! A few of them side by side take little longer than one.

use std::ops::{Add, Div, Mul, Sub};

/// A number, or several that go side by side.
pub(super) trait Number:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    /// The same number in every lane.
    fn all(value: f64) -> Self;

    /// Something done to each lane alone.
    fn each(self, change: impl Fn(f64) -> f64) -> Self;

    /// Whether a lane is like that.
    fn any(self, test: impl Fn(f64) -> bool) -> bool;
}

impl Number for f64 {
    #[inline]
    fn all(value: f64) -> Self {
        value
    }

    #[inline]
    fn each(self, change: impl Fn(f64) -> f64) -> Self {
        change(self)
    }

    #[inline]
    fn any(self, test: impl Fn(f64) -> bool) -> bool {
        test(self)
    }
}

/// `L` numbers side by side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Lanes<const L: usize>(pub(super) [f64; L]);

impl<const L: usize> Lanes<L> {
    /// What a number is in each of `of`; beyond those it is what it is in the first, and nobody looks.
    pub(super) fn of<T>(of: &[T], number: impl Fn(&T) -> f64) -> Self {
        let one = |lane: usize| of.get(lane).or(of.first()).map_or(0.0, &number);
        Self(std::array::from_fn(one))
    }
}

impl<const L: usize> Number for Lanes<L> {
    #[inline]
    fn all(value: f64) -> Self {
        Self([value; L])
    }

    #[inline]
    fn each(self, change: impl Fn(f64) -> f64) -> Self {
        Self(self.0.map(change))
    }

    #[inline]
    fn any(self, test: impl Fn(f64) -> bool) -> bool {
        // Without leaving early: a branch for each lane costs more than the tests.
        self.0
            .iter()
            .fold(false, |found, value| found | test(*value))
    }
}

macro_rules! lane_by_lane {
    ($($operator:ident $name:ident $symbol:tt)*) => {$(
        impl<const L: usize> $operator for Lanes<L> {
            type Output = Self;

            #[inline]
            fn $name(self, other: Self) -> Self {
                Self(std::array::from_fn(|lane| self.0[lane] $symbol other.0[lane]))
            }
        }
    )*};
}

lane_by_lane!(Add add + Sub sub - Mul mul * Div div /);
