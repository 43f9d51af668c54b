//! The caches: a card of the settings.

use api::Topic;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use ui::{Button, ButtonKind, Card, Column, Skeleton, Table};

use crate::awaited::awaited;
use crate::live;
use crate::problem::{FormProblem, Problem};
use crate::rpc;
use crate::told::cache::Told;
use crate::wire;

/// What the caches hold, and how often they helped.
#[server(input = GetUrl, output = Postcard)]
pub async fn read_caches() -> rpc::Answer<Told> {
    let (services, caller) = rpc::ctx()?;
    let report = services.caches.caches(&caller).await?;
    Ok(crate::told::cache::told(&report))
}

/// Makes every server forget all of it.
#[server(output = Postcard)]
pub async fn empty_caches() -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    Ok(services.caches.empty_caches(&caller, None).await?)
}

/// The card.
#[component]
pub fn Caches(
    /// Whether this person may empty them.
    may_write: bool,
) -> impl IntoView {
    let stream = live::live();
    let empty = ServerAction::<EmptyCaches>::new();
    let caches = wire::load(
        move || (stream.version(Topic::Caches), empty.version().get()),
        |_| read_caches(),
    );
    view! {
        <Card
            title="Caches"
            note="Answers that are kept for a while, until what they rest on changes; of this server, since it was started."
            flush=true
            actions=move || {
                may_write
                    .then(|| {
                        view! {
                            <ActionForm action=empty>
                                <Button kind=ButtonKind::Quiet small=true busy=empty.pending()>"Empty them"</Button>
                            </ActionForm>
                        }
                    })
            }
        >
            <FormProblem answer=empty.value()/>
            <Transition fallback=|| view! { <Skeleton/> }>
                {awaited(move || async move {
                    match caches.await {
                        Ok(told) => shown(told).into_any(),
                        Err(failure) => view! { <Problem failure/> }.into_any(),
                    }
                })}
            </Transition>
        </Card>
    }
}

fn shown(told: Told) -> impl IntoView {
    let columns = vec![
        Column::text("What"),
        Column::number("Kept for", ""),
        Column::number("Answers", ""),
        Column::number("Memory", ""),
        Column::number("Hits", ""),
        Column::number("Misses", ""),
        Column::number("Hit ratio", ""),
        Column::text("Where"),
    ];
    view! {
        <div class="facts card-lead">
            <div class="fact">
                <span class="fact-name">"Shared between servers"</span>
                <span class="fact-value">{told.redis}</span>
            </div>
            <div class="fact">
                <span class="fact-name">"The most memory of each"</span>
                <span class="fact-value">{told.most}</span>
            </div>
        </div>
        <Table caption="What is kept for a while" columns>
            {told.rows.into_iter().map(row).collect_view()}
        </Table>
    }
}

fn row([what, kept, entries, bytes, hits, misses, ratio, place]: [String; 8]) -> impl IntoView {
    view! {
        <tr>
            <td data-label="What">{what}</td>
            <td class="num" data-label="Kept for">{kept}</td>
            <td class="num" data-label="Answers">{entries}</td>
            <td class="num" data-label="Memory">{bytes}</td>
            <td class="num" data-label="Hits">{hits}</td>
            <td class="num" data-label="Misses">{misses}</td>
            <td class="num" data-label="Hit ratio">{ratio}</td>
            <td data-label="Where">{place}</td>
        </tr>
    }
}
