//! Second factors: an authenticator's codes, and codes to recover with.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Caller, Instant, Result, SignedIn, Step, Visit};

/// A person's own second factors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FactorState {
    /// Since when an authenticator is asked for; `None` where there is none.
    pub totp_since: Option<Instant>,
    /// How many recovery codes are left.
    pub recovery_left: u32,
    /// Whether the person's role needs a second factor and this is the one there is, or none is: a
    /// passkey is one too.
    pub needed: bool,
}

/// What an authenticator is set up with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Enrolment {
    /// Whose it is.
    pub email: String,
    /// The secret in base32, in groups of four, to type.
    pub secret: String,
    /// The same as an `otpauth:` address.
    pub uri: String,
    /// The address as a QR code: how many modules a side has.
    pub qr_side: u32,
    /// Its dark modules as one SVG path, a unit each, with a quiet zone of 4.
    pub qr_path: String,
}

impl std::fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Enrolment")
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

/// Second factors.
#[async_trait]
pub trait Factors: Send + Sync {
    /// The caller's own factors. Open to every signed-in person.
    async fn factors(&self, caller: &Caller) -> Result<FactorState>;
    /// Begins to set an authenticator up; the password is asked once more. Open to every signed-in
    /// person.
    async fn begin_totp(&self, caller: &Caller, password: &str) -> Result<()>;
    /// What was begun within the last ten minutes. Open to every signed-in person.
    async fn enrolment(&self, caller: &Caller) -> Result<Enrolment>;
    /// Ends setting it up with the authenticator's first code; answers ten recovery codes, and a
    /// new session in the place of all others. Open to every signed-in person.
    async fn confirm_totp(
        &self,
        caller: &Caller,
        code: &str,
        visit: &Visit,
    ) -> Result<(SignedIn, Vec<String>)>;
    /// Ten new recovery codes in the place of the old ones. Open to every signed-in person.
    async fn renew_recovery(&self, caller: &Caller, password: &str) -> Result<Vec<String>>;
    /// Takes the caller's own authenticator away. Open to every signed-in person, unless their
    /// role needs one.
    async fn remove_totp(&self, caller: &Caller, password: &str) -> Result<()>;

    /// What the second step of signing in asks for. Open to all who hold the step's token.
    async fn step(&self, caller: &Caller, token: &str) -> Result<Step>;
    /// Ends signing in with a code. Open to all who hold the step's token.
    async fn pass_step(
        &self,
        caller: &Caller,
        token: &str,
        code: &str,
        visit: &Visit,
    ) -> Result<SignedIn>;
    /// What to set an authenticator up with before signing in ends. Open to all who hold the
    /// step's token.
    async fn step_enrolment(&self, caller: &Caller, token: &str) -> Result<Enrolment>;
    /// Ends signing in with the first code of the authenticator just set up. Open to all who hold
    /// the step's token.
    async fn pass_enrolment(
        &self,
        caller: &Caller,
        token: &str,
        code: &str,
        visit: &Visit,
    ) -> Result<(SignedIn, Vec<String>)>;
}
