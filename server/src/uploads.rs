//! Files in and out: uploads go to disk as they arrive, exports leave as CSV.

use api::{Caller, Error, Instant, Range, SeriesId, Staging};
use axum::Extension;
use axum::extract::multipart::Field;
use axum::extract::{Multipart, Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use tokio::io::AsyncWriteExt;

use crate::auth::escape;
use crate::rest::Problem;
use crate::state::App;

/// `POST /upload`: a form with one file; goes on to its preview, or back with the reason.
pub(crate) async fn upload(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    mut form: Multipart,
) -> Response {
    let taken = take(&app, &caller, &mut form).await;
    match taken {
        Ok(id) => Redirect::to(&format!("/imports/{id}")).into_response(),
        Err(Error::Unauthenticated) => Redirect::to("/login?next=/imports").into_response(),
        Err(error) => Redirect::to(&format!("/imports?problem={}", escape(&error.to_string())))
            .into_response(),
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
        if let Err(error) = write(caller, &staged, field).await {
            // What arrived is of no use.
            let _ = tokio::fs::remove_file(&staged.path).await;
            return Err(error);
        }
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

async fn write(caller: &Caller, staged: &Staging, mut field: Field<'_>) -> api::Result<()> {
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
    while let Some(chunk) = field.chunk().await.map_err(|_| broken())? {
        bytes += chunk.len() as u64;
        if bytes > staged.max_bytes {
            return Err(staged.too_large());
        }
        file.write_all(&chunk).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)
}

fn broken() -> Error {
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
    match app.services.people.access_review(&caller).await {
        Ok(csv) => as_file("access-review.csv", csv),
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
    match app
        .services
        .series
        .export(&caller, &SeriesId(id), range)
        .await
    {
        Ok(csv) => as_file("series.csv", csv),
        Err(error) => Problem {
            error,
            request_id: caller.request_id,
        }
        .into_response(),
    }
}
