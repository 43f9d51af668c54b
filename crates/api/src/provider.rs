//! Signing in through another place: `OpenID` Connect.

use async_trait::async_trait;

use crate::{Caller, Entry, Result, Visit};

/// Where somebody is sent to sign in.
#[derive(Clone, PartialEq, Eq)]
pub struct Trip {
    /// The address there.
    pub url: String,
    /// What the browser has to show when it comes back.
    pub state: String,
}

impl std::fmt::Debug for Trip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trip").finish_non_exhaustive()
    }
}

/// What somebody comes back with.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Returned {
    /// The state that they were sent with.
    pub state: String,
    /// What the tokens are asked for with.
    pub code: Option<String>,
    /// Why there is none, in the provider's word.
    pub error: Option<String>,
    /// Who sends them back (RFC 9207).
    pub issuer: Option<String>,
}

impl std::fmt::Debug for Returned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Returned")
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

/// Signing in through another place.
#[async_trait]
pub trait Providers: Send + Sync {
    /// What the other place is called; `None` where none is set. Open to all.
    async fn provider(&self, caller: &Caller) -> Result<Option<String>>;
    /// Sends somebody there who wants to go on to `next`. Open to all.
    async fn depart(&self, caller: &Caller, next: &str) -> Result<Trip>;
    /// Takes somebody in who comes back with the state that their browser kept, and says where they
    /// wanted to go. Open to all.
    async fn arrive(
        &self,
        caller: &Caller,
        kept_state: &str,
        returned: Returned,
        visit: &Visit,
    ) -> Result<(Entry, String)>;
}
