//! People and the set-up token. Every secret arrives hashed.

use api::{CustomRole, Instant, Role, User, UserId};
use sqlx::FromRow;

use crate::convert::{changed, instant, of_json, u32_of};
use crate::db::{column, execute, read, rows, run, write};
use crate::{Result, Store};

/// A person to be added.
#[derive(Clone, Copy)]
pub struct NewAccount<'a> {
    /// The person.
    pub id: &'a UserId,
    /// Their address; the store lower-cases it.
    pub email: &'a str,
    /// What they may do.
    pub role: &'a Role,
    /// Their password, hashed; empty for somebody who has none.
    pub password_hash: &'a str,
}

impl std::fmt::Debug for NewAccount<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAccount")
            .field("id", self.id)
            .finish_non_exhaustive()
    }
}

/// What stands between a person and their account.
#[derive(Clone, PartialEq, Eq)]
pub struct Lock {
    /// Their password, hashed; empty for somebody who has none.
    pub password_hash: String,
    /// Since when they may not sign in.
    pub disabled_at: Option<Instant>,
}

impl std::fmt::Debug for Lock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lock")
            .field("disabled_at", &self.disabled_at)
            .finish_non_exhaustive()
    }
}

#[derive(FromRow)]
pub(crate) struct AccountRow {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) role: String,
    pub(crate) role_name: Option<String>,
    pub(crate) role_grants: Option<String>,
    pub(crate) password_hash: String,
    pub(crate) created_at: i64,
    pub(crate) last_seen_at: Option<i64>,
    pub(crate) disabled_at: Option<i64>,
}

impl AccountRow {
    pub(crate) fn user(self) -> Result<User> {
        Ok(User {
            id: self.id.into(),
            email: self.email,
            role: role_of(self.role, self.role_name, self.role_grants)?,
            created_at: Instant(self.created_at),
            last_seen_at: instant(self.last_seen_at),
        })
    }
}

/// The role that a column names, and what the table of roles says of it.
///
/// One that is not there any more grants nothing: who has it sees that, and an administrator helps.
pub(crate) fn role_of(key: String, name: Option<String>, grants: Option<String>) -> Result<Role> {
    match (name, grants) {
        (Some(name), Some(grants)) => Ok(Role::Custom(CustomRole {
            id: key.into(),
            name,
            grants: of_json(&grants)?,
        })),
        _ => Ok(key.parse().unwrap_or_else(|_| {
            Role::Custom(CustomRole {
                id: key.into(),
                name: "a removed role".to_owned(),
                grants: Vec::new(),
            })
        })),
    }
}

macro_rules! account_sql {
    ($tail:literal) => {
        concat!(
            "select a.id, a.email, a.role, r.name as role_name, r.grants as role_grants, a.password_hash,
                a.created_at, a.last_seen_at, a.disabled_at
            from account a left join custom_role r on r.id = a.role ",
            $tail
        )
    };
}

pub(crate) use account_sql;

const INSERT_ACCOUNT: &str =
    "insert into account (id, email, role, password_hash, created_at) values ($1, $2, $3, $4, $5)";

/// Two requests that take away the last two administrators must not both see the other one:
/// touching every administrator's row first makes them wait for each other on `PostgreSQL`.
const LOCK_ADMINS: &str = "update account set role = role where role = 'admin'";

/// Ends the sessions of the person `$1`, and the second steps and links to a new password that would become
/// some.
pub(crate) const END_SESSIONS: [&str; 3] = [
    "delete from invitation where user_id = $1",
    "delete from sign_in_step where user_id = $1",
    "delete from session where user_id = $1",
];

/// Ends a statement about the person `$1`: not where nobody would be left to let others in.
macro_rules! spare_last_admin {
    () => {
        " and (role <> 'admin' or disabled_at is not null or exists
            (select 1 from account other
             where other.role = 'admin' and other.disabled_at is null and other.id <> $1))"
    };
}

/// Runs a change of somebody unless it leaves nobody who can let others in, and ends their sessions.
/// Answers whether it did.
macro_rules! unless_last_admin {
    ($store:expr, $change:literal, $id:expr $(, $parameter:expr)*) => {{
        let sql = concat!($change, spare_last_admin!());
        write!($store, db => {
            run(LOCK_ADMINS).execute(&mut *db).await?;
            let done = run(sql)
                .bind($id.as_str())
                $(.bind($parameter))*
                .execute(&mut *db)
                .await?
                .rows_affected();
            if done == 0 {
                return Ok(false);
            }
            for sql in END_SESSIONS {
                run(sql).bind($id.as_str()).execute(&mut *db).await?;
            }
        });
        Ok(true)
    }};
}

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
            role: new.role.clone(),
            created_at: now,
            last_seen_at: None,
        })
    }

    /// The person with that address in any spelling, and what it takes to sign in as them.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<(User, Lock)>> {
        let email = email.trim().to_lowercase();
        let sql = account_sql!("where a.email = $1");
        let row: Option<AccountRow> =
            read!(self, db => rows(sql).bind(&email).fetch_optional(&mut *db).await?);
        row.map(|mut row| {
            let lock = Lock {
                password_hash: std::mem::take(&mut row.password_hash),
                disabled_at: instant(row.disabled_at),
            };
            Ok((row.user()?, lock))
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

    /// Removes a person unless they are the last administrator who can sign in. Answers whether it
    /// did.
    pub async fn delete_user_unless_last_admin(&self, id: &UserId) -> Result<bool> {
        unless_last_admin!(self, "delete from account where id = $1", id)
    }

    /// Gives a person another role and ends their sessions, unless they are the last administrator
    /// who can sign in. Answers whether it did.
    pub async fn set_role_unless_last_admin(&self, id: &UserId, role: &Role) -> Result<bool> {
        let change = role.as_str();
        unless_last_admin!(
            self,
            "update account set role = $2 where id = $1",
            id,
            change
        )
    }

    /// Lets a person not sign in any more and ends their sessions, unless they are the last
    /// administrator who can. Answers whether it did.
    pub async fn disable_unless_last_admin(&self, id: &UserId, now: Instant) -> Result<bool> {
        let at = now.micros();
        unless_last_admin!(
            self,
            "update account set disabled_at = $2 where id = $1",
            id,
            at
        )
    }

    /// Lets a person sign in again.
    pub async fn enable(&self, id: &UserId) -> Result<()> {
        let sql = "update account set disabled_at = null where id = $1";
        changed(execute!(self, sql, id.as_str()))
    }

    /// Sets a person's password.
    pub async fn set_password_hash(&self, id: &UserId, hash: &str) -> Result<()> {
        let sql = "update account set password_hash = $2 where id = $1";
        changed(execute!(self, sql, id.as_str(), hash))
    }

    /// Remembers that a person was here.
    pub async fn touch_user(&self, id: &UserId, now: Instant) -> Result<()> {
        let sql = "update account set last_seen_at = $2 where id = $1";
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

    /// Whether that is the set-up token that is good.
    pub async fn is_setup_token(&self, hash: &str) -> Result<bool> {
        let sql = "select count(*) from set_up_token where hash = $1";
        let count: i64 = read!(self, db => column(sql).bind(hash).fetch_one(&mut *db).await?);
        Ok(count > 0)
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
