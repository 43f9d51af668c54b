//! The one event stream of a tab: what changed, and metric points.
//!
//! Pages read [`Live::version`] in their resources and so refetch when their topic changes;
//! charts read [`Live::points`].

use api::{Event, LivePoint, Topic};
use gloo_net::eventsource::futures::EventSource;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::wasm_bindgen::JsValue;
use leptos::web_sys;

/// What flows into this tab.
#[derive(Clone, Copy)]
pub struct Live {
    /// What the mark in the top bar says.
    pub mark: RwSignal<ui::Live>,
    /// The last batch of points.
    pub points: RwSignal<Vec<LivePoint>>,
    versions: [RwSignal<u32>; 8],
}

impl Live {
    /// Counts the changes of a topic; reading it makes a resource refetch.
    pub fn version(self, topic: Topic) -> u32 {
        self.versions[slot(topic)].get()
    }

    fn apply(self, event: Event) {
        match event {
            Event::Samples { points } => self.points.set(points),
            Event::Changed { topic, .. } => self.versions[slot(topic)].update(|v| *v += 1),
            Event::Reset => self.versions.iter().for_each(|v| v.update(|v| *v += 1)),
        }
    }
}

const fn slot(topic: Topic) -> usize {
    match topic {
        Topic::Series => 0,
        Topic::Sources => 1,
        Topic::Forecasts => 2,
        Topic::Imports => 3,
        Topic::Demo => 4,
        Topic::Metrics => 5,
        Topic::Findings => 6,
        Topic::Jobs => 7,
    }
}

/// Makes the stream's signals available to every page.
pub fn provide() {
    provide_context(Live {
        mark: RwSignal::new(ui::Live::Connecting),
        points: RwSignal::new(Vec::new()),
        versions: std::array::from_fn(|_| RwSignal::new(0)),
    });
}

/// This tab's stream.
pub fn live() -> Live {
    expect_context::<Live>()
}

/// Opens the stream; call it once, in an Effect of a page that only signed-in people see.
pub fn open() {
    let live = live();
    // A navigation within the app mounts the frame again; the stream stays the same.
    if OPEN.with(|open| open.replace(true)) {
        return;
    }
    spawn_local(async move {
        // The browser reconnects by itself, with Last-Event-ID, until the server refuses.
        while listen(live).await {
            pause(5_000).await;
        }
        OPEN.with(|open| open.set(false));
        live.mark.set(ui::Live::Off);
    });
}

thread_local! {
    static OPEN: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Reads one connection to its end; answers whether another may be tried.
async fn listen(live: Live) -> bool {
    use futures::StreamExt as _;
    let Ok(mut source) = EventSource::new("/live") else {
        return false;
    };
    let Ok(mut frames) = source.subscribe("message") else {
        return false;
    };
    let mut last = 0;
    while let Some(frame) = frames.next().await {
        match frame {
            Ok((_, message)) => {
                last = now_micros();
                live.mark.set(ui::Live::Live);
                if let Some(event) = message
                    .data()
                    .as_string()
                    .and_then(|text| serde_json::from_str(&text).ok())
                {
                    live.apply(event);
                }
            }
            Err(_) if last == 0 => live.mark.set(ui::Live::Connecting),
            Err(_) => live.mark.set(ui::Live::Stale { since: last }),
        }
    }
    true
}

/// The browser's clock, in microseconds. In Effects and handlers only.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the present lies far inside i64"
)]
pub fn now_micros() -> i64 {
    (js_sys::Date::now() * 1000.0) as i64
}

async fn pause(ms: i32) {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        if let Some(window) = web_sys::window() {
            let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, ms);
        }
    });
    let _: Result<JsValue, JsValue> = wasm_bindgen_futures::JsFuture::from(promise).await;
}
