//! Requests that nobody waits for any more: a browser leaves a page before it has come.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use api::{Caller, Role, SeriesFilter};
use axum::body::to_bytes;
use serde_json::json;
use tower::ServiceExt as _;

use super::{As, Home, request};

/// What panicked since the hook below was set: a panic while a page is given up reaches nobody.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// In how many moments of its making each page is left.
const ROUNDS: u32 = 30;

/// A page with a chart that is drawn in the browser.
async fn with_a_chart(home: &Home) -> String {
    let key = home.admin_key().await;
    let sample =
        |minute: i64| json!({"name": "stock", "at": 1_780_000_000 - minute * 60, "value": minute});
    let samples: Vec<_> = (0..300).map(sample).collect();
    let answer = home.post(&key, "/api/v1/samples", &json!(samples)).await;
    assert_eq!(answer.json()["accepted"], 300, "{}", answer.body);
    let (series, caller) = (&home.app.services.series, Caller::system("test"));
    let listed = series.list(&caller, SeriesFilter::default()).await.unwrap();
    format!("/series/{}", listed.series[0].id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_page_that_is_given_up_takes_nothing_with_it() {
    let home = Home::new().await;
    let who = home.person(Role::Admin).await;
    let chart = with_a_chart(&home).await;
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let words = info.to_string();
        // Other tests of this process may panic on purpose.
        if words.contains("SendWrapper") {
            PANICS.lock().unwrap().push(words);
        } else {
            before(info);
        }
    }));
    let pages = ["/", "/settings", "/explore", "/models", "/sources", &chart];
    for page in pages {
        let begun = Instant::now();
        let whole = home.get(&who, page).await;
        assert_eq!(whole.status, 200, "{page}");
        let step = begun.elapsed() / ROUNDS;
        for round in 0..ROUNDS {
            leave(&home, &who, page, step * round).await;
        }
    }
    let panics = PANICS.lock().unwrap();
    assert!(panics.is_empty(), "{}: {:?}", panics.len(), panics.first());
}

/// Asks for a page and leaves after a while; what was begun is dropped on another thread, as may happen on
/// any runtime with several.
async fn leave(home: &Home, who: &As, page: &str, after: Duration) {
    let router = home.router.clone();
    let sent = request("GET", who, page, None);
    let mut asking = Box::pin(async move {
        let response = router.oneshot(sent).await.unwrap();
        to_bytes(response.into_body(), usize::MAX).await.unwrap()
    });
    // Over, or done before.
    let _ = tokio::time::timeout(after, &mut asking).await;
    // A panic there is in the hook's list.
    let _ = std::thread::spawn(move || drop(asking)).join();
}
