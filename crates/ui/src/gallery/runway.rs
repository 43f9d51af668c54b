//! The Runway with one line of each kind, and enough others to see how a long list reads.

use crate::badge::Tone;
use crate::runway::{Reach, Runway, RunwayStrip, Strip, StripAction, StripView};
use crate::text::money_short;
use leptos::prelude::*;

const HOUR: f64 = 3_600.0;
const DAY: f64 = 24.0 * HOUR;
const WEEK: f64 = 7.0 * DAY;

/// The list.
#[component]
pub fn RunwayGallery() -> impl IntoView {
    view! {
        <Runway>
            {named()
                .into_iter()
                .chain((0..16).map(product))
                .chain(quiet())
                .map(|strip| view! { <RunwayStrip strip=strip/> })
                .collect_view()}
        </Runway>
        <Strip reach=within(9.0 * DAY, 6.0 * DAY, 14.0 * DAY) tone=Tone::Warning/>
    }
}

fn within(median: f64, low: f64, high: f64) -> Reach {
    Reach::In {
        median,
        band_80: (low, Some(high)),
        band_95: (low * 0.7, (high < 8.0 * WEEK).then_some(high * 1.35)),
    }
}

fn line(title: &str, subtitle: &str, reach: Reach, tone: Tone) -> StripView {
    StripView {
        title: title.to_owned(),
        subtitle: subtitle.to_owned(),
        href: "/series/1".to_owned(),
        spark: falling(24, 0.0),
        limit: Some(0.0),
        reach,
        tone,
        confidence: Some(0.87),
        stake: None,
        stale: None,
        action: None,
    }
}

fn action(label: &str, post: bool) -> StripAction {
    StripAction {
        label: label.to_owned(),
        href: "/plans".to_owned(),
        post,
    }
}

fn falling(count: u32, phase: f64) -> Vec<Option<f64>> {
    (0..count)
        .map(|at| {
            let at = f64::from(at);
            Some((40.0 - at * 1.4 + 3.0 * (at * 0.9 + phase).sin()).max(0.0))
        })
        .collect()
}

fn rising(count: u32) -> Vec<Option<f64>> {
    (0..count)
        .map(|at| {
            let gap = (9..12).contains(&at);
            (!gap).then(|| 60.0 + f64::from(at) * 1.1 + 2.0 * (f64::from(at) * 1.3).sin())
        })
        .collect()
}

fn named() -> Vec<StripView> {
    vec![
        StripView {
            spark: falling(24, 1.0),
            stake: Some(money_short(32_000, "EUR")),
            action: Some(action("Draft order", true)),
            ..line(
                "SKU-12 Ash stool",
                "stock, runs out at 0",
                Reach::Over {
                    since: Some(3.0 * HOUR),
                },
                Tone::Alert,
            )
        },
        StripView {
            spark: rising(24),
            limit: Some(100.0),
            confidence: Some(0.96),
            stake: Some("shop down".to_owned()),
            action: Some(action("Plan", false)),
            ..line(
                "Memory on web-2",
                "breaks at 95 %",
                within(7.0 * HOUR, 4.0 * HOUR, 15.0 * HOUR),
                Tone::Alert,
            )
        },
        StripView {
            stake: Some(money_short(124_000, "EUR")),
            action: Some(action("Draft order", true)),
            ..line(
                "SKU-7 Walnut tray",
                "stock, runs out at 0",
                within(6.0 * DAY, 4.0 * DAY, 9.0 * DAY),
                Tone::Warning,
            )
        },
        StripView {
            spark: rising(24),
            limit: Some(90.0),
            confidence: Some(0.92),
            stake: Some("shop down".to_owned()),
            stale: Some("no data for 3 h".to_owned()),
            action: Some(action("Plan", false)),
            ..line(
                "/var on db-1",
                "disk, breaks at 90 %",
                within(9.0 * DAY, 6.0 * DAY, 14.0 * DAY),
                Tone::Warning,
            )
        },
        StripView {
            confidence: Some(0.71),
            stake: Some(money_short(-1_824_000, "EUR")),
            action: Some(action("Open", false)),
            ..line(
                "Cash",
                "all accounts, goes under 0",
                within(5.0 * WEEK, 4.0 * WEEK, 8.0 * WEEK),
                Tone::Accent,
            )
        },
    ]
}

fn product(number: u32) -> StripView {
    let n = f64::from(number);
    let median = (11.0 + n * n * 0.35) * DAY;
    StripView {
        spark: falling(24, n),
        confidence: Some(0.9 - n * 0.02),
        stake: Some(money_short(i64::from(20 + number * 37 % 90) * 1_500, "EUR")),
        action: Some(action("Draft order", true)),
        ..line(
            &format!(
                "SKU-{} {}",
                20 + number,
                ["Oak board", "Cherry bowl", "Elm coat hook"][number as usize % 3]
            ),
            "stock, runs out at 0",
            within(median, median * 0.7, median * 1.45),
            Tone::Accent,
        )
    }
}

fn quiet() -> Vec<StripView> {
    vec![
        StripView {
            spark: Vec::new(),
            confidence: None,
            ..line(
                "Certificate of shop.alder-oak.example, as the load balancer in Frankfurt shows it",
                "expires",
                Reach::Unknown {
                    reason: "not enough history yet (9 of 24 points)".to_owned(),
                },
                Tone::Neutral,
            )
        },
        StripView {
            confidence: Some(0.99),
            ..line(
                "Cloud bill, November",
                "over 1 000 €",
                Reach::Clear { until: 9.0 * WEEK },
                Tone::Good,
            )
        },
    ]
}
