//! The explorer of metrics: an expression in PromQL, and its curves.

mod expression;
mod senders;
mod storage;

use api::{Curves, Topic};
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos::task::spawn_local;
use leptos_meta::Title;
use leptos_router::components::Form;
use leptos_router::hooks::use_query_map;
use ui::{
    Button, ButtonLink, Card, Chart, Column, Empty, Glyph, Numbers, PageHead, Points, Segmented,
    Skeleton, StaticLine, StaticLines, Table,
};

use crate::awaited::awaited;
use crate::frame::SessionContext;
use crate::live;
use crate::offer::MakeKey;
use crate::problem::Problem;
use crate::range;
use crate::recording::{self, Watched};
use crate::rpc;
use crate::trees::ms;
use crate::wire;

use expression::ExpressionField;
pub use senders::Senders;
pub use storage::Storage;

/// An expression's curves, and the option tree of their chart.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Explored {
    /// The curves.
    pub curves: Curves,
    /// The tree, without the points.
    pub tree: String,
}

/// The curves of an expression over the range that the address asks for.
#[server(input = GetUrl, output = Postcard)]
pub async fn load_curves(query: String, range: String) -> rpc::Answer<Explored> {
    let (services, caller) = rpc::ctx()?;
    let now = services.series.now(&caller).await?;
    let hour = now.minus(api::Instant::HOUR);
    let range = range::asked(Some(&range), None, None).resolve(now, Some(hour));
    let curves = services.metrics.curves(&caller, &query, range).await?;
    let tree = crate::trees::written(&crate::trees::of_curves(&curves));
    Ok(Explored { curves, tree })
}

/// The names of the metrics that came in.
#[server(input = GetUrl, output = Postcard)]
pub async fn list_metrics() -> rpc::Answer<Vec<String>> {
    let (services, caller) = rpc::ctx()?;
    Ok(services.metrics.names(&caller).await?)
}

/// The explorer.
#[component]
pub fn Explore() -> impl IntoView {
    let query = use_query_map();
    let text = Memo::new(move |_| query.read().get("q").unwrap_or_default());
    let range = Memo::new(move |_| query.read().get("range").unwrap_or_default());
    let names = wire::load(|| (), |()| list_metrics());
    view! {
        <Title text="Explore"/>
        <PageHead title="Explore" lede="Metrics that machines and services send, in PromQL."/>
        <Form method="GET" action="/explore" attr:class="search-form search-wide" attr:role="search">
            <ExpressionField value=text.get_untracked()/>
            {move || (!range.get().is_empty()).then(|| view! { <input type="hidden" name="range" value=range.get()/> })}
            <Button icon=Glyph::Chart>"Draw"</Button>
        </Form>
        <Transition>
            {awaited(move || async move {
                let names = names.await;
                view! {
                    {text.get().is_empty().then(|| {
                        let invites = names.as_ref().is_ok_and(|names| !names.is_empty());
                        let names = match names {
                            Ok(names) => view! { <Names names/> }.into_any(),
                            Err(failure) => view! { <Problem failure/> }.into_any(),
                        };
                        view! {
                            <Watched invites/>
                            {names}
                        }
                    })}
                }
            })}
        </Transition>
        {move || (!text.get().is_empty()).then(|| view! { <Drawn text=text.get() range=range.get()/> })}
    }
}

/// What there is to ask about.
#[component]
fn Names(names: Vec<String>) -> impl IntoView {
    if names.is_empty() {
        return view! {
            <Empty
                title="No metrics yet"
                text="Point Prometheus, an OpenTelemetry collector or Telegraf at Millrace; a new key comes with the lines to paste."
                icon=Glyph::Chart
            >
                <MakeKey/>
            </Empty>
        }
        .into_any();
    }
    let note = format!("{} of them", api::grouped(names.len()));
    view! {
        <Card title="Metrics" note=note>
            <ul class="name-list">
                {names
                    .into_iter()
                    .map(|name| {
                        let href = format!("/explore?q={}", range::escape(&name));
                        view! { <li><a href=href>{name}</a></li> }
                    })
                    .collect_view()}
            </ul>
        </Card>
    }
    .into_any()
}

#[component]
fn Drawn(text: String, range: String) -> impl IntoView {
    let asked = range::asked(Some(&range), None, None);
    let own = format!("/explore?q={}", range::escape(&text));
    let segments = range::segments(&asked, |word| {
        // A store of many series has no first sample to begin at.
        (word != "all").then(|| format!("{own}&range={word}"))
    });
    let watch = recording::address(&text);
    let SessionContext(session) = expect_context();
    let asked = StoredValue::new((text, range));
    // Counted up when other series are in the answer than those that are drawn.
    let others = RwSignal::new(0);
    let curves = wire::load(
        move || (asked.get_value(), others.get()),
        |((text, range), _)| load_curves(text, range),
    );
    view! {
        <div class="toolbar">
            <Segmented label="Time range" segments=Signal::stored(segments)/>
            <Transition>
                {awaited(move || {
                    let watch = watch.clone();
                    async move {
                        let may_write = session.await.is_ok_and(|session| session.may_write);
                        may_write
                            .then(|| {
                                view! { <ButtonLink href=watch icon=Glyph::Plus small=true>"Watch this"</ButtonLink> }
                            })
                    }
                })}
            </Transition>
        </div>
        <Transition fallback=|| view! { <Card><Skeleton block=true/></Card> }>
            {awaited(move || async move {
                match curves.await {
                    Ok(found) if found.curves.curves.is_empty() => {
                        view! {
                            <Empty
                                title="Nothing in this range"
                                text="The expression is right and has no values here. Try a longer range, or look at the metrics by name."
                                icon=Glyph::Search
                            >
                                <ButtonLink href="/explore">"Show all metrics"</ButtonLink>
                            </Empty>
                        }
                            .into_any()
                    }
                    Ok(found) => view! { <Lines found asked others/> }.into_any(),
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// The curves, moving as samples come in.
#[component]
fn Lines(
    found: Explored,
    asked: StoredValue<(String, String)>,
    others: RwSignal<u32>,
) -> impl IntoView {
    let moving = follow(&found, asked, others);
    let Explored { curves, tree } = found;
    let shown = curves.curves.len();
    let step = ui::span_text(curves.step_seconds);
    let note = if curves.total as usize > shown {
        format!(
            "the first {shown} of {} series, a point each {step}",
            api::grouped(curves.total)
        )
    } else {
        format!("{shown} series, a point each {step}")
    };
    let first = curves.curves.first();
    let label = first.map_or_else(String::new, |curve| curve.name.clone());
    let lines = curves.curves.iter().map(|curve| {
        let points = curve.points.iter().map(|p| (p.at.0, p.value));
        points.collect::<StaticLine>()
    });
    let lines = lines.collect::<Vec<_>>();
    view! {
        <Card title="Over time" note=note>
            <Chart tree numbers=Signal::derive(move || moving.with(numbers)) label=format!("{label} over time") tall=true>
                <StaticLines lines label span=(curves.range.from.0, curves.range.to.0)/>
            </Chart>
        </Card>
        <Card title="Series" flush=true>
            <Table caption="Series and their newest values" columns=vec![Column::text("Series"), Column::number("Newest", "")]>
                {curves
                    .curves
                    .into_iter()
                    .enumerate()
                    .map(|(place, curve)| {
                        let newest = move || moving.with(|now| newest(now, place));
                        view! {
                            <tr>
                                <td data-label="Series"><code>{curve.name}</code></td>
                                <td class="num" data-label="Newest">{move || ui::number_text(newest(), "")}</td>
                            </tr>
                        }
                    })
                    .collect_view()}
            </Table>
        </Card>
    }
}

/// What the curves have come to: asked again whenever metrics came in, and without a pause in what
/// is drawn. Where other series are in the answer, `others` counts up.
fn follow(
    found: &Explored,
    asked: StoredValue<(String, String)>,
    others: RwSignal<u32>,
) -> RwSignal<Curves> {
    let stream = live::live();
    let moving = RwSignal::new(found.curves.clone());
    let tree = found.tree.clone();
    let asking = StoredValue::new(false);
    Effect::new(move |before: Option<u32>| {
        let version = stream.version(Topic::Metrics);
        // One question at a time: who is slow to answer is not asked more often.
        if before.is_none_or(|before| before == version) || asking.get_value() {
            return version;
        }
        asking.set_value(true);
        let tree = tree.clone();
        spawn_local(async move {
            let Some((text, range)) = asked.try_get_value() else {
                return;
            };
            // Somebody may have gone on meanwhile; what cannot be asked now is asked the next time.
            match load_curves(text, range).await {
                Ok(now) if now.tree == tree => {
                    moving.try_set(now.curves);
                }
                Ok(_) => {
                    others.try_update(|n| *n += 1);
                }
                Err(_) => {}
            }
            asking.try_set_value(false);
        });
        version
    });
    moving
}

/// The newest value of one of the curves.
fn newest(curves: &Curves, place: usize) -> Option<f64> {
    let curve = curves.curves.get(place)?;
    curve.points.iter().rev().find_map(|p| p.value)
}

/// What the tree leaves out; gaps are left open.
fn numbers(curves: &Curves) -> Numbers {
    let lines = curves.curves.iter().map(|curve| {
        let points = curve.points.iter().map(|p| (ms(p.at), p.value));
        Points::new(curve.name.as_str(), points)
    });
    Numbers {
        span: Some((ms(curves.range.from), ms(curves.range.to))),
        lines: lines.collect(),
    }
}
