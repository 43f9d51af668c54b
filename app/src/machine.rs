//! Machines: how well each is, the worst first, and what takes how much away.

use api::Topic;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_meta::Title;
use ui::{Badge, Card, Column, Empty, Glyph, PageHead, Skeleton, Table, Tone, When, WhenForm};

use crate::awaited::awaited;
use crate::live;
use crate::offer::AddData;
use crate::problem::Problem;
use crate::rpc;
use crate::told::machine::{Because, Row, State};
use crate::wire;

/// Every machine, and what time it is.
#[server(input = GetUrl, output = Postcard)]
pub async fn list_machines() -> rpc::Answer<(Vec<Row>, i64)> {
    let (services, caller) = rpc::ctx()?;
    let list = services.machines.machines(&caller).await?;
    Ok(crate::told::machine::rows(list))
}

/// The page of machines.
#[component]
pub fn MachinesPage() -> impl IntoView {
    let stream = live::live();
    let machines = wire::load(
        move || {
            (
                stream.version(Topic::Findings),
                stream.version(Topic::Forecasts),
                stream.version(Topic::Sources),
            )
        },
        |_| list_machines(),
    );
    view! {
        <Title text="Machines"/>
        <PageHead
            title="Machines"
            lede="How well each is, from 0 to 100, the worst first: what is unusual, alone or together, at a limit or near it, or silent takes points away."
        />
        <Transition fallback=|| view! { <Card><Skeleton lines=8/></Card> }>
            {awaited(move || async move {
                match machines.await {
                    Ok((rows, _)) if rows.is_empty() => {
                        view! {
                            <Empty
                                title="No machines yet"
                                text="This host appears by itself within seconds; others as they send metrics or are scraped."
                                icon=Glyph::Server
                            >
                                <AddData/>
                            </Empty>
                        }
                            .into_any()
                    }
                    Ok((rows, now)) => {
                        let columns = vec![
                            Column::text("Machine"),
                            Column::number("Health", "of 100"),
                            Column::text("State"),
                            Column::text("What takes points away"),
                            Column::number("Series", ""),
                            Column::text("Seen"),
                        ];
                        view! {
                            <Card flush=true>
                                <Table caption="Machines" columns>
                                    {rows.into_iter().map(|one| row(one, now)).collect_view()}
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

fn row(row: Row, now: i64) -> impl IntoView {
    let (tone, word) = match row.state {
        State::Well => (Tone::Good, "well"),
        State::Ailing => (Tone::Warning, "ailing"),
        State::Ill => (Tone::Alert, "ill"),
        State::Unknown => (Tone::Neutral, "unknown"),
    };
    let wrong = row.wrong.into_iter();
    let wrong = wrong.map(|one| {
        let since = one.since.map(|at| view! { " " <When at/> });
        view! {
            <li>
                <span class="num">{one.points}</span>
                <span>
                    <a href=one.href>{one.about}</a>
                    " "
                    <span class="quiet">{one.words}{since}</span>
                    {because(one.because)}
                </span>
            </li>
        }
    });
    let wrong = wrong.collect::<Vec<_>>();
    let why = if wrong.is_empty() {
        view! { <span class="quiet">{row.otherwise}</span> }.into_any()
    } else {
        view! { <ul class="wrongs">{wrong}</ul> }.into_any()
    };
    view! {
        <tr>
            <td data-label="Machine"><a href=row.href>{row.name}</a></td>
            <td class="num" data-label="Health">{row.score}</td>
            <td data-label="State"><Badge tone label=word/></td>
            <td data-label="What takes points away">
                <div>
                    {why}
                    {(!row.together.is_empty()).then(|| view! { <span class="sub quiet">{row.together}</span> })}
                </div>
            </td>
            <td class="num" data-label="Series">{api::grouped(row.series)}</td>
            <td data-label="Seen">
                {match row.seen {
                    Some(at) => view! { <When at=at form=WhenForm::Relative now=Signal::stored(now)/> }.into_any(),
                    None => view! { <span class="quiet">"never"</span> }.into_any(),
                }}
            </td>
        </tr>
    }
}

/// The series that make it so, each with its share.
fn because(series: Vec<Because>) -> impl IntoView {
    (!series.is_empty()).then(|| {
        let series = series.into_iter().enumerate().map(|(place, one)| {
            view! {
                {if place == 0 { ", because of: " } else { ", " }}
                <a href=one.href>{one.title}</a>
                " "
                <span class="num">{one.share}</span>
            }
        });
        series.collect_view()
    })
}
