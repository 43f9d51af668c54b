//! The cloud bill: a search cluster that grows and nobody watches.

use crate::calendar::{Days, HISTORY_DAYS, TABLE_DAYS, day_of_month, weekday};
use crate::chance::Chance;
use crate::money::cents;
use crate::track::{DemoSeries, DemoSource, Track};

/// What four weeks may cost, in euros.
pub(crate) const BUDGET: f64 = 3_000.0;

/// Days that the budget looks back on.
///
/// Four weeks that roll, not the calendar month: the story must hold on the 1st and on the 31st,
/// and whole weeks do not wobble with the weekends that happen to be among them.
const WINDOW: usize = 28;
/// Since then the search cluster grows.
const GROWS_FROM: usize = HISTORY_DAYS - 112;
/// The first close at which the four weeks are over the budget.
const OVER: usize = HISTORY_DAYS + 12;
/// Life goes on after the story: somebody shrinks the cluster.
const MENDED: usize = OVER + 8;

/// Key, title and euros a day of each service.
const SERVICES: [(&str, &str, f64); 5] = [
    ("compute", "Cloud compute", 38.0),
    ("database", "Cloud database", 21.0),
    ("storage", "Cloud storage", 9.0),
    ("traffic", "Cloud traffic", 7.0),
    ("search", "Cloud search", 6.0),
];

/// Each service's cost, and all of them together against the budget.
pub(crate) fn tracks(days: Days, chance: Chance) -> Vec<Track> {
    let source = DemoSource::new("cloud", "cloud bill", 86_400);
    let mut rows: Vec<Vec<f64>> = SERVICES
        .iter()
        .map(|(key, _, a_day)| usual(*a_day, days, chance.of(key)))
        .collect();
    grow(&mut rows);

    let total: Vec<f64> = (0..TABLE_DAYS)
        .map(|row| rows.iter().map(|service| service[row]).sum())
        .collect();
    let mut tracks: Vec<Track> = SERVICES
        .iter()
        .zip(rows)
        .map(|((key, title, _), rows)| {
            let key_of = format!("cloud/{key}");
            let series = DemoSeries::new(&source, key_of, "cloud_cost", title)
                .label("service", key)
                .unit("EUR")
                .flow();
            Track::daily(series, days, 0, rows)
        })
        .collect();
    tracks.push(rolling(&source, days, &total));
    tracks.push(month_to_date(&source, days, &total));
    tracks
}

/// A service without a story: a little less on weekends, a little noise.
fn usual(a_day: f64, days: Days, chance: Chance) -> Vec<f64> {
    (0..TABLE_DAYS)
        .map(|row| {
            let day = days.day(row);
            let week = if weekday(day) < 5 { 1.02 } else { 0.95 };
            cents(a_day * week * (1.0 + 0.012 * chance.normal(day)))
        })
        .collect()
}

/// Lets the last service, search, grow day by day, so fast that the budget is met on its date.
fn grow(rows: &mut [Vec<f64>]) {
    let extra = |row: usize| {
        if (GROWS_FROM..MENDED).contains(&row) {
            (row - GROWS_FROM) as f64
        } else {
            0.0
        }
    };
    let window = OVER + 1 - WINDOW..=OVER;
    let usual: f64 = rows
        .iter()
        .map(|service| service[window.clone()].iter().sum::<f64>())
        .sum();
    let grown: f64 = window.map(extra).sum();
    // Four euros over, and cents are rounded: well on the other side.
    let a_day = (BUDGET + 4.0 - usual) / grown;
    if let Some(search) = rows.last_mut() {
        for (row, cost) in search.iter_mut().enumerate() {
            *cost = cents(*cost + a_day * extra(row));
        }
    }
}

fn rolling(source: &DemoSource, days: Days, total: &[f64]) -> Track {
    let rows = (0..TABLE_DAYS)
        .map(|row| cents(total[row.saturating_sub(WINDOW - 1)..=row].iter().sum()))
        .collect();
    let series = DemoSeries::new(
        source,
        "cloud/last-28-days".to_owned(),
        "cloud_cost_last_28_days",
        "Cloud bill, last 28 days",
    )
    .unit("EUR")
    .rising_to(BUDGET)
    .costs(54_000);
    // Since the budget was set, a window after the growth began: from then on it is a straight line.
    Track::daily(series, days, GROWS_FROM + WINDOW, rows)
}

fn month_to_date(source: &DemoSource, days: Days, total: &[f64]) -> Track {
    let mut spent = 0.0;
    let rows = total
        .iter()
        .enumerate()
        .map(|(row, cost)| {
            if day_of_month(days.day(row)) == 1 {
                spent = 0.0;
            }
            spent += cost;
            cents(spent)
        })
        .collect();
    // No limit: a saw that starts anew each month says nothing before its last days.
    let series = DemoSeries::new(
        source,
        "cloud/month-to-date".to_owned(),
        "cloud_cost_month_to_date",
        "Cloud bill, month to date",
    )
    .unit("EUR");
    // From the first whole month on.
    Track::daily(series, days, 31, rows)
}
