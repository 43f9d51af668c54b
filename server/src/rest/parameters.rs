//! Parameters of Prometheus' HTTP API: in the address, in a form, or in both.

use api::{MetricsProblem, MetricsQuestion, Stretch};
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};

/// Names with their values; a name may stand more than once.
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Those of the address and of a form.
    fn read(query: Option<&str>, form: &[u8]) -> Self {
        let form = form_urlencoded::parse(form);
        let address = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Self(form.into_owned().chain(address.into_owned()).collect())
    }

    fn all(&self, name: &str) -> Vec<String> {
        let fitting = self.0.iter().filter(|(known, _)| known == name);
        fitting.map(|(_, value)| value.clone()).collect()
    }

    /// The first value of a name, if it is not empty: that of the form, where it stands there too, as in Go.
    fn first(&self, name: &str) -> Option<String> {
        let value = self.all(name).into_iter().next();
        value.filter(|value| !value.is_empty())
    }

    /// The selectors, any of which a series must fit.
    fn matches(&self) -> Vec<String> {
        self.all("match[]")
    }

    /// The question of `/labels`.
    pub(crate) fn labels(&self) -> Result<MetricsQuestion, MetricsProblem> {
        Ok(MetricsQuestion::Labels {
            matches: self.matches(),
            within: self.stretch()?,
        })
    }

    /// The question of `/label/{name}/values`.
    pub(crate) fn label_values(&self, name: String) -> Result<MetricsQuestion, MetricsProblem> {
        Ok(MetricsQuestion::LabelValues {
            name,
            matches: self.matches(),
            within: self.stretch()?,
        })
    }

    /// The question of `/series`.
    pub(crate) fn series(&self) -> Result<MetricsQuestion, MetricsProblem> {
        Ok(MetricsQuestion::Series {
            matches: self.matches(),
            within: self.stretch()?,
        })
    }

    /// The question of `/metadata`.
    pub(crate) fn metadata(&self) -> Result<MetricsQuestion, MetricsProblem> {
        let limit = match self.first("limit") {
            None => None,
            Some(text) => {
                let number = text.parse::<i64>();
                let number = number.map_err(|_| bad("limit", &text, "a number"))?;
                // Below nought is all of them, as in Prometheus.
                usize::try_from(number).ok()
            }
        };
        let metric = self.first("metric");
        Ok(MetricsQuestion::Metadata { metric, limit })
    }

    /// From `start` to `end`, where they are given.
    fn stretch(&self) -> Result<Stretch, MetricsProblem> {
        let at = |name| {
            let given = self.first(name);
            given.map(|text| instant_ms(name, &text)).transpose()
        };
        Ok(Stretch {
            from_ms: at("start")?,
            to_ms: at("end")?,
        })
    }

    /// Refuses a `timeout` that cannot be read. A longer one than ours would not be kept, and who wants
    /// a shorter one hangs up.
    fn check_timeout(&self) -> Result<(), MetricsProblem> {
        if let Some(text) = self.first("timeout") {
            duration_ms("timeout", &text)?;
        }
        Ok(())
    }

    /// The question of `/query`.
    pub(crate) fn instant(&self) -> Result<MetricsQuestion, MetricsProblem> {
        self.check_timeout()?;
        let time = self.first("time");
        let at_ms = time.map(|text| instant_ms("time", &text)).transpose()?;
        Ok(MetricsQuestion::Instant {
            query: self.first("query").unwrap_or_default(),
            at_ms,
        })
    }

    /// The question of `/query_range`.
    pub(crate) fn range(&self) -> Result<MetricsQuestion, MetricsProblem> {
        self.check_timeout()?;
        let given = |name: &str| self.first(name).unwrap_or_default();
        Ok(MetricsQuestion::Range {
            from_ms: instant_ms("start", &given("start"))?,
            to_ms: instant_ms("end", &given("end"))?,
            step_ms: duration_ms("step", &given("step"))?,
            query: given("query"),
        })
    }
}

impl<S: Send + Sync> FromRequest<S> for Parameters {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let query = request.uri().query().map(str::to_owned);
        let form = Bytes::from_request(request, state)
            .await
            .map_err(IntoResponse::into_response)?;
        Ok(Self::read(query.as_deref(), &form))
    }
}

fn bad(name: &str, text: &str, what: &str) -> MetricsProblem {
    MetricsProblem {
        status: 400,
        kind: "bad_data",
        message: format!("invalid parameter \"{name}\": cannot parse \"{text}\" to {what}"),
    }
}

/// Seconds since 1970, with decimals, or a date and time (RFC 3339).
fn instant_ms(name: &str, text: &str) -> Result<i64, MetricsProblem> {
    if let Some(ms) = milliseconds(text) {
        return Ok(ms);
    }
    text.parse::<jiff::Timestamp>()
        .map(jiff::Timestamp::as_millisecond)
        .map_err(|_| bad(name, text, "a valid timestamp"))
}

/// Seconds with decimals, or a duration such as `1h30m`.
fn duration_ms(name: &str, text: &str) -> Result<i64, MetricsProblem> {
    milliseconds(text)
        .or_else(|| units_ms(text))
        .ok_or_else(|| bad(name, text, "a valid duration"))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "within the years that are allowed"
)]
fn milliseconds(text: &str) -> Option<i64> {
    let seconds: f64 = text.parse().ok()?;
    // Beyond this, milliseconds are no whole numbers any more.
    (seconds.abs() < 9.0e12).then_some((seconds * 1_000.0).round() as i64)
}

/// `1d2h30m15s500ms`, the larger units first or not.
fn units_ms(text: &str) -> Option<i64> {
    const UNITS: [(&str, i64); 7] = [
        ("ms", 1),
        ("s", 1_000),
        ("m", 60_000),
        ("h", 3_600_000),
        ("d", 86_400_000),
        ("w", 604_800_000),
        ("y", 31_536_000_000),
    ];
    let mut rest = text;
    let mut sum = 0_i64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let letters = tail
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (unit, after) = tail.split_at(letters);
        let (_, ms) = UNITS.iter().find(|(name, _)| *name == unit)?;
        sum = sum.checked_add(number.parse::<i64>().ok()?.checked_mul(*ms)?)?;
        rest = after;
    }
    (!text.is_empty()).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_seconds_or_dates() {
        let read = |text| instant_ms("time", text).ok();
        assert_eq!(read("1435781451.781"), Some(1_435_781_451_781));
        assert_eq!(read("2015-07-01T20:10:51.781Z"), Some(1_435_781_451_781));
        assert_eq!(read("-1"), Some(-1_000));
        for bad in ["", "soon", "NaN", "1e300", "2015-07-01"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn steps_are_seconds_or_durations() {
        let read = |text| duration_ms("step", text).ok();
        assert_eq!(read("15"), Some(15_000));
        assert_eq!(read("1h30m"), Some(5_400_000));
        assert_eq!(read("500ms"), Some(500));
        for bad in ["", "m", "5 m", "1x", "99999999999999999999d"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused_where_it_is_not_needed_too() {
        let read = |query| Parameters::read(Some(query), b"");
        for bad in ["start=x", "end=tomorrow"] {
            let parameters = read(bad);
            assert!(parameters.labels().is_err(), "{bad}");
            assert!(parameters.label_values("job".into()).is_err(), "{bad}");
            assert!(parameters.series().is_err(), "{bad}");
        }
        assert!(read("timeout=x&query=up").instant().is_err());
        assert!(
            read("timeout=x&query=up&start=1&end=2&step=1")
                .range()
                .is_err()
        );
        assert!(read("limit=x").metadata().is_err());
        for good in ["", "start=1&end=2015-07-01T20:10:51Z", "start=&end="] {
            assert!(read(good).series().is_ok(), "{good}");
        }
        let from_two = MetricsQuestion::Series {
            matches: vec!["up".into()],
            within: Stretch {
                from_ms: Some(2_500),
                to_ms: None,
            },
        };
        assert_eq!(read("match[]=up&start=2.5").series(), Ok(from_two));
        assert!(read("timeout=30s&query=up").instant().is_ok());
        assert!(read("limit=2").metadata().is_ok() && read("limit=-1").metadata().is_ok());
    }

    #[test]
    fn a_name_may_stand_in_the_address_and_in_the_form() {
        let parameters = Parameters::read(Some("match[]=up&x="), b"match%5B%5D=a%7Bb%3D%221%22%7D");
        assert_eq!(parameters.all("match[]"), ["a{b=\"1\"}", "up"]);
        assert_eq!(parameters.first("x"), None);
        let twice = Parameters::read(Some("query=1&query=2&time=3"), b"time=4");
        assert_eq!(twice.first("query").as_deref(), Some("1"));
        assert_eq!(twice.first("time").as_deref(), Some("4"));
    }
}
