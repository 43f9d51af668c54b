//! `/api/docs`: the API's description as a page. Made on the server from the document itself, so that
//! it needs no script, no network and no exception in the content policy.

use std::sync::Arc;

use axum::response::Response;
use axum::routing::{MethodRouter, get};
use leptos::config::LeptosOptions;
use leptos::prelude::*;
use leptos_meta::{HashedStylesheet, MetaTags, provide_meta_context};
use serde_json::Value;
use ui::{Card, PageHead, Preferences};

use super::openapi::METHODS;
use crate::state::App;

/// One operation, in words.
#[derive(Clone)]
struct Operation {
    area: String,
    id: String,
    method: &'static str,
    path: String,
    summary: String,
    about: String,
    needs: String,
    parameters: Vec<Field>,
    body: Option<Kind>,
    answers: Vec<(String, String, Option<Kind>)>,
}

/// A parameter, or a field of a schema.
#[derive(Clone)]
struct Field {
    name: String,
    kind: Kind,
    place: String,
    about: String,
}

/// What a value is, and the schema that says more.
#[derive(Clone, Default)]
struct Kind {
    words: String,
    schema: Option<String>,
}

/// A schema by its name.
#[derive(Clone)]
struct Schema {
    name: String,
    about: String,
    words: String,
    fields: Vec<Field>,
}

/// The page's route.
pub(crate) fn docs(
    context: impl Fn() + Clone + Send + Sync + 'static,
    options: &LeptosOptions,
) -> MethodRouter<App> {
    let document = super::description();
    let operations: Arc<[Operation]> = operations(&document).into();
    let schemas: Arc<[Schema]> = schemas(&document).into();
    let options = options.clone();
    get(async move |request: axum::extract::Request| -> Response {
        let page = leptos_axum::render_app_async_with_context(context, move || {
            page(options.clone(), &operations, &schemas)
        });
        crate::page_threads::made_on_one(page(request)).await
    })
}

fn page(
    options: LeptosOptions,
    operations: &[Operation],
    schemas: &[Schema],
) -> impl IntoView + use<> {
    let preferences = use_context::<Preferences>().unwrap_or_default();
    provide_meta_context();
    let mut areas: Vec<&str> = operations.iter().map(|o| o.area.as_str()).collect();
    areas.dedup();
    let index = areas
        .iter()
        .map(
            |area| view! { <li><a href=format!("#{}", anchor("area", area))>{(*area).to_owned()}</a></li> },
        )
        .collect_view();
    let parts = areas
        .iter()
        .map(|area| {
            let own = operations.iter().filter(|o| o.area == *area);
            let rows = own.map(operation).collect_view();
            view! {
                <section id=anchor("area", area)>
                    <Card title=(*area).to_owned()>{rows}</Card>
                </section>
            }
        })
        .collect_view();
    let schemas = schemas.iter().map(schema).collect_view();
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=preferences.theme data-density=preferences.density>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <title>"API · Millrace"</title>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <HashedStylesheet options id="leptos"/>
                <MetaTags/>
            </head>
            <body>
                <main class="api-docs">
                    <PageHead
                        title="API"
                        lede="What a program can do here. Make a key in Settings, and send it as Authorization: Bearer."
                    />
                    <p class="api-links">
                        <a href="/">"Back to Millrace"</a>
                        " · "
                        <a href="/api/v1/openapi.json">"This as OpenAPI 3.1"</a>
                    </p>
                    <p class="quiet">
                        "Instants are microseconds since 1970 UTC. What is not known is null and never 0. \
                        Errors are problem documents (RFC 9457) with the id of the request. Lists come in \
                        pages: next is the address of the page that follows. A POST that makes something \
                        takes an Idempotency-Key: sent again under it, it happens once."
                    </p>
                    <nav aria-label="Areas">
                        <ul class="api-index">
                            {index}
                            <li><a href="#schemas">"Schemas"</a></li>
                        </ul>
                    </nav>
                    {parts}
                    <section id="schemas">
                        <Card title="Schemas">{schemas}</Card>
                    </section>
                </main>
            </body>
        </html>
    }
}

fn operation(of: &Operation) -> impl IntoView + use<> {
    let of = of.clone();
    let example = example(&of);
    let answers = of
        .answers
        .into_iter()
        .map(|(status, words, kind)| {
            view! { <dt>{status}</dt><dd>{words}" "{kind.map(kind_view)}</dd> }
        })
        .collect_view();
    view! {
        <details class="api-operation" id=of.id>
            <summary>
                <code class="api-method">{of.method.to_uppercase()}</code>
                <code>{of.path}</code>
                <span>{of.summary}</span>
            </summary>
            {(!of.about.is_empty()).then(|| view! { <p>{of.about}</p> })}
            <p class="quiet">{of.needs}</p>
            {(!of.parameters.is_empty()).then(|| view! { <h4>"Parameters"</h4> {fields(of.parameters)} })}
            {of.body.map(|kind| view! { <h4>"Body"</h4> <p>{kind_view(kind)}</p> })}
            <h4>"Answers"</h4>
            <dl class="api-answers">{answers}</dl>
            <pre class="api-example"><code>{example}</code></pre>
        </details>
    }
}

/// The call as one would type it.
fn example(of: &Operation) -> String {
    let mut line = format!("curl -X {}", of.method.to_uppercase());
    if of.method == "get" {
        "curl".clone_into(&mut line);
    }
    line.push_str(" -H \"Authorization: Bearer $KEY\"");
    match &of.body {
        Some(kind) if kind.schema.is_some() => {
            line.push_str(" -H 'Content-Type: application/json' -d @body.json");
        }
        Some(_) => line.push_str(" --data-binary @file"),
        None => {}
    }
    format!("{line} \"$MILLRACE{}\"", of.path)
}

fn schema(of: &Schema) -> impl IntoView + use<> {
    let of = of.clone();
    let anchor = anchor("schema", &of.name);
    view! {
        <div class="api-schema" id=anchor>
            <h3><code>{of.name}</code></h3>
            {(!of.about.is_empty()).then(|| view! { <p>{of.about}</p> })}
            {(!of.words.is_empty()).then(|| view! { <p><code>{of.words}</code></p> })}
            {(!of.fields.is_empty()).then(|| fields(of.fields))}
        </div>
    }
}

fn fields(list: Vec<Field>) -> impl IntoView {
    let rows = list
        .into_iter()
        .map(|field| {
            view! {
                <dt><code>{field.name}</code>" "{kind_view(field.kind)}" "<span class="quiet">{field.place}</span></dt>
                <dd>{field.about}</dd>
            }
        })
        .collect_view();
    view! { <dl class="api-fields">{rows}</dl> }
}

fn kind_view(kind: Kind) -> AnyView {
    match kind.schema {
        Some(name) => {
            view! { <a href=format!("#{}", anchor("schema", &name))>{kind.words}</a> }.into_any()
        }
        None => view! { <code>{kind.words}</code> }.into_any(),
    }
}

/// Areas and schemas may share a name.
fn anchor(kind: &str, name: &str) -> String {
    format!("{kind}-{}", name.to_lowercase().replace(' ', "-"))
}

/// A text of the document, without the marks of Markdown.
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().replace('`', "")
}

fn operations(document: &Value) -> Vec<Operation> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let mut all: Vec<Operation> = paths
        .flat_map(|(path, item)| {
            METHODS.into_iter().filter_map(move |method| {
                let operation = item.get(method)?;
                Some(read_operation(path, method, operation))
            })
        })
        .collect();
    all.sort_by(|a, b| a.area.cmp(&b.area));
    all
}

fn read_operation(path: &str, method: &'static str, value: &Value) -> Operation {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let scopes: Vec<String> = list(&value["security"])
        .iter()
        .flat_map(|one| list(&one["key"]))
        .map(|scope| text(&scope))
        .collect();
    let needs = if value["security"] == serde_json::json!([{}]) {
        "Open to everybody.".to_owned()
    } else if scopes.is_empty() {
        "Needs a signed-in person.".to_owned()
    } else {
        format!("Needs {}.", scopes.join(" and "))
    };
    let parameters = list(&value["parameters"]);
    let parameters = parameters.iter().map(|p| Field {
        name: text(&p["name"]),
        kind: kind(&p["schema"]),
        place: format!(
            "in the {}{}",
            text(&p["in"]),
            if p["required"] == true {
                ", needed"
            } else {
                ""
            }
        ),
        about: text(&p["description"]),
    });
    let answers = value["responses"].as_object().into_iter().flatten();
    Operation {
        area: text(&value["tags"][0]),
        id: text(&value["operationId"]),
        method,
        path: path.to_owned(),
        summary: text(&value["summary"]),
        about: text(&value["description"]),
        needs,
        parameters: parameters.collect(),
        body: value.get("requestBody").and_then(content),
        answers: answers
            .map(|(status, answer)| {
                (
                    status.clone(),
                    text(&answer["description"]),
                    content(answer),
                )
            })
            .collect(),
    }
}

/// What a body or an answer holds.
fn content(of: &Value) -> Option<Kind> {
    let (media, content) = of["content"].as_object()?.iter().next()?;
    let mut kind = kind(&content["schema"]);
    if kind.schema.is_none() {
        kind.words = format!("{} ({media})", kind.words);
    }
    Some(kind)
}

/// What a schema says a value is, in a few words.
fn kind(schema: &Value) -> Kind {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default().to_owned();
        return Kind {
            words: name.clone(),
            schema: Some(name),
        };
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[choice].as_array() {
            let kinds: Vec<Kind> = choices.iter().map(kind).collect();
            let words: Vec<_> = kinds.iter().map(|k| k.words.clone()).collect();
            return Kind {
                words: words.join(" or "),
                schema: kinds.into_iter().find_map(|k| k.schema),
            };
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        let words: Vec<_> = values.iter().map(Value::to_string).collect();
        return Kind {
            words: words.join(" | "),
            schema: None,
        };
    }
    let types: Vec<String> = match &schema["type"] {
        Value::Array(types) => types.iter().map(text).collect(),
        Value::String(one) => vec![one.clone()],
        _ => Vec::new(),
    };
    if types.iter().any(|t| t == "array") {
        let inner = kind(&schema["items"]);
        return Kind {
            words: format!("list of {}", inner.words),
            schema: inner.schema,
        };
    }
    if let Some(fields) = schema["properties"].as_object() {
        let words: Vec<_> = fields
            .iter()
            .map(|(name, value)| format!("{name}: {}", kind(value).words))
            .collect();
        let linked = fields.values().find_map(|value| kind(value).schema);
        return Kind {
            words: format!("{{ {} }}", words.join(", ")),
            schema: linked,
        };
    }
    let words = if types.is_empty() {
        "any JSON".to_owned()
    } else {
        types.join(" or ")
    };
    Kind {
        words,
        schema: None,
    }
}

fn schemas(document: &Value) -> Vec<Schema> {
    let all = document["components"]["schemas"].as_object();
    all.into_iter()
        .flatten()
        .map(|(name, schema)| {
            let required = |field: &str| {
                let names = schema["required"].as_array();
                names.is_some_and(|names| names.iter().any(|n| n == field))
            };
            let properties = schema["properties"].as_object();
            let fields: Vec<Field> = properties
                .into_iter()
                .flatten()
                .map(|(name, value)| Field {
                    name: name.clone(),
                    kind: kind(value),
                    place: if required(name) {
                        String::new()
                    } else {
                        "may be left out".into()
                    },
                    about: text(&value["description"]),
                })
                .collect();
            Schema {
                name: name.clone(),
                about: text(&schema["description"]),
                words: if fields.is_empty() {
                    kind(schema).words
                } else {
                    String::new()
                },
                fields,
            }
        })
        .collect()
}
