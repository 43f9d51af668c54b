//! `/api/v1/findings`: what is unusual, and what people said of it.

use api::{Domain, Finding, FindingFilter, Instant, SeriesId, Unusual, Verdict};
use axum::Json;
use axum::response::NoContent;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use super::extract::{Ask, Body, Params, Place};
use super::page::{Order, Page, PageQuery};
use super::problem::Failed;
use super::series::Stretch;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(newest))
        .routes(routes!(unusual))
        .routes(routes!(judge, take_back))
        .routes(routes!(set_sensitivity, usual_sensitivity))
}

/// Which findings.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct WantedNewest {
    /// Only of business numbers, or only of machines'.
    domain: Option<Domain>,
    /// Also those that chance may have brought; they are among them unless this is false.
    with_chance: Option<bool>,
    /// At most so many items; 100 unless said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// Where the page begins; stands in `next` of the page before.
    cursor: Option<String>,
}

/// The newest findings that nobody called nothing
///
/// The newest hundred of all series; older ones are asked for by series. `q_value` says how likely chance brought one.
#[utoipa::path(get, path = "/findings", params(WantedNewest), security(("key" = ["monitoring:read"])),
    responses((status = 200, body = Page<Finding>)))]
async fn newest(ask: Ask, Params(wanted): Params<WantedNewest>) -> Answer<Page<Finding>> {
    let filter = FindingFilter {
        domain: wanted.domain,
        with_chance: wanted.with_chance.unwrap_or(true),
    };
    let page = PageQuery {
        limit: wanted.limit,
        cursor: wanted.cursor,
    };
    let findings = &ask.services.findings;
    let found = findings.newest(&ask.caller, filter).await?.findings;
    let key = |f: &Finding| format!("{:020}{}{:020}", f.last.0, f.series, f.begins.0);
    Ok(Json(page.cut(&ask.uri, found, Order::Down, key)?))
}

/// What is unusual in a range of one series
#[utoipa::path(get, path = "/series/{id}/findings", params(("id" = String, Path), Stretch),
    security(("key" = ["monitoring:read"])), responses((status = 200, body = Unusual)))]
async fn unusual(
    ask: Ask,
    Place(id): Place<SeriesId>,
    Params(stretch): Params<Stretch>,
) -> Answer<Unusual> {
    let range = stretch.range(&ask).await?;
    let findings = &ask.services.findings;
    Ok(Json(findings.unusual(&ask.caller, &id, range).await?))
}

/// Which finding.
#[derive(Deserialize)]
struct Which {
    id: SeriesId,
    begins: i64,
}

/// What a finding was.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Judged {
    /// `yes`: it was worth knowing. `no`: it was nothing.
    verdict: Verdict,
}

/// Says what a finding was
///
/// `begins` is the instant at which the finding begins. The series' sensitivity follows.
#[utoipa::path(put, path = "/series/{id}/findings/{begins}/verdict",
    params(("id" = String, Path), ("begins" = i64, Path)), request_body = Judged,
    security(("key" = ["monitoring:write"])), responses((status = 204)))]
async fn judge(
    ask: Ask,
    Place(which): Place<Which>,
    Body(judged): Body<Judged>,
) -> Result<NoContent, Failed> {
    let (findings, verdict) = (&ask.services.findings, Some(judged.verdict));
    let Which { id, begins } = which;
    let begins = Instant(begins);
    findings.judge(&ask.caller, &id, begins, verdict).await?;
    Ok(NoContent)
}

/// Takes back what was said of a finding
#[utoipa::path(delete, path = "/series/{id}/findings/{begins}/verdict",
    params(("id" = String, Path), ("begins" = i64, Path)),
    security(("key" = ["monitoring:write"])), responses((status = 204)))]
async fn take_back(ask: Ask, Place(which): Place<Which>) -> Result<NoContent, Failed> {
    let (findings, Which { id, begins }) = (&ask.services.findings, which);
    let begins = Instant(begins);
    findings.judge(&ask.caller, &id, begins, None).await?;
    Ok(NoContent)
}

/// How sensitive a series is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Threshold {
    /// The score from which a point is a finding, 0 to 1.
    threshold: f64,
}

/// Sets the score from which a point of a series is a finding
#[utoipa::path(put, path = "/series/{id}/sensitivity", params(("id" = String, Path)),
    request_body = Threshold, security(("key" = ["monitoring:write"])), responses((status = 204)))]
async fn set_sensitivity(
    ask: Ask,
    Place(id): Place<SeriesId>,
    Body(wanted): Body<Threshold>,
) -> Result<NoContent, Failed> {
    let (findings, threshold) = (&ask.services.findings, Some(wanted.threshold));
    findings
        .set_sensitivity(&ask.caller, &id, threshold)
        .await?;
    Ok(NoContent)
}

/// Gives a series the usual sensitivity back
#[utoipa::path(delete, path = "/series/{id}/sensitivity", params(("id" = String, Path)),
    security(("key" = ["monitoring:write"])), responses((status = 204)))]
async fn usual_sensitivity(ask: Ask, Place(id): Place<SeriesId>) -> Result<NoContent, Failed> {
    let findings = &ask.services.findings;
    findings.set_sensitivity(&ask.caller, &id, None).await?;
    Ok(NoContent)
}
