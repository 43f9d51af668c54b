//! How often the sum of the next steps falls into its band, on the held-out values of a `.bench` file.
//!
//! `cargo run --release -p forecast --example total_bench -- FILE.bench`
//!
//! Prints for sums of a quarter, half and all of the horizon: the share of series within the 80 % and the 95 % band and
//! below its upper edges, what the middle was off by, and how wide the bands were beside it;
//! series at even and at odd places apart, so that one half can check the other.
#![expect(clippy::print_stdout, reason = "an example talks to a terminal")]

mod held_out;

use forecast::running_total;
use held_out::fitted;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (fitted, pool) = fitted(|_| {})?;
    for half in 0..2 {
        println!("series at {} places", ["even", "odd"][half]);
        for part in [4, 2, 1] {
            let mut told = Told::default();
            for (_, held_out, forecaster) in fitted.iter().skip(half).step_by(2) {
                let total = running_total(&forecaster.outcome(held_out.len(), &pool)?);
                let steps = (held_out.len() / part).max(1);
                let came: f64 = held_out[..steps].iter().sum();
                let at = |curve: &[f64]| curve[steps - 1];
                told.take(
                    came,
                    [
                        at(&total.lo95),
                        at(&total.lo80),
                        at(&total.point),
                        at(&total.hi80),
                        at(&total.hi95),
                    ],
                );
            }
            told.print(part);
        }
    }
    Ok(())
}

/// What sums there were.
#[derive(Default)]
struct Told {
    count: f64,
    within: [f64; 2],
    below: [f64; 2],
    off: f64,
    wide: f64,
}

impl Told {
    fn take(&mut self, came: f64, [lo95, lo80, point, hi80, hi95]: [f64; 5]) {
        let one = |yes: bool| f64::from(u8::from(yes));
        self.count += 1.0;
        self.within[0] += one((lo80..=hi80).contains(&came));
        self.within[1] += one((lo95..=hi95).contains(&came));
        self.below[0] += one(came <= hi80);
        self.below[1] += one(came <= hi95);
        let size = point.abs().max(1e-9);
        self.off += ((came - point).abs() / size).min(2.0);
        self.wide += ((hi80 - lo80) / size).min(4.0);
    }

    fn print(&self, part: usize) {
        let of = |sum: f64| sum / self.count;
        println!(
            "  1/{part}: inside 80 % {:.3}, 95 % {:.3}; below {:.3}, {:.3}; off by {:.3}, 80 % band {:.3} wide",
            of(self.within[0]),
            of(self.within[1]),
            of(self.below[0]),
            of(self.below[1]),
            of(self.off),
            of(self.wide)
        );
    }
}
