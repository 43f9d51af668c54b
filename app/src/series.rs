//! The series explorer: find by name and label, look, set a limit.

mod chart;
mod detail;
mod errors;
mod foreseen;
mod happened;
mod limit;
mod made;
mod plot;
mod unusual;

use api::{Series, SeriesPage, Topic};
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_meta::Title;
use leptos_router::components::Form;
use leptos_router::hooks::use_query_map;
use ui::{
    Badge, Button, ButtonKind, ButtonLink, Card, Column, Empty, Glyph, Input, PageHead, Skeleton,
    Sparkline, Table, Tone, When, WhenForm,
};

pub use detail::SeriesDetail;

use crate::awaited::awaited;
use crate::live;
use crate::offer::AddData;
use crate::problem::Problem;
use crate::range;
use crate::rpc;
use crate::told::future::limit_words;
use crate::wire;

/// How many series a page of the list shows.
const PAGE: u32 = 50;

/// Some of the series that match.
#[server(input = GetUrl, output = Postcard)]
pub async fn list(text: String, source: String, offset: u32) -> rpc::Answer<SeriesPage> {
    let (services, caller) = rpc::ctx()?;
    let source = (!source.is_empty()).then_some(api::SourceId(source));
    let filter = api::SeriesFilter {
        text,
        source,
        after: None,
        offset,
        limit: PAGE,
    };
    Ok(services.series.list(&caller, filter).await?)
}

/// The list of series.
#[component]
pub fn SeriesList() -> impl IntoView {
    let stream = live::live();
    let query = use_query_map();
    let text = Memo::new(move |_| query.read().get("q").unwrap_or_default());
    let source = Memo::new(move |_| query.read().get("source").unwrap_or_default());
    let offset = Memo::new(move |_| {
        query
            .read()
            .get("from")
            .and_then(|t| t.parse().ok())
            .unwrap_or(0)
    });
    let page = wire::load(
        move || {
            (
                text.get(),
                source.get(),
                offset.get(),
                stream.version(Topic::Series),
            )
        },
        |(text, source, offset, _)| list(text, source, offset),
    );
    view! {
        <Title text="Series"/>
        <PageHead title="Series" lede="Every number that comes in, from every source."/>
        <Form method="GET" action="/series" attr:class="search-form" attr:role="search">
            {move || (!source.get().is_empty()).then(|| view! { <input type="hidden" name="source" value=source.get()/> })}
            <Input
                name="q"
                r#type="search"
                value=text.get_untracked()
                placeholder="disk  host=db-1"
                label="Words of the name, or label=value"
            />
            <Button kind=ButtonKind::Secondary icon=Glyph::Search>"Find"</Button>
        </Form>
        <Transition fallback=|| view! { <Card><Skeleton lines=10/></Card> }>
            {awaited(move || async move {
                match page.await {
                    Ok(page) if page.series.is_empty() => view! { <NothingFound text=text.get_untracked()/> }.into_any(),
                    Ok(page) => {
                        view! {
                            <Rows
                                page
                                text=text.get_untracked()
                                source=source.get_untracked()
                                offset=offset.get_untracked()
                            />
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
fn NothingFound(text: String) -> impl IntoView {
    if text.is_empty() {
        view! {
            <Empty title="No series yet" text="They appear as data comes in." icon=Glyph::Chart>
                <AddData/>
            </Empty>
        }
        .into_any()
    } else {
        view! {
            <Empty title=format!("Nothing fits “{text}”") text="Every word must occur in the name, a label or the source." icon=Glyph::Search>
                <ButtonLink href="/series">"Show all"</ButtonLink>
            </Empty>
        }
        .into_any()
    }
}

#[component]
fn Rows(page: SeriesPage, text: String, source: String, offset: u32) -> impl IntoView {
    let columns = vec![
        Column::text("Series"),
        Column::text("Recent"),
        Column::number("Newest", ""),
        Column::text("Limit"),
        Column::text("Source"),
        Column::text("Seen"),
    ];
    let last = offset + u32::try_from(page.series.len()).unwrap_or(PAGE);
    let total = page.total;
    let [from, until, all] = [offset + 1, last, total].map(api::grouped);
    let now = page.now;
    let to = move |from: u32| {
        format!(
            "/series?q={}&source={source}&from={from}",
            range::escape(&text)
        )
    };
    let earlier = (offset > 0).then(|| to(offset.saturating_sub(PAGE)));
    let later = (last < total).then(|| to(last));
    view! {
        <Card flush=true>
            <Table caption="Series" columns>
                {page
                    .series
                    .into_iter()
                    .zip(page.sparks)
                    .map(|(series, spark)| view! { <Row series spark now=now.0/> })
                    .collect_view()}
            </Table>
        </Card>
        <nav class="pager" aria-label="Pages">
            <span class="quiet num">{format!("{from}–{until} of {all}")}</span>
            {earlier.map(|href| view! { <ButtonLink href>"Earlier"</ButtonLink> })}
            {later.map(|href| view! { <ButtonLink href>"Later"</ButtonLink> })}
        </nav>
    }
}

#[component]
fn Row(series: Series, spark: Vec<Option<f64>>, now: i64) -> impl IntoView {
    let unit = series.unit.word().to_owned();
    let labels = series
        .labels
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect::<Vec<_>>()
        .join("  ");
    let limit = series
        .limit
        .map_or_else(|| "—".to_owned(), |l| limit_words(l, &unit));
    let newest = ui::number_text(series.last.and_then(|p| p.value), &unit);
    view! {
        <tr>
            <td data-label="Series">
                <a href=format!("/series/{}", series.id)>{series.title}</a>
                <span class="quiet sub">{labels}</span>
            </td>
            <td data-label="Recent" class="cell-spark">
                <Sparkline values=spark/>
            </td>
            <td class="num" data-label="Newest">{newest}</td>
            <td data-label="Limit">{limit}</td>
            <td data-label="Source">{series.source_name}</td>
            <td data-label="Seen">
                {match series.last {
                    Some(point) => {
                        view! { <When at=point.at.0 form=WhenForm::Relative now=Signal::stored(now)/> }.into_any()
                    }
                    None => view! { <span class="quiet">"never"</span> }.into_any(),
                }}
                {series.stale_since.map(|_| view! { <Badge tone=Tone::Warning label="silent"/> })}
            </td>
        </tr>
    }
}
