//! Passkeys, and what browsers were asked to sign. Tokens arrive hashed.

use api::{Instant, Passkey, PasskeyId, User, UserId};
use sqlx::FromRow;

use crate::account::AccountRow;
use crate::convert::instant;
use crate::db::{execute, read, rows, run, write};
use crate::{Result, Store};

/// A passkey to be kept.
#[derive(Clone, Copy, Debug)]
pub struct NewPasskey<'a> {
    /// The passkey.
    pub id: &'a PasskeyId,
    /// Whose it is.
    pub user: &'a UserId,
    /// What they call it.
    pub name: &'a str,
    /// What the device calls it, in base64url.
    pub credential_id: &'a str,
    /// The public key and the counter of its signatures, as JSON.
    pub credential: &'a str,
    /// When it is made.
    pub created_at: Instant,
}

/// A passkey as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPasskey {
    /// What people see of it.
    pub passkey: Passkey,
    /// What the device calls it, in base64url.
    pub credential_id: String,
    /// The public key and the counter of its signatures, as JSON.
    pub credential: String,
}

/// Whose passkey it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyOwner {
    /// The person.
    pub user: User,
    /// Since when they may not sign in.
    pub disabled_at: Option<Instant>,
}

#[derive(FromRow)]
struct PasskeyRow {
    passkey_id: String,
    passkey_name: String,
    credential_id: String,
    credential: String,
    passkey_created_at: i64,
    last_used_at: Option<i64>,
}

impl PasskeyRow {
    fn stored(self) -> StoredPasskey {
        StoredPasskey {
            passkey: Passkey {
                id: self.passkey_id.into(),
                name: self.passkey_name,
                created_at: Instant(self.passkey_created_at),
                last_used_at: instant(self.last_used_at),
            },
            credential_id: self.credential_id,
            credential: self.credential,
        }
    }
}

#[derive(FromRow)]
struct OwnedRow {
    #[sqlx(flatten)]
    account: AccountRow,
    #[sqlx(flatten)]
    passkey: PasskeyRow,
}

/// Passkeys.
impl Store {
    /// Keeps a passkey. `Unique` where the device's key is here already.
    pub async fn insert_passkey(&self, new: &NewPasskey<'_>) -> Result<()> {
        let sql = "insert into passkey (id, user_id, name, credential_id, credential, created_at)
            values ($1, $2, $3, $4, $5, $6)";
        execute!(
            self,
            sql,
            new.id.as_str(),
            new.user.as_str(),
            new.name,
            new.credential_id,
            new.credential,
            new.created_at.micros()
        );
        Ok(())
    }

    /// A person's passkeys, oldest first.
    pub async fn passkeys_of(&self, user: &UserId) -> Result<Vec<StoredPasskey>> {
        let sql = "select id as passkey_id, name as passkey_name, credential_id, credential,
                created_at as passkey_created_at, last_used_at
            from passkey where user_id = $1 order by created_at, id";
        let found: Vec<PasskeyRow> =
            read!(self, db => rows(sql).bind(user.as_str()).fetch_all(&mut *db).await?);
        Ok(found.into_iter().map(PasskeyRow::stored).collect())
    }

    /// The passkey that a device calls so, and whose it is.
    pub async fn passkey_of_credential(
        &self,
        credential_id: &str,
    ) -> Result<Option<(StoredPasskey, PasskeyOwner)>> {
        let sql = "select a.id, a.email, a.role, r.name as role_name, r.grants as role_grants,
                a.password_hash, a.created_at, a.last_seen_at, a.disabled_at,
                p.id as passkey_id, p.name as passkey_name, p.credential_id, p.credential,
                p.created_at as passkey_created_at, p.last_used_at
            from passkey p join account a on a.id = p.user_id
                left join custom_role r on r.id = a.role
            where p.credential_id = $1";
        let row: Option<OwnedRow> =
            read!(self, db => rows(sql).bind(credential_id).fetch_optional(&mut *db).await?);
        row.map(|row| {
            let owner = PasskeyOwner {
                disabled_at: instant(row.account.disabled_at),
                user: row.account.user()?,
            };
            Ok((row.passkey.stored(), owner))
        })
        .transpose()
    }

    /// Remembers that a passkey was used, with its counter as it is now. Answers `false`, and
    /// changes nothing, where it was used or removed meanwhile: of two signatures with the same
    /// counter, one is told so.
    pub async fn use_passkey(
        &self,
        id: &PasskeyId,
        was: &str,
        credential: &str,
        now: Instant,
    ) -> Result<bool> {
        let sql = "update passkey set credential = $3, last_used_at = $4
            where id = $1 and credential = $2";
        Ok(execute!(self, sql, id.as_str(), was, credential, now.micros()) > 0)
    }

    /// Removes one of a person's passkeys. Answers whether it was there.
    pub async fn delete_passkey(&self, user: &UserId, id: &PasskeyId) -> Result<bool> {
        let sql = "delete from passkey where user_id = $1 and id = $2";
        Ok(execute!(self, sql, user.as_str(), id.as_str()) > 0)
    }
}

/// Challenges.
impl Store {
    /// Remembers what a browser was asked, in the place of what it was asked before, and forgets
    /// what nobody answered.
    pub async fn put_passkey_challenge(
        &self,
        holder: &str,
        state: &str,
        now: Instant,
        expires_at: Instant,
    ) -> Result<()> {
        let sql = "insert into passkey_challenge (holder, state, expires_at) values ($1, $2, $3)
            on conflict (holder) do update
            set state = excluded.state, expires_at = excluded.expires_at";
        write!(self, db => {
            run("delete from passkey_challenge where expires_at <= $1")
                .bind(now.micros())
                .execute(&mut *db)
                .await?;
            run(sql)
                .bind(holder)
                .bind(state)
                .bind(expires_at.micros())
                .execute(&mut *db)
                .await?;
        });
        Ok(())
    }

    /// Ends a challenge that is still good: the second answer to it finds none.
    pub async fn take_passkey_challenge(
        &self,
        holder: &str,
        now: Instant,
    ) -> Result<Option<String>> {
        let sql = "delete from passkey_challenge where holder = $1 and expires_at > $2
            returning state";
        let row: Option<(String,)> = write!(self, db => rows(sql)
            .bind(holder)
            .bind(now.micros())
            .fetch_optional(&mut *db)
            .await?);
        Ok(row.map(|(state,)| state))
    }
}
