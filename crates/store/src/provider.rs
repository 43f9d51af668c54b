//! Who somebody is at another place to sign in, and who is under way there.

use api::{Instant, User, UserId};
use sqlx::FromRow;

use crate::account::{AccountRow, account_sql};
use crate::db::{execute, read, rows, run, write};
use crate::{Result, Store};

/// What is remembered of somebody who is under way.
#[derive(Clone, PartialEq, Eq, FromRow)]
pub struct StoredTrip {
    /// What the ID token has to say.
    pub nonce: String,
    /// What proves that we sent them.
    pub verifier: String,
    /// Where they want to go.
    pub next: String,
}

impl std::fmt::Debug for StoredTrip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredTrip")
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Remembers somebody who is under way, and forgets who did not come back.
    pub async fn put_trip(
        &self,
        state_hash: &str,
        trip: &StoredTrip,
        now: Instant,
        expires_at: Instant,
    ) -> Result<()> {
        let sql = "insert into provider_trip (state_hash, nonce, verifier, next, expires_at)
            values ($1, $2, $3, $4, $5)";
        write!(self, db => {
            run("delete from provider_trip where expires_at <= $1")
                .bind(now.micros())
                .execute(&mut *db)
                .await?;
            run(sql)
                .bind(state_hash)
                .bind(&trip.nonce)
                .bind(&trip.verifier)
                .bind(&trip.next)
                .bind(expires_at.micros())
                .execute(&mut *db)
                .await?;
        });
        Ok(())
    }

    /// Ends a trip that is still good: the second who comes back with it finds none.
    pub async fn take_trip(&self, state_hash: &str, now: Instant) -> Result<Option<StoredTrip>> {
        let sql = "delete from provider_trip where state_hash = $1 and expires_at > $2
            returning nonce, verifier, next";
        Ok(write!(self, db => rows(sql)
            .bind(state_hash)
            .bind(now.micros())
            .fetch_optional(&mut *db)
            .await?))
    }

    /// Knows a person by what they are at the issuer's.
    pub async fn put_identity(&self, issuer: &str, subject: &str, user: &UserId) -> Result<()> {
        let sql = "insert into identity (issuer, subject, user_id) values ($1, $2, $3)
            on conflict (issuer, subject) do update set user_id = excluded.user_id";
        execute!(self, sql, issuer, subject, user.as_str());
        Ok(())
    }

    /// The person who is that at the issuer's, and whether they may not sign in.
    pub async fn identity(&self, issuer: &str, subject: &str) -> Result<Option<(User, bool)>> {
        let sql = account_sql!(
            "join identity i on i.user_id = a.id where i.issuer = $1 and i.subject = $2"
        );
        let row: Option<AccountRow> = read!(self, db => rows(sql)
            .bind(issuer)
            .bind(subject)
            .fetch_optional(&mut *db)
            .await?);
        row.map(|row| {
            let disabled = row.disabled_at.is_some();
            Ok((row.user()?, disabled))
        })
        .transpose()
    }
}
