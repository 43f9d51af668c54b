//! Forecasts every series of a `.bench` file and prints `id|point…|lo80…|hi80…|lo95…|hi95…`, a line a series.
//!
//! `cargo run --release -p forecast --example score_forecast -- FILE.bench > predictions`
//!
//! A line of the file is `id,season,horizon|training values|held-out values`.
//! The CPU milliseconds per series follow on standard error, read from `/proc/self/stat` where there is one.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example talks to a terminal"
)]

use forecast::{Request, forecast};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("usage: score_forecast FILE.bench")?;
    let text = std::fs::read_to_string(path)?;
    let before = cpu_ms();
    let mut count = 0_u32;
    for line in text.lines() {
        let (id, seasons, horizon, values) =
            parse(line).ok_or_else(|| format!("not a series: {line}"))?;
        let non_negative = values.iter().all(|value| *value >= 0.0);
        let request = Request {
            values: &values,
            seasons: &seasons,
            horizon,
            non_negative,
            integer: false,
        };
        let outcome = forecast(&request, &|| false)?;
        let curves = [
            &outcome.point,
            &outcome.lo80,
            &outcome.hi80,
            &outcome.lo95,
            &outcome.hi95,
        ];
        println!("{id}|{}", curves.map(|curve| joined(curve)).join("|"));
        count += 1;
    }
    match (before, cpu_ms()) {
        (Some(before), Some(after)) => eprintln!(
            "{count} series, {:.3} CPU ms each",
            (after - before) / f64::from(count.max(1))
        ),
        _ => eprintln!("{count} series; no CPU time on this system"),
    }
    Ok(())
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
