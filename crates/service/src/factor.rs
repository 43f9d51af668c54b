//! Second factors: an authenticator's codes, and codes to recover with.

mod qr;
mod totp;

use api::{
    Caller, Enrolment, Error, FactorState, Factors, Hidden, Instant, Result, SignedIn, Step, User,
    UserId, Visit,
};
use async_trait::async_trait;
use store::SealedPlace;

use crate::account::{Factor, Key};
use crate::audit::Note;
use crate::failure::{OrFailure, internal};
use crate::guard::require_person;
use crate::{Hub, secret};

/// How many recovery codes there are.
const RECOVERY_CODES: usize = 10;
/// How long somebody may take to set an authenticator up.
const ENROLMENT: i64 = 10 * Instant::MINUTE;

#[async_trait]
impl Factors for Hub {
    async fn factors(&self, caller: &Caller) -> Result<FactorState> {
        let id = require_person(caller)?;
        let user = self.store.user(id).await.or_failure(caller)?;
        let user = user.ok_or(Error::Unauthenticated)?;
        let totp = self.store.totp(id).await.or_failure(caller)?;
        let left = self.store.recovery_codes_left(id).await;
        let strict = self.store.is_strict(&user.role).await.or_failure(caller)?;
        let passkeys = self.store.passkeys_of(id).await.or_failure(caller)?;
        Ok(FactorState {
            totp_since: totp.and_then(|totp| totp.confirmed_at),
            recovery_left: left.or_failure(caller)?,
            needed: strict && passkeys.is_empty(),
        })
    }

    async fn begin_totp(&self, caller: &Caller, password: &str) -> Result<()> {
        require_person(caller)?;
        let user = self.ask_fully(caller, password).await?;
        self.begin(caller, &user.id).await
    }

    async fn enrolment(&self, caller: &Caller) -> Result<Enrolment> {
        let id = require_person(caller)?;
        let user = self.store.user(id).await.or_failure(caller)?;
        let begun = self.begun(caller, id).await?;
        let begun = begun.ok_or_else(|| Error::not_found("authenticator in the making"))?;
        enrolment(caller, &user.ok_or(Error::Unauthenticated)?, &begun)
    }

    async fn confirm_totp(
        &self,
        caller: &Caller,
        code: &str,
        visit: &Visit,
    ) -> Result<(SignedIn, Vec<String>)> {
        let id = require_person(caller)?;
        let user = self.store.user(id).await.or_failure(caller)?;
        let user = user.ok_or(Error::Unauthenticated)?;
        let codes = self.confirm(caller, &user, code).await?;
        let ended = self.store.delete_sessions_of(id, None).await;
        ended.or_failure(caller)?;
        Ok((self.open_session(caller, user, visit).await?, codes))
    }

    async fn renew_recovery(&self, caller: &Caller, password: &str) -> Result<Vec<String>> {
        require_person(caller)?;
        let user = self.ask_fully(caller, password).await?;
        let totp = self.store.totp(&user.id).await.or_failure(caller)?;
        if totp.is_none_or(|totp| totp.confirmed_at.is_none()) {
            return Err(Error::conflict("Set up an authenticator first."));
        }
        let (codes, hashes) = recovery_codes(&user.id);
        let note = Note::of("factor.renew_recovery").on_person(&user);
        let store = self.noting(caller, note);
        let kept = store.put_recovery_codes(&user.id, &hashes).await;
        kept.or_failure(caller)?;
        Ok(codes)
    }

    async fn remove_totp(&self, caller: &Caller, password: &str) -> Result<()> {
        require_person(caller)?;
        let user = self.ask_fully(caller, password).await?;
        let strict = self.store.is_strict(&user.role).await.or_failure(caller)?;
        let passkeys = self.store.passkeys_of(&user.id).await.or_failure(caller)?;
        if strict && passkeys.is_empty() {
            return Err(Error::conflict(
                "Your role needs a second factor. Ask an administrator to reset it, and set up another when you sign in.",
            ));
        }
        let store = self.noting(caller, Note::of("factor.remove").on_person(&user));
        let gone = store.delete_factors(&user.id).await;
        gone.or_failure(caller)
    }

    async fn step(&self, caller: &Caller, token: &str) -> Result<Step> {
        let user = self.in_step(caller, token).await?;
        let ask = self.next_step(caller, &user).await?;
        ask.ok_or_else(no_step)
    }

    async fn pass_step(
        &self,
        caller: &Caller,
        token: &str,
        code: &str,
        visit: &Visit,
    ) -> Result<SignedIn> {
        let user = self.in_step(caller, token).await?;
        let asked = self.next_step(caller, &user).await?;
        if !matches!(asked, Some(Step::Code | Step::CodeOrPasskey)) {
            return Err(no_step());
        }
        let counted = self.counted_codes(caller, &user.id, visit).await?;
        let attempt = self.begin_attempt(caller, "person.sign_in", counted)?;
        if !self.code_fits(caller, &user.id, code).await? {
            let note = Note::of("person.sign_in").on_person(&user);
            self.audit(caller, note.refused("the second factor is wrong"))
                .await?;
            tracing::warn!(request_id = caller.request_id, user = %user.id, "a second factor was refused");
            return Err(wrong_code());
        }
        self.attempts.succeeded(&attempt);
        self.leave_step(caller, token, user, visit, Factor::Code)
            .await
    }

    async fn step_enrolment(&self, caller: &Caller, token: &str) -> Result<Enrolment> {
        let user = self.in_step(caller, token).await?;
        if self.next_step(caller, &user).await? != Some(Step::Enrol) {
            return Err(no_step());
        }
        if self.begun(caller, &user.id).await?.is_none() {
            self.begin(caller, &user.id).await?;
        }
        let begun = self.begun(caller, &user.id).await?;
        enrolment(caller, &user, &begun.ok_or_else(|| internal(caller))?)
    }

    async fn pass_enrolment(
        &self,
        caller: &Caller,
        token: &str,
        code: &str,
        visit: &Visit,
    ) -> Result<(SignedIn, Vec<String>)> {
        let user = self.in_step(caller, token).await?;
        if self.next_step(caller, &user).await? != Some(Step::Enrol) {
            return Err(no_step());
        }
        let codes = self.confirm(caller, &user, code).await?;
        self.take_step(caller, token).await?;
        let ended = self.store.delete_sessions_of(&user.id, None).await;
        ended.or_failure(caller)?;
        Ok((self.open_session(caller, user, visit).await?, codes))
    }
}

impl Hub {
    pub(crate) async fn in_step(&self, caller: &Caller, token: &str) -> Result<User> {
        let hash = secret::fingerprint(token);
        let user = self.store.step_user(&hash, self.clock.now()).await;
        user.or_failure(caller)?.ok_or_else(no_step)
    }

    /// Ends the second step with a session.
    pub(crate) async fn leave_step(
        &self,
        caller: &Caller,
        token: &str,
        user: User,
        visit: &Visit,
        factor: Factor<'_>,
    ) -> Result<SignedIn> {
        self.take_step(caller, token).await?;
        self.open_session_by(caller, user, visit, Some(factor))
            .await
    }

    /// Ends the second step: of two at once, one is told that there is none.
    async fn take_step(&self, caller: &Caller, token: &str) -> Result<()> {
        let taken = self.store.take_step(&secret::fingerprint(token)).await;
        taken.or_failure(caller)?.then_some(()).ok_or_else(no_step)
    }

    async fn begin(&self, caller: &Caller, id: &UserId) -> Result<()> {
        let secret = Hidden(totp::in_base32(&totp::fresh_secret()));
        let sealed = self.seal(caller, SealedPlace::TotpSecret, id.as_str(), &secret)?;
        let store = self.noting(caller, Note::of("factor.begin").on("person", id, ""));
        let begun = store.begin_totp(id, &sealed, self.clock.now()).await;
        if begun.or_failure(caller)? {
            return Ok(());
        }
        Err(Error::conflict(
            "An authenticator is set up already. Remove it first.",
        ))
    }

    /// The secret of an authenticator that was begun and is still waited for.
    async fn begun(&self, caller: &Caller, id: &UserId) -> Result<Option<Vec<u8>>> {
        let kept = self.store.totp(id).await.or_failure(caller)?;
        let since = self.clock.now().minus(ENROLMENT);
        let begun = kept.filter(|kept| kept.confirmed_at.is_none() && kept.created_at > since);
        match begun {
            None => Ok(None),
            Some(kept) => self.totp_secret(caller, id, &kept.secret).map(Some),
        }
    }

    fn totp_secret(&self, caller: &Caller, id: &UserId, kept: &str) -> Result<Vec<u8>> {
        let opened = self.opened(SealedPlace::TotpSecret, id.as_str(), kept);
        let secret = opened.map_err(|error| {
            tracing::error!(request_id = caller.request_id, user = %id, %error, "an authenticator's secret cannot be opened");
            internal(caller)
        })?;
        totp::of_base32(&secret.0).ok_or_else(|| internal(caller))
    }

    /// Ends setting an authenticator up; answers the recovery codes.
    async fn confirm(&self, caller: &Caller, user: &User, code: &str) -> Result<Vec<String>> {
        let now = self.clock.now();
        // Whoever sets it up sees its secret: there is nothing to guess, and nobody else to keep out.
        let counted = vec![Key::Own(format!("code of {}", user.id))];
        let attempt = self.begin_attempt(caller, "factor.confirm", counted)?;
        let Some(begun) = self.begun(caller, &user.id).await? else {
            return Err(Error::field(
                "code",
                "This took longer than ten minutes. Begin again.",
            ));
        };
        let note = Note::of("factor.confirm").on_person(user);
        let Some(step) = totp::step_of(&begun, code, now) else {
            self.audit(caller, note.refused("the code is wrong"))
                .await?;
            return Err(wrong_code());
        };
        let (codes, hashes) = recovery_codes(&user.id);
        let note = note.by_person(user);
        let store = self.noting(caller, note);
        let confirmed = store.confirm_totp(&user.id, step, &hashes, now).await;
        if !confirmed.or_failure(caller)? {
            return Err(Error::conflict("An authenticator is set up already."));
        }
        self.attempts.succeeded(&attempt);
        Ok(codes)
    }

    /// Whether a code of the authenticator, or a recovery code, fits; it is used up by that.
    async fn code_fits(&self, caller: &Caller, id: &UserId, code: &str) -> Result<bool> {
        let kept = self.store.totp(id).await.or_failure(caller)?;
        let Some(kept) = kept.filter(|kept| kept.confirmed_at.is_some()) else {
            return Ok(false);
        };
        let opened = self.totp_secret(caller, id, &kept.secret)?;
        if let Some(step) = totp::step_of(&opened, code, self.clock.now()) {
            return self.store.use_totp_step(id, step).await.or_failure(caller);
        }
        let used = self
            .store
            .use_recovery_code(id, &recovery_hash(id, code))
            .await;
        used.or_failure(caller)
    }
}

/// The step took too long, was taken already, or never was.
pub(crate) fn no_step() -> Error {
    Error::not_found("second step")
}

fn wrong_code() -> Error {
    Error::field(
        "code",
        "That code does not fit. Each works once and for half a minute: give the one shown now.",
    )
}

fn enrolment(caller: &Caller, user: &User, begun: &[u8]) -> Result<Enrolment> {
    let uri = totp::uri(&user.email, begun);
    let drawn = qr::draw(&uri).ok_or_else(|| internal(caller))?;
    let text: Vec<char> = totp::in_base32(begun).chars().collect();
    let groups = text.chunks(4).map(|group| group.iter().collect::<String>());
    Ok(Enrolment {
        email: user.email.clone(),
        secret: groups.collect::<Vec<_>>().join(" "),
        uri,
        qr_side: drawn.0,
        qr_path: drawn.1,
    })
}

/// Fresh recovery codes, and what is kept of them.
fn recovery_codes(id: &UserId) -> (Vec<String>, Vec<String>) {
    (0..RECOVERY_CODES)
        .map(|_| {
            // 118 bits: what is kept of them is hashed but once.
            let text: Vec<char> = secret::readable(24).chars().collect();
            let groups: Vec<String> = text.chunks(4).map(String::from_iter).collect();
            let code = groups.join("-");
            let hash = recovery_hash(id, &code);
            (code, hash)
        })
        .unzip()
}

/// The same code of two people leaves two traces; dashes, spaces and capitals are forgiven.
fn recovery_hash(id: &UserId, code: &str) -> String {
    let letters = code.chars().filter(char::is_ascii_alphanumeric);
    let plain: String = letters.map(|c| c.to_ascii_lowercase()).collect();
    secret::fingerprint(&format!("{id} {plain}"))
}
