//! Errors, pages, tokens, and requests that happen once.

use api::Scope;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};

use super::{Answered, As, Home, request};

/// Method, path, body with its type, status, and the field that is named.
type Case = (
    &'static str,
    &'static str,
    Option<(&'static str, &'static str)>,
    u16,
    &'static str,
);

async fn check(home: &Home, key: &As, cases: &[Case]) {
    for &(method, path, body, status, field) in cases {
        let body = body.map(|(kind, text)| (kind, text.to_owned()));
        let answer = home.ask(request(method, key, path, body)).await;
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{method} {path}: {}",
            answer.body
        );
        let problem = answer.problem();
        let named = problem["fields"][0]["field"].as_str().unwrap_or_default();
        assert_eq!(named, field, "{method} {path}: {problem}");
    }
}

#[tokio::test]
async fn every_error_is_a_problem_that_names_what_is_wrong() {
    let home = Home::new().await;
    let key = home.admin_key().await;
    let json = "application/json";
    let cases: [Case; 11] = [
        ("GET", "/api/v1/nothing", None, 404, ""),
        ("GET", "/api/v2/series", None, 404, ""),
        ("GET", "/api/v1/series/none", None, 404, ""),
        ("DELETE", "/api/v1/series", None, 405, ""),
        ("POST", "/api/v1/keys", Some(("text/plain", "{}")), 415, ""),
        ("POST", "/api/v1/keys", Some((json, "{")), 422, ""),
        (
            "POST",
            "/api/v1/keys",
            Some((json, r#"{"name":1}"#)),
            422,
            "name",
        ),
        (
            "POST",
            "/api/v1/keys",
            Some((json, r#"{"name":"x","scopes":["root"]}"#)),
            422,
            "scopes[0]",
        ),
        ("GET", "/api/v1/series?limit=0", None, 422, "limit"),
        ("GET", "/api/v1/series?limt=1", None, 422, "limt"),
        (
            "DELETE",
            "/api/v1/series/x/findings/soon/verdict",
            None,
            422,
            "begins",
        ),
    ];
    check(&home, &key, &cases).await;
    let large = Some((json, "x".repeat(super::super::MOST_BYTES + 1)));
    let answer = home.ask(request("POST", &key, "/api/v1/keys", large)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    answer.problem();
    let answer = home
        .ask(request("DELETE", &key, "/api/v1/series", None))
        .await;
    assert_eq!(answer.headers[header::ALLOW], "GET,HEAD");
    let answer = home.get(&As::Nobody, "/api/v1/series").await;
    answer.problem();
    assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer");
}

#[tokio::test]
async fn senders_hear_what_failed_in_the_words_of_their_protocols() {
    const JSON: &str = "application/json";
    const PROTOBUF: &str = "application/x-protobuf";
    let home = Home::new().await;
    let key = home.key(vec![Scope::INGEST]).await;
    let push = async |who: &As, path: &str, kind: &str| {
        let body = Some((kind, String::new()));
        home.ask(request("POST", who, path, body)).await
    };
    let stranger = push(&As::Nobody, "/otlp/v1/metrics", JSON).await;
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
    assert_eq!(stranger.headers[header::WWW_AUTHENTICATE], "Bearer");
    assert_eq!(stranger.json()["code"], 16);
    home.store.close().await;
    let said = "The database does not answer.";
    for (path, kind, answered) in [
        ("/otlp/v1/metrics", JSON, JSON),
        ("/otlp/v1/metrics", PROTOBUF, PROTOBUF),
        (
            "/prometheus/api/v1/write",
            PROTOBUF,
            "text/plain; charset=utf-8",
        ),
        ("/influx/api/v2/write", "text/plain", JSON),
        ("/influx/write", "text/plain", JSON),
    ] {
        let answer = push(&key, path, kind).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(answer.headers[header::CONTENT_TYPE], answered, "{path}");
        assert_eq!(answer.headers[header::RETRY_AFTER], "5", "{path}");
        assert!(answer.body.contains(said), "{path}: {}", answer.body);
        match (path, kind) {
            // A `google.rpc.Status`: 14 is UNAVAILABLE.
            ("/otlp/v1/metrics", JSON) => assert_eq!(answer.json()["code"], 14),
            ("/otlp/v1/metrics", _) => assert!(answer.body.starts_with("\u{8}\u{e}\u{12}")),
            ("/prometheus/api/v1/write", _) => assert!(answer.body.starts_with(said)),
            _ => {}
        }
    }
}

#[tokio::test]
async fn what_is_not_known_and_what_is_left_out_is_refused_by_its_name() {
    let home = Home::new().await;
    let key = home.admin_key().await;
    let json = "application/json";
    let cases: [Case; 8] = [
        ("GET", "/api/v1/now?x=1", None, 422, "x"),
        (
            "PUT",
            "/api/v1/recording-rules/x",
            Some((
                json,
                r#"{"name":"x","expression":"up","every_seconds":60,"unit":"","domain":"machine"}"#,
            )),
            422,
            "limit",
        ),
        (
            "POST",
            "/api/v1/roles",
            Some((json, r#"{"name":"x","grants":[],"zzz":1}"#)),
            422,
            "zzz",
        ),
        (
            "POST",
            "/api/v1/invitations",
            Some((json, r#"{"email":"a@b.example","role":"viewer","x":1}"#)),
            422,
            "x",
        ),
        (
            "POST",
            "/api/v1/invitations",
            Some((json, r#"{"email":"a@b.example","role":"viewer","x":1}"#)),
            422,
            "x",
        ),
        (
            "PUT",
            "/api/v1/metrics/storage/x",
            Some((json, r#"{"raw_days":7}"#)),
            422,
            "five_minutes_days",
        ),
        (
            "PUT",
            "/api/v1/calendar/holidays",
            Some((json, "{}")),
            422,
            "region",
        ),
        (
            "PUT",
            "/api/v1/audit/retention",
            Some((json, "{}")),
            422,
            "days",
        ),
    ];
    check(&home, &key, &cases).await;
}

#[tokio::test]
async fn another_sites_page_is_refused_in_the_same_words() {
    let home = Home::new().await;
    let request = Request::post("/api/v1/keys")
        .header("sec-fetch-site", "cross-site")
        .body(Body::empty())
        .unwrap();
    let answer = home.ask(request).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    answer.problem();
}

#[tokio::test]
async fn a_list_is_walked_by_its_links() {
    let home = Home::new().await;
    let key = home.admin_key().await;
    let samples: Vec<Value> = (0..7)
        .map(|i| json!({"name": format!("n{i}"), "value": i}))
        .collect();
    let sent = home.post(&key, "/api/v1/samples", &json!(samples)).await;
    assert_eq!(sent.json()["accepted"], 7);
    let (mut next, mut seen) = (Some("/api/v1/series?limit=3&q=n".to_owned()), Vec::new());
    while let Some(path) = next {
        let page = home.get(&key, &path).await.json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 3);
        seen.extend(items.iter().map(|s| s["name"].as_str().unwrap().to_owned()));
        next = page["next"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, ["n0", "n1", "n2", "n3", "n4", "n5", "n6"]);
    let answer = home.get(&key, "/api/v1/series?cursor=6e6f6e65").await;
    assert_eq!(answer.problem()["fields"][0]["field"], "cursor");
}

async fn send(home: &Home, who: &As, path: &str, key: &str, body: &Value) -> Answered {
    let body = Some(("application/json", body.to_string()));
    let mut request = request("POST", who, path, body);
    let key = key.parse().unwrap();
    request.headers_mut().insert("idempotency-key", key);
    home.ask(request).await
}

#[tokio::test]
async fn what_is_sent_again_under_its_key_happens_once() {
    let home = Home::new().await;
    let (one, other) = (home.admin_key().await, home.admin_key().await);
    let target = |name: &str| json!({"name": name, "url": "http://127.0.0.1:9/metrics"});
    let path = "/api/v1/scrape-targets";
    let first = send(&home, &one, path, "a", &target("t")).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.body);
    let again = send(&home, &one, path, "a", &target("t")).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(
        again.headers[header::LOCATION],
        first.headers[header::LOCATION]
    );
    assert_eq!(again.headers["idempotency-replayed"], "true");
    let different = send(&home, &one, path, "a", &target("u")).await;
    assert_eq!(different.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(different.problem()["fields"][0]["field"], "Idempotency-Key");
    // Others have keys of their own, and what failed may be tried again.
    let theirs = send(&home, &other, path, "a", &target("u")).await;
    assert_eq!(theirs.status, StatusCode::CREATED, "{}", theirs.body);
    let failed = send(&home, &one, path, "b", &json!({"name": "", "url": "x"})).await;
    assert_eq!(failed.status, StatusCode::UNPROCESSABLE_ENTITY);
    let mended = send(&home, &one, path, "b", &target("v")).await;
    assert_eq!(mended.status, StatusCode::CREATED, "{}", mended.body);
    // A day later nobody remembers.
    home.clock.advance(25 * api::Instant::HOUR);
    let late = send(&home, &one, path, "a", &target("w")).await;
    assert_eq!(late.status, StatusCode::CREATED, "{}", late.body);
}

#[tokio::test]
async fn of_the_same_request_twice_at_a_time_one_is_told_to_wait() {
    let home = Home::new().await;
    let key = home.admin_key().await;
    let body = json!({"name": "n", "scopes": ["monitoring:read"]});
    let path = "/api/v1/keys";
    let sent = futures::future::join_all((0..8).map(|_| send(&home, &key, path, "k", &body))).await;
    let made = sent
        .iter()
        .filter(|a| a.status == StatusCode::CREATED)
        .count();
    let waits = sent
        .iter()
        .filter(|a| a.status == StatusCode::CONFLICT)
        .count();
    assert_eq!((made, waits), (1, 7));
    let made: Vec<_> = sent
        .iter()
        .filter(|a| a.status == StatusCode::CREATED)
        .collect();
    assert_eq!(made[0].headers[header::CACHE_CONTROL], "no-store");
    // A secret is not kept, and so not told twice.
    let again = send(&home, &key, path, "k", &body).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(
        again.problem()["detail"]
            .as_str()
            .unwrap()
            .contains("secret")
    );
    let keys = home.get(&key, path).await.json();
    assert_eq!(keys["items"].as_array().unwrap().len(), 2);
}

async fn token(home: &Home, form: &str) -> Answered {
    let kind = "application/x-www-form-urlencoded";
    let body = Some((kind, form.to_owned()));
    home.ask(request("POST", &As::Nobody, "/oauth/token", body))
        .await
}

#[tokio::test]
async fn a_key_gives_tokens_that_do_less_and_end() {
    let home = Home::new().await;
    let admin = home.admin_key().await;
    let body = json!({"name": "n", "scopes": ["monitoring:read", "data:ingest"]});
    let made = home.post(&admin, "/api/v1/keys", &body).await.json();
    let id = made["made"]["id"].as_str().unwrap();
    let secret = made["secret"].as_str().unwrap();
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let answer = token(&home, &format!("{form}&scope=data:ingest")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    let given = answer.json();
    assert_eq!(
        (&given["expires_in"], &given["scope"]),
        (&json!(900), &json!("data:ingest"))
    );
    let bearer = As::Key(given["access_token"].as_str().unwrap().to_owned());
    let sample = json!([{"name": "n", "value": 1}]);
    let status = async |who: &As| home.post(who, "/api/v1/samples", &sample).await.status;
    assert_eq!(status(&bearer).await, StatusCode::OK);
    let read = home.get(&bearer, "/api/v1/series").await;
    assert_eq!(read.status, StatusCode::FORBIDDEN);
    // A token makes no tokens, more than the key has is not given, and a wrong secret nothing.
    let As::Key(short) = &bearer else { panic!() };
    for (form, status, error) in [
        (form.replace(secret, short), 401, "invalid_client"),
        (form.replace(id, "other"), 401, "invalid_client"),
        (format!("{form}&scope=access:write"), 400, "invalid_scope"),
    ] {
        let answer = token(&home, &form).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
        assert_eq!(answer.json()["error"], error);
    }
    home.clock.advance(15 * api::Instant::MINUTE);
    assert_eq!(status(&bearer).await, StatusCode::UNAUTHORIZED);
    // With the key its tokens are gone.
    let bearer = token(&home, &form).await.json();
    let bearer = As::Key(bearer["access_token"].as_str().unwrap().to_owned());
    assert_eq!(status(&bearer).await, StatusCode::OK);
    home.ask(request(
        "DELETE",
        &admin,
        &format!("/api/v1/keys/{id}"),
        None,
    ))
    .await;
    assert_eq!(status(&bearer).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_rotated_key_has_two_secrets_for_a_while() {
    let home = Home::new().await;
    let admin = home.admin_key().await;
    let body = json!({"name": "n", "scopes": ["monitoring:read"]});
    let made = home.post(&admin, "/api/v1/keys", &body).await.json();
    let id = made["made"]["id"].as_str().unwrap().to_owned();
    let old = As::Key(made["secret"].as_str().unwrap().to_owned());
    let path = format!("/api/v1/keys/{id}/rotate");
    let rotated = home
        .post(&admin, &path, &json!({"grace_seconds": 60}))
        .await;
    assert_eq!(rotated.status, StatusCode::OK, "{}", rotated.body);
    let new = As::Key(rotated.json()["secret"].as_str().unwrap().to_owned());
    let good = async |who: &As| home.get(who, "/api/v1/now").await.status == StatusCode::OK;
    assert!(good(&old).await && good(&new).await);
    home.clock.advance(api::Instant::MINUTE);
    assert!(!good(&old).await && good(&new).await);
}

#[tokio::test]
async fn nobody_gives_more_than_they_have() {
    let home = Home::new().await;
    let admin = home.admin_key().await;
    let manager = home
        .key(vec!["access:write".parse::<Scope>().unwrap()])
        .await;
    let wanted = json!({"name": "n", "scopes": ["monitoring:write"]});
    let answer = home.post(&manager, "/api/v1/keys", &wanted).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.body);
    let person = json!({"email": "eve@example.org", "role": "admin"});
    let answer = home.post(&manager, "/api/v1/invitations", &person).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.body);
    let made = home.post(&admin, "/api/v1/keys", &wanted).await.json();
    let path = format!(
        "/api/v1/keys/{}/rotate",
        made["made"]["id"].as_str().unwrap()
    );
    // A key that sees no keys is not told that this one is there.
    let answer = home.post(&manager, &path, &json!({})).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.body);
}

#[tokio::test]
async fn samples_may_be_compressed_with_gzip_and_nothing_else() {
    use std::io::Write as _;

    let home = Home::new().await;
    let key = home.admin_key().await;
    let samples = br#"[{"name":"packed","value":1}]"#;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(samples).unwrap();
    let packed = packed.finish().unwrap();
    for (encoding, body, status) in [
        ("gzip", packed.clone(), 200),
        ("identity", samples.to_vec(), 200),
        ("br", packed, 415),
        ("gzip", samples.to_vec(), 400),
    ] {
        let mut sent = request("POST", &key, "/api/v1/samples", None);
        let headers = sent.headers_mut();
        headers.insert(header::CONTENT_ENCODING, encoding.parse().unwrap());
        headers.insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
        *sent.body_mut() = Body::from(body);
        let answer = home.ask(sent).await;
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{encoding}: {}",
            answer.body
        );
    }
}

#[tokio::test]
async fn an_answer_says_whether_it_had_been_computed_before() {
    let home = Home::new().await;
    let key = home.admin_key().await;
    let path = "/prometheus/api/v1/labels";
    for expected in ["miss", "hit"] {
        let answer = home.get(&key, path).await;
        assert_eq!(answer.headers["x-cache"], expected, "{}", answer.body);
    }
    let report = home.get(&key, "/api/v1/caches").await;
    assert!(!report.headers.contains_key("x-cache"));
    let report = report.json();
    assert_eq!(
        (&report["areas"][0]["area"], &report["redis"]),
        (&json!("metrics"), &json!("none"))
    );
    assert_eq!(report["areas"][0]["hits"], 1);
    let empty = request("DELETE", &key, "/api/v1/caches?area=metrics", None);
    assert_eq!(home.ask(empty).await.status, StatusCode::NO_CONTENT);
    assert_eq!(home.get(&key, path).await.headers["x-cache"], "miss");
    for expected in ["miss", "hit"] {
        let answer = home.get(&key, "/api/v1/findings").await;
        assert_eq!(answer.headers["x-cache"], expected);
    }
    // What is about the present is computed each time, and what is refused says nothing.
    for path in [
        "/prometheus/api/v1/query?query=1",
        "/prometheus/api/v1/query_range",
    ] {
        assert!(!home.get(&key, path).await.headers.contains_key("x-cache"));
    }
}

#[tokio::test]
async fn texts_of_the_site_name_their_charset() {
    let home = Home::new().await;
    let folder = home.app.site_root.join("pkg");
    std::fs::create_dir(&folder).unwrap();
    for (name, kind) in [
        ("a.css", "text/css; charset=utf-8"),
        ("a.js", "text/javascript; charset=utf-8"),
        ("a.wasm", "application/wasm"),
    ] {
        std::fs::write(folder.join(name), "").unwrap();
        let file = home.get(&As::Nobody, &format!("/pkg/{name}")).await;
        assert_eq!(file.headers["content-type"], kind, "{name}");
    }
}
