//! What a series did before when it went as it does now, and how that went on.

use api::Topic;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use ui::{
    ButtonLink, Card, Column, Empty, Glyph, PageHead, Skeleton, StaticLines, Table, line_class,
};

use crate::awaited::awaited;
use crate::live;
use crate::problem::Problem;
use crate::rpc;
use crate::told::similar::{Line, Told};
use crate::wire;

/// The stretches of a series' past that are like its latest one.
#[server(input = GetUrl, output = Postcard)]
pub async fn load_similar(id: String) -> rpc::Answer<Told> {
    let (services, caller) = rpc::ctx()?;
    let id = api::SeriesId(id);
    let series = services.series.get(&caller, &id).await?;
    let found = services.forecasts.similar(&caller, &id).await?;
    let future = services.forecasts.get(&caller, &id).await?;
    Ok(crate::told::similar::told(&series, &found, future))
}

/// The page of them.
#[component]
pub fn SimilarPage() -> impl IntoView {
    let stream = live::live();
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    let found = wire::load(
        move || (id.get(), stream.version(Topic::Forecasts)),
        |(id, _)| load_similar(id),
    );
    view! {
        <Transition fallback=|| view! { <Card><Skeleton block=true/></Card> }>
            {awaited(move || async move {
                match found.await {
                    Ok(told) => body(told).into_any(),
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Transition>
    }
}

fn body(told: Told) -> impl IntoView {
    let Told {
        title,
        href,
        unit,
        length,
        span,
        lines,
        none,
    } = told;
    let head = format!("Similar past of {title}");
    let lede = "Stretches of the past that went as the latest one does, and what came after them, brought to today's level. Times are those of UTC.";
    let heading = head.clone();
    let shown = if none.is_empty() {
        let columns = vec![
            Column::text("Line"),
            Column::text("Has of the ups and downs"),
            Column::text("And then"),
        ];
        let drawn = lines.iter().map(|line| line.points.clone()).collect();
        let rows = lines.into_iter().enumerate().map(row).collect_view();
        view! {
            <Card title="One over the other" note=format!("stretches of {length}, and as long after them")>
                <div class="chart">
                    <StaticLines lines=drawn unit span label=head/>
                </div>
            </Card>
            <Card flush=true>
                <Table caption="Similar stretches of the past" columns>{rows}</Table>
            </Card>
        }
        .into_any()
    } else {
        view! { <Empty title="Nothing to compare with" text=none icon=Glyph::Chart/> }.into_any()
    };
    view! {
        <Title text=heading.clone()/>
        <PageHead
            title=heading
            lede
            actions=move || view! { <ButtonLink href=href.clone() icon=Glyph::Chart>"Chart and forecast"</ButtonLink> }
        />
        {shown}
    }
}

fn row((place, line): (usize, Line)) -> impl IntoView {
    let what = if line.href.is_empty() {
        line.name.into_any()
    } else {
        view! { <a href=line.href>{line.name}</a> }.into_any()
    };
    view! {
        <tr>
            <td data-label="Line"><span class=format!("legend-dot {}", line_class(place))></span>" "{what}</td>
            <td class="num-text" data-label="Has of the ups and downs">{line.alike}</td>
            <td class="num-text" data-label="And then">{line.then}</td>
        </tr>
    }
}
