//! Roles: the given ones, those made here, and which need a second factor.

use api::{
    Caller, CustomRole, Error, Permission, Result, Role, RoleChange, RoleId, RoleState, Roles,
};
use async_trait::async_trait;
use store::StoreError;

use crate::Hub;
use crate::audit::Note;
use crate::failure::OrFailure;
use crate::guard::{require, require_all_of, require_all_on, require_on};

/// The longest name of a role.
const LONGEST_NAME: usize = 60;

#[async_trait]
impl Roles for Hub {
    async fn roles(&self, caller: &Caller) -> Result<Vec<RoleState>> {
        require(caller, Permission::AccessRead)?;
        let all = self.store.roles().await.or_failure(caller)?;
        let strict = self.store.strict_roles().await.or_failure(caller)?;
        let users = self.store.users().await.or_failure(caller)?;
        Ok(all
            .into_iter()
            .map(|role| {
                let people = users.iter().filter(|user| user.role == role).count();
                RoleState {
                    strict: strict.iter().any(|key| key == role.as_str()),
                    people: u32::try_from(people).unwrap_or(u32::MAX),
                    role,
                }
            })
            .collect())
    }

    async fn add_role(&self, caller: &Caller, new: RoleChange) -> Result<CustomRole> {
        require(caller, Permission::AccessWrite)?;
        let now = self.clock.now();
        let role = checked(RoleId(store::new_id(now)), new)?;
        require_all_of(caller, &Role::Custom(role.clone()))?;
        let note = Note::of("role.add")
            .on("role", &role.id, &role.name)
            .after(&role);
        let store = self.noting(caller, note);
        named_once(store.insert_role(&role, now).await, caller)?;
        Ok(role)
    }

    async fn edit_role(&self, caller: &Caller, id: &RoleId, change: RoleChange) -> Result<()> {
        require_on(caller, Permission::AccessWrite, "role")?;
        let role = checked(id.clone(), change)?;
        let role_now = Role::Custom(role.clone());
        require_all_of(caller, &role_now)?;
        let before = self.made_role(caller, id).await?;
        let may = before.permissions();
        require_all_on(caller, &may, Permission::AccessWrite, "role")?;
        let note = Note::of("role.edit")
            .on("role", &role.id, &role.name)
            .before(&before)
            .after(&role);
        let store = self.noting(caller, note);
        // A session that was taken over must not come to more than it was taken for.
        let held = before.permissions();
        let widened = role_now.permissions().iter().any(|p| !held.contains(p));
        named_once(store.update_role(&role, widened).await, caller)
    }

    async fn remove_role(&self, caller: &Caller, id: &RoleId) -> Result<()> {
        require_on(caller, Permission::AccessWrite, "role")?;
        let before = self.made_role(caller, id).await?;
        let may = before.permissions();
        require_all_on(caller, &may, Permission::AccessWrite, "role")?;
        let note = Note::of("role.remove")
            .on("role", id, before.name())
            .before(&before);
        let store = self.noting(caller, note);
        let removed = store.delete_role_unless_held(id).await;
        if removed.or_failure(caller)? {
            return Ok(());
        }
        Err(Error::conflict(
            "Somebody has this role, or is invited to it. Give them another first.",
        ))
    }

    async fn set_role_strict(&self, caller: &Caller, role: &str, strict: bool) -> Result<()> {
        require_on(caller, Permission::AccessWrite, "role")?;
        let role = self.role_named(caller, role).await?;
        require_all_of(caller, &role)?;
        let note = Note::of("role.strict")
            .on("role", role.as_str(), role.name())
            .after(&strict);
        self.noting(caller, note)
            .set_strict(&role, strict)
            .await
            .or_failure(caller)
    }
}

impl Hub {
    async fn made_role(&self, caller: &Caller, id: &RoleId) -> Result<Role> {
        let made = self.store.custom_role(id).await.or_failure(caller)?;
        made.map(Role::Custom)
            .ok_or_else(|| Error::not_found("role"))
    }
}

fn checked(id: RoleId, change: RoleChange) -> Result<CustomRole> {
    let name = change.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.contains(char::is_control) {
        let words = format!("A role needs a name of at most {LONGEST_NAME} characters.");
        return Err(Error::field("name", words));
    }
    if Role::ALL
        .iter()
        .any(|given| given.as_str() == name.to_lowercase())
    {
        return Err(Error::field("name", "A given role has this name already."));
    }
    if change.grants.is_empty() {
        return Err(Error::field(
            "grants",
            "A role that may do nothing is of no use: choose at least one permission.",
        ));
    }
    Ok(CustomRole {
        id,
        name,
        grants: change.grants,
    })
}

fn named_once(done: Result<(), StoreError>, caller: &Caller) -> Result<()> {
    match done {
        Err(StoreError::Unique { .. }) => {
            Err(Error::field("name", "There is a role of this name."))
        }
        done => done.or_failure(caller),
    }
}
