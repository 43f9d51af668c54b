//! What every answer bears, and who is sent away.

use std::net::SocketAddr;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::json;

use super::{Answered, As, Home, request};
use crate::guard::Connection;

/// A request over a connection from there.
fn from(
    address: &str,
    mut request: Request<Body>,
    headers: &[(&'static str, &str)],
) -> Request<Body> {
    let address: SocketAddr = address.parse().unwrap();
    let encrypted = false;
    request
        .extensions_mut()
        .insert(Connection { address, encrypted });
    for (name, value) in headers {
        request.headers_mut().append(*name, value.parse().unwrap());
    }
    request
}

fn value<'a>(answer: &'a Answered, name: &str) -> &'a str {
    let value = answer.headers.get(name);
    value.and_then(|v| v.to_str().ok()).unwrap_or_default()
}

#[tokio::test]
async fn every_kind_of_answer_bears_the_headers() {
    let home = Home::new().await;
    let key = home.admin_key().await;
    let cases = [
        ("a page", As::Nobody, "/login"),
        ("a redirect", As::Nobody, "/series"),
        ("a missing page", key.clone(), "/nothing"),
        ("the API", key.clone(), "/api/v1/now"),
        ("its description", As::Nobody, "/api/v1/openapi.json"),
        ("its page", As::Nobody, "/api/docs"),
        ("an error of it", As::Nobody, "/api/v1/now"),
        ("PromQL", key.clone(), "/prometheus/api/v1/labels"),
        (
            "a server function",
            As::Nobody,
            "/rpc/app/account/set_up_state",
        ),
        ("a probe", As::Nobody, "/health/live"),
        ("our own numbers", As::Nobody, "/metrics"),
        ("the stream", As::Nobody, "/live"),
    ];
    for (kind, who, path) in cases {
        let answer = home.get(&who, path).await;
        for (name, wanted) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(value(&answer, name), wanted, "{kind}: {name}");
        }
        assert!(
            value(&answer, "permissions-policy").contains("camera=()"),
            "{kind}"
        );
        assert!(!value(&answer, "cache-control").is_empty(), "{kind}");
        let policy = value(&answer, "content-security-policy");
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{kind}: {policy}"
        );
        let unsafe_words = policy.replace("'wasm-unsafe-eval'", "").contains("unsafe");
        assert!(!unsafe_words, "{kind}: {policy}");
        // Over http it would be ignored, and nobody may lock themselves out.
        assert!(
            !answer.headers.contains_key("strict-transport-security"),
            "{kind}"
        );
        assert!(answer.headers.contains_key("x-request-id"), "{kind}");
        assert!(
            !answer.headers.contains_key("access-control-allow-origin"),
            "{kind}"
        );
    }
    let page = home.get(&As::Nobody, "/login").await;
    let policy = value(&page, "content-security-policy").to_owned();
    let nonce = policy
        .split("'nonce-")
        .nth(1)
        .unwrap()
        .split('\'')
        .next()
        .unwrap();
    assert!(page.body.contains(&format!("nonce=\"{nonce}\"")));
    let again = home.get(&As::Nobody, "/login").await;
    assert_ne!(
        value(&again, "content-security-policy"),
        policy,
        "a nonce is used once"
    );
}

#[tokio::test]
async fn behind_a_proxy_that_is_believed_https_makes_cookies_of_this_host_only() {
    let home = Home::new().await;
    let form = "application/x-www-form-urlencoded";
    let post = || {
        let body = Some((form, String::new()));
        request("POST", &As::Nobody, "/auth/sign-out", body)
    };
    let https = [("x-forwarded-proto", "https")];
    let trusted = home.ask(from("10.0.0.2:80", post(), &https)).await;
    let cookie = value(&trusted, "set-cookie");
    assert!(cookie.starts_with("__Host-millrace_session=;"), "{cookie}");
    for part in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    assert_eq!(
        value(&trusted, "strict-transport-security"),
        "max-age=31536000"
    );
    let stranger = home.ask(from("1.2.3.4:80", post(), &https)).await;
    assert!(value(&stranger, "set-cookie").starts_with("millrace_session=;"));
    // The session is found under its name there, and one that was planted is not.
    let As::Session(token) = home.person(api::Role::Viewer).await else {
        panic!()
    };
    for (name, status) in [("__Host-millrace_session", 200), ("millrace_session", 401)] {
        let asked = request("GET", &As::Nobody, "/api/v1/me", None);
        let cookie = format!("{name}={token}");
        let headers = [("x-forwarded-proto", "https"), ("cookie", cookie.as_str())];
        let answer = home.ask(from("10.0.0.2:80", asked, &headers)).await;
        assert_eq!(answer.status.as_u16(), status, "{name}");
    }
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_again() {
    let home = Home::limited(60).await;
    let (one, other) = (home.admin_key().await, home.admin_key().await);
    let get = |who: &As| from("1.2.3.4:5", request("GET", who, "/api/v1/now", None), &[]);
    for _ in 0..10 {
        assert_eq!(home.ask(get(&one)).await.status, StatusCode::OK);
    }
    let refused = home.ask(get(&one)).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.headers[header::RETRY_AFTER], "1");
    refused.problem();
    assert_eq!(home.ask(get(&other)).await.status, StatusCode::OK);
    // Strangers at that address have a bucket of their own, and what is pushed has none.
    for _ in 0..10 {
        assert_eq!(
            home.ask(get(&As::Nobody)).await.status,
            StatusCode::UNAUTHORIZED
        );
    }
    assert_eq!(
        home.ask(get(&As::Nobody)).await.status,
        StatusCode::TOO_MANY_REQUESTS
    );
    let sample = Some((
        "application/json",
        json!([{"name": "n", "value": 1}]).to_string(),
    ));
    let push = from(
        "1.2.3.4:5",
        request("POST", &one, "/api/v1/samples", sample),
        &[],
    );
    assert_eq!(home.ask(push).await.status, StatusCode::OK);
    let page = from(
        "1.2.3.4:5",
        request("GET", &As::Nobody, "/login", None),
        &[],
    );
    let page = home.ask(page).await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(page.headers[header::RETRY_AFTER], "1");
    home.clock.advance(api::Instant::SECOND);
    assert_eq!(home.ask(get(&one)).await.status, StatusCode::OK);
    // Each of who was refused is noted once, and not each request.
    let noted = refusals(&home, "too_often").await;
    assert_eq!(noted, ["key", "nobody"]);
}

/// Who was refused for that, as the audit log says.
async fn refusals(home: &Home, what: &str) -> Vec<String> {
    let filter = api::AuditFilter {
        action: "access.refuse".into(),
        object: what.into(),
        ..api::AuditFilter::default()
    };
    let mut noted = home
        .store
        .audit_entries(&filter, i64::MAX, 100)
        .await
        .unwrap();
    noted.reverse();
    noted
        .into_iter()
        .map(|entry| entry.record.actor.kind)
        .collect()
}

#[tokio::test]
async fn every_change_that_another_sites_page_asks_for_is_refused() {
    let home = Home::new().await;
    let person = home.person(api::Role::Admin).await;
    let document = crate::rest::description();
    let mut tried = 0;
    let functions = leptos::server_fn::axum::server_fn_paths();
    let functions = functions.map(|(path, method)| (method.to_string(), path.to_owned()));
    let plain = [
        "/upload",
        "/auth/sign-in",
        "/auth/sign-out",
        "/auth/set-up",
        "/auth/step",
        "/auth/passkey",
        "/auth/passkey/challenge",
        "/auth/passkey/step",
        "/auth/passkey/step-challenge",
        "/auth/enrol",
        "/auth/accept",
    ];
    let plain = plain.map(|path| ("POST".to_owned(), path.to_owned()));
    let api = document["paths"].as_object().unwrap().iter();
    let api = api.flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys();
        methods.map(|m| (m.to_uppercase(), path.replace(['{', '}'], "")))
    });
    for (method, path) in functions.chain(plain).chain(api) {
        if method == "GET" {
            continue;
        }
        tried += 1;
        for headers in [
            [("sec-fetch-site", "cross-site"), ("host", "ops.example")],
            [("sec-fetch-site", "same-site"), ("host", "ops.example")],
            [("origin", "https://evil.example"), ("host", "ops.example")],
            [("origin", "null"), ("host", "ops.example")],
        ] {
            let mut asked = request(&method, &person, &path, None);
            asked.headers_mut().remove("sec-fetch-site");
            let asked = from("1.2.3.4:5", asked, &headers);
            let answer = home.ask(asked).await;
            assert_eq!(
                answer.status,
                StatusCode::FORBIDDEN,
                "{method} {path} {headers:?}"
            );
        }
    }
    assert!(tried > 50, "{tried}");
    // A page that asks for everything fills the log no more than a person would.
    let noted = refusals(&home, "cross_site").await;
    assert!(
        noted.len() > 5 && noted.iter().all(|who| who == "person"),
        "{noted:?}"
    );
}

#[tokio::test]
async fn whoever_shows_a_session_says_where_a_change_comes_from() {
    let home = Home::new().await;
    let person = home.person(api::Role::Admin).await;
    let body = json!({"days": 30}).to_string();
    for (header, allowed) in [
        (None, false),
        (Some(("origin", "http://ops.example")), true),
        (Some(("sec-fetch-site", "same-origin")), true),
    ] {
        let body = Some(("application/json", body.clone()));
        let mut asked = request("PUT", &person, "/api/v1/audit/retention", body);
        asked.headers_mut().remove("sec-fetch-site");
        let mut headers = vec![("host", "ops.example")];
        headers.extend(header);
        let answer = home.ask(from("1.2.3.4:5", asked, &headers)).await;
        assert_eq!(answer.status.is_success(), allowed, "{header:?}");
    }
}

#[tokio::test]
async fn another_sites_link_signs_nobody_in() {
    let home = Home::new().await;
    for (site, to) in [
        ("cross-site", "/login?next=/sources"),
        // From our own page it gets as far as to find that there is no provider.
        ("same-origin", "/login?error=lost&next=/sources"),
    ] {
        let asked = request("GET", &As::Nobody, "/auth/provider?next=/sources", None);
        let asked = from("1.2.3.4:5", asked, &[("sec-fetch-site", site)]);
        let answer = home.ask(asked).await;
        assert_eq!(value(&answer, "location"), to, "{site}");
    }
}

#[tokio::test]
async fn who_asks_for_tokens_too_often_is_told_in_the_words_of_oauth() {
    let home = Home::new().await;
    let form = (
        "application/x-www-form-urlencoded",
        "grant_type=x".to_owned(),
    );
    for _ in 0..200 {
        let asked = request("POST", &As::Nobody, "/oauth/token", Some(form.clone()));
        let answer = home.ask(from("1.2.3.4:5", asked, &[])).await;
        if answer.status != StatusCode::TOO_MANY_REQUESTS {
            assert_eq!(answer.json()["error"], "unsupported_grant_type");
            continue;
        }
        assert_eq!(answer.json()["error"], "temporarily_unavailable");
        assert!(answer.headers.contains_key("retry-after"));
        return;
    }
    panic!("nobody is stopped");
}

#[tokio::test]
async fn the_id_of_a_request_is_ours_whatever_a_client_calls_it() {
    let home = Home::new().await;
    let asked = request("GET", &As::Nobody, "/api/v1/nothing", None);
    let answer = home
        .ask(from("1.2.3.4:5", asked, &[("x-request-id", "forged")]))
        .await;
    assert_ne!(answer.problem()["request_id"], "forged");
}
