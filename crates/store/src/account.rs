//! People, sessions, API keys and the set-up token. Every secret arrives hashed.

use api::{ApiKey, Instant, KeyId, Role, User, UserId};
use sqlx::FromRow;

use crate::convert::{changed, instant, of_json, to_json, u32_of};
use crate::db::{column, execute, read, rows, run, write};
use crate::{Result, Store, StoreError};

/// A person to be added.
#[derive(Clone, Copy)]
pub struct NewAccount<'a> {
    /// The person.
    pub id: &'a UserId,
    /// Their address; the store lower-cases it.
    pub email: &'a str,
    /// What they may do.
    pub role: Role,
    /// Their password, hashed.
    pub password_hash: &'a str,
}

impl std::fmt::Debug for NewAccount<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAccount")
            .field("id", self.id)
            .finish_non_exhaustive()
    }
}

#[derive(FromRow)]
struct AccountRow {
    id: String,
    email: String,
    role: String,
    password_hash: String,
    created_at: i64,
    last_seen_at: Option<i64>,
}

impl AccountRow {
    fn user(self) -> Result<User> {
        Ok(User {
            id: self.id.into(),
            email: self.email,
            role: self.role.parse::<Role>().map_err(StoreError::decode)?,
            created_at: Instant(self.created_at),
            last_seen_at: instant(self.last_seen_at),
        })
    }
}

#[derive(FromRow)]
struct KeyRow {
    id: String,
    name: String,
    prefix: String,
    scopes: String,
    rate: Option<i64>,
    created_at: i64,
    last_used_at: Option<i64>,
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
        })
    }
}

macro_rules! account_sql {
    ($tail:literal) => {
        concat!(
            "select a.id, a.email, a.role, a.password_hash, a.created_at, a.last_seen_at from account a ",
            $tail
        )
    };
}

macro_rules! key_sql {
    ($tail:literal) => {
        concat!(
            "select id, name, prefix, scopes, rate, created_at, last_used_at from api_key ",
            $tail
        )
    };
}

const INSERT_ACCOUNT: &str =
    "insert into account (id, email, role, password_hash, created_at) values ($1, $2, $3, $4, $5)";

/// People.
impl Store {
    /// How many administrators there are.
    pub async fn count_admins(&self) -> Result<u32> {
        let sql = "select count(*) from account where role = 'admin'";
        let count: i64 = read!(self, db => column(sql).fetch_one(&mut *db).await?);
        Ok(u32_of(count))
    }

    /// Adds a person. A second one with the same address is `Unique { "account_email_key" }`.
    pub async fn insert_user(&self, new: &NewAccount<'_>, now: Instant) -> Result<User> {
        let email = new.email.trim().to_lowercase();
        execute!(
            self,
            INSERT_ACCOUNT,
            new.id.as_str(),
            &email,
            new.role.as_str(),
            new.password_hash,
            now.micros()
        );
        Ok(User {
            id: new.id.clone(),
            email,
            role: new.role,
            created_at: now,
            last_seen_at: None,
        })
    }

    /// The person with that address in any spelling, and their password's hash.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<(User, String)>> {
        let email = email.trim().to_lowercase();
        let sql = account_sql!("where a.email = $1");
        let row: Option<AccountRow> =
            read!(self, db => rows(sql).bind(&email).fetch_optional(&mut *db).await?);
        row.map(|mut row| {
            let hash = std::mem::take(&mut row.password_hash);
            Ok((row.user()?, hash))
        })
        .transpose()
    }

    /// The person.
    pub async fn user(&self, id: &UserId) -> Result<Option<User>> {
        self.account(id).await?.map(AccountRow::user).transpose()
    }

    /// The hash of their password.
    pub async fn password_hash(&self, id: &UserId) -> Result<Option<String>> {
        Ok(self.account(id).await?.map(|row| row.password_hash))
    }

    async fn account(&self, id: &UserId) -> Result<Option<AccountRow>> {
        let sql = account_sql!("where a.id = $1");
        Ok(read!(self, db => rows(sql).bind(id.as_str()).fetch_optional(&mut *db).await?))
    }

    /// Everyone, oldest first.
    pub async fn users(&self) -> Result<Vec<User>> {
        let sql = account_sql!("order by a.created_at, a.id");
        let found: Vec<AccountRow> = read!(self, db => rows(sql).fetch_all(&mut *db).await?);
        found.into_iter().map(AccountRow::user).collect()
    }

    /// Removes a person and their sessions. Answers whether they were there.
    pub async fn delete_user(&self, id: &UserId) -> Result<bool> {
        let sql = "delete from account where id = $1";
        Ok(execute!(self, sql, id.as_str()) > 0)
    }

    /// Removes a person unless they are the last administrator. Answers whether it did.
    pub async fn delete_user_unless_last_admin(&self, id: &UserId) -> Result<bool> {
        // Two requests that remove the last two administrators must not both see the other one:
        // touching every administrator's row first makes them wait for each other on PostgreSQL.
        let lock = "update account set role = role where role = 'admin'";
        let sql = "delete from account where id = $1 and (role <> 'admin' or exists
            (select 1 from account other where other.role = 'admin' and other.id <> $1))";
        write!(self, db => {
            run(lock).execute(&mut *db).await?;
            let done = run(sql).bind(id.as_str()).execute(&mut *db).await?.rows_affected();
            if done == 0 {
                return Ok(false);
            }
        });
        Ok(true)
    }

    /// Sets a person's password.
    pub async fn set_password_hash(&self, id: &UserId, hash: &str) -> Result<()> {
        let sql = "update account set password_hash = $2 where id = $1";
        changed(execute!(self, sql, id.as_str(), hash))
    }

    /// Remembers that a person signed in.
    pub async fn touch_user(&self, id: &UserId, now: Instant) -> Result<()> {
        let sql = "update account set last_seen_at = $2 where id = $1";
        execute!(self, sql, id.as_str(), now.micros());
        Ok(())
    }
}

/// Sessions.
impl Store {
    /// Opens a session. `Missing` where the person is gone.
    pub async fn insert_session(
        &self,
        token_hash: &str,
        user: &UserId,
        created: Instant,
        expires: Instant,
    ) -> Result<()> {
        let sql = "insert into session (token_hash, user_id, created_at, expires_at)
            values ($1, $2, $3, $4)";
        execute!(
            self,
            sql,
            token_hash,
            user.as_str(),
            created.micros(),
            expires.micros()
        );
        Ok(())
    }

    /// Who holds a session that is still good.
    pub async fn session_user(&self, token_hash: &str, now: Instant) -> Result<Option<User>> {
        let sql = account_sql!(
            "join session s on s.user_id = a.id where s.token_hash = $1 and s.expires_at > $2"
        );
        let row: Option<AccountRow> = read!(self, db => rows(sql)
            .bind(token_hash)
            .bind(now.micros())
            .fetch_optional(&mut *db)
            .await?);
        row.map(AccountRow::user).transpose()
    }

    /// Ends a session. Answers whether it was there.
    pub async fn delete_session(&self, token_hash: &str) -> Result<bool> {
        let sql = "delete from session where token_hash = $1";
        Ok(execute!(self, sql, token_hash) > 0)
    }

    /// Ends a person's sessions, except the one with that token; answers how many.
    pub async fn delete_sessions_of(&self, user: &UserId, except: Option<&str>) -> Result<u64> {
        let sql = "delete from session where user_id = $1 and token_hash <> $2";
        // No hash is empty, so an empty one spares nothing.
        Ok(execute!(
            self,
            sql,
            user.as_str(),
            except.unwrap_or_default()
        ))
    }

    /// Forgets sessions that are no longer good; answers how many.
    pub async fn delete_expired_sessions(&self, now: Instant) -> Result<u64> {
        let sql = "delete from session where expires_at <= $1";
        Ok(execute!(self, sql, now.micros()))
    }
}

/// API keys.
impl Store {
    /// Adds a key.
    pub async fn insert_key(&self, key: &ApiKey, secret_hash: &str) -> Result<()> {
        let sql = "insert into api_key (id, name, prefix, scopes, secret_hash, created_at, rate)
            values ($1, $2, $3, $4, $5, $6, $7)";
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
            key.rate.map(i64::from)
        );
        Ok(())
    }

    /// The key with that secret.
    pub async fn key_by_hash(&self, secret_hash: &str) -> Result<Option<ApiKey>> {
        let sql = key_sql!("where secret_hash = $1");
        let row: Option<KeyRow> =
            read!(self, db => rows(sql).bind(secret_hash).fetch_optional(&mut *db).await?);
        row.map(KeyRow::key).transpose()
    }

    /// Every key, newest first.
    pub async fn keys(&self) -> Result<Vec<ApiKey>> {
        let sql = key_sql!("order by created_at desc, id desc");
        let found: Vec<KeyRow> = read!(self, db => rows(sql).fetch_all(&mut *db).await?);
        found.into_iter().map(KeyRow::key).collect()
    }

    /// Makes a key useless. Answers whether it was there.
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

const TAKE_TOKEN: &str = "delete from set_up_token where hash = $1";

/// The set-up token.
impl Store {
    /// Makes this the one set-up token that is good.
    pub async fn put_setup_token(&self, hash: &str, now: Instant) -> Result<()> {
        let sql = "insert into set_up_token (one, hash, created_at) values (1, $1, $2)
            on conflict (one) do update set hash = excluded.hash, created_at = excluded.created_at";
        execute!(self, sql, hash, now.micros());
        Ok(())
    }

    /// Uses the set-up token up. Answers whether it was good.
    pub async fn take_setup_token(&self, hash: &str) -> Result<bool> {
        Ok(execute!(self, TAKE_TOKEN, hash) > 0)
    }

    /// Uses the set-up token up and adds the administrator, if the token is good and there is no
    /// administrator yet; otherwise answers `false` and changes nothing.
    /// Of two at the same time, one wins.
    pub async fn claim(
        &self,
        token_hash: &str,
        new: &NewAccount<'_>,
        now: Instant,
    ) -> Result<bool> {
        let email = new.email.trim().to_lowercase();
        let admins = "select count(*) from account where role = 'admin'";
        write!(self, db => {
            // Deleting the token comes first: on PostgreSQL the second claim waits here for the
            // first, and then finds no token.
            let token = run(TAKE_TOKEN).bind(token_hash).execute(&mut *db).await?.rows_affected();
            let admins: i64 = column(admins).fetch_one(&mut *db).await?;
            if token == 0 || admins > 0 {
                return Ok(false);
            }
            run(INSERT_ACCOUNT)
                .bind(new.id.as_str())
                .bind(&email)
                .bind(Role::Admin.as_str())
                .bind(new.password_hash)
                .bind(now.micros())
                .execute(&mut *db)
                .await?;
        });
        Ok(true)
    }
}
