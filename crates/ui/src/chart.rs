//! A chart drawn by ECharts from an option tree; the server's own drawing stays until then.
//!
//! The tree is text: ECharts' option as JSON, made on the server (`charming`), since the code that
//! writes trees would cost the browser more than all charts of a page. It holds what stays as it
//! is; what moves, the points and the span of time, crosses as [`Numbers`]. What JSON cannot say
//! (functions) `chart.js` adds: every number on an axis and in the tooltip is formatted by
//! [`number_text`] with the chart's unit.
//!
//! Conventions of a tree: colours may be `var(--series-3)`, `var(--alert)`, any name of the style
//! sheet. A band is two stacked line series with the ids [`BAND_80`] or [`BAND_95`] (low end, then
//! the span above it), which the tooltip shows as one line.

use crate::text::number_text;
use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;

/// Where the build leaves ECharts; its version stands in `package.json` too.
pub const ECHARTS_URL: &str = "/vendor/echarts.6.1.0.js";
/// The series ids of the 80 % band: its low end, and the span above it.
pub const BAND_80: (&str, &str) = ("band80.low", "band80.span");
/// The series ids of the 95 % band: its low end, and the span above it.
pub const BAND_95: (&str, &str) = ("band95.low", "band95.span");
/// How far a plot lies from either side of its chart, in pixels: in ECharts' drawing, in the one
/// made on the server, and for what stands below on the same time. The values of its axis stand
/// inside, so that it does not hang on how long they are. `style/charts.css` has it too.
pub const PLOT_SIDES: i32 = 16;

#[wasm_bindgen(module = "/src/chart.js")]
extern "C" {
    type Mounted;

    fn mount(
        host: &web_sys::HtmlElement,
        url: &str,
        number: &Closure<dyn Fn(f64) -> String>,
        zoomed: &Closure<dyn Fn(f64, f64)>,
        drawn: &Closure<dyn Fn(bool)>,
    ) -> Mounted;

    /// The points of a line: instant, value, instant, value.
    #[wasm_bindgen(method)]
    fn line(this: &Mounted, id: &str, points: &[f64]);

    #[wasm_bindgen(method)]
    fn show(this: &Mounted, tree: &str, from: f64, to: f64);

    #[wasm_bindgen(method)]
    fn dispose(this: &Mounted);
}

/// What of a chart moves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers {
    /// Where time begins and ends, in milliseconds since 1970; where the points do, if absent.
    pub span: Option<(i64, i64)>,
    /// The points of the tree's lines.
    pub lines: Vec<Points>,
}

/// The points of one line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Points {
    /// The line's id in the tree.
    pub id: String,
    /// Milliseconds since 1970 and value, as pairs; a gap is not a number.
    pairs: Vec<f64>,
}

impl Points {
    /// The points of the line with that id.
    pub fn new(
        id: impl Into<String>,
        points: impl IntoIterator<Item = (i64, Option<f64>)>,
    ) -> Self {
        let pairs = points
            .into_iter()
            .flat_map(|(at, value)| [at as f64, value.unwrap_or(f64::NAN)]);
        Self {
            id: id.into(),
            pairs: pairs.collect(),
        }
    }
}

/// What lives as long as a mounted chart: JavaScript calls into the closures.
struct Drawing {
    mounted: Mounted,
    _number: Closure<dyn Fn(f64) -> String>,
    _zoomed: Closure<dyn Fn(f64, f64)>,
    _drawn: Closure<dyn Fn(bool)>,
}

impl Drawing {
    fn show(&self, tree: &str, numbers: &Numbers) {
        for line in &numbers.lines {
            self.mounted.line(&line.id, &line.pairs);
        }
        let (from, to) = numbers
            .span
            .map_or((f64::NAN, f64::NAN), |(from, to)| (from as f64, to as f64));
        self.mounted.show(tree, from, to);
    }
}

/// A chart. Its children (`StaticChart`) are what is seen until ECharts has drawn, and all there is
/// without JavaScript.
#[component]
pub fn Chart(
    /// The option tree.
    #[prop(into)]
    tree: String,
    /// Its points; each change is drawn again.
    #[prop(into)]
    numbers: Signal<Numbers>,
    /// What it shows, for screen readers: "Stock of SKU-7, falling, with a limit at 0".
    #[prop(into)]
    label: Signal<String>,
    /// The unit of its numbers, as [`number_text`] takes it.
    #[prop(optional, into)]
    unit: Signal<String>,
    /// A span of time was selected, in milliseconds since 1970; the page puts it in the URL.
    #[prop(optional, into)]
    on_zoom: Option<Callback<(f64, f64)>>,
    /// Taller, for a page about one chart.
    #[prop(optional)]
    tall: bool,
    /// What is seen until it is drawn.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let host = NodeRef::<Div>::new();
    let drawn = RwSignal::new(false);
    let tree = StoredValue::new(tree);
    Effect::new(move || {
        let Some(host) = host.get() else { return };
        // Made here and not in the component's body, which also runs on the server: a page may be
        // given up on another thread there, and what belongs to one thread panics then.
        let drawing = StoredValue::new_local(Some(draw(&host, unit, on_zoom, drawn)));
        on_cleanup(move || {
            let last = drawing.try_update_value(Option::take).flatten();
            if let Some(last) = last {
                last.mounted.dispose();
            }
        });
        let show = move |numbers: &Numbers| {
            drawing.with_value(|drawing| {
                if let Some(drawing) = drawing {
                    tree.with_value(|tree| drawing.show(tree, numbers));
                }
            });
        };
        // At once: where ECharts is there already, it draws before any effect runs.
        numbers.with_untracked(show);
        Effect::new(move |before: Option<()>| {
            unit.track();
            numbers.with(|numbers| {
                if before.is_some() {
                    show(numbers);
                }
            });
        });
    });
    let class = if tall { "chart chart-tall" } else { "chart" };
    view! {
        <div class=class class:chart-drawn=move || drawn.get()>
            <div class="chart-host" role="img" aria-label=move || label.get() node_ref=host></div>
            <div class="chart-fallback">{children.map(|children| children())}</div>
        </div>
    }
}

fn draw(
    host: &web_sys::HtmlElement,
    unit: Signal<String>,
    on_zoom: Option<Callback<(f64, f64)>>,
    drawn: RwSignal<bool>,
) -> Drawing {
    let number = Closure::<dyn Fn(f64) -> String>::new(move |value| {
        unit.try_with_untracked(|unit| number_text(Some(value), unit))
            .unwrap_or_default()
    });
    let zoomed = Closure::<dyn Fn(f64, f64)>::new(move |from, to| {
        if let Some(on_zoom) = on_zoom {
            on_zoom.run((from, to));
        }
    });
    let done = Closure::<dyn Fn(bool)>::new(move |is_drawn| {
        drawn.try_set(is_drawn);
    });
    let mounted = mount(host, ECHARTS_URL, &number, &zoomed, &done);
    Drawing {
        mounted,
        _number: number,
        _zoomed: zoomed,
        _drawn: done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_the_browser_draws_the_fallback_is_there() {
        let html = Owner::new().with(|| {
            view! {
                <Chart tree="{}" numbers=Numbers::default() label="Stock of SKU-7">
                    <p>"the static chart"</p>
                </Chart>
            }
            .to_html()
        });
        assert!(html.contains("the static chart"), "{html}");
        assert!(html.contains("aria-label=\"Stock of SKU-7\""), "{html}");
        assert!(!html.contains("chart-drawn"), "{html}");
    }

    #[test]
    fn the_style_sheet_has_the_plots_sides() {
        let sheet = include_str!("../../../style/charts.css");
        assert!(sheet.contains(&format!("--plot-sides: {PLOT_SIDES}px;")));
    }

    #[test]
    fn a_gap_crosses_as_no_number() {
        let points = Points::new("seen", [(1, Some(2.0)), (3, None)]);
        assert_eq!(points.pairs[..3], [1.0, 2.0, 3.0]);
        assert!(points.pairs[3].is_nan());
    }
}
