//! Where data comes from: what each source brings, since when it is silent, and how to add one.

use api::{Instant, Source, SourceKind, Topic};
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_meta::Title;
use ui::{
    Badge, Button, ButtonKind, ButtonLink, Card, Column, Empty, Glyph, Input, PageHead, Skeleton,
    Table, Tone, When,
};

use crate::awaited::awaited;
use crate::event::Events;
use crate::frame::SessionContext;
use crate::live;
use crate::offer::AddData;
use crate::problem::{FormProblem, Problem};
use crate::rpc;
use crate::scrape::Targets;
use crate::wire;

/// Every source, and what time it is there.
#[server(input = GetUrl, output = Postcard)]
pub async fn list_sources() -> rpc::Answer<Vec<(Source, Option<Instant>)>> {
    let (services, caller) = rpc::ctx()?;
    Ok(services.sources.list(&caller).await?)
}

/// Removes a source with all it brought. Its name must be typed.
#[server(output = Postcard)]
pub async fn remove_source(id: String, name: String) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    Ok(services
        .sources
        .remove(&caller, &api::SourceId(id), &name)
        .await?)
}

/// The sources page.
#[component]
pub fn SourcesPage() -> impl IntoView {
    let stream = live::live();
    let remove = ServerAction::<RemoveSource>::new();
    let sources = wire::load(
        move || (stream.version(Topic::Sources), remove.version().get()),
        |_| list_sources(),
    );
    let SessionContext(session) = expect_context();
    view! {
        <Title text="Sources"/>
        <PageHead
            title="Sources"
            lede="Where data comes from, what came in, and what was refused."
            actions=|| {
                view! {
                    <ButtonLink href="/machines" icon=Glyph::Server>"Machines"</ButtonLink>
                    <AddData head=true/>
                }
            }
        />
        <FormProblem answer=remove.value()/>
        <Transition fallback=|| view! { <Card><Skeleton lines=6/></Card> }>
            {awaited(move || async move {
                let may_write = session.await.is_ok_and(|s| s.may_write);
                match sources.await {
                    Ok(sources) if sources.is_empty() => {
                        view! {
                            <Empty
                                title="No sources yet"
                                text="This host appears by itself within seconds. A file or a key brings the rest."
                                icon=Glyph::Sources
                            >
                                <AddData/>
                            </Empty>
                        }
                            .into_any()
                    }
                    Ok(sources) => view! { <SourceTable sources remove may_write/> }.into_any(),
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Transition>
        // Both load what they show, and so must not wait in a `Suspend` beside another: see `wire::load`.
        <Targets/>
        <Events/>
    }
}

#[component]
fn SourceTable(
    sources: Vec<(Source, Option<Instant>)>,
    remove: ServerAction<RemoveSource>,
    may_write: bool,
) -> impl IntoView {
    let columns = vec![
        Column::text("Name"),
        Column::text("Kind"),
        Column::number("Series", ""),
        Column::number("Samples in", ""),
        Column::number("Refused", ""),
        Column::text("Last seen"),
        Column::actions("Remove"),
    ];
    view! {
        <Card flush=true>
            <Table caption="Sources" columns>
                {sources
                    .into_iter()
                    .map(|(source, stale)| view! { <SourceRow source stale remove may_write/> })
                    .collect_view()}
            </Table>
        </Card>
    }
}

#[component]
fn SourceRow(
    source: Source,
    stale: Option<Instant>,
    remove: ServerAction<RemoveSource>,
    may_write: bool,
) -> impl IntoView {
    let kind = match source.kind {
        SourceKind::Host => "this host",
        SourceKind::File => "file",
        SourceKind::Push => "sent with a key",
        SourceKind::Scrape => "scraped",
        SourceKind::Recording => "recorded",
        SourceKind::Demo => "demo",
    };
    let href = if source.series == 0 && source.metrics != Some(0) {
        "/explore".to_owned()
    } else {
        format!("/series?source={}", source.id)
    };
    // An engine that keeps metrics does not know who sent what.
    let series = source.metrics.map(|metrics| source.series + metrics);
    let doubtful = [(source.duplicates, "twice"), (source.late, "late")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", api::grouped(count)))
        .collect::<Vec<_>>()
        .join(", ");
    let gaps = match (source.gaps, source.last_gap) {
        (0, _) | (_, None) => None,
        (n, Some(gap)) => Some((n, gap)),
    };
    let question = match series {
        Some(series) => format!(
            "Type “{}” to remove it with its {} series",
            source.name,
            api::grouped(series)
        ),
        None => format!(
            "Type “{}” to remove it; its metrics stay in the engine that keeps them",
            source.name
        ),
    };
    view! {
        <tr>
            <td data-label="Name"><a href=href>{source.name.clone()}</a></td>
            <td data-label="Kind">{kind}</td>
            <td class="num" data-label="Series">
                {match series {
                    Some(series) => series.into_any(),
                    None => view! { <span class="quiet">"not known"</span> }.into_any(),
                }}
            </td>
            <td class="num" data-label="Samples in">
                <div>
                    {ui::number_text(Some(source.accepted as f64), "")}
                    {(!doubtful.is_empty()).then(|| view! { <span class="quiet sub">{doubtful}</span> })}
                </div>
            </td>
            <td class="num" data-label="Refused">
                <div>
                    {ui::number_text(Some(source.refused as f64), "")}
                    {source.last_refusal.map(|why| view! { <span class="quiet sub">{why}</span> })}
                </div>
            </td>
            <td data-label="Last seen">
                <div>
                    {match source.last_seen_at {
                        Some(at) => view! { <When at=at.0/> }.into_any(),
                        None => view! { <span class="quiet">"never"</span> }.into_any(),
                    }}
                    " "
                    {stale.map(|_| view! { <Badge tone=Tone::Warning label="silent"/> })}
                    {gaps
                        .map(|(n, gap)| {
                            let length = ui::span_text((gap.to.0 - gap.from.0) as f64 / 1e6);
                            let times = if n == 1 { "1 gap".to_owned() } else { format!("{} gaps, the last", api::grouped(n)) };
                            view! { <span class="quiet sub">{times}" of "{length}" until "<When at=gap.to.0/></span> }
                        })}
                </div>
            </td>
            <td data-label="">
                {may_write
                    .then(|| {
                        view! {
                            <details class="inline-confirm">
                                <summary aria-label=format!("Remove {}", source.name)>"Remove"</summary>
                                <ActionForm action=remove>
                                    <input type="hidden" name="id" value=source.id.0.clone()/>
                                    <p class="quiet">{question.clone()}</p>
                                    <Input name="name" label=question.clone() required=true/>
                                    <Button kind=ButtonKind::Danger small=true>"Remove"</Button>
                                </ActionForm>
                            </details>
                        }
                    })}
            </td>
        </tr>
    }
}
