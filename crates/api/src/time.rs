//! Instants: microseconds since 1970 UTC, on the wire and in the database alike.

use serde::{Deserialize, Serialize};

/// An instant in microseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Instant(pub i64);

impl Instant {
    /// Microseconds in a second.
    pub const SECOND: i64 = 1_000_000;
    /// Microseconds in a minute.
    pub const MINUTE: i64 = 60 * Self::SECOND;
    /// Microseconds in an hour.
    pub const HOUR: i64 = 60 * Self::MINUTE;
    /// Microseconds in a day.
    pub const DAY: i64 = 24 * Self::HOUR;

    /// The instant so many whole seconds after 1970.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(Self::SECOND))
    }

    /// The midnight in UTC that begins a day such as `2026-11-27`; `None` where that is no date.
    pub fn midnight(day: &str) -> Option<Self> {
        let date = day.parse::<jiff::civil::Date>().ok()?;
        let at = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Self(at.timestamp().as_microsecond()))
    }

    /// Microseconds since 1970.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Seconds from `earlier` to this instant; negative where this one is earlier.
    pub fn seconds_since(self, earlier: Self) -> f64 {
        self.0.saturating_sub(earlier.0) as f64 / Self::SECOND as f64
    }

    /// The instant so many microseconds later.
    #[must_use]
    pub const fn plus(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// The instant so many microseconds earlier.
    #[must_use]
    pub const fn minus(self, micros: i64) -> Self {
        Self(self.0.saturating_sub(micros))
    }
}

/// What time it is: a parameter, so that tests and the demo company can set it.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Instant;
}
