//! The one event stream of a tab: what changed, and metric points.
//!
//! Pages read [`Live::version`] in their resources and so refetch when their topic changes;
//! charts read [`Live::points`].

use api::{Event, LivePoint, Topic};
use futures::future::{Either, select};
use gloo_net::eventsource::State;
use gloo_net::eventsource::futures::EventSource;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::wasm_bindgen::{JsCast as _, JsValue};
use leptos::web_sys;

/// What flows into this tab.
#[derive(Clone, Copy)]
pub struct Live {
    /// What the mark in the top bar says.
    pub mark: RwSignal<ui::Live>,
    /// The last batch of points.
    pub points: RwSignal<Vec<LivePoint>>,
    versions: [RwSignal<u32>; 9],
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
        Topic::Caches => 8,
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
        let mut last = 0;
        let root = document().document_element();
        let mut since = root.and_then(|root| root.get_attribute("data-since"));
        let mut wait = SHORTEST_WAIT;
        // The browser reconnects by itself, with Last-Event-ID, until the server refuses: what
        // refused may be a proxy whose server starts anew, so it is asked again, ever more seldom.
        while let Some(came) = listen(live, &mut last, &mut since).await {
            if signed_out().await {
                // What stands here was for who was signed in; the server sends on to where one signs in.
                return crate::parts::load_anew();
            }
            wait = if came {
                SHORTEST_WAIT
            } else {
                (wait * 2).min(LONGEST_WAIT)
            };
            pause(wait).await;
        }
        OPEN.with(|open| open.set(false));
        live.mark.set(ui::Live::Off);
    });
}

thread_local! {
    static OPEN: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
    static WHOSE: std::cell::RefCell<Option<String>> = const { std::cell::RefCell::new(None) };
}

/// How often the connection itself is looked at: the browser does not tell that it lost it for as
/// long as it tries again. Longer than browsers wait before they try, so that a connection that
/// only begins anew is never found closed twice.
const LOOK: i32 = 4_000;

/// Even where nothing happens the server says every 15 seconds that it is there; after this long
/// without a word (in microseconds) the connection is open in name only.
const LONGEST_SILENCE: i64 = 40_000_000;

/// How long a refused stream is left alone, at first and at most, in milliseconds.
const SHORTEST_WAIT: i32 = 5_000;
const LONGEST_WAIT: i32 = 60_000;

/// Reads one connection to its end; answers whether anything came, and none where this browser has
/// no such streams. `last` is when something came last, `since` the newest event that is known here.
async fn listen(live: Live, last: &mut i64, since: &mut Option<String>) -> Option<bool> {
    use futures::StreamExt as _;
    let address = match since {
        Some(id) => format!("/live?since={id}"),
        None => "/live".to_owned(),
    };
    let mut source = EventSource::new(&address).ok()?;
    let mut frames = source.subscribe("message").ok()?;
    let mut came = false;
    let mut missed = 0;
    let mut look = Box::pin(pause(LOOK));
    loop {
        match select(frames.next(), look).await {
            Either::Left((Some(Ok((_, message))), rest)) => {
                look = rest;
                *last = now_micros();
                came = true;
                missed = 0;
                live.mark.set(ui::Live::Live);
                let id = message.last_event_id();
                if !id.is_empty() {
                    *since = Some(id);
                }
                let text = message.data().as_string().unwrap_or_default();
                if let Some(whose) = text.strip_prefix(api::WHOSE) {
                    if another(whose) {
                        crate::parts::load_anew();
                    }
                } else if let Ok(event) = serde_json::from_str(&text) {
                    live.apply(event);
                }
            }
            // The browser gave up.
            Either::Left(_) => {
                live.mark.set(still(*last));
                return Some(came);
            }
            Either::Right(_) => {
                look = Box::pin(pause(LOOK));
                let silent = *last != 0 && now_micros() - *last > LONGEST_SILENCE;
                missed = match source.state() {
                    State::Open if !silent => 0,
                    _ => missed + 1,
                };
                if missed > 1 {
                    live.mark.set(still(*last));
                }
            }
        }
    }
}

/// Whether the stream is another person's than before: somebody has signed in in another tab, and what stands here was
/// for the one before.
fn another(whose: &str) -> bool {
    let before = WHOSE.replace(Some(whose.to_owned()));
    before.is_some_and(|before| before != whose)
}

/// Whether the server answers and no longer knows who this is.
async fn signed_out() -> bool {
    let Some(window) = web_sys::window() else {
        return false;
    };
    let asked = wasm_bindgen_futures::JsFuture::from(window.fetch_with_str("/auth/who"));
    let answer = asked.await.map(web_sys::Response::unchecked_from_js);
    answer.is_ok_and(|answer| answer.status() == 205)
}

/// What the mark says where nothing flows.
const fn still(last: i64) -> ui::Live {
    match last {
        0 => ui::Live::Connecting,
        since => ui::Live::Stale { since },
    }
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
