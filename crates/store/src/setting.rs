//! Settings of the installation: a name and any value.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::convert::{of_json, to_json};
use crate::db::{column, execute, read};
use crate::{Result, Store};

impl Store {
    /// The setting's value; `None` where it was never set.
    pub async fn setting<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        let sql = "select value from setting where key = $1";
        let text: Option<String> =
            read!(self, db => column(sql).bind(key).fetch_optional(&mut *db).await?);
        text.as_deref().map(of_json).transpose()
    }

    /// Sets it.
    pub async fn put_setting<T: Serialize + Sync>(&self, key: &str, value: &T) -> Result<()> {
        let text = to_json(value)?;
        let sql = "insert into setting (key, value) values ($1, $2)
            on conflict (key) do update set value = excluded.value";
        execute!(self, sql, key, &text);
        Ok(())
    }

    /// Sets it, unless it is set already.
    pub async fn put_new_setting<T: Serialize + Sync>(&self, key: &str, value: &T) -> Result<()> {
        let text = to_json(value)?;
        let sql = "insert into setting (key, value) values ($1, $2) on conflict (key) do nothing";
        execute!(self, sql, key, &text);
        Ok(())
    }

    /// Forgets it. Answers whether it was set.
    pub async fn delete_setting(&self, key: &str) -> Result<bool> {
        let sql = "delete from setting where key = $1";
        Ok(execute!(self, sql, key) > 0)
    }
}
