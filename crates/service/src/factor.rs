//! Second factors: an authenticator's codes, and codes to recover with.

mod qr;
mod totp;

use api::{
    Caller, Enrolment, Error, FactorState, Factors, Instant, Result, SignedIn, Step, User, UserId,
    Visit,
};
use async_trait::async_trait;

use crate::account::Key;
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
        Ok(FactorState {
            totp_since: totp.and_then(|totp| totp.confirmed_at),
            recovery_left: left.or_failure(caller)?,
            needed: self.store.is_strict(&user.role).await.or_failure(caller)?,
        })
    }

    async fn begin_totp(&self, caller: &Caller, password: &str) -> Result<()> {
        require_person(caller)?;
        let user = self.ask_again(caller, "password", password).await?;
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
        let user = self.ask_again(caller, "password", password).await?;
        let totp = self.store.totp(&user.id).await.or_failure(caller)?;
        if totp.is_none_or(|totp| totp.confirmed_at.is_none()) {
            return Err(Error::conflict("Set up an authenticator first."));
        }
        let (codes, hashes) = recovery_codes(&user.id);
        let kept = self.store.put_recovery_codes(&user.id, &hashes).await;
        kept.or_failure(caller)?;
        Ok(codes)
    }

    async fn remove_totp(&self, caller: &Caller, password: &str) -> Result<()> {
        require_person(caller)?;
        let user = self.ask_again(caller, "password", password).await?;
        if self.store.is_strict(&user.role).await.or_failure(caller)? {
            return Err(Error::conflict(
                "Your role needs a second factor. Ask an administrator to reset it, and set up another when you sign in.",
            ));
        }
        let gone = self.store.delete_factors(&user.id).await;
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
        if self.next_step(caller, &user).await? != Some(Step::Code) {
            return Err(no_step());
        }
        let attempt = self
            .attempts
            .begin(vec![guessing(&user.id)], self.clock.now())?;
        if !self.code_fits(caller, &user.id, code).await? {
            tracing::warn!(request_id = caller.request_id, user = %user.id, "a second factor was refused");
            return Err(wrong_code());
        }
        self.attempts.succeeded(&attempt);
        self.leave_step(caller, token, user, visit).await
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
        let ended = self.store.delete_sessions_of(&user.id, None).await;
        ended.or_failure(caller)?;
        Ok((self.leave_step(caller, token, user, visit).await?, codes))
    }
}

impl Hub {
    /// The one place where an authenticator's secret becomes what the store keeps, for this row.
    #[expect(
        clippy::unused_self,
        reason = "the hub holds the key that it will be sealed with"
    )]
    fn seal(&self, _row: &UserId, secret: &[u8]) -> String {
        totp::in_base32(secret)
    }

    /// The one place where it becomes a secret again; none where it was tampered with.
    #[expect(
        clippy::unused_self,
        reason = "the hub holds the key that it will be sealed with"
    )]
    fn unseal(&self, _row: &UserId, kept: &str) -> Option<Vec<u8>> {
        totp::of_base32(kept)
    }

    async fn in_step(&self, caller: &Caller, token: &str) -> Result<User> {
        let hash = secret::fingerprint(token);
        let user = self.store.step_user(&hash, self.clock.now()).await;
        user.or_failure(caller)?.ok_or_else(no_step)
    }

    /// Ends the second step with a session.
    async fn leave_step(
        &self,
        caller: &Caller,
        token: &str,
        user: User,
        visit: &Visit,
    ) -> Result<SignedIn> {
        let taken = self.store.take_step(&secret::fingerprint(token)).await;
        if !taken.or_failure(caller)? {
            return Err(no_step());
        }
        self.open_session(caller, user, visit).await
    }

    async fn begin(&self, caller: &Caller, id: &UserId) -> Result<()> {
        let sealed = self.seal(id, &totp::fresh_secret());
        let begun = self.store.begin_totp(id, &sealed, self.clock.now()).await;
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
            Some(kept) => self.opened(caller, id, &kept.secret).map(Some),
        }
    }

    fn opened(&self, caller: &Caller, id: &UserId, kept: &str) -> Result<Vec<u8>> {
        self.unseal(id, kept).ok_or_else(|| {
            tracing::error!(request_id = caller.request_id, user = %id, "an authenticator's secret cannot be opened");
            internal(caller)
        })
    }

    /// Ends setting an authenticator up; answers the recovery codes.
    async fn confirm(&self, caller: &Caller, user: &User, code: &str) -> Result<Vec<String>> {
        let now = self.clock.now();
        let attempt = self.attempts.begin(vec![guessing(&user.id)], now)?;
        let Some(begun) = self.begun(caller, &user.id).await? else {
            return Err(Error::field(
                "code",
                "This took longer than ten minutes. Begin again.",
            ));
        };
        let Some(step) = totp::step_of(&begun, code, now) else {
            return Err(wrong_code());
        };
        let (codes, hashes) = recovery_codes(&user.id);
        let confirmed = self.store.confirm_totp(&user.id, step, &hashes, now).await;
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
        let opened = self.opened(caller, id, &kept.secret)?;
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

fn guessing(id: &UserId) -> Key {
    Key::Own(format!("code of {id}"))
}

/// The step took too long, was taken already, or never was.
fn no_step() -> Error {
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
            let text = secret::readable(12);
            let code = format!("{}-{}-{}", &text[..4], &text[4..8], &text[8..]);
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
