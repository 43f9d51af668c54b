//! The series of a `.bench` file, each fitted on its training values, with what was held out.

use forecast::{Forecaster, Pool, Request, fit};

/// What a series was fitted on, what came after, and the fit, which looks as far ahead as that goes.
pub(crate) type HeldOut = (Vec<f64>, Vec<f64>, Forecaster);

/// Fits every series of the file that the first argument names; the pool knows the back-tests only.
///
/// A second argument is a number of values to hold out instead of those that the file does: the last ones.
/// Series that would keep fewer than that are left out. What is fitted may be spoilt before.
pub(crate) fn fitted(
    spoil: impl Fn(&mut [f64]),
) -> Result<(Vec<HeldOut>, Pool), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("name a FILE.bench")?;
    let ahead: Option<usize> = std::env::args()
        .nth(2)
        .map(|ahead| ahead.parse())
        .transpose()?;
    let text = std::fs::read_to_string(path)?;
    let mut fitted = Vec::new();
    for line in text.lines() {
        let (season, mut values, mut held_out) = parse(line).ok_or("not a series")?;
        if let Some(ahead) = ahead {
            values.append(&mut held_out);
            if values.len() < 2 * ahead {
                continue;
            }
            held_out = values.split_off(values.len() - ahead);
        }
        spoil(&mut values);
        let request = Request {
            values: &values,
            seasons: &[season],
            horizon: held_out.len(),
            non_negative: values.iter().all(|value| *value >= 0.0),
            integer: false,
            background: false,
        };
        let forecaster = fit(&request, &|| false)?;
        fitted.push((values, held_out, forecaster));
    }
    let pool = Pool::learn(fitted.iter().map(|(.., one)| one.calibration()));
    Ok((fitted, pool))
}

fn parse(line: &str) -> Option<(usize, Vec<f64>, Vec<f64>)> {
    let mut parts = line.split('|');
    let season = parts.next()?.split(',').nth(1)?.parse().ok()?;
    let mut numbers = || -> Option<Vec<f64>> {
        parts
            .next()?
            .split_whitespace()
            .map(|value| value.parse().ok())
            .collect()
    };
    Some((season, numbers()?, numbers()?))
}
