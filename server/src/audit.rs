//! The audit log as a file, written while it is read, however long it is; and the commands about it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use api::{AuditAsked, AuditEntry, AuditFilter, AuditFormat, Caller};
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt as _, stream};
use service::{Anchors, read_anchors, verify_audit};
use store::Fault;

use crate::config::{ExportFormat, Settings};
use crate::rest::Problem;
use crate::serve::{open_locked, open_store};
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
    let exported = async || exported(app, &caller, asked.filter()?, format).await;
    exported().await.unwrap_or_else(|error| {
        let request_id = caller.request_id;
        Problem { error, request_id }.into_response()
    })
}

/// The entries that fit, the oldest first, as a file.
///
/// # Errors
/// Where the caller may not see them, or the export cannot be noted.
pub(crate) async fn exported(
    app: App,
    caller: &Caller,
    filter: AuditFilter,
    format: AuditFormat,
) -> api::Result<Response> {
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
    // Compression asks once more after the end, which an unfolded stream does not forgive.
    let lines = stream::unfold(export, Export::next).fuse();
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

impl From<ExportFormat> for AuditFormat {
    fn from(format: ExportFormat) -> Self {
        match format {
            ExportFormat::Jsonl => Self::Jsonl,
            ExportFormat::Csv => Self::Csv,
        }
    }
}

/// `millrace audit export`.
#[expect(
    clippy::print_stdout,
    reason = "a command's answer goes to standard output"
)]
pub(crate) async fn write(settings: &Settings, format: AuditFormat) -> anyhow::Result<()> {
    let (hub, store) = open_locked(settings, None).await?;
    let keys = settings.master_keys()?;
    // What is not here is not made: nobody else would have it.
    let read = keys.ring().map(drop);
    read.context("that somebody exports the log is an entry of it, which has to be signed")?;
    hub.unlock(&Caller::system("audit export"), keys).await?;
    let audit = hub.services().audit;
    let (caller, filter) = (Caller::system("audit export"), AuditFilter::default());
    let newest = audit.begin_export(&caller, &filter, format).await?;
    print!("{}", service::audit_head(format));
    let mut after = 0;
    while after < newest {
        let found = audit.export_entries(&caller, &filter, after).await?;
        let Some(last) = found.last() else {
            break;
        };
        after = last.seq;
        for entry in found.iter().take_while(|entry| entry.seq <= newest) {
            print!("{}", service::audit_line(entry, format));
        }
    }
    store.close().await;
    Ok(())
}

/// `millrace audit verify`: whether nothing was done to the log, as the exit code as well: 0 where that is
/// proved, 1 where something was, or where anchors or keys are missing that would prove it.
#[expect(
    clippy::print_stdout,
    reason = "a command's answer goes to standard output"
)]
pub(crate) async fn verify(settings: &Settings, others: &[PathBuf]) -> anyhow::Result<ExitCode> {
    let store = open_store(settings).await?;
    let ring = settings.master_keys()?.ring();
    if let Err(error) = &ring {
        println!("Signatures cannot be checked: {error}.");
    }
    let ring = ring.ok();
    let mut anchors = Anchors::default();
    let own = settings.audit_anchor();
    for file in [&own].into_iter().chain(others) {
        let read = read_anchors(file, ring.as_ref());
        let read = read.with_context(|| format!("{} cannot be read", file.display()))?;
        anchors.anchors.extend(read.anchors);
        anchors.faults.extend(read.faults);
        anchors.unknown += read.unknown;
    }
    let verified = verify_audit(&store, &anchors, ring.as_ref())
        .await
        .context("the audit log cannot be read")?;
    store.close().await;
    for fault in &anchors.faults {
        println!("{fault}");
    }
    for fault in &verified.faults {
        println!("{fault}");
    }
    let (entries, compared) = (verified.entries, anchors.anchors.len());
    println!("{entries} entries were read and compared with {compared} anchors.");
    if anchors.unknown > 0 && ring.is_some() {
        let unknown = anchors.unknown;
        println!(
            "{unknown} anchors are signed with a master key that is not here: they were not compared with."
        );
    }
    if compared == 0 {
        println!(
            "Without anchors nobody can say whether the end of the log was cut off: this proves nothing."
        );
    }
    let provable = compared > 0 && ring.is_some();
    if anchors.faults.is_empty() && verified.faults.is_empty() {
        println!("The chain is whole.");
        return Ok(ExitCode::from(u8::from(!provable)));
    }
    let unproven = |fault: &Fault| matches!(fault, Fault::Unproven { .. });
    println!(
        "{}",
        if anchors.faults.is_empty() && verified.faults.iter().all(unproven) {
            "The chain is whole, but not all of it is proved."
        } else {
            "Somebody has changed what they should not have."
        }
    );
    Ok(ExitCode::from(1))
}
