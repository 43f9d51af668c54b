//! Expressions that are watched: their card on the explorer's page, and the page on which one is
//! added and changed. The field calls them recording rules.

#![expect(
    clippy::too_many_arguments,
    reason = "the arguments of a server function are the fields of its form"
)]

mod form;

use api::{Direction, Domain, RecordingIdea, RecordingRule, RecordingState, Topic};
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use ui::{
    Badge, Button, ButtonKind, ButtonLink, Card, Column, Empty, Glyph, Skeleton, Table, Tone, When,
};

use crate::awaited::awaited;
use crate::frame::SessionContext;
use crate::live;
use crate::problem::{FormProblem, Problem};
use crate::range::escape;
use crate::rpc;
use crate::wire;

pub use form::RecordingPage;

/// Every rule, and what would be worth one.
#[server(input = GetUrl, output = Postcard)]
pub async fn list_recordings() -> rpc::Answer<(Vec<RecordingRule>, Vec<RecordingIdea>)> {
    let (services, caller) = rpc::ctx()?;
    let rules = services.recordings.list(&caller).await?;
    let ideas = services.recordings.ideas(&caller).await?;
    Ok((rules, ideas))
}

/// Adds or changes a rule, or leaves it alone: `intent` is the button that was pressed.
#[server(output = Postcard)]
pub async fn save_recording(
    intent: String,
    #[server(default)] id: String,
    #[server(default)] name: String,
    #[server(default)] expression: String,
    #[server(default)] every: String,
    #[server(default)] unit: String,
    #[server(default)] value: String,
    #[server(default)] direction: Option<Direction>,
    #[server(default)] domain: Option<Domain>,
) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let recordings = services.recordings;
    let known = (!id.is_empty()).then_some(api::SourceId(id));
    if let (Some(id), "pause" | "resume") = (&known, intent.as_str()) {
        return Ok(recordings.pause(&caller, id, intent == "pause").await?);
    }
    let change = api::RecordingChange {
        name,
        expression,
        every_seconds: rpc::whole("every", &every)?.unwrap_or(api::RECORD_EVERY_SECONDS),
        unit: api::Unit::of_word(&unit),
        domain: domain.unwrap_or(Domain::Machine),
        limit: api::Limit::read(&value, direction.unwrap_or(Direction::Rising))?,
    };
    match known {
        Some(id) => recordings.edit(&caller, &id, change).await?,
        None => drop(recordings.add(&caller, change).await?),
    }
    rpc::redirect("/explore");
    Ok(())
}

/// The page that begins with that expression.
pub fn address(expression: &str) -> String {
    format!("/explore/watch?q={}", escape(expression))
}

/// What is watched, and what would be worth it. What is watched is listed wherever its metrics come
/// from, and also when they came no longer.
#[component]
pub fn Watched(
    /// Where nothing is watched, it says how that begins; without metrics something else comes first.
    invites: bool,
) -> impl IntoView {
    let stream = live::live();
    let SessionContext(session) = expect_context();
    let save = ServerAction::<SaveRecording>::new();
    let found = wire::load(
        move || (stream.version(Topic::Sources), save.version().get()),
        |_| list_recordings(),
    );
    view! {
        <FormProblem answer=save.value()/>
        <Transition fallback=|| view! { <Card><Skeleton/></Card> }>
            {awaited(move || async move {
                let may_write = session.await.is_ok_and(|s| s.may_write);
                match found.await {
                    Ok((rules, ideas)) => {
                        view! {
                            {(invites || !rules.is_empty()).then(|| view! { <Rules rules save may_write/> })}
                            {(may_write && !ideas.is_empty()).then(|| view! { <Ideas ideas/> })}
                        }
                            .into_any()
                    }
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Rules(
    rules: Vec<RecordingRule>,
    save: ServerAction<SaveRecording>,
    may_write: bool,
) -> impl IntoView {
    let columns = vec![
        Column::text("Expression"),
        Column::text("State"),
        Column::number("Series", ""),
        Column::number("Every", "s"),
        Column::actions("Change"),
    ];
    let table = if rules.is_empty() {
        view! {
            <Empty
                title="Nothing is watched yet"
                text="Draw an expression and watch it: its series get forecasts and limits, and stand on the Runway."
            />
        }
        .into_any()
    } else {
        view! {
            <Table caption="Watched expressions" columns>
                {rules.into_iter().map(|rule| row(rule, save, may_write)).collect_view()}
            </Table>
        }
        .into_any()
    };
    view! {
        <Card
            title="Watched expressions"
            note="kept as series, with forecasts and limits"
            flush=true
            actions=move || may_write.then(|| view! { <ButtonLink href="/explore/watch" icon=Glyph::Plus small=true>"Watch an expression"</ButtonLink> })
        >
            {table}
        </Card>
    }
}

fn row(rule: RecordingRule, save: ServerAction<SaveRecording>, may_write: bool) -> impl IntoView {
    let (tone, word) = match (&rule.state, rule.paused) {
        (_, true) => (Tone::Neutral, "paused"),
        (RecordingState::Waiting, _) => (Tone::Neutral, "begins"),
        (RecordingState::Recorded { series: 0 }, _) => (Tone::Warning, "gives nothing"),
        (RecordingState::Recorded { .. }, _) => (Tone::Good, "watched"),
        (RecordingState::Failed { .. }, _) => (Tone::Alert, "fails"),
    };
    let series = match rule.state {
        RecordingState::Recorded { series } => api::grouped(series),
        _ => "–".to_owned(),
    };
    let why = match rule.state {
        RecordingState::Failed { why } => Some(why),
        _ => None,
    };
    let (intent, verb) = if rule.paused {
        ("resume", "Resume")
    } else {
        ("pause", "Pause")
    };
    let href = format!("/series?source={}", rule.id);
    let edit = format!("/explore/watch?id={}", rule.id);
    view! {
        <tr>
            <td data-label="Expression">
                <a href=href>{rule.name}</a>
                <span class="sub"><code>{rule.expression}</code></span>
            </td>
            <td data-label="State">
                <div>
                    <Badge tone label=word/>
                    {why.map(|why| view! { <span class="sub">{why}</span> })}
                    <span class="sub quiet">"up to "<When at=rule.done_until.0/></span>
                </div>
            </td>
            <td class="num" data-label="Series">{series}</td>
            <td class="num" data-label="Every">{api::grouped(rule.every_seconds)}</td>
            <td data-label="">
                {may_write
                    .then(|| {
                        view! {
                            <div class="row-form">
                                <ButtonLink href=edit small=true>"Change"</ButtonLink>
                                <ActionForm action=save>
                                    <input type="hidden" name="id" value=rule.id.0/>
                                    <Button kind=ButtonKind::Quiet small=true attr:name="intent" attr:value=intent>
                                        {verb}
                                    </Button>
                                </ActionForm>
                            </div>
                        }
                    })}
            </td>
        </tr>
    }
}

/// What the metrics that come in are worth watching for.
#[component]
fn Ideas(ideas: Vec<RecordingIdea>) -> impl IntoView {
    view! {
        <Card title="Worth watching" note="of the metrics that come in">
            <ul class="name-list">
                {ideas
                    .into_iter()
                    .map(|idea| {
                        let direction = match idea.limit.direction {
                            Direction::Rising => "rising",
                            Direction::Falling => "falling",
                        };
                        let href = format!(
                            "{}&name={}&unit={}&value={}&direction={direction}",
                            address(&idea.expression),
                            escape(&idea.name),
                            escape(idea.unit.word()),
                            idea.limit.value,
                        );
                        view! {
                            <li>
                                <a href=href>{idea.name}</a>
                                " "
                                <span class="quiet">{idea.exporter}</span>
                            </li>
                        }
                    })
                    .collect_view()}
            </ul>
        </Card>
    }
}
