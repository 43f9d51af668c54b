//! Passkeys: making them, and signing in with one, alone or as the second step.
//!
//! What a browser is asked is kept in the store, so that any server can take the answer: good once,
//! for five minutes, and for who was asked alone.

mod party;

use api::{
    Caller, Error, Instant, LONGEST_PASSKEY_NAME, MOST_PASSKEYS, Passkey, PasskeyAsk, PasskeyDoor,
    PasskeyId, Passkeys, Result, SessionId, SignedIn, Step, User, Visit,
};
use async_trait::async_trait;
use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use store::{NewPasskey, PasskeyOwner, StoreError, StoredPasskey};
use webauthn_rs::prelude::{
    DiscoverableAuthentication, PasskeyRegistration, PublicKeyCredential, Uuid, WebauthnError,
};

use crate::account::Factor;
use crate::audit::Note;
use crate::factor::no_step;
use crate::failure::{OrFailure, internal};
use crate::guard::require_person;
use crate::{Hub, secret};

pub use party::RelyingParty;

/// How long a browser may take to answer.
const CHALLENGE: i64 = 5 * Instant::MINUTE;
/// The longest answer that is read, in bytes.
const LONGEST: usize = 64 * 1024;

#[async_trait]
impl Passkeys for Hub {
    async fn passkey_door(&self, _caller: &Caller) -> Result<PasskeyDoor> {
        Ok(std::future::ready(self.party.door()).await)
    }

    async fn passkeys(&self, caller: &Caller) -> Result<Vec<Passkey>> {
        let id = require_person(caller)?;
        let kept = self.store.passkeys_of(id).await.or_failure(caller)?;
        Ok(kept.into_iter().map(|kept| kept.passkey).collect())
    }

    async fn begin_passkey(
        &self,
        caller: &Caller,
        session: &SessionId,
        password: &str,
    ) -> Result<String> {
        require_person(caller)?;
        let rules = self.party.rules()?;
        let user = self.ask_fully(caller, password).await?;
        let kept = self.store.passkeys_of(&user.id).await.or_failure(caller)?;
        if kept.len() >= MOST_PASSKEYS {
            return Err(Error::conflict(format!(
                "You have {MOST_PASSKEYS} passkeys, which is as many as there can be. Remove one first."
            )));
        }
        let others = kept.iter().filter_map(|kept| decoded(&kept.credential_id));
        let (options, state) = rules
            .start_passkey_registration(
                handle(caller, &user)?,
                &user.email,
                &user.email,
                Some(others.collect()),
            )
            .map_err(|error| broken(caller, &error))?;
        let mut options = written(caller, &options)?;
        // One that the device can find by itself: signing in begins without a name.
        let wanted = &mut options["publicKey"]["authenticatorSelection"];
        wanted["residentKey"] = json!("required");
        wanted["requireResidentKey"] = json!(true);
        let holder = of_session(&user, session);
        self.remember(caller, &holder, &state).await?;
        Ok(options.to_string())
    }

    async fn add_passkey(
        &self,
        caller: &Caller,
        session: &SessionId,
        name: &str,
        credential: &str,
    ) -> Result<Passkey> {
        let id = require_person(caller)?;
        let rules = self.party.rules()?;
        let name = checked_name(name)?;
        let user = self.store.user(id).await.or_failure(caller)?;
        let user = user.ok_or(Error::Unauthenticated)?;
        let refused = Note::of("passkey.add").on_person(&user);
        let asked: Option<PasskeyRegistration> =
            self.recall(caller, &of_session(&user, session)).await?;
        let Some(asked) = asked else {
            self.audit(caller, refused.refused(USED_UP)).await?;
            return Err(late());
        };
        let made = match rules.finish_passkey_registration(&read(credential)?, &asked) {
            Ok(made) => made,
            Err(error) => {
                tracing::warn!(request_id = caller.request_id, user = %user.id, %error, "a new passkey was refused");
                self.audit(caller, refused.refused(why(&error))).await?;
                return Err(unfit());
            }
        };
        let now = self.clock.now();
        let passkey = Passkey {
            id: PasskeyId(store::new_id(now)),
            name,
            created_at: now,
            last_used_at: None,
        };
        let new = NewPasskey {
            id: &passkey.id,
            user: &user.id,
            name: &passkey.name,
            credential_id: &BASE64URL_NOPAD.encode(made.cred_id()),
            credential: &written(caller, &made)?.to_string(),
            created_at: now,
        };
        let note = Note::of("passkey.add").on("passkey", &passkey.id, &passkey.name);
        match self.noting(caller, note).insert_passkey(&new).await {
            Err(StoreError::Unique { .. }) => Err(Error::conflict("This passkey is here already.")),
            answer => answer.or_failure(caller).map(|()| passkey),
        }
    }

    async fn remove_passkey(&self, caller: &Caller, id: &PasskeyId, password: &str) -> Result<()> {
        require_person(caller)?;
        let user = self.ask_fully(caller, password).await?;
        let kept = self.store.passkeys_of(&user.id).await.or_failure(caller)?;
        let wanted = kept.iter().find(|kept| kept.passkey.id == *id);
        let wanted = wanted.ok_or_else(|| Error::not_found("passkey"))?;
        let strict = self.store.is_strict(&user.role).await.or_failure(caller)?;
        if strict && kept.len() == 1 && !self.has_totp(caller, &user.id).await? {
            return Err(Error::conflict(
                "Your role needs a second factor, and this passkey is your only one. Add another passkey or set up an authenticator first.",
            ));
        }
        let note = Note::of("passkey.remove").on("passkey", id, &wanted.passkey.name);
        let gone = self.noting(caller, note).delete_passkey(&user.id, id).await;
        if gone.or_failure(caller)? {
            Ok(())
        } else {
            Err(Error::not_found("passkey"))
        }
    }

    async fn ask_passkey(&self, caller: &Caller) -> Result<PasskeyAsk> {
        let token = secret::token(43);
        let options = self.ask(caller, &of_stranger(&token), &[]).await?;
        Ok(PasskeyAsk { token, options })
    }

    async fn enter_with_passkey(
        &self,
        caller: &Caller,
        token: &str,
        credential: &str,
        visit: &Visit,
    ) -> Result<SignedIn> {
        let proof = Proof {
            holder: of_stranger(token),
            credential,
            visit,
            of: None,
        };
        let (user, name) = self.proven(caller, proof).await?;
        let factor = Some(Factor::Passkey(&name));
        self.open_session_by(caller, user, visit, factor).await
    }

    async fn ask_passkey_step(&self, caller: &Caller, token: &str) -> Result<String> {
        let user = self.in_passkey_step(caller, token).await?;
        let kept = self.store.passkeys_of(&user.id).await.or_failure(caller)?;
        self.ask(caller, &of_step(token), &kept).await
    }

    async fn pass_passkey_step(
        &self,
        caller: &Caller,
        token: &str,
        credential: &str,
        visit: &Visit,
    ) -> Result<SignedIn> {
        let user = self.in_passkey_step(caller, token).await?;
        let proof = Proof {
            holder: of_step(token),
            credential,
            visit,
            of: Some(&user),
        };
        let (user, name) = self.proven(caller, proof).await?;
        let factor = Factor::Passkey(&name);
        self.leave_step(caller, token, user, visit, factor).await
    }
}

/// What somebody shows to be let in.
struct Proof<'a> {
    /// Who was asked.
    holder: String,
    /// What their browser answers.
    credential: &'a str,
    visit: &'a Visit,
    /// Who they are known to be by their password.
    of: Option<&'a User>,
}

impl Hub {
    /// Who is in a second step that a passkey ends.
    async fn in_passkey_step(&self, caller: &Caller, token: &str) -> Result<User> {
        let user = self.in_step(caller, token).await?;
        match self.next_step(caller, &user).await? {
            Some(Step::Passkey | Step::CodeOrPasskey) => Ok(user),
            _ => Err(no_step()),
        }
    }

    /// Asks a browser for a passkey: one of these, or any.
    async fn ask(&self, caller: &Caller, holder: &str, these: &[StoredPasskey]) -> Result<String> {
        let asked = self.party.rules()?.start_discoverable_authentication();
        let (options, state) = asked.map_err(|error| broken(caller, &error))?;
        let mut options = written(caller, &options)?;
        // Somebody has pressed a button: the browser shows its own dialogue.
        if let Some(options) = options.as_object_mut() {
            options.remove("mediation");
        }
        let these = these
            .iter()
            .map(|kept| json!({ "type": "public-key", "id": kept.credential_id }));
        options["publicKey"]["allowCredentials"] = these.collect();
        self.remember(caller, holder, &state).await?;
        Ok(options.to_string())
    }

    /// Whose passkey it is that answers what was asked, and what it is called.
    async fn proven(&self, caller: &Caller, proof: Proof<'_>) -> Result<(User, String)> {
        let rules = self.party.rules()?;
        let now = self.clock.now();
        let note = Note::of("person.sign_in");
        let asked: Option<DiscoverableAuthentication> = self.recall(caller, &proof.holder).await?;
        let Some(asked) = asked else {
            self.refused
                .keep(caller, "passkey", now, note.refused(USED_UP));
            return Err(late());
        };
        let answer: PublicKeyCredential = read(proof.credential)?;
        let called = BASE64URL_NOPAD.encode(answer.get_credential_id());
        let found = self.store.passkey_of_credential(&called).await;
        let found = found.or_failure(caller)?;
        let counted = match &found {
            Some((_, PasskeyOwner { user, .. })) => {
                self.counted(caller, &user.email, Some(&user.id), proof.visit)
                    .await?
            }
            None => Self::counted_by_address(proof.visit),
        };
        let attempt = self.begin_attempt(caller, "person.sign_in", counted)?;
        let Some((kept, owner)) = found else {
            return self.not_proven(caller, note, UNKNOWN).await;
        };
        let note = note.on_person(&owner.user);
        let handle = handle(caller, &owner.user)?;
        let theirs = match (answer.get_user_unique_id(), proof.of) {
            (Some(shown), _) if shown != handle.as_bytes() => false,
            (None, None) => false,
            (_, Some(wanted)) => wanted.id == owner.user.id,
            (Some(_), None) => true,
        };
        if !theirs {
            return self.not_proven(caller, note, SOMEBODY_ELSES).await;
        }
        let mut passkey: webauthn_rs::prelude::Passkey =
            serde_json::from_str(&kept.credential).map_err(|error| broken(caller, &error))?;
        match rules.finish_discoverable_authentication_v2(&answer, asked, &passkey) {
            Ok(shown) => passkey.update_credential(&shown),
            Err(error) => return self.not_proven(caller, note, why(&error)).await,
        };
        if owner.disabled_at.is_some() {
            let refused = note.refused("the account is disabled");
            self.audit(caller, refused).await?;
            return Err(Error::conflict(
                "This account is disabled. Ask an administrator.",
            ));
        }
        let credential = written(caller, &passkey)?.to_string();
        let (id, was) = (&kept.passkey.id, &kept.credential);
        let used = self.store.use_passkey(id, was, &credential, now).await;
        if !used.or_failure(caller)? {
            return self.not_proven(caller, note, AT_ONCE).await;
        }
        self.attempts.succeeded(&attempt);
        Ok((owner.user, kept.passkey.name))
    }

    /// Refuses a passkey, and says so to the log of the server and of who did what.
    async fn not_proven<T>(&self, caller: &Caller, note: Note, why: &'static str) -> Result<T> {
        tracing::warn!(
            request_id = caller.request_id,
            why,
            "a sign-in with a passkey was refused"
        );
        self.audit(caller, note.refused(why)).await?;
        Err(unfit())
    }

    async fn remember(&self, caller: &Caller, holder: &str, state: &impl Serialize) -> Result<()> {
        let (state, now) = (written(caller, state)?.to_string(), self.clock.now());
        self.store
            .put_passkey_challenge(holder, &state, now, now.plus(CHALLENGE))
            .await
            .or_failure(caller)
    }

    async fn recall<T: DeserializeOwned>(
        &self,
        caller: &Caller,
        holder: &str,
    ) -> Result<Option<T>> {
        let now = self.clock.now();
        let kept = self.store.take_passkey_challenge(holder, now).await;
        // What an older version wrote is as good as nothing.
        let state = kept.or_failure(caller)?;
        Ok(state.and_then(|state| serde_json::from_str(&state).ok()))
    }
}

const USED_UP: &str = "the challenge was answered before, or is too old";
const UNKNOWN: &str = "the passkey is not known here";
const SOMEBODY_ELSES: &str = "the passkey is somebody else's";
const AT_ONCE: &str = "the passkey was used twice at once";

/// Why an answer is refused, for those who read the audit log.
const fn why(error: &WebauthnError) -> &'static str {
    match error {
        WebauthnError::CredentialPossibleCompromise => {
            "the passkey's counter went back: there may be a copy of it"
        }
        WebauthnError::InvalidRPOrigin | WebauthnError::InvalidRPIDHash => {
            "the passkey was asked for by another site"
        }
        WebauthnError::MismatchedChallenge => "another challenge was answered",
        WebauthnError::UserNotVerified | WebauthnError::UserNotPresent => {
            "the device did not make sure of its person"
        }
        _ => "the passkey's answer does not hold",
    }
}

fn of_session(user: &User, session: &SessionId) -> String {
    format!("session {session} of {}", user.id)
}

fn of_stranger(token: &str) -> String {
    format!("stranger {}", secret::fingerprint(token))
}

fn of_step(token: &str) -> String {
    format!("step {}", secret::fingerprint(token))
}

/// What devices know a person by.
fn handle(caller: &Caller, user: &User) -> Result<Uuid> {
    Uuid::parse_str(user.id.as_str()).map_err(|error| broken(caller, &error))
}

fn decoded(credential_id: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(credential_id.as_bytes()).ok()
}

fn written(caller: &Caller, value: &impl Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(|error| broken(caller, &error))
}

/// What a browser sent.
fn read<T: DeserializeOwned>(credential: &str) -> Result<T> {
    let short = credential.len() <= LONGEST;
    let read = short.then(|| serde_json::from_str(credential).ok());
    read.flatten().ok_or_else(unfit)
}

fn checked_name(name: &str) -> Result<String> {
    let name = name.trim();
    let good = !name.is_empty()
        && name.chars().count() <= LONGEST_PASSKEY_NAME
        && !name.contains(char::is_control);
    if good {
        return Ok(name.to_owned());
    }
    Err(Error::field(
        "name",
        format!("Give it a name of up to {LONGEST_PASSKEY_NAME} characters, such as the device's."),
    ))
}

/// A fault of ours.
fn broken(caller: &Caller, error: &dyn std::fmt::Display) -> Error {
    tracing::error!(request_id = caller.request_id, %error, "passkeys failed");
    internal(caller)
}

fn late() -> Error {
    Error::field(
        "challenge",
        "That took longer than five minutes, or was sent twice. Begin again.",
    )
}

fn unfit() -> Error {
    Error::field("credential", "This passkey does not fit.")
}
