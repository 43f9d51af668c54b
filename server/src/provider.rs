//! Another place to sign in: how it is asked, and the two addresses by which people go there and
//! come back.

use std::sync::Arc;
use std::time::Duration;

use api::{Error, Returned};
use async_trait::async_trait;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Url};
use serde::Deserialize;
use service::{Ask, AskFault};

use crate::auth;
use crate::reach::Reach;
use crate::sign_in::{Stranger, back, enter, go_to, local};
use crate::state::App;
use crate::trust::Trust;

/// The longest answer, in bytes.
const MOST: usize = 1 << 20;
/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks a provider over HTTP.
#[derive(Debug)]
pub(crate) struct HttpAsk {
    client: Client,
    reach: Reach,
}

impl HttpAsk {
    /// What asks where these authorities are believed, and what may be reached; why that cannot be, in
    /// words. The provider names most addresses itself.
    pub(crate) fn new(trust: &Trust, reach: Reach) -> Result<Self, String> {
        let client = Client::builder()
            .tls_backend_preconfigured(trust.config()?)
            .redirect(Policy::none())
            // A proxy would resolve names itself, past what may be reached.
            .no_proxy()
            .dns_resolver(Arc::new(reach.clone()))
            .timeout(PATIENCE)
            .user_agent(concat!("Millrace/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { client, reach })
    }

    /// Refuses an address that is written out and may not be reached; names are looked at when they are
    /// resolved.
    fn permitted(&self, url: &str) -> Result<(), AskFault> {
        let url = Url::parse(url).map_err(|error| AskFault(error.to_string()))?;
        let checked = self.reach.check(&url);
        checked.map_err(|fault| AskFault(fault.to_string()))
    }
}

#[async_trait]
impl Ask for HttpAsk {
    async fn get(&self, url: &str, bearer: Option<&str>) -> Result<Vec<u8>, AskFault> {
        self.permitted(url)?;
        let request = self.client.get(url);
        answer(match bearer {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
        .await
    }

    async fn post(
        &self,
        url: &str,
        form: &[(&str, &str)],
        client: Option<(&str, &str)>,
    ) -> Result<Vec<u8>, AskFault> {
        self.permitted(url)?;
        let body: String = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request = self
            .client
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json")
            .body(body);
        // Encoded first, as RFC 6749 wants it, then as a password.
        let encoded =
            |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        answer(match client {
            Some((id, secret)) => request.basic_auth(encoded(id), Some(encoded(secret))),
            None => request,
        })
        .await
    }
}

async fn answer(request: RequestBuilder) -> Result<Vec<u8>, AskFault> {
    // Without its address: that of userinfo is asked with a token, and some have it in the query.
    let fault = |error: reqwest::Error| AskFault(error.without_url().to_string());
    let mut response = request.send().await.map_err(fault)?;
    let status = response.status();
    if status != 200 {
        return Err(AskFault(format!("it answers {status}")));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(fault)? {
        if body.len() + chunk.len() > MOST {
            return Err(AskFault("its answer is too long".into()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Where somebody wants to go after signing in.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    next: Option<String>,
}

/// `GET /auth/provider`: sends somebody there who asked for it here: another site's page must not sign them
/// in unasked.
pub(crate) async fn depart(
    State(app): State<App>,
    headers: HeaderMap,
    stranger: Stranger,
    Query(wanted): Query<Wanted>,
) -> Response {
    let next = local(wanted.next);
    // Where a browser does not say from where, a session that ended must not stand in the way.
    let site = headers.get("sec-fetch-site").and_then(|v| v.to_str().ok());
    if site.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return go_to(&format!("/login?next={}", auth::escape(&next)), []);
    }
    match app.services.providers.depart(&stranger.caller, &next).await {
        Ok(trip) => go_to(&trip.url, [auth::trip_cookie(&app, &trip.state)]),
        Err(error) => back("/login", word(&error), ("next", &next)),
    }
}

/// What the provider sends somebody back with.
#[derive(Deserialize)]
pub(crate) struct Answer {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// `GET /auth/provider/return`: takes in somebody who comes back.
pub(crate) async fn arrive(
    State(app): State<App>,
    headers: HeaderMap,
    stranger: Stranger,
    Query(answer): Query<Answer>,
) -> Response {
    let kept = auth::trip_token(&headers).unwrap_or_default();
    let returned = Returned {
        state: answer.state,
        code: answer.code,
        error: answer.error,
        issuer: answer.iss,
    };
    let Stranger { caller, visit, .. } = stranger;
    let arrived = app
        .services
        .providers
        .arrive(&caller, &kept, returned, &visit);
    match arrived.await {
        Ok((entry, next)) => enter(&app, entry, &next),
        Err(error) => back("/login", word(&error), ("next", "/")),
    }
}

fn word(error: &Error) -> &'static str {
    let told = ["address", "roleless", "unvouched", "vouch"];
    let told = told
        .into_iter()
        .find(|field| error.of_field(field).is_some());
    match (told, error) {
        (Some(word), _) => word,
        (None, Error::NotFound { .. }) => "lost",
        (None, Error::Conflict { .. }) => "disabled",
        (None, Error::Invalid { .. }) => "provider",
        _ => "away",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_provider_names_is_not_asked_where_clouds_keep_credentials() {
        let ask = HttpAsk::new(&Trust::Public, Reach::default()).unwrap();
        for url in ["http://169.254.169.254/keys", "https://[fe80::1]/token"] {
            for asked in [ask.get(url, None).await, ask.post(url, &[], None).await] {
                let AskFault(words) = asked.unwrap_err();
                assert!(words.contains("Millrace does not ask"), "{words}");
            }
        }
    }
}
