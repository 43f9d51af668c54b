//! Charts: the server's, the table of its points, the one ECharts draws, sparklines.

use super::NOW;
use crate::chart::{BAND_80, BAND_95, Chart, Numbers, Points};
use crate::page::{Card, Segment, Segmented};
use crate::spark::Sparkline;
use crate::static_chart::{ChartPoint, DataTable, StaticChart};
use leptos::prelude::*;

/// The option tree, as the server's pages write theirs; kept as text, since what writes trees is
/// not for the browser.
const TREE: &str = include_str!("chart.json");

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
            <Chart tree=TREE numbers=Signal::stored(numbers()) label=label unit="pieces".to_owned()>
                <StaticChart
                    points=points()
                    unit="pieces"
                    label=label
                    limit=(0.0, "runs out at 0".to_owned())
                />
            </Chart>
        </Card>
        <Card title="Stock of SKU-7, day by day" note="pieces" flush=true>
            <DataTable points=points() caption="Stock of SKU-7"/>
        </Card>
        <Card title="Kiln temperature, last hour" note="°C">
            <StaticChart points=Vec::new() label="Kiln temperature over the last hour"/>
        </Card>
        <div class="tiles">
            <a class="tile" href="/series/1">
                <span class="tile-name">"CPU of web-1"</span>
                <span class="tile-value num">"37.2 %"</span>
                <Sparkline values=wave()/>
            </a>
            <a class="tile" href="/series/2">
                <span class="tile-name">"/var on db-1"</span>
                <span class="tile-value num">"81.4 %"</span>
                <Sparkline values=wave() limit=90.0 label="/var on db-1, near its limit"/>
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
            unusual: false,
        }
    });
    seen.chain(expected).collect()
}

/// The points of the tree's lines.
fn numbers() -> Numbers {
    let points = points();
    let line = |id: &str, value: fn(&ChartPoint) -> Option<f64>| {
        Points::new(id, points.iter().map(|p| (p.at / 1_000, value(p))))
    };
    Numbers {
        span: None,
        lines: vec![
            line(BAND_95.0, |p| p.band_95.map(|b| b.0)),
            line(BAND_95.1, |p| p.band_95.map(|b| b.1 - b.0)),
            line(BAND_80.0, |p| p.band_80.map(|b| b.0)),
            line(BAND_80.1, |p| p.band_80.map(|b| b.1 - b.0)),
            line("forecast", |p| p.forecast),
            line("seen", |p| p.value),
        ],
    }
}
