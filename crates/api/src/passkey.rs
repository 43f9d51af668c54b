//! Passkeys: keys that people's devices hold, in the place of a password and a second factor.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Caller, Instant, PasskeyId, Result, SessionId, SignedIn, Visit};

/// How many passkeys a person may have.
pub const MOST_PASSKEYS: usize = 20;
/// The longest name of one, in characters.
pub const LONGEST_PASSKEY_NAME: usize = 60;

/// A passkey, as its person sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Passkey {
    /// The passkey.
    pub id: PasskeyId,
    /// What its person calls it.
    pub name: String,
    /// When it was made.
    pub created_at: Instant,
    /// When it was last signed in with; `None` for never.
    pub last_used_at: Option<Instant>,
}

/// Whether passkeys can be used at this installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PasskeyDoor {
    /// They can, at this origin and nowhere else.
    Open {
        /// Such as `https://hub.example.org`.
        origin: String,
    },
    /// They cannot.
    Closed {
        /// What is in the way and what to do, in words for people.
        why: String,
    },
}

impl PasskeyDoor {
    /// For which origin passkeys are; `None` where there can be none.
    pub fn origin(self) -> Option<String> {
        match self {
            Self::Open { origin } => Some(origin),
            Self::Closed { .. } => None,
        }
    }
}

/// What a browser that nobody is signed in with is asked to sign.
#[derive(Clone, PartialEq, Eq)]
pub struct PasskeyAsk {
    /// What the browser has to show when it answers.
    pub token: String,
    /// What it gives to its `navigator.credentials`, as JSON with byte strings in base64url.
    pub options: String,
}

impl std::fmt::Debug for PasskeyAsk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasskeyAsk").finish_non_exhaustive()
    }
}

/// Passkeys. Challenges are good once and for five minutes; a `credential` is what the browser
/// answers to one, as JSON with byte strings in base64url.
#[async_trait]
pub trait Passkeys: Send + Sync {
    /// Whether passkeys can be used here. Open to all.
    async fn passkey_door(&self, caller: &Caller) -> Result<PasskeyDoor>;
    /// The caller's own passkeys, oldest first. Open to every signed-in person.
    async fn passkeys(&self, caller: &Caller) -> Result<Vec<Passkey>>;
    /// Begins to make a passkey in this session; the password is asked once more. Answers what the
    /// browser is asked. Open to every signed-in person.
    async fn begin_passkey(
        &self,
        caller: &Caller,
        session: &SessionId,
        password: &str,
    ) -> Result<String>;
    /// Keeps the passkey that was made in the same session. Open to every signed-in person.
    async fn add_passkey(
        &self,
        caller: &Caller,
        session: &SessionId,
        name: &str,
        credential: &str,
    ) -> Result<Passkey>;
    /// Removes one of the caller's own passkeys; the password is asked once more. Open to every
    /// signed-in person, unless it is the only second factor of somebody whose role needs one.
    async fn remove_passkey(&self, caller: &Caller, id: &PasskeyId, password: &str) -> Result<()>;

    /// Asks for any passkey to sign in with. Open to all.
    async fn ask_passkey(&self, caller: &Caller) -> Result<PasskeyAsk>;
    /// Signs in with a passkey alone: the device has made sure of its person, so it is both
    /// factors. Open to all who hold the token of the question.
    async fn enter_with_passkey(
        &self,
        caller: &Caller,
        token: &str,
        credential: &str,
        visit: &Visit,
    ) -> Result<SignedIn>;
    /// Asks for one's passkey as the second step of signing in. Open to all who hold the step's
    /// token.
    async fn ask_passkey_step(&self, caller: &Caller, token: &str) -> Result<String>;
    /// Ends signing in with a passkey as the second step. Open to all who hold the step's token.
    async fn pass_passkey_step(
        &self,
        caller: &Caller,
        token: &str,
        credential: &str,
        visit: &Visit,
    ) -> Result<SignedIn>;
}
