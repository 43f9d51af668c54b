#![doc = include_str!("../README.md")]

use series::{RunningTotal, chance_above};

/// What usually comes or goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// What it comes to.
    pub running: RunningTotal,
    /// In how many days its first instant lies; below zero where it has passed.
    pub begins: f64,
    /// It counts from so many days on, and from its first instant where that is later.
    pub after: f64,
    /// Whether it goes out, in numbers above zero.
    pub out: bool,
}

/// A payment that is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Payment {
    /// The day on which it is made: 0 is today.
    pub day: usize,
    /// How much; below zero where it goes out.
    pub amount: f64,
}

/// A day's end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Day {
    /// What is known to come in on it.
    pub known_in: f64,
    /// What is known to go out on it, above zero.
    pub known_out: f64,
    /// What usually comes in less what usually goes out.
    pub usual: f64,
    /// What is there at its end.
    pub balance: f64,
    /// Half the widths of its 80 % and its 95 % band.
    pub halves: [f64; 2],
}

impl Day {
    /// The chance that less than `floor` is there; 0 to 1.
    pub fn chance_below(&self, floor: f64) -> f64 {
        chance_above(floor - self.balance, self.halves)
    }
}

impl Flow {
    /// What it comes to from when it counts until that many days from the beginning of today.
    fn until(&self, days: f64) -> (f64, [f64; 2]) {
        let from = (self.after - self.begins).max(0.0);
        let to = (days - self.begins).max(from);
        let sum = self.running.expected(to) - self.running.expected(from);
        let [to80, to95] = self.running.halves(to);
        let [from80, from95] = self.running.halves(from);
        let left = |to: f64, from: f64| (to * to - from * from).max(0.0).sqrt();
        let sign = if self.out { -1.0 } else { 1.0 };
        (sign * sum, [left(to80, from80), left(to95, from95)])
    }
}

/// What is there at the end of each of the next `days`, of what was read; the first day is today.
///
/// What usually came and went between the reading and today is in the balances and in no day.
pub fn line(read: f64, flows: &[Flow], known: &[Payment], days: usize) -> Vec<Day> {
    let mut paid = 0.0;
    let mut usual_before: f64 = flows.iter().map(|flow| flow.until(0.0).0).sum();
    let day = |day: usize| {
        let on = known.iter().filter(|payment| payment.day == day);
        // Zero is added because a sum of nothing is "-0".
        let sum = |sign: f64| {
            let some = on.clone().map(|one| (sign * one.amount).max(0.0));
            some.sum::<f64>() + 0.0
        };
        let (known_in, known_out) = (sum(1.0), sum(-1.0));
        paid += known_in - known_out;
        let mut usual = 0.0;
        let mut squares = [0.0; 2];
        for flow in flows {
            let (sum, halves) = flow.until(day as f64 + 1.0);
            usual += sum;
            for (square, half) in squares.iter_mut().zip(halves) {
                *square += half * half;
            }
        }
        let of_day = usual - usual_before;
        usual_before = usual;
        Day {
            known_in,
            known_out,
            usual: of_day,
            balance: read + paid + usual,
            halves: squares.map(f64::sqrt),
        }
    };
    (0..days).map(day).collect()
}

#[cfg(test)]
mod tests;
