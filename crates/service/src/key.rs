//! API keys, and the short-lived tokens that they give.

use api::{
    AccessToken, ApiKey, Caller, Error, Instant, KeyId, Keys, LONGEST_GRACE_SECONDS, NewKey,
    NewSecret, Permission, Result, Scope, TokenRequest,
};
use async_trait::async_trait;

use crate::audit::Note;
use crate::failure::OrFailure;
use crate::guard::{require, require_all, require_all_on, require_on};
use crate::{Hub, secret};

/// The highest rate of a key, in samples a second: beyond it nobody means a limit.
const HIGHEST_RATE: u32 = 10_000_000;
/// The furthest end of a key: beyond it nobody means one.
const FURTHEST_END: i64 = 3_653 * Instant::DAY;
/// How long a token is good.
const TOKEN_SECONDS: u32 = 15 * 60;
/// What tokens begin with; keys begin with `mr_`.
const TOKEN: &str = "mt_";

#[async_trait]
impl Keys for Hub {
    async fn list(&self, caller: &Caller) -> Result<Vec<ApiKey>> {
        require(caller, Permission::AccessRead)?;
        let now = self.clock.now();
        let keys = self.store.keys().await.or_failure(caller)?;
        Ok(keys.into_iter().map(|key| shown(key, now)).collect())
    }

    async fn add(&self, caller: &Caller, new: NewKey) -> Result<NewSecret<ApiKey>> {
        require(caller, Permission::AccessWrite)?;
        let name = new.name.trim();
        if name.is_empty() || name.chars().count() > 100 {
            return Err(Error::field(
                "name",
                "A key needs a name of at most 100 characters.",
            ));
        }
        if new.scopes.is_empty() {
            return Err(Error::field(
                "scopes",
                "A key that may do nothing is of no use: choose something that it may do.",
            ));
        }
        if new
            .rate
            .is_some_and(|rate| !(1..=HIGHEST_RATE).contains(&rate))
        {
            return Err(Error::field(
                "rate",
                format!(
                    "Choose 1 to {} samples a second, or nothing for no limit.",
                    api::grouped(HIGHEST_RATE)
                ),
            ));
        }
        let now = self.clock.now();
        if new
            .expires_at
            .is_some_and(|end| end <= now || end > now.plus(FURTHEST_END))
        {
            return Err(Error::field(
                "expires_at",
                "A key ends within the next ten years, or never.",
            ));
        }
        let scopes = ordered(&new.scopes);
        require_all(caller, &permissions(&scopes))?;
        let secret = fresh();
        let key = ApiKey {
            id: KeyId(store::new_id(now)),
            name: name.to_owned(),
            prefix: prefix(&secret),
            scopes,
            rate: new.rate,
            created_at: now,
            last_used_at: None,
            expires_at: new.expires_at,
            old_secret_until: None,
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

    async fn rotate(
        &self,
        caller: &Caller,
        id: &KeyId,
        grace_seconds: u32,
    ) -> Result<NewSecret<ApiKey>> {
        require_on(caller, Permission::AccessWrite, "key")?;
        if grace_seconds > LONGEST_GRACE_SECONDS {
            return Err(Error::field(
                "grace_seconds",
                format!(
                    "The old secret stays good for at most {LONGEST_GRACE_SECONDS} s (30 days)."
                ),
            ));
        }
        let found = self.store.key(id).await.or_failure(caller)?;
        let mut key = found.ok_or_else(|| Error::not_found("key"))?;
        // Who gets a secret gets what it may do.
        let may = permissions(&key.scopes);
        require_all_on(caller, &may, Permission::AccessWrite, "key")?;
        let (secret, now) = (fresh(), self.clock.now());
        let old_until = now.plus(i64::from(grace_seconds) * Instant::SECOND);
        key.prefix = prefix(&secret);
        let hash = secret::fingerprint(&secret);
        let note = Note::of("key.rotate").on("key", id, &key.name);
        let store = self.noting(caller, note);
        let there = store.rotate_key(id, &hash, &key.prefix, old_until);
        if !there.await.or_failure(caller)? {
            return Err(Error::not_found("key"));
        }
        key.old_secret_until = Some(old_until);
        Ok(NewSecret {
            made: shown(key, now),
            secret,
        })
    }

    async fn revoke(&self, caller: &Caller, id: &KeyId) -> Result<()> {
        require_on(caller, Permission::AccessWrite, "key")?;
        let found = self.store.key(id).await.or_failure(caller)?;
        let key = found.ok_or_else(|| Error::not_found("key"))?;
        // Nobody takes from others what they do not have themselves.
        let may = permissions(&key.scopes);
        require_all_on(caller, &may, Permission::AccessWrite, "key")?;
        let note = Note::of("key.revoke").on("key", id, &key.name).before(&key);
        let store = self.noting(caller, note);
        if store.revoke_key(id).await.or_failure(caller)? {
            Ok(())
        } else {
            Err(Error::not_found("key"))
        }
    }

    async fn of_secret(&self, caller: &Caller, secret: &str) -> Result<Option<ApiKey>> {
        let (hash, now) = (secret::fingerprint(secret), self.clock.now());
        let found = if secret.starts_with(TOKEN) {
            let token = self.store.token(&hash, now).await.or_failure(caller)?;
            token.map(|(key, scopes)| narrowed(key, &scopes))
        } else {
            self.store
                .key_by_hash(&hash, now)
                .await
                .or_failure(caller)?
        };
        self.note_key(caller, found.as_ref()).await;
        if let Some(key) = &found {
            // To the minute is enough, and a write for each request is not.
            if key
                .last_used_at
                .is_none_or(|last| now.0 - last.0 > Instant::MINUTE)
            {
                // Reading goes on where that cannot be written.
                let touched = self.store.touch_key(&key.id, now).await;
                self.key_uses.wrote(&touched);
            }
        }
        Ok(found)
    }

    async fn grant(&self, caller: &Caller, grant: TokenRequest) -> Result<AccessToken> {
        let (hash, now) = (secret::fingerprint(&grant.secret), self.clock.now());
        // Only a key's own secret is good here: a token must not make tokens that outlive it.
        let found = self.store.key_by_hash(&hash, now).await;
        let found = found.or_failure(caller)?;
        self.note_key(caller, found.as_ref()).await;
        let key = found.ok_or(Error::Unauthenticated)?;
        if grant.key.is_some_and(|named| named != key.id) {
            return Err(Error::Unauthenticated);
        }
        let scopes = if grant.scopes.is_empty() {
            key.scopes.clone()
        } else {
            ordered(&grant.scopes)
        };
        if let Some(missing) = scopes.iter().find(|s| !key.scopes.contains(s)) {
            return Err(Error::field(
                "scope",
                format!("The key does not hold {missing}."),
            ));
        }
        let token = format!("{TOKEN}{}", secret::token(43));
        let mut expires = now.plus(i64::from(TOKEN_SECONDS) * Instant::SECOND);
        if let Some(end) = key.expires_at {
            expires = expires.min(end);
        }
        let note = Note::of("key.token")
            .on("key", &key.id, &key.name)
            .by_key(&key);
        self.noting(caller, note)
            .insert_token(&secret::fingerprint(&token), &key.id, &scopes, now, expires)
            .await
            .or_failure(caller)?;
        self.store
            .touch_key(&key.id, now)
            .await
            .or_failure(caller)?;
        let left = expires.seconds_since(now);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and the length of a token's life"
        )]
        let expires_in_seconds = left.max(0.0) as u32;
        Ok(AccessToken {
            token,
            expires_in_seconds,
            scopes,
        })
    }
}

/// A secret that is over is nobody's concern any more.
fn shown(mut key: ApiKey, now: Instant) -> ApiKey {
    key.old_secret_until = key.old_secret_until.filter(|until| *until > now);
    key
}

/// A key that may do what its token may. What the key has lost since, the token has lost too.
fn narrowed(mut key: ApiKey, scopes: &[Scope]) -> ApiKey {
    key.scopes.retain(|scope| scopes.contains(scope));
    key
}

fn permissions(scopes: &[Scope]) -> Vec<Permission> {
    scopes.iter().map(|scope| scope.permission()).collect()
}

/// Each scope once, in the order of permissions.
fn ordered(scopes: &[Scope]) -> Vec<Scope> {
    Scope::all().filter(|s| scopes.contains(s)).collect()
}

fn fresh() -> String {
    format!("mr_{}", secret::token(43))
}

fn prefix(secret: &str) -> String {
    secret.chars().take(9).collect()
}
