//! Requests that happen once, however often they are sent.

use api::{Attempt, Begun, Caller, Error, Instant, KeptAnswer, Once, Result};
use async_trait::async_trait;

use crate::failure::OrFailure;
use crate::guard::require_known;
use crate::{Hub, secret};

/// How long an answer is kept.
const KEPT: i64 = 24 * Instant::HOUR;
/// After so long a request without an answer is one whose server died; no request takes longer.
const GIVEN_UP: i64 = 10 * Instant::MINUTE;
/// The longest key.
const LONGEST: usize = 255;

#[async_trait]
impl Once for Hub {
    async fn begin(&self, caller: &Caller, attempt: Attempt<'_>) -> Result<Begun> {
        let who = require_known(caller)?;
        let key = attempt.key;
        if key.is_empty() || key.len() > LONGEST || !key.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Error::field(
                "Idempotency-Key",
                format!(
                    "The key is 1 to {LONGEST} letters, digits and signs without spaces, such as a UUID."
                ),
            ));
        }
        let now = self.clock.now();
        let fingerprint = secret::fingerprint_of(&[attempt.what.as_bytes(), attempt.body]);
        let (old, given_up) = (now.minus(KEPT), now.minus(GIVEN_UP));
        let earlier = self
            .store
            .begin_once(&id(&who, key), &fingerprint, now, old, given_up)
            .await
            .or_failure(caller)?;
        let Some(earlier) = earlier else {
            return Ok(Begun::Fresh);
        };
        if earlier.fingerprint != fingerprint {
            return Err(Error::field(
                "Idempotency-Key",
                "Another request was sent under this key: choose another key.",
            ));
        }
        match earlier.answer {
            Some(answer) => Ok(Begun::Done(answer)),
            None => Err(Error::conflict(
                "The same request is being worked on. Ask again in a moment.",
            )),
        }
    }

    async fn finish(&self, caller: &Caller, key: &str, answer: KeptAnswer) -> Result<()> {
        let who = require_known(caller)?;
        let id = id(&who, key);
        self.store
            .finish_once(&id, &answer)
            .await
            .or_failure(caller)
    }

    async fn forget(&self, caller: &Caller, key: &str) -> Result<()> {
        let who = require_known(caller)?;
        self.store
            .forget_once(&id(&who, key))
            .await
            .or_failure(caller)
    }
}

/// Everybody has keys of their own.
fn id(who: &str, key: &str) -> String {
    secret::fingerprint_of(&[who.as_bytes(), key.as_bytes()])
}
