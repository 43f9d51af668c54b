//! The three doors: the demo company, a file, and samples over HTTP; and this host, already moving.

use api::{DemoState, Topic};
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_meta::Title;
use ui::{Button, ButtonKind, ButtonLink, Card, Code, Glyph, PageHead, Skeleton, Sparkline};

use crate::awaited::awaited;
use crate::frame::{SessionContext, StartDemo, own_address};
use crate::imports::UploadForm;
use crate::live;
use crate::offer::MayOnlyLook;
use crate::problem::{FormProblem, Problem};
use crate::rpc;
use crate::wire;

/// This host's series; empty where it is not watched.
#[server(input = GetUrl, output = Postcard)]
pub async fn this_host() -> rpc::Answer<Option<api::SeriesPage>> {
    let (services, caller) = rpc::ctx()?;
    let sources = services.sources.list(&caller).await?;
    let Some((host, _)) = sources
        .into_iter()
        .find(|(s, _)| s.kind == api::SourceKind::Host)
    else {
        return Ok(None);
    };
    let filter = api::SeriesFilter {
        source: Some(host.id),
        limit: 8,
        ..api::SeriesFilter::default()
    };
    Ok(Some(services.series.list(&caller, filter).await?))
}

/// The page where data is added.
#[component]
pub fn Welcome() -> impl IntoView {
    let demo = ServerAction::<StartDemo>::new();
    let SessionContext(session) = expect_context();
    view! {
        <Title text="Add data"/>
        <PageHead title="Add data" lede="Three doors. This host is already in: its numbers move below."/>
        <FormProblem answer=demo.value()/>
        <Transition fallback=|| view! { <Card><Skeleton lines=6/></Card> }>
            {awaited(move || async move {
                match session.await {
                    Ok(session) if session.may_write => {
                        view! {
                            <Doors
                                demo
                                state=session.demo
                                public=session.public
                                may_manage=session.may_manage
                            />
                        }
                            .into_any()
                    }
                    Ok(_) => view! { <MayOnlyLook/> }.into_any(),
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Transition>
        <ThisHost/>
    }
}

#[component]
fn Doors(
    demo: ServerAction<StartDemo>,
    state: DemoState,
    /// The address that the server is set up for.
    public: String,
    /// Whether they may make a key.
    may_manage: bool,
) -> impl IntoView {
    let address = own_address(public);
    let example = Signal::derive(move || {
        address.with(|address| {
            format!(
                "curl -X POST {address}/api/v1/samples \\\n  -H 'Authorization: Bearer KEY' \\\n  -d '{{\"samples\":[{{\"name\":\"orders\",\"labels\":{{\"shop\":\"eu\"}},\"value\":12}}]}}'"
            )
        })
    });
    view! {
        <div class="doors">
            <Card title="Explore the demo company">
                <p>"Two years of a maker-merchant: 40 products, three machines, four servers, a cloud bill. One click removes it."</p>
                {match state {
                    DemoState::Present => view! { <ButtonLink href="/">"It is there: see the Runway"</ButtonLink> }.into_any(),
                    _ => {
                        view! {
                            <ActionForm action=demo>
                                <Button kind=ButtonKind::Primary icon=Glyph::Box busy=demo.pending()>
                                    "Make it"
                                </Button>
                            </ActionForm>
                        }
                            .into_any()
                    }
                }}
            </Card>
            <Card title="Drop a table">
                <UploadForm/>
            </Card>
            <Card title="Send samples over HTTP">
                <p>"Make a key that may send, and send. A series appears with its first sample."</p>
                <Code text=example label="An example for curl"/>
                {if may_manage {
                    view! { <ButtonLink href="/settings" icon=Glyph::Key>"Make a key"</ButtonLink> }.into_any()
                } else {
                    view! { <p class="quiet">"An administrator makes the key."</p> }.into_any()
                }}
            </Card>
        </div>
    }
}

/// This host's own numbers, moving.
#[component]
fn ThisHost() -> impl IntoView {
    // The first numbers come half a second after the start: then the list changes and this refetches.
    let stream = live::live();
    let host = wire::load(move || stream.version(Topic::Series), |_| this_host());
    view! {
        <Transition fallback=|| view! { <Card><Skeleton/></Card> }>
            {awaited(move || async move {
                match host.await {
                    Ok(Some(page)) => {
                        let tiles = page.series.into_iter().zip(page.sparks);
                        view! {
                            <div class="tiles">
                                {tiles.map(|(series, spark)| view! { <Tile series spark/> }).collect_view()}
                            </div>
                        }
                            .into_any()
                    }
                    Ok(None) => ().into_any(),
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// How many values a tile's line shows.
const SPARK: usize = 40;

#[component]
fn Tile(series: api::Series, spark: Vec<Option<f64>>) -> impl IntoView {
    let stream = live::live();
    let unit = series.unit.word().to_owned();
    let values = RwSignal::new(spark);
    let newest = RwSignal::new(series.last.and_then(|p| p.value));
    let id = series.id.clone();
    Effect::new(move || {
        let batch = stream.points.get();
        if let Some(point) = batch.iter().rev().find(|p| p.series == id) {
            newest.set(Some(point.value));
            values.update(|values| {
                values.push(Some(point.value));
                let extra = values.len().saturating_sub(SPARK);
                values.drain(..extra);
            });
        }
    });
    view! {
        <a class="tile" href=format!("/series/{}", series.id)>
            <span class="tile-name">{series.title}</span>
            <span class="tile-value num">{move || ui::number_text(newest.get(), &unit)}</span>
            {move || view! { <Sparkline values=values.get()/> }}
        </a>
    }
}
