//! Boards: ready-made panels over the metrics of widespread exporters, for one instance at a time.

use api::{BoardKind, Topic};
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_meta::Title;
use leptos_router::components::Form;
use leptos_router::hooks::{use_params_map, use_query_map};
use std::time::Duration;
use ui::{
    Button, ButtonLink, Card, Column, Empty, Glyph, Notice, PageHead, Segmented, Select,
    SelectOption, Skeleton, StaticLines, Table, Tone, line_class,
};

use crate::awaited::awaited;
use crate::live;
use crate::problem::Problem;
use crate::range;
use crate::rpc;
use crate::told::board::{Choice, Line, Panel, Told};
use crate::wire;

/// How often a board is drawn anew at most while metrics come in, in seconds.
const LEAST_PAUSE: i64 = 10;
/// How many steps a chart has, about: what is new within less than one of them is not seen.
const STEPS: i64 = 300;
/// The range that is shown unless another is asked for.
const USUAL: &str = "3h";

/// The boards that have something to show.
#[server(input = GetUrl, output = Postcard)]
pub async fn list_boards() -> rpc::Answer<Vec<Choice>> {
    let (services, caller) = rpc::ctx()?;
    let found = services.boards.boards(&caller).await?;
    Ok(crate::told::board::choices(found))
}

/// A board of an instance; of the first one where none is named.
#[server(input = GetUrl, output = Postcard)]
pub async fn load_board(kind: String, instance: String, range: String) -> rpc::Answer<Told> {
    let (services, caller) = rpc::ctx()?;
    let now = services.series.now(&caller).await?;
    let word = if range.is_empty() { USUAL } else { &range };
    let stretch = range::asked(Some(word), None, None);
    let stretch = stretch.resolve(now, Some(now.minus(api::Instant::HOUR)));
    let instance = Some(instance.as_str()).filter(|name| !name.is_empty());
    let board = services.boards.board(&caller, &kind, instance, stretch);
    Ok(crate::told::board::told(board.await?, stretch, word))
}

/// The boards that can be opened.
#[component]
pub fn BoardsPage() -> impl IntoView {
    let stream = live::live();
    let boards = wire::load(move || stream.version(Topic::Sources), |_| list_boards());
    view! {
        <Title text="Boards"/>
        <PageHead
            title="Boards"
            lede="Ready-made charts of what widespread exporters send, for each instance that sent something within the last day."
        />
        <Transition fallback=|| view! { <Card><Skeleton lines=4/></Card> }>
            {awaited(move || async move {
                match boards.await {
                    Ok(found) if found.is_empty() => view! { <NoBoards/> }.into_any(),
                    Ok(found) => {
                        let columns = vec![
                            Column::text("Board"),
                            Column::text("Sent by"),
                            Column::text("Instances"),
                        ];
                        view! {
                            <Card flush=true>
                                <Table caption="Boards" columns>
                                    {found.into_iter().map(choice).collect_view()}
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

#[component]
fn NoBoards() -> impl IntoView {
    view! {
        <Empty
            title="No boards yet"
            text="They come by themselves once node_exporter, postgres_exporter or redis_exporter is scraped, here or by a Prometheus that writes to Millrace. Millrace's own /metrics has one, too."
            icon=Glyph::Chart
        >
            <ButtonLink href="/sources/scrape" icon=Glyph::Plus>"Scrape a target"</ButtonLink>
        </Empty>
    }
}

fn choice(choice: Choice) -> impl IntoView {
    let instances = choice.instances.into_iter().map(|(name, href)| {
        view! { <li><a href=href>{name}</a></li> }
    });
    view! {
        <tr>
            <td data-label="Board">{choice.title}</td>
            <td data-label="Sent by"><code>{choice.exporter}</code></td>
            <td data-label="Instances"><ul class="name-list">{instances.collect_view()}</ul></td>
        </tr>
    }
}

/// One board.
#[component]
pub fn BoardPage() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        let of = |name: &str| query.read().get(name).unwrap_or_default();
        let kind = params.read().get("kind").unwrap_or_default();
        (kind, of("instance"), of("range"))
    });
    let turn = now_and_then(asked);
    let board = wire::load(
        move || (asked.get(), turn.get()),
        |((kind, instance, range), _)| load_board(kind, instance, range),
    );
    let title = move || {
        let kind = BoardKind::of_word(&asked.read().0);
        kind.map_or("Board", BoardKind::title)
    };
    view! {
        <Title text=title/>
        <PageHead
            title=Signal::derive(move || title().to_owned())
            lede="Each chart leads to the same expression in Explore, where it can be zoomed, changed and watched."
        />
        <Transition fallback=|| view! { <Card><Skeleton block=true/></Card> }>
            {awaited(move || async move {
                match board.await {
                    Ok(told) => view! { <Shown told asked=asked.get_untracked()/> }.into_any(),
                    Err(failure) => {
                        view! {
                            <Problem failure/>
                            <ButtonLink href="/boards">"All boards"</ButtonLink>
                        }
                            .into_any()
                    }
                }
            })}
        </Transition>
    }
}

/// Counts up while metrics come in, and no faster than the chart of that range has steps.
fn now_and_then(asked: Memo<(String, String, String)>) -> RwSignal<u32> {
    let stream = live::live();
    let turn = RwSignal::new(0);
    let waiting = StoredValue::new(false);
    Effect::new(move |before: Option<u32>| {
        let version = stream.version(Topic::Metrics);
        if before.is_some_and(|before| before != version) && !waiting.get_value() {
            waiting.set_value(true);
            let again = move || {
                waiting.try_set_value(false);
                turn.try_update(|turn| *turn += 1);
            };
            let seconds = asked.with_untracked(|(.., word)| match word.as_str() {
                "" => range::seconds(USUAL),
                word => range::seconds(word),
            });
            let pause = (seconds.unwrap_or(0) / STEPS).max(LEAST_PAUSE);
            set_timeout(again, Duration::from_secs(pause.unsigned_abs()));
        }
        version
    });
    turn
}

#[component]
fn Shown(told: Told, asked: (String, String, String)) -> impl IntoView {
    let (kind, _, range) = asked;
    let word = if range.is_empty() {
        USUAL.to_owned()
    } else {
        range.clone()
    };
    let own = format!("/boards/{kind}?instance={}", range::escape(&told.instance));
    let segments = range::segments(&range::asked(Some(&word), None, None), |word| {
        // A store of many series has no first sample to begin at.
        (word != "all").then(|| format!("{own}&range={word}"))
    });
    let span = told.span;
    let without = told.without;
    view! {
        <div class="toolbar">
            <Segmented label="Time range" segments=Signal::stored(segments)/>
            <Instances kind instances=told.instances instance=told.instance range/>
        </div>
        <div class="board">
            {told.panels.into_iter().map(|one| view! { <PanelCard panel=one span/> }).collect_view()}
        </div>
        {(!without.is_empty())
            .then(|| {
                let title = format!("Nothing came of: {without}");
                view! {
                    <Notice
                        tone=Tone::Neutral
                        title
                        means="This instance does not send their metrics, or has not yet sent enough of them for a rate."
                    />
                }
            })}
    }
}

/// Which instance: a name where there is one, a choice where there are more.
#[component]
fn Instances(
    kind: String,
    instances: Vec<String>,
    instance: String,
    range: String,
) -> impl IntoView {
    if instances.len() < 2 {
        return view! { <code>{instance}</code> }.into_any();
    }
    let options = instances
        .into_iter()
        .map(|name| SelectOption::new(name.clone(), name));
    let options = options.collect::<Vec<_>>();
    view! {
        <Form method="GET" action=format!("/boards/{kind}") attr:class="row-form">
            <Select name="instance" label="Instance" options value=instance/>
            {(!range.is_empty()).then(|| view! { <input type="hidden" name="range" value=range/> })}
            <Button small=true>"Show"</Button>
        </Form>
    }
    .into_any()
}

#[component]
fn PanelCard(panel: Panel, span: (i64, i64)) -> impl IntoView {
    let Panel {
        title,
        unit,
        href,
        pace: (first, step),
        lines,
        more,
        problem,
    } = panel;
    let drawn = lines.iter().map(|line| {
        let at = (0..).map(|place| first + step * place);
        let values = line.values.iter().map(|value| value.map(f64::from));
        at.zip(values).collect()
    });
    let drawn = drawn.collect::<Vec<_>>();
    let label = format!("{title} over time");
    view! {
        <section class="card">
            <header class="card-head"><h2><a href=href>{title}</a></h2></header>
            <div class="card-body">
            {if problem.is_empty() {
                view! {
                    <StaticLines lines=drawn unit span label/>
                    <ul class="legend">{lines.into_iter().enumerate().map(legend).collect_view()}</ul>
                    {(!more.is_empty()).then(|| view! { <p class="quiet">{more}</p> })}
                }
                    .into_any()
            } else {
                view! { <p class="unknown chart-none">{problem}</p> }.into_any()
            }}
            </div>
        </section>
    }
}

fn legend((place, line): (usize, Line)) -> impl IntoView {
    view! {
        <li>
            <span class=format!("legend-dot {}", line_class(place))></span>
            <span class="legend-name">{line.name}</span>
            <span class="num">{line.newest}</span>
        </li>
    }
}
