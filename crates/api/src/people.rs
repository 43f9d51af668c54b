//! Who can sign in: invitations, roles, and the review of it all.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Caller, Entry, Instant, InvitationId, NewSecret, Result, Role, User, UserId, Visit};

/// A person, as those who look after access see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Person {
    /// The person.
    pub user: User,
    /// Since when they may not sign in; `None` while they may.
    pub disabled_at: Option<Instant>,
    /// Whether they have an authenticator.
    pub totp: bool,
    /// How many passkeys they have.
    pub passkeys: u32,
    /// Whether their role needs a second factor.
    pub needs_factor: bool,
    /// How many sessions they have open.
    pub sessions: u32,
}

/// An invitation that nobody has taken up yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Invitation {
    /// The invitation.
    pub id: InvitationId,
    /// The address it is for.
    pub email: String,
    /// The role it brings.
    pub role: Role,
    /// The person who chooses a new password with it; `None` where it is for a newcomer.
    pub of: Option<UserId>,
    /// The address of who invited.
    pub invited_by: String,
    /// When.
    pub created_at: Instant,
    /// From when on it is of no use.
    pub expires_at: Instant,
}

/// An invitation to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NewInvitation {
    /// The address it is for.
    pub email: String,
    /// The role it brings, as [`Role::as_str`] says.
    pub role: String,
}

/// Who can sign in.
#[async_trait]
pub trait People: Send + Sync {
    /// Everyone, oldest first. Needs `access:read`.
    async fn people(&self, caller: &Caller) -> Result<Vec<Person>>;
    /// Every invitation that is still good, newest first. Needs `access:read`.
    async fn invitations(&self, caller: &Caller) -> Result<Vec<Invitation>>;
    /// Invites a person: the secret is the link's token. A second invitation takes the first one's
    /// place. Needs `access:write`, and every permission of the role.
    async fn invite(&self, caller: &Caller, new: NewInvitation) -> Result<NewSecret<Invitation>>;
    /// Lets a person who can sign in already choose a new password: the secret is the link's token. Needs
    /// `access:write`, and every permission of their role. Not for oneself.
    async fn offer_password(&self, caller: &Caller, id: &UserId) -> Result<NewSecret<Invitation>>;
    /// Makes an invitation useless. Needs `access:write`.
    async fn withdraw_invitation(&self, caller: &Caller, id: &InvitationId) -> Result<()>;
    /// What an invitation offers. Open to all who hold its token.
    async fn invitation(&self, caller: &Caller, token: &str) -> Result<Invitation>;
    /// Takes an invitation up. Open to all who hold its token, once. A new password ends the person's
    /// sessions.
    async fn accept_invitation(
        &self,
        caller: &Caller,
        token: &str,
        password: &str,
        visit: &Visit,
    ) -> Result<Entry>;
    /// Gives a person another role and ends their sessions. Needs `access:write`, and every
    /// permission of both roles. The last administrator stays one.
    async fn change_role(&self, caller: &Caller, id: &UserId, role: &str) -> Result<()>;
    /// Lets a person sign in, or not any more, which also ends their sessions. Needs
    /// `access:write`, and every permission of their role. The last administrator stays enabled.
    async fn set_enabled(&self, caller: &Caller, id: &UserId, enabled: bool) -> Result<()>;
    /// Takes a person's second factors away and ends their sessions. Needs `access:write`, and
    /// every permission of their role.
    async fn reset_factors(&self, caller: &Caller, id: &UserId) -> Result<()>;
    /// Who has access, as CSV: people, invitations, keys. Needs `access:read`.
    async fn access_review(&self, caller: &Caller) -> Result<String>;
}
