//! Cash, the customer who pays late, and invoices.

use api::Instant;

use crate::calendar::{Days, HISTORY_DAYS, TABLE_DAYS, weekday};
use crate::chance::Chance;
use crate::track::{DemoSeries, DemoSource, Track};

/// The customer who pays late.
pub(crate) const LATE_PAYER: &str = "Nordlicht Hotels";
/// Their credit limit in euros.
pub(crate) const CREDIT_LIMIT: f64 = 93_000.0;

/// What they are invoiced each Thursday, in euros: a fifth of all income.
const WEEKLY_INVOICE: f64 = 5_000.0;
/// The first row whose invoice they did not pay: sixteen weeks ago.
///
/// Cash is known from the week before on, since the bank was connected: two even years before a
/// decline of some weeks would make every model doubt the decline.
const UNPAID_FROM: usize = HISTORY_DAYS - 112;
/// Cash goes below zero on the Friday nearest to this row.
const BELOW_ZERO: usize = HISTORY_DAYS + 35;
const THURSDAY: usize = 3;
const FRIDAY: usize = 4;

/// Income without the late payer's and costs by weekday, Monday first, in euros.
///
/// All of it is weekly, so that the decline is plain to see: monthly wages would be steps as high
/// as the whole story. Friday, with the wages, is the week's lowest day.
/// With [`WEEKLY_INVOICE`] a week comes out even.
const WEEK: [f64; 7] = [
    -3_250.0, -1_250.0, 1_050.0, 4_050.0, -7_850.0, 1_150.0, 1_100.0,
];

/// Cash, receivables and invoices.
pub(crate) fn tracks(days: Days, chance: Chance) -> Vec<Track> {
    let source = DemoSource::new("books", "accounting", 86_400);
    let paid_row = paid_row(days);
    vec![
        cash(&source, days, chance.of("cash"), paid_row),
        overdue(&source, days, chance.of("overdue"), paid_row),
        invoices_sent(&source, days, chance.of("sent")),
        invoices_open(&source, days, chance.of("open")),
    ]
}

/// The Friday on which cash goes below zero.
fn zero_row(days: Days) -> usize {
    (BELOW_ZERO - 3..=BELOW_ZERO + 3)
        .find(|row| weekday(days.day(*row)) == FRIDAY)
        .unwrap_or(BELOW_ZERO)
}

/// Life goes on after the story: a week later they pay it all.
fn paid_row(days: Days) -> usize {
    zero_row(days) + 7
}

/// Whether they do not pay that row's invoice.
fn unpaid(row: usize, paid_row: usize) -> bool {
    (UNPAID_FROM..paid_row).contains(&row)
}

fn cash(source: &DemoSource, days: Days, chance: Chance, paid_row: usize) -> Track {
    let mut balance = 0.0;
    let mut owed = 0.0;
    let mut rows: Vec<f64> = (0..TABLE_DAYS)
        .map(|row| {
            let day = days.day(row);
            balance += WEEK[weekday(day)] + 120.0 * chance.normal(day);
            if weekday(day) == THURSDAY {
                if unpaid(row, paid_row) {
                    owed += WEEKLY_INVOICE;
                } else {
                    balance += WEEKLY_INVOICE;
                }
            }
            if row == paid_row {
                balance += owed;
            }
            balance
        })
        .collect();
    // Only differences are known so far: the story fixes the level.
    let shift = -rows[zero_row(days)] - 900.0;
    for balance in &mut rows {
        *balance = cents(*balance + shift);
    }
    let mut series = DemoSeries::new(source, "cash".to_owned(), "cash_balance", "Cash")
        .label("account", "main")
        .unit("EUR")
        .falling_to(0.0)
        .costs(1_800_000);
    series.non_negative = false;
    Track::daily(series, days, UNPAID_FROM - 7, rows)
}

fn overdue(source: &DemoSource, days: Days, chance: Chance, paid_row: usize) -> Track {
    let mut owed = 0.0;
    let rows = (0..TABLE_DAYS)
        .map(|row| {
            let day = days.day(row);
            if row == paid_row {
                owed = 0.0;
            } else if unpaid(row, paid_row) && weekday(day) == THURSDAY {
                owed += WEEKLY_INVOICE * (1.0 + 0.006 * chance.normal(day));
            }
            cents(owed)
        })
        .collect();
    let title = format!("Overdue from {LATE_PAYER}");
    let series = DemoSeries::new(
        source,
        "receivables/nordlicht".to_owned(),
        "receivables_overdue",
        &title,
    )
    .label("customer", LATE_PAYER)
    .unit("EUR")
    .rising_to(CREDIT_LIMIT)
    .costs(9_300_000);
    // From the last invoice that was paid on: before that there was nothing to count.
    Track::daily(series, days, UNPAID_FROM - 7, rows)
}

fn invoices_sent(source: &DemoSource, days: Days, chance: Chance) -> Track {
    const WEEK: [f64; 7] = [9.0, 7.0, 8.0, 11.0, 6.0, 0.4, 0.2];
    let rows = (0..TABLE_DAYS)
        .map(|row| chance.count(days.day(row), WEEK[weekday(days.day(row))]))
        .collect();
    let series = DemoSeries::new(
        source,
        "invoices/sent".to_owned(),
        "invoices_sent",
        "Invoices sent",
    )
    .unit("invoices")
    .flow();
    Track::daily(series, days, 0, rows)
}

fn invoices_open(source: &DemoSource, days: Days, chance: Chance) -> Track {
    let mut open: f64 = 64.0;
    let rows = (0..TABLE_DAYS)
        .map(|row| {
            // Paid in about ten days on average: drawn back to 64 and nudged each day.
            open += 0.1 * (64.0 - open) + 2.5 * chance.normal(days.day(row));
            open.round().max(0.0)
        })
        .collect();
    let series = DemoSeries::new(
        source,
        "invoices/open".to_owned(),
        "invoices_open",
        "Invoices open",
    )
    .unit("invoices");
    Track::daily(series, days, 0, rows)
}

/// A payment that the company knows of.
#[derive(Clone, Debug, PartialEq)]
pub struct DemoPayment {
    /// Whether it comes in.
    pub comes: bool,
    /// Who pays or is paid, and for what.
    pub name: String,
    /// How much, in euro cents.
    pub cents: i64,
    /// When it falls due.
    pub due: Instant,
}

/// What is agreed beside what usually comes and goes: the late payer's first money, and two large bills.
pub(crate) fn payments(days: Days) -> Vec<DemoPayment> {
    let late = |number: u32| format!("{LATE_PAYER}, invoice {number}");
    let rows = [
        (true, late(388), 500_000, -16),
        (
            true,
            format!("{LATE_PAYER}, instalment agreed"),
            1_200_000,
            18,
        ),
        (false, "Value added tax".to_owned(), 640_000, 26),
        (false, "New bandsaw, second half".to_owned(), 890_000, 40),
    ];
    let payment = |(comes, name, cents, after): (bool, String, i64, i64)| DemoPayment {
        comes,
        name,
        cents,
        due: days.anchor.plus(after * Instant::DAY),
    };
    rows.into_iter().map(payment).collect()
}

/// Money has cents and no more.
pub(crate) fn cents(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
