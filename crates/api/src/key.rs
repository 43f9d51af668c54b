//! API keys, and the short-lived tokens that they give.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Caller, Instant, KeyId, NewSecret, Result, Scope};

/// An API key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ApiKey {
    /// The key.
    pub id: KeyId,
    /// What people call it.
    pub name: String,
    /// Its first characters, to tell keys apart.
    pub prefix: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// How many samples a second it may send; `None` for as many as it likes.
    pub rate: Option<u32>,
    /// When it was made.
    pub created_at: Instant,
    /// When it was last used; `None` for never.
    pub last_used_at: Option<Instant>,
    /// When it stops being good; `None` for never.
    pub expires_at: Option<Instant>,
    /// Until when the secret before the last rotation is good; `None` where there is none.
    pub old_secret_until: Option<Instant>,
}

/// A key to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NewKey {
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// How many samples a second it may send; `None` for as many as it likes.
    pub rate: Option<u32>,
    /// When it stops being good; `None` for never.
    pub expires_at: Option<Instant>,
}

/// What a program shows to get a token.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenRequest {
    /// Whose secret it says it is, where it says so.
    pub key: Option<KeyId>,
    /// The key's secret.
    pub secret: String,
    /// What the token is to be good for; nothing for all that the key may do.
    pub scopes: Vec<Scope>,
}

impl std::fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenRequest")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// A short-lived token.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// What is sent as `Authorization: Bearer`.
    pub token: String,
    /// For how long it is good.
    pub expires_in_seconds: u32,
    /// What it is good for.
    pub scopes: Vec<Scope>,
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessToken").finish_non_exhaustive()
    }
}

/// The longest that the secret before a rotation stays good, in seconds: 30 days.
pub const LONGEST_GRACE_SECONDS: u32 = 30 * 86_400;

/// API keys.
#[async_trait]
pub trait Keys: Send + Sync {
    /// Every key, newest first. Needs `access:read`.
    async fn list(&self, caller: &Caller) -> Result<Vec<ApiKey>>;
    /// Makes a key. Needs `access:write`, and each permission that the key is given.
    async fn add(&self, caller: &Caller, new: NewKey) -> Result<NewSecret<ApiKey>>;
    /// Gives a key another secret; the one before stays good for so long, at most
    /// [`LONGEST_GRACE_SECONDS`]. Needs `access:write`, and each permission that the key has.
    async fn rotate(
        &self,
        caller: &Caller,
        id: &KeyId,
        grace_seconds: u32,
    ) -> Result<NewSecret<ApiKey>>;
    /// Makes a key and its tokens useless from now on. Needs `access:write`.
    async fn revoke(&self, caller: &Caller, id: &KeyId) -> Result<()>;
    /// Which key has the secret, or gave the token; its scopes are then the token's.
    /// Open to all: this is what finds a caller.
    async fn of_secret(&self, caller: &Caller, secret: &str) -> Result<Option<ApiKey>>;
    /// Gives a token. Open to all who hold a key's secret; `Unauthenticated` for the others.
    async fn grant(&self, caller: &Caller, grant: TokenRequest) -> Result<AccessToken>;
}
