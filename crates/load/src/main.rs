//! Feeds Millrace and its peers with the same bytes, asks them the same, and prints the ratios.
//!
//! Loopback only: every server is started here, on a folder of its own, and stopped at the end.
//! `cargo run --release -p load -- --millrace dist/millrace --prometheus /usr/bin/prometheus`
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is a program for the terminal"
)]

mod burst;
mod http;
mod peer;
mod questions;
mod traffic;

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use clap::Parser;

use crate::http::Client;
use crate::peer::{Kind, Peer};
use crate::traffic::Shape;

/// Why a measurement did not come about.
#[derive(Debug, thiserror::Error)]
enum LoadError {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("an answer cannot be read: {0}")]
    Answer(String),
    #[error("{0} did not do it in time")]
    NotReady(&'static str),
    #[error("{0} answered {1}: {2}")]
    Refused(&'static str, u16, String),
    #[error("a sender broke off")]
    Sender,
}

/// Millrace beside its peers: the same bytes in, the same questions.
#[derive(Debug, Parser)]
struct Options {
    /// The program of Millrace.
    #[arg(long, default_value = "dist/millrace")]
    millrace: PathBuf,
    /// The program of Prometheus; left out where it is not there.
    #[arg(long, default_value = "/usr/bin/prometheus")]
    prometheus: PathBuf,
    /// The program of VictoriaMetrics; left out where it is not there.
    #[arg(long, default_value = "/usr/bin/victoria-metrics")]
    victoria_metrics: PathBuf,
    /// Only the first part, with fewer samples: to see that it works.
    #[arg(long)]
    short: bool,
    /// Only Millrace, with so many samples a second for a minute: is all there afterwards?
    #[arg(long)]
    burst: Option<usize>,
}

/// What was measured of one server.
struct Figures {
    kind: Kind,
    samples: u64,
    seconds: f64,
    cpu: f64,
    memory: u64,
    disk: u64,
    /// Milliseconds, the median, in the order of [`questions::ALL`].
    answers: Vec<f64>,
}

fn main() -> Result<(), LoadError> {
    let options = Options::parse();
    if let Some(samples_per_second) = options.burst {
        let end_ms = now_ms().div_euclid(traffic::STEP_MS) * traffic::STEP_MS;
        return burst::run(&options.millrace, samples_per_second, 60, end_ms);
    }
    let (steps, many_steps) = if options.short { (240, 4) } else { (5_760, 60) };
    let thousand = Shape {
        series: 1_000,
        steps,
        churn_per_hour: 0.0,
        senders: 2,
    };
    measure(&options, "1,000 series", &thousand, true)?;
    let many = Shape {
        series: 100_000,
        steps: many_steps,
        churn_per_hour: 0.1,
        senders: 2,
    };
    measure(&options, "100,000 series, 10 % churn an hour", &many, false)
}

fn measure(options: &Options, title: &str, shape: &Shape, ask: bool) -> Result<(), LoadError> {
    let now_ms = now_ms();
    let end_ms = now_ms.div_euclid(traffic::STEP_MS) * traffic::STEP_MS;
    eprintln!("{title}: making {} samples", shape.samples());
    let traffic: Vec<_> = (0..shape.senders)
        .map(|sender| traffic::requests(shape, sender, end_ms))
        .collect();
    let bytes: usize = traffic.iter().flatten().map(Vec::len).sum();
    println!(
        "\n{title}: {} samples, {:.1} bytes each in remote-write 1.0, {} senders\n",
        shape.samples(),
        bytes as f64 / shape.samples() as f64,
        shape.senders
    );
    let mut figures = Vec::new();
    for kind in Kind::ALL {
        let program = match kind {
            Kind::Millrace => &options.millrace,
            Kind::Prometheus => &options.prometheus,
            Kind::VictoriaMetrics => &options.victoria_metrics,
        };
        if !program.exists() {
            eprintln!(
                "{} is not there ({}): left out",
                kind.name(),
                kind.program()
            );
            continue;
        }
        eprintln!("{title}: {}", kind.name());
        figures.push(run(
            Peer::start(kind, program)?,
            shape,
            &traffic,
            end_ms,
            ask,
        )?);
    }
    print(&figures);
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "servers refuse samples that are not of today"
)]
fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map_or(0, |now| i64::try_from(now.as_millis()).unwrap_or(i64::MAX))
}

fn run(
    peer: Peer,
    shape: &Shape,
    traffic: &[Vec<Vec<u8>>],
    end_ms: i64,
    ask: bool,
) -> Result<Figures, LoadError> {
    let cpu = peer.cpu_seconds()?;
    let begin = Instant::now();
    std::thread::scope(|scope| {
        let senders: Vec<_> = traffic
            .iter()
            .map(|requests| scope.spawn(|| send(&peer, requests)))
            .collect();
        for sender in senders {
            sender.join().map_err(|_| LoadError::Sender)??;
        }
        Ok::<_, LoadError>(())
    })?;
    let seconds = begin.elapsed().as_secs_f64();
    rest(&peer)?;
    let cpu = peer.cpu_seconds()? - cpu;
    let answers = if ask {
        questions::ask_all(&peer, end_ms)?
    } else {
        Vec::new()
    };
    Ok(Figures {
        kind: peer.kind,
        samples: shape.samples(),
        seconds,
        cpu,
        memory: peer.peak_memory()?,
        answers,
        disk: peer.stop()?,
    })
}

/// Waits until a server has nothing to do any more, a minute at most: what is put off is work too, such
/// as sealing, merging and compacting, and whoever is still at it is slow to answer.
fn rest(peer: &Peer) -> Result<(), LoadError> {
    const LEAST: Duration = Duration::from_secs(10);
    const MOST: Duration = Duration::from_mins(1);
    let begin = Instant::now();
    let mut before = peer.cpu_seconds()?;
    loop {
        // Longer than the pause between two rounds of upkeep.
        std::thread::sleep(Duration::from_secs(5));
        let now = peer.cpu_seconds()?;
        let idle = now - before < 0.1;
        before = now;
        if (idle && begin.elapsed() >= LEAST) || begin.elapsed() >= MOST {
            let seconds = begin.elapsed().as_secs();
            eprintln!("{}: at rest after {seconds} s", peer.kind.name());
            return Ok(());
        }
    }
}

fn send(peer: &Peer, requests: &[Vec<u8>]) -> Result<(), LoadError> {
    let mut client = Client::connect(peer.port)?;
    requests
        .iter()
        .try_for_each(|request| peer.write(&mut client, request))
}

fn print(figures: &[Figures]) {
    let Some(ours) = figures.first() else {
        return;
    };
    let row = |what: &str, more_is_better: bool, figure: &dyn Fn(&Figures) -> Option<f64>| {
        let Some(own) = figure(ours) else {
            return;
        };
        print!("| {what} |");
        for one in figures {
            let Some(theirs) = figure(one) else {
                print!(" – |");
                continue;
            };
            let ratio = if more_is_better {
                own / theirs
            } else {
                theirs / own
            };
            if one.kind == ours.kind {
                print!(" {theirs:.2} |");
            } else {
                print!(" {theirs:.2} (× {ratio:.2}) |");
            }
        }
        println!();
    };
    print!("| (×: how many times as good Millrace is) |");
    for one in figures {
        print!(" {} |", one.kind.name());
    }
    println!("\n|---|{}", "---|".repeat(figures.len()));
    row("million samples a CPU second", true, &|f| {
        Some(f.samples as f64 / f.cpu / 1e6)
    });
    row("million samples a second", true, &|f| {
        Some(f.samples as f64 / f.seconds / 1e6)
    });
    row("peak memory, MiB", false, &|f| {
        Some(f.memory as f64 / 1_048_576.0)
    });
    row("bytes a sample on the disk, stopped", false, &|f| {
        Some(f.disk as f64 / f.samples as f64)
    });
    for (i, question) in questions::ALL.iter().enumerate() {
        row(&format!("{}, ms", question.what), false, &|f| {
            f.answers.get(i).copied()
        });
    }
}
