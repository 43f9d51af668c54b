//! Roles: the given ones, those made here, and which need a second factor.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Caller, CustomRole, Grant, Result, Role, RoleId};

/// A role and what stands around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RoleState {
    /// The role.
    pub role: Role,
    /// Whether its people need a second factor.
    pub strict: bool,
    /// How many people have it.
    pub people: u32,
}

/// What a role is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RoleChange {
    /// What people call it.
    pub name: String,
    /// What it grants.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<String>))]
    pub grants: Vec<Grant>,
}

/// Roles.
#[async_trait]
pub trait Roles: Send + Sync {
    /// Every role, the given ones first. Needs `access:read`.
    async fn roles(&self, caller: &Caller) -> Result<Vec<RoleState>>;
    /// Makes a role. Needs `access:write`, and everything that the role grants.
    async fn add_role(&self, caller: &Caller, new: RoleChange) -> Result<CustomRole>;
    /// Makes a role into another; it holds at once, for who has it. Needs `access:write`, and
    /// everything that the role grants before and after.
    async fn edit_role(&self, caller: &Caller, id: &RoleId, change: RoleChange) -> Result<()>;
    /// Removes a role that nobody has. Needs `access:write`.
    async fn remove_role(&self, caller: &Caller, id: &RoleId) -> Result<()>;
    /// Says whether a role, as [`Role::as_str`] says, needs a second factor; those of its people
    /// without one have to sign in again. Needs `access:write`, and every permission of the role.
    async fn set_role_strict(&self, caller: &Caller, role: &str, strict: bool) -> Result<()>;
}
