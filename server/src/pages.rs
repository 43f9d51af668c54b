//! What the pages are given for each request: the operations, who asks, and the means to answer.

use std::sync::Arc;

use api::Caller;
use app::rpc::{Here, Respond, Secrets, Since};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use leptos::prelude::{provide_context, use_context};
use leptos_axum::ResponseOptions;
use ui::Preferences;

use crate::auth::{self, PresentSession};
use crate::guard::Peer;
use crate::state::App;

/// Provides what pages and server functions read from their context.
pub(crate) fn provide(app: &App, secrets: &Secrets) {
    let parts = use_context::<Parts>();
    let caller = parts
        .as_ref()
        .and_then(|p| p.extensions.get::<Caller>().cloned());
    let cookies = parts
        .as_ref()
        .and_then(|p| p.headers.get(header::COOKIE))
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let plain = parts
        .as_ref()
        .and_then(|p| p.headers.get(header::ACCEPT))
        .and_then(|v| v.to_str().ok())
        .is_some_and(|accepted| accepted.contains("text/html"));
    provide_context(app.services.clone());
    provide_context(caller.unwrap_or_else(|| Caller::nobody("none")));
    provide_context(Preferences::from_cookies(cookies));
    // Before anything is read for the page: what changes from then on reaches it with its stream.
    provide_context(Since(app.hub.newest_event()));
    provide_context(secrets.clone());
    provide_context(Here {
        visit: parts
            .as_ref()
            .map(|p| auth::visit(p.extensions.get::<Peer>(), &p.headers))
            .unwrap_or_default(),
        session: parts
            .as_ref()
            .and_then(|p| p.extensions.get::<PresentSession>())
            .map(|present| present.0.clone()),
        step: parts.as_ref().and_then(|p| auth::step_token(&p.headers)),
        public: app.public.clone(),
    });
    if let Some(options) = use_context::<ResponseOptions>() {
        guard_content(&options);
        provide_context(Respond {
            status: Arc::new(move |status| {
                if let Ok(status) = StatusCode::from_u16(status) {
                    options.set_status(status);
                }
            }),
            redirect: Arc::new(leptos_axum::redirect),
            keep: keeping(app.clone()),
            plain,
        });
    }
}

/// What puts the cookies of a fresh session into the answer.
fn keeping(app: App) -> Arc<dyn Fn(&api::SignedIn) + Send + Sync> {
    let options = use_context::<ResponseOptions>();
    Arc::new(move |signed_in| {
        if let Some(options) = &options {
            for cookie in auth::session_cookies(&app, signed_in) {
                options.append_header(header::SET_COOKIE, cookie);
            }
        }
    })
}

/// The content policy: our own files, our own nonce, and WebAssembly.
fn guard_content(options: &ResponseOptions) {
    let nonce = leptos::nonce::use_nonce()
        .map(|nonce| format!(" 'nonce-{nonce}'"))
        .unwrap_or_default();
    let policy = format!(
        "default-src 'self'; script-src 'self'{nonce} 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        options.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}
