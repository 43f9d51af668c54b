//! One series: its chart with what is foreseen, how good such forecasts were, its limit.

use api::{ForecastPoint, Instant, Point, Points, Series, Topic};
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};
use ui::{
    Badge, Button, ButtonKind, ButtonLink, Card, Glyph, Notice, PageHead, Skeleton, Tone, When,
};

use super::chart::Drawn;
use super::errors::errors_view;
use super::foreseen::Foreseen;
use super::happened::happened_view;
use super::limit::{self, ChangeSeries, LimitForm, NameForm, SetLimit};
use super::made::{ChangeModel, made_view};
use super::plot::{Plot, ranges_view};
use super::unusual::{Say, UnusualCard, ribbon_view};
use crate::awaited::awaited;
use crate::live;
use crate::problem::{FormProblem, Problem, tell};
use crate::range::{self, Asked};
use crate::rpc;
use crate::told::errors::Errors;
use crate::told::event::Happened;
use crate::told::future::{Future, limit_words};
use crate::told::model::Made;
use crate::told::{Ribbon, Shown};
use crate::wire;

/// A series with its points and its forecast: all that its page shows.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Detail {
    /// The series.
    pub series: Series,
    /// Its points in the range.
    pub points: Points,
    /// What is foreseen of it, or why nothing is.
    pub future: Result<Future, String>,
    /// The same as its chart draws it; empty where nothing is foreseen.
    pub foreseen: Vec<ForecastPoint>,
    /// What is unusual in the range.
    pub unusual: Shown,
    /// Which of its points are findings.
    pub marks: Vec<Point>,
    /// How unusual each stretch of the range was.
    pub ribbon: Option<Ribbon>,
    /// What happened meanwhile.
    pub happened: Happened,
    /// How its forecast is made, where there is a model.
    pub made: Option<Made>,
    /// How its models did since they were fitted, where there is one.
    pub errors: Option<Errors>,
    /// The option tree of its chart, without the points.
    pub tree: String,
    /// Whether the person may change it. Here and not from the session, which would have every card
    /// wait for itself in the browser (ADR 6).
    pub may_write: bool,
}

/// A series over the range that the address asks for.
#[server(input = GetUrl, output = Postcard)]
pub async fn load_detail(
    id: String,
    range: String,
    from: String,
    to: String,
) -> rpc::Answer<Detail> {
    let (services, caller) = rpc::ctx()?;
    let id = api::SeriesId(id);
    let series = services.series.get(&caller, &id).await?;
    let asked = range::asked(Some(&range), Some(&from), Some(&to));
    let now = services.series.now(&caller).await?;
    // A series that ended long ago is shown where it has data, not as an empty chart.
    let until = match (&asked, series.last) {
        (Asked::Fitting, Some(last)) => last.at.min(now),
        _ => now,
    };
    let range = asked.resolve(until, series.first_at);
    // More points than a wide screen has places are not seen.
    let points = services.series.points(&caller, &id, range, 1_200).await?;
    let forecast = services.forecasts.get(&caller, &id).await?;
    let (future, foreseen) = match crate::told::future::future(forecast, &series, points.now) {
        Ok((told, points)) => (Ok(told), points),
        Err(why) => (Err(why), Vec::new()),
    };
    let unusual = services.findings.unusual(&caller, &id, range).await?;
    let marks = crate::told::marks(&unusual.findings, &points.points, points.range);
    let end = super::chart::shown_until(points.range, &foreseen);
    let ribbon = crate::told::ribbon(
        &unusual.ribbon,
        unusual.sensitivity.threshold,
        (points.range, end),
    );
    let versions = services.models.versions(&caller, &id).await?;
    let errors = services.models.errors(&caller, &id).await?;
    let seen = api::Range {
        from: points.range.from,
        to: end,
    };
    let happened = services.events.marks(&caller, &id, seen).await?;
    let tree = crate::trees::of_series(
        &series,
        future.is_ok(),
        !marks.is_empty(),
        (&happened, &unusual.changes),
    );
    let tree = crate::trees::written(&tree);
    let me = services.accounts.me(&caller).await?;
    let may = me.role.permissions();
    let may_write = may.contains(&api::Permission::MonitoringWrite);
    let made = crate::told::model::made(&versions, may_write);
    let errors = made.is_some().then(|| crate::told::errors::errors(&errors));
    let unit = series.unit.word();
    let happened = crate::told::event::happened(&happened, &unusual.changes, unit);
    Ok(Detail {
        series,
        points,
        future,
        foreseen,
        unusual: crate::told::shown(&unusual),
        marks,
        ribbon,
        happened,
        made,
        errors,
        tree,
        may_write,
    })
}

/// Computes the forecast anew.
#[server(output = Postcard)]
pub async fn refresh_forecast(id: String) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    services
        .forecasts
        .refresh(&caller, &api::SeriesId(id))
        .await?;
    Ok(())
}

/// The page of one series.
#[component]
pub fn SeriesDetail() -> impl IntoView {
    let stream = live::live();
    let params = use_params_map();
    let query = use_query_map();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    let word = |name: &'static str| Memo::new(move |_| query.read().get(name).unwrap_or_default());
    let (range, from, to) = (word("range"), word("from"), word("to"));
    let as_table = Memo::new(move |_| query.read().get("view").as_deref() == Some("table"));
    let set_limit = ServerAction::<SetLimit>::new();
    let change = ServerAction::<ChangeSeries>::new();
    let refresh = ServerAction::<RefreshForecast>::new();
    let say = ServerAction::<Say>::new();
    let model = ServerAction::<ChangeModel>::new();
    let detail = wire::load(
        move || {
            let versions = (
                (say.version().get(), model.version().get()),
                set_limit.version().get(),
                change.version().get(),
                refresh.version().get(),
                stream.version(Topic::Forecasts),
                stream.version(Topic::Findings),
            );
            (id.get(), range.get(), from.get(), to.get(), versions)
        },
        |(id, range, from, to, _)| load_detail(id, range, from, to),
    );
    tell_of_limit(set_limit, detail);
    tell(change.value(), "Name and unit saved");
    tell(say.value(), "Noted: the sensitivity follows");
    let asked = move || range::asked(Some(&range.get()), Some(&from.get()), Some(&to.get()));
    view! {
        <Transition fallback=|| view! { <Card><Skeleton block=true/></Card> }>
            {awaited(move || async move {
                match detail.await {
                    Ok(detail) => {
                        view! {
                            <Body
                                detail
                                asked=asked()
                                as_table=as_table.get_untracked()
                                set_limit
                                change
                                refresh
                                say
                                model
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

/// Says that a limit was saved, and offers the one before.
fn tell_of_limit(action: ServerAction<SetLimit>, detail: wire::Loaded<Detail>) {
    let toasts = ui::use_toasts();
    // The answer arrives before the page's new data: what it shows still is what was.
    Effect::new(move || {
        if !matches!(action.value().get(), Some(Ok(()))) {
            return;
        }
        let shown = detail.get_untracked().and_then(Result::ok);
        let Some(series) = shown.map(|shown| shown.series) else {
            return;
        };
        let before = limit::unset(series);
        let undo = Callback::new(move |()| {
            action.dispatch(before.clone());
        });
        toasts.undoable("Limit saved", undo);
    });
}

#[component]
fn Body(
    detail: Detail,
    asked: Asked,
    as_table: bool,
    set_limit: ServerAction<SetLimit>,
    change: ServerAction<ChangeSeries>,
    refresh: ServerAction<RefreshForecast>,
    say: ServerAction<Say>,
    model: ServerAction<ChangeModel>,
) -> impl IntoView {
    let Detail {
        series,
        points,
        future,
        foreseen,
        unusual,
        marks,
        ribbon,
        happened,
        made,
        errors,
        tree,
        may_write,
    } = detail;
    let now = points.now;
    let drawn = Drawn {
        series: series.clone(),
        unusual: marks,
        points: points.points,
        foreseen,
        range: points.range,
    };
    let title = series.title.clone();
    let own = format!("/series/{}", series.id);
    let csv = format!(
        "/series/{}/export.csv?from={}&to={}",
        series.id, drawn.range.from.0, drawn.range.to.0
    );
    let promote = format!("/calendar/entry?series={}", series.id);
    let similar = format!("/similar/{}", series.id);
    let reorder = series
        .is_stock()
        .then(|| format!("/reorders/{}", series.id));
    let lede = lede(&series);
    let lines = happened.lines.iter();
    let upright = lines.filter_map(|line| Some((line.at?, line.name.clone())));
    let upright = upright.collect::<Vec<_>>();
    view! {
        <Title text=title.clone()/>
        <PageHead
            title=title
            lede=lede
            actions=move || {
                view! {
                    {reorder
                        .clone()
                        .map(|href| view! { <ButtonLink href=href icon=Glyph::Cash>"What to order"</ButtonLink> })}
                    {may_write
                        .then(|| view! { <ButtonLink href=promote.clone() icon=Glyph::Calendar>"Add a promotion"</ButtonLink> })}
                    <ButtonLink href=similar.clone()>"Similar past"</ButtonLink>
                    <ButtonLink href=csv.clone() icon=Glyph::Download>"CSV"</ButtonLink>
                }
            }
        />
        <FormProblem answer=set_limit.value()/>
        <FormProblem answer=refresh.value()/>
        <FormProblem answer=model.value()/>
        <Facts series=series.clone() now/>
        <Card title="History and forecast" note=samples_note(points.samples, drawn.points.len())>
            {ranges_view(&own, &asked, as_table)}
            <Plot drawn tree moves=asked.moves() as_table marks=upright/>
            {ribbon_view(ribbon)}
        </Card>
        {happened_view(happened)}
        {match future {
            Ok(future) => view! { <Foreseen future/> }.into_any(),
            Err(why) => {
                view! { <Notice tone=Tone::Neutral title="No forecast" means=format!("Unknown: {why}.")/> }.into_any()
            }
        }}
        {made_view(made, series.id.as_str(), model)}
        {errors_view(errors, as_table)}
        <UnusualCard shown=unusual series=series.id.clone() action=say may_write/>
        {may_write.then(|| view! {
            <LimitForm series=series.clone() action=set_limit/>
            <NameForm series=series.clone() action=change/>
            <ActionForm action=refresh>
                <input type="hidden" name="id" value=series.id.0.clone()/>
                <Button kind=ButtonKind::Quiet icon=Glyph::Refresh busy=refresh.pending()>
                    "Compute the forecast anew"
                </Button>
            </ActionForm>
        })}
    }
}

fn lede(series: &Series) -> String {
    let labels = series
        .labels
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect::<Vec<_>>()
        .join(", ");
    let name = if labels.is_empty() {
        series.name.clone()
    } else {
        format!("{} · {labels}", series.name)
    };
    format!("{name} · from {}", series.source_name)
}

fn samples_note(samples: u64, drawn: usize) -> String {
    let all = api::grouped(samples);
    if samples as f64 > drawn as f64 {
        format!("{all} samples, thinned to what a chart can show")
    } else {
        format!("{all} samples")
    }
}

/// The newest value, moving; since when; and whether it is silent.
#[component]
fn Facts(series: Series, now: Instant) -> impl IntoView {
    let stream = live::live();
    let unit = series.unit.word().to_owned();
    let newest = RwSignal::new(series.last);
    let id = series.id.clone();
    Effect::new(move || {
        let batch = stream.points.get();
        let own = batch.iter().filter(|point| point.series == id);
        // A batch may be older than what the page was just told: it is still there after a refetch.
        let known = newest.get_untracked().map(|point| point.at);
        if let Some(point) = own
            .max_by_key(|point| point.at)
            .filter(|p| Some(p.at) >= known)
        {
            newest.set(Some(Point {
                at: point.at,
                value: Some(point.value),
            }));
        }
    });
    let at = Signal::derive(move || newest.get().map_or(0, |p| p.at.0));
    let seen = series.last.is_some();
    view! {
        <div class="facts">
            <span class="fact">
                <span class="fact-name">"Newest"</span>
                <span class="fact-value num">
                    {
                        let unit = unit.clone();
                        move || ui::number_text(newest.get().and_then(|p| p.value), &unit)
                    }
                </span>
                {seen.then(|| view! { <span class="quiet"><When at/></span> })}
            </span>
            <span class="fact">
                <span class="fact-name">"Limit"</span>
                <span class="fact-value">
                    {series.limit.map_or_else(|| "none".to_owned(), |l| limit_words(l, &unit))}
                </span>
            </span>
            {series
                .stale_since
                .map(|since| {
                    let words = format!("silent for {}", ui::span_text(now.seconds_since(since)));
                    view! { <Badge tone=Tone::Warning label=words/> }
                })}
        </div>
    }
}
