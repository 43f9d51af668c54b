//! What is no operation of the API × every kind of caller: pages, server functions, files, forms, and what
//! machines send.

use api::{Permission, Role};

use super::routes::callers;
use super::{As, Home, request};

/// Pages that strangers may see.
const OPEN_PAGES: [&str; 4] = ["/login", "/login/step", "/setup", "/invite"];

#[tokio::test]
async fn strangers_are_sent_from_every_page_to_where_they_sign_in() {
    let home = Home::new().await;
    let pages = &*crate::router::PAGES;
    assert!(pages.len() > 10);
    for page in pages {
        let path = filled(page.path(), ["x"; 3]);
        let answer = home.get(&As::Nobody, &path).await;
        let open = OPEN_PAGES.contains(&path.as_str());
        assert_eq!(
            answer.status.is_redirection(),
            !open,
            "{path}: {}",
            answer.status
        );
    }
}

/// What each page answers to each role, a line each: whoever adds a page says here whom it is for. The
/// pages of single things are asked for one that is not there.
#[tokio::test]
async fn every_page_answers_to_each_role_as_it_was_reviewed() {
    let home = Home::new().await;
    let mut people = Vec::new();
    for role in Role::ALL {
        people.push((role.to_string(), home.person(role).await));
    }
    for grant in ["access:*", "data:*", "notifications:send"] {
        let (who, _) = home.person_with(&[grant]).await;
        people.push((grant.to_owned(), who));
    }
    let mut lines = Vec::new();
    for page in &*crate::router::PAGES {
        let path = filled(page.path(), ["x"; 3]);
        let mut line = format!("{path}:");
        for (name, who) in &people {
            let status = home.get(who, &path).await.status.as_u16();
            assert!(status < 500, "{path} by {name}: {status}");
            line = format!("{line} {name} {status}");
        }
        lines.push(line);
    }
    lines.sort();
    insta::assert_snapshot!(lines.join("\n"));
}

/// Server functions that strangers may call.
const OPEN_FUNCTIONS: [&str; 2] = ["/rpc/app/account/load_doors", "/rpc/app/factor/load_step"];

#[tokio::test]
async fn strangers_are_refused_by_every_server_function() {
    let home = Home::new().await;
    let functions: Vec<_> = leptos::server_fn::axum::server_fn_paths().collect();
    assert!(functions.len() > 30, "{}", functions.len());
    for (path, method) in functions {
        let form = "application/x-www-form-urlencoded";
        // What a function wants is not known here; one that reads what it got first may say so.
        let body = (method != "GET").then(|| (form, String::new()));
        let answer = home
            .ask(request(method.as_str(), &As::Nobody, path, body))
            .await;
        let status = answer.status.as_u16();
        let open = OPEN_FUNCTIONS.contains(&path);
        assert!(
            open || status != 200,
            "{method} {path}: {status} {}",
            answer.body
        );
    }
}

/// Whom a route lets in.
#[derive(Clone, Copy, Debug)]
enum Whom {
    /// Everybody: it holds nothing, or establishes who somebody is.
    All,
    /// Who holds that.
    Hold(Permission),
    /// A person who holds that: programs have an address of the API for it.
    Person(Permission),
}

use Permission::{AccessRead, AuditRead, DataIngest, MonitoringRead, MonitoringWrite};
use Whom::{All, Hold, Person};

/// Routes that are neither pages nor server functions nor in the document: what a stranger gets who sends
/// nothing, and whom they let in.
const OTHERS: &[(&str, &str, u16, Whom)] = &[
    ("GET", "/live", 401, Hold(MonitoringRead)),
    ("POST", "/upload", 400, Hold(MonitoringWrite)),
    (
        "GET",
        "/series/{id}/export.csv",
        303,
        Person(MonitoringRead),
    ),
    ("POST", "/auth/sign-in", 415, All),
    ("POST", "/auth/sign-out", 303, All),
    ("POST", "/auth/set-up", 415, All),
    ("GET", "/reorders.csv", 303, Person(MonitoringRead)),
    ("GET", "/cash.csv", 303, Person(MonitoringRead)),
    ("GET", "/people/access-review.csv", 303, Person(AccessRead)),
    ("GET", "/audit/{export}", 303, Person(AuditRead)),
    ("GET", "/auth/who", 205, All),
    ("GET", "/auth/provider", 303, All),
    ("GET", "/auth/provider/return", 303, All),
    ("POST", "/auth/step", 415, All),
    ("POST", "/auth/enrol", 415, All),
    ("POST", "/auth/passkey", 415, All),
    ("POST", "/auth/passkey/challenge", 409, All),
    ("POST", "/auth/passkey/step", 415, All),
    ("POST", "/auth/passkey/step-challenge", 404, All),
    ("POST", "/auth/accept", 415, All),
    ("GET", "/theme", 400, All),
    ("GET", "/density", 400, All),
    ("GET", "/health/live", 200, All),
    ("GET", "/health/ready", 200, All),
    ("GET", "/metrics", 200, All),
    ("GET", "/api/docs", 200, All),
    ("GET", "/api/v1/openapi.json", 200, All),
    ("POST", "/prometheus/api/v1/write", 401, Hold(DataIngest)),
    ("POST", "/otlp/v1/metrics", 401, Hold(DataIngest)),
    ("POST", "/influx/api/v2/write", 401, Hold(DataIngest)),
    ("POST", "/influx/write", 401, Hold(DataIngest)),
    ("GET", "/prometheus/api/v1/query", 401, Hold(MonitoringRead)),
    (
        "GET",
        "/prometheus/api/v1/query_range",
        400,
        Hold(MonitoringRead),
    ),
    (
        "GET",
        "/prometheus/api/v1/labels",
        401,
        Hold(MonitoringRead),
    ),
    (
        "GET",
        "/prometheus/api/v1/label/{name}/values",
        401,
        Hold(MonitoringRead),
    ),
    (
        "GET",
        "/prometheus/api/v1/series",
        401,
        Hold(MonitoringRead),
    ),
    (
        "GET",
        "/prometheus/api/v1/metadata",
        401,
        Hold(MonitoringRead),
    ),
    ("GET", "/prometheus/api/v1/status/buildinfo", 200, All),
];

/// Whether a path is that of a route, which may lie in a router of its own.
fn is_of(known: &str, route: &str) -> bool {
    const NESTS: [&str; 3] = ["", "/api/v1", "/prometheus/api/v1"];
    NESTS
        .iter()
        .any(|nest| known.strip_prefix(nest) == Some(route))
}

#[tokio::test]
async fn every_other_route_is_listed_with_what_a_stranger_gets() {
    for file in ["router.rs", "rest/mod.rs"] {
        let text = format!("{}/src/{file}", env!("CARGO_MANIFEST_DIR"));
        let text: String = std::fs::read_to_string(text).unwrap();
        let text: String = text.split_whitespace().collect();
        for found in text.split(".route(").skip(1) {
            // A path that stands elsewhere would not be seen here.
            let path = found
                .strip_prefix('"')
                .and_then(|path| path.split('"').next());
            let path = path.unwrap_or_else(|| panic!("{file}: .route({found:.40}"));
            let listed = OTHERS.iter().any(|(_, known, ..)| is_of(known, path));
            assert!(listed, "{path} in {file} is not in OTHERS");
        }
    }
    let home = Home::new().await;
    for (method, path, status, _) in OTHERS {
        let path = filled(path, ["x"; 3]);
        let answer = home.ask(request(method, &As::Nobody, &path, None)).await;
        assert_eq!(
            answer.status.as_u16(),
            *status,
            "{method} {path}: {}",
            answer.body
        );
    }
}

/// A file as a form sends one.
const FORM: (&str, &str) = (
    "multipart/form-data; boundary=x",
    "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\nday,a\n2026-01-01,1\n\r\n--x--\r\n",
);

#[tokio::test]
async fn every_other_route_lets_in_exactly_those_it_says() {
    let home = Home::new().await;
    let series = home.series("steps").await;
    let callers = callers(&home).await;
    // Whoever signs out is nobody afterwards.
    let others = OTHERS
        .iter()
        .filter(|(_, path, ..)| *path != "/auth/sign-out");
    for (method, path, _, whom) in others {
        let path = filled(path, [&series, "job", "export.csv"]);
        let query = if path.ends_with("/query_range") {
            "?query=steps&start=0&end=60&step=15"
        } else if path.ends_with("/query") {
            "?query=steps"
        } else {
            ""
        };
        for (who, permissions) in &callers {
            let body = (path == "/upload").then(|| (FORM.0, FORM.1.to_owned()));
            let asked = request(method, who, &format!("{path}{query}"), body);
            let answer = home.ask(asked).await;
            let status = answer.status.as_u16();
            let about = format!(
                "{method} {path} by {who:?} with {permissions:?}: {status} {}",
                answer.body
            );
            assert!(status < 500, "{about}");
            let may = match whom {
                All => true,
                Hold(needed) => permissions.contains(needed),
                Person(needed) => matches!(who, As::Session(_)) && permissions.contains(needed),
            };
            let to = answer
                .headers
                .get("location")
                .map(|to| to.to_str().unwrap());
            let sent_on = to.is_some_and(|to| to.starts_with("/login") || to.contains("refused"));
            // What is there is shown, so that nothing means that it is hidden.
            let hidden = status == 404 && path.contains(&series);
            let own = path.starts_with("/auth/");
            let refused = matches!(status, 401 | 403) || hidden || (sent_on && !own);
            assert_eq!(refused, !may, "{about}");
        }
    }
}

/// A route's path with an id, a name and an export in it.
fn filled(path: &str, with: [&str; 3]) -> String {
    let parts = ["{id}", "{name}", "{export}"].into_iter().zip(with);
    parts.fold(path.to_owned(), |path, (part, with)| {
        path.replace(part, with)
    })
}
