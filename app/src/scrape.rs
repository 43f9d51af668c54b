//! Targets that Millrace scrapes: their card on the sources page, and the page on which one is added,
//! changed and tried.

#![expect(
    clippy::too_many_arguments,
    reason = "the arguments of a server function are the fields of its form"
)]

mod form;

use api::{ScrapeState, ScrapeTarget, Topic, Trial};
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use ui::{
    Badge, Button, ButtonKind, ButtonLink, Card, Column, Empty, Glyph, Skeleton, Table, Tone,
};

use crate::awaited::awaited;
use crate::frame::SessionContext;
use crate::live;
use crate::problem::{FormProblem, Problem};
use crate::rpc;
use crate::wire;

pub use form::ScrapePage;

/// Every target.
#[server(input = GetUrl, output = Postcard)]
pub async fn list_targets() -> rpc::Answer<Vec<ScrapeTarget>> {
    let (services, caller) = rpc::ctx()?;
    Ok(services.scrapes.list(&caller).await?)
}

/// Adds or changes a target, tries it, or leaves it alone: `intent` is the button that was pressed.
#[server(output = Postcard)]
pub async fn save_target(
    intent: String,
    #[server(default)] id: String,
    #[server(default)] name: String,
    #[server(default)] url: String,
    #[server(default)] interval: String,
    #[server(default)] timeout: String,
    #[server(default)] token: String,
    #[server(default)] forget: Option<String>,
    #[server(default)] ca: String,
    #[server(default)] insecure: Option<String>,
) -> rpc::Answer<Option<Trial>> {
    let (services, caller) = rpc::ctx()?;
    let scrapes = services.scrapes;
    let known = (!id.is_empty()).then(|| api::SourceId(id.clone()));
    if let (Some(id), "pause" | "resume") = (&known, intent.as_str()) {
        scrapes.pause(&caller, id, intent == "pause").await?;
        return Ok(None);
    }
    let change = api::TargetChange {
        name,
        url,
        interval_seconds: rpc::whole("interval", &interval)?
            .unwrap_or(api::SCRAPE_INTERVAL_SECONDS),
        timeout_seconds: rpc::whole("timeout", &timeout)?,
        token: match (token.trim().is_empty(), forget) {
            (false, _) => api::TokenChange::Set(api::Hidden(token)),
            (true, Some(_)) => api::TokenChange::Forget,
            (true, None) => api::TokenChange::Keep,
        },
        ca,
        verify: insecure.is_none(),
    };
    if intent == "test" {
        // Without JavaScript the page is made anew: what was typed stands in its address, but not the
        // token, and no authorities that are too long for one.
        let ca = if change.ca.len() < 3_000 {
            change.ca.clone()
        } else {
            String::new()
        };
        let insecure = if change.verify { "" } else { "true" }.to_owned();
        let (name, url) = (change.name.clone(), change.url.clone());
        let trial = scrapes.try_out(&caller, known.as_ref(), change).await?;
        let typed = [
            ("id", id),
            ("name", name),
            ("url", url),
            ("interval", interval),
            ("timeout", timeout),
            ("ca", ca),
            ("insecure", insecure),
            ("tried", if trial.up { "up" } else { "down" }.to_owned()),
        ];
        rpc::tell_plainly("/sources/scrape", &typed, &trial.words)?;
        return Ok(Some(trial));
    }
    match known {
        Some(id) => scrapes.edit(&caller, &id, change).await?,
        None => drop(scrapes.add(&caller, change).await?),
    }
    rpc::redirect("/sources");
    Ok(None)
}

/// The targets, on the sources page.
#[component]
pub fn Targets() -> impl IntoView {
    let stream = live::live();
    let SessionContext(session) = expect_context();
    let save = ServerAction::<SaveTarget>::new();
    let targets = wire::load(
        move || (stream.version(Topic::Sources), save.version().get()),
        |_| list_targets(),
    );
    view! {
        <FormProblem answer=save.value()/>
        <Card
            title="Scraped targets"
            note="asked for their metrics, as Prometheus does it"
            flush=true
            actions=move || {
                view! {
                    <Transition>
                        {awaited(move || async move {
                            let may_write = session.await.is_ok_and(|session| session.may_write);
                            may_write.then(|| view! { <ButtonLink href="/sources/scrape" icon=Glyph::Plus small=true>"Add a target"</ButtonLink> })
                        })}
                    </Transition>
                }
            }
        >
            <Transition fallback=|| view! { <Skeleton/> }>
                {awaited(move || async move {
                    let may_write = session.await.is_ok_and(|session| session.may_write);
                    match targets.await {
                        Ok(targets) if targets.is_empty() => {
                            view! {
                                <Empty
                                    title="No targets yet"
                                    text="The address of any exporter will do, such as http://db-1:9100/metrics. What cannot be reached from here can be sent with a key."
                                />
                            }
                                .into_any()
                        }
                        Ok(targets) => view! { <TargetTable targets save may_write/> }.into_any(),
                        Err(failure) => view! { <Problem failure/> }.into_any(),
                    }
                })}
            </Transition>
        </Card>
    }
}

#[component]
fn TargetTable(
    targets: Vec<ScrapeTarget>,
    save: ServerAction<SaveTarget>,
    may_write: bool,
) -> impl IntoView {
    let columns = vec![
        Column::text("Target"),
        Column::text("State"),
        Column::number("Series", ""),
        Column::number("Every", "s"),
        Column::actions("Change"),
    ];
    view! {
        <Table caption="Scraped targets" columns>
            {targets
                .into_iter()
                .map(|target| target_row(target, save, may_write))
                .collect_view()}
        </Table>
    }
}

fn target_row(
    target: ScrapeTarget,
    save: ServerAction<SaveTarget>,
    may_write: bool,
) -> impl IntoView {
    let series = match target.state {
        ScrapeState::Up { series } => api::grouped(series),
        _ => "–".to_owned(),
    };
    let (tone, word) = match (&target.state, target.paused) {
        (_, true) => (Tone::Neutral, "paused"),
        (ScrapeState::Waiting, _) => (Tone::Neutral, "not asked yet"),
        (ScrapeState::Up { .. }, _) => (Tone::Good, "up"),
        (ScrapeState::Down { .. }, _) => (Tone::Alert, "down"),
    };
    let why = match target.state {
        ScrapeState::Down { why } => Some(why),
        _ => None,
    };
    let (intent, verb) = if target.paused {
        ("resume", "Resume")
    } else {
        ("pause", "Pause")
    };
    let href = format!("/sources/scrape?id={}", target.id);
    view! {
        <tr>
            <td data-label="Target">
                {if may_write { view! { <a href=href>{target.name}</a> }.into_any() } else { target.name.into_any() }}
                <span class="sub quiet">{target.url}</span>
            </td>
            <td data-label="State">
                <Badge tone label=word/>
                {why.map(|why| view! { <span class="sub">{why}</span> })}
                {(!target.verify).then(|| view! { <span class="sub quiet">"Its certificate is not looked at."</span> })}
            </td>
            <td class="num" data-label="Series">{series}</td>
            <td class="num" data-label="Every">{api::grouped(target.interval_seconds)}</td>
            <td data-label="">
                {may_write
                    .then(|| {
                        view! {
                            <ActionForm action=save>
                                <input type="hidden" name="id" value=target.id.0/>
                                <Button kind=ButtonKind::Quiet small=true attr:name="intent" attr:value=intent>
                                    {verb}
                                </Button>
                            </ActionForm>
                        }
                    })}
            </td>
        </tr>
    }
}
