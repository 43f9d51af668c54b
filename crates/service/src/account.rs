//! People and their sessions.

mod attempts;
mod entry;
mod password;

use api::{
    Accounts, Caller, Credentials, Entry, Error, HeldSession, Instant, Permission, Result, Role,
    Session, SessionId, SetUp, SignedIn, User, UserId, Visit,
};
use async_trait::async_trait;
use store::NewAccount;

use crate::audit::Note;
use crate::failure::OrFailure;
use crate::guard::{require, require_on, require_person, require_system};
use crate::{Hub, secret};

#[cfg(test)]
pub(crate) use attempts::strangers_wait;
pub(crate) use attempts::{Attempts, Key};
pub use entry::SessionTimes;
pub(crate) use entry::{Factor, check_password};

/// A hash that no password fits: an unknown address must take as long as a known one.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[async_trait]
impl Accounts for Hub {
    async fn set_up_state(&self, caller: &Caller) -> Result<SetUp> {
        let admins = self.store.count_admins().await.or_failure(caller)?;
        Ok(if admins == 0 {
            SetUp::Open
        } else {
            SetUp::Done
        })
    }

    async fn set_up_token(&self, caller: &Caller) -> Result<Option<String>> {
        require_system(caller)?;
        if self.set_up_state(caller).await? == SetUp::Done {
            return Ok(None);
        }
        let token = secret::token(43);
        self.noting(caller, Note::of("setup.offer"))
            .put_setup_token(&secret::fingerprint(&token), self.clock.now())
            .await
            .or_failure(caller)?;
        Ok(Some(token))
    }

    async fn set_up_fits(&self, caller: &Caller, token: &str) -> Result<bool> {
        let hash = secret::fingerprint(token);
        self.store.is_setup_token(&hash).await.or_failure(caller)
    }

    async fn set_up(
        &self,
        caller: &Caller,
        token: &str,
        who: Credentials,
        visit: &Visit,
    ) -> Result<SignedIn> {
        let email = checked_email(&who.email)?;
        check_password("password", &who.password, &email)?;
        let hash = self.hash(caller, who.password).await?;
        let now = self.clock.now();
        let user = User {
            id: UserId(store::new_id(now)),
            email,
            role: Role::Admin,
            created_at: now,
            last_seen_at: None,
        };
        let account = NewAccount {
            id: &user.id,
            email: &user.email,
            role: &user.role,
            password_hash: &hash,
        };
        let note = Note::of("setup.claim").on_person(&user).by_person(&user);
        let claimed = self
            .noting(caller, note)
            .claim(&secret::fingerprint(token), &account, now)
            .await
            .or_failure(caller)?;
        if !claimed {
            let note = Note::of("setup.claim").refused("the set-up link is used up");
            self.refused.keep(caller, "setup", now, note);
            return Err(Error::field(
                "token",
                "This set-up link is used up. Restart Millrace and it prints a new one.",
            ));
        }
        tracing::info!(request_id = caller.request_id, user = %user.id, "the administrator was made");
        self.open_session(caller, user, visit).await
    }

    async fn sign_in(&self, caller: &Caller, who: Credentials, visit: &Visit) -> Result<Entry> {
        let email = who.email.trim().to_lowercase();
        let found = self.store.user_by_email(&email).await.or_failure(caller)?;
        let id = found.as_ref().map(|(user, _)| &user.id);
        let counted = self.counted(caller, &email, id, visit).await?;
        let attempt = self.begin_attempt(caller, "person.sign_in", counted)?;
        let note = match (&found, checked_email(&email)) {
            (Some((user, _)), _) => Note::of("person.sign_in").on_person(user),
            (None, Ok(email)) => Note::of("person.sign_in").on("person", "", email),
            // What is no address may be a password in the wrong field.
            (None, Err(_)) => Note::of("person.sign_in"),
        };
        let kept = found.as_ref().map(|(_, lock)| lock.password_hash.clone());
        // Nobody, and somebody without a password, take as long as anybody.
        let kept = kept.filter(|hash| !hash.is_empty());
        let kept = kept.unwrap_or_else(|| NOBODY.to_owned());
        let password = who.password;
        let fits = self.verify(caller, password.clone(), kept).await?;
        let Some((user, lock)) = found.filter(|_| fits) else {
            let why = note.refused("the address or the password is wrong");
            self.audit(caller, why).await?;
            tracing::warn!(request_id = caller.request_id, "a sign-in was refused");
            return Err(Error::field(
                "password",
                "The address or the password is wrong.",
            ));
        };
        self.attempts.succeeded(&attempt);
        if lock.disabled_at.is_some() {
            self.audit(caller, note.refused("the account is disabled"))
                .await?;
            return Err(Error::conflict(
                "This account is disabled. Ask an administrator.",
            ));
        }
        if secret::is_dated(&lock.password_hash) {
            self.store
                .set_password_hash(&user.id, &self.hash(caller, password).await?)
                .await
                .or_failure(caller)?;
        }
        self.enter(caller, user, visit).await
    }

    async fn sign_out(&self, caller: &Caller, token: &str) -> Result<()> {
        let token = secret::fingerprint(token);
        let now = self.clock.now();
        let held = self
            .store
            .session_holder(&token, now, self.idle_since(now))
            .await;
        let store = match held.or_failure(caller)? {
            Some(held) => {
                let note = Note::of("person.sign_out").on_person(&held.user);
                self.noting(caller, note.by_person(&held.user))
            }
            None => self.store.clone(),
        };
        store.delete_session(&token).await.or_failure(caller)?;
        Ok(())
    }

    async fn of_session(
        &self,
        caller: &Caller,
        token: &str,
        used: bool,
    ) -> Result<Option<HeldSession>> {
        let now = self.clock.now();
        let held = self
            .store
            .session_holder(&secret::fingerprint(token), now, self.idle_since(now))
            .await
            .or_failure(caller)?;
        let Some(held) = held else { return Ok(None) };
        // To the minute is enough, and a write for each request is not.
        let seldom = Instant::MINUTE.min(i64::from(self.times.idle_seconds) * Instant::SECOND / 4);
        if used && now.0 - held.last_used_at.0 >= seldom {
            let touched = self.store.touch_session(&held.session, &held.user.id, now);
            // Reading goes on where that cannot be written.
            self.key_uses.wrote(&touched.await);
        }
        Ok(Some(HeldSession {
            id: held.session,
            user: held.user,
            since: held.opened_at,
        }))
    }

    async fn me(&self, caller: &Caller) -> Result<User> {
        let id = require_person(caller)?;
        self.store
            .user(id)
            .await
            .or_failure(caller)?
            .ok_or(Error::Unauthenticated)
    }

    async fn change_password(
        &self,
        caller: &Caller,
        old: &str,
        new: &str,
        visit: &Visit,
    ) -> Result<SignedIn> {
        require_person(caller)?;
        let user = self.ask_again(caller, "old", old).await?;
        check_password("new", new, &user.email)?;
        let hash = self.hash(caller, new.to_owned()).await?;
        let note = Note::of("person.change_password").on_person(&user);
        let store = self.noting(caller, note);
        let set = store.set_password_hash(&user.id, &hash).await;
        set.or_failure(caller)?;
        let ended = self.store.delete_sessions_of(&user.id, None).await;
        ended.or_failure(caller)?;
        self.open_session(caller, user, visit).await
    }

    async fn sessions(&self, caller: &Caller) -> Result<Vec<Session>> {
        let id = require_person(caller)?;
        let now = self.clock.now();
        let sessions = self.store.sessions_of(id, now, self.idle_since(now)).await;
        sessions.or_failure(caller)
    }

    async fn end_session(&self, caller: &Caller, id: &SessionId) -> Result<()> {
        let user = require_person(caller)?;
        let note = Note::of("session.end").on("session", id, "");
        let store = self.noting(caller, note);
        let ended = store.delete_session_of(user, id).await;
        if ended.or_failure(caller)? {
            Ok(())
        } else {
            Err(Error::not_found("session"))
        }
    }

    async fn end_other_sessions(&self, caller: &Caller, but: &SessionId) -> Result<u32> {
        let user = require_person(caller)?;
        let note = Note::of("session.end_others").on("person", user, "");
        let store = self.noting(caller, note);
        let ended = store.delete_sessions_of(user, Some(but)).await;
        Ok(u32::try_from(ended.or_failure(caller)?).unwrap_or(u32::MAX))
    }

    async fn users(&self, caller: &Caller) -> Result<Vec<User>> {
        require(caller, Permission::AccessRead)?;
        self.store.users().await.or_failure(caller)
    }

    async fn remove_user(&self, caller: &Caller, id: &UserId) -> Result<()> {
        require_on(caller, Permission::AccessWrite, "user")?;
        let user = self.person_within(caller, id).await?;
        let note = Note::of("person.remove").on_person(&user).before(&user);
        if self
            .noting(caller, note)
            .delete_user_unless_last_admin(id)
            .await
            .or_failure(caller)?
        {
            Ok(())
        } else {
            Err(Error::conflict(
                "This is the last administrator: without one nobody could add people. Add another first.",
            ))
        }
    }
}

pub(crate) fn checked_email(email: &str) -> Result<String> {
    let email = email.trim().to_lowercase();
    let good = email.len() <= 254
        && !email.contains(char::is_whitespace)
        && email.split_once('@').is_some_and(|(name, domain)| {
            !name.is_empty() && domain.contains('.') && !domain.contains('@')
        });
    if good {
        Ok(email)
    } else {
        Err(Error::field(
            "email",
            "That is not an e-mail address: it needs a name, an @ and a domain.",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_an_address_is_one() {
        assert_eq!(
            checked_email(" Ada@Example.org ").unwrap(),
            "ada@example.org"
        );
        for bad in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "ada@example",
            "a da@example.org",
            "a@b@c.d",
        ] {
            assert!(checked_email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_hash_for_nobody_is_one_that_is_really_computed() {
        assert!(argon2::password_hash::phc::PasswordHash::new(NOBODY).is_ok());
    }
}
