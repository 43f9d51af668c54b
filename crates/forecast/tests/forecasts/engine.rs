//! What the engine says today. Models are kept as the histories they were fitted on, and made again from them:
//! an engine that says something else has to say so with another [`forecast::ENGINE`].

use crate::noise;
use forecast::{ENGINE, Request, forecast};

/// A shop's days, a part that goes seldom, and something that grows.
fn histories() -> [Vec<f64>; 3] {
    let weekend = |day: usize| if day % 7 >= 5 { 30.0 } else { 0.0 };
    let many = |of: fn(usize) -> f64| (0..120).map(of).collect::<Vec<f64>>();
    let shop = (0..120).map(|day| 100.0 + weekend(day) + 5.0 * noise(day));
    [
        shop.collect(),
        many(|day| if noise(day) > 0.6 { 3.0 } else { 0.0 }),
        many(|day| 20.0 + 0.7 * day as f64 + 2.0 * noise(day)),
    ]
}

#[test]
fn another_engine_has_another_name() {
    let mut said = Vec::new();
    for values in histories() {
        for background in [false, true] {
            let request = Request {
                values: &values,
                seasons: &[7],
                horizon: 14,
                non_negative: true,
                integer: false,
                background,
            };
            let outcome = forecast(&request, &|| false).unwrap();
            let sum = |values: &[f64]| values.iter().sum::<f64>();
            let sums = [sum(&outcome.lo80), sum(&outcome.point), sum(&outcome.hi95)];
            said.push(sums.map(|sum| format!("{sum:.3}")).join(" "));
        }
    }
    let known = [
        "1452.107 1518.529 1638.920",
        "1451.866 1519.016 1640.726",
        "0.000 10.447 55.809",
        "0.000 10.616 56.211",
        "1484.154 1513.644 1567.095",
        "1484.064 1513.814 1567.736",
    ];
    assert_eq!(
        (ENGINE, said.iter().map(String::as_str).collect::<Vec<_>>()),
        ("0.1.0", known.to_vec()),
        "the engine says something else: give ENGINE the name of the release that it is for, and both here"
    );
}
