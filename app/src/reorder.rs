//! What to order: every stock, what is due first first.

mod detail;

use api::Topic;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_meta::Title;
use ui::{Badge, ButtonLink, Card, Column, Empty, Glyph, Notice, PageHead, Skeleton, Table, Tone};

pub use detail::ReorderPage;

use crate::awaited::awaited;
use crate::live;
use crate::offer::AddData;
use crate::problem::Problem;
use crate::rpc;
use crate::told::reorder::{Line, List, Standing};
use crate::wire;

/// Every stock with what to order of it.
#[server(input = GetUrl, output = Postcard)]
pub async fn load_reorders() -> rpc::Answer<List> {
    let (services, caller) = rpc::ctx()?;
    let list = services.reorders.list(&caller).await?;
    Ok(crate::told::reorder::list(list))
}

/// The page of what to order.
#[component]
pub fn ReordersPage() -> impl IntoView {
    let stream = live::live();
    let list = wire::load(
        move || {
            (
                stream.version(Topic::Forecasts),
                stream.version(Topic::Demo),
            )
        },
        |_| load_reorders(),
    );
    view! {
        <Title text="Purchasing"/>
        <PageHead
            title="Purchasing"
            lede="What to order or make anew, how much, and by when, so that it lasts until the delivery."
            actions=|| {
                view! {
                    <ButtonLink href="/reorders.csv" icon=Glyph::Download>"Due within 7 days, CSV"</ButtonLink>
                    <ButtonLink href="/reorders.csv?within=366" icon=Glyph::Download>"All, CSV"</ButtonLink>
                }
            }
        />
        <Transition fallback=|| view! { <Card><Skeleton lines=8/></Card> }>
            {awaited(move || async move {
                match list.await {
                    Ok(list) => body(list).into_any(),
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Transition>
    }
}

fn body(list: List) -> AnyView {
    let List { lines, bare } = list;
    if lines.is_empty() && bare.is_empty() {
        return view! {
            <Empty
                title="No stock yet"
                text="A series of things that run out appears here: one with a limit such as “runs out at 0 units”."
                icon=Glyph::Box
            >
                <AddData/>
            </Empty>
        }
        .into_any();
    }
    let table = if lines.is_empty() {
        view! {
            <Notice
                tone=Tone::Neutral
                title="Nobody has said yet how anything is bought"
                means="Choose a stock below and say how long a delivery takes.".to_owned()
            />
        }
        .into_any()
    } else {
        let columns = vec![
            Column::text("Stock"),
            Column::text("Order"),
            Column::text("By"),
            Column::text("Delivery"),
            Column::text("Left"),
            Column::number("Runs out first", ""),
            Column::text("Supplier"),
        ];
        view! {
            <Card flush=true>
                <Table caption="What to order" columns>
                    {lines.into_iter().map(row).collect_view()}
                </Table>
            </Card>
        }
        .into_any()
    };
    let without = (!bare.is_empty()).then(|| {
        let links = bare
            .into_iter()
            .map(|(href, title)| view! { <li><a href=href>{title}</a></li> });
        view! {
            <Card title="Not said yet how they are bought" note="a lead time is enough">
                <ul class="name-list">{links.collect_view()}</ul>
            </Card>
        }
    });
    view! {
        {table}
        {without}
    }
    .into_any()
}

/// The badge of how a line stands.
pub fn badge(standing: Standing) -> impl IntoView {
    let (tone, word) = match standing {
        Standing::Late => (Tone::Alert, "late"),
        Standing::Soon => (Tone::Warning, "soon"),
        Standing::Later => (Tone::Good, "in time"),
        Standing::Unknown => (Tone::Neutral, "unknown"),
    };
    view! { <Badge tone label=word/> }
}

fn row(line: Line) -> impl IntoView {
    view! {
        <tr>
            <td data-label="Stock"><a href=line.href>{line.title}</a></td>
            <td data-label="Order">
                <div>
                    <span class="num">{line.order}</span>
                    {(!line.cost.is_empty()).then(|| view! { <span class="sub quiet num">{line.cost}</span> })}
                </div>
            </td>
            <td data-label="By"><div>{badge(line.standing)}" "<span class="num">{line.by}</span></div></td>
            <td class="num-text" data-label="Delivery">{line.delivery}</td>
            <td data-label="Left">{line.left}</td>
            <td class="num" data-label="Runs out first">{line.chance}</td>
            <td data-label="Supplier">{line.supplier}</td>
        </tr>
    }
}
