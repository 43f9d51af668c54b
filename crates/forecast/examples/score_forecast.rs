//! Forecasts every series of a `.bench` file and prints `id|point…|lo80…|hi80…|lo95…|hi95…`, a line a series.
//!
//! `cargo run --release -p forecast --example score_forecast -- FILE.bench [background] > predictions`
//!
//! With `background` ARIMA is one more member, as where nobody waits.
//!
//! A line of the file is `id,season,horizon|training values|held-out values`.
//! Values that are no numbers are filled in from their neighbours, and a series that is too short for the
//! models is forecast by its last season with bands of its own differences; standard error names both.
//! The CPU milliseconds per series follow on standard error, read from `/proc/self/stat` where there is one.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example talks to a terminal"
)]

use forecast::{Forecaster, Outcome, Pool, Request, fit};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("usage: score_forecast FILE.bench [background]")?;
    let text = std::fs::read_to_string(path)?;
    let background = std::env::args().nth(2).as_deref() == Some("background");
    let before = cpu_ms();
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let fitted: Vec<Fitted<'_>> = lines
        .map(|line| fitted(line, background))
        .collect::<Result<_, _>>()?;
    // The pool knows the back-tests only, nothing of what is held out.
    let models = fitted.iter().filter_map(|one| one.model.as_ref());
    let pool = Pool::learn(models.map(Forecaster::calibration));
    for one in &fitted {
        let outcome = match &one.model {
            Some(model) => model.outcome(one.horizon, &pool)?,
            None => one.naive(),
        };
        let curves = [
            &outcome.point,
            &outcome.lo80,
            &outcome.hi80,
            &outcome.lo95,
            &outcome.hi95,
        ];
        println!("{}|{}", one.id, curves.map(|curve| joined(curve)).join("|"));
    }
    let count = fitted.len();
    match (before, cpu_ms()) {
        (Some(before), Some(after)) => eprintln!(
            "{count} series, {:.3} CPU ms each",
            (after - before) / count.max(1) as f64
        ),
        _ => eprintln!("{count} series; no CPU time on this system"),
    }
    Ok(())
}

/// A series with its model, where it is long enough for one.
struct Fitted<'a> {
    id: &'a str,
    season: usize,
    horizon: usize,
    values: Vec<f64>,
    model: Option<Forecaster>,
}

impl Fitted<'_> {
    /// The last season again, or the last value where there is no whole season, with bands of the
    /// differences between seasons (Hyndman & Athanasopoulos, "Forecasting: Principles and Practice", 5.5).
    fn naive(&self) -> Outcome {
        let values = &self.values;
        let lag = if values.len() > self.season {
            self.season
        } else {
            1
        };
        let squares = values
            .windows(lag + 1)
            .map(|pair| (pair[lag] - pair[0]).powi(2));
        let count = values.len().saturating_sub(lag).max(1);
        let spread = (squares.sum::<f64>() / count as f64).sqrt();
        let floor = if values.iter().all(|value| *value >= 0.0) {
            0.0
        } else {
            f64::NEG_INFINITY
        };
        let mut outcome = Outcome::default();
        for step in 0..self.horizon {
            let place = (values.len() + step % lag).saturating_sub(lag);
            let point = values.get(place).copied().unwrap_or_default();
            let wide = spread * ((step / lag + 1) as f64).sqrt();
            outcome.point.push(point);
            outcome.lo80.push((point - 1.282 * wide).max(floor));
            outcome.hi80.push(point + 1.282 * wide);
            outcome.lo95.push((point - 1.96 * wide).max(floor));
            outcome.hi95.push(point + 1.96 * wide);
        }
        outcome
    }
}

fn fitted(line: &str, background: bool) -> Result<Fitted<'_>, Box<dyn std::error::Error>> {
    let (id, seasons, horizon, mut values) =
        parse(line).ok_or_else(|| format!("not a series: {line}"))?;
    if fill(&mut values) {
        eprintln!("{id}: values that are no numbers were filled in");
    }
    let request = Request {
        values: &values,
        seasons: &seasons,
        horizon,
        non_negative: values.iter().all(|value| *value >= 0.0),
        integer: false,
        background,
    };
    let model = match fit(&request, &|| false) {
        Ok(model) => Some(model),
        Err(error) => {
            eprintln!("{id}: by its last season, since {error}");
            None
        }
    };
    Ok(Fitted {
        id,
        season: seasons.first().copied().unwrap_or(1).max(1),
        horizon,
        values,
        model,
    })
}

/// Puts straight lines between the numbers around what is none; answers whether there was any. Without a
/// single number all is 0, and nobody knows better.
fn fill(values: &mut [f64]) -> bool {
    let known: Vec<usize> = (0..values.len())
        .filter(|at| values[*at].is_finite())
        .collect();
    if known.len() == values.len() {
        return false;
    }
    for at in 0..values.len() {
        let after = known.partition_point(|place| *place < at);
        let (left, right) = (
            after.checked_sub(1).map(|i| known[i]),
            known.get(after).copied(),
        );
        values[at] = match (left, right) {
            (_, Some(right)) if right == at => values[at],
            (Some(left), Some(right)) => {
                let share = (at - left) as f64 / (right - left) as f64;
                values[left] + share * (values[right] - values[left])
            }
            (Some(one), None) | (None, Some(one)) => values[one],
            (None, None) => 0.0,
        };
    }
    true
}

fn parse(line: &str) -> Option<(&str, Vec<usize>, usize, Vec<f64>)> {
    let mut parts = line.split('|');
    let mut head = parts.next()?.split(',');
    let (id, season, horizon) = (
        head.next()?,
        head.next()?.parse().ok()?,
        head.next()?.parse().ok()?,
    );
    let values: Option<Vec<f64>> = parts
        .next()?
        .split_whitespace()
        .map(|value| value.parse().ok())
        .collect();
    Some((id, vec![season], horizon, values?))
}

fn joined(curve: &[f64]) -> String {
    curve
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" ")
}

/// User and system time of this process, by the hundred ticks a second that Linux promises.
fn cpu_ms() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(11);
    let ticks = fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?;
    Some(ticks * 10.0)
}
