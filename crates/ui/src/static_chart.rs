//! The chart that is there before JavaScript, and the table of the same points.

use crate::spark::{extent, line_path};
use crate::table::{Column, Table};
use crate::text::number_text;
use crate::time::{utc_date_text, utc_day_text, utc_text};
use leptos::prelude::*;

/// The lines are drawn on a square that is stretched to the place; words and grid stand in percent
/// around it, so that they keep their size from the phone to the wall.
pub(crate) const SIDE: f64 = 1000.0;
/// Free above the highest and below the lowest value, for words.
const TOP: f64 = 70.0;
const BOTTOM: f64 = 110.0;

/// One instant of a chart: what was seen, or what is expected with its bands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ChartPoint {
    /// Microseconds since 1970, UTC.
    pub at: i64,
    /// What was seen.
    pub value: Option<f64>,
    /// The median of what is expected.
    pub forecast: Option<f64>,
    /// The ends of the 80 % band.
    pub band_80: Option<(f64, f64)>,
    /// The ends of the 95 % band.
    pub band_95: Option<(f64, f64)>,
    /// Whether what was seen is unusual.
    pub unusual: bool,
}

/// Positions on the drawing.
pub(crate) struct Scale {
    start: i64,
    end: i64,
    low: f64,
    high: f64,
    step: f64,
}

impl Scale {
    fn of(
        points: &[ChartPoint],
        limit: Option<f64>,
        span: Option<(i64, i64)>,
        unit: &str,
    ) -> Option<Self> {
        let values = points.iter().flat_map(|point| {
            let ends = |band: Option<(f64, f64)>| [band.map(|b| b.0), band.map(|b| b.1)];
            [point.value, point.forecast]
                .into_iter()
                .chain(ends(point.band_80))
                .chain(ends(point.band_95))
                .flatten()
        });
        let span = match span {
            Some(span) => span,
            None => (points.first()?.at, points.last()?.at),
        };
        Self::over(values.chain(limit), span, unit)
    }

    /// One that has those values in view, from the first of two instants to the second.
    pub(crate) fn over(
        values: impl Iterator<Item = f64>,
        (start, end): (i64, i64),
        unit: &str,
    ) -> Option<Self> {
        let (low, high) = widened(extent(values)?);
        let step = step_of((high - low) / 4.0, high.abs().max(low.abs()), unit);
        Some(Self {
            start,
            end: end.max(start + 1),
            low: (low / step).floor() * step,
            high: (high / step).ceil() * step,
            step,
        })
    }

    pub(crate) fn x(&self, at: i64) -> f64 {
        SIDE * (at - self.start) as f64 / (self.end - self.start) as f64
    }

    pub(crate) fn y(&self, value: f64) -> f64 {
        TOP + (SIDE - TOP - BOTTOM) * (self.high - value) / (self.high - self.low)
    }

    fn line(&self, points: &[ChartPoint], of: impl Fn(&ChartPoint) -> Option<f64>) -> String {
        line_path(points.iter().map(|point| {
            of(point)
                .filter(|v| v.is_finite())
                .map(|value| (self.x(point.at), self.y(value)))
        }))
    }

    /// A dot for each unusual point.
    fn dots(&self, points: &[ChartPoint]) -> String {
        let unusual = points.iter().filter(|point| point.unusual);
        // Between gaps a point becomes a dot.
        line_path(unusual.flat_map(|point| {
            let value = point.value.filter(|value| value.is_finite());
            [None, value.map(|value| (self.x(point.at), self.y(value)))]
        }))
    }

    fn band(
        &self,
        points: &[ChartPoint],
        of: impl Fn(&ChartPoint) -> Option<(f64, f64)>,
    ) -> String {
        let ends: Vec<_> = points
            .iter()
            .filter_map(|point| of(point).map(|(low, high)| (self.x(point.at), low, high)))
            .filter(|(_, low, high)| low.is_finite() && high.is_finite())
            .collect();
        if ends.len() < 2 {
            return String::new();
        }
        let upper = ends.iter().map(|&(x, _, high)| (x, self.y(high)));
        let lower = ends.iter().rev().map(|&(x, low, _)| (x, self.y(low)));
        format!("{}Z", line_path(upper.chain(lower).map(Some)))
    }
}

/// A constant lies in the middle of its scale, or at its foot where that is zero; and what hardly moves
/// has steps that its words can tell apart.
fn widened((low, high): (f64, f64)) -> (f64, f64) {
    let least = low.abs().max(high.abs()) * 0.004;
    let missing = (least - (high - low)) / 2.0;
    match (low, high) {
        (0.0, 0.0) => (0.0, 1.0),
        // Below zero only where something was.
        (low, high) if missing > 0.0 => (low - missing, high + missing),
        same => same,
    }
}

/// A round step of at least `rough` on a scale up to `most`. Bytes are told in powers of 1,024, and steps are round
/// in that in which the largest is told.
fn step_of(rough: f64, most: f64, unit: &str) -> f64 {
    let mut unit_size = 1.0;
    if matches!(unit, "B" | "B/s" | "bytes") {
        while unit_size * 1_024.0 <= most {
            unit_size *= 1_024.0;
        }
    }
    nice_step(rough / unit_size) * unit_size
}

/// 1, 2 or 5 times a power of ten, at least `rough`.
fn nice_step(rough: f64) -> f64 {
    let power = 10_f64.powf(rough.abs().max(f64::MIN_POSITIVE).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .find(|step| step * power >= rough * 0.999);
    step.unwrap_or(10.0) * power
}

/// A line chart made on the server: history, dashed forecast with a two-step band, labelled limit.
/// Put it inside `Chart` as what is shown until ECharts has drawn, or use it alone.
#[component]
pub fn StaticChart(
    /// The instants, oldest first.
    points: Vec<ChartPoint>,
    /// As [`number_text`] takes it.
    #[prop(optional, into)]
    unit: String,
    /// The limit, and its name: "runs out at 0".
    #[prop(default = None, into)]
    limit: Option<(f64, String)>,
    /// When something happened, in microseconds, and a short name of it: upright lines.
    #[prop(optional)]
    marks: Vec<(i64, String)>,
    /// Where time begins and ends, in microseconds; where the points do, if absent.
    #[prop(default = None, into)]
    span: Option<(i64, i64)>,
    /// What it shows, for screen readers.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    let Some(scale) = Scale::of(&points, limit.as_ref().map(|limit| limit.0), span, &unit) else {
        return view! { <p class="unknown chart-none">"No points in this range"</p> }.into_any();
    };
    view! {
        <svg class="static-chart" role="img" aria-label=label>
            {grid(&scale)}
            {values(&scale, &unit)}
            {days(&scale)}
            <svg
                class="static-plot"
                viewBox=format!("0 0 {SIDE} {SIDE}")
                preserveAspectRatio="none"
            >
                <path class="chart-band-95" d=scale.band(&points, |point| point.band_95)></path>
                <path class="chart-band-80" d=scale.band(&points, |point| point.band_80)></path>
                <path class="chart-line" d=scale.line(&points, |point| point.value)></path>
                <path class="chart-forecast" d=scale.line(&points, |point| point.forecast)></path>
                <path class="chart-unusual" d=scale.dots(&points)></path>
                <path class="chart-unusual-core" d=scale.dots(&points)></path>
            </svg>
            {limit.map(|limit| limit_line(&scale, limit))}
            {mark_lines(&scale, marks)}
        </svg>
    }
    .into_any()
}

impl Scale {
    /// The round values that have a line.
    fn steps(&self) -> impl Iterator<Item = f64> {
        let (low, high, step) = (self.low, self.high, self.step);
        (0..12)
            .map(move |index| low + step * f64::from(index))
            .take_while(move |value| *value <= high + step * 0.01)
            // Adding steps leaves dust where zero should be.
            .map(move |value| {
                if value.abs() < step * 1e-9 {
                    0.0
                } else {
                    value
                }
            })
    }

    fn y_percent(&self, value: f64) -> String {
        format!("{:.2}%", self.y(value) / SIDE * 100.0)
    }
}

pub(crate) fn grid(scale: &Scale) -> impl IntoView + use<> {
    scale
        .steps()
        .map(|value| {
            let y = scale.y_percent(value);
            view! { <line class="chart-grid" x1="0" x2="100%" y1=y.clone() y2=y></line> }
        })
        .collect_view()
}

/// The values stand on their lines, inside the plot, and take no margin from it.
pub(crate) fn values(scale: &Scale, unit: &str) -> impl IntoView + use<> {
    scale
        .steps()
        .map(|value| {
            view! {
                <text class="chart-label" x="0" y=scale.y_percent(value) dy="-4">
                    {number_text(Some(value), unit)}
                </text>
            }
        })
        .collect_view()
}

pub(crate) fn days(scale: &Scale) -> impl IntoView + use<> {
    let span = scale.end - scale.start;
    [0, 1, 2, 3, 4]
        .into_iter()
        .map(|part| {
            let at = scale.start + span / 4 * part;
            let (anchor, class) = match part {
                0 => ("start", "chart-label"),
                4 => ("end", "chart-label"),
                2 => ("middle", "chart-label"),
                _ => ("middle", "chart-label chart-label-minor"),
            };
            // Within two days the hour matters, beyond it only the day does, and for long ones its year.
            let words = if span < 2 * 86_400_000_000 {
                utc_text(at)
                    .split(", ")
                    .nth(1)
                    .unwrap_or_default()
                    .to_owned()
            } else if span < 300 * 86_400_000_000 {
                utc_day_text(at)
            } else {
                utc_date_text(at)
            };
            let x = format!("{:.2}%", scale.x(at) / SIDE * 100.0);
            view! {
                <text class=class x=x y="100%" dy="-4" text-anchor=anchor>
                    {words}
                </text>
            }
        })
        .collect_view()
}

fn limit_line(scale: &Scale, (value, name): (f64, String)) -> impl IntoView + use<> {
    // Near the top the words stand below the line.
    let below = if scale.y(value) < 120.0 { "14" } else { "-5" };
    let y = scale.y_percent(value);
    view! {
        <line class="chart-limit" x1="0" x2="100%" y1=y.clone() y2=y.clone()></line>
        <text class="chart-limit-label" x="100%" y=y dy=below text-anchor="end">
            {name}
        </text>
    }
}

/// What happened within the time that is drawn.
fn mark_lines(scale: &Scale, marks: Vec<(i64, String)>) -> impl IntoView + use<> {
    marks
        .into_iter()
        .filter(|(at, _)| (scale.start..=scale.end).contains(at))
        .map(|(at, name)| {
            let x = format!("{:.2}%", scale.x(at) / SIDE * 100.0);
            // The words stand on the side where there is room.
            let (anchor, dx) = if scale.x(at) < SIDE / 2.0 {
                ("start", "3")
            } else {
                ("end", "-3")
            };
            view! {
                <line class="chart-mark" x1=x.clone() x2=x.clone() y1="0" y2="100%"></line>
                <text class="chart-label" x=x y="10" dx=dx text-anchor=anchor>
                    {name}
                </text>
            }
        })
        .collect_view()
}

/// The points of a chart as a table: the "table" switch, and what is read without seeing.
#[component]
pub fn DataTable(
    /// The instants, oldest first; shown newest first.
    points: Vec<ChartPoint>,
    /// As [`number_text`] takes it.
    #[prop(optional, into)]
    unit: String,
    /// What it shows, for screen readers.
    #[prop(into)]
    caption: String,
) -> impl IntoView {
    let forecast = points.iter().any(|point| point.forecast.is_some());
    let mut columns = vec![Column::text("Time"), Column::number("Seen", "")];
    if forecast {
        columns.push(Column::number("Expected", ""));
        columns.push(Column::number("80 % band", ""));
    }
    let band = |band: Option<(f64, f64)>, unit: &str| {
        band.map(|(low, high)| {
            format!(
                "{} – {}",
                number_text(Some(low), unit),
                number_text(Some(high), unit)
            )
        })
    };
    let cell = |value: Option<f64>, unit: &str| value.map(|value| number_text(Some(value), unit));
    view! {
        <Table caption=caption columns=columns scroll=true>
            {points
                .into_iter()
                .rev()
                .map(|point| {
                    view! {
                        <tr>
                            <td data-label="Time">{utc_text(point.at)}</td>
                            <td class="num" data-label="Seen">
                                {point.unusual.then_some("unusual: ")}
                                {cell(point.value, &unit).unwrap_or_else(|| "–".to_owned())}
                            </td>
                            {forecast
                                .then(|| {
                                    view! {
                                        <td class="num" data-label="Expected">
                                            {cell(point.forecast, &unit)}
                                        </td>
                                        <td class="num" data-label="80 % band">
                                            {band(point.band_80, &unit)}
                                        </td>
                                    }
                                })}
                        </tr>
                    }
                })
                .collect_view()}
        </Table>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_without_points_says_so() {
        let html = view! { <StaticChart points=vec![] label="x"/> }.to_html();
        assert!(html.contains("No points in this range"), "{html}");
    }

    #[test]
    fn a_constant_and_a_single_point_are_drawn() {
        let points = vec![ChartPoint {
            at: 5,
            value: Some(3.0),
            ..ChartPoint::default()
        }];
        let html = view! { <StaticChart points=points label="x" limit=(0.0, "0".into())/> };
        let html = html.to_html();
        assert!(!html.contains("NaN") && !html.contains("inf"), "{html}");
    }

    #[test]
    fn marks_stand_within_the_time_that_is_drawn() {
        let point = |at| ChartPoint {
            at,
            value: Some(1.0),
            ..ChartPoint::default()
        };
        let points = vec![point(0), point(100)];
        let marks = vec![
            (25, "v2".to_owned()),
            (100, "v3".to_owned()),
            (101, "v4".to_owned()),
        ];
        let html = view! { <StaticChart points=points label="x" marks=marks/> }.to_html();
        assert_eq!(html.matches("chart-mark").count(), 2, "{html}");
        assert!(
            html.contains("x1=\"25.00%\"") && html.contains("v3"),
            "{html}"
        );
        assert!(!html.contains("v4"), "{html}");
    }

    #[test]
    fn steps_are_one_two_or_five() {
        for (rough, step) in [
            (0.9, 1.0),
            (1.4, 2.0),
            (3.0, 5.0),
            (7.0, 10.0),
            (0.03, 0.05),
        ] {
            assert!((nice_step(rough) - step).abs() < 1e-9, "{rough}");
        }
    }

    #[test]
    fn bytes_have_steps_that_their_words_can_tell() {
        let step = |rough: f64, unit| step_of(rough, 4.0 * rough, unit);
        assert!((step(4.0e6, "B/s") - 5.0 * 1_048_576.0).abs() < 1.0);
        assert!((step(200.0, "bytes") - 200.0).abs() < 1e-9);
        // 0, 512 KiB, 1 MiB, and not 500 KiB, 1,000 KiB, 1.5 MiB.
        assert!((step(480_000.0, "bytes") - 524_288.0).abs() < 1e-9);
        assert!((step(4.0e6, "EUR") - 5.0e6).abs() < 1e-9);
    }

    #[test]
    fn what_hardly_moves_is_not_blown_up_and_zero_stands_at_the_foot() {
        assert_eq!(widened((0.0, 0.0)), (0.0, 1.0));
        assert_eq!(widened((0.0, 5.0)), (0.0, 5.0));
        let (low, high) = widened((3.513, 3.514));
        assert!((high - low - 0.014_056).abs() < 1e-6, "{low} {high}");
        let (low, high) = widened((-7.0, -7.0));
        assert!(low < -7.0 && high > -7.0);
    }
}
