//! Every route of the API × every kind of caller. The list of routes is that of the program itself, so that a new
//! one that does not say whom it lets in fails here.

use api::{Permission, Role, Scope};
use serde_json::{Value, json};

use super::{As, Home, request};
use crate::rest::openapi::METHODS;

/// Whom an operation's description lets in.
#[derive(Debug)]
enum May {
    All,
    Known,
    Person,
    Hold(String),
}

impl May {
    fn of(operation: &Value) -> Option<Self> {
        let security = operation["security"].as_array()?;
        if security.iter().any(|one| one == &json!({})) {
            return Some(Self::All);
        }
        let key = security.iter().find_map(|one| one.get("key"));
        match key {
            None => Some(Self::Person),
            Some(scopes) => match scopes.as_array()?.as_slice() {
                [] => Some(Self::Known),
                [one] => one.as_str().map(|scope| Self::Hold(scope.to_owned())),
                _ => None,
            },
        }
    }

    /// Whether it lets in somebody with those permissions.
    fn lets_in(&self, who: &As, permissions: &[Permission]) -> bool {
        match self {
            Self::All => true,
            Self::Known => !permissions.is_empty(),
            Self::Person => matches!(who, As::Session(_)),
            Self::Hold(needed) => permissions.iter().any(|held| held.as_str() == needed),
        }
    }
}

impl May {
    /// Whether those permissions show nothing of what this one is about.
    fn hides_from(&self, permissions: &[Permission]) -> bool {
        let Self::Hold(needed) = self else {
            return false;
        };
        let needed = Permission::ALL.into_iter().find(|p| p.as_str() == needed);
        let needed = needed.unwrap();
        let holds = |wanted| permissions.contains(&wanted);
        !holds(needed) && !holds(needed.seeing())
    }
}

/// Everybody there can be, with what they hold.
pub(super) async fn callers(home: &Home) -> Vec<(As, Vec<Permission>)> {
    let mut all = vec![
        (As::Nobody, Vec::new()),
        (As::Key("mr_unknown".into()), Vec::new()),
    ];
    for scope in Scope::all() {
        all.push((home.key(vec![scope]).await, vec![scope.permission()]));
    }
    all.push((home.admin_key().await, Permission::ALL.to_vec()));
    for role in Role::ALL {
        let permissions = role.permissions();
        all.push((home.person(role).await, permissions));
    }
    for grants in [&["access:*"][..], &["notifications:send"]] {
        all.push(home.person_with(grants).await);
    }
    all
}

/// The smallest value that fits a schema.
fn smallest(document: &Value, schema: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.trim_start_matches('#');
        let known = document.pointer(pointer);
        return smallest(document, known.unwrap_or_else(|| panic!("no {reference}")));
    }
    for choice in ["oneOf", "anyOf", "allOf"] {
        if let Some(first) = schema[choice].get(0) {
            return smallest(document, first);
        }
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds[0].as_str().unwrap(),
        kind => kind.as_str().unwrap_or("object"),
    };
    match kind {
        "string" => json!("x"),
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or(json!(0)),
        "boolean" => json!(false),
        "array" => json!([]),
        "null" => Value::Null,
        _ => {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let fields = required.iter().map(|name| {
                let name = name.as_str().unwrap();
                (
                    name.to_owned(),
                    smallest(document, &schema["properties"][name]),
                )
            });
            Value::Object(fields.collect())
        }
    }
}

/// An address and a body that the operation can read.
fn call(document: &Value, path: &str, operation: &Value) -> (String, Option<(String, String)>) {
    let (mut path, mut query) = (path.to_owned(), Vec::new());
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap();
        let value = smallest(document, &parameter["schema"]);
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        match parameter["in"].as_str().unwrap() {
            "path" => path = path.replace(&format!("{{{name}}}"), &value),
            "query" if parameter["required"] == true => query.push(format!("{name}={value}")),
            _ => {}
        }
    }
    let content = operation["requestBody"]["content"].as_object();
    let body = content.and_then(|content| {
        let (kind, content) = content.iter().next()?;
        let value = smallest(document, &content["schema"]);
        Some((kind.clone(), value.to_string()))
    });
    (format!("{path}?{}", query.join("&")), body)
}

/// Where permissions are given.
const GIVES: [&str; 2] = ["/api/v1/users", "/api/v1/keys"];

#[tokio::test]
async fn each_route_of_the_api_lets_in_exactly_those_it_says() {
    let home = Home::new().await;
    let callers = callers(&home).await;
    let document = crate::rest::description();
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS {
            let Some(operation) = item.get(method) else {
                continue;
            };
            operations += 1;
            let may = May::of(operation)
                .unwrap_or_else(|| panic!("{method} {path} does not say whom it lets in"));
            let (address, body) = call(&document, path, operation);
            for (who, permissions) in &callers {
                let body = body
                    .as_ref()
                    .map(|(kind, body)| (kind.as_str(), body.clone()));
                let asked = request(&method.to_uppercase(), who, &address, body);
                let answer = home.ask(asked).await;
                let (status, words) = (answer.status.as_u16(), &answer.body);
                let about = format!("{method} {address} by {permissions:?}: {status} {words}");
                assert!(status < 500, "{about}");
                if path == "/oauth/token" {
                    assert_eq!(status, 400, "{about}");
                    continue;
                }
                let known = !permissions.is_empty();
                // Whoever may make keys and people is refused when they would give more than they have.
                let gives = method == "post" && GIVES.iter().any(|g| path.starts_with(g));
                let own = |needed: &String| words.contains(&format!("it needs {needed}."));
                let too_much = match &may {
                    May::Hold(needed) => gives && status == 403 && !own(needed),
                    _ => false,
                };
                // Who may not even see such things is not told whether this one is there. Kinds of boards are
                // ours and not the company's.
                let single = path.contains('{') && !path.ends_with("/boards/{kind}");
                let hidden = known && single && may.hides_from(permissions);
                if hidden {
                    assert_eq!(status, 404, "{about}");
                    continue;
                }
                let refused = matches!(status, 401 | 403) && !too_much;
                assert_eq!(refused, !may.lets_in(who, permissions), "{about}");
                if refused {
                    // Who is known is told what is missing, except where only a person can ask.
                    let person = matches!(may, May::Person);
                    assert_eq!(status == 401, !known || person, "{about}");
                    answer.problem();
                }
            }
        }
    }
    assert!(operations > 40, "{operations}");
}

/// Operations that have no address of their own, each with the reason.
const ELSEWHERE: &[(&str, &str)] = &[
    ("set_up_token", "for the server itself"),
    ("set_up_fits", "for the page behind the set-up link"),
    ("set_up", "a form, which sets a cookie"),
    ("sign_in", "a form, which sets a cookie"),
    ("sign_out", "a form, which takes a cookie away"),
    ("of_session", "finds the caller"),
    ("of_secret", "finds the caller"),
    ("scan_due", "for the server itself"),
    ("run_due", "for the server itself"),
    ("plan", "for the server itself"),
    ("work", "for the server itself"),
    ("maintain", "for the server itself"),
    ("begin", "what the header Idempotency-Key does"),
    ("finish", "what the header Idempotency-Key does"),
    ("forget", "what the header Idempotency-Key does"),
    (
        "begin_export",
        "crate::audit writes it for /api/v1/audit/export",
    ),
    (
        "export_entries",
        "crate::audit writes it for /api/v1/audit/export",
    ),
    ("invitation", "a form, by the token of a link"),
    ("accept_invitation", "a form, which sets a cookie"),
    ("step", "a form, by the cookie of a second step"),
    ("pass_step", "a form, which sets a cookie"),
    ("step_enrolment", "a form, by the cookie of a second step"),
    ("pass_enrolment", "a form, which sets a cookie"),
    ("passkey_door", "the sign-in page"),
    ("ask_passkey", "asked of a browser, by a cookie"),
    ("enter_with_passkey", "a form, which sets a cookie"),
    (
        "ask_passkey_step",
        "asked of a browser, by the cookie of a second step",
    ),
    ("pass_passkey_step", "a form, which sets a cookie"),
    ("provider", "the sign-in page"),
    ("depart", "a form, which sends a browser elsewhere"),
    (
        "arrive",
        "where a browser comes back to, which sets a cookie",
    ),
];

#[test]
fn every_operation_of_the_vocabulary_has_a_route_or_a_reason() {
    let folder = |path: &str| {
        let folder = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
        let entries = std::fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().path());
        let files = entries.filter(|p| p.is_file());
        files.map(|p| {
            (
                p.display().to_string(),
                std::fs::read_to_string(&p).unwrap(),
            )
        })
    };
    let handlers: String = folder("src/rest").map(|(_, text)| text).collect();
    let handlers: String = handlers.split_whitespace().collect();
    for (file, text) in folder("../crates/api/src") {
        for line in text.lines().map(str::trim) {
            let Some(rest) = line.strip_prefix("async fn ") else {
                continue;
            };
            let operation = rest.split(['(', '<']).next().unwrap();
            let elsewhere = ELSEWHERE.iter().any(|(known, _)| *known == operation);
            let routed = handlers.contains(&format!(".{operation}(&ask.caller"))
                || handlers.contains(&format!(".{operation}(&caller"))
                || handlers.contains(&format!(".{operation}(caller"));
            assert!(
                elsewhere || routed,
                "`{operation}` in {file} has no route in server/src/rest: add one, or say in ELSEWHERE why not"
            );
        }
    }
}

/// The surface of the API, a line each: a change of it is seen by whoever reads the change.
#[test]
fn the_surface_is_as_it_was_reviewed() {
    let document = crate::rest::description();
    let mut lines = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS {
            let Some(operation) = item.get(method) else {
                continue;
            };
            let names = operation["parameters"].as_array().into_iter().flatten();
            let names: Vec<_> = names.map(|p| p["name"].as_str().unwrap()).collect();
            let may = May::of(operation);
            let id = operation["operationId"].as_str().unwrap();
            lines.push(format!(
                "{method} {path} ({}) {may:?} {id}",
                names.join(", ")
            ));
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let fields = schema["properties"].as_object().into_iter().flatten();
        let fields: Vec<_> = fields.map(|(field, _)| field.as_str()).collect();
        lines.push(format!("{name}: {}", fields.join(", ")));
    }
    insta::assert_snapshot!(lines.join("\n"));
}
