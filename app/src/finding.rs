//! Findings of all series on one page.

use api::Topic;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_meta::Title;
use ui::{Badge, ButtonLink, Card, Column, Empty, Glyph, PageHead, Skeleton, Table, Tone, When};

use crate::awaited::awaited;
use crate::incident::incidents_view;
use crate::live;
use crate::problem::Problem;
use crate::rpc;
use crate::told::Told;
use crate::told::incident::Shown;
use crate::wire;

/// The newest findings, and what of them and of the newest alerts began together.
#[server(input = GetUrl, output = Postcard)]
pub async fn list_findings() -> rpc::Answer<(Vec<Told>, Vec<Shown>)> {
    let (services, caller) = rpc::ctx()?;
    let found = services.findings.newest(&caller).await?;
    let incidents = services.incidents.incidents(&caller).await?;
    Ok((
        found.iter().map(crate::told::told).collect(),
        incidents.iter().map(crate::told::incident::shown).collect(),
    ))
}

/// Every finding that nobody called nothing.
#[component]
pub fn FindingsPage() -> impl IntoView {
    let stream = live::live();
    // Alerts are news of their sources.
    let news = move || {
        (
            stream.version(Topic::Findings),
            stream.version(Topic::Sources),
        )
    };
    let findings = wire::load(news, |_| list_findings());
    view! {
        <Title text="Findings"/>
        <PageHead title="Findings" lede="What was unusual in any series, the newest first, and what began together."/>
        <Transition fallback=|| view! { <Card><Skeleton lines=10/></Card> }>
            {awaited(move || async move {
                match findings.await {
                    Ok((found, together)) if found.is_empty() && together.is_empty() => {
                        view! {
                            <Empty
                                title="Nothing unusual"
                                text="Findings appear here once a series has some hundred points of history and then leaves its habits."
                                icon=Glyph::Check
                            >
                                <ButtonLink href="/series">"Show the series"</ButtonLink>
                            </Empty>
                        }
                            .into_any()
                    }
                    Ok((found, together)) => {
                        let columns = ["Series", "What", "When", "Why", "Said"].map(Column::text).to_vec();
                        view! {
                            {incidents_view(together)}
                            <Card flush=true>
                                <Table caption="Findings" columns>
                                    {found.into_iter().map(row).collect_view()}
                                </Table>
                            </Card>
                        }
                            .into_any()
                    }
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Transition>
    }
}

fn row(told: Told) -> impl IntoView {
    view! {
        <tr>
            <td data-label="Series"><a href=told.href>{told.title}</a></td>
            <td data-label="What" class="num">{told.seen}</td>
            <td data-label="When" class="moment"><When at=told.at/></td>
            <td data-label="Why">{told.why}</td>
            <td data-label="Said">{said(told.said, told.chance)}</td>
        </tr>
    }
}

/// What somebody said of a finding, or that chance may have brought it.
pub fn said(word: String, chance: bool) -> impl IntoView {
    let word = if chance && word.is_empty() {
        "may be chance".to_owned()
    } else {
        word
    };
    (!word.is_empty()).then(|| view! { <Badge tone=Tone::Neutral label=word/> })
}
