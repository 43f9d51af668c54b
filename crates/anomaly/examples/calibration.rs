//! How often chance alone is as rare as p-values say: the stream detector over series in which nothing happens.
//!
//! `cargo run --release -p anomaly --example calibration -- [MEMORY]`
//!
//! Of each kind there are 24 series of 28 days, five minutes a point; the first week is not counted. For each limit it
//! prints how many p-values are below it, as a multiple of how many should be, and how many findings a series has in
//! thirty days at the documented threshold: all of them are false.
#![expect(clippy::print_stdout, reason = "an example talks to a terminal")]

use anomaly::{IncidentOptions, Standing, Stream, StreamOptions};

const DAY: u32 = 288;
const SERIES: u64 = 24;
const DAYS: u32 = 28;
const LIMITS: [f64; 5] = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5];

/// Marsaglia's xorshift: good enough for noise, and the same everywhere.
struct Chance(u64);

impl Chance {
    fn even(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// After Box and Muller.
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.even().max(f64::MIN_POSITIVE).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.even()).cos()
    }

    /// After Knuth: for small means.
    fn poisson(&mut self, mean: f64) -> f64 {
        let (mut count, mut product, floor) = (0.0, self.even(), (-mean).exp());
        while product > floor {
            count += 1.0;
            product *= self.even();
        }
        count
    }
}

/// A series in which nothing happens, of its kind; `state` is what it remembers.
fn next(kind: &str, at: u32, state: &mut f64, chance: &mut Chance) -> f64 {
    let day = (f64::from(at % DAY) / f64::from(DAY) * std::f64::consts::TAU).sin();
    match kind {
        "white noise" => chance.normal(),
        "heavy tails (t, 3 degrees)" => {
            let squares: f64 = (0..3).map(|_| chance.normal().powi(2)).sum();
            chance.normal() / (squares / 3.0).sqrt()
        }
        "counts with a day" => chance.poisson(5.0 + 4.0 * day),
        "random walk" => {
            *state += chance.normal();
            *state
        }
        // Autoregressive, 0.9.
        with_or_without_day => {
            *state = 0.9 * *state + 0.436 * chance.normal();
            *state
                + if with_or_without_day.ends_with("a day") {
                    3.0 * day
                } else {
                    0.0
                }
        }
    }
}

fn main() -> Result<(), std::num::ParseIntError> {
    let memory = std::env::args()
        .nth(1)
        .map_or(Ok(2_016), |word| word.parse())?;
    println!(
        "kind: share below {LIMITS:?} as a multiple of what should be; findings a series in 30 days"
    );
    for kind in [
        "white noise",
        "autoregressive",
        "autoregressive with a day",
        "counts with a day",
        "random walk",
        "heavy tails (t, 3 degrees)",
    ] {
        let (mut points, mut below, mut findings) = (0_u32, [0_u32; LIMITS.len()], 0_u32);
        for number in 1..=SERIES {
            let mut chance = Chance(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(number));
            let mut stream = Stream::new(StreamOptions {
                memory,
                season: DAY as usize,
                incidents: IncidentOptions {
                    escalation: f64::INFINITY,
                    ..IncidentOptions::default()
                },
                ..StreamOptions::default()
            });
            let mut state = 0.0;
            for at in 0..DAYS * DAY {
                let point = stream.push(next(kind, at, &mut state, &mut chance));
                if at < 7 * DAY {
                    continue;
                }
                points += 1;
                findings += u32::from(point.standing == Standing::Begins);
                for (count, limit) in below.iter_mut().zip(LIMITS) {
                    *count += u32::from(point.p_value < limit);
                }
            }
        }
        let shares = below.iter().zip(LIMITS);
        let shares = shares.map(|(count, limit)| {
            format!("{:.1}", f64::from(*count) / (f64::from(points) * limit))
        });
        let shares: Vec<String> = shares.collect();
        let month = f64::from(findings) / f64::from(points) * f64::from(30 * DAY);
        println!("{kind}: {}; {month:.1}", shares.join(" "));
    }
    Ok(())
}
