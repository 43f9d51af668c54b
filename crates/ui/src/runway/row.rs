//! The list and its lines: what it is, where it has been, when it ends, how sure, what is at stake,
//! and the one thing to do.

use super::axis::RunwayAxis;
use super::strip::{Reach, Strip, reach_text};
use crate::badge::Tone;
use crate::live::StaleMark;
use crate::spark::Sparkline;
use crate::text::likely_text;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// One line of the Runway, as plain values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StripView {
    /// What it is: "SKU-7 Walnut tray".
    pub title: String,
    /// What about it: "stock, runs out at 0".
    pub subtitle: String,
    /// Its own page.
    pub href: String,
    /// Its recent values, evenly apart; gaps are none.
    pub spark: Vec<Option<f64>>,
    /// The limit, on the scale of `spark`.
    pub limit: Option<f64>,
    /// When the limit will be reached.
    pub reach: Reach,
    /// How urgent that is.
    pub tone: Tone,
    /// How sure, from 0 to 1; none where nothing is foreseen.
    pub confidence: Option<f64>,
    /// What is at stake: "1 240 €", "shop down".
    pub stake: Option<String>,
    /// The data is old, and how: "no data for 3 h".
    pub stale: Option<String>,
    /// The one thing to do next.
    pub action: Option<StripAction>,
}

/// The one thing to do about a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StripAction {
    /// "Draft order".
    pub label: String,
    /// Where it leads, or where it is posted to.
    pub href: String,
    /// It changes something, so it is a form and not a link.
    pub post: bool,
}

/// The list: the axis, which stays in sight, and its lines (`RunwayStrip`) as children.
#[component]
pub fn Runway(
    /// What the list shows, for screen readers.
    #[prop(default = "What is reached next".to_owned(), into)]
    label: String,
    /// The lines.
    children: Children,
) -> impl IntoView {
    view! {
        <section class="runway" aria-label=label>
            // Heads for the eye only: each line says what its values are.
            <div class="runway-row runway-head" aria-hidden="true">
                <span class="runway-what">"What"</span>
                <span class="runway-spark">"Recent"</span>
                <div class="runway-strip">
                    <RunwayAxis/>
                </div>
                <span class="runway-when">"Reached"</span>
                <span class="runway-sure">"Sure"</span>
                <span class="runway-stake">"At stake"</span>
                <span class="runway-action"></span>
            </div>
            <ol class="runway-list">{children()}</ol>
        </section>
    }
}

/// One line of the list.
#[component]
pub fn RunwayStrip(
    /// What it says.
    strip: StripView,
) -> impl IntoView {
    let StripView {
        title,
        subtitle,
        href,
        spark,
        limit,
        reach,
        tone,
        confidence,
        stake,
        stale,
        action,
    } = strip;
    let over = matches!(reach, Reach::Over { .. });
    let when = reach_text(&reach);
    let when_class = match reach {
        Reach::Over { .. } => "runway-when num tone-alert",
        Reach::In { .. } => "runway-when num",
        Reach::Clear { .. } | Reach::Unknown { .. } => "runway-when num quiet",
    };
    let sure = match (confidence, over) {
        (Some(share), false) => Some(likely_text(share)),
        _ => None,
    };
    let is_stale = stale.is_some();
    view! {
        <li class="runway-row">
            <div class="runway-what">
                <a class="runway-title" href=href title=title.clone()>
                    {title.clone()}
                </a>
                <span class="runway-subtitle">{subtitle}</span>
                {stale.map(|reason| view! { <StaleMark reason=reason/> })}
            </div>
            <div class="runway-spark">
                {(!spark.is_empty())
                    .then(|| match limit {
                        Some(limit) => view! { <Sparkline values=spark limit=limit/> }.into_any(),
                        None => view! { <Sparkline values=spark/> }.into_any(),
                    })}
            </div>
            <div class="runway-strip">
                <Strip reach=reach tone=tone stale=is_stale/>
            </div>
            <span class=when_class>{when}</span>
            <span class="runway-sure num" data-label="sure">
                {sure}
            </span>
            <span class="runway-stake num" data-label="at stake">
                {stake}
            </span>
            <div class="runway-action">{action.map(|action| action_view(action, &title))}</div>
        </li>
    }
}

fn action_view(action: StripAction, title: &str) -> impl IntoView + use<> {
    // "Draft order" fifty times over says nothing in a list of links.
    let label = format!("{}: {title}", action.label);
    if action.post {
        view! {
            <form method="post" action=action.href>
                <button type="submit" class="btn btn-small" aria-label=label>
                    {action.label}
                </button>
            </form>
        }
        .into_any()
    } else {
        view! {
            <a class="btn btn-small" href=action.href aria-label=label>
                {action.label}
            </a>
        }
        .into_any()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip() -> StripView {
        StripView {
            title: "SKU-7 Walnut tray".to_owned(),
            subtitle: "runs out at 0".to_owned(),
            href: "/series/7".to_owned(),
            spark: vec![Some(3.0), None, Some(1.0)],
            limit: Some(0.0),
            reach: Reach::Unknown {
                reason: "no values yet".to_owned(),
            },
            tone: Tone::Warning,
            confidence: None,
            stake: None,
            stale: Some("no data for 3 h".to_owned()),
            action: Some(StripAction {
                label: "Draft order".to_owned(),
                href: "/plans".to_owned(),
                post: true,
            }),
        }
    }

    #[test]
    fn an_unknown_line_has_no_zero_and_says_that_it_is_stale() {
        let html = Owner::new().with(|| view! { <RunwayStrip strip=strip()/> }.to_html());
        assert!(
            html.contains("no values yet") && html.contains("no data for 3 h"),
            "{html}"
        );
        assert!(
            !html.contains(">0<") && !html.contains("0\u{202f}%<"),
            "{html}"
        );
    }

    #[test]
    fn an_action_that_changes_something_is_a_form_that_names_the_thing() {
        let html = Owner::new().with(|| view! { <RunwayStrip strip=strip()/> }.to_html());
        assert!(html.contains("method=\"post\""), "{html}");
        assert!(html.contains("Draft order: SKU-7 Walnut tray"), "{html}");
    }

    #[test]
    fn no_line_has_a_style_attribute() {
        let html =
            Owner::new().with(|| view! { <Runway><RunwayStrip strip=strip()/></Runway> }.to_html());
        assert!(!html.contains("style="), "{html}");
    }
}
