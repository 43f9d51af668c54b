//! A chart drawn by ECharts from an option tree; the server's own drawing stays until then.
//!
//! The tree is a value (`charming`), so pages build it in pure functions. It crosses as JSON. What
//! it cannot say under our content policy (functions) `chart.js` adds: every number on an axis and
//! in the tooltip is formatted by [`number_text`] with the chart's unit.
//!
//! Conventions of a tree: colours may be `var(--series-3)`, `var(--alert)`, any name of the style
//! sheet. A band is two stacked line series with the ids [`BAND_80`] or [`BAND_95`] (low end, then
//! the span above it), which the tooltip shows as one line. Instants are milliseconds since 1970.

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

#[wasm_bindgen(module = "/src/chart.js")]
extern "C" {
    type Mounted;

    fn mount(
        host: &web_sys::HtmlElement,
        url: &str,
        option: &str,
        number: &Closure<dyn Fn(f64) -> String>,
        zoomed: &Closure<dyn Fn(f64, f64)>,
        drawn: &Closure<dyn Fn(bool)>,
    ) -> Mounted;

    #[wasm_bindgen(method)]
    fn set(this: &Mounted, option: &str);

    #[wasm_bindgen(method)]
    fn dispose(this: &Mounted);
}

/// An option tree as ECharts takes it.
pub fn option_json(chart: &charming::Chart) -> String {
    // A tree is plain data; if it could not be written, an empty chart is the honest answer.
    serde_json::to_string(chart).unwrap_or_else(|_| "{}".to_owned())
}

/// What lives as long as a mounted chart: JavaScript calls into the closures.
struct Drawing {
    mounted: Mounted,
    _number: Closure<dyn Fn(f64) -> String>,
    _zoomed: Closure<dyn Fn(f64, f64)>,
    _drawn: Closure<dyn Fn(bool)>,
}

/// A chart. Its children (`StaticChart`) are what is seen until ECharts has drawn, and all there is
/// without JavaScript.
#[component]
pub fn Chart(
    /// What is drawn; each change is drawn again.
    #[prop(into)]
    option: Signal<charming::Chart>,
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
    let drawing = StoredValue::new_local(None::<Drawing>);
    Effect::new(move || {
        let Some(host) = host.get() else { return };
        let first = option_json(&option.get_untracked());
        drawing.set_value(Some(draw(&host, &first, unit, on_zoom, drawn)));
        // Here and not in the component's body, which also runs on the server.
        on_cleanup(move || {
            let last = drawing.try_update_value(Option::take).flatten();
            if let Some(last) = last {
                last.mounted.dispose();
            }
        });
    });
    Effect::new(move |before: Option<()>| {
        option.track();
        unit.track();
        // The first run is the mounting above.
        if before.is_some() {
            let json = option.with_untracked(option_json);
            drawing.with_value(|drawing| {
                if let Some(drawing) = drawing {
                    drawing.mounted.set(&json);
                }
            });
        }
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
    option: &str,
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
    let mounted = mount(host, ECHARTS_URL, option, &number, &zoomed, &done);
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
                <Chart option=charming::Chart::new() label="Stock of SKU-7">
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
    fn colours_cross_as_names_of_the_style_sheet() {
        let chart = charming::Chart::new().color(vec!["var(--series-1)"]);
        assert!(option_json(&chart).contains("var(--series-1)"));
    }
}
