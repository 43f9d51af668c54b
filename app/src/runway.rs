//! The home page: what runs out, breaks or goes over next.

use api::{Direction, Glimpse, Instant, Outlook, Runway as List, Stake, Strip, StripOrder, Topic};
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use ui::{
    Card, Empty, Glyph, PageHead, Reach, Runway, RunwayStrip, Segment, Segmented, Skeleton,
    StripAction, StripView, Tone,
};

use crate::awaited::awaited;
use crate::live;
use crate::offer::AddData;
use crate::problem::Problem;
use crate::rpc;
use crate::wire;

/// The Runway. `only` is `business`, `machine` or empty.
#[server(input = GetUrl, output = Postcard)]
pub async fn load_runway(only: String, clear: bool) -> rpc::Answer<List> {
    let (services, caller) = rpc::ctx()?;
    let domain = match only.as_str() {
        "business" => Some(api::Domain::Business),
        "machine" => Some(api::Domain::Machine),
        _ => None,
    };
    Ok(services
        .runway
        .list(
            &caller,
            api::RunwayFilter {
                domain,
                with_clear: clear,
            },
        )
        .await?)
}

/// The home page.
#[component]
pub fn RunwayPage() -> impl IntoView {
    let stream = live::live();
    let query = use_query_map();
    let only = Memo::new(move |_| query.read().get("only").unwrap_or_default());
    let clear = Memo::new(move |_| query.read().get("clear").is_some());
    let runway = wire::load(
        move || {
            (
                only.get(),
                clear.get(),
                stream.version(Topic::Forecasts),
                (stream.version(Topic::Demo), stream.version(Topic::Findings)),
            )
        },
        |(only, clear, ..)| load_runway(only, clear),
    );
    let segments = Signal::derive(move || {
        [
            ("", "Everything"),
            ("business", "Business"),
            ("machine", "Machines"),
        ]
        .map(|(value, label)| Segment::new(label, address(value, clear.get()), only.get() == value))
        .to_vec()
    });
    view! {
        <Title text="Runway"/>
        <PageHead
            title="Runway"
            lede="What runs out, breaks or goes over next, and how sure that is."
            actions=move || view! { <Segmented label="Which numbers" segments/> }
        />
        <Transition fallback=|| view! { <Card><Skeleton lines=10/></Card> }>
            {awaited(move || async move {
                match runway.await {
                    Ok(list) => view! { <Lines list only=only.get_untracked() clear=clear.get_untracked()/> }.into_any(),
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Transition>
    }
}

fn address(only: &str, clear: bool) -> String {
    match (only, clear) {
        ("", false) => "/".into(),
        ("", true) => "/?clear=1".into(),
        (only, false) => format!("/?only={only}"),
        (only, true) => format!("/?only={only}&clear=1"),
    }
}

#[component]
fn Lines(list: List, only: String, clear: bool) -> impl IntoView {
    let now = list.now;
    let quiet = list.clear;
    let empty = list.strips.is_empty();
    view! {
        {if empty {
            view! { <Nothing list=list.clone()/> }.into_any()
        } else {
            view! {
                <Runway>
                    {list.strips.iter().map(|s| view! { <RunwayStrip strip=strip_view(s, now)/> }).collect_view()}
                </Runway>
            }
                .into_any()
        }}
        <UnusualNow found=list.unusual now/>
        <p class="runway-foot quiet">
            {(quiet > 0)
                .then(|| {
                    let words = if clear { "Hide" } else { "Show" };
                    view! {
                        {api::grouped(quiet)}
                        " more will not reach their limit as far as can be seen. "
                        <a href=address(&only, !clear)>{words}" them"</a>
                        " "
                    }
                })}
            {(list.without_limit > 0)
                .then(|| {
                    view! {
                        {api::grouped(list.without_limit)}
                        " series have no limit: "
                        <a href="/series">"set one"</a>
                        " and they are watched."
                    }
                })}
        </p>
    }
}

/// What was unusual within the last day, if anything was.
#[component]
fn UnusualNow(found: Vec<Glimpse>, now: Instant) -> impl IntoView {
    (!found.is_empty()).then(|| {
        view! {
            <Card title="Unusual now">
                <ul class="glimpses">{found.into_iter().map(|one| glimpse(one, now)).collect_view()}</ul>
                <a href="/findings">"All findings"</a>
            </Card>
        }
    })
}

fn glimpse(found: Glimpse, now: Instant) -> impl IntoView {
    let words = seen_words(found.value, found.expected, &found.unit);
    let ago = ui::span_text(now.seconds_since(found.last));
    view! {
        <li>
            <a href=format!("/series/{}", found.series)>{found.title}</a>
            " "
            <span class="num">{words}</span>
            <span class="quiet">" · until " {ago} " ago"</span>
        </li>
    }
}

/// What was seen and what is usual there: `412 B, where 53 B is usual`.
pub fn seen_words(value: f64, expected: Option<f64>, unit: &str) -> String {
    let seen = ui::number_text(Some(value), unit);
    match expected {
        Some(_) => format!("{seen}, where {} is usual", ui::number_text(expected, unit)),
        None => seen,
    }
}

#[component]
fn Nothing(list: List) -> impl IntoView {
    if list.clear > 0 {
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

/// What is foreseen, in seconds from `now`.
pub fn reach(outlook: &Outlook, now: Instant) -> Reach {
    let from_now = |at: Instant| at.seconds_since(now).max(0.0);
    match outlook {
        Outlook::Over { since } => Reach::Over {
            since: Some(now.seconds_since(*since).max(0.0)),
        },
        Outlook::Reaches { crossing } => {
            let early = |band: Option<Instant>| {
                from_now(band.or(crossing.median).unwrap_or(crossing.horizon))
            };
            Reach::In {
                median: crossing
                    .median
                    .map_or_else(|| from_now(crossing.horizon), from_now),
                band_80: (early(crossing.lo80), crossing.hi80.map(from_now)),
                band_95: (early(crossing.lo95), crossing.hi95.map(from_now)),
            }
        }
        Outlook::Clear { crossing } => Reach::Clear {
            until: from_now(crossing.horizon),
        },
        Outlook::Unknown { why } => Reach::Unknown {
            reason: why.to_string(),
        },
    }
}

fn strip_view(strip: &Strip, now: Instant) -> StripView {
    let series = &strip.series;
    let href = format!("/series/{}", series.id);
    let reach = reach(&strip.outlook, now);
    let tone = match &reach {
        Reach::Over { .. } => Tone::Alert,
        Reach::In { median, .. } if *median < 3.0 * 86_400.0 => Tone::Alert,
        Reach::In { .. } => Tone::Warning,
        Reach::Clear { .. } | Reach::Unknown { .. } => Tone::Neutral,
    };
    let confidence = match &strip.outlook {
        Outlook::Reaches { crossing } => Some(crossing.probability),
        Outlook::Clear { crossing } => Some(1.0 - crossing.probability),
        _ => None,
    };
    StripView {
        title: series.title.clone(),
        subtitle: series
            .limit
            .map_or_else(String::new, |l| limit_words(l, series.unit.word())),
        href: href.clone(),
        spark: strip.spark.clone(),
        limit: series.limit.map(|l| l.value),
        reach,
        tone,
        confidence,
        stake: series.stake.as_ref().map(stake_words),
        stale: series
            .stale_since
            .map(|since| format!("no data for {}", ui::span_text(now.seconds_since(since)))),
        action: Some(match &strip.order {
            Some(order) => StripAction {
                label: order_words(order),
                href: format!("/reorders/{}", series.id),
                post: false,
            },
            None => StripAction {
                label: "Open".into(),
                href,
                post: false,
            },
        }),
    }
}

/// An order on a button: `Order 240 by Thu 26 Nov`.
fn order_words(order: &StripOrder) -> String {
    let much = ui::number_text(Some(order.quantity), "");
    if order.overdue {
        format!("Order {much} today")
    } else {
        format!("Order {much} by {}", ui::utc_day_text(order.by.0))
    }
}

/// A limit in words: `runs out at 0 units`, `breaks at 95 %`, `goes over 3 000 €`.
pub fn limit_words(limit: api::Limit, unit: &str) -> String {
    let value = ui::number_text(Some(limit.value), unit);
    match limit.direction {
        Direction::Falling => format!("runs out at {value}"),
        // A budget does not break, and neither does what somebody owes.
        Direction::Rising if matches!(api::Unit::of_word(unit), api::Unit::Money(_)) => {
            format!("goes over {value}")
        }
        Direction::Rising => format!("breaks at {value}"),
    }
}

fn stake_words(stake: &Stake) -> String {
    match stake {
        Stake::Money { minor, currency } => ui::money_short(*minor, currency),
        Stake::Words { text } => text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::{Crossing, WhyUnknown};

    fn crossing() -> Crossing {
        Crossing {
            limit: 0.0,
            already: false,
            median: Some(Instant(6 * Instant::DAY)),
            lo80: Some(Instant(4 * Instant::DAY)),
            hi80: Some(Instant(9 * Instant::DAY)),
            lo95: None,
            hi95: None,
            probability: 0.87,
            horizon: Instant(30 * Instant::DAY),
        }
    }

    #[test]
    fn a_crossing_is_told_in_seconds_from_now() {
        let Reach::In {
            median,
            band_80,
            band_95,
        } = reach(
            &Outlook::Reaches {
                crossing: crossing(),
            },
            Instant(Instant::DAY),
        )
        else {
            panic!("it will be reached")
        };
        assert!((median - 5.0 * 86_400.0).abs() < 1e-6);
        assert_eq!(band_80, (3.0 * 86_400.0, Some(8.0 * 86_400.0)));
        assert_eq!(band_95.1, None);
    }

    #[test]
    fn what_is_not_known_is_said_in_words_and_has_no_number() {
        let outlook = Outlook::Unknown {
            why: WhyUnknown::NotEnough { have: 9, need: 24 },
        };
        assert_eq!(
            reach(&outlook, Instant(0)),
            Reach::Unknown {
                reason: "not enough history yet (9 of 24 points)".into()
            }
        );
    }
}
