//! When to order, how much, and the working of it.

use series::normal_deviate;

use crate::Demand;

/// So many days are looked ahead for the day to order on.
const FARTHEST: u16 = 366;
/// A delivery is later than `late` days in one case of twenty: that deviate.
const LATE: f64 = 1.644_853_626_951_472_2;

/// How something is bought or made. Days may be fractions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// Days from an order to the shelf, usually.
    pub lead: f64,
    /// Days that it is late in one case of twenty.
    pub late: f64,
    /// Days that an order should last from its delivery on.
    pub cover: f64,
    /// The chance that stock lasts until the delivery, between a half and one.
    pub service: f64,
    /// It is sold in multiples of so many.
    pub pack: f64,
    /// And not in less than so many.
    pub least: f64,
}

/// What is there and what is on its way. Times are days after the forecast's first instant.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Position {
    /// How much is on the shelf above what must stay there.
    pub on_hand: f64,
    /// When that was counted.
    pub counted: f64,
    /// The present.
    pub now: f64,
    /// How much is ordered already and has not come.
    pub ordered: f64,
    /// When that comes.
    pub due: f64,
}

/// What to do, and how that was reckoned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Advice {
    /// How many days from now the order is due; 0 is today, `None` that none is due within a year.
    pub order_in: Option<u16>,
    /// Whether the day has passed on which it would have been in time.
    pub overdue: bool,
    /// How much to order; 0 where `order_in` is `None`.
    pub quantity: f64,
    /// What the quantity was before it was made whole packs.
    pub short: f64,
    /// What is there now, as far as is known: what was counted without what is expected to be gone since.
    pub left: f64,
    /// Expected to be taken from now until that order is here.
    pub until_delivery: f64,
    /// Expected to be taken during the cover after it.
    pub during_cover: f64,
    /// The safety stock.
    pub safety: f64,
    /// The stock, with what is on its way, at which an order of today would be due.
    pub reorder_point: f64,
    /// The chance that there is nothing left before an order of today would be here, or what is on its way.
    pub runs_out_before: f64,
    /// Days of this that lie beyond what is foreseen.
    pub beyond: f64,
}

/// What to order and when.
///
/// Numbers of the policy that make no sense are taken as the nearest that do.
pub fn advise(policy: &Policy, position: &Position, demand: &Demand) -> Advice {
    let policy = sound(policy);
    let Policy { lead, cover, .. } = policy;
    let now = position.now.max(0.0);
    let left = (position.on_hand - demand.between(position.counted.max(0.0), now)).max(0.0);
    let stock = left + position.ordered.max(0.0);
    let safety = |day: f64| {
        let deviate = normal_deviate(policy.service);
        let pace = demand.between(day, day + lead + cover) / (lead + cover);
        let late = deviate * pace * policy.late / LATE;
        demand.above(lead, deviate).hypot(late)
    };
    let point = |day: f64| demand.between(day, day + lead) + safety(day);
    let above = |days: u16| {
        let day = now + f64::from(days);
        stock - demand.between(now, day) > point(day)
    };
    // In time on the last day on whose evening it is still above the reorder point.
    let late = !above(0);
    let due_in = (0..FARTHEST).find(|days| late || !above(days + 1));
    let day = now + f64::from(due_in.unwrap_or(0));
    let until_delivery = demand.between(now, day + lead);
    let during_cover = demand.between(day + lead, day + lead + cover);
    let kept = safety(day);
    let short = during_cover + kept - (stock - until_delivery).max(0.0);
    // Of what nobody takes none is ordered, even where there is none.
    let quantity = packed(short, &policy);
    let order_in = due_in.filter(|_| quantity > 0.0);
    let due = if position.ordered > 0.0 {
        position.due.clamp(now, now + lead)
    } else {
        now + lead
    };
    Advice {
        order_in,
        overdue: late && order_in.is_some(),
        quantity: if order_in.is_some() { quantity } else { 0.0 },
        short: short.max(0.0),
        left,
        until_delivery,
        during_cover,
        safety: kept,
        reorder_point: point(now),
        runs_out_before: demand.chance_of_more(now, due, left),
        beyond: (day + lead + cover - demand.end()).max(0.0),
    }
}

/// A policy without numbers that make no sense.
fn sound(policy: &Policy) -> Policy {
    let positive = |value: f64, least: f64| {
        if value.is_finite() {
            value.max(least)
        } else {
            least
        }
    };
    Policy {
        lead: positive(policy.lead, 0.0),
        late: positive(policy.late, 0.0),
        // An order for no time at all is one for the next day.
        cover: positive(policy.cover, 1.0),
        service: positive(policy.service, 0.5).min(0.999),
        pack: positive(policy.pack, 0.0),
        least: positive(policy.least, 0.0),
    }
}

/// In whole packs, and no less than is sold at once; 0 where nothing is short.
fn packed(short: f64, policy: &Policy) -> f64 {
    // What is short by a rounding error is not short by a pack.
    let wanted = short - 1e-9 * short.abs();
    if wanted <= 0.0 {
        return 0.0;
    }
    let wanted = wanted.max(policy.least);
    if policy.pack > 0.0 {
        (wanted / policy.pack).ceil() * policy.pack
    } else {
        wanted
    }
}

#[cfg(test)]
mod tests;
