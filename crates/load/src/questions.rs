//! What every server is asked, over HTTP; the answers must agree.

use std::time::Instant;

use crate::LoadError;
use crate::http::Client;
use crate::peer::Peer;

/// A question over the day that was written.
pub(crate) struct Question {
    pub(crate) what: &'static str,
    query: &'static str,
    /// How far back it begins, and its step, in seconds.
    seconds: i64,
    step: i64,
    /// How many series are in the answer.
    series: usize,
}

pub(crate) const ALL: [Question; 3] = [
    Question {
        what: "one series, 24 h, 300 points",
        query: r#"node_cpu_seconds_total{instance="node-0003.example.org:9100",device="dev4"}"#,
        seconds: 86_400,
        step: 288,
        series: 1,
    },
    Question {
        what: "20 series, 24 h, 300 points",
        query: r#"http_requests_total{instance=~"node-000[12].example.org:9100"}"#,
        seconds: 86_400,
        step: 288,
        series: 20,
    },
    Question {
        what: "average of 1,000 series, 1 h, 240 points",
        query: r#"avg({job="node-exporter"})"#,
        seconds: 3_600,
        step: 15,
        series: 1,
    },
];

/// Runs of each question; the first fill caches.
const WARM_UP: u32 = 5;
const RUNS: u32 = 41;

/// The median of each question, in milliseconds.
pub(crate) fn ask_all(peer: &Peer, end_ms: i64) -> Result<Vec<f64>, LoadError> {
    let mut client = Client::connect(peer.port)?;
    ALL.iter()
        .map(|question| ask(peer, &mut client, question, end_ms))
        .collect()
}

fn ask(
    peer: &Peer,
    client: &mut Client,
    question: &Question,
    end_ms: i64,
) -> Result<f64, LoadError> {
    let mut times = Vec::new();
    for run in 0..WARM_UP + RUNS {
        // Another end each time: an answer that was kept is not an answer that was made.
        let end = end_ms / 1_000 - i64::from(run);
        let start = end - question.seconds + question.step;
        let path = format!(
            "/api/v1/query_range?query={}&start={start}&end={end}&step={}&nocache=1",
            encoded(question.query),
            question.step
        );
        let begin = Instant::now();
        let body = peer.ask(client, &path)?;
        let took = begin.elapsed().as_secs_f64() * 1_000.0;
        if run >= WARM_UP {
            times.push(took);
        }
        if run == 0 {
            check(question, &body)?;
        }
    }
    times.sort_by(f64::total_cmp);
    Ok(times.get(times.len() / 2).copied().unwrap_or_default())
}

/// The answer has the series that are there; a fast wrong answer does not count.
fn check(question: &Question, body: &[u8]) -> Result<(), LoadError> {
    let words = || String::from_utf8_lossy(body.get(..300).unwrap_or(body)).into_owned();
    let answer: serde_json::Value =
        serde_json::from_slice(body).map_err(|_| LoadError::Answer(words()))?;
    let result = answer
        .pointer("/data/result")
        .and_then(|all| all.as_array());
    let series = result.map_or(0, Vec::len);
    if series == question.series {
        return Ok(());
    }
    let (what, wanted) = (question.what, question.series);
    Err(LoadError::Answer(format!(
        "{what}: {series} series, and not {wanted}: {}",
        words()
    )))
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
