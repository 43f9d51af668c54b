//! What the next steps of a series come to, in words.

use api::{ForecastState, Series};

use super::reorder::amount;

/// Spans that people ask for: a week, four weeks, a quarter, a year.
const SPANS: [i64; 4] = [7, 28, 91, 364];

/// What the next steps come to, with the 80 % band; they are taken out of the forecast, whose reader has them in words.
pub fn sums(forecast: &mut ForecastState, series: &Series) -> Vec<(String, String)> {
    let ForecastState::Ready { forecast } = forecast else {
        return Vec::new();
    };
    let totals = std::mem::take(&mut forecast.totals);
    let step = i64::from(forecast.step_seconds).max(1);
    let unit = series.unit.word();
    let least = if series.non_negative { 0.0 } else { f64::MIN };
    let told = SPANS.iter().filter_map(|days| {
        let steps = days * 86_400 / step;
        let last = usize::try_from(steps.checked_sub(1)?).ok()?;
        let total = totals.get(last)?;
        let edge = |value: f64| amount(value.max(least), "");
        let much = format!(
            "{} ({}–{})",
            amount(total.point, unit),
            edge(total.lo80),
            edge(total.hi80)
        );
        Some((format!("Next {days} days"), much))
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::Instant;

    fn series() -> Series {
        Series {
            id: "s".into(),
            source_id: "shop".into(),
            source_name: "Shop".into(),
            name: "orders".into(),
            title: "Orders".into(),
            labels: Vec::new(),
            unit: api::Unit::Count("units".into()),
            aggregation: api::Aggregation::Sum,
            domain: api::Domain::Business,
            non_negative: true,
            limit: None,
            stake: None,
            demo: false,
            last: None,
            first_at: None,
            stale_since: None,
        }
    }

    #[test]
    fn sums_are_of_the_spans_that_are_foreseen_and_leave_the_forecast() {
        let day = |number: i32| {
            let many = f64::from(number);
            api::ForecastPoint {
                at: Instant(i64::from(number - 1) * Instant::DAY),
                point: 10.0 * many,
                lo80: 8.0 * many - 30.0,
                hi80: 12.0 * many,
                lo95: 0.0,
                hi95: 14.0 * many,
            }
        };
        let mut state = ForecastState::Ready {
            forecast: Box::new(api::Forecast {
                made_at: Instant(0),
                known_until: Instant(0),
                step: "1 day".into(),
                step_seconds: 86_400,
                history: 100,
                filled: 0,
                points: Vec::new(),
                totals: (1..=30).map(day).collect(),
                back_test: api::BackTest {
                    origins: 0,
                    mase: None,
                    naive_mase: None,
                    smape: None,
                    naive_smape: None,
                    beats_naive: false,
                    members: Vec::new(),
                },
                crossing: None,
            }),
        };
        let told = sums(&mut state, &series()).into_iter();
        let told = told.map(|(span, much)| format!("{span}: {much}").replace('\u{202f}', " "));
        let told: Vec<String> = told.collect();
        assert_eq!(
            told,
            [
                "Next 7 days: 70 units (26–84)",
                "Next 28 days: 280 units (194–336)"
            ]
        );
        assert!(sums(&mut state, &series()).is_empty());
    }
}
