//! The company's cash over the next thirteen weeks: what is known to fall due, and what usually comes and goes.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Caller, CashItemId, Instant, Result, Series, SeriesId, WhyUnknown};

/// How many weeks are foreseen.
pub const CASH_WEEKS: u32 = 13;
/// The most payments that are kept.
pub const MOST_CASH_ITEMS: usize = 2_000;
/// The most days that only what is entered counts, and that customers are late.
pub const LONGEST_CASH_DAYS: u32 = 366;

/// How cash is foreseen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CashTerms {
    /// The series of the account's balance.
    pub account: SeriesId,
    /// The series of what comes in; of what comes in less what goes out where no `outflow` is given. Without it the
    /// account's own changes say what usually comes and goes.
    pub inflow: Option<SeriesId>,
    /// The series of what goes out, as numbers above zero; none without `inflow`.
    pub outflow: Option<SeriesId>,
    /// Within so many days nothing comes in but what is entered; 0 where that comes on top of what usually does, as it
    /// has to where there is no `outflow`.
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 366))]
    pub in_days: u32,
    /// The same of what goes out.
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 366))]
    pub out_days: u32,
    /// So many days after they should, customers usually pay.
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 366))]
    pub late_days: u32,
}

/// Which way money goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum CashSide {
    /// Somebody owes it to the company.
    In,
    /// The company owes it.
    Out,
}

/// A payment that is known beforehand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CashChange {
    /// Which way it goes.
    pub side: CashSide,
    /// Who pays or is paid, and for what.
    #[cfg_attr(
        feature = "schema",
        schema(example = "Nordlicht Hotels, invoice 2026-118")
    )]
    pub name: String,
    /// How much, in minor units (cents); above zero.
    #[cfg_attr(feature = "schema", schema(minimum = 1, example = 500_000))]
    pub minor: i64,
    /// In which currency, ISO 4217: the account's.
    #[cfg_attr(feature = "schema", schema(example = "EUR"))]
    pub currency: String,
    /// The day on which it falls due, in UTC.
    #[cfg_attr(feature = "schema", schema(example = "2026-12-15"))]
    pub due: String,
}

/// A payment that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CashItem {
    /// It.
    pub id: CashItemId,
    /// What it says.
    pub says: CashChange,
    /// The day on which it is expected: what customers are later with than usual is expected in a week, what is overdue
    /// and goes out today.
    pub expected: Instant,
    /// Whether it should have been paid before today.
    pub overdue: bool,
}

/// A week of the line. Amounts are in major units of the account's currency.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CashWeek {
    /// Its first instant.
    pub begins: Instant,
    /// What is entered as coming in.
    pub entered_in: f64,
    /// What is entered as going out, above zero.
    pub entered_out: f64,
    /// What usually comes in less what usually goes out, from today on.
    pub usual: f64,
    /// The balance at its end.
    pub balance: f64,
    /// Below this in one of ten cases.
    pub lo80: f64,
    /// Above this in one of ten cases.
    pub hi80: f64,
    /// Below this in one of forty cases.
    pub lo95: f64,
    /// Above this in one of forty cases.
    pub hi95: f64,
}

/// A day's end and what is there then.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CashDay {
    /// The day, by its beginning.
    pub day: Instant,
    /// The balance that is expected at its end.
    pub balance: f64,
    /// The chance that it is below the floor then; 0 to 1.
    pub below: f64,
}

/// The next thirteen weeks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CashLine {
    /// The account's currency, ISO 4217.
    pub currency: String,
    /// What was there.
    pub opening: f64,
    /// When.
    pub opening_at: Instant,
    /// What must be there: the account's own limit where it has one that it may not fall to, 0 otherwise.
    pub floor: f64,
    /// Week by week.
    pub weeks: Vec<CashWeek>,
    /// The day at whose end least is expected to be there.
    pub lowest: CashDay,
    /// The first day at whose end less than the floor is expected; none where that is not so within the weeks.
    pub below: Option<CashDay>,
    /// The first day at whose end it is less in one of ten cases.
    pub below_early: Option<CashDay>,
    /// How far what usually comes and goes is foreseen; beyond it goes on as in its last four weeks.
    pub foreseen_until: Instant,
}

/// What is known of cash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CashState {
    /// Nobody has said which account it is.
    NoTerms,
    /// Nobody can say, and this is why.
    Unknown {
        /// Why.
        why: WhyUnknown,
    },
    /// This is expected.
    Ready {
        /// It.
        line: Box<CashLine>,
    },
}

/// The company's cash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CashView {
    /// The present.
    pub now: Instant,
    /// How it is foreseen; none where nobody has said.
    pub terms: Option<CashTerms>,
    /// The account.
    pub account: Option<Series>,
    /// The payments that are known, the earliest first.
    pub items: Vec<CashItem>,
    /// What is expected.
    pub state: CashState,
    /// Series that may be an account: identifier and title.
    pub accounts: Vec<(SeriesId, String)>,
    /// Series of money that comes or goes: identifier and title.
    pub flows: Vec<(SeriesId, String)>,
}

/// The company's cash over the next thirteen weeks.
#[async_trait]
pub trait Cash: Send + Sync {
    /// What is expected, and from what. Needs `monitoring:read`.
    async fn view(&self, caller: &Caller) -> Result<CashView>;
    /// The weeks as CSV. Needs `monitoring:read`.
    async fn sheet(&self, caller: &Caller) -> Result<String>;
    /// Says how cash is foreseen. Needs `monitoring:write`.
    async fn set_terms(&self, caller: &Caller, terms: CashTerms) -> Result<()>;
    /// Forgets how cash is foreseen; the payments stay. Needs `monitoring:write`.
    async fn remove_terms(&self, caller: &Caller) -> Result<()>;
    /// Adds a payment. Needs `monitoring:write`.
    async fn add_item(&self, caller: &Caller, item: CashChange) -> Result<CashItemId>;
    /// Takes a payment away: it was made, or will not be. Needs `monitoring:write`.
    async fn remove_item(&self, caller: &Caller, id: &CashItemId) -> Result<()>;
    /// Puts these in the place of all payments that go their way. Needs `monitoring:write`.
    async fn replace_items(
        &self,
        caller: &Caller,
        side: CashSide,
        items: Vec<CashChange>,
    ) -> Result<()>;
}
