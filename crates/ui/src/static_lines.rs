//! Several lines on one grid, made on the server: before JavaScript, and where a chart is small.

use leptos::prelude::*;

use crate::spark::line_path;
use crate::static_chart::{SIDE, Scale, days, grid, values};

/// A line: instants in microseconds since 1970, oldest first, and what was there; none in a gap.
pub type StaticLine = Vec<(i64, Option<f64>)>;

/// Lines in the colours of their places, see [`line_class`].
#[component]
pub fn StaticLines(
    /// The lines.
    lines: Vec<StaticLine>,
    /// As [`crate::number_text`] takes it.
    #[prop(optional, into)]
    unit: String,
    /// Where time begins and ends, in microseconds.
    span: (i64, i64),
    /// What it shows, for screen readers.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    let all = lines.iter().flatten().filter_map(|(_, value)| *value);
    let Some(scale) = Scale::over(all, span, &unit) else {
        return view! { <p class="unknown chart-none">"No points in this range"</p> }.into_any();
    };
    let paths = lines.into_iter().enumerate().map(|(place, line)| {
        let points = line.into_iter().map(|(at, value)| {
            let value = value.filter(|value| value.is_finite())?;
            Some((scale.x(at), scale.y(value)))
        });
        let d = line_path(points);
        view! { <path class=format!("chart-line {}", line_class(place)) d=d></path> }
    });
    let paths = paths.collect_view();
    view! {
        <svg class="static-chart" role="img" aria-label=label>
            {grid(&scale)}
            {values(&scale, &unit)}
            {days(&scale)}
            <svg class="static-plot" viewBox=format!("0 0 {SIDE} {SIDE}") preserveAspectRatio="none">
                {paths}
            </svg>
        </svg>
    }
    .into_any()
}

/// The class that gives the line at a place its colour; the ninth has that of the first.
pub const fn line_class(place: usize) -> &'static str {
    const CLASSES: [&str; 8] = [
        "line-1", "line-2", "line-3", "line-4", "line-5", "line-6", "line-7", "line-8",
    ];
    CLASSES[place % CLASSES.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_its_colour_and_gaps_stay_open() {
        let line = |low: f64| {
            vec![
                (0, Some(low)),
                (1, None),
                (2, Some(low + 1.0)),
                (3, Some(low)),
            ]
        };
        let html = view! {
            <StaticLines lines=vec![line(0.0), line(5.0)] span=(0, 3) label="two"/>
        }
        .to_html();
        assert!(html.contains("line-1") && html.contains("line-2"));
        assert_eq!(html.matches("h.1").count(), 2, "{html}");
    }

    #[test]
    fn what_has_no_points_says_so() {
        let html =
            view! { <StaticLines lines=vec![vec![(0, None)]] span=(0, 3) label="none"/> }.to_html();
        assert!(html.contains("No points"), "{html}");
    }
}
