//! People, sessions and API keys.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use api::{
    Accounts, ApiKey, Caller, Credentials, Error, Instant, KeyId, NewKey, NewSecret, NewUser,
    Permission, Result, Role, SetUp, SignedIn, User, UserId, Who,
};
use async_trait::async_trait;
use store::{NewAccount, StoreError};

use crate::audit::Note;
use crate::failure::{OrFailure, internal};
use crate::guard::{require, require_person, require_system};
use crate::{Hub, secret};

/// How long a session lasts.
const SESSION: i64 = 24 * Instant::HOUR;
/// The shortest password.
const SHORTEST_PASSWORD: usize = 12;
/// The longest one: hashing is work that a caller should not be able to make endless.
const LONGEST_PASSWORD: usize = 512;
/// Failed attempts at one address after which it has to wait.
const MOST_ATTEMPTS: u32 = 10;
/// How long.
const WAIT: i64 = Instant::MINUTE;
/// The highest rate of a key, in samples a second: beyond it nobody means a limit.
const HIGHEST_RATE: u32 = 10_000_000;
/// A hash that no password fits: an unknown address must take as long as a known one.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Failed attempts to sign in, by address.
#[derive(Default)]
pub(crate) struct Attempts(Mutex<HashMap<String, (u32, Instant)>>);

impl Attempts {
    fn check(&self, email: &str, now: Instant) -> Result<()> {
        let mut attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.retain(|_, (_, last)| now.0 - last.0 < WAIT);
        match attempts.get(email) {
            Some((count, last)) if *count >= MOST_ATTEMPTS => {
                let left = (WAIT - (now.0 - last.0)) / Instant::SECOND;
                Err(Error::TooMany {
                    retry_after_seconds: u32::try_from(left.max(1)).unwrap_or(60),
                })
            }
            _ => Ok(()),
        }
    }

    fn failed(&self, email: &str, now: Instant) {
        let mut attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = attempts.entry(email.to_owned()).or_insert((0, now));
        *entry = (entry.0 + 1, now);
    }
}

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

    async fn set_up(&self, caller: &Caller, token: &str, who: Credentials) -> Result<SignedIn> {
        let email = checked_email(&who.email)?;
        check_password("password", &who.password)?;
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
            role: user.role,
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
        self.open_session(caller, user).await
    }

    async fn sign_in(&self, caller: &Caller, who: Credentials) -> Result<SignedIn> {
        let email = who.email.trim().to_lowercase();
        let now = self.clock.now();
        self.attempts.check(&email, now).inspect_err(|_| {
            let note = Note::of("person.sign_in").refused("too many attempts");
            self.refused.keep(caller, "sign_in", now, note);
        })?;
        let found = self.store.user_by_email(&email).await.or_failure(caller)?;
        let (user, kept) =
            found.map_or((None, NOBODY.to_owned()), |(user, kept)| (Some(user), kept));
        let fits = self.verify(caller, who.password, kept).await?;
        match user {
            Some(user) if fits => self.open_session(caller, user).await,
            user => {
                self.attempts.failed(&email, now);
                let note = match (&user, checked_email(&email)) {
                    (Some(user), _) => Note::of("person.sign_in").on_person(user),
                    (None, Ok(email)) => Note::of("person.sign_in").on("person", "", email),
                    // What is no address may be a password in the wrong field.
                    (None, Err(_)) => Note::of("person.sign_in"),
                };
                self.audit(caller, note.refused("the address or the password is wrong"))
                    .await?;
                tracing::warn!(request_id = caller.request_id, "a sign-in was refused");
                Err(Error::field(
                    "password",
                    "The address or the password is wrong.",
                ))
            }
        }
    }

    async fn sign_out(&self, caller: &Caller, token: &str) -> Result<()> {
        let token = secret::fingerprint(token);
        let user = self.store.session_user(&token, self.clock.now()).await;
        let store = match user.or_failure(caller)? {
            Some(user) => {
                let note = Note::of("person.sign_out").on_person(&user);
                self.noting(caller, note.by_person(&user))
            }
            None => self.store.clone(),
        };
        store.delete_session(&token).await.or_failure(caller)?;
        Ok(())
    }

    async fn of_session(&self, caller: &Caller, token: &str) -> Result<Option<User>> {
        self.store
            .session_user(&secret::fingerprint(token), self.clock.now())
            .await
            .or_failure(caller)
    }

    async fn of_key(&self, caller: &Caller, secret: &str) -> Result<Option<ApiKey>> {
        let key = self
            .store
            .key_by_hash(&secret::fingerprint(secret))
            .await
            .or_failure(caller)?;
        self.note_key(caller, key.as_ref()).await?;
        if let Some(key) = &key {
            let now = self.clock.now();
            // To the minute is enough, and a write for each request is not.
            if key
                .last_used_at
                .is_none_or(|last| now.0 - last.0 > Instant::MINUTE)
            {
                self.store
                    .touch_key(&key.id, now)
                    .await
                    .or_failure(caller)?;
            }
        }
        Ok(key)
    }

    async fn me(&self, caller: &Caller) -> Result<User> {
        let id = require_person(caller)?;
        self.store
            .user(id)
            .await
            .or_failure(caller)?
            .ok_or(Error::Unauthenticated)
    }

    async fn change_password(&self, caller: &Caller, old: &str, new: &str) -> Result<()> {
        require_person(caller)?;
        let Who::User { email, id, .. } = &caller.who else {
            return Err(Error::Unauthenticated);
        };
        self.attempts.check(email, self.clock.now())?;
        let Some((_, kept)) = self.store.user_by_email(email).await.or_failure(caller)? else {
            return Err(Error::Unauthenticated);
        };
        let note = Note::of("person.change_password").on("person", id, email);
        if !self.verify(caller, old.to_owned(), kept).await? {
            self.attempts.failed(email, self.clock.now());
            self.audit(caller, note.refused("the present password is wrong"))
                .await?;
            return Err(Error::field("old", "That is not your present password."));
        }
        check_password("new", new)?;
        let hash = self.hash(caller, new.to_owned()).await?;
        self.noting(caller, note)
            .set_password_hash(id, &hash)
            .await
            .or_failure(caller)?;
        self.store
            .delete_sessions_of(id, None)
            .await
            .or_failure(caller)?;
        Ok(())
    }

    async fn users(&self, caller: &Caller) -> Result<Vec<User>> {
        require(caller, Permission::AccessRead)?;
        self.store.users().await.or_failure(caller)
    }

    async fn add_user(&self, caller: &Caller, new: NewUser) -> Result<NewSecret<User>> {
        require(caller, Permission::AccessWrite)?;
        let password = secret::token(20);
        let hash = self.hash(caller, password.clone()).await?;
        let now = self.clock.now();
        let email = checked_email(&new.email)?;
        let id = UserId(store::new_id(now));
        let account = NewAccount {
            id: &id,
            email: &email,
            role: new.role,
            password_hash: &hash,
        };
        let note = Note::of("person.add")
            .on("person", &id, &email)
            .after(&serde_json::json!({ "role": new.role }));
        match self.noting(caller, note).insert_user(&account, now).await {
            Err(StoreError::Unique { .. }) => Err(Error::field(
                "email",
                format!("{email} can sign in already."),
            )),
            answer => Ok(NewSecret {
                made: answer.or_failure(caller)?,
                secret: password,
            }),
        }
    }

    async fn remove_user(&self, caller: &Caller, id: &UserId) -> Result<()> {
        require(caller, Permission::AccessWrite)?;
        let user = self
            .store
            .user(id)
            .await
            .or_failure(caller)?
            .ok_or_else(|| Error::not_found("user"))?;
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

    async fn keys(&self, caller: &Caller) -> Result<Vec<ApiKey>> {
        require(caller, Permission::AccessRead)?;
        self.store.keys().await.or_failure(caller)
    }

    async fn add_key(&self, caller: &Caller, new: NewKey) -> Result<NewSecret<ApiKey>> {
        require(caller, Permission::AccessWrite)?;
        let name = new.name.trim();
        if name.is_empty() || name.chars().count() > 100 {
            return Err(Error::field(
                "name",
                "A key needs a name of at most 100 characters.",
            ));
        }
        if new.scopes.is_empty() {
            return Err(Error::invalid(
                "A key that may do nothing is of no use: choose sending, reading or both.",
            ));
        }
        if new
            .rate
            .is_some_and(|rate| !(1..=HIGHEST_RATE).contains(&rate))
        {
            return Err(Error::field(
                "rate",
                format!("Choose 1 to {HIGHEST_RATE} samples a second, or nothing for no limit."),
            ));
        }
        let secret = format!("mr_{}", secret::token(43));
        let now = self.clock.now();
        let key = ApiKey {
            id: KeyId(store::new_id(now)),
            name: name.to_owned(),
            prefix: secret.chars().take(9).collect(),
            scopes: new.scopes,
            rate: new.rate,
            created_at: now,
            last_used_at: None,
        };
        let note = Note::of("key.add")
            .on("key", &key.id, &key.name)
            .after(&key);
        self.noting(caller, note)
            .insert_key(&key, &secret::fingerprint(&secret))
            .await
            .or_failure(caller)?;
        Ok(NewSecret { made: key, secret })
    }

    async fn revoke_key(&self, caller: &Caller, id: &KeyId) -> Result<()> {
        require(caller, Permission::AccessWrite)?;
        let keys = self.store.keys().await.or_failure(caller)?;
        let Some(key) = keys.into_iter().find(|key| key.id == *id) else {
            return Err(Error::not_found("key"));
        };
        let note = Note::of("key.revoke").on("key", id, &key.name).before(&key);
        let store = self.noting(caller, note);
        if store.revoke_key(id).await.or_failure(caller)? {
            Ok(())
        } else {
            Err(Error::not_found("key"))
        }
    }
}

impl Hub {
    async fn open_session(&self, caller: &Caller, user: User) -> Result<SignedIn> {
        let token = secret::token(43);
        let now = self.clock.now();
        let expires_at = now.plus(SESSION);
        let note = Note::of("person.sign_in").on_person(&user).by_person(&user);
        self.noting(caller, note)
            .insert_session(&secret::fingerprint(&token), &user.id, now, expires_at)
            .await
            .or_failure(caller)?;
        self.store
            .touch_user(&user.id, now)
            .await
            .or_failure(caller)?;
        self.store
            .delete_expired_sessions(now)
            .await
            .or_failure(caller)?;
        Ok(SignedIn {
            user,
            token,
            expires_at,
        })
    }

    async fn hash(&self, caller: &Caller, password: String) -> Result<String> {
        self.at_leisure(caller, move || secret::hash_password(&password))
            .await?
            .ok_or_else(|| internal(caller))
    }

    async fn verify(&self, caller: &Caller, password: String, kept: String) -> Result<bool> {
        if password.len() > LONGEST_PASSWORD {
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

fn checked_email(email: &str) -> Result<String> {
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

fn check_password(field: &str, password: &str) -> Result<()> {
    let length = password.chars().count();
    if length < SHORTEST_PASSWORD {
        return Err(Error::field(
            field,
            format!("Use {SHORTEST_PASSWORD} characters or more; this has {length}."),
        ));
    }
    if password.len() > LONGEST_PASSWORD {
        return Err(Error::field(
            field,
            format!("Use at most {LONGEST_PASSWORD} characters."),
        ));
    }
    Ok(())
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
    fn ten_wrong_passwords_make_an_address_wait_and_no_other() {
        let attempts = Attempts::default();
        for _ in 0..10 {
            assert!(attempts.check("a@b.c", Instant(0)).is_ok());
            attempts.failed("a@b.c", Instant(0));
        }
        assert_eq!(
            attempts.check("a@b.c", Instant(0)),
            Err(Error::TooMany {
                retry_after_seconds: 60
            })
        );
        assert!(attempts.check("x@b.c", Instant(0)).is_ok());
        assert!(attempts.check("a@b.c", Instant(WAIT)).is_ok());
    }

    #[test]
    fn the_hash_for_nobody_is_one_that_is_really_computed() {
        assert!(argon2::password_hash::phc::PasswordHash::new(NOBODY).is_ok());
    }
}
