//! Where samples come from: the one thing an evaluation asks of its caller.

use series::{Labels, Matcher};

/// What a selector asks for.
#[derive(Clone, Debug)]
pub struct Select<'a> {
    /// All of them must be fulfilled.
    pub matchers: &'a [Matcher],
    /// The oldest sample that can matter, in milliseconds since 1970, included.
    pub from_ms: i64,
    /// The newest sample that can matter, in milliseconds since 1970, included.
    pub to_ms: i64,
    /// The first instant that is looked at, in milliseconds since 1970; the others follow at every
    /// `step_ms` up to `to_ms`. Of a selector of instants only the newest sample at or before each
    /// of them is used, so that a store may leave out the rest.
    pub first_ms: i64,
    /// How far apart the instants of the answer are, in milliseconds; 0 where there is but one.
    /// A store may answer from a rollup whose interval is small against it.
    pub step_ms: i64,
    /// How long each window is, in milliseconds; 0 for a selector of instants.
    pub range_ms: i64,
    /// The function that the samples go into, such as `rate`; empty where there is none.
    pub function: &'static str,
    /// How many samples of it the limits still allow: a store stops reading when it has more.
    pub max_samples: usize,
}

/// A series with the samples that were asked for.
///
/// Times and values lie apart because each is walked alone: windows are found by times, sums run
/// over values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SelectedSeries {
    /// Its labels.
    pub labels: Labels,
    /// Instants in milliseconds since 1970, strictly increasing.
    pub at_ms: Vec<i64>,
    /// A value for each instant. [`series::STALE_BITS`] says that the series ended there.
    pub values: Vec<f64>,
}

/// A source of samples. It is asked once for each selector of a query, whatever the query's range.
pub trait Samples {
    /// What can go wrong while reading.
    type Error: Into<Box<dyn std::error::Error + Send + Sync>>;

    /// Every series that fulfils the matchers, each at most once, in any order. Samples outside the
    /// asked time are ignored, and so are series without samples.
    fn select(&self, wanted: &Select<'_>) -> Result<Vec<SelectedSeries>, Self::Error>;
}

impl<T: Samples + ?Sized> Samples for &T {
    type Error = T::Error;

    fn select(&self, wanted: &Select<'_>) -> Result<Vec<SelectedSeries>, Self::Error> {
        (**self).select(wanted)
    }
}
