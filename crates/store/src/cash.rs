//! How the company's cash is foreseen, and the payments that are known beforehand.

use api::{CashChange, CashItemId, CashSide, CashTerms, SeriesId, SourceId};
use sqlx::FromRow;

use crate::convert::{changed, clean, of_word, to_word, u32_of};
use crate::db::{execute, read, rows, run, write};
use crate::{Result, Store};

#[derive(FromRow)]
struct TermsRow {
    account_id: String,
    inflow_id: Option<String>,
    outflow_id: Option<String>,
    in_days: i64,
    out_days: i64,
    late_days: i64,
}

#[derive(FromRow)]
struct ItemRow {
    id: String,
    side: String,
    name: String,
    minor: i64,
    currency: String,
    due: String,
}

impl ItemRow {
    fn item(self) -> Result<(CashItemId, CashChange)> {
        let says = CashChange {
            side: of_word(&self.side)?,
            name: self.name,
            minor: self.minor,
            currency: self.currency,
            due: self.due,
        };
        Ok((CashItemId(self.id), says))
    }
}

const INSERT: &str = "insert into cash_item (id, side, name, minor, currency, due, source_id)
    values ($1, $2, $3, $4, $5, $6, $7)";

/// Puts a payment in, within a transaction.
macro_rules! put_item {
    ($db:ident, $id:expr, $item:expr, $source:expr) => {
        run(INSERT)
            .bind($id.as_str())
            .bind(to_word(&$item.side)?)
            .bind(clean(&$item.name))
            .bind($item.minor)
            .bind(&$item.currency)
            .bind(&$item.due)
            .bind($source.map(SourceId::as_str))
            .execute(&mut *$db)
            .await?
    };
}

impl Store {
    /// How cash is foreseen, where somebody has said so.
    pub async fn cash_terms(&self) -> Result<Option<CashTerms>> {
        // One whose source is being removed is as good as gone.
        let sql =
            "select c.account_id, c.inflow_id, c.outflow_id, c.in_days, c.out_days, c.late_days
            from cash_terms c join series s on s.id = c.account_id
            join source src on src.id = s.source_id
            where c.id = 1 and not src.deleting";
        let found: Option<TermsRow> = read!(self, db => rows(sql).fetch_optional(&mut *db).await?);
        Ok(found.map(|row| CashTerms {
            account: SeriesId(row.account_id),
            inflow: row.inflow_id.map(SeriesId),
            outflow: row.outflow_id.map(SeriesId),
            in_days: u32_of(row.in_days),
            out_days: u32_of(row.out_days),
            late_days: u32_of(row.late_days),
        }))
    }

    /// Says how cash is foreseen.
    pub async fn put_cash_terms(&self, terms: &CashTerms) -> Result<()> {
        let sql = "insert into cash_terms
                (id, account_id, inflow_id, outflow_id, in_days, out_days, late_days)
            values (1, $1, $2, $3, $4, $5, $6)
            on conflict (id) do update set account_id = excluded.account_id,
                inflow_id = excluded.inflow_id, outflow_id = excluded.outflow_id,
                in_days = excluded.in_days, out_days = excluded.out_days,
                late_days = excluded.late_days";
        changed(execute!(
            self,
            sql,
            terms.account.as_str(),
            terms.inflow.as_ref().map(SeriesId::as_str),
            terms.outflow.as_ref().map(SeriesId::as_str),
            i64::from(terms.in_days),
            i64::from(terms.out_days),
            i64::from(terms.late_days),
        ))
    }

    /// Forgets how cash is foreseen. `Missing` where nobody had said so.
    pub async fn delete_cash_terms(&self) -> Result<()> {
        changed(execute!(self, "delete from cash_terms where id = 1"))
    }

    /// Every payment that is known, the earliest first.
    pub async fn cash_items(&self) -> Result<Vec<(CashItemId, CashChange)>> {
        let sql = "select i.id, i.side, i.name, i.minor, i.currency, i.due from cash_item i
            left join source src on src.id = i.source_id
            where src.id is null or not src.deleting order by i.due, i.id";
        let found: Vec<ItemRow> = read!(self, db => rows(sql).fetch_all(&mut *db).await?);
        found.into_iter().map(ItemRow::item).collect()
    }

    /// Adds a payment; one of the demo company says its source and goes with it.
    pub async fn insert_cash_item(
        &self,
        id: &CashItemId,
        item: &CashChange,
        source: Option<&SourceId>,
    ) -> Result<()> {
        write!(self, db => {
            put_item!(db, id, item, source);
        });
        Ok(())
    }

    /// Takes a payment away. `Missing` where there is none.
    pub async fn delete_cash_item(&self, id: &CashItemId) -> Result<()> {
        let sql = "delete from cash_item where id = $1";
        changed(execute!(self, sql, id.as_str()))
    }

    /// Puts these in the place of all payments that go their way.
    pub async fn replace_cash_items(
        &self,
        side: CashSide,
        items: &[(CashItemId, CashChange)],
    ) -> Result<()> {
        let turn = "update cash_turn set turn = turn + 1 where id = 1";
        let sql = "delete from cash_item where side = $1";
        write!(self, db => {
            run(turn).execute(&mut *db).await?;
            run(sql).bind(to_word(&side)?).execute(&mut *db).await?;
            for (id, item) in items {
                put_item!(db, id, item, None::<&SourceId>);
            }
        });
        Ok(())
    }
}
