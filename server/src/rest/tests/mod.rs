//! The API as programs see it: who is let in where, what errors look like, what happens once.

mod drawn;
mod given_up;
mod guard;
mod others;
mod own_numbers;
mod push;
mod requests;
mod routes;

use std::sync::Arc;

use api::{Caller, NewInvitation, NewKey, Role, Scope};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use fakes::FixedClock;
use leptos::config::LeptosOptions;
use metrics_exporter_prometheus::PrometheusRecorder;
use serde_json::Value;
use service::{Bus, Hub, Settings};
use store::metrics::ChunkStore;
use store::{DatabaseUrl, Store};
use tower::ServiceExt as _;

use crate::state::App;

/// A server in a folder of its own, asked without a socket.
struct Home {
    router: Router,
    app: App,
    store: Store,
    clock: Arc<FixedClock>,
    recorder: PrometheusRecorder,
    _folder: tempfile::TempDir,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq)]
enum As {
    Nobody,
    Key(String),
    Session(String),
}

/// What came back.
struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answered {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    /// Fails where it is no problem document.
    fn problem(&self) -> Value {
        let kind = self.headers.get(header::CONTENT_TYPE);
        assert_eq!(kind.unwrap(), "application/problem+json", "{}", self.body);
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        let id = problem["request_id"].as_str().unwrap();
        assert_eq!(self.headers["x-request-id"], id, "{problem}");
        problem
    }
}

impl Home {
    async fn new() -> Self {
        Self::limited(0).await
    }

    /// One that takes so many requests a minute.
    async fn limited(requests_a_minute: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::in_folder(folder.path());
        let store = Store::open(&url, folder.path()).await.unwrap();
        let metrics = ChunkStore::open_sqlite(folder.path()).await.unwrap();
        let clock = Arc::new(FixedClock::new(api::Instant::from_seconds(1_780_000_000)));
        let hub = Hub::new(
            store.clone(),
            clock.clone(),
            Bus::new(1),
            Settings {
                metrics: Some(Arc::new(metrics)),
                ..Settings::alone(folder.path().join("uploads"))
            },
        );
        let recorder = crate::measure::builder().unwrap().build_recorder();
        let app = App {
            services: hub.services(),
            hub,
            clock: clock.clone(),
            metrics: recorder.handle(),
            leptos: LeptosOptions::builder().output_name("millrace").build(),
            site_root: folder.path().to_owned(),
            public: "http://127.0.0.1:3000".into(),
            secure_cookies: false,
            guard: Arc::new(crate::guard::Guard {
                proxies: crate::guard::Proxies::parse(&["10.0.0.0/8".into()]).unwrap(),
                limits: Arc::new(crate::guard::Limits::new(requests_a_minute)),
            }),
            stopping: tokio_util::sync::CancellationToken::new(),
        };
        Self {
            router: crate::router::router(app.clone()),
            app,
            store,
            clock,
            recorder,
            _folder: folder,
        }
    }

    async fn key(&self, scopes: Vec<Scope>) -> As {
        let new = NewKey {
            name: "k".into(),
            scopes,
            rate: None,
            expires_at: None,
        };
        let keys = &self.app.services.keys;
        As::Key(keys.add(&Caller::system("test"), new).await.unwrap().secret)
    }

    async fn admin_key(&self) -> As {
        self.key(Scope::all().collect()).await
    }

    async fn person(&self, role: Role) -> As {
        let people = &self.app.services.people;
        let caller = Caller::system("test");
        let name: String = role.to_string().split(' ').collect();
        let email = format!("{}@example.org", name.replace(['*', ':'], ""));
        let new = NewInvitation {
            email,
            role: role.as_str().into(),
        };
        let link = people.invite(&caller, new).await.unwrap().secret;
        let (password, visit) = ("a long enough password", api::Visit::default());
        let taken = people.accept_invitation(&caller, &link, password, &visit);
        match taken.await.unwrap() {
            api::Entry::Open(signed_in) => As::Session(signed_in.token),
            api::Entry::Step { ask, .. } => panic!("asked for {ask:?}"),
        }
    }

    /// Somebody with a role of their own, and what it holds.
    async fn person_with(&self, grants: &[&str]) -> (As, Vec<api::Permission>) {
        let new = api::RoleChange {
            name: format!("may {}", grants.join(" and ")),
            grants: grants.iter().map(|grant| grant.parse().unwrap()).collect(),
        };
        let roles = &self.app.services.roles;
        let made = roles.add_role(&Caller::system("test"), new).await.unwrap();
        let role = Role::Custom(made);
        let permissions = role.permissions();
        (self.person(role).await, permissions)
    }

    /// A series that is there: its id.
    async fn series(&self, name: &str) -> String {
        let key = self.admin_key().await;
        let sample = serde_json::json!({ "name": name, "value": 1, "at": 1_780_000_000 });
        let body = serde_json::json!({ "samples": [sample] });
        let taken = self.post(&key, "/api/v1/samples", &body).await;
        assert_eq!(taken.status, StatusCode::OK, "{}", taken.body);
        let found = self.get(&key, &format!("/api/v1/series?q={name}")).await;
        let found = found.json();
        found["items"][0]["id"]
            .as_str()
            .unwrap_or_else(|| panic!("{found}"))
            .to_owned()
    }

    async fn ask(&self, request: Request<Body>) -> Answered {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let kind = parts.headers.get(header::CONTENT_TYPE);
        // What is told as it happens has no end.
        let endless = kind.is_some_and(|kind| kind == "text/event-stream");
        let body = if endless { Body::empty() } else { body };
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Answered {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    async fn get(&self, who: &As, path: &str) -> Answered {
        self.ask(request("GET", who, path, None)).await
    }

    async fn post(&self, who: &As, path: &str, body: &Value) -> Answered {
        let body = Some(("application/json", body.to_string()));
        self.ask(request("POST", who, path, body)).await
    }
}

fn request(method: &str, who: &As, path: &str, body: Option<(&str, String)>) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    request = match who {
        As::Nobody => request,
        As::Key(secret) => request.header(header::AUTHORIZATION, format!("Bearer {secret}")),
        As::Session(token) => request
            .header(header::COOKIE, format!("millrace_session={token}"))
            .header("sec-fetch-site", "same-origin"),
    };
    if let Some((kind, body)) = body {
        request = request.header(header::CONTENT_TYPE, kind);
        return request.body(Body::from(body)).unwrap();
    }
    request.body(Body::empty()).unwrap()
}
