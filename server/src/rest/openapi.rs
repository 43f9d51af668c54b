//! The description of the API (OpenAPI 3.1), made of the routes themselves.

use std::collections::HashSet;

use serde_json::{Value, json};
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa_axum::router::OpenApiRouter;

use super::problem;
use crate::state::App;

/// The methods of a path, as a document names them.
pub(super) const METHODS: [&str; 4] = ["get", "put", "post", "delete"];

/// The routes of one area, under its name.
pub(super) fn area(name: &str, mut routes: OpenApiRouter<App>) -> OpenApiRouter<App> {
    let paths = &mut routes.get_openapi_mut().paths.paths;
    for operation in paths.values_mut().flat_map(operations) {
        operation.tags = Some(vec![name.to_owned()]);
        // A function is called after its operation, and only within its area is that name the only one.
        let function = operation.operation_id.take().unwrap_or_default();
        let area = name.to_lowercase().replace(' ', "_");
        operation.operation_id = Some(format!("{area}_{function}"));
    }
    routes
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let of_each = [
        &mut path.get,
        &mut path.put,
        &mut path.post,
        &mut path.delete,
    ];
    of_each.into_iter().filter_map(Option::as_mut)
}

/// The whole document: what the routes say, and what is the same for all of them.
pub(super) fn document(routes: &OpenApi) -> Value {
    let mut document = serde_json::to_value(routes).unwrap_or_default();
    document["info"] = json!({
        "title": "Millrace",
        "version": "1",
        "description": ABOUT,
        "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
    });
    document["servers"] = json!([{ "url": "/" }]);
    let components = &mut document["components"];
    components["schemas"]["Problem"] = schema::<problem::Document>();
    components["schemas"]["FieldError"] = schema::<api::FieldError>();
    components["securitySchemes"] = json!({
        "key": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key, or a token from /oauth/token.",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "millrace_session",
            "description": "A signed-in browser. It may do what its person may.",
        },
    });
    let Some(paths) = document["paths"].as_object_mut() else {
        return document;
    };
    for (path, item) in paths {
        for method in METHODS {
            if let Some(operation) = item.get_mut(method) {
                describe(path, operation);
            }
        }
    }
    document
}

/// The operations that have no parameters in their address, by method and path.
pub(super) fn without_parameters(document: &Value) -> HashSet<(String, String)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths
        .flat_map(|(path, item)| METHODS.map(|method| (method, path, &item[method])))
        .filter(|(_, _, operation)| {
            let mut parameters = operation["parameters"].as_array().into_iter().flatten();
            operation.is_object() && !parameters.any(|parameter| parameter["in"] == "query")
        })
        .map(|(method, path, _)| (method.to_owned(), path.clone()))
        .collect()
}

fn schema<T: utoipa::PartialSchema>() -> Value {
    serde_json::to_value(T::schema()).unwrap_or_default()
}

/// What every operation answers besides its own answers, and who else may ask.
fn describe(path: &str, operation: &mut Value) {
    // Also a signed-in person, whose role holds the permission.
    if let Some(security) = operation["security"].as_array_mut() {
        let scopes = security.first().and_then(|first| first.get("key"));
        if let Some(scopes) = scopes.cloned() {
            security.push(json!({ "session": scopes }));
        }
    }
    if path.starts_with("/oauth/") {
        return;
    }
    let once = operation["responses"]["201"].is_object() && path != "/api/v1/imports";
    let has_body = operation.get("requestBody").is_some();
    let open = operation["security"] == json!([{}]);
    let answers: [(&str, &str, bool); 10] = [
        ("401", "Nobody is signed in, or the key is not good.", !open),
        ("403", "The permission is missing.", !open),
        ("404", "There is no such thing.", path.contains('{')),
        ("409", "It contradicts what is there.", !open),
        ("413", "The body is too large.", has_body),
        ("415", "The body is of another kind.", has_body),
        (
            "422",
            "A parameter or field cannot be used; `fields` names it.",
            true,
        ),
        (
            "429",
            "Too many requests; `Retry-After` says when to come again.",
            true,
        ),
        ("503", "A part that is needed does not answer now.", true),
        ("default", "What else can go wrong.", true),
    ];
    for (status, words, applies) in answers {
        if applies && operation["responses"].get(status).is_none() {
            operation["responses"][status] = json!({
                "description": words,
                "content": {
                    "application/problem+json": {
                        "schema": { "$ref": "#/components/schemas/Problem" }
                    }
                }
            });
        }
    }
    if once {
        let parameters = &mut operation["parameters"];
        if !parameters.is_array() {
            *parameters = json!([]);
        }
        if let Some(parameters) = parameters.as_array_mut() {
            parameters.push(json!({
                "name": "Idempotency-Key",
                "in": "header",
                "required": false,
                "description": "A text of your choice, such as a UUID: the same request under the \
                    same key happens once within a day, however often it is sent.",
                "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" },
            }));
        }
    }
}

/// What stands at the head of the document.
const ABOUT: &str = "\
What a program can do with Millrace. Every operation needs a key with its permission, or a signed-in \
person whose role holds it.

Instants are microseconds since 1970 UTC. What is not known is null and never 0. Errors are problem \
documents (RFC 9457) with the id under which the log knows the request. Lists come in pages: `next` is \
the address of the page that follows. Metrics are sent and asked for in the protocols of Prometheus, \
OpenTelemetry and Influx, which are not described here.

Where an answer may have been computed before, the header `x-cache` says so: `hit` where all of it had \
been, `miss` otherwise.";
