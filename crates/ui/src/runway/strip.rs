//! One strip: when a limit will be reached, as a band on the shared axis.

use super::axis::{HORIZON, StripGrid, axis_position, percent};
use crate::badge::Tone;
use crate::text::{range_text, span_text};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// When a limit will be reached, in seconds from now. The page measures from the instant at which
/// the server answered, not from a clock of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reach {
    /// It has been reached already.
    Over {
        /// How long ago, if that is known.
        since: Option<f64>,
    },
    /// It will be reached.
    In {
        /// The median.
        median: f64,
        /// The 80 % band; no upper end if that lies beyond what was forecast.
        band_80: (f64, Option<f64>),
        /// The 95 % band; no upper end if that lies beyond what was forecast.
        band_95: (f64, Option<f64>),
    },
    /// It will not be reached within this many seconds, as far as can be seen.
    Clear {
        /// How far was looked.
        until: f64,
    },
    /// Nobody can say.
    Unknown {
        /// Why: "not enough history yet (9 of 24 points)".
        reason: String,
    },
}

/// The reach in words: "in 6 d (4–9)", "reached 3 h ago" (it may be a stock that is out or a budget
/// that is over), "clear for 9 wk", "unknown". The range is
/// the 80 % band in the median's unit.
pub fn reach_text(reach: &Reach) -> String {
    match reach {
        Reach::Over { since: Some(since) } => format!("reached {} ago", span_text(*since)),
        Reach::Over { since: None } => "reached".to_owned(),
        Reach::In {
            median,
            band_80: (low, high),
            ..
        } => {
            format!(
                "in {} ({})",
                span_text(*median),
                range_text(*median, *low, *high)
            )
        }
        Reach::Clear { until } => format!("clear for {}", span_text(*until)),
        Reach::Unknown { .. } => "unknown".to_owned(),
    }
}

/// The reach as a sentence for those who do not see the strip.
fn reach_sentence(reach: &Reach) -> String {
    match reach {
        Reach::In {
            median,
            band_80,
            band_95,
        } => {
            let ends = |(low, high): (f64, Option<f64>)| match high {
                Some(high) => format!("between {} and {}", span_text(low), span_text(high)),
                None => format!("not before {}", span_text(low)),
            };
            format!(
                "Most likely in {}; {} at 80 %, {} at 95 %",
                span_text(*median),
                ends(*band_80),
                ends(*band_95)
            )
        }
        Reach::Unknown { reason } => format!("Unknown: {reason}"),
        Reach::Over { .. } | Reach::Clear { .. } => {
            let text = reach_text(reach);
            let mut letters = text.chars();
            letters.next().map_or_else(String::new, |first| {
                format!("{}{}", first.to_uppercase(), letters.as_str())
            })
        }
    }
}

/// A strip alone, for a page about one thing; in the list, [`super::RunwayStrip`] draws it.
#[component]
pub fn Strip(
    /// When the limit will be reached.
    reach: Reach,
    /// How urgent that is; a limit that is reached is always an alert.
    #[prop(default = Tone::Accent)]
    tone: Tone,
    /// The data is old: the strip is faded.
    #[prop(optional)]
    stale: bool,
) -> impl IntoView {
    let tone = match reach {
        Reach::Over { .. } => Tone::Alert,
        Reach::In { .. } => tone,
        Reach::Clear { .. } | Reach::Unknown { .. } => Tone::Neutral,
    };
    let class = format!(
        "strip {}{}",
        tone.class(),
        if stale { " strip-stale" } else { "" }
    );
    let sentence = reach_sentence(&reach);
    let on_hover = sentence.clone();
    // No text of the drawing, which could neither be wrapped nor stand on a ground of its own.
    let reason = match &reach {
        Reach::Unknown { reason } => Some(reason.clone()),
        _ => None,
    };
    let mark = match reach {
        Reach::Over { .. } => over().into_any(),
        Reach::In {
            median,
            band_80,
            band_95,
        } => bands(median, band_80, band_95).into_any(),
        Reach::Clear { until } => clear(until).into_any(),
        Reach::Unknown { .. } => unknown().into_any(),
    };
    view! {
        <div class="strip-place">
            <svg class=class role="img" aria-label=sentence>
                <title>{on_hover}</title>
                <StripGrid/>
                <g class="strip-mark">{mark}</g>
            </svg>
            {reason
                .map(|reason| {
                    let whole = reason.clone();
                    // The drawing's label says it already.
                    view! {
                        <span class="strip-reason" aria-hidden="true" title=whole>
                            {reason}
                        </span>
                    }
                })}
        </div>
    }
}

fn bands(median: f64, band_80: (f64, Option<f64>), band_95: (f64, Option<f64>)) -> impl IntoView {
    let span = |(low, high): (f64, Option<f64>)| {
        let left = axis_position(low);
        let right = axis_position(high.unwrap_or(HORIZON));
        // A certain date is still seen: nothing is thinner than the half of a percent.
        (percent(left), percent((right - left).max(0.005)))
    };
    let (x_95, width_95) = span(band_95);
    let (x_80, width_80) = span(band_80);
    let at = percent(axis_position(median));
    view! {
        <rect class="strip-95" x=x_95 width=width_95 y="9" height="12" rx="2"></rect>
        <rect class="strip-80" x=x_80 width=width_80 y="9" height="12" rx="2"></rect>
        <line class="strip-median" x1=at.clone() x2=at y1="5" y2="25"></line>
    }
}

fn over() -> impl IntoView {
    // From the left edge to the first hour: it is now, not a date.
    let width = percent(axis_position(3_600.0));
    view! {
        <rect class="strip-over" x="0" width=width.clone() y="9" height="12"></rect>
        <svg class="strip-over-tip" x=width y="9" width="8" height="12" viewBox="0 0 8 12">
            <path d="M0 0 8 6 0 12Z"></path>
        </svg>
    }
}

fn clear(until: f64) -> impl IntoView {
    let end = percent(axis_position(until));
    view! {
        <line class="strip-clear" x1="0" x2=end.clone() y1="15" y2="15"></line>
        <line class="strip-clear" x1=end.clone() x2=end y1="11" y2="19"></line>
    }
}

fn unknown() -> impl IntoView {
    // Hatching without a pattern, which would need an id of its own in every line: a thick line,
    // dashed, leant over.
    view! {
        <g class="strip-hatch" transform="skewX(-35)">
            <line x1="-4" x2="110%" y1="15" y2="15"></line>
        </g>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: f64 = 86_400.0;

    fn in_six_days() -> Reach {
        Reach::In {
            median: 6.0 * DAY,
            band_80: (4.0 * DAY, Some(9.0 * DAY)),
            band_95: (3.0 * DAY, None),
        }
    }

    #[test]
    fn a_reach_is_said_with_its_band() {
        let text = reach_text(&in_six_days());
        assert_eq!(text, "in 6\u{202f}d (4–9)");
        assert_eq!(reach_text(&Reach::Over { since: None }), "reached");
    }

    #[test]
    fn a_band_without_an_end_runs_to_the_edge() {
        let html = view! { <Strip reach=in_six_days()/> }.to_html();
        let left = axis_position(3.0 * DAY);
        assert!(html.contains(&percent(1.0 - left)), "{html}");
        assert!(html.contains("not before 3\u{202f}d at 95 %"), "{html}");
    }

    #[test]
    fn unknown_says_why_and_shows_no_date() {
        let reason = "not enough history yet (9 of 24 points)".to_owned();
        let html = view! { <Strip reach=Reach::Unknown { reason }/> }.to_html();
        assert!(
            html.contains("not enough history yet (9 of 24 points)"),
            "{html}"
        );
        assert!(!html.contains("strip-median"), "{html}");
    }

    #[test]
    fn what_is_over_starts_at_the_left_edge_in_the_alert_colour() {
        let html = view! { <Strip reach=Reach::Over { since: Some(7_200.0) } tone=Tone::Good/> };
        let html = html.to_html();
        let bar = html
            .split("<rect")
            .find(|part| part.contains("strip-over"))
            .unwrap();
        assert!(
            html.contains("tone-alert") && bar.contains("x=\"0\""),
            "{html}"
        );
    }
}
