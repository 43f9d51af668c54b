//! People and their sessions.

use core::net::{IpAddr, Ipv6Addr};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Caller, Instant, Result, Role, SessionId, UserId};

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
    /// When they were last seen, to the minute; `None` for never.
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

/// A session that a token opens.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldSession {
    /// Which one it is.
    pub id: SessionId,
    /// Who signed in.
    pub user: User,
    /// When.
    pub since: Instant,
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

/// From where somebody signs in.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Visit {
    /// The address their request came from; empty where it is not known.
    pub address: String,
    /// What their browser says it is.
    pub browser: String,
    /// The token of a browser that was signed in with before.
    pub device: Option<String>,
    /// The token of the session that the browser shows, which a new one takes the place of.
    pub session: Option<String>,
}

impl Visit {
    /// The network it came from, which attempts are counted by; none where the address is not known.
    pub fn network(&self) -> Option<String> {
        (!self.address.is_empty()).then(|| network_of(&self.address))
    }
}

/// Whose address that is, as [`network`] says, of one that is written out; what is none is itself.
pub fn network_of(address: &str) -> String {
    let written = |address| network(address).to_string();
    address.parse().map_or_else(|_| address.to_owned(), written)
}

/// Whose address it is, as far as anybody can say: a provider gives a household a network of 2^64 of IPv6.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => {
            let [a, b, c, d, ..] = six.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        four @ IpAddr::V4(_) => four,
    }
}

impl std::fmt::Debug for Visit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Visit")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
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
    /// How many seconds that is from now.
    pub seconds: u32,
    /// The token that tells this browser from strangers from now on.
    pub device: String,
}

/// What comes of a password that fits.
#[derive(Clone, PartialEq, Eq)]
pub enum Entry {
    /// A session.
    Open(Box<SignedIn>),
    /// A second step, good for ten minutes.
    Step {
        /// The opaque token for the step's cookie.
        token: String,
        /// What is asked for.
        ask: Step,
    },
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Open(signed_in) => signed_in.fmt(f),
            Self::Step { ask, .. } => ask.fmt(f),
        }
    }
}

/// The second step of signing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// A code of one's authenticator, or a recovery code.
    Code,
    /// The same, or a passkey.
    CodeOrPasskey,
    /// A passkey: the role needs a second factor, and the person has no other.
    Passkey,
    /// An authenticator has to be set up first: the role needs one.
    Enrol,
}

/// One of a person's sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Session {
    /// The session.
    pub id: SessionId,
    /// When it was opened.
    pub created_at: Instant,
    /// When it was last used, to the minute.
    pub last_used_at: Instant,
    /// When it ends whatever happens.
    pub expires_at: Instant,
    /// The address it was opened from; empty where that is not known.
    pub address: String,
    /// What the browser said it was.
    pub browser: String,
}

/// What is wrong with a password that somebody wants to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordFault {
    /// Fewer than 12 characters.
    Short,
    /// More than 512 bytes.
    Long,
    /// It is in the list of passwords that were stolen elsewhere, or is one of its words with
    /// digits around.
    Common,
    /// It repeats itself, or counts.
    Pattern,
    /// It is the address, or the product's name.
    Personal,
}

impl PasswordFault {
    /// Every one there is.
    pub const ALL: [Self; 5] = [
        Self::Short,
        Self::Long,
        Self::Common,
        Self::Pattern,
        Self::Personal,
    ];

    /// A word for it in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Long => "long",
            Self::Common => "common",
            Self::Pattern => "pattern",
            Self::Personal => "personal",
        }
    }

    /// What is wrong and what to do.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Short => "Use 12 characters or more; a few words are good.",
            Self::Long => "Use at most 512 characters.",
            Self::Common => {
                "This password, or the word it is made of, is on the lists that attackers try first. Put a few unrelated words together."
            }
            Self::Pattern => {
                "This repeats itself or counts, which is guessed early. Put a few unrelated words together."
            }
            Self::Personal => {
                "This is little more than your address or this product's name. Put a few unrelated words together."
            }
        }
    }
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
    /// Whether that is the token of the set-up link that is good. Open to all.
    async fn set_up_fits(&self, caller: &Caller, token: &str) -> Result<bool>;
    /// Makes the administrator. Open to all who hold the set-up token, once.
    async fn set_up(
        &self,
        caller: &Caller,
        token: &str,
        who: Credentials,
        visit: &Visit,
    ) -> Result<SignedIn>;
    /// Opens a session, or a second step. Open to all.
    async fn sign_in(&self, caller: &Caller, who: Credentials, visit: &Visit) -> Result<Entry>;
    /// Ends the session with that token. Open to all who hold the token.
    async fn sign_out(&self, caller: &Caller, token: &str) -> Result<()>;
    /// Who holds the session token, and which session it is; `used` keeps it from ending for not
    /// being used. Open to all: this is what finds a caller.
    async fn of_session(
        &self,
        caller: &Caller,
        token: &str,
        used: bool,
    ) -> Result<Option<HeldSession>>;
    /// The signed-in person. Open to every signed-in person.
    async fn me(&self, caller: &Caller) -> Result<User>;
    /// Sets the caller's own password. Open to every signed-in person; ends all their sessions and
    /// opens a new one.
    async fn change_password(
        &self,
        caller: &Caller,
        old: &str,
        new: &str,
        visit: &Visit,
    ) -> Result<SignedIn>;
    /// The caller's own sessions, the last used first. Open to every signed-in person.
    async fn sessions(&self, caller: &Caller) -> Result<Vec<Session>>;
    /// Ends one of the caller's own sessions. Open to every signed-in person.
    async fn end_session(&self, caller: &Caller, id: &SessionId) -> Result<()>;
    /// Ends the caller's own sessions but one; answers how many. Open to every signed-in person.
    async fn end_other_sessions(&self, caller: &Caller, but: &SessionId) -> Result<u32>;
    /// Everyone, oldest first. Needs `access:read`.
    async fn users(&self, caller: &Caller) -> Result<Vec<User>>;
    /// Removes a person and their sessions. Needs `access:write`. The last administrator stays.
    async fn remove_user(&self, caller: &Caller, id: &UserId) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visit_is_counted_by_the_network_it_came_from() {
        for (address, network) in [
            ("192.0.2.7", Some("192.0.2.7")),
            ("::ffff:192.0.2.7", Some("192.0.2.7")),
            ("2001:db8:1:2:3:4:5:6", Some("2001:db8:1:2::")),
            ("nowhere", Some("nowhere")),
            ("", None),
        ] {
            let visit = Visit {
                address: address.into(),
                ..Visit::default()
            };
            assert_eq!(visit.network().as_deref(), network, "{address}");
        }
    }
}
