//! The channel over LISTEN and NOTIFY.

use sqlx::postgres::PgListener;

use super::NAME;
use crate::db::Db;
use crate::{Result, StoreError};

/// Says those texts in one transaction, which keeps their order.
pub(super) async fn say(db: &Db, texts: &[String]) -> Result<()> {
    let Db::Postgres(pool) = db else {
        return Ok(());
    };
    let mut tx = pool.begin().await?;
    crate::db::run("select pg_notify($1, text) from unnest($2::text[]) with ordinality as said (text, place) order by place")
        .bind(NAME)
        .bind(texts)
        .execute(&mut *tx)
        .await?;
    Ok(tx.commit().await?)
}

/// A connection that listens.
pub(super) struct Listener(PgListener);

impl Listener {
    pub(super) async fn connect(db: &Db) -> Result<Self> {
        let Db::Postgres(pool) = db else {
            return Err(StoreError::Missing);
        };
        let mut listener = PgListener::connect_with(pool).await?;
        // A lost connection must be seen, and another one is the caller's business.
        listener.eager_reconnect(false);
        listener.listen(NAME).await?;
        Ok(Self(listener))
    }

    pub(super) async fn hear(&mut self) -> Option<String> {
        let heard = self.0.try_recv().await.ok().flatten();
        heard.map(|notification| notification.payload().to_owned())
    }
}
