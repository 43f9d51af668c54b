//! The audit log as a file: written while it is read, however long it is.

use api::{AuditAsked, AuditEntry, AuditFilter, AuditFormat, Caller};
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::stream;

use crate::rest::Problem;
use crate::state::App;

/// `GET /audit/export.csv` and `/audit/export.jsonl`: the entries that fit, the oldest first.
pub(crate) async fn export(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    Query(asked): Query<AuditAsked>,
) -> Response {
    let format = match name.as_str() {
        "export.csv" => AuditFormat::Csv,
        "export.jsonl" => AuditFormat::Jsonl,
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    match begin(app, &caller, asked, format).await {
        Ok(response) => response,
        Err(error) => Problem {
            error,
            request_id: caller.request_id,
        }
        .into_response(),
    }
}

async fn begin(
    app: App,
    caller: &Caller,
    asked: AuditAsked,
    format: AuditFormat,
) -> api::Result<Response> {
    let filter = asked.filter()?;
    let newest = app
        .services
        .audit
        .begin_export(caller, &filter, format)
        .await?;
    let (kind, file) = match format {
        AuditFormat::Csv => ("text/csv; charset=utf-8", "audit.csv"),
        AuditFormat::Jsonl => ("application/jsonl; charset=utf-8", "audit.jsonl"),
    };
    let export = Export {
        app,
        caller: caller.clone(),
        filter,
        format,
        newest,
        after: Some(0),
        begun: false,
    };
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{file}\""),
        ),
    ];
    let lines = stream::unfold(export, Export::next);
    Ok((headers, Body::from_stream(lines)).into_response())
}

/// An export under way.
struct Export {
    app: App,
    caller: Caller,
    filter: AuditFilter,
    format: AuditFormat,
    /// What is added meanwhile does not belong to it: an export would otherwise tell of itself.
    newest: i64,
    /// Up to where it is written; `None` once it ended.
    after: Option<i64>,
    begun: bool,
}

impl Export {
    /// The next lines; an error breaks the connection, so that half a file is not taken for a whole.
    async fn next(mut self) -> Option<(Result<Bytes, api::Error>, Self)> {
        let after = self.after?;
        let audit = &self.app.services.audit;
        let found = audit.export_entries(&self.caller, &self.filter, after);
        let found = match found.await {
            Ok(found) => found,
            Err(error) => {
                self.after = None;
                return Some((Err(error), self));
            }
        };
        self.after = found.last().map(|entry| entry.seq);
        let newest = self.newest;
        let belong: Vec<AuditEntry> = found.into_iter().take_while(|e| e.seq <= newest).collect();
        let mut out = String::new();
        if !self.begun {
            out.push_str(service::audit_head(self.format));
        }
        self.begun = true;
        out.extend(
            belong
                .iter()
                .map(|entry| service::audit_line(entry, self.format)),
        );
        if self.after.is_some_and(|after| after >= newest) {
            self.after = None;
        }
        Some((Ok(Bytes::from(out)), self))
    }
}
