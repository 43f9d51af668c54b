//! Coming in: from a password that fits to a session, and what keeps it alive.

use api::{
    Caller, Entry, Error, Instant, PasswordFault, Result, SessionId, SignedIn, Step, User, UserId,
    Visit, Who,
};
use serde_json::json;
use store::NewSession;

use super::attempts::{Attempt, Key};
use super::password;
use crate::audit::Note;
use crate::failure::{OrFailure, internal};
use crate::{Hub, secret};

/// How long sessions last.
#[derive(Clone, Copy, Debug)]
pub struct SessionTimes {
    /// From signing in to the end, whatever happens, in seconds.
    pub absolute_seconds: u32,
    /// Without being used, in seconds.
    pub idle_seconds: u32,
}

impl Default for SessionTimes {
    /// A day, and two hours without being used.
    fn default() -> Self {
        Self {
            absolute_seconds: 24 * 3600,
            idle_seconds: 2 * 3600,
        }
    }
}

/// How long somebody may take from the password to the second factor.
const STEP: i64 = 10 * Instant::MINUTE;
/// How long a second factor that was shown lets somebody change what they sign in with.
const FRESH: i64 = 10 * Instant::MINUTE;
/// How long a browser is known after its last sign-in.
const DEVICE: i64 = 180 * Instant::DAY;
/// The longest name of a browser that is kept.
const LONGEST_BROWSER: usize = 200;

/// What somebody showed besides their password, or instead of it.
#[derive(Clone, Copy)]
pub(crate) enum Factor<'a> {
    /// A code of an authenticator, or to recover with.
    Code,
    /// The passkey of that name.
    Passkey(&'a str),
}

impl Hub {
    /// Before which instant a session must not have been used last.
    pub(crate) fn idle_since(&self, now: Instant) -> Instant {
        now.minus(i64::from(self.times.idle_seconds) * Instant::SECOND)
    }

    /// What failures of this visit are counted by.
    pub(crate) async fn counted(
        &self,
        caller: &Caller,
        account: &str,
        user: Option<&UserId>,
        visit: &Visit,
    ) -> Result<Vec<Key>> {
        if let (Some(user), Some(device)) = (user, &visit.device) {
            let hash = secret::fingerprint(device);
            let known = self.store.device_user(&hash).await.or_failure(caller)?;
            if known.as_ref() == Some(user) {
                return Ok(vec![Key::Device(hash)]);
            }
        }
        let account: String = account.chars().take(254).collect();
        let mut keys = vec![Key::Account(account.clone())];
        if let Some(network) = visit.network() {
            keys.push(Key::Pair(account, network.clone()));
            keys.push(Key::Address(network));
        }
        Ok(keys)
    }

    /// What wrong codes of somebody's second step are counted by. As passwords are, so that who has the
    /// password makes themselves wait and not its owner; but apart from them, or the right password would
    /// wash wrong codes away.
    pub(crate) async fn counted_codes(
        &self,
        caller: &Caller,
        user: &UserId,
        visit: &Visit,
    ) -> Result<Vec<Key>> {
        // In capitals, which nobody can type as an address: those are made small.
        let account = format!("CODE OF {user}");
        let counted = self.counted(caller, &account, Some(user), visit).await?;
        let apart = counted.into_iter().map(|key| match key {
            Key::Device(hash) => Key::Device(format!("code of {hash}")),
            Key::Account(_) => Key::Codes(user.0.clone()),
            other => other,
        });
        Ok(apart.collect())
    }

    /// Begins an attempt at what `action` names, where none of those keys has to wait.
    pub(crate) fn begin_attempt(
        &self,
        caller: &Caller,
        action: &'static str,
        counted: Vec<Key>,
    ) -> Result<Attempt> {
        let now = self.clock.now();
        self.attempts.begin(counted, now).inspect_err(|_| {
            let note = Note::of(action).refused("too many attempts");
            self.refused.keep(caller, action, now, note);
        })
    }

    /// What failures of this visit are counted by where nobody knows whom it is about.
    pub(crate) fn counted_by_address(visit: &Visit) -> Vec<Key> {
        visit.network().map(Key::Address).into_iter().collect()
    }

    /// What comes next for somebody whose password fitted.
    pub(crate) async fn enter(&self, caller: &Caller, user: User, visit: &Visit) -> Result<Entry> {
        let Some(ask) = self.next_step(caller, &user).await? else {
            let session = self.open_session(caller, user, visit).await?;
            return Ok(Entry::Open(Box::new(session)));
        };
        let token = secret::token(43);
        let until = self.clock.now().plus(STEP);
        self.store
            .insert_step(&secret::fingerprint(&token), &user.id, until)
            .await
            .or_failure(caller)?;
        Ok(Entry::Step { token, ask })
    }

    /// What is still asked of somebody whose password fitted.
    pub(crate) async fn next_step(&self, caller: &Caller, user: &User) -> Result<Option<Step>> {
        let passkeys = self.store.passkeys_of(&user.id).await.or_failure(caller)?;
        let totp = self.has_totp(caller, &user.id).await?;
        let strict = self.store.is_strict(&user.role).await.or_failure(caller)?;
        Ok(match (totp, passkeys.is_empty()) {
            (true, true) => Some(Step::Code),
            (true, false) => Some(Step::CodeOrPasskey),
            // Who has the password alone must not set up a factor of their own beside the passkey.
            (false, false) => strict.then_some(Step::Passkey),
            (false, true) => strict.then_some(Step::Enrol),
        })
    }

    /// Whether the person has an authenticator.
    pub(crate) async fn has_totp(&self, caller: &Caller, id: &UserId) -> Result<bool> {
        let totp = self.store.totp(id).await.or_failure(caller)?;
        Ok(totp.is_some_and(|totp| totp.confirmed_at.is_some()))
    }

    pub(crate) async fn open_session(
        &self,
        caller: &Caller,
        user: User,
        visit: &Visit,
    ) -> Result<SignedIn> {
        self.open_session_by(caller, user, visit, None).await
    }

    /// The same for somebody who showed that.
    pub(crate) async fn open_session_by(
        &self,
        caller: &Caller,
        user: User,
        visit: &Visit,
        factor: Option<Factor<'_>>,
    ) -> Result<SignedIn> {
        let token = secret::token(43);
        let now = self.clock.now();
        let expires_at = now.plus(i64::from(self.times.absolute_seconds) * Instant::SECOND);
        let id = SessionId(store::new_id(now));
        let browser: String = visit.browser.chars().take(LONGEST_BROWSER).collect();
        let new = NewSession {
            id: &id,
            token_hash: &secret::fingerprint(&token),
            user: &user.id,
            created_at: now,
            expires_at,
            address: &visit.address,
            browser: &browser,
        };
        let mut note = Note::of("person.sign_in").on_person(&user).by_person(&user);
        note = match factor {
            None => note,
            Some(Factor::Code) => note.after(&json!({ "second_step": "code" })),
            Some(Factor::Passkey(name)) => note.after(&json!({ "passkey": name })),
        };
        let store = self.noting(caller, note);
        store.insert_session(&new).await.or_failure(caller)?;
        if let Some(old) = &visit.session {
            let ended = self.store.delete_session(&secret::fingerprint(old)).await;
            ended.or_failure(caller)?;
        }
        let touched = self.store.touch_session(&id, &user.id, now).await;
        touched.or_failure(caller)?;
        let device = self.know(caller, &user.id, visit).await?;
        self.store
            .forget_old_sessions(now, self.idle_since(now), now.minus(DEVICE))
            .await
            .or_failure(caller)?;
        Ok(SignedIn {
            user,
            token,
            expires_at,
            seconds: self.times.absolute_seconds,
            device,
        })
    }

    /// Knows the browser from now on; one that somebody else used gets another token.
    async fn know(&self, caller: &Caller, user: &UserId, visit: &Visit) -> Result<String> {
        let mut token = secret::token(43);
        if let Some(shown) = &visit.device {
            let hash = secret::fingerprint(shown);
            let known = self.store.device_user(&hash).await.or_failure(caller)?;
            if known.as_ref() == Some(user) {
                token.clone_from(shown);
            }
        }
        self.store
            .know_device(&secret::fingerprint(&token), user, self.clock.now())
            .await
            .or_failure(caller)?;
        Ok(token)
    }

    /// Asks a signed-in person for their password once more.
    ///
    /// # Errors
    /// `Invalid` in that field where it does not fit, `TooMany` after a few that did not.
    pub(crate) async fn ask_again(
        &self,
        caller: &Caller,
        field: &str,
        given: &str,
    ) -> Result<User> {
        let id = crate::guard::require_person(caller)?;
        let own = vec![Key::Own(id.0.clone())];
        let attempt = self.begin_attempt(caller, "person.confirm", own)?;
        let user = self.store.user(id).await.or_failure(caller)?;
        let user = user.ok_or(Error::Unauthenticated)?;
        let kept = self.store.password_hash(id).await.or_failure(caller)?;
        let kept = kept.unwrap_or_default();
        if kept.is_empty() {
            return Err(Error::conflict(
                "You sign in through another provider and have no password here. Second factors are set up there.",
            ));
        }
        if !self.verify(caller, given.to_owned(), kept).await? {
            let note = Note::of("person.confirm").on_person(&user);
            self.audit(caller, note.refused("the present password is wrong"))
                .await?;
            return Err(Error::field(field, "That is not your present password."));
        }
        self.attempts.succeeded(&attempt);
        Ok(user)
    }

    /// Who changes what they sign in with shows all of that once more: the password now, and a second factor not
    /// long ago, where they have one.
    ///
    /// # Errors
    /// Those of [`Self::ask_again`]; `Conflict` where they signed in too long ago.
    pub(crate) async fn ask_fully(&self, caller: &Caller, password: &str) -> Result<User> {
        let user = self.ask_again(caller, "password", password).await?;
        let since = match &caller.who {
            Who::User { since, .. } => *since,
            _ => return Err(Error::Unauthenticated),
        };
        if self.clock.now().0.saturating_sub(since.0) <= FRESH {
            return Ok(user);
        }
        let totp = self.store.totp(&user.id).await.or_failure(caller)?;
        let passkeys = self.store.passkeys_of(&user.id).await.or_failure(caller)?;
        if totp.is_none_or(|totp| totp.confirmed_at.is_none()) && passkeys.is_empty() {
            return Ok(user);
        }
        let note = Note::of("person.confirm").on_person(&user);
        self.audit(
            caller,
            note.refused("the second factor was shown too long ago"),
        )
        .await?;
        Err(Error::conflict(
            "You showed your second step more than ten minutes ago. Sign in again, and then change this.",
        ))
    }

    pub(crate) async fn hash(&self, caller: &Caller, password: String) -> Result<String> {
        self.at_leisure(caller, move || secret::hash_password(&password))
            .await?
            .ok_or_else(|| internal(caller))
    }

    pub(crate) async fn verify(
        &self,
        caller: &Caller,
        password: String,
        kept: String,
    ) -> Result<bool> {
        if password.len() > password::LONGEST {
            return Ok(false);
        }
        self.at_leisure(caller, move || secret::fits(&password, &kept))
            .await
    }

    /// Runs slow hashing beside the pages, one at a time.
    async fn at_leisure<T: Send + 'static>(
        &self,
        caller: &Caller,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let _turn = self.hashing.acquire().await.map_err(|_| internal(caller))?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| internal(caller))
    }
}

/// Refuses a password that attackers try first.
///
/// # Errors
/// `Invalid` in that field.
pub(crate) fn check_password(field: &str, password: &str, email: &str) -> Result<()> {
    match password::fault(password, email).map(PasswordFault::message) {
        None => Ok(()),
        Some(message) => Err(Error::field(field, message)),
    }
}
