//! The engine's days as weeks, and as CSV.

use api::{
    CASH_WEEKS, CashChange, CashDay, CashItem, CashItemId, CashLine, CashSide, CashWeek, Instant,
    SeriesId,
};
use cash::{Day, Flow, Payment};
use series::Step;

use crate::csv;
use crate::forecast::Foreseen;

/// What is overdue is expected within so many days, where it comes in.
const OVERDUE_DAYS: i64 = 7;
/// A band of eight cases in ten leaves out one at its lower end.
const EARLY: f64 = 0.1;
const DAY_SECONDS: f64 = 86_400.0;

/// What is there now.
pub(super) struct Opening {
    /// What was read of the account.
    pub(super) read: f64,
    /// When.
    pub(super) at: Instant,
    /// What is known to have come less what went since.
    pub(super) since: f64,
    /// What must be there.
    pub(super) floor: f64,
    /// The currency.
    pub(super) currency: String,
}

/// What usually comes or goes.
pub(super) struct Foretold {
    /// Of which series; none where the account's own changes say it.
    pub(super) of: Option<SeriesId>,
    /// It.
    pub(super) foreseen: Foreseen,
    /// Whether it goes out.
    pub(super) out: bool,
    /// Within so many days only what is entered counts.
    pub(super) days: u32,
}

/// Up to when a reading holds what moved: one that has a date only, which is its midnight, is of that day's close.
pub(super) fn closed(at: Instant) -> Instant {
    if Step::Day.floor(at.0) == at.0 {
        at.plus(Instant::DAY - 1)
    } else {
        at
    }
}

/// A payment with the day on which it is expected.
pub(super) fn expected(id: CashItemId, says: CashChange, late: u32, now: Instant) -> CashItem {
    let today = today(now);
    // Checked when it was kept.
    let due = Instant::midnight(&says.due).unwrap_or(today);
    let expected = match says.side {
        CashSide::In => due.plus(i64::from(late) * Instant::DAY),
        CashSide::Out => due,
    };
    let overdue = expected < today;
    let expected = match says.side {
        _ if expected >= today => expected,
        CashSide::In => today.plus(OVERDUE_DAYS * Instant::DAY),
        CashSide::Out => today,
    };
    CashItem {
        id,
        says,
        expected,
        overdue,
    }
}

fn today(now: Instant) -> Instant {
    Instant(Step::Day.floor(now.0))
}

/// The next weeks; `None` where what is foreseen is no number.
pub(super) fn line(
    opening: Opening,
    flows: &[Foretold],
    items: &[CashItem],
    now: Instant,
) -> Option<CashLine> {
    let today = today(now);
    let days_off = |at: Instant| at.seconds_since(today) / DAY_SECONDS;
    let foreseen_until = flows.iter().map(|flow| flow.foreseen.until()).min()?;
    let flows = flows.iter().map(|flow| {
        let begins = days_off(flow.foreseen.from);
        Some(Flow {
            running: flow.foreseen.running()?,
            begins,
            // Nothing is counted that the account's reading holds already.
            after: if flow.days > 0 {
                f64::from(flow.days)
            } else {
                days_off(closed(opening.at)).max(begins)
            },
            out: flow.out,
        })
    });
    let flows: Vec<Flow> = flows.collect::<Option<_>>()?;
    let known = items.iter().filter_map(|item| {
        let day = usize::try_from((item.expected.0 - today.0) / Instant::DAY).ok()?;
        let amount = api::to_major(item.says.minor, &item.says.currency);
        let amount = match item.says.side {
            CashSide::In => amount,
            CashSide::Out => -amount,
        };
        Some(Payment { day, amount })
    });
    let known: Vec<Payment> = known.collect();
    let days = cash::line(
        opening.read + opening.since,
        &flows,
        &known,
        7 * CASH_WEEKS as usize,
    );
    let floor = opening.floor;
    let told = |(index, day): (usize, &Day)| CashDay {
        day: later(today, index),
        balance: day.balance,
        below: day.chance_below(floor),
    };
    let ends: Vec<CashDay> = days.iter().enumerate().map(told).collect();
    let first = |fits: fn(&CashDay, f64) -> bool| ends.iter().find(|day| fits(day, floor)).copied();
    Some(CashLine {
        currency: opening.currency,
        opening: opening.read,
        opening_at: opening.at,
        floor,
        weeks: weeks(&days, today),
        lowest: *ends.iter().min_by(|a, b| a.balance.total_cmp(&b.balance))?,
        below: first(|day, floor| day.balance < floor),
        below_early: first(|day, _| day.below >= EARLY),
        foreseen_until,
    })
}

fn later(today: Instant, days: usize) -> Instant {
    today.plus(i64::try_from(days).unwrap_or(0) * Instant::DAY)
}

fn weeks(days: &[Day], today: Instant) -> Vec<CashWeek> {
    let week = |(index, week): (usize, &[Day])| {
        let sum = |of: fn(&Day) -> f64| week.iter().map(of).sum();
        let end = week.last()?;
        let [half80, half95] = end.halves;
        Some(CashWeek {
            begins: later(today, 7 * index),
            entered_in: sum(|day| day.known_in),
            entered_out: sum(|day| day.known_out),
            usual: sum(|day| day.usual),
            balance: end.balance,
            lo80: end.balance - half80,
            hi80: end.balance + half80,
            lo95: end.balance - half95,
            hi95: end.balance + half95,
        })
    };
    days.chunks(7).enumerate().filter_map(week).collect()
}

const HEAD: [&str; 10] = [
    "week_begins",
    "entered_in",
    "entered_out",
    "usual",
    "balance",
    "lower80",
    "upper80",
    "lower95",
    "upper95",
    "currency",
];

/// The weeks as CSV.
pub(super) fn csv(line: &CashLine) -> String {
    let rows = line.weeks.iter().map(|week| {
        let places = api::minor_places(&line.currency) as usize;
        let amount = |value: f64| format!("{value:.places$}");
        csv::line([
            crate::calendar::date(week.begins.0),
            amount(week.entered_in),
            amount(week.entered_out),
            amount(week.usual),
            amount(week.balance),
            amount(week.lo80),
            amount(week.hi80),
            amount(week.lo95),
            amount(week.hi95),
            line.currency.clone(),
        ])
    });
    csv::line(HEAD) + &rows.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant(100 * Instant::DAY + 15 * Instant::HOUR);

    fn day(number: i64) -> Instant {
        Instant(number * Instant::DAY)
    }

    fn item(side: CashSide, minor: i64, due: i64) -> CashItem {
        let says = CashChange {
            side,
            name: "x".into(),
            minor,
            currency: "EUR".into(),
            due: crate::calendar::date(day(due).0),
        };
        expected("i".into(), says, 5, NOW)
    }

    #[test]
    fn what_is_overdue_is_not_given_up() {
        for (side, due, expected, overdue) in [
            (CashSide::In, 110, 115, false),
            (CashSide::In, 97, 102, false),
            (CashSide::In, 60, 107, true),
            (CashSide::Out, 110, 110, false),
            (CashSide::Out, 60, 100, true),
        ] {
            let item = item(side, 100, due);
            assert_eq!(item.expected, day(expected), "{side:?} {due}");
            assert_eq!(item.overdue, overdue, "{side:?} {due}");
        }
    }

    fn foretold(a_day: f64) -> Foretold {
        let totals = (1..=91).map(|day| {
            let point = a_day * f64::from(day);
            [point, point + 10.0, point + 20.0]
        });
        Foretold {
            of: None,
            foreseen: Foreseen {
                from: day(100),
                step_seconds: 86_400,
                totals: totals.collect(),
            },
            out: false,
            days: 0,
        }
    }

    fn opening() -> Opening {
        Opening {
            read: 1_000.0,
            at: day(99),
            since: 0.0,
            floor: 0.0,
            currency: "EUR".into(),
        }
    }

    #[test]
    fn weeks_hold_what_is_entered_and_what_is_usual() {
        let items = [
            item(CashSide::Out, 20_000, 100),
            item(CashSide::In, 50_000, 103),
        ];
        let line = line(opening(), &[foretold(-20.0)], &items, NOW).unwrap();
        assert_eq!(line.weeks.len(), 13);
        let first = line.weeks[0];
        assert!(first.entered_in.abs() < 1e-9 && (first.entered_out - 200.0).abs() < 1e-9);
        assert!((first.usual + 140.0).abs() < 1e-9);
        assert!((first.balance - 660.0).abs() < 1e-9);
        // The customer pays five days after he should.
        assert!((line.weeks[1].entered_in - 500.0).abs() < 1e-9);
        let below = line.below.unwrap();
        // 1,300 last 65 days.
        assert_eq!(below.day, day(165));
        assert!(line.below_early.unwrap().day < below.day);
        assert_eq!(line.lowest.day, day(190));
    }

    #[test]
    fn a_reading_that_has_a_date_only_is_of_that_days_close() {
        let noon = day(99).plus(Instant::HOUR * 12);
        assert_eq!(closed(noon), noon);
        assert!(closed(day(99)) < day(100) && closed(day(99)).plus(1) == day(100));
        // Yesterday's close, and what is foreseen begins with yesterday: only today is to come.
        let mut usual = foretold(-20.0);
        usual.foreseen.from = day(99);
        let line = line(opening(), &[usual], &[], NOW).unwrap();
        assert!((line.weeks[0].balance - (1_000.0 - 140.0)).abs() < 0.01);
        assert!((line.weeks[0].usual + 140.0).abs() < 0.01);
    }

    #[test]
    fn a_line_in_a_file_is_a_week() {
        let line = line(opening(), &[foretold(1.0)], &[], NOW).unwrap();
        let file = csv(&line);
        assert_eq!(file.lines().count(), 14);
        assert!(
            file.contains("1970-04-11,0.00,0.00,7.00,1007.00,997.00,1017.00"),
            "{file}"
        );
        assert_eq!(line.below, None);
    }
}
