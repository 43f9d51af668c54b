//! Charts: the server's, the table of its points, the one ECharts draws, sparklines.

use super::NOW;
use crate::chart::{BAND_80, BAND_95, Chart};
use crate::page::{Card, Segment, Segmented};
use crate::spark::Sparkline;
use crate::static_chart::{ChartPoint, DataTable, StaticChart};
use charming::component::{Axis, Grid};
use charming::datatype::{CompositeValue, DataPoint};
use charming::element::{
    AreaStyle, AxisType, Label, LabelPosition, LineStyle, LineStyleType, MarkLine, MarkLineData,
    MarkLineVariant, Symbol,
};
use charming::series::Line;
use leptos::prelude::*;

const DAY: i64 = 86_400_000_000;

/// Charts in their states.
#[component]
pub fn ChartGallery() -> impl IntoView {
    let ranges = vec![
        Segment::new("1 d", "?range=1d", false),
        Segment::new("1 wk", "?range=1wk", false),
        Segment::new("4 wk", "?range=4wk", true),
        Segment::new("All", "?range=all", false),
    ];
    let views = vec![
        Segment::new("Chart", "?view=chart", true),
        Segment::new("Table", "?view=table", false),
    ];
    let label = "Stock of SKU-7, falling, runs out in about 6 days";
    view! {
        <Card title="Stock of SKU-7 Walnut tray" note="pieces">
            <div class="toolbar">
                <Segmented label="Time range" segments=Signal::stored(ranges)/>
                <Segmented label="Shown as" segments=Signal::stored(views)/>
            </div>
            <Chart option=Signal::stored(option()) label=label unit="pieces".to_owned()>
                <StaticChart
                    points=points()
                    unit="pieces"
                    label=label
                    limit=(0.0, "runs out at 0".to_owned())
                />
            </Chart>
        </Card>
        <Card title="The same as a table" note="pieces" flush=true>
            <DataTable points=points() caption="Stock of SKU-7"/>
        </Card>
        <Card title="A chart without points">
            <StaticChart points=Vec::new() label="Nothing"/>
        </Card>
        <div class="tiles">
            <a class="tile" href="/series/1">
                <span class="tile-name">"CPU of this host"</span>
                <span class="tile-value num">"37.2 %"</span>
                <Sparkline values=wave()/>
            </a>
            <a class="tile" href="/series/2">
                <span class="tile-name">"Disk /"</span>
                <span class="tile-value num">"81.4 %"</span>
                <Sparkline values=wave() limit=90.0 label="Disk, near its limit"/>
            </a>
        </div>
    }
}

fn wave() -> Vec<Option<f64>> {
    (0..40)
        .map(|at| (at != 17).then(|| 40.0 + 30.0 * (f64::from(at) * 0.4).sin()))
        .collect()
}

fn points() -> Vec<ChartPoint> {
    let seen = (-28..=0).map(|day| {
        let at = f64::from(day);
        let value = 18.0 - at * 3.0 + 6.0 * (at * 0.9).sin();
        let gap = (-16..-13).contains(&day);
        ChartPoint {
            at: NOW + i64::from(day) * DAY,
            value: (!gap).then_some(value),
            ..ChartPoint::default()
        }
    });
    let expected = (0..=9).map(|day| {
        let at = f64::from(day);
        let middle = (18.0 - at * 3.0).max(0.0);
        let spread = 2.0 + at * 1.6;
        ChartPoint {
            at: NOW + i64::from(day) * DAY,
            value: None,
            forecast: Some(middle),
            band_80: Some(((middle - spread).max(0.0), middle + spread)),
            band_95: Some(((middle - spread * 1.7).max(0.0), middle + spread * 1.7)),
        }
    });
    seen.chain(expected).collect()
}

/// The same points as an option tree, with the conventions of [`crate::chart`].
fn option() -> charming::Chart {
    let points = points();
    let millis = |point: &ChartPoint| (point.at / 1_000) as f64;
    let pair = |at: f64, value: Option<f64>| -> DataPoint {
        let value = value.map_or_else(|| CompositeValue::from("-"), CompositeValue::from);
        vec![CompositeValue::from(at), value].into()
    };
    let of = |value: fn(&ChartPoint) -> Option<f64>| -> Vec<DataPoint> {
        points
            .iter()
            .map(|point| pair(millis(point), value(point)))
            .collect()
    };
    let thin = |id: &str, name: &str| Line::new().id(id).name(name).symbol(Symbol::None);
    let hidden = || LineStyle::new().width(0.0);
    let band = |ids: (&str, &str),
                low: fn(&ChartPoint) -> Option<f64>,
                span: fn(&ChartPoint) -> Option<f64>| {
        [
            thin(ids.0, "")
                .stack(ids.0)
                .line_style(hidden())
                .data(of(low)),
            thin(ids.1, "")
                .stack(ids.0)
                .line_style(hidden())
                .area_style(AreaStyle::new().color("var(--accent)").opacity(0.18))
                .data(of(span)),
        ]
    };
    let limit = MarkLine::new()
        .symbol(vec![Symbol::None, Symbol::None])
        .label(
            Label::new()
                .position(LabelPosition::InsideEndTop)
                .formatter("runs out at 0")
                .color("var(--alert)"),
        )
        .data(vec![MarkLineVariant::Simple(
            MarkLineData::new().y_axis(0.0),
        )])
        .line_style(
            LineStyle::new()
                .color("var(--alert)")
                .type_(LineStyleType::Dashed),
        );
    let mut chart = charming::Chart::new()
        .grid(
            Grid::new()
                .left(8)
                .right(12)
                .top(16)
                .bottom(8)
                .contain_label(true),
        )
        .x_axis(Axis::new().type_(AxisType::Time))
        .y_axis(Axis::new().type_(AxisType::Value));
    let bands = band(
        BAND_95,
        |p| p.band_95.map(|b| b.0),
        |p| p.band_95.map(|b| b.1 - b.0),
    )
    .into_iter()
    .chain(band(
        BAND_80,
        |p| p.band_80.map(|b| b.0),
        |p| p.band_80.map(|b| b.1 - b.0),
    ));
    for line in bands {
        chart = chart.series(line);
    }
    let dashed = LineStyle::new()
        .type_(LineStyleType::Dashed)
        .color("var(--accent)")
        .width(1.5);
    chart
        .series(
            thin("forecast", "Expected")
                .line_style(dashed)
                .data(of(|p| p.forecast)),
        )
        .series(
            thin("seen", "Seen")
                .line_style(LineStyle::new().color("var(--accent)").width(1.5))
                .mark_line(limit)
                .data(of(|p| p.value)),
        )
}
