//! How stocks are bought, and what was ordered of them.

use api::{Instant, Price, SeriesId, SupplyTerms};
use sqlx::FromRow;

use crate::convert::{changed, clean, instant, u32_of};
use crate::db::{execute, read, rows};
use crate::{Result, Store};

/// What is kept of a stock.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredSupply {
    /// The stock.
    pub series: SeriesId,
    /// How it is bought.
    pub terms: SupplyTerms,
    /// What was ordered of it.
    pub order: Option<StoredOrder>,
}

/// What was ordered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StoredOrder {
    /// How much.
    pub quantity: f64,
    /// When.
    pub ordered_at: Instant,
    /// When it is expected.
    pub due: Instant,
}

#[derive(FromRow)]
struct SupplyRow {
    series_id: String,
    demand_id: Option<String>,
    supplier: String,
    item: String,
    lead_days: i64,
    late_days: i64,
    cover_days: i64,
    service_percent: f64,
    pack: f64,
    least: f64,
    price_minor: Option<i64>,
    price_currency: Option<String>,
    ordered: Option<f64>,
    ordered_at: Option<i64>,
    due_at: Option<i64>,
}

impl SupplyRow {
    fn supply(self) -> StoredSupply {
        let price = self.price_minor.zip(self.price_currency);
        let order = self.ordered.zip(instant(self.ordered_at));
        let order = order.zip(instant(self.due_at));
        StoredSupply {
            series: SeriesId(self.series_id),
            terms: SupplyTerms {
                demand: self.demand_id.map(SeriesId),
                supplier: self.supplier,
                item: self.item,
                lead_days: u32_of(self.lead_days),
                late_days: u32_of(self.late_days),
                cover_days: u32_of(self.cover_days),
                service_percent: self.service_percent,
                pack: self.pack,
                least: self.least,
                price: price.map(|(minor, currency)| Price { minor, currency }),
            },
            order: order.map(|((quantity, ordered_at), due)| StoredOrder {
                quantity,
                ordered_at,
                due,
            }),
        }
    }
}

macro_rules! supply_sql {
    ($where:literal) => {
        concat!(
            "select p.series_id, p.demand_id, p.supplier, p.item, p.lead_days, p.late_days,
                p.cover_days, p.service_percent, p.pack, p.least, p.price_minor,
                p.price_currency, p.ordered, p.ordered_at, p.due_at from supply p ",
            $where
        )
    };
}

impl Store {
    /// How every stock is bought of which somebody has said so.
    pub async fn supplies(&self) -> Result<Vec<StoredSupply>> {
        let sql = supply_sql!("order by p.series_id");
        let found: Vec<SupplyRow> = read!(self, db => rows(sql).fetch_all(&mut *db).await?);
        Ok(found.into_iter().map(SupplyRow::supply).collect())
    }

    /// How a stock is bought.
    pub async fn supply(&self, id: &SeriesId) -> Result<Option<StoredSupply>> {
        let sql = supply_sql!("where p.series_id = $1");
        let found: Option<SupplyRow> =
            read!(self, db => rows(sql).bind(id.as_str()).fetch_optional(&mut *db).await?);
        Ok(found.map(SupplyRow::supply))
    }

    /// Says how a stock is bought; what was ordered stays.
    pub async fn put_supply(&self, id: &SeriesId, terms: &SupplyTerms) -> Result<()> {
        let sql = "insert into supply (series_id, demand_id, supplier, item, lead_days, late_days,
                cover_days, service_percent, pack, least, price_minor, price_currency)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            on conflict (series_id) do update set demand_id = excluded.demand_id,
                supplier = excluded.supplier, item = excluded.item,
                lead_days = excluded.lead_days, late_days = excluded.late_days,
                cover_days = excluded.cover_days, service_percent = excluded.service_percent,
                pack = excluded.pack, least = excluded.least,
                price_minor = excluded.price_minor, price_currency = excluded.price_currency";
        let (supplier, item) = (clean(&terms.supplier), clean(&terms.item));
        let price = terms.price.as_ref();
        changed(execute!(
            self,
            sql,
            id.as_str(),
            terms.demand.as_ref().map(SeriesId::as_str),
            &supplier,
            &item,
            i64::from(terms.lead_days),
            i64::from(terms.late_days),
            i64::from(terms.cover_days),
            terms.service_percent,
            terms.pack,
            terms.least,
            price.map(|price| price.minor),
            price.map(|price| price.currency.as_str()),
        ))
    }

    /// Forgets how a stock is bought. `Missing` where nobody had said so.
    pub async fn delete_supply(&self, id: &SeriesId) -> Result<()> {
        let sql = "delete from supply where series_id = $1";
        changed(execute!(self, sql, id.as_str()))
    }

    /// Notes what was ordered of a stock, or that nothing is. `Missing` where nobody has said how it is bought.
    pub async fn put_order(&self, id: &SeriesId, order: Option<StoredOrder>) -> Result<()> {
        let sql = "update supply set ordered = $2, ordered_at = $3, due_at = $4
            where series_id = $1";
        changed(execute!(
            self,
            sql,
            id.as_str(),
            order.map(|order| order.quantity),
            order.map(|order| order.ordered_at.micros()),
            order.map(|order| order.due.micros()),
        ))
    }
}
