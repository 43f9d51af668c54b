//! A valid series in one line, for tests that care about one or two of its fields.

use api::{
    Aggregation, Direction, Domain, Finding, Instant, Limit, Point, Series, SeriesId, SourceId,
    Stake, Unit,
};

/// A builder of a series of that name: a level in no unit, without limit, stake or data.
///
/// ```
/// let disk = fakes::series("disk_used_percent").label("host", "db-1").rising_to(90.0).build();
/// assert_eq!(disk.title, "disk_used_percent");
/// ```
pub fn series(name: &str) -> SeriesBuilder {
    SeriesBuilder(Series {
        id: SeriesId::from(format!("series-{name}")),
        source_id: SourceId::from("source-test"),
        source_name: "Test source".to_owned(),
        name: name.to_owned(),
        title: name.to_owned(),
        labels: Vec::new(),
        unit: Unit::None,
        aggregation: Aggregation::Last,
        domain: Domain::Business,
        non_negative: false,
        limit: None,
        stake: None,
        demo: false,
        last: None,
        first_at: None,
        stale_since: None,
    })
}

/// A finding of that series at one minute, without reasons or a verdict.
pub fn finding(series: &str, at: Instant) -> Finding {
    Finding {
        series: series.into(),
        title: series.to_owned(),
        unit: String::new(),
        domain: Domain::Machine,
        begins: at,
        last: at.plus(Instant::MINUTE),
        worst: at,
        period_seconds: 60,
        score: 0.9,
        p_value: 0.001,
        q_value: 0.0,
        value: 1.0,
        expected: None,
        usual: 1.0,
        evidence: Vec::new(),
        similar: Vec::new(),
        during: Vec::new(),
        verdict: None,
    }
}

/// Makes a series field by field.
#[derive(Clone, Debug)]
#[must_use = "call `build`"]
pub struct SeriesBuilder(Series);

impl SeriesBuilder {
    /// Its id; `series-` and its name where nothing is said.
    pub fn id(mut self, id: &str) -> Self {
        self.0.id = id.into();
        self
    }

    /// Its source.
    pub fn source(mut self, id: &str, name: &str) -> Self {
        self.0.source_id = id.into();
        name.clone_into(&mut self.0.source_name);
        self
    }

    /// What people call it.
    pub fn title(mut self, title: &str) -> Self {
        title.clone_into(&mut self.0.title);
        self
    }

    /// One more label; they are kept sorted, as `api` promises.
    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.0.labels.push((key.to_owned(), value.to_owned()));
        self.0.labels.sort();
        self
    }

    /// What its numbers count.
    pub fn unit(mut self, unit: Unit) -> Self {
        self.0.unit = unit;
        self
    }

    /// How several samples become one.
    pub fn aggregation(mut self, aggregation: Aggregation) -> Self {
        self.0.aggregation = aggregation;
        self
    }

    /// Business or machines.
    pub fn domain(mut self, domain: Domain) -> Self {
        self.0.domain = domain;
        self
    }

    /// It is never below zero.
    pub fn non_negative(mut self) -> Self {
        self.0.non_negative = true;
        self
    }

    /// Where it must not go.
    pub fn limit(mut self, limit: Limit) -> Self {
        self.0.limit = Some(limit);
        self
    }

    /// Trouble at that value and below.
    pub fn falling_to(self, value: f64) -> Self {
        self.limit(Limit {
            value,
            direction: Direction::Falling,
        })
    }

    /// Trouble at that value and above.
    pub fn rising_to(self, value: f64) -> Self {
        self.limit(Limit {
            value,
            direction: Direction::Rising,
        })
    }

    /// What is lost at the limit.
    pub fn stake(mut self, stake: Stake) -> Self {
        self.0.stake = Some(stake);
        self
    }

    /// So many euro cents are lost at the limit.
    pub fn stake_eur(self, minor: i64) -> Self {
        self.stake(Stake::Money {
            minor,
            currency: "EUR".to_owned(),
        })
    }

    /// Its newest sample; also its oldest, unless `first_at` says otherwise.
    pub fn last(mut self, at: Instant, value: f64) -> Self {
        self.0.last = Some(Point {
            at,
            value: Some(value),
        });
        self.0.first_at = self.0.first_at.or(Some(at));
        self
    }

    /// The instant of its oldest sample.
    pub fn first_at(mut self, at: Instant) -> Self {
        self.0.first_at = Some(at);
        self
    }

    /// Since when data is missing.
    pub fn stale_since(mut self, at: Instant) -> Self {
        self.0.stale_since = Some(at);
        self
    }

    /// It belongs to the demo company.
    pub fn demo(mut self) -> Self {
        self.0.demo = true;
        self
    }

    /// The series.
    #[must_use]
    pub fn build(self) -> Series {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_sorted_however_they_are_given() {
        let built = series("cpu").label("host", "b").label("core", "1").build();
        assert_eq!(built.labels[0].0, "core");
    }

    #[test]
    fn a_last_sample_is_also_the_first_until_one_is_given() {
        let built = series("cpu").last(Instant(9), 1.0).build();
        assert_eq!(built.first_at, Some(Instant(9)));
        let longer = series("cpu")
            .first_at(Instant(1))
            .last(Instant(9), 1.0)
            .build();
        assert_eq!(longer.first_at, Some(Instant(1)));
    }
}
