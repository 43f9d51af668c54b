//! People and their sessions.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Caller, Instant, Result, Role, UserId};

/// A person who can sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct User {
    /// The person.
    pub id: UserId,
    /// The address they sign in with.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// When they were added.
    pub created_at: Instant,
    /// When they last signed in; `None` for never.
    pub last_seen_at: Option<Instant>,
}

/// An e-mail address and a password, as typed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Credentials {
    /// The address.
    pub email: String,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

/// A new person. The password is made by the server and shown once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NewUser {
    /// The address.
    pub email: String,
    /// What they may do.
    pub role: Role,
}

/// Whether somebody must still claim this installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum SetUp {
    /// There is no administrator yet: the set-up link makes one.
    Open,
    /// There is an administrator.
    Done,
}

/// A fresh session.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The person.
    pub user: User,
    /// The opaque token for the cookie.
    pub token: String,
    /// When it stops being good.
    pub expires_at: Instant,
}

impl std::fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignedIn")
            .field("user", &self.user.id)
            .finish_non_exhaustive()
    }
}

/// Something made together with a secret that is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NewSecret<T> {
    /// The thing.
    pub made: T,
    /// The secret: a password or a key.
    pub secret: String,
}

impl<T: std::fmt::Debug> std::fmt::Debug for NewSecret<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewSecret")
            .field("made", &self.made)
            .finish_non_exhaustive()
    }
}

/// People and their sessions.
///
/// The operations that establish who somebody is need no permission and say so.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Whether there is an administrator yet. Open to all.
    async fn set_up_state(&self, caller: &Caller) -> Result<SetUp>;
    /// A fresh one-time token for the set-up link, or `None` where there is an administrator.
    /// For the server itself.
    async fn set_up_token(&self, caller: &Caller) -> Result<Option<String>>;
    /// Makes the administrator. Open to all who hold the set-up token, once.
    async fn set_up(&self, caller: &Caller, token: &str, who: Credentials) -> Result<SignedIn>;
    /// Opens a session. Open to all.
    async fn sign_in(&self, caller: &Caller, who: Credentials) -> Result<SignedIn>;
    /// Ends the session with that token. Open to all who hold the token.
    async fn sign_out(&self, caller: &Caller, token: &str) -> Result<()>;
    /// Who holds the session token. Open to all: this is what finds a caller.
    async fn of_session(&self, caller: &Caller, token: &str) -> Result<Option<User>>;
    /// The signed-in person. Open to every signed-in person.
    async fn me(&self, caller: &Caller) -> Result<User>;
    /// Sets the caller's own password. Open to every signed-in person; ends their other sessions.
    async fn change_password(&self, caller: &Caller, old: &str, new: &str) -> Result<()>;
    /// Everyone, oldest first. Needs `access:read`.
    async fn users(&self, caller: &Caller) -> Result<Vec<User>>;
    /// Adds a person. Needs `access:write`.
    async fn add_user(&self, caller: &Caller, new: NewUser) -> Result<NewSecret<User>>;
    /// Removes a person and their sessions. Needs `access:write`. The last administrator stays.
    async fn remove_user(&self, caller: &Caller, id: &UserId) -> Result<()>;
}
