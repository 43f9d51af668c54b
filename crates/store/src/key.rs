//! API keys and the tokens that they give. Every secret arrives hashed.

use api::{ApiKey, Instant, KeyId, Scope};
use sqlx::FromRow;

use crate::convert::{instant, of_json, to_json, u32_of};
use crate::db::{execute, read, rows, run, write};
use crate::{Result, Store};

#[derive(FromRow)]
struct KeyRow {
    id: String,
    name: String,
    prefix: String,
    scopes: String,
    rate: Option<i64>,
    created_at: i64,
    last_used_at: Option<i64>,
    expires_at: Option<i64>,
    old_secret_until: Option<i64>,
}

impl KeyRow {
    fn key(self) -> Result<ApiKey> {
        Ok(ApiKey {
            id: self.id.into(),
            name: self.name,
            prefix: self.prefix,
            scopes: of_json(&self.scopes)?,
            rate: self.rate.map(u32_of),
            created_at: Instant(self.created_at),
            last_used_at: instant(self.last_used_at),
            expires_at: instant(self.expires_at),
            old_secret_until: instant(self.old_secret_until),
        })
    }
}

macro_rules! key_sql {
    ($tail:literal) => {
        concat!(
            "select k.id, k.name, k.prefix, k.scopes, k.rate, k.created_at, k.last_used_at,
                k.expires_at, k.old_secret_until from api_key k ",
            $tail
        )
    };
}

/// API keys.
impl Store {
    /// Adds a key.
    pub async fn insert_key(&self, key: &ApiKey, secret_hash: &str) -> Result<()> {
        let sql = "insert into api_key
            (id, name, prefix, scopes, secret_hash, created_at, rate, expires_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8)";
        let scopes = to_json(&key.scopes)?;
        execute!(
            self,
            sql,
            key.id.as_str(),
            &key.name,
            &key.prefix,
            &scopes,
            secret_hash,
            key.created_at.micros(),
            key.rate.map(i64::from),
            key.expires_at.map(Instant::micros)
        );
        Ok(())
    }

    /// The key with that secret, or with that one before the last rotation, as long as both are good.
    pub async fn key_by_hash(&self, secret_hash: &str, now: Instant) -> Result<Option<ApiKey>> {
        let sql = key_sql!(
            "where (k.secret_hash = $1 or (k.old_secret_hash = $1 and k.old_secret_until > $2))
                and (k.expires_at is null or k.expires_at > $2)"
        );
        let row: Option<KeyRow> = read!(self, db => rows(sql)
            .bind(secret_hash)
            .bind(now.micros())
            .fetch_optional(&mut *db)
            .await?);
        row.map(KeyRow::key).transpose()
    }

    /// The key.
    pub async fn key(&self, id: &KeyId) -> Result<Option<ApiKey>> {
        let sql = key_sql!("where k.id = $1");
        let row: Option<KeyRow> =
            read!(self, db => rows(sql).bind(id.as_str()).fetch_optional(&mut *db).await?);
        row.map(KeyRow::key).transpose()
    }

    /// Every key, newest first.
    pub async fn keys(&self) -> Result<Vec<ApiKey>> {
        let sql = key_sql!("order by k.created_at desc, k.id desc");
        let found: Vec<KeyRow> = read!(self, db => rows(sql).fetch_all(&mut *db).await?);
        found.into_iter().map(KeyRow::key).collect()
    }

    /// Gives a key another secret; the one before stays good until then. Answers whether it was there.
    /// An older one before that is no longer good.
    pub async fn rotate_key(
        &self,
        id: &KeyId,
        secret_hash: &str,
        prefix: &str,
        old_until: Instant,
    ) -> Result<bool> {
        let sql = "update api_key set old_secret_hash = secret_hash, old_secret_until = $4,
            secret_hash = $2, prefix = $3 where id = $1";
        let done = execute!(
            self,
            sql,
            id.as_str(),
            secret_hash,
            prefix,
            old_until.micros()
        );
        Ok(done > 0)
    }

    /// Makes a key and its tokens useless. Answers whether it was there.
    pub async fn revoke_key(&self, id: &KeyId) -> Result<bool> {
        let sql = "delete from api_key where id = $1";
        Ok(execute!(self, sql, id.as_str()) > 0)
    }

    /// Remembers that a key was used.
    pub async fn touch_key(&self, id: &KeyId, now: Instant) -> Result<()> {
        let sql = "update api_key set last_used_at = $2 where id = $1";
        execute!(self, sql, id.as_str(), now.micros());
        Ok(())
    }
}

#[derive(FromRow)]
struct TokenRow {
    token_scopes: String,
    #[sqlx(flatten)]
    key: KeyRow,
}

/// Tokens.
impl Store {
    /// Adds a token, and forgets those that are no longer good. `Missing` where the key is gone.
    pub async fn insert_token(
        &self,
        token_hash: &str,
        key: &KeyId,
        scopes: &[Scope],
        now: Instant,
        expires: Instant,
    ) -> Result<()> {
        let old = "delete from access_token where expires_at <= $1";
        let sql = "insert into access_token (token_hash, key_id, scopes, expires_at)
            values ($1, $2, $3, $4)";
        let scopes = to_json(scopes)?;
        write!(self, db => {
            run(old).bind(now.micros()).execute(&mut *db).await?;
            run(sql)
                .bind(token_hash)
                .bind(key.as_str())
                .bind(&scopes)
                .bind(expires.micros())
                .execute(&mut *db)
                .await?;
        });
        Ok(())
    }

    /// The key that gave the token, and what the token is good for, as long as both are good.
    pub async fn token(
        &self,
        token_hash: &str,
        now: Instant,
    ) -> Result<Option<(ApiKey, Vec<Scope>)>> {
        let sql = "select t.scopes as token_scopes, k.id, k.name, k.prefix, k.scopes, k.rate,
                k.created_at, k.last_used_at, k.expires_at, k.old_secret_until
            from access_token t join api_key k on k.id = t.key_id
            where t.token_hash = $1 and t.expires_at > $2
                and (k.expires_at is null or k.expires_at > $2)";
        let row: Option<TokenRow> = read!(self, db => rows(sql)
            .bind(token_hash)
            .bind(now.micros())
            .fetch_optional(&mut *db)
            .await?);
        row.map(|row| Ok((row.key.key()?, of_json(&row.token_scopes)?)))
            .transpose()
    }
}
