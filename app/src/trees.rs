//! Charts as option trees of ECharts, without their points.
//!
//! Pure functions for server functions only: `charming` and the code that writes its trees are a
//! tenth of a page with a chart, and no browser needs them (ADR 6). Public, since in the browser's
//! half nobody calls them.

use api::{ChangePoint, Curves, Direction, Instant, Mark, MarkKind, Series};
use charming::Chart;
use charming::component::{Axis, DataZoom, DataZoomType, Grid};
use charming::element::{
    AreaStyle, AxisType, ItemStyle, Label, LabelPosition, LineStyle, LineStyleType, MarkLine,
    MarkLineData, MarkLineVariant, Symbol,
};
use charming::series::Line;
use ui::{BAND_80, BAND_95, PLOT_SIDES};

/// The id of the line of what was seen.
pub const HISTORY: &str = "history";
/// The id of the line of what is foreseen.
pub const FUTURE: &str = "forecast";
/// The id of the points that are findings.
pub const UNUSUAL: &str = "unusual";
/// The ids of the lines that carry marks of alerts, of the calendar, and of changes of the series itself; the tooltip
/// knows them by these names (`crates/ui/src/chart.js`).
pub const MARKS: [&str; 3] = ["marks.alert", "marks.calendar", "marks.change"];

/// An empty chart over time: its axes, and zoom with the wheel.
fn over_time() -> Chart {
    Chart::new()
        .grid(
            Grid::new()
                .left(PLOT_SIDES)
                .right(PLOT_SIDES)
                .top(16)
                .bottom(24),
        )
        .x_axis(Axis::new().type_(AxisType::Time))
        .y_axis(Axis::new().type_(AxisType::Value).scale(true))
        .data_zoom(DataZoom::new().type_(DataZoomType::Inside))
}

/// The option tree of a series, with or without what is foreseen and what was unusual, and with what happened
/// meanwhile.
pub fn of_series(
    series: &Series,
    foreseen: bool,
    unusual: bool,
    (marks, changes): (&[Mark], &[ChangePoint]),
) -> Chart {
    let mut chart = seen_and_foreseen(series, foreseen);
    if unusual {
        chart = chart.series(hollow_points());
    }
    let of = |alert: bool| {
        let some = marks.iter();
        let some = some.filter(move |mark| (mark.kind == MarkKind::Alert) == alert);
        some.map(|mark| (mark.name.as_str(), mark.from)).collect()
    };
    let changes = changes.iter();
    let changes = changes.map(|change| (crate::told::event::change_name(change), change.at));
    let kinds: [(Vec<_>, _); 3] = [
        (of(true), "var(--alert)"),
        (of(false), "var(--accent)"),
        (changes.collect(), "var(--ink)"),
    ];
    let kinds = MARKS.into_iter().zip(kinds);
    kinds
        .filter(|(_, (marks, _))| !marks.is_empty())
        .fold(chart, |chart, (id, (marks, colour))| {
            chart.series(marked(id, &marks, colour))
        })
}

/// A line without points that carries upright lines: ECharts draws them where no other series moves them.
fn marked(id: &str, marks: &[(&str, Instant)], colour: &str) -> Line {
    let data = marks.iter().map(|(name, at)| {
        // Milliseconds up to the year 10000 are exact.
        MarkLineVariant::Simple(MarkLineData::new().name(*name).x_axis(ms(*at) as f64))
    });
    Line::new().id(id).name(id).show_symbol(false).mark_line(
        MarkLine::new()
            .symbol(vec![Symbol::None, Symbol::None])
            .label(Label::new().show(false))
            .line_style(
                LineStyle::new()
                    .color(colour)
                    .width(1)
                    .type_(LineStyleType::Dotted),
            )
            .data(data.collect::<Vec<_>>()),
    )
}

/// A line that is not drawn, of which only the points are: ECharts' own kind for that would be
/// more to load.
fn hollow_points() -> Line {
    Line::new()
        .id(UNUSUAL)
        .name("Unusual")
        .show_symbol(true)
        .symbol(Symbol::Circle)
        .symbol_size(9)
        .line_style(LineStyle::new().opacity(0))
        .item_style(
            ItemStyle::new()
                .color("var(--surface)")
                .border_color("var(--alert)")
                .border_width(2),
        )
}

fn seen_and_foreseen(series: &Series, foreseen: bool) -> Chart {
    let colour = ui::series_colour(series.id.as_str());
    let mut line = Line::new()
        .id(HISTORY)
        .name(series.title.as_str())
        .show_symbol(false)
        .line_style(LineStyle::new().color(colour).width(1.5));
    if let Some(limit) = series.limit {
        let words = match limit.direction {
            Direction::Falling => "runs out",
            Direction::Rising => "breaks",
        };
        line = line.mark_line(limit_line(limit.value, words));
    }
    let chart = over_time().series(line);
    if !foreseen {
        return chart;
    }
    let dashed = Line::new()
        .id(FUTURE)
        .name("Forecast")
        .show_symbol(false)
        .line_style(
            LineStyle::new()
                .color(colour)
                .width(1.5)
                .type_(LineStyleType::Dashed),
        );
    let [low95, span95] = band(BAND_95, colour, 0.12);
    let [low80, span80] = band(BAND_80, colour, 0.2);
    chart
        .series(low95)
        .series(span95)
        .series(low80)
        .series(span80)
        .series(dashed)
}

/// ECharts draws a band as an invisible line with an area stacked on it.
fn band(ids: (&str, &str), colour: &str, opacity: f64) -> [Line; 2] {
    let stacked = |id: &str| {
        Line::new()
            .id(id)
            .name(id)
            .stack(ids.0)
            .show_symbol(false)
            .line_style(LineStyle::new().opacity(0))
    };
    let area = AreaStyle::new().color(colour).opacity(opacity);
    [stacked(ids.0), stacked(ids.1).area_style(area)]
}

fn limit_line(value: f64, words: &str) -> MarkLine {
    MarkLine::new()
        .symbol(vec![Symbol::None, Symbol::None])
        .label(
            Label::new()
                .position(LabelPosition::InsideEndTop)
                .formatter(words)
                .color("var(--alert)"),
        )
        .line_style(
            LineStyle::new()
                .color("var(--alert)")
                .type_(LineStyleType::Dashed),
        )
        .data(vec![MarkLineVariant::Simple(
            MarkLineData::new().y_axis(value),
        )])
}

/// The option tree of curves: a line for each.
pub fn of_curves(curves: &Curves) -> Chart {
    let colours = ui::palette();
    let lines = curves.curves.iter().zip(colours.iter().cycle());
    lines.fold(over_time(), |chart, (curve, colour)| {
        chart.series(
            Line::new()
                .id(curve.name.as_str())
                .name(curve.name.as_str())
                .show_symbol(false)
                .line_style(LineStyle::new().color(*colour).width(1.5)),
        )
    })
}

/// An option tree as ECharts takes it.
pub fn written(chart: &Chart) -> String {
    // A tree is plain data; if it could not be written, an empty chart is the honest answer.
    serde_json::to_string(chart).unwrap_or_else(|_| "{}".to_owned())
}

/// ECharts counts in milliseconds.
pub const fn ms(at: Instant) -> i64 {
    at.0.div_euclid(1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::{Curve, Limit, Range, Unit};

    fn series(limit: Option<Limit>) -> Series {
        Series {
            // The colour is the identifier's.
            id: "0190c5f0-0000-7000-8000-000000000000".into(),
            title: "/var on db-1".into(),
            unit: Unit::Percent,
            limit,
            ..crate::told::fixture::series()
        }
    }

    #[test]
    fn a_series_is_a_line() {
        insta::assert_json_snapshot!(of_series(&series(None), false, false, (&[], &[])));
    }

    #[test]
    fn a_forecast_is_dashed_between_two_bands_and_a_limit_is_marked() {
        let limit = Limit {
            value: 90.0,
            direction: Direction::Rising,
        };
        insta::assert_json_snapshot!(of_series(&series(Some(limit)), true, true, (&[], &[])));
    }

    #[test]
    fn what_happened_is_an_upright_line_with_its_name() {
        let mark = |kind, name: &str, at: i64| Mark {
            kind,
            name: name.into(),
            about: String::new(),
            from: Instant(at),
            to: None,
        };
        let marks = [
            mark(MarkKind::Alert, "DiskFull", Instant::HOUR),
            mark(MarkKind::Promotion, "Sale", Instant::DAY),
        ];
        let changes = [ChangePoint {
            at: Instant(2 * Instant::DAY),
            of: api::Changed::Level,
            before: 2.0,
            after: 1.0,
        }];
        let all = (&marks[..], &changes[..]);
        let tree = written(&of_series(&series(None), false, false, all));
        let tree: serde_json::Value = serde_json::from_str(&tree).unwrap();
        let series = tree["series"].as_array().unwrap();
        let ids: Vec<_> = series
            .iter()
            .map(|one| one["id"].as_str().unwrap())
            .collect();
        assert_eq!(ids, [HISTORY, MARKS[0], MARKS[1], MARKS[2]]);
        assert_eq!(series[3]["markLine"]["data"][0]["name"], "Level fell");
        let line = &series[2]["markLine"]["data"][0];
        assert_eq!(line["name"], "Sale");
        assert_eq!(line["xAxis"], 86_400_000.0);
    }

    #[test]
    fn curves_are_a_line_each_without_their_points() {
        let (from, to) = (Instant(0), Instant(Instant::HOUR));
        let point = api::Point {
            at: from,
            value: Some(42.0),
        };
        let curve = |name: &str| Curve {
            name: name.into(),
            points: vec![point],
        };
        let curves = Curves {
            range: Range { from, to },
            step_seconds: 60.0,
            curves: vec![curve("up{job=\"a\"}"), curve("up{job=\"b\"}")],
            total: 2,
        };
        insta::assert_json_snapshot!(of_curves(&curves));
    }
}
