//! What is to be bought or made anew: how a delivery goes, when to order, how much, and the working of it.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Caller, Instant, Result, Series, SeriesId, WhyUnknown};

/// The most days of a lead time, of a delay, and that an order is to last.
pub const LONGEST_SUPPLY_DAYS: u32 = 730;

/// How a stock is bought or made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SupplyTerms {
    /// The series of what is taken from the stock, such as its orders; none where the stock itself tells it by
    /// falling.
    pub demand: Option<SeriesId>,
    /// Who delivers; may be empty.
    #[cfg_attr(feature = "schema", schema(example = "Holz Maier"))]
    pub supplier: String,
    /// What the supplier calls it; may be empty.
    #[cfg_attr(feature = "schema", schema(example = "WT-40"))]
    pub item: String,
    /// Days from an order to the shelf, usually.
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 730))]
    pub lead_days: u32,
    /// Days that a delivery is late in one case of twenty.
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 730))]
    pub late_days: u32,
    /// Days that an order is to last once it is there.
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 730))]
    pub cover_days: u32,
    /// How likely stock is to last until the delivery, in hundredths.
    #[cfg_attr(feature = "schema", schema(minimum = 50, maximum = 99.9))]
    pub service_percent: f64,
    /// It is sold in multiples of so many; above zero.
    pub pack: f64,
    /// And not in less than so many; zero where any number is sold.
    #[cfg_attr(feature = "schema", schema(minimum = 0))]
    pub least: f64,
    /// What one costs.
    pub price: Option<Price>,
}

/// Money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Price {
    /// In minor units (cents); zero or more.
    #[cfg_attr(feature = "schema", schema(minimum = 0))]
    pub minor: i64,
    /// ISO 4217.
    #[cfg_attr(feature = "schema", schema(example = "EUR"))]
    pub currency: String,
}

/// That something was ordered.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OrderNote {
    /// How much; above zero.
    pub quantity: f64,
    /// When it is expected; its usual lead time from now unless said.
    pub due: Option<Instant>,
}

/// What was ordered and what has come of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OpenOrder {
    /// How much.
    pub quantity: f64,
    /// When it was ordered.
    pub ordered_at: Instant,
    /// When it is expected.
    pub due: Instant,
    /// By how much the stock has risen since: so much is taken to have come. All of it where no more than a tenth is
    /// missing, since what was taken on the day of a delivery hides as much.
    pub came: f64,
}

impl OpenOrder {
    /// How much is still to come.
    pub fn open(&self) -> f64 {
        (self.quantity - self.came).max(0.0)
    }
}

/// What to order, and how that was reckoned. Quantities are in the stock's unit, days are those of UTC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReorderAdvice {
    /// The last day on which the order is in time, by its beginning; none where none is due within a year.
    pub order_by: Option<Instant>,
    /// Whether the day has passed on which it would have been in time; it is due today then.
    pub overdue: bool,
    /// When what is ordered then is usually there.
    pub arrives: Option<Instant>,
    /// How much to order, in whole packs; 0 where none is due.
    pub quantity: f64,
    /// How much that was before it was made whole packs.
    pub short: f64,
    /// What was counted, above the limit.
    pub counted: f64,
    /// When.
    pub counted_at: Instant,
    /// What is left of it now, without what is expected to be gone since.
    pub left: f64,
    /// What is on its way.
    pub coming: f64,
    /// Expected to be taken from now until the delivery.
    pub until_delivery: f64,
    /// Expected to be taken while the order lasts.
    pub during_cover: f64,
    /// The safety stock.
    pub safety: f64,
    /// The stock, with what is on its way, at which an order of today would be due.
    pub reorder_point: f64,
    /// The chance that nothing is left before an order of today could be here, or what is on its way; 0 to 1.
    pub runs_out_before: f64,
    /// What it costs, where the price is known and fits.
    pub cost: Option<Price>,
    /// How far demand is foreseen; beyond it goes on as in its last four weeks.
    pub foreseen_until: Instant,
    /// Days of the reckoning that lie beyond that.
    pub beyond_days: f64,
}

/// What is known of ordering.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReorderState {
    /// Nobody has said how it is bought.
    NoTerms,
    /// Nobody can say what is taken, and this is why.
    Unknown {
        /// Why.
        why: WhyUnknown,
    },
    /// This is to be done.
    Ready {
        /// It.
        advice: Box<ReorderAdvice>,
    },
}

/// A stock and what to order of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Reorder {
    /// The stock.
    pub series: Series,
    /// How it is bought; none where nobody has said.
    pub terms: Option<SupplyTerms>,
    /// The title of the series of what is taken; none where the stock itself tells it.
    pub taken: Option<String>,
    /// What was ordered and has not all come.
    pub order: Option<OpenOrder>,
    /// What to do.
    pub state: ReorderState,
}

/// A stock, what to order of it, and where what is taken may be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReorderDetail {
    /// The stock.
    pub reorder: Reorder,
    /// Series whose values add up, those first whose labels are the stock's: identifier and title.
    pub demands: Vec<(SeriesId, String)>,
    /// The present.
    pub now: Instant,
}

/// Every stock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReorderList {
    /// The present.
    pub now: Instant,
    /// What is to be ordered first comes first; then what nobody can say, and what nobody has said how to buy.
    pub items: Vec<Reorder>,
}

/// Which lines of an order are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderSheet {
    /// Those that are due within so many days.
    pub within_days: u32,
}

impl OrderSheet {
    /// How far ahead lines are written unless somebody says.
    pub const DAYS: u32 = 7;
    /// How far ahead orders are foreseen.
    pub const MOST_DAYS: u32 = 366;
}

/// What is to be bought or made anew.
#[async_trait]
pub trait Reorders: Send + Sync {
    /// Every stock with what to order of it. Needs `monitoring:read`.
    async fn list(&self, caller: &Caller) -> Result<ReorderList>;
    /// One stock. Needs `monitoring:read`.
    async fn get(&self, caller: &Caller, id: &SeriesId) -> Result<ReorderDetail>;
    /// The lines of an order, as CSV, by supplier. Needs `monitoring:read`.
    async fn sheet(&self, caller: &Caller, sheet: OrderSheet) -> Result<String>;
    /// Says how a stock is bought. Needs `monitoring:write`.
    async fn set_terms(&self, caller: &Caller, id: &SeriesId, terms: SupplyTerms) -> Result<()>;
    /// Forgets how a stock is bought, and what was ordered of it. Needs `monitoring:write`.
    async fn remove_terms(&self, caller: &Caller, id: &SeriesId) -> Result<()>;
    /// Notes that something was ordered, in place of what was noted before. Needs `monitoring:write`.
    async fn note_order(&self, caller: &Caller, id: &SeriesId, note: OrderNote) -> Result<()>;
    /// Forgets what was ordered: it was called off, or all of it has come. Needs `monitoring:write`.
    async fn forget_order(&self, caller: &Caller, id: &SeriesId) -> Result<()>;
}
