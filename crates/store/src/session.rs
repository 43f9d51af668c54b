//! Sessions, the browsers people are known to use, and steps between a password and a session.
//! Every token arrives hashed.

use api::{Instant, Session, SessionId, User, UserId};
use sqlx::FromRow;

use crate::account::{AccountRow, account_sql};
use crate::db::{column, execute, read, rows, run, write};
use crate::{Result, Store};

/// A session to be opened.
#[derive(Clone, Copy)]
pub struct NewSession<'a> {
    /// The session.
    pub id: &'a SessionId,
    /// Its token, hashed.
    pub token_hash: &'a str,
    /// Whose it is.
    pub user: &'a UserId,
    /// When it is opened.
    pub created_at: Instant,
    /// When it ends whatever happens.
    pub expires_at: Instant,
    /// From where.
    pub address: &'a str,
    /// With what.
    pub browser: &'a str,
}

impl std::fmt::Debug for NewSession<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewSession")
            .field("id", self.id)
            .finish_non_exhaustive()
    }
}

/// Who holds a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The person.
    pub user: User,
    /// The session.
    pub session: SessionId,
    /// When it was opened.
    pub opened_at: Instant,
    /// When it was last used, as far as it was noted.
    pub last_used_at: Instant,
}

#[derive(FromRow)]
struct HolderRow {
    #[sqlx(flatten)]
    account: AccountRow,
    session_id: String,
    opened_at: i64,
    last_used_at: i64,
}

#[derive(FromRow)]
struct SessionRow {
    id: String,
    created_at: i64,
    last_used_at: i64,
    expires_at: i64,
    address: String,
    browser: String,
}

/// Sessions.
impl Store {
    /// Opens a session. `Missing` where the person is gone.
    pub async fn insert_session(&self, new: &NewSession<'_>) -> Result<()> {
        let sql = "insert into session
            (id, token_hash, user_id, created_at, expires_at, last_used_at, address, browser)
            values ($1, $2, $3, $4, $5, $4, $6, $7)";
        execute!(
            self,
            sql,
            new.id.as_str(),
            new.token_hash,
            new.user.as_str(),
            new.created_at.micros(),
            new.expires_at.micros(),
            new.address,
            new.browser
        );
        Ok(())
    }

    /// Who holds a session that is still good: neither over, nor unused since `idle_since`, nor of
    /// somebody who may not sign in any more.
    pub async fn session_holder(
        &self,
        token_hash: &str,
        now: Instant,
        idle_since: Instant,
    ) -> Result<Option<Holder>> {
        let sql = "select a.id, a.email, a.role, r.name as role_name, r.grants as role_grants,
                a.password_hash, a.created_at, a.last_seen_at, a.disabled_at,
                s.id as session_id, s.created_at as opened_at, s.last_used_at
            from session s join account a on a.id = s.user_id
                left join custom_role r on r.id = a.role
            where s.token_hash = $1 and s.expires_at > $2 and s.last_used_at > $3
                and a.disabled_at is null";
        let row: Option<HolderRow> = read!(self, db => rows(sql)
            .bind(token_hash)
            .bind(now.micros())
            .bind(idle_since.micros())
            .fetch_optional(&mut *db)
            .await?);
        row.map(|row| {
            Ok(Holder {
                user: row.account.user()?,
                session: row.session_id.into(),
                opened_at: Instant(row.opened_at),
                last_used_at: Instant(row.last_used_at),
            })
        })
        .transpose()
    }

    /// Remembers that a session was used, and its person seen.
    pub async fn touch_session(&self, id: &SessionId, user: &UserId, now: Instant) -> Result<()> {
        write!(self, db => {
            run("update session set last_used_at = $2 where id = $1")
                .bind(id.as_str())
                .bind(now.micros())
                .execute(&mut *db)
                .await?;
            run("update account set last_seen_at = $2 where id = $1")
                .bind(user.as_str())
                .bind(now.micros())
                .execute(&mut *db)
                .await?;
        });
        Ok(())
    }

    /// A person's sessions that are still good, the last used first.
    pub async fn sessions_of(
        &self,
        user: &UserId,
        now: Instant,
        idle_since: Instant,
    ) -> Result<Vec<Session>> {
        let sql = "select id, created_at, last_used_at, expires_at, address, browser from session
            where user_id = $1 and expires_at > $2 and last_used_at > $3
            order by last_used_at desc, id desc";
        let found: Vec<SessionRow> = read!(self, db => rows(sql)
            .bind(user.as_str())
            .bind(now.micros())
            .bind(idle_since.micros())
            .fetch_all(&mut *db)
            .await?);
        Ok(found
            .into_iter()
            .map(|row| Session {
                id: row.id.into(),
                created_at: Instant(row.created_at),
                last_used_at: Instant(row.last_used_at),
                expires_at: Instant(row.expires_at),
                address: row.address,
                browser: row.browser,
            })
            .collect())
    }

    /// Ends the session with that token. Answers whether it was there.
    pub async fn delete_session(&self, token_hash: &str) -> Result<bool> {
        let sql = "delete from session where token_hash = $1";
        Ok(execute!(self, sql, token_hash) > 0)
    }

    /// Ends one of a person's sessions. Answers whether it was there.
    pub async fn delete_session_of(&self, user: &UserId, id: &SessionId) -> Result<bool> {
        let sql = "delete from session where user_id = $1 and id = $2";
        Ok(execute!(self, sql, user.as_str(), id.as_str()) > 0)
    }

    /// Ends a person's sessions but one, and the second steps that would become some; where none is spared,
    /// links to a new password too. Answers how many sessions those were.
    pub async fn delete_sessions_of(&self, user: &UserId, but: Option<&SessionId>) -> Result<u64> {
        // No id is empty, so an empty one spares nothing.
        let but = but.map_or("", SessionId::as_str);
        Ok(write!(self, db => {
            run("delete from invitation where user_id = $1 and $2 = ''")
                .bind(user.as_str())
                .bind(but)
                .execute(&mut *db)
                .await?;
            run("delete from sign_in_step where user_id = $1")
                .bind(user.as_str())
                .execute(&mut *db)
                .await?;
            let ended = run("delete from session where user_id = $1 and id <> $2")
                .bind(user.as_str())
                .bind(but)
                .execute(&mut *db)
                .await?
                .rows_affected();
            if ended == 0 {
                self.nothing_to_note();
            }
            ended
        }))
    }

    /// Forgets sessions that are no longer good, steps and invitations that nobody took, and browsers not seen
    /// since `devices_since`.
    pub async fn forget_old_sessions(
        &self,
        now: Instant,
        idle_since: Instant,
        devices_since: Instant,
    ) -> Result<()> {
        write!(self, db => {
            run("delete from session where expires_at <= $1 or last_used_at <= $2")
                .bind(now.micros())
                .bind(idle_since.micros())
                .execute(&mut *db)
                .await?;
            run("delete from sign_in_step where expires_at <= $1")
                .bind(now.micros())
                .execute(&mut *db)
                .await?;
            run("delete from invitation where expires_at <= $1")
                .bind(now.micros())
                .execute(&mut *db)
                .await?;
            run("delete from device where seen_at <= $1")
                .bind(devices_since.micros())
                .execute(&mut *db)
                .await?;
        });
        Ok(())
    }
}

/// Browsers.
impl Store {
    /// Remembers that a person signed in with that browser.
    pub async fn know_device(&self, token_hash: &str, user: &UserId, now: Instant) -> Result<()> {
        let sql = "insert into device (token_hash, user_id, seen_at) values ($1, $2, $3)
            on conflict (token_hash) do update
            set user_id = excluded.user_id, seen_at = excluded.seen_at";
        execute!(self, sql, token_hash, user.as_str(), now.micros());
        Ok(())
    }

    /// Who last signed in with that browser.
    pub async fn device_user(&self, token_hash: &str) -> Result<Option<UserId>> {
        let sql = "select user_id from device where token_hash = $1";
        let id: Option<String> =
            read!(self, db => column(sql).bind(token_hash).fetch_optional(&mut *db).await?);
        Ok(id.map(UserId))
    }
}

/// Steps.
impl Store {
    /// Opens a second step.
    pub async fn insert_step(
        &self,
        token_hash: &str,
        user: &UserId,
        expires_at: Instant,
    ) -> Result<()> {
        let sql = "insert into sign_in_step (token_hash, user_id, expires_at) values ($1, $2, $3)";
        execute!(self, sql, token_hash, user.as_str(), expires_at.micros());
        Ok(())
    }

    /// Who is in that second step, if it is still good and they may sign in.
    pub async fn step_user(&self, token_hash: &str, now: Instant) -> Result<Option<User>> {
        let sql = account_sql!(
            "join sign_in_step s on s.user_id = a.id
            where s.token_hash = $1 and s.expires_at > $2 and a.disabled_at is null"
        );
        let row: Option<AccountRow> = read!(self, db => rows(sql)
            .bind(token_hash)
            .bind(now.micros())
            .fetch_optional(&mut *db)
            .await?);
        row.map(AccountRow::user).transpose()
    }

    /// Ends a second step. Answers whether it was there: of two at once, one is told so.
    pub async fn take_step(&self, token_hash: &str) -> Result<bool> {
        let sql = "delete from sign_in_step where token_hash = $1";
        Ok(execute!(self, sql, token_hash) > 0)
    }
}
