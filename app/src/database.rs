//! The database: a card of the settings.

use api::Topic;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use ui::{Badge, Card, Column, Skeleton, Table, Tone};

use crate::awaited::awaited;
use crate::live;
use crate::problem::Problem;
use crate::rpc;
use crate::told::database::{Fact, Told};
use crate::wire;

/// How the database is.
#[server(input = GetUrl, output = Postcard)]
pub async fn read_database() -> rpc::Answer<Told> {
    let (services, caller) = rpc::ctx()?;
    let report = services.databases.database(&caller).await?;
    Ok(crate::told::database::told(&report))
}

/// The card.
#[component]
pub fn Database() -> impl IntoView {
    let stream = live::live();
    // Whatever is written changes it; sources are told of at most every few seconds.
    let database = wire::load(move || stream.version(Topic::Sources), |_| read_database());
    view! {
        <Card
            title="Database"
            note="Where everything is kept, as this server finds it. The same numbers are in /metrics."
            flush=true
        >
            <Transition fallback=|| view! { <Skeleton/> }>
                {awaited(move || async move {
                    match database.await {
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
        Column::text("Follower"),
        Column::text("State"),
        Column::number("Behind", ""),
        Column::number("Written", "ago"),
    ];
    let followers = told.followers;
    view! {
        <div class="facts card-lead">
            <div class="fact">
                <span class="fact-name">"It is"</span>
                <span class="fact-value">{told.name}</span>
            </div>
            {told.facts.into_iter().map(fact).collect_view()}
        </div>
        {(!followers.is_empty())
            .then(|| {
                view! {
                    <Table caption="Servers that follow it" columns>
                        {followers.into_iter().map(row).collect_view()}
                    </Table>
                }
            })}
    }
}

fn fact(fact: Fact) -> impl IntoView {
    let value = match fact.tone {
        Tone::Neutral => view! { <span class="fact-value">{fact.value}</span> }.into_any(),
        tone => view! { <span class="fact-value"><Badge tone label=fact.value/></span> }.into_any(),
    };
    view! {
        <div class="fact">
            <span class="fact-name">{fact.what}</span>
            {value}
        </div>
    }
}

fn row([name, state, bytes, time]: [String; 4]) -> impl IntoView {
    view! {
        <tr>
            <td data-label="Follower">{name}</td>
            <td data-label="State">{state}</td>
            <td class="num" data-label="Behind">{bytes}</td>
            <td class="num" data-label="Written">{time}</td>
        </tr>
    }
}
