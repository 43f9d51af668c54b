//! Time series values: cadence, regular grids, gaps and robust statistics.
//!
//! Samples arrive at any instant; engines want evenly spaced numbers.
//! This crate is the road between the two, and it never invents a value without saying so:
//!
//! 1. [`choose_step`] looks at the samples and picks a [`Step`];
//! 2. [`resample`] puts them on that grid, where a period without a sample is a gap (`None`);
//! 3. [`fill`] closes small gaps, counts them, and refuses when too much is missing.
//!
//! Metrics come labelled and in batches: [`Labels`] name a series, a [`Batch`] is what one request
//! brings, a [`Matcher`] asks for some of them.
//!
//! Everything is a pure function of its arguments: no clock, no I/O, no panic.
//! Instants are microseconds since 1970-01-01T00:00:00Z, named `…_us`, except in metrics, whose wire formats count milliseconds (`…_ms`); calendars are UTC.

mod batch;
mod calendar;
mod country;
mod expression;
mod fill;
mod grid;
mod holiday;
mod labels;
mod matcher;
mod normal;
mod running;
mod sample;
mod statistics;
mod step;
mod thin;

pub use batch::{Batch, BatchSeries, MetricKind, MetricMeta, MetricSample, STALE_BITS};
pub use country::{HOLIDAY_REGIONS, PublicHoliday, public_holidays};
pub use expression::expression;
pub use fill::{FillError, Filled, MOST_MISSING, fill};
pub use grid::{Aggregation, Grid, GridError, MOST_PERIODS, resample};
pub use holiday::{Holiday, holidays, periods_within};
pub use labels::{Labels, LabelsError, LabelsRef, METRIC_NAME, write_labels};
pub use matcher::{MatchOp, Matcher, MatcherError, matches_all};
pub use normal::{normal_chance, normal_deviate};
pub use running::{BAND_DEVIATES, RunningTotal, Total, chance_above};
pub use sample::Sample;
pub use statistics::{
    MAD_TO_SIGMA, acf, mad, mean, median, quantile, quantile_sorted, seasonal_strength,
};
pub use step::{FEWEST_POINTS, MOST_POINTS, Step, choose_step, choose_step_of_events, guess_step};
pub use thin::thin;
