//! `/api/v1/series`: finding series, reading them, setting their limits, sending samples.

use api::{
    Error, Instant, Limit, LimitChange, Points, Range, Recorded, Series, SeriesChange,
    SeriesFilter, SeriesId,
};
use axum::Json;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, NoContent, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use super::extract::{Ask, Body, Params, Place, Raw};
use super::page::{Page, PageQuery, next};
use super::problem::Failed;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(get, change))
        .routes(routes!(points))
        .routes(routes!(export))
        .routes(routes!(set_limit, remove_limit))
        .routes(routes!(record_json))
        .routes(routes!(now))
}

/// A stretch of time.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Stretch {
    /// The first instant, in microseconds since 1970 UTC; a day before the end unless said.
    pub(super) from: Option<i64>,
    /// The first instant that is not part of it; now unless said.
    pub(super) to: Option<i64>,
}

/// The years that instants may lie in, 1900 to 2200: beyond them sums of instants would overflow.
const INSTANTS: std::ops::RangeInclusive<i64> = -2_208_988_800_000_000..=7_258_118_400_000_000;

impl Stretch {
    /// The range, with what was not said.
    pub(super) async fn range(&self, ask: &Ask) -> Result<Range, Failed> {
        for (name, given) in [("from", self.from), ("to", self.to)] {
            if given.is_some_and(|at| !INSTANTS.contains(&at)) {
                let words = "Give microseconds since 1970, between the years 1900 and 2200.";
                return Err(Error::field(name, words).into());
            }
        }
        let to = match self.to {
            Some(to) => Instant(to),
            None => ask.services.series.now(&ask.caller).await?,
        };
        let from = self.from.map_or(to.minus(Instant::DAY), Instant);
        if from >= to {
            return Err(Error::field("from", "The range ends before it begins.").into());
        }
        Ok(Range { from, to })
    }
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Words that must all occur in the title, name, labels or source; `key=value` must be a label.
    q: Option<String>,
    /// Only this source's.
    source: Option<String>,
    /// At most so many items; 100 unless said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// Where the page begins; stands in `next` of the page before.
    cursor: Option<String>,
}

/// The series that match, by title
#[utoipa::path(get, path = "/series", params(Wanted), security(("key" = ["monitoring:read"])),
    responses((status = 200, body = Page<Series>)))]
async fn list(ask: Ask, Params(wanted): Params<Wanted>) -> Answer<Page<Series>> {
    let page = PageQuery {
        limit: wanted.limit,
        cursor: wanted.cursor,
    };
    let limit = page.limit()?;
    let filter = SeriesFilter {
        text: wanted.q.unwrap_or_default(),
        source: wanted.source.map(Into::into),
        after: page.after()?.map(Into::into),
        limit,
        ..SeriesFilter::default()
    };
    let listed = ask.services.series.list(&ask.caller, filter).await?;
    // A page that is not full is the last one; one more question tells of a full one.
    let full = listed.series.len() == usize::try_from(limit).unwrap_or(usize::MAX);
    let last = listed.series.last().filter(|_| full);
    Ok(Json(Page {
        next: last.map(|last| next(&ask.uri, last.id.as_str())),
        items: listed.series,
    }))
}

/// One series
#[utoipa::path(get, path = "/series/{id}", params(("id" = String, Path)),
    security(("key" = ["monitoring:read"])), responses((status = 200, body = Series)))]
async fn get(ask: Ask, Place(id): Place<SeriesId>) -> Answer<Series> {
    Ok(Json(ask.services.series.get(&ask.caller, &id).await?))
}

/// Changes what a series is called and counts
#[utoipa::path(put, path = "/series/{id}", params(("id" = String, Path)),
    request_body = SeriesChange, security(("key" = ["monitoring:write"])), responses((status = 204)))]
async fn change(
    ask: Ask,
    Place(id): Place<SeriesId>,
    Body(change): Body<SeriesChange>,
) -> Result<NoContent, Failed> {
    ask.services.series.change(&ask.caller, &id, change).await?;
    Ok(NoContent)
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Thinned {
    /// The first instant, in microseconds since 1970 UTC; a day before the end unless said.
    from: Option<i64>,
    /// The first instant that is not part of it; now unless said.
    to: Option<i64>,
    /// At most so many points, 2 to 5,000; 500 unless said. Longer ranges are thinned so that the
    /// line keeps its shape.
    #[param(minimum = 2, maximum = 5_000)]
    max: Option<u32>,
}

/// A series' points in a range
#[utoipa::path(get, path = "/series/{id}/points", params(("id" = String, Path), Thinned),
    security(("key" = ["monitoring:read"])), responses((status = 200, body = Points)))]
async fn points(
    ask: Ask,
    Place(id): Place<SeriesId>,
    Params(wanted): Params<Thinned>,
) -> Answer<Points> {
    let Thinned { from, to, max } = wanted;
    let max = max.unwrap_or(500);
    if !(2..=5_000).contains(&max) {
        return Err(Error::field("max", "Ask for 2 to 5,000 points.").into());
    }
    let range = Stretch { from, to }.range(&ask).await?;
    let series = &ask.services.series;
    // An unknown series has no points either, but that is another answer.
    series.get(&ask.caller, &id).await?;
    Ok(Json(series.points(&ask.caller, &id, range, max).await?))
}

/// A series' samples in a range as CSV, none left out
#[utoipa::path(get, path = "/series/{id}/samples.csv", params(("id" = String, Path), Stretch),
    security(("key" = ["monitoring:read"])),
    responses((status = 200, body = String, content_type = "text/csv")))]
async fn export(
    ask: Ask,
    Place(id): Place<SeriesId>,
    Params(stretch): Params<Stretch>,
) -> Result<Response, Failed> {
    let range = stretch.range(&ask).await?;
    let csv = ask.services.series.export(&ask.caller, &id, range).await?;
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], csv).into_response())
}

/// Sets where a series must not go
#[utoipa::path(put, path = "/series/{id}/limit", params(("id" = String, Path)), request_body = Limit,
    security(("key" = ["monitoring:write"])), responses((status = 204)))]
async fn set_limit(
    ask: Ask,
    Place(id): Place<SeriesId>,
    Body(limit): Body<Limit>,
) -> Result<NoContent, Failed> {
    let change = LimitChange { limit: Some(limit) };
    let series = &ask.services.series;
    series.set_limit(&ask.caller, &id, change).await?;
    Ok(NoContent)
}

/// Takes a series' limit away
#[utoipa::path(delete, path = "/series/{id}/limit", params(("id" = String, Path)),
    security(("key" = ["monitoring:write"])), responses((status = 204)))]
async fn remove_limit(ask: Ask, Place(id): Place<SeriesId>) -> Result<NoContent, Failed> {
    let change = LimitChange { limit: None };
    let series = &ask.services.series;
    series.set_limit(&ask.caller, &id, change).await?;
    Ok(NoContent)
}

/// A sample.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `ingest` reads")]
struct Sample {
    /// What was measured.
    #[schema(example = "orders")]
    name: String,
    /// What tells it from others of its name.
    labels: Option<std::collections::BTreeMap<String, String>>,
    /// When: RFC 3339 with its offset; now unless said. Numbers of seconds, milliseconds or
    /// microseconds since 1970 are taken as well, and told apart by their size.
    at: Option<String>,
    /// How much.
    value: f64,
}

/// Samples.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `ingest` reads")]
struct Samples {
    /// The samples, at most 100,000.
    samples: Vec<Sample>,
}

/// Sends samples
///
/// A series is made at its first sample. A sample that is wrong does not spoil the others: the answer
/// says which ones were not taken and why; where none was, it is an error. A bare array, and one object a line, are taken as well.
/// Sending the same samples again changes nothing. The body may be compressed with gzip
/// (`Content-Encoding: gzip`), up to 64 MiB once it is not.
#[utoipa::path(post, path = "/samples", request_body = Samples, security(("key" = ["data:ingest"])),
    responses((status = 200, body = Recorded)))]
async fn record_json(ask: Ask, headers: HeaderMap, Raw(body): Raw) -> Answer<Recorded> {
    let encoding = headers.get(header::CONTENT_ENCODING);
    // What is no text is no encoding that anybody knows.
    let encoding = encoding.map(|value| value.to_str().unwrap_or("?"));
    let body = service::unpacked(encoding, &body).map_err(|(status, words)| {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        Failed::Status(status, format!("It cannot be read: {words}."))
    })?;
    let recorded = ask.services.series.record_json(&ask.caller, &body).await?;
    metrics::counter!("millrace_samples_total", "outcome" => "accepted")
        .increment(u64::from(recorded.accepted));
    metrics::counter!("millrace_samples_total", "outcome" => "refused")
        .increment(u64::from(recorded.refused_total));
    // A sender that looks at the status alone would think that all is well.
    if let (0, Some(first)) = (recorded.accepted, recorded.refused.first()) {
        let many = recorded.refused_total;
        let (place, reason) = (first.index, &first.reason);
        let words = format!("None of {many} samples was taken in. Number {place}: {reason}.");
        return Err(Error::invalid(words).into());
    }
    Ok(Json(recorded))
}

/// The server's time.
#[derive(Serialize, ToSchema)]
struct Now {
    /// Microseconds since 1970 UTC.
    now: Instant,
}

/// What time it is on the server
#[utoipa::path(get, path = "/now", security(("key" = [])),
    responses((status = 200, body = Now)))]
async fn now(ask: Ask) -> Answer<Now> {
    let now = ask.services.series.now(&ask.caller).await?;
    Ok(Json(Now { now }))
}
