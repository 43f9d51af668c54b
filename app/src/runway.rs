//! The home page: what runs out, breaks or goes over next.

use api::Topic;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_meta::Title;
use ui::{Card, Empty, Glyph, PageHead, Runway, RunwayStrip, Skeleton};

use crate::awaited::awaited;
use crate::live;
use crate::offer::AddData;
use crate::only::{Shown, use_shown};
use crate::problem::Problem;
use crate::rpc;
use crate::told::runway::{Lines, Seen};
use crate::wire;

/// The Runway. `only` is `business`, `machine` or empty.
#[server(input = GetUrl, output = Postcard)]
pub async fn load_runway(only: String, clear: bool) -> rpc::Answer<Lines> {
    let (services, caller) = rpc::ctx()?;
    let filter = api::RunwayFilter {
        domain: crate::told::domain(&only),
        with_clear: clear,
    };
    let list = services.runway.list(&caller, filter).await?;
    Ok(crate::told::runway::lines(&list))
}

/// The home page.
#[component]
pub fn RunwayPage() -> impl IntoView {
    let stream = live::live();
    let shown = use_shown("/", "clear");
    let runway = wire::load(
        move || {
            (
                shown.only.get(),
                shown.all.get(),
                stream.version(Topic::Forecasts),
                (stream.version(Topic::Demo), stream.version(Topic::Findings)),
            )
        },
        |(only, clear, ..)| load_runway(only, clear),
    );
    view! {
        <Title text="Runway"/>
        <PageHead
            title="Runway"
            lede="What runs out, breaks or goes over next, and how sure that is."
            actions=move || shown.choice()
        />
        <Transition fallback=|| view! { <Card><Skeleton lines=10/></Card> }>
            {awaited(move || async move {
                match runway.await {
                    Ok(lines) => view! { <List lines shown/> }.into_any(),
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn List(lines: Lines, shown: Shown) -> impl IntoView {
    let Lines {
        strips,
        unusual,
        all,
        some_clear,
        clear: quiet,
        without_limit,
    } = lines;
    view! {
        {if strips.is_empty() {
            view! { <Nothing some_clear/> }.into_any()
        } else {
            let strips = strips.into_iter().map(|strip| view! { <RunwayStrip strip/> });
            view! { <Runway>{strips.collect_view()}</Runway> }.into_any()
        }}
        <UnusualNow unusual all/>
        <p class="list-foot quiet">
            {(!quiet.is_empty())
                .then(|| {
                    view! {
                        {quiet}
                        " "
                        {shown.toggle()}
                        " "
                    }
                })}
            {(!without_limit.is_empty())
                .then(|| {
                    view! {
                        {without_limit}
                        " "
                        <a href="/series">"set one"</a>
                        " and they are watched."
                    }
                })}
        </p>
    }
}

/// What was unusual within the last day, if anything was.
#[component]
fn UnusualNow(unusual: Vec<Seen>, all: String) -> impl IntoView {
    (!unusual.is_empty()).then(|| {
        view! {
            <Card title="Unusual now">
                <ul class="glimpses">{unusual.into_iter().map(glimpse).collect_view()}</ul>
                <p><a href="/findings">{all}</a></p>
            </Card>
        }
    })
}

fn glimpse(seen: Seen) -> impl IntoView {
    view! {
        <li>
            <a href=seen.href>{seen.title}</a>
            " "
            <span class="num">{seen.words}</span>
            <span class="quiet">{seen.until}</span>
        </li>
    }
}

#[component]
fn Nothing(some_clear: bool) -> impl IntoView {
    if some_clear {
        view! {
            <Empty
                title="Nothing runs out, breaks or goes over"
                text="Every series with a limit stays clear of it as far as can be seen."
                icon=Glyph::Check
            />
        }
        .into_any()
    } else {
        view! {
            <Empty
                title="Nothing is watched yet"
                text="A series with a limit appears here: a disk at 95 %, stock at 0, a budget."
                icon=Glyph::Runway
            >
                <AddData/>
            </Empty>
        }
        .into_any()
    }
}
