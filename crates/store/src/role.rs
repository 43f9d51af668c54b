//! Roles that this installation made.

use api::{CustomRole, Instant, Role, RoleId};
use sqlx::FromRow;

use crate::convert::{changed, of_json, to_json};
use crate::db::{execute, read, rows, run, write};
use crate::{Result, Store};

#[derive(FromRow)]
struct RoleRow {
    id: String,
    name: String,
    grants: String,
}

impl RoleRow {
    fn role(self) -> Result<CustomRole> {
        Ok(CustomRole {
            id: self.id.into(),
            name: self.name,
            grants: of_json(&self.grants)?,
        })
    }
}

/// Ends the sessions of those who have the role `$1`, and the second steps and links to a new password that
/// would become some.
const END_SESSIONS: [&str; 3] = [
    "delete from invitation where user_id in (select id from account where role = $1)",
    "delete from sign_in_step where user_id in (select id from account where role = $1)",
    "delete from session where user_id in (select id from account where role = $1)",
];

impl Store {
    /// Adds a role. A second one with the same name is `Unique { "custom_role_name_key" }`.
    pub async fn insert_role(&self, role: &CustomRole, now: Instant) -> Result<()> {
        let sql = "insert into custom_role (id, name, grants, created_at) values ($1, $2, $3, $4)";
        let grants = to_json(&role.grants)?;
        execute!(
            self,
            sql,
            role.id.as_str(),
            &role.name,
            &grants,
            now.micros()
        );
        Ok(())
    }

    /// Every role that people can have: the given ones, then those made here, oldest first.
    pub async fn roles(&self) -> Result<Vec<Role>> {
        let sql = "select id, name, grants from custom_role order by created_at, id";
        let found: Vec<RoleRow> = read!(self, db => rows(sql).fetch_all(&mut *db).await?);
        let made = found.into_iter().map(|row| row.role().map(Role::Custom));
        Role::ALL.into_iter().map(Ok).chain(made).collect()
    }

    /// The role.
    pub async fn custom_role(&self, id: &RoleId) -> Result<Option<CustomRole>> {
        let sql = "select id, name, grants from custom_role where id = $1";
        let row: Option<RoleRow> =
            read!(self, db => rows(sql).bind(id.as_str()).fetch_optional(&mut *db).await?);
        row.map(RoleRow::role).transpose()
    }

    /// Makes a role into this. With `anew`, those who have it have to sign in anew.
    pub async fn update_role(&self, role: &CustomRole, anew: bool) -> Result<()> {
        let grants = to_json(&role.grants)?;
        let done = write!(self, db => {
            if anew {
                for sql in END_SESSIONS {
                    run(sql).bind(role.id.as_str()).execute(&mut *db).await?;
                }
            }
            let done = run("update custom_role set name = $2, grants = $3 where id = $1")
                .bind(role.id.as_str())
                .bind(&role.name)
                .bind(&grants)
                .execute(&mut *db)
                .await?
                .rows_affected();
            if done == 0 {
                self.nothing_to_note();
            }
            done
        });
        changed(done)
    }

    /// The roles whose people need a second factor, as columns name them.
    pub async fn strict_roles(&self) -> Result<Vec<String>> {
        let sql = "select role from strict_role order by role";
        Ok(read!(self, db => crate::db::column(sql).fetch_all(&mut *db).await?))
    }

    /// Removes a role unless somebody has it or is invited to it. Answers whether it did.
    pub async fn delete_role_unless_held(&self, id: &RoleId) -> Result<bool> {
        let sql = "delete from custom_role where id = $1
            and not exists (select 1 from account where role = $1)
            and not exists (select 1 from invitation where role = $1 and user_id is null)";
        let done = write!(self, db => {
            let done = run(sql).bind(id.as_str()).execute(&mut *db).await?.rows_affected();
            if done > 0 {
                run("delete from strict_role where role = $1")
                    .bind(id.as_str())
                    .execute(&mut *db)
                    .await?;
            }
            done
        });
        Ok(done > 0)
    }
}
