//! How long the parts of a forecast take, over every series of a `.bench` file, one thread.
//!
//! `cargo run --release -p forecast --example forecast_bench -- FILE.bench [PREDICTIONS_OF_ETS]`
//!
//! Prints CPU time a series of ETS alone, of every member once (an ensemble without bands), of a fit with its back-test,
//! the time of one new value, and the slowest fit by the clock on the wall.
//! With a second file name, ETS' own points are written there for the scorer.
#![expect(clippy::print_stdout, reason = "an example talks to a terminal")]

use forecast::{Ces, DynamicTheta, Ets, Fit, Forecaster, Mstl, Pool, Request, Theta, fit};
use std::fmt::Write as _;
use std::time::Instant;

struct Series {
    id: String,
    season: usize,
    horizon: usize,
    values: Vec<f64>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments
        .next()
        .ok_or("usage: forecast_bench FILE.bench [PREDICTIONS_OF_ETS]")?;
    let text = std::fs::read_to_string(path)?;
    let all: Vec<Series> = text.lines().filter_map(parse).collect();
    let mut points = String::new();
    let ets = each(&all, |one| {
        let fitted = Ets::new(one.season).fit(&one.values);
        let ahead = fitted
            .map(|fitted| fitted.predict(one.horizon))
            .unwrap_or_default();
        let _ = write!(points, "{}|", one.id);
        for point in ahead {
            let _ = write!(points, "{} ", point.max(0.0));
        }
        points.push('\n');
    });
    if let Some(path) = arguments.next() {
        std::fs::write(path, &points)?;
    }
    println!("ETS alone             {ets:9.1} µs CPU a series");
    let members = each(&all, |one| {
        let season = one.season;
        let members: [&dyn Fit; 5] = [
            &Ets::new(season),
            &DynamicTheta { season },
            &Theta { season },
            &Ces { season },
            &Mstl {
                seasons: vec![season],
            },
        ];
        for member in members {
            let _ = member
                .fit(&one.values)
                .map(|fitted| fitted.predict(one.horizon));
        }
    });
    println!("all members once      {members:9.1} µs CPU a series");
    let (mut fitted, mut slowest) = (Vec::new(), 0.0_f64);
    let whole = each(&all, |one| {
        fitted.extend(fit(&request(one), &|| false).ok());
    });
    for one in &all {
        slowest = slowest.max(best_of_three(&request(one)));
    }
    let values = hourly();
    let longest = best_of_three(&Request {
        values: &values,
        seasons: &[24, 168],
        horizon: 168,
        non_negative: true,
        integer: false,
        background: false,
    });
    println!("hourly, 1,500 values  {longest:9.1} ms by the clock, day and week, 168 ahead");
    println!("fit with back-test    {whole:9.1} µs CPU a series, the slowest {slowest:.1} ms");
    println!("one new value         {:9.2} µs", update(&mut fitted, &all));
    Ok(())
}

/// Milliseconds of a fit by the clock, the best of three: other programs run on this machine too.
fn best_of_three(request: &Request) -> f64 {
    let once = |_| {
        let begun = Instant::now();
        let _ = fit(request, &|| false);
        begun.elapsed().as_secs_f64() * 1e3
    };
    (0..3).map(once).fold(f64::INFINITY, f64::min)
}

/// The longest history that is used, with a day and a week in it.
fn hourly() -> Vec<f64> {
    let wave = |hour: u32| {
        let day = f64::from(hour % 24) / 24.0;
        let week = f64::from(hour % 168) / 168.0;
        let rough = f64::from(hour * 7_919 % 101) / 20.0;
        100.0 + 20.0 * (day * std::f64::consts::TAU).sin() + 9.0 * week + rough
    };
    (0..1_500).map(wave).collect()
}

/// Microseconds of CPU time a series.
fn each(all: &[Series], mut run: impl FnMut(&Series)) -> f64 {
    let before = cpu_ms();
    all.iter().for_each(&mut run);
    (cpu_ms() - before) * 1e3 / all.len().max(1) as f64
}

/// Microseconds for one new value, the mean over all series and twenty values each.
fn update(fitted: &mut [Forecaster], all: &[Series]) -> f64 {
    const VALUES: usize = 20;
    let pool = Pool::default();
    let begun = Instant::now();
    for (forecaster, one) in fitted.iter_mut().zip(all) {
        for value in one.values.iter().cycle().take(VALUES) {
            forecaster.update(*value, &pool);
        }
    }
    begun.elapsed().as_secs_f64() * 1e6 / (fitted.len() * VALUES).max(1) as f64
}

fn request(one: &Series) -> Request<'_> {
    Request {
        values: &one.values,
        seasons: std::slice::from_ref(&one.season),
        horizon: one.horizon,
        non_negative: one.values.iter().all(|value| *value >= 0.0),
        integer: false,
        background: false,
    }
}

fn parse(line: &str) -> Option<Series> {
    let mut parts = line.split('|');
    let mut head = parts.next()?.split(',');
    Some(Series {
        id: head.next()?.to_owned(),
        season: head.next()?.parse().ok()?,
        horizon: head.next()?.parse().ok()?,
        values: parts
            .next()?
            .split_whitespace()
            .map(|value| value.parse().ok())
            .collect::<Option<_>>()?,
    })
}

/// User and system time of this process, by the hundred ticks a second that Linux promises; zero elsewhere.
fn cpu_ms() -> f64 {
    let read = || {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(11);
        let ticks = fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?;
        Some(ticks * 10.0)
    };
    read().unwrap_or(0.0)
}
