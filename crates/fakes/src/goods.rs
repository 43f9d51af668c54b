//! Orders and stock of the products.

use api::Instant;

use crate::calendar::{Days, HISTORY_DAYS, TABLE_DAYS, through_the_year, trade_done, weekday};
use crate::catalogue::{Plan, Product, products};
use crate::chance::Chance;
use crate::occasions::{OFFER, on_offer};
use crate::track::{DemoSeries, DemoSource, Rhythm, Track};

/// How a week's orders fall on its days, Monday first; their mean is 1.
const WEEK: [f64; 7] = [1.0, 0.9, 0.9, 1.0, 1.15, 1.25, 0.8];
/// The row after whose start nothing more was made of what runs out: half a year ago.
///
/// Its stock is counted from there on. Older batches would be jumps as high as the whole story,
/// and a model that weighs two years of them alike sees no decline.
const LAST_BATCH: usize = HISTORY_DAYS - 182;
/// So long after it ran out, a batch is ready.
const OUT_FOR: usize = 16;
/// Weeks of the best season's sales that a topped-up shelf holds.
const COVER_WEEKS: f64 = 6.0;
/// The share of a day at which the workshop has brought its batch.
const BATCH_AT: f64 = 0.3;

/// Two series for each product.
pub(crate) fn tracks(days: Days, chance: Chance) -> Vec<Track> {
    let source = DemoSource::new("shop", "web shop", 86_400);
    products()
        .iter()
        .flat_map(|product| {
            let sku = product.sku();
            let ledger = Ledger::of(product, days, chance.of(&sku));
            [
                stock(product, &source, days, ledger.clone()),
                orders(product, &source, days, ledger),
            ]
        })
        .collect()
}

fn stock(product: &Product, source: &DemoSource, days: Days, ledger: Ledger) -> Track {
    let sku = product.sku();
    // What is lost while a batch is made: ten days of sales.
    #[expect(clippy::cast_possible_truncation, reason = "some thousand euros")]
    let lost = (product.a_day * 10.0 * product.margin_cents as f64) as i64;
    let series = DemoSeries::new(
        source,
        format!("stock/{sku}"),
        "stock_units",
        &product.title(),
    )
    .label("sku", &sku)
    .label("wood", product.wood)
    .unit("units")
    .falling_to(0.0)
    .costs(lost);
    let rhythm = Rhythm::Daily {
        first_row: ledger.first_row,
        // A new product has a few closing counts and nothing between them: few enough to say so.
        counted: !matches!(product.plan, Plan::New(_)),
    };
    Track::new(series, rhythm, move |at| ledger.stock_at(days, at))
}

fn orders(product: &Product, source: &DemoSource, days: Days, ledger: Ledger) -> Track {
    let sku = product.sku();
    let title = format!("{}, orders", product.title());
    let series = DemoSeries::new(source, format!("orders/{sku}"), "orders_units", &title)
        .label("sku", &sku)
        .label("wood", product.wood)
        .unit("units")
        .flow();
    // A product that runs out was sold before its stock was counted anew.
    let first_row = match product.plan {
        Plan::New(_) => ledger.first_row,
        Plan::Weekly(_) | Plan::RunsOut(_) => 0,
    };
    Track::daily(series, days, first_row, ledger.orders)
}

/// A product's books: a row for each day. Stock at the close is what it was, plus what was made,
/// minus what was ordered, never below zero.
#[derive(Clone, Debug)]
struct Ledger {
    first_row: usize,
    orders: Vec<f64>,
    made: Vec<f64>,
    /// At the close of the day before each row.
    opening: Vec<f64>,
}

impl Ledger {
    fn of(product: &Product, days: Days, chance: Chance) -> Self {
        let orders: Vec<f64> = (0..TABLE_DAYS)
            .map(|row| orders_on(product, days, row, chance))
            .collect();
        match product.plan {
            Plan::Weekly(on) => Self::topped_up(product, days, orders, on, 0, 0),
            Plan::New(age) => {
                let first_row = HISTORY_DAYS - age;
                Self::topped_up(product, days, orders, 3, first_row, first_row + 20)
            }
            Plan::RunsOut(in_days) => Self::running_out(product, days, orders, in_days),
        }
    }

    /// The shelf is filled to the same level on the same weekday, so that stock is one steady week
    /// after the other: what a sane forecast calls safe.
    fn topped_up(
        product: &Product,
        days: Days,
        orders: Vec<f64>,
        on: usize,
        first_row: usize,
        made_from: usize,
    ) -> Self {
        let full = (COVER_WEEKS * 7.0 * product.a_day * (1.0 + product.season))
            .ceil()
            // Of what sells once in a while, enough for several customers at once.
            .max(30.0);
        let mut made = vec![0.0; TABLE_DAYS];
        let mut opening = vec![full; TABLE_DAYS];
        let mut stock = full;
        for row in first_row..TABLE_DAYS {
            opening[row] = stock;
            if row >= made_from && weekday(days.day(row)) == on {
                made[row] = full - stock;
            }
            stock = (stock + made[row] - orders[row]).max(0.0);
        }
        Self {
            first_row,
            orders,
            made,
            opening,
        }
    }

    /// Worked out backwards from the instant at which the last one is sold: sales and nothing else
    /// since the last batch.
    fn running_out(product: &Product, days: Days, mut orders: Vec<f64>, in_days: f64) -> Self {
        let out_at = days.in_days(in_days);
        let out_row = days.row(out_at);
        // Somebody must buy the last one.
        orders[out_row] = orders[out_row].max(2.0);
        let mut made = vec![0.0; TABLE_DAYS];
        let mut opening = vec![0.0; TABLE_DAYS];
        let mut stock = (orders[out_row] * trade_done(out_at)).floor().max(1.0);
        opening[out_row] = stock;
        for row in (LAST_BATCH..out_row).rev() {
            stock += orders[row];
            opening[row] = stock;
        }
        // Life goes on after the story: a batch, and then the shelf is kept full.
        let full = (COVER_WEEKS * 7.0 * product.a_day).ceil();
        stock = 0.0;
        for row in out_row + 1..TABLE_DAYS {
            opening[row] = stock;
            if row >= out_row + OUT_FOR && (row - out_row - OUT_FOR).is_multiple_of(7) {
                made[row] = (full - stock).max(0.0);
            }
            stock = (stock + made[row] - orders[row]).max(0.0);
        }
        Self {
            first_row: LAST_BATCH,
            orders,
            made,
            opening,
        }
    }

    fn stock_at(&self, days: Days, at: Instant) -> f64 {
        let row = days.row(at);
        let done = trade_done(at);
        let made = if done >= BATCH_AT {
            self.made[row]
        } else {
            0.0
        };
        // Whole things: one is gone when its order is in. The hair keeps a full day's orders whole.
        let sold = (self.orders[row] * done + 1e-6).floor();
        (self.opening[row] + made - sold).max(0.0)
    }
}

/// How many are ordered on a day.
fn orders_on(product: &Product, days: Days, row: usize, chance: Chance) -> f64 {
    let day = days.day(row);
    if product.a_day < 0.5 {
        // Once in a while somebody orders two to four: intermittent demand.
        let comes = chance.of("comes").even(day) < product.a_day / 3.0;
        return if comes {
            2.0 + (chance.of("many").even(day) * 3.0).floor()
        } else {
            0.0
        };
    }
    let turn = std::f64::consts::TAU * (through_the_year(day) - product.peak);
    let yearly = 1.0 + product.season * turn.cos();
    let mean = product.a_day * WEEK[weekday(day)] * yearly * promotion(product, row, day, chance);
    if let Plan::RunsOut(_) = product.plan {
        // Steadier than chance would have it: customers of what runs out are no part of the story,
        // and its date must not depend on the seed.
        let wobble = 0.5 * mean.sqrt() * chance.of("orders").normal(day);
        return (mean + wobble).round().max(0.0);
    }
    chance.of("orders").count(day, mean)
}

/// How many times more is sold because of a promotion: about three times a year, for five days.
///
/// None in the weeks around the anchor, and none for what runs out: there the decline is the story.
fn promotion(product: &Product, row: usize, day: i64, chance: Chance) -> f64 {
    if on_offer(product.number, row) {
        return OFFER;
    }
    let quiet = HISTORY_DAYS - 28..HISTORY_DAYS + 14;
    let (block, within) = (day.div_euclid(40), day.rem_euclid(40));
    let on = chance.of("promotion").even(block) < 0.35 && (20..25).contains(&within);
    if on && !quiet.contains(&row) && matches!(product.plan, Plan::Weekly(_)) {
        1.6
    } else {
        1.0
    }
}
