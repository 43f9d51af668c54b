//! `POST /oauth/token`: OAuth 2.0 client credentials (RFC 6749, section 4.4): a key's secret for a
//! short-lived token, so that the secret itself travels seldom.

use api::{Error, Scope, TokenRequest};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(token))
}

/// What is asked.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form")]
struct TokenForm {
    /// `client_credentials`.
    grant_type: String,
    /// The key's id; also as the user of HTTP Basic.
    client_id: Option<String>,
    /// The key's secret; also as the password of HTTP Basic.
    client_secret: Option<String>,
    /// What the token is to be good for, such as `monitoring:read`, with spaces between; all that the
    /// key may do unless said.
    scope: Option<String>,
}

/// A token.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the names of RFC 6749")]
struct Token {
    /// What is sent as `Authorization: Bearer`.
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// For how many seconds it is good.
    expires_in: u32,
    /// What it is good for.
    scope: String,
}

/// Why there is no token, in the words of RFC 6749.
#[derive(Serialize, ToSchema)]
struct NoToken {
    /// `invalid_request`, `invalid_client`, `invalid_scope`, `unsupported_grant_type`,
    /// `temporarily_unavailable` or `server_error`.
    error: &'static str,
    /// What to do.
    error_description: String,
}

/// Gives a short-lived token for a key's secret
///
/// OAuth 2.0 client credentials. The client is the key, by its id and secret, in the form or as HTTP
/// Basic. A token is good for 15 minutes, and no longer than its key.
#[utoipa::path(post, path = "/oauth/token", security(()),
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Token), (status = 400, body = NoToken), (status = 401, body = NoToken),
        (status = 429, body = NoToken)))]
async fn token(
    State(app): State<App>,
    found: axum::http::Extensions,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let caller = auth::stranger(&found, &headers);
    let answer = match read(&headers, &body) {
        Ok(grant) => app.services.keys.grant(&caller, grant).await,
        Err((error, description)) => return refused(StatusCode::BAD_REQUEST, error, description),
    };
    match answer {
        Ok(given) => {
            let scopes: Vec<_> = given.scopes.iter().map(|s| s.as_str()).collect();
            let token = Token {
                access_token: given.token,
                token_type: "Bearer",
                expires_in: given.expires_in_seconds,
                scope: scopes.join(" "),
            };
            unkept(Json(token).into_response())
        }
        Err(Error::Unauthenticated) => {
            let words = "There is no such key, or its secret is another.";
            let mut response = refused(StatusCode::UNAUTHORIZED, "invalid_client", words);
            let scheme = HeaderValue::from_static("Basic realm=\"millrace\"");
            let headers = response.headers_mut();
            headers.insert(header::WWW_AUTHENTICATE, scheme);
            response
        }
        Err(error @ Error::Invalid { .. }) => {
            refused(StatusCode::BAD_REQUEST, "invalid_scope", error.to_string())
        }
        Err(error) => failed(&error),
    }
}

/// Where tokens are given.
pub(crate) const TOKEN: &str = "/oauth/token";

/// What failed here, and not because of what was asked.
pub(crate) fn failed(error: &Error) -> Response {
    let status = StatusCode::from_u16(error.status());
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let word = match error {
        Error::TooMany { .. } | Error::Unavailable { .. } => "temporarily_unavailable",
        _ => "server_error",
    };
    refused(status, word, error.to_string())
}

/// What the form and the header ask for, or what is wrong with them.
fn read(headers: &HeaderMap, body: &[u8]) -> Result<TokenRequest, (&'static str, String)> {
    let wrong = |words: &str| Err(("invalid_request", words.to_owned()));
    let form: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
    let given = |name: &str| {
        let found = form.iter().find(|(known, _)| known == name);
        found
            .map(|(_, value)| value.clone())
            .filter(|v| !v.is_empty())
    };
    match given("grant_type").as_deref() {
        Some("client_credentials") => {}
        Some(_) => {
            let words = "The only grant_type here is client_credentials.";
            return Err(("unsupported_grant_type", words.into()));
        }
        None => return wrong("Send a form with grant_type=client_credentials."),
    }
    let basic = basic(headers);
    let in_form = given("client_id").zip(given("client_secret"));
    let (id, secret) = match (basic, in_form) {
        (Some(_), Some(_)) => {
            return wrong("Send the client in the form or in the header, and not in both.");
        }
        (Some(client), None) | (None, Some(client)) => client,
        (None, None) => {
            return wrong("Send client_id, the key's id, and client_secret, its secret.");
        }
    };
    let scopes: Result<Vec<Scope>, String> = given("scope")
        .unwrap_or_default()
        .split_whitespace()
        .map(str::parse)
        .collect();
    Ok(TokenRequest {
        key: Some(id.into()),
        secret,
        scopes: scopes.map_err(|words| ("invalid_scope", words))?,
    })
}

/// User and password of HTTP Basic.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, text) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(base64(text.trim())?).ok()?;
    let (user, password) = pair.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// Base64 with or without its padding.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0_u32);
    for letter in text.trim_end_matches('=').bytes() {
        let six = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(six);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count).ok()?);
            bits &= (1 << count) - 1;
        }
    }
    Some(bytes)
}

fn refused(status: StatusCode, error: &'static str, description: impl Into<String>) -> Response {
    let error_description = description.into();
    let body = Json(NoToken {
        error,
        error_description,
    });
    unkept((status, body).into_response())
}

/// Neither a proxy nor a browser keeps it.
fn unkept(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        let value = HeaderValue::from_str(value).unwrap();
        HeaderMap::from_iter([(header::AUTHORIZATION, value)])
    }

    #[test]
    fn basic_credentials_are_read() {
        // The example of RFC 7617.
        let client = basic(&headers("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
        assert_eq!(client, Some(("Aladdin".into(), "open sesame".into())));
        for bad in [
            "Basic *",
            "Basic QQ==",
            "Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            "Basic /w==",
        ] {
            assert_eq!(basic(&headers(bad)), None, "{bad}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_form_is_told_in_the_words_of_the_standard() {
        let none = HeaderMap::new();
        for (form, error) in [
            ("", "invalid_request"),
            ("grant_type=password", "unsupported_grant_type"),
            ("grant_type=client_credentials", "invalid_request"),
            (
                "grant_type=client_credentials&client_id=a&client_secret=b&scope=root",
                "invalid_scope",
            ),
        ] {
            assert_eq!(read(&none, form.as_bytes()).unwrap_err().0, error, "{form}");
        }
        let both = "grant_type=client_credentials&client_id=a&client_secret=b";
        assert!(read(&none, both.as_bytes()).is_ok());
        let basic = headers("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(
            read(&basic, both.as_bytes()).unwrap_err().0,
            "invalid_request"
        );
    }
}
