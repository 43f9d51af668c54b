//! Findings of all series on one page.

use api::Topic;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_meta::Title;
use serde::{Deserialize, Serialize};
use ui::{Badge, ButtonLink, Card, Column, Empty, Glyph, PageHead, Skeleton, Table, Tone, When};

use crate::awaited::awaited;
use crate::incident::incidents_view;
use crate::live;
use crate::only::{Shown, use_shown};
use crate::problem::Problem;
use crate::rpc;
use crate::told::Told;
use crate::told::incident::Shown as Incident;
use crate::wire;

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Listed {
    found: Vec<Told>,
    /// How many may be chance, in words; empty where there are none.
    chance: String,
    /// What of them and of the newest alerts began together.
    together: Vec<Incident>,
}

/// The newest findings. `only` is `business`, `machine` or empty.
#[server(input = GetUrl, output = Postcard)]
pub async fn list_findings(only: String, chance: bool) -> rpc::Answer<Listed> {
    let (services, caller) = rpc::ctx()?;
    let filter = api::FindingFilter {
        domain: crate::told::domain(&only),
        with_chance: chance,
    };
    let newest = services.findings.newest(&caller, filter).await?;
    let incidents = services.incidents.incidents(&caller).await?;
    Ok(Listed {
        found: newest.findings.iter().map(crate::told::told).collect(),
        chance: crate::told::chance(newest.chance, chance),
        together: incidents
            .iter()
            .filter(|one| filter.domain.is_none_or(|domain| one.is_of(domain)))
            .map(crate::told::incident::shown)
            .collect(),
    })
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
    let shown = use_shown("/findings", "chance");
    let findings = wire::load(
        move || (shown.only.get(), shown.all.get(), news()),
        |(only, chance, _)| list_findings(only, chance),
    );
    view! {
        <Title text="Findings"/>
        <PageHead
            title="Findings"
            lede="What was unusual in any series, the newest first, and what began together."
            actions=move || shown.choice()
        />
        <Transition fallback=|| view! { <Card><Skeleton lines=10/></Card> }>
            {awaited(move || async move {
                match findings.await {
                    Ok(listed) => view! { <List listed shown/> }.into_any(),
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn List(listed: Listed, shown: Shown) -> impl IntoView {
    let Listed {
        found,
        chance,
        together,
    } = listed;
    let columns = ["Series", "What", "When", "Why", "Said"]
        .map(Column::text)
        .to_vec();
    let nothing = found.is_empty();
    view! {
        {incidents_view(together)}
        {if nothing {
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
        } else {
            view! {
                <Card flush=true>
                    <Table caption="Findings" columns>
                        {found.into_iter().map(row).collect_view()}
                    </Table>
                </Card>
            }
                .into_any()
        }}
        {(!chance.is_empty()).then(|| view! { <p class="list-foot quiet">{chance} " " {shown.toggle()}</p> })}
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
