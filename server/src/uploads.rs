//! Files in and out: uploads go to disk as they arrive, exports leave as CSV.

use api::{Caller, Error, Instant, OrderSheet, Range, SeriesId, Staging};
use app::rpc::Secrets;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Multipart, Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use futures::{Stream, StreamExt as _};
use serde::Deserialize;
use tokio::io::AsyncWriteExt;

use crate::measure;
use crate::rest::Problem;
use crate::state::App;

/// How many times as much as may be uploaded is read of a file that is too large, so that who sends it
/// hears why it is refused.
const DRAINED: u64 = 4;

/// `POST /upload`: a form with one file; goes on to its preview, or back with the reason.
pub(crate) async fn upload(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Extension(secrets): Extension<Secrets>,
    mut form: Multipart,
) -> Response {
    let taken = take(&app, &caller, &mut form).await;
    measure::upload(taken.is_ok());
    match taken {
        Ok(id) => Redirect::to(&format!("/imports/{id}")).into_response(),
        Err(Error::Unauthenticated) => Redirect::to("/login?next=/imports").into_response(),
        Err(error) => {
            // Not in the address: anybody could make a link that says something else.
            secrets.tell(&caller, error.to_string());
            Redirect::to("/imports?refused=1&made=words").into_response()
        }
    }
}

async fn take(app: &App, caller: &Caller, form: &mut Multipart) -> api::Result<String> {
    // The permission first: a stranger's gigabyte is not written to disk.
    let staged = app.services.imports.stage(caller).await?;
    while let Some(field) = form.next_field().await.map_err(|_| broken())? {
        let Some(name) = field.file_name().map(str::to_owned) else {
            continue;
        };
        if name.is_empty() {
            break;
        }
        let chunks = field.map(|chunk| chunk.map_err(|_| broken()));
        write(caller, &staged, chunks).await?;
        return Ok(app
            .services
            .imports
            .accept(caller, &staged, &name)
            .await?
            .id
            .0);
    }
    Err(Error::invalid(
        "No file was chosen. Choose a CSV or TSV file.",
    ))
}

/// Writes a file to its place as it arrives; what broke off is removed.
pub(crate) async fn write(
    caller: &Caller,
    staged: &Staging,
    chunks: impl Stream<Item = api::Result<Bytes>> + Unpin,
) -> api::Result<()> {
    let written = write_all(caller, staged, chunks).await;
    if written.is_err() {
        // What arrived is of no use.
        let _ = tokio::fs::remove_file(&staged.path).await;
    }
    written
}

async fn write_all(
    caller: &Caller,
    staged: &Staging,
    mut chunks: impl Stream<Item = api::Result<Bytes>> + Unpin,
) -> api::Result<()> {
    let failed = |error: std::io::Error| {
        tracing::error!(request_id = caller.request_id, %error, "an upload could not be written");
        Error::Unavailable {
            message: "The file could not be stored: is the disk full? Nothing was kept.".into(),
        }
    };
    let mut file = tokio::fs::File::create(&staged.path)
        .await
        .map_err(failed)?;
    let mut bytes = 0_u64;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        bytes += chunk.len() as u64;
        if bytes > staged.max_bytes {
            drain(&mut chunks, staged.max_bytes.saturating_mul(DRAINED)).await;
            return Err(staged.too_large());
        }
        file.write_all(&chunk).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)
}

/// Reads on and keeps nothing: a browser shows what it is answered only when it has sent all of its
/// file, and says that the connection was reset where it could not.
async fn drain(chunks: &mut (impl Stream<Item = api::Result<Bytes>> + Unpin), most_bytes: u64) {
    let mut bytes = 0;
    while let Some(Ok(chunk)) = chunks.next().await {
        bytes += chunk.len() as u64;
        if bytes > most_bytes {
            break;
        }
    }
}

/// The error of a body that ended before its time.
pub(crate) fn broken() -> Error {
    Error::invalid("The upload broke off before the file was whole. Try again.")
}

/// The stretch of time of an export, in microseconds since 1970.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    from: Option<i64>,
    to: Option<i64>,
}

/// `GET /people/access-review.csv`: who has access.
pub(crate) async fn access_review(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Response {
    let csv = app.services.people.access_review(&caller).await;
    sent("access-review.csv", csv, caller)
}

/// `GET /reorders.csv`: the lines of an order.
pub(crate) async fn order_sheet(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(wanted): Query<Within>,
) -> Response {
    let sheet = OrderSheet {
        within_days: wanted.within.unwrap_or(OrderSheet::DAYS),
    };
    let csv = app.services.reorders.sheet(&caller, sheet).await;
    sent("order.csv", csv, caller)
}

/// `GET /cash.csv`: the weeks of cash.
pub(crate) async fn cash_sheet(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Response {
    let csv = app.services.cash.sheet(&caller).await;
    sent("cash.csv", csv, caller)
}

/// How far ahead an order goes.
#[derive(Deserialize)]
pub(crate) struct Within {
    within: Option<u32>,
}

/// A file, or why there is none.
fn sent(name: &str, csv: api::Result<String>, caller: Caller) -> Response {
    match csv {
        Ok(csv) => as_file(name, csv),
        Err(error) => Problem {
            error,
            request_id: caller.request_id,
        }
        .into_response(),
    }
}

fn as_file(name: &str, csv: String) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
        // Who has access, and what was sold, is for those who may see it.
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, csv).into_response()
}

/// `GET /series/{id}/export.csv`: a series' samples.
pub(crate) async fn export(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let range = Range {
        from: Instant(wanted.from.unwrap_or(0)),
        to: Instant(wanted.to.unwrap_or_else(|| app.clock.now().0)),
    };
    let csv = app
        .services
        .series
        .export(&caller, &SeriesId(id), range)
        .await;
    sent("series.csv", csv, caller)
}
