//! A demo series with its rhythm: at which instants it has samples, in the past and live.

use std::sync::Arc;

use api::{Aggregation, Direction, Domain, Instant, Limit, Stake, Unit};

use crate::calendar::{Days, TABLE_DAYS, close_of, day_of, whole};

/// Stock is counted again so often within the day.
const MARK: i64 = 15 * Instant::MINUTE;

/// Where demo data seems to come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoSource {
    /// What tells it from the others, such as `servers`.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// How often data is expected, in seconds.
    pub expected_every_seconds: Option<u32>,
}

impl DemoSource {
    /// A source of the company.
    pub(crate) fn new(key: &str, name: &str, every: u32) -> Self {
        Self {
            key: key.to_owned(),
            name: format!("{}: {name}", crate::Company::NAME),
            expected_every_seconds: Some(every),
        }
    }
}

/// A series of the demo company, as `api::Series` will describe it.
#[derive(Clone, Debug, PartialEq)]
pub struct DemoSeries {
    /// What tells it from the others, such as `stock/SKU-7`.
    pub key: String,
    /// The metric's name.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// What tells it apart from others of the same name, sorted by key.
    pub labels: Vec<(String, String)>,
    /// What its numbers count.
    pub unit: Unit,
    /// How several samples become one.
    pub aggregation: Aggregation,
    /// Business or machines.
    pub domain: Domain,
    /// Whether it can never be below zero.
    pub non_negative: bool,
    /// Where it must not go.
    pub limit: Option<Limit>,
    /// What is lost when it goes there.
    pub stake: Option<Stake>,
    /// Where it seems to come from.
    pub source: DemoSource,
}

impl DemoSeries {
    /// A business level in that unit, never below zero, without limit.
    pub(crate) fn new(source: &DemoSource, key: String, name: &str, title: &str) -> Self {
        Self {
            key,
            name: name.to_owned(),
            title: title.to_owned(),
            labels: Vec::new(),
            unit: Unit::None,
            aggregation: Aggregation::Last,
            domain: Domain::Business,
            non_negative: true,
            limit: None,
            stake: None,
            source: source.clone(),
        }
    }

    /// One more label.
    pub(crate) fn label(mut self, key: &str, value: &str) -> Self {
        self.labels.push((key.to_owned(), value.to_owned()));
        self.labels.sort();
        self
    }

    /// What it counts, by the word.
    pub(crate) fn unit(mut self, word: &str) -> Self {
        self.unit = Unit::of_word(word);
        self
    }

    /// A flow: its samples add up.
    pub(crate) fn flow(mut self) -> Self {
        self.aggregation = Aggregation::Sum;
        self
    }

    /// A machine's level that jitters: the mean counts.
    pub(crate) fn jitters(mut self) -> Self {
        self.aggregation = Aggregation::Mean;
        self.machine()
    }

    /// It is a machine's.
    pub(crate) fn machine(mut self) -> Self {
        self.domain = Domain::Machine;
        self
    }

    /// Trouble at that value and below.
    pub(crate) fn falling_to(mut self, value: f64) -> Self {
        self.limit = Some(Limit {
            value,
            direction: Direction::Falling,
        });
        self
    }

    /// Trouble at that value and above.
    pub(crate) fn rising_to(mut self, value: f64) -> Self {
        self.limit = Some(Limit {
            value,
            direction: Direction::Rising,
        });
        self
    }

    /// So many euro cents are lost at the limit.
    pub(crate) fn costs(mut self, minor: i64) -> Self {
        self.stake = Some(Stake::Money {
            minor,
            currency: "EUR".to_owned(),
        });
        self
    }

    /// What happens at the limit, in words.
    pub(crate) fn then(mut self, text: &str) -> Self {
        self.stake = Some(Stake::Words {
            text: text.to_owned(),
        });
        self
    }
}

/// At which instants a series has samples.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rhythm {
    /// At each close, from that row of the table on.
    Daily {
        /// The first row.
        first_row: usize,
        /// Whether it is also counted within the current day, when it has changed.
        counted: bool,
    },
    /// At full multiples of a step.
    Sampled {
        /// The first instant.
        from: Instant,
        /// The distance of history's samples, in microseconds.
        step: i64,
        /// The distance of live samples, in microseconds; 0 for one in each tick.
        live: i64,
        /// The last instant, for a sensor that fell silent.
        until: Option<Instant>,
    },
}

/// The value of a series at an instant.
pub(crate) type Value = Arc<dyn Fn(Instant) -> f64 + Send + Sync>;

/// A demo series, its rhythm and its values.
#[derive(Clone)]
pub(crate) struct Track {
    /// What it is.
    pub(crate) series: DemoSeries,
    rhythm: Rhythm,
    value: Value,
}

impl Track {
    /// A series with samples in that rhythm.
    pub(crate) fn new(
        series: DemoSeries,
        rhythm: Rhythm,
        value: impl Fn(Instant) -> f64 + Send + Sync + 'static,
    ) -> Self {
        Self {
            series,
            rhythm,
            value: Arc::new(value),
        }
    }

    /// A series with one value a day, from a row of the table on.
    pub(crate) fn daily(series: DemoSeries, days: Days, first_row: usize, rows: Vec<f64>) -> Self {
        let rhythm = Rhythm::Daily {
            first_row,
            counted: false,
        };
        let value = move |at| rows.get(days.row(at)).copied().unwrap_or_default();
        Self::new(series, rhythm, value)
    }

    /// All samples up to and including the anchor, oldest first.
    pub(crate) fn history(&self, days: Days) -> Vec<(Instant, f64)> {
        let anchor = days.anchor;
        let instants = match self.rhythm {
            Rhythm::Daily { first_row, counted } => {
                let opened = close_of(day_of(anchor) - 1);
                let mut all = closes(days, days.before_row(first_row), anchor);
                if counted {
                    all.extend(self.counts(opened, anchor));
                    all.sort_unstable();
                }
                all
            }
            Rhythm::Sampled {
                from, step, until, ..
            } => {
                let end = until.map_or(anchor, |until| until.min(anchor));
                let mut all = marks(from.minus(1), end, step);
                // A level is also read at the anchor itself, so that nothing is stale when the
                // demo opens. A flow is not: that would count part of an hour twice.
                if until.is_none() && !self.is_flow() && all.last() != Some(&anchor) {
                    all.push(anchor);
                }
                all
            }
        };
        self.valued(instants)
    }

    /// All samples later than `after` and not later than `at`, oldest first.
    pub(crate) fn between(&self, days: Days, after: Instant, at: Instant) -> Vec<(Instant, f64)> {
        if after >= at {
            return Vec::new();
        }
        let instants = match self.rhythm {
            Rhythm::Daily { first_row, counted } => {
                let mut all = closes(days, after.max(days.before_row(first_row)), at);
                if counted {
                    all.extend(self.counts(after.max(at.minus(Instant::DAY)), at));
                    all.sort_unstable();
                }
                all
            }
            Rhythm::Sampled {
                step, live, until, ..
            } => {
                let end = until.map_or(at, |until| until.min(at));
                let mut all = Vec::new();
                if live >= step || at.0.saturating_sub(after.0) >= step {
                    all = marks(after, end, step);
                }
                if live < step {
                    let newest = if live == 0 {
                        end
                    } else {
                        Instant(end.0 - end.0.rem_euclid(live))
                    };
                    if newest > after && all.last().is_none_or(|last| newest > *last) {
                        all.push(newest);
                    }
                }
                all
            }
        };
        self.valued(instants)
    }

    /// The quarter-hours later than `after` and not later than `until` at which the count changed.
    fn counts(&self, after: Instant, until: Instant) -> Vec<Instant> {
        let changed = |at: &Instant| {
            let before = (self.value)(at.minus(MARK));
            (before - (self.value)(*at)).abs() > 0.0
        };
        marks(after, until, MARK)
            .into_iter()
            .filter(changed)
            .collect()
    }

    fn is_flow(&self) -> bool {
        self.series.aggregation.adds_up()
    }

    fn valued(&self, instants: Vec<Instant>) -> Vec<(Instant, f64)> {
        instants
            .into_iter()
            .map(|at| (at, (self.value)(at)))
            .collect()
    }
}

/// The closes later than `after` and not later than `until`.
fn closes(days: Days, after: Instant, until: Instant) -> Vec<Instant> {
    let first = day_of(after.plus(1)).max(days.first);
    let last = day_of(until.plus(1)) - 1;
    // A clock that jumped by decades asks for no more closes than the table has.
    let first = first.max(last.saturating_sub(whole(TABLE_DAYS)));
    (first..=last).map(close_of).collect()
}

/// The multiples of `step` later than `after` and not later than `until`; at most 60 days of them.
fn marks(after: Instant, until: Instant, step: i64) -> Vec<Instant> {
    let after = after.max(until.minus(61 * Instant::DAY));
    let first = after.0.div_euclid(step) + 1;
    let last = until.0.div_euclid(step);
    (first..=last).map(|mark| Instant(mark * step)).collect()
}
