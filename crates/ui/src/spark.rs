//! A line without axes, beside a number: where it has been and how far the limit is.

use leptos::prelude::*;
use std::fmt::Write;

const WIDTH: f64 = 96.0;
const HEIGHT: f64 = 24.0;
const EDGE: f64 = 2.0;

/// The scale of a set of values and their limit: the lowest and the highest of them.
pub(crate) fn extent(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values
        .filter(|value| value.is_finite())
        .fold(None, |range, value| match range {
            None => Some((value, value)),
            Some((low, high)) => Some((low.min(value), high.max(value))),
        })
}

/// An SVG path through points, broken where there is a gap. A point between two gaps becomes a dot.
pub(crate) fn line_path(points: impl Iterator<Item = Option<(f64, f64)>>) -> String {
    let mut path = String::new();
    let mut run = 0;
    for point in points.chain(std::iter::once(None)) {
        if let Some((x, y)) = point {
            let step = if run == 0 { 'M' } else { 'L' };
            // Writing to a string cannot fail.
            let _ = write!(path, "{step}{x:.1} {y:.1}");
            run += 1;
        } else {
            if run == 1 {
                path.push_str("h.1");
            }
            run = 0;
        }
    }
    path
}

/// A line without axes. Gaps stay gaps; a limit is a dashed line, and always in view.
#[component]
pub fn Sparkline(
    /// The values in order, evenly apart; none where there was no value.
    values: Vec<Option<f64>>,
    /// The limit it must not reach.
    #[prop(optional, into)]
    limit: Option<f64>,
    /// What it shows, for screen readers; without, it is decoration.
    #[prop(optional, into)]
    label: Option<String>,
) -> impl IntoView {
    let values: Vec<_> = values
        .into_iter()
        .map(|value| value.filter(|value| value.is_finite()))
        .collect();
    let (low, high) = extent(values.iter().flatten().copied().chain(limit)).unwrap_or((0.0, 1.0));
    // A constant lies in the middle.
    let (low, high) = if high > low {
        (low, high)
    } else {
        (low - 1.0, high + 1.0)
    };
    let y = move |value: f64| EDGE + (HEIGHT - 2.0 * EDGE) * (high - value) / (high - low);
    let step = (WIDTH - 2.0 * EDGE) / (values.len().max(2) - 1) as f64;
    let points: Vec<_> = values
        .iter()
        .enumerate()
        .map(|(index, value)| value.map(|value| (EDGE + step * index as f64, y(value))))
        .collect();
    let end = points.iter().rev().copied().flatten().next();
    view! {
        <svg
            class="spark"
            viewBox=format!("0 0 {WIDTH} {HEIGHT}")
            preserveAspectRatio="none"
            role=label.is_some().then_some("img")
            aria-hidden=label.is_none().then_some("true")
            aria-label=label
        >
            {limit
                .map(|limit| {
                    let at = format!("{:.1}", y(limit));
                    view! {
                        <line class="spark-limit" x1="0" x2=WIDTH y1=at.clone() y2=at></line>
                    }
                })}
            <path class="spark-line" d=line_path(points.into_iter())></path>
            {end
                .map(|(x, y)| {
                    let dot = format!("M{x:.1} {y:.1}h.01");
                    view! { <path class="spark-end" d=dot></path> }
                })}
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_breaks_the_line_and_a_lonely_point_is_a_dot() {
        let points = [
            Some((0.0, 1.0)),
            Some((1.0, 2.0)),
            None,
            Some((3.0, 1.0)),
            None,
        ];
        assert_eq!(line_path(points.into_iter()), "M0.0 1.0L1.0 2.0M3.0 1.0h.1");
    }

    #[test]
    fn a_sparkline_of_nothing_is_still_drawn() {
        let html = view! { <Sparkline values=vec![None, Some(f64::NAN)]/> }.to_html();
        assert!(html.contains("<svg") && !html.contains("NaN"), "{html}");
    }

    #[test]
    fn the_limit_is_always_in_view() {
        let html = view! { <Sparkline values=vec![Some(1.0), Some(2.0)] limit=100.0/> }.to_html();
        assert!(html.contains("y1=\"2.0\""), "{html}");
    }
}
