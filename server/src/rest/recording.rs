//! `/api/v1/recording-rules`: expressions over metrics that are kept as series.

use api::{
    Direction, Domain, Limit, RECORD_EVERY_SECONDS, RecordingChange, RecordingIdea, RecordingRule,
    SourceId, Unit,
};
use axum::Json;
use axum::response::NoContent;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Ask, Body, Params, Place};
use super::page::{Order, Page, PageQuery};
use super::problem::Failed;
use super::source::{MadeSource, Paused};
use super::{Answer, Created};
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list, add))
        .routes(routes!(edit))
        .routes(routes!(pause))
        .routes(routes!(ideas))
}

/// A rule that is added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Rule {
    /// What people call it.
    name: String,
    /// In PromQL.
    #[schema(example = "100 * disk_used / disk_size")]
    expression: String,
    /// How often, in seconds, 10 to 86400; 300 unless said.
    #[serde(default = "usually")]
    #[schema(default = 300)]
    every_seconds: u32,
    /// What its numbers count: `%`, `B`, `B/s`, `s`, a currency, or the word for several things,
    /// of at most 40 characters.
    #[serde(default)]
    unit: String,
    /// Business or machines; machines unless said.
    domain: Option<Domain>,
    /// Where its series must not go.
    limit: Option<RuleLimit>,
}

/// A rule in the place of another: what is left out would be taken from it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RuleChange {
    /// What people call it.
    name: String,
    /// In PromQL.
    #[schema(example = "100 * disk_used / disk_size")]
    expression: String,
    /// How often, in seconds, 10 to 86400.
    every_seconds: u32,
    /// What its numbers count: `%`, `B`, `B/s`, `s`, a currency, or the word for several things,
    /// of at most 40 characters; empty for nothing that has a name.
    unit: String,
    /// Business or machines.
    domain: Domain,
    /// Where its series must not go; null for nowhere.
    // Left out, it would take the limit away from every series that has it.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required = true)]
    limit: Option<RuleLimit>,
}

/// A limit.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RuleLimit {
    /// The value, in the rule's unit.
    value: f64,
    /// From which side it is reached.
    direction: Direction,
}

const fn usually() -> u32 {
    RECORD_EVERY_SECONDS
}

impl From<Rule> for RuleChange {
    fn from(rule: Rule) -> Self {
        Self {
            name: rule.name,
            expression: rule.expression,
            every_seconds: rule.every_seconds,
            unit: rule.unit,
            domain: rule.domain.unwrap_or(Domain::Machine),
            limit: rule.limit,
        }
    }
}

impl From<RuleChange> for RecordingChange {
    fn from(rule: RuleChange) -> Self {
        Self {
            name: rule.name,
            expression: rule.expression,
            every_seconds: rule.every_seconds,
            unit: Unit::of_word(&rule.unit),
            domain: rule.domain,
            limit: rule.limit.map(|limit| Limit {
                value: limit.value,
                direction: limit.direction,
            }),
        }
    }
}

/// Every rule, by name
#[utoipa::path(get, path = "/recording-rules", params(PageQuery),
    security(("key" = ["monitoring:read"])), responses((status = 200, body = Page<RecordingRule>)))]
async fn list(ask: Ask, Params(page): Params<PageQuery>) -> Answer<Page<RecordingRule>> {
    let rules = ask.services.recordings.list(&ask.caller).await?;
    let key = |r: &RecordingRule| format!("{}\u{1}{}", r.name, r.id);
    Ok(Json(page.cut(&ask.uri, rules, Order::Up, key)?))
}

/// Adds a rule
///
/// It is evaluated for the past 30 days as well.
#[utoipa::path(post, path = "/recording-rules", request_body = Rule,
    security(("key" = ["monitoring:write"])), responses((status = 201, body = MadeSource)))]
async fn add(ask: Ask, Body(rule): Body<Rule>) -> Result<Created<MadeSource>, Failed> {
    let recordings = &ask.services.recordings;
    let rule = RuleChange::from(rule);
    let id = recordings.add(&ask.caller, rule.into()).await?;
    Ok(Created(format!("/api/v1/sources/{id}"), MadeSource { id }))
}

/// Changes a rule
///
/// All of it has to be said. Another expression is evaluated for the past as well; series that had the
/// rule's limit get its new one.
#[utoipa::path(put, path = "/recording-rules/{id}", params(("id" = String, Path)),
    request_body = RuleChange, security(("key" = ["monitoring:write"])), responses((status = 204)))]
async fn edit(
    ask: Ask,
    Place(id): Place<SourceId>,
    Body(rule): Body<RuleChange>,
) -> Result<NoContent, Failed> {
    let recordings = &ask.services.recordings;
    recordings.edit(&ask.caller, &id, rule.into()).await?;
    Ok(NoContent)
}

/// Leaves a rule alone, or evaluates it again
#[utoipa::path(put, path = "/recording-rules/{id}/paused", params(("id" = String, Path)),
    request_body = Paused, security(("key" = ["monitoring:write"])), responses((status = 204)))]
async fn pause(
    ask: Ask,
    Place(id): Place<SourceId>,
    Body(wanted): Body<Paused>,
) -> Result<NoContent, Failed> {
    let recordings = &ask.services.recordings;
    recordings.pause(&ask.caller, &id, wanted.paused).await?;
    Ok(NoContent)
}

/// What is worth recording of the metrics that come in
#[utoipa::path(get, path = "/recording-ideas", security(("key" = ["monitoring:read"])),
    responses((status = 200, body = Vec<RecordingIdea>)))]
async fn ideas(ask: Ask) -> Answer<Vec<RecordingIdea>> {
    Ok(Json(ask.services.recordings.ideas(&ask.caller).await?))
}
