//! A burst: so many samples a second for a while, each request when it is due. What was acknowledged
//! must be there afterwards, and memory must stay bounded.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::LoadError;
use crate::http::Client;
use crate::peer::{Kind, Peer};
use crate::traffic::{self, Shape};

/// Series that are written to; Prometheus' usual thousand of a few machines.
const SERIES: usize = 1_000;
const SENDERS: usize = 2;

/// Sends to Millrace and prints what came of it.
///
/// # Errors
/// Where a sample that was acknowledged is not there, or the server failed.
pub(crate) fn run(
    program: &Path,
    samples_per_second: usize,
    seconds: usize,
    end_ms: i64,
) -> Result<(), LoadError> {
    let shape = Shape {
        series: SERIES,
        steps: samples_per_second * seconds / SERIES,
        churn_per_hour: 0.0,
        senders: SENDERS,
    };
    let traffic: Vec<_> = (0..SENDERS)
        .map(|sender| traffic::requests(&shape, sender, end_ms))
        .collect();
    let requests: usize = traffic.iter().map(Vec::len).sum();
    let every = Duration::from_secs_f64(seconds as f64 * SENDERS as f64 / requests as f64);
    let peer = Peer::start(Kind::Millrace, program)?;
    let quiet = peer.peak_memory()?;
    let (cpu, begin) = (peer.cpu_seconds()?, Instant::now());
    let mut waits = std::thread::scope(|scope| {
        let senders: Vec<_> = traffic
            .iter()
            .map(|requests| scope.spawn(|| send(&peer, requests, begin, every)))
            .collect();
        let mut all = Vec::new();
        for sender in senders {
            all.extend(sender.join().map_err(|_| LoadError::Sender)??);
        }
        Ok::<_, LoadError>(all)
    })?;
    let took = begin.elapsed().as_secs_f64();
    let cpu = peer.cpu_seconds()? - cpu;
    let kept = kept(&peer, end_ms, shape.steps)?;
    println!(
        "{samples_per_second} samples a second for {seconds} s: sent in {took:.1} s, {cpu:.1} s of CPU, peak memory {:.0} MiB ({:.0} before)",
        peer.peak_memory()? as f64 / 1_048_576.0,
        quiet as f64 / 1_048_576.0,
    );
    waits.sort_unstable();
    let of = |share: usize| {
        waits
            .get(waits.len() * share / 100)
            .copied()
            .unwrap_or_default()
    };
    println!(
        "from when a request was due to its acknowledgement: median {} ms, 99th of 100 {} ms",
        of(50).as_millis(),
        of(99).as_millis()
    );
    println!("acknowledged {}, found {kept}", shape.samples());
    peer.stop()?;
    if kept == shape.samples() {
        return Ok(());
    }
    let lost = shape.samples().abs_diff(kept);
    Err(LoadError::Answer(format!("{lost} samples are not there")))
}

/// Sends each request when it is due; answers how long each took from then on.
fn send(
    peer: &Peer,
    requests: &[Vec<u8>],
    begin: Instant,
    every: Duration,
) -> Result<Vec<Duration>, LoadError> {
    let mut client = Client::connect(peer.port)?;
    let mut due = begin;
    let mut waits = Vec::with_capacity(requests.len());
    for request in requests {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        peer.write(&mut client, request)?;
        waits.push(due.elapsed());
        due += every;
    }
    Ok(waits)
}

/// How many samples there are, by PromQL.
fn kept(peer: &Peer, end_ms: i64, steps: usize) -> Result<u64, LoadError> {
    let minutes =
        i64::try_from(steps).unwrap_or(i64::MAX / traffic::STEP_MS) * traffic::STEP_MS / 60_000 + 1;
    let query = format!("sum(count_over_time(%7Bcluster!=%22%22%7D%5B{minutes}m%5D))");
    let path = format!("/api/v1/query?query={query}&time={}", end_ms / 1_000);
    let body = peer.ask(&mut Client::connect(peer.port)?, &path)?;
    let answer: Value =
        serde_json::from_slice(&body).map_err(|e| LoadError::Answer(e.to_string()))?;
    let count = answer["data"]["result"][0]["value"][1].as_str();
    let count = count.and_then(|count| count.parse().ok());
    count.ok_or_else(|| LoadError::Answer(String::from_utf8_lossy(&body).into_owned()))
}
