//! `/api/v1/imports`: files on their way in.

use api::{Error, Import, ImportId, ImportSettings};
use axum::Json;
use axum::body::Body as Stream;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::NoContent;
use futures::StreamExt as _;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Ask, Body, Params, Place};
use super::page::{Order, Page, PageQuery};
use super::problem::Failed;
use super::{Answer, Created};
use crate::state::App;
use crate::{measure, uploads};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list, upload))
        .routes(routes!(get, cancel))
        .routes(routes!(correct))
        .routes(routes!(start))
}

/// The latest imports, newest first
#[utoipa::path(get, path = "/imports", params(PageQuery), security(("key" = ["monitoring:read"])),
    responses((status = 200, body = Page<Import>)))]
async fn list(ask: Ask, Params(page): Params<PageQuery>) -> Answer<Page<Import>> {
    let imports = ask.services.imports.list(&ask.caller).await?;
    let key = |i: &Import| i.id.0.clone();
    Ok(Json(page.cut(&ask.uri, imports, Order::Down, key)?))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Called {
    /// What the file is called.
    #[param(example = "orders.csv")]
    file_name: String,
}

/// Uploads a CSV or TSV file and guesses how it is read
///
/// The body is the file. It waits as a draft until it is started.
#[utoipa::path(post, path = "/imports", params(Called),
    request_body(content = String, content_type = "text/csv"),
    security(("key" = ["monitoring:write"])), responses((status = 201, body = Import)))]
async fn upload(
    ask: Ask,
    Params(called): Params<Called>,
    request: Request,
) -> Result<Created<Import>, Failed> {
    if is_form(request.headers()) {
        let detail = "Send the file itself as the body, with the header Content-Type: text/csv.";
        return Err(Failed::Status(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            detail.into(),
        ));
    }
    let taken = take(&ask, &called.file_name, request.into_body()).await;
    measure::upload(taken.is_ok());
    let import = taken?;
    Ok(Created(format!("/api/v1/imports/{}", import.id), import))
}

async fn take(ask: &Ask, file_name: &str, body: Stream) -> api::Result<Import> {
    let imports = &ask.services.imports;
    let staged = imports.stage(&ask.caller).await?;
    uploads::write(&ask.caller, &staged, stream(body)).await?;
    imports.accept(&ask.caller, &staged, file_name).await
}

/// What a browser's form sends is an envelope with the file in it.
fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(axum::http::header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/"))
}

fn stream(
    body: Stream,
) -> impl futures::Stream<Item = Result<axum::body::Bytes, Error>> + Unpin + Send {
    body.into_data_stream()
        .map(|chunk| chunk.map_err(|_| uploads::broken()))
}

/// One import, with its first rows as long as it is a draft
#[utoipa::path(get, path = "/imports/{id}", params(("id" = String, Path)),
    security(("key" = ["monitoring:read"])), responses((status = 200, body = Import)))]
async fn get(ask: Ask, Place(id): Place<ImportId>) -> Answer<Import> {
    Ok(Json(ask.services.imports.get(&ask.caller, &id).await?))
}

/// Reads a draft in another way
#[utoipa::path(put, path = "/imports/{id}/settings", params(("id" = String, Path)),
    request_body = ImportSettings, security(("key" = ["monitoring:write"])),
    responses((status = 200, body = Import)))]
async fn correct(
    ask: Ask,
    Place(id): Place<ImportId>,
    Body(settings): Body<ImportSettings>,
) -> Answer<Import> {
    let imports = &ask.services.imports;
    Ok(Json(imports.correct(&ask.caller, &id, settings).await?))
}

/// Starts an import in the background
///
/// Nothing is visible until it is done; `state` of the import says how far it is.
#[utoipa::path(post, path = "/imports/{id}/start", params(("id" = String, Path)),
    security(("key" = ["monitoring:write"])), responses((status = 202)))]
async fn start(ask: Ask, Place(id): Place<ImportId>) -> Result<StatusCode, Failed> {
    ask.services.imports.start(&ask.caller, &id).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Stops a running import, or forgets a draft; nothing stays behind
#[utoipa::path(delete, path = "/imports/{id}", params(("id" = String, Path)),
    security(("key" = ["monitoring:write"])), responses((status = 204)))]
async fn cancel(ask: Ask, Place(id): Place<ImportId>) -> Result<NoContent, Failed> {
    ask.services.imports.cancel(&ask.caller, &id).await?;
    Ok(NoContent)
}
