//! What is asked of a provider, and what of it is remembered.

use std::sync::Arc;

use api::{Caller, Hidden, Instant, Result};
use async_trait::async_trait;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use store::StoredTrip;
use tokio::sync::Mutex;
use url::Url;

use super::token::{Claims, Expected, Fault, Keys, verify};
use super::{not_now, refused};
use crate::Hub;

/// How long the provider's addresses and keys are remembered.
const REMEMBERED: i64 = Instant::HOUR;
/// How soon its keys are asked for again where a token names one that is not known.
const KEYS_AGAIN: i64 = Instant::MINUTE;

/// Another place to sign in.
#[derive(Clone)]
pub struct Provider {
    /// What the button calls it.
    pub name: String,
    /// Its issuer, as it calls itself.
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
    /// What we prove it with; none for a public client, which PKCE alone protects.
    pub client_secret: Option<Hidden>,
    /// Where it sends people back to.
    pub redirect_uri: String,
    /// What is asked for, such as `openid email profile`.
    pub scopes: String,
    /// The claim that lists a person's groups.
    pub groups_claim: String,
    /// Groups and the names of the roles that they bring, the first that fits.
    pub roles: Vec<(String, String)>,
    /// The role of people with none of these groups; none where they are not let in.
    pub default_role: Option<String>,
    /// Whether it vouches for every address without saying so.
    pub vouches: bool,
    /// How it is asked.
    pub ask: Arc<dyn Ask>,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// Why there is no answer, in words for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AskFault(pub String);

/// How a provider is asked: no redirect is followed, an answer other than 200 is a fault, and so is
/// one of more than a mebibyte or ten seconds.
#[async_trait]
pub trait Ask: Send + Sync {
    /// Asks for a document, as somebody with that access token.
    async fn get(&self, url: &str, bearer: Option<&str>) -> Result<Vec<u8>, AskFault>;
    /// Sends a form, as that client.
    async fn post(
        &self,
        url: &str,
        form: &[(&str, &str)],
        client: Option<(&str, &str)>,
    ) -> Result<Vec<u8>, AskFault>;
}

/// Where the provider does what.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Places {
    issuer: String,
    pub(super) authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: Option<String>,
    jwks_uri: String,
}

/// What is remembered of a provider.
#[derive(Default)]
pub(crate) struct Known(Mutex<Option<Remembered>>);

#[derive(Clone)]
struct Remembered {
    places: Places,
    keys: Keys,
    since: Instant,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    access_token: Option<String>,
}

impl Hub {
    pub(super) async fn places(&self, caller: &Caller, provider: &Provider) -> Result<Places> {
        Ok(self.known(caller, provider, REMEMBERED).await?.places)
    }

    /// The provider's addresses and keys, no older than that.
    async fn known(&self, caller: &Caller, provider: &Provider, age: i64) -> Result<Remembered> {
        let now = self.clock.now();
        let mut known = self.known.0.lock().await;
        if let Some(known) = &*known
            && now.0 - known.since.0 < age
        {
            return Ok(known.clone());
        }
        let base = provider.issuer.trim_end_matches('/');
        let url = format!("{base}/.well-known/openid-configuration");
        let places: Places = read(caller, provider.ask.get(&url, None).await)?;
        let told = [
            Some(&places.authorization_endpoint),
            Some(&places.token_endpoint),
            Some(&places.jwks_uri),
            places.userinfo_endpoint.as_ref(),
        ];
        // A provider that is asked over TLS does not send us, or people, where there is none.
        let scheme = |text: &str| Url::parse(text).map(|url| url.scheme().to_owned()).ok();
        let own = scheme(&provider.issuer);
        if places.issuer != provider.issuer || told.into_iter().flatten().any(|u| scheme(u) != own)
        {
            return Err(failed(
                caller,
                "its configuration names another issuer, or addresses without TLS",
            ));
        }
        let keys = read(caller, provider.ask.get(&places.jwks_uri, None).await)?;
        let fresh = Remembered {
            places,
            keys,
            since: now,
        };
        *known = Some(fresh.clone());
        Ok(fresh)
    }

    /// What the provider says of the person who came back with that code.
    pub(super) async fn claims(
        &self,
        caller: &Caller,
        provider: &Provider,
        code: &str,
        trip: &StoredTrip,
    ) -> Result<Claims> {
        let mut known = self.known(caller, provider, REMEMBERED).await?;
        let tokens = exchange(caller, provider, &known.places, code, &trip.verifier).await?;
        let expected = Expected {
            issuer: &provider.issuer,
            client: &provider.client_id,
            nonce: &trip.nonce,
            now: self.clock.now().0 / Instant::SECOND,
        };
        let mut said = verify(&tokens.id_token, &known.keys, expected);
        if said == Err(Fault::NoKey) {
            // It may have changed its keys.
            known = self.known(caller, provider, KEYS_AGAIN).await?;
            said = verify(&tokens.id_token, &known.keys, expected);
        }
        let mut claims = said.map_err(|fault| {
            tracing::warn!(request_id = caller.request_id, %fault, "somebody was not signed in through the provider");
            refused()
        })?;
        if let (Some(url), Some(token)) = (&known.places.userinfo_endpoint, &tokens.access_token) {
            let more: Claims = read(caller, provider.ask.get(url, Some(token)).await)?;
            // Of another person, or a provider that is confused: believe neither.
            if more.get("sub").and_then(Value::as_str) != claims.get("sub").and_then(Value::as_str)
            {
                return Err(failed(caller, "its userinfo is about somebody else"));
            }
            for (name, value) in more {
                claims.entry(name).or_insert(value);
            }
        }
        Ok(claims)
    }
}

async fn exchange(
    caller: &Caller,
    provider: &Provider,
    places: &Places,
    code: &str,
    verifier: &str,
) -> Result<Tokens> {
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", provider.redirect_uri.as_str()),
        ("code_verifier", verifier),
    ];
    let secret = provider
        .client_secret
        .as_ref()
        .map(|secret| secret.0.as_str());
    if secret.is_none() {
        form.push(("client_id", provider.client_id.as_str()));
    }
    let client = secret.map(|secret| (provider.client_id.as_str(), secret));
    let answer = provider.ask.post(&places.token_endpoint, &form, client);
    read(caller, answer.await)
}

fn read<T: DeserializeOwned>(caller: &Caller, answer: Result<Vec<u8>, AskFault>) -> Result<T> {
    let body = answer.map_err(|fault| failed(caller, &fault.0))?;
    // What could not be read may hold a token, and is not logged.
    serde_json::from_slice(&body).map_err(|_| failed(caller, "its answer cannot be read"))
}

fn failed(caller: &Caller, why: &str) -> api::Error {
    tracing::error!(request_id = caller.request_id, why, "the provider failed");
    not_now()
}
