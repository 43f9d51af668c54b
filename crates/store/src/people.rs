//! Everyone as a review sees them, and invitations.

use api::{Instant, Invitation, InvitationId, Person, Role, UserId};
use sqlx::FromRow;

use crate::account::{AccountRow, END_SESSIONS, NewAccount, role_of};
use crate::convert::{instant, u32_of};
use crate::db::{execute, read, rows, run, write};
use crate::{Result, Store};

#[derive(FromRow)]
struct PersonRow {
    #[sqlx(flatten)]
    account: AccountRow,
    totp: i64,
    passkeys: i64,
    strict: i64,
    sessions: i64,
}

#[derive(FromRow)]
struct InvitationRow {
    id: String,
    email: String,
    role: String,
    role_name: Option<String>,
    role_grants: Option<String>,
    user_id: Option<String>,
    invited_by: String,
    created_at: i64,
    expires_at: i64,
}

impl InvitationRow {
    fn invitation(self) -> Result<Invitation> {
        Ok(Invitation {
            id: self.id.into(),
            email: self.email,
            role: role_of(self.role, self.role_name, self.role_grants)?,
            of: self.user_id.map(UserId),
            invited_by: self.invited_by,
            created_at: Instant(self.created_at),
            expires_at: Instant(self.expires_at),
        })
    }
}

macro_rules! invitation_sql {
    ($tail:literal) => {
        concat!(
            "select i.id, i.email, i.role, r.name as role_name, r.grants as role_grants,
                i.user_id, i.invited_by, i.created_at, i.expires_at
            from invitation i left join custom_role r on r.id = i.role ",
            $tail
        )
    };
}

impl Store {
    /// Everyone, oldest first, with the sessions that were used since `idle_since`.
    pub async fn people(&self, now: Instant, idle_since: Instant) -> Result<Vec<Person>> {
        let sql = "select a.id, a.email, a.role, r.name as role_name, r.grants as role_grants,
                a.password_hash, a.created_at, a.last_seen_at, a.disabled_at,
                (select count(*) from totp t
                    where t.user_id = a.id and t.confirmed_at is not null) as totp,
                (select count(*) from passkey k where k.user_id = a.id) as passkeys,
                (select count(*) from strict_role w where w.role = a.role) as strict,
                (select count(*) from session s where s.user_id = a.id
                    and s.expires_at > $1 and s.last_used_at > $2) as sessions
            from account a left join custom_role r on r.id = a.role
            order by a.created_at, a.id";
        let found: Vec<PersonRow> = read!(self, db => rows(sql)
            .bind(now.micros())
            .bind(idle_since.micros())
            .fetch_all(&mut *db)
            .await?);
        found
            .into_iter()
            .map(|row| {
                Ok(Person {
                    disabled_at: instant(row.account.disabled_at),
                    user: row.account.user()?,
                    totp: row.totp > 0,
                    passkeys: u32_of(row.passkeys),
                    needs_factor: row.strict > 0,
                    sessions: u32_of(row.sessions),
                })
            })
            .collect()
    }

    /// Keeps an invitation; one for the same address gives way.
    pub async fn put_invitation(&self, new: &Invitation, token_hash: &str) -> Result<()> {
        let sql = "insert into invitation
            (id, email, role, token_hash, invited_by, created_at, expires_at, user_id)
            values ($1, $2, $3, $4, $5, $6, $7, $8)";
        write!(self, db => {
            run("delete from invitation where email = $1")
                .bind(&new.email)
                .execute(&mut *db)
                .await?;
            run(sql)
                .bind(new.id.as_str())
                .bind(&new.email)
                .bind(new.role.as_str())
                .bind(token_hash)
                .bind(&new.invited_by)
                .bind(new.created_at.micros())
                .bind(new.expires_at.micros())
                .bind(new.of.as_ref().map(UserId::as_str))
                .execute(&mut *db)
                .await?;
        });
        Ok(())
    }

    /// The invitations that are still good, newest first.
    pub async fn invitations(&self, now: Instant) -> Result<Vec<Invitation>> {
        let sql = invitation_sql!("where i.expires_at > $1 order by i.created_at desc, i.id desc");
        let found: Vec<InvitationRow> =
            read!(self, db => rows(sql).bind(now.micros()).fetch_all(&mut *db).await?);
        found.into_iter().map(InvitationRow::invitation).collect()
    }

    /// The invitation with that token, if it is still good.
    pub async fn invitation(&self, token_hash: &str, now: Instant) -> Result<Option<Invitation>> {
        let sql = invitation_sql!("where i.token_hash = $1 and i.expires_at > $2");
        let row: Option<InvitationRow> = read!(self, db => rows(sql)
            .bind(token_hash)
            .bind(now.micros())
            .fetch_optional(&mut *db)
            .await?);
        row.map(InvitationRow::invitation).transpose()
    }

    /// Removes an invitation. Answers whether it was there.
    pub async fn delete_invitation(&self, id: &InvitationId) -> Result<bool> {
        let sql = "delete from invitation where id = $1";
        Ok(execute!(self, sql, id.as_str()) > 0)
    }

    /// Uses the invitation of a person who is there up, sets their password, and ends their sessions; answers
    /// `false` where it is no longer good, or they may not sign in.
    pub async fn accept_password(
        &self,
        token_hash: &str,
        user: &UserId,
        password_hash: &str,
        now: Instant,
    ) -> Result<bool> {
        let take = "delete from invitation
            where token_hash = $1 and expires_at > $2 and user_id = $3
                and exists (select 1 from account where id = $3 and disabled_at is null)";
        write!(self, db => {
            let taken = run(take)
                .bind(token_hash)
                .bind(now.micros())
                .bind(user.as_str())
                .execute(&mut *db)
                .await?
                .rows_affected();
            if taken == 0 {
                return Ok(false);
            }
            run("update account set password_hash = $2 where id = $1")
                .bind(user.as_str())
                .bind(password_hash)
                .execute(&mut *db)
                .await?;
            for sql in END_SESSIONS {
                run(sql).bind(user.as_str()).execute(&mut *db).await?;
            }
        });
        Ok(true)
    }

    /// Uses an invitation up and adds its person; answers `false` where it is no longer good.
    /// Of two at the same time, one wins.
    pub async fn accept_invitation(
        &self,
        token_hash: &str,
        new: &NewAccount<'_>,
        now: Instant,
    ) -> Result<bool> {
        let take = "delete from invitation
            where token_hash = $1 and expires_at > $2 and user_id is null";
        let add = "insert into account (id, email, role, password_hash, created_at)
            values ($1, $2, $3, $4, $5)";
        write!(self, db => {
            let taken = run(take)
                .bind(token_hash)
                .bind(now.micros())
                .execute(&mut *db)
                .await?
                .rows_affected();
            if taken == 0 {
                return Ok(false);
            }
            run(add)
                .bind(new.id.as_str())
                .bind(new.email)
                .bind(new.role.as_str())
                .bind(new.password_hash)
                .bind(now.micros())
                .execute(&mut *db)
                .await?;
        });
        Ok(true)
    }
}

/// Which roles need a second factor.
impl Store {
    /// Whether the role does.
    pub async fn is_strict(&self, role: &Role) -> Result<bool> {
        let sql = "select count(*) from strict_role where role = $1";
        let found: i64 = read!(self, db => crate::db::column(sql)
            .bind(role.as_str())
            .fetch_one(&mut *db)
            .await?);
        Ok(found > 0)
    }

    /// Says that it does, and ends the sessions of its people who have none; or that it does not.
    pub async fn set_strict(&self, role: &Role, strict: bool) -> Result<()> {
        write!(self, db => {
            run("delete from strict_role where role = $1")
                .bind(role.as_str())
                .execute(&mut *db)
                .await?;
            if strict {
                run("insert into strict_role (role) values ($1)")
                    .bind(role.as_str())
                    .execute(&mut *db)
                    .await?;
                run("delete from session where user_id in (select a.id from account a
                        where a.role = $1 and not exists (select 1 from totp t
                            where t.user_id = a.id and t.confirmed_at is not null))")
                    .bind(role.as_str())
                    .execute(&mut *db)
                    .await?;
            }
        });
        Ok(())
    }
}
