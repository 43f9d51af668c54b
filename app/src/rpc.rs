//! How pages reach the operations: through the context that the server provides.
//!
//! A server function is one line: `let (services, caller) = rpc::ctx()?;` and the call.

use std::sync::{Arc, Mutex};

use api::{Caller, Error, Invitation, NewSecret, Services, SessionId, SignedIn, UserId, Visit};
use leptos::prelude::*;
use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

use crate::range::escape;

/// An [`api::Error`] on its way through a server function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{0}")]
#[serde(transparent)]
pub struct Failure(pub Error);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// What a page says where its server gives no answer.
pub const UNREACHED: &str =
    "No answer came from it. What was last shown may be old; check the connection and try again.";

impl FromServerFnError for Failure {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        Self(match error {
            ServerFnErrorErr::Request(_) => Error::Unavailable {
                message: UNREACHED.into(),
            },
            ServerFnErrorErr::Args(reason) | ServerFnErrorErr::MissingArg(reason) => {
                Error::invalid(format!("A field could not be read: {reason}"))
            }
            _ => Error::Unavailable {
                message: "The server gave an answer that could not be read. Reload the page."
                    .into(),
            },
        })
    }
}

/// What an operation answers to a page.
pub type Answer<T> = Result<T, Failure>;

/// The means by which a page shapes the HTTP response; provided by the server.
#[derive(Clone)]
pub struct Respond {
    /// Sets the status.
    pub status: Arc<dyn Fn(u16) + Send + Sync>,
    /// Sends the browser somewhere else.
    pub redirect: Arc<dyn Fn(&str) + Send + Sync>,
    /// Sets the cookies of a fresh session.
    pub keep: Arc<dyn Fn(&SignedIn) + Send + Sync>,
    /// Whether the browser sent a form by itself and shows whatever page comes back.
    pub plain: bool,
}

/// What the server knows of the browser that asks; provided by the server.
#[derive(Clone, Default)]
pub struct Here {
    /// From where it asks.
    pub visit: Visit,
    /// Its session.
    pub session: Option<SessionId>,
    /// The token of its second step, where somebody is in the midst of signing in.
    pub step: Option<String>,
    /// The address that people open, without a slash at the end.
    pub public: String,
}

/// What the server knows of the browser that asks. On the server only.
pub fn here() -> Here {
    use_context().unwrap_or_default()
}

/// Keeps a fresh session in the browser that asked.
pub fn keep_session(signed_in: &SignedIn) {
    if let Some(respond) = use_context::<Respond>() {
        (respond.keep)(signed_in);
    }
}

/// The operations and who asks. On the server only.
///
/// # Errors
/// Where the context was not provided: a fault of ours.
pub fn ctx() -> Answer<(Services, Caller)> {
    match (use_context::<Services>(), use_context::<Caller>()) {
        (Some(services), Some(caller)) => Ok((services, caller)),
        _ => Err(Failure(Error::Unavailable {
            message: "This can be asked of the server only.".into(),
        })),
    }
}

/// Sends the browser to another page.
pub fn redirect(path: &str) {
    if let Some(respond) = use_context::<Respond>() {
        (respond.redirect)(path);
    }
}

/// Gives the page the status of an error: without it every failure would be a 200.
pub fn set_status(error: &Error) {
    if let Some(respond) = use_context::<Respond>() {
        (respond.status)(error.status());
    }
}

/// The newest event as a page began to be made, which its stream goes on from.
#[derive(Clone, Debug)]
pub struct Since(pub String);

/// Secrets that were just made, until the page that shows them asks; provided by the server.
#[derive(Clone, Default)]
pub struct Secrets(Arc<Mutex<Vec<Kept>>>);

struct Kept {
    owner: UserId,
    id: String,
    secret: String,
}

impl Secrets {
    /// Keeps words for the page that a plain form's answer leads to; it asks for them as `words`.
    pub fn tell(&self, caller: &Caller, words: String) {
        if let Some(owner) = caller.user_id() {
            self.keep(owner.clone(), "words", words);
        }
    }

    /// Keeps a secret for its owner's page.
    pub fn keep(&self, owner: UserId, id: &str, secret: String) {
        let Ok(mut kept) = self.0.lock() else { return };
        if kept.len() >= MOST_KEPT {
            kept.remove(0);
        }
        kept.push(Kept {
            owner,
            id: id.to_owned(),
            secret,
        });
    }
}

/// How many secrets may wait to be shown; the oldest give way.
const MOST_KEPT: usize = 64;

/// Keeps the secret of what was just made and sends the browser to the page that shows it once.
/// With and without JavaScript the secret thus never stands in an address or a log.
///
/// # Errors
/// Where nobody is signed in.
pub fn reveal_on(path: &str, id: &str, secret: String) -> Answer<()> {
    let (_, caller) = ctx()?;
    let Some(owner) = caller.user_id().cloned() else {
        return Err(Failure(Error::Unauthenticated));
    };
    if let Some(secrets) = use_context::<Secrets>() {
        secrets.keep(owner, id, secret);
    }
    let and = if path.contains('?') { '&' } else { '?' };
    redirect(&format!("{path}{and}made={id}"));
    Ok(())
}

/// Shows the link of an invitation on the page of people that follows, once.
///
/// # Errors
/// Where nobody is signed in.
pub fn reveal_invitation(new: &NewSecret<Invitation>) -> Answer<()> {
    let link = format!("{}/invite?token={}", here().public, new.secret);
    reveal_on("/people", &new.made.id.0, link)
}

/// Keeps words for the page that follows where the browser runs no JavaScript, and sends it there;
/// `typed` goes into the page's address, so that the form can be filled again.
///
/// # Errors
/// Where nobody is signed in.
pub fn tell_plainly(path: &str, typed: &[(&str, String)], words: &str) -> Answer<()> {
    if !use_context::<Respond>().is_some_and(|respond| respond.plain) {
        return Ok(());
    }
    let pairs: Vec<String> = typed
        .iter()
        .map(|(name, value)| format!("{name}={}", escape(value)))
        .collect();
    reveal_on(
        &format!("{path}?{}", pairs.join("&")),
        "words",
        words.to_owned(),
    )
}

/// A whole number that somebody typed, or none.
///
/// # Errors
/// Where it is another text.
pub fn whole(field: &str, text: &str) -> Answer<Option<u32>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let number = text.parse().map(Some);
    Ok(number.map_err(|_| Error::field(field, "Give a whole number, such as 15."))?)
}

/// Takes a kept secret: the second asking finds none.
pub fn take_secret(caller: &Caller, id: &str) -> Option<String> {
    let secrets = use_context::<Secrets>()?;
    let mut kept = secrets.0.lock().ok()?;
    let at = kept
        .iter()
        .position(|k| k.id == id && Some(&k.owner) == caller.user_id())?;
    Some(kept.remove(at).secret)
}
