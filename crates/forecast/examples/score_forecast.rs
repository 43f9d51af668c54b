//! Forecasts every series of a `.bench` file and prints `id|point…|lo80…|hi80…|lo95…|hi95…`, a line a series.
//!
//! `cargo run --release -p forecast --example score_forecast -- FILE.bench [background] > predictions`
//!
//! With `background` ARIMA is one more member, as where nobody waits.
//!
//! A line of the file is `id,season,horizon|training values|held-out values`.
//! The CPU milliseconds per series follow on standard error, read from `/proc/self/stat` where there is one.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example talks to a terminal"
)]

use forecast::{Forecaster, Pool, Request, fit};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("usage: score_forecast FILE.bench [background]")?;
    let text = std::fs::read_to_string(path)?;
    let background = std::env::args().nth(2).as_deref() == Some("background");
    let before = cpu_ms();
    let fitted: Vec<(&str, usize, Forecaster)> = text
        .lines()
        .map(|line| fitted(line, background))
        .collect::<Result<_, _>>()?;
    // The pool knows the back-tests only, nothing of what is held out.
    let pool = Pool::learn(
        fitted
            .iter()
            .map(|(.., forecaster)| forecaster.calibration()),
    );
    for (id, horizon, forecaster) in &fitted {
        let outcome = forecaster.outcome(*horizon, &pool)?;
        let curves = [
            &outcome.point,
            &outcome.lo80,
            &outcome.hi80,
            &outcome.lo95,
            &outcome.hi95,
        ];
        println!("{id}|{}", curves.map(|curve| joined(curve)).join("|"));
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

fn fitted(
    line: &str,
    background: bool,
) -> Result<(&str, usize, Forecaster), Box<dyn std::error::Error>> {
    let (id, seasons, horizon, values) =
        parse(line).ok_or_else(|| format!("not a series: {line}"))?;
    let request = Request {
        values: &values,
        seasons: &seasons,
        horizon,
        non_negative: values.iter().all(|value| *value >= 0.0),
        integer: false,
        background,
    };
    Ok((id, horizon, fit(&request, &|| false)?))
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
