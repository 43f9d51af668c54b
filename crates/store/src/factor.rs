//! Second factors. Secrets arrive sealed, recovery codes hashed.

use api::{Instant, UserId};
use sqlx::FromRow;

use crate::convert::{changed, instant, u32_of};
use crate::db::{column, execute, read, rows, run, write};
use crate::{Result, Store};

/// An authenticator as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredTotp {
    /// Its secret, sealed.
    pub secret: String,
    /// When it was begun.
    pub created_at: Instant,
    /// When its first code was given; `None` before.
    pub confirmed_at: Option<Instant>,
}

impl std::fmt::Debug for StoredTotp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredTotp")
            .field("confirmed_at", &self.confirmed_at)
            .finish_non_exhaustive()
    }
}

#[derive(FromRow)]
struct TotpRow {
    secret: String,
    created_at: i64,
    confirmed_at: Option<i64>,
}

const FORGET_CODES: &str = "delete from recovery_code where user_id = $1";
const ADD_CODE: &str = "insert into recovery_code (user_id, code_hash) values ($1, $2)";

/// Authenticators and recovery codes.
impl Store {
    /// Begins an authenticator in the place of one that was begun and never confirmed. Answers
    /// `false`, and changes nothing, where there is a confirmed one.
    pub async fn begin_totp(&self, user: &UserId, sealed: &str, now: Instant) -> Result<bool> {
        let sql = "insert into totp (user_id, secret, created_at) values ($1, $2, $3)
            on conflict (user_id) do update
            set secret = excluded.secret, created_at = excluded.created_at, last_step = 0
            where totp.confirmed_at is null";
        Ok(execute!(self, sql, user.as_str(), sealed, now.micros()) > 0)
    }

    /// A person's authenticator, confirmed or not.
    pub async fn totp(&self, user: &UserId) -> Result<Option<StoredTotp>> {
        let sql = "select secret, created_at, confirmed_at from totp where user_id = $1";
        let row: Option<TotpRow> =
            read!(self, db => rows(sql).bind(user.as_str()).fetch_optional(&mut *db).await?);
        Ok(row.map(|row| StoredTotp {
            secret: row.secret,
            created_at: Instant(row.created_at),
            confirmed_at: instant(row.confirmed_at),
        }))
    }

    /// Confirms the authenticator that was begun, uses up the step of the code that did, and keeps
    /// these recovery codes. Answers `false` where there is none to confirm.
    pub async fn confirm_totp(
        &self,
        user: &UserId,
        step: i64,
        code_hashes: &[String],
        now: Instant,
    ) -> Result<bool> {
        let confirm = "update totp set confirmed_at = $2, last_step = $3
            where user_id = $1 and confirmed_at is null";
        write!(self, db => {
            let done = run(confirm)
                .bind(user.as_str())
                .bind(now.micros())
                .bind(step)
                .execute(&mut *db)
                .await?
                .rows_affected();
            if done == 0 {
                return Ok(false);
            }
            run(FORGET_CODES).bind(user.as_str()).execute(&mut *db).await?;
            for hash in code_hashes {
                run(ADD_CODE).bind(user.as_str()).bind(hash).execute(&mut *db).await?;
            }
        });
        Ok(true)
    }

    /// Uses a step of a person's authenticator up. Answers whether it was still unused: of two who
    /// give the same code at once, one is told so.
    pub async fn use_totp_step(&self, user: &UserId, step: i64) -> Result<bool> {
        let sql = "update totp set last_step = $2
            where user_id = $1 and confirmed_at is not null and last_step < $2";
        Ok(execute!(self, sql, user.as_str(), step) > 0)
    }

    /// Uses a recovery code up. Answers whether it was there.
    pub async fn use_recovery_code(&self, user: &UserId, code_hash: &str) -> Result<bool> {
        let sql = "delete from recovery_code where user_id = $1 and code_hash = $2";
        Ok(execute!(self, sql, user.as_str(), code_hash) > 0)
    }

    /// How many recovery codes a person has left.
    pub async fn recovery_codes_left(&self, user: &UserId) -> Result<u32> {
        let sql = "select count(*) from recovery_code where user_id = $1";
        let left: i64 =
            read!(self, db => column(sql).bind(user.as_str()).fetch_one(&mut *db).await?);
        Ok(u32_of(left))
    }

    /// Puts these recovery codes in the place of the old ones.
    pub async fn put_recovery_codes(&self, user: &UserId, code_hashes: &[String]) -> Result<()> {
        write!(self, db => {
            run(FORGET_CODES).bind(user.as_str()).execute(&mut *db).await?;
            for hash in code_hashes {
                run(ADD_CODE).bind(user.as_str()).bind(hash).execute(&mut *db).await?;
            }
        });
        Ok(())
    }

    /// Forgets a person's authenticator and recovery codes. `Missing` where the person is gone.
    pub async fn delete_factors(&self, user: &UserId) -> Result<()> {
        self.forget_factors(user, false).await
    }

    /// Forgets a person's authenticator, recovery codes and passkeys. `Missing` where the person is
    /// gone.
    pub async fn reset_factors(&self, user: &UserId) -> Result<()> {
        self.forget_factors(user, true).await
    }

    async fn forget_factors(&self, user: &UserId, passkeys_too: bool) -> Result<()> {
        let there = write!(self, db => {
            if passkeys_too {
                run("delete from passkey where user_id = $1")
                    .bind(user.as_str())
                    .execute(&mut *db)
                    .await?;
            }
            run("delete from totp where user_id = $1").bind(user.as_str()).execute(&mut *db).await?;
            run(FORGET_CODES).bind(user.as_str()).execute(&mut *db).await?;
            run("update account set role = role where id = $1")
                .bind(user.as_str())
                .execute(&mut *db)
                .await?
                .rows_affected()
        });
        changed(there)
    }
}
