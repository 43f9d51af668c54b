//! From a sender's request to an answer in its own protocol.

use std::borrow::Cow;
use std::cell::RefCell;

use api::{Caller, Error, Push, PushAnswer, PushProtocol, Result, SourceId};
use ingest::metrics::{
    BodyError, Limits, Received, Refused, Written, compression, influx, otlp, remote_write,
};
use series::Batch;
use store::Arrival;
use store::metrics::{Appended, Circuit, Place};

use super::ended::end_buckets;
use crate::Hub;
use crate::failure::OrFailure;
use crate::rate::too_fast;

/// What was taken and what was not.
struct Taken {
    accepted: u64,
    refused: Refused,
    /// Refused by the store: too late, too far ahead, or for reasons of an engine.
    outside: u64,
    /// Why the store refused them.
    why: Option<String>,
    /// What that is called in a counter.
    reason: &'static str,
}

thread_local! {
    /// Where a request is decompressed to: a new place for each would be cleared first.
    static SCRATCH: RefCell<remote_write::Scratch> = RefCell::default();
}

/// How many seconds a sender should wait where nothing can be kept and nobody knows for how long.
pub const AGAIN_SECONDS: u64 = 5;

impl Hub {
    pub(super) async fn take_push(&self, caller: &Caller, push: Push) -> Result<PushAnswer> {
        if let Some((seconds, rate)) = self.must_wait(caller) {
            return self.too_early(caller, &push, seconds, rate).await;
        }
        let answer = match push.protocol {
            PushProtocol::RemoteWrite => self.remote_write(caller, &push).await,
            PushProtocol::Otlp => self.otlp(caller, &push).await,
            PushProtocol::Influx | PushProtocol::InfluxV1 => self.influx(caller, &push).await,
        };
        match answer {
            // The disk is full, or who keeps metrics does not answer: the sender keeps what it has and
            // tries again.
            Err(Error::Unavailable { message }) => {
                let mut answer = failed(&push, 503, &message);
                let again = self.again_seconds().to_string();
                answer.headers.push(("retry-after", again));
                Ok(answer)
            }
            Ok(answer) => {
                let refused: u64 = answer.refused.iter().map(|(_, count)| count).sum();
                self.spend(caller, answer.accepted + refused);
                Ok(answer)
            }
            failed => failed,
        }
    }

    /// How long a sender should wait where nothing can be kept at present: an engine that is left alone
    /// is not asked before its time.
    fn again_seconds(&self) -> u64 {
        let place = self.metrics.store.as_ref().map(|store| store.place());
        match place {
            Some(Place::Engine {
                writing: Circuit::Open { again_seconds },
                ..
            }) if again_seconds > 0 => again_seconds,
            _ => AGAIN_SECONDS,
        }
    }

    /// Beyond the key's rate: nothing is read, and the request counts as one that was refused.
    async fn too_early(
        &self,
        caller: &Caller,
        push: &Push,
        seconds: u32,
        rate: u32,
    ) -> Result<PushAnswer> {
        let source = self.sender(caller).await?;
        let why = too_fast(rate);
        let mut answer = failed(push, 429, &format!("{why}; send again in {seconds} s"));
        self.tally(&source, Arrival::refused(1, why));
        answer.headers.push(("retry-after", seconds.to_string()));
        answer.refused = vec![("rate_limit", 1)];
        Ok(answer)
    }

    async fn remote_write(&self, caller: &Caller, push: &Push) -> Result<PushAnswer> {
        let limits = Limits::default();
        let version = remote_write::Version::from_content_type(push.content_type.as_deref());
        let received = version.and_then(|version| {
            let encoding = push.content_encoding.as_deref();
            SCRATCH.with_borrow_mut(|scratch| {
                remote_write::receive(
                    version,
                    encoding,
                    &push.body,
                    &limits,
                    self.now_ms(),
                    scratch,
                )
            })
        });
        let received = match received {
            Ok(received) => received,
            Err(error) => return self.unreadable(caller, push, &error).await,
        };
        let written = received.written;
        let status = received.status();
        let taken = self.keep_samples(caller, received).await?;
        let written = Written {
            samples: written.samples.saturating_sub(taken.outside),
            ..written
        };
        let mut answer = PushAnswer {
            // A sample outside the window never fits: 400 keeps the sender from trying for ever.
            status: if taken.outside > 0 { 400 } else { status },
            content_type: "text/plain; charset=utf-8",
            headers: written_headers(written),
            ..PushAnswer::default()
        };
        if answer.status != 204 {
            answer.body = words(&taken).into_bytes();
        }
        Ok(count(answer, &taken))
    }

    async fn otlp(&self, caller: &Caller, push: &Push) -> Result<PushAnswer> {
        let limits = Limits::default();
        let encoding = match otlp::Encoding::from_content_type(push.content_type.as_deref()) {
            Ok(encoding) => encoding,
            Err(error) => return self.unreadable(caller, push, &error).await,
        };
        let parsed = body(push, &limits).and_then(|body| {
            otlp::parse(
                encoding,
                &body,
                &otlp::Mapping::default(),
                &limits,
                self.now_ms(),
            )
        });
        let mut received = match parsed {
            Ok(received) => received,
            Err(error) => return self.unreadable(caller, push, &error).await,
        };
        let source = self.sender(caller).await?;
        let appended = if received.deltas.is_empty() {
            let batch = std::mem::take(&mut received.batch);
            self.append(caller, &source, batch).await?
        } else {
            // Held until the samples are kept, so that a request that failed does not count.
            let mut deltas = self.metrics.deltas.lock().await;
            let plan = match deltas.plan(&mut received, &limits) {
                Ok(plan) => plan,
                Err(error) => return self.unreadable(caller, push, &error).await,
            };
            let batch = std::mem::take(&mut received.batch);
            let appended = self.append(caller, &source, batch).await?;
            deltas.commit(plan);
            appended
        };
        let taken = self.taken(&source, &appended, received.refused);
        let rejected = taken.refused.total() + taken.outside;
        let answer = PushAnswer {
            status: 200,
            content_type: encoding.content_type(),
            body: otlp::success(encoding, rejected, &words(&taken)),
            ..PushAnswer::default()
        };
        Ok(count(answer, &taken))
    }

    async fn influx(&self, caller: &Caller, push: &Push) -> Result<PushAnswer> {
        let limits = Limits::default();
        let received = influx::Precision::from_parameter(push.precision.as_deref())
            .and_then(|precision| Ok((precision, body(push, &limits)?)))
            .and_then(|(precision, body)| influx::parse(&body, precision, &limits, self.now_ms()));
        let received = match received {
            Ok(received) => received,
            Err(error) => return self.unreadable(caller, push, &error).await,
        };
        let status = received.status();
        let taken = self.keep_samples(caller, received).await?;
        let answer = if status == 204 && taken.outside == 0 {
            PushAnswer {
                status: 204,
                content_type: "application/json",
                ..PushAnswer::default()
            }
        } else {
            failed(push, 400, &words(&taken))
        };
        Ok(count(answer, &taken))
    }

    async fn keep_samples(&self, caller: &Caller, mut received: Received) -> Result<Taken> {
        let source = self.sender(caller).await?;
        if !received.ended.is_empty() {
            let store = self.metric_store()?;
            end_buckets(&**store, &received.ended, &mut received.batch).await;
        }
        let appended = self.append(caller, &source, received.batch).await?;
        Ok(self.taken(&source, &appended, received.refused))
    }

    async fn append(&self, caller: &Caller, source: &SourceId, batch: Batch) -> Result<Appended> {
        if batch.is_empty() {
            return Ok(Appended::default());
        }
        let now = self.clock.now();
        let store = self.metric_store()?;
        let appended = store.append(source, batch, now).await.or_failure(caller)?;
        self.metrics_came();
        Ok(appended)
    }

    fn taken(&self, source: &SourceId, appended: &Appended, refused: Refused) -> Taken {
        let counts = appended.counts;
        let taken = Taken {
            accepted: counts.samples,
            refused,
            outside: counts.refused,
            why: appended.words(),
            reason: match appended.refusal {
                Some(_) => "engine",
                None => "out_of_window",
            },
        };
        let faults = taken.refused.faults() + taken.outside;
        let arrival = Arrival {
            accepted: counts.samples,
            duplicates: counts.duplicates,
            late: counts.late,
            refused: faults,
            last_refusal: (faults > 0).then(|| words(&taken)),
        };
        self.tally(source, arrival);
        taken
    }

    /// A body that could not be read at all: said to the sender, and shown on its source.
    async fn unreadable(
        &self,
        caller: &Caller,
        push: &Push,
        error: &BodyError,
    ) -> Result<PushAnswer> {
        let source = self.sender(caller).await?;
        self.tally(&source, Arrival::refused(1, error.to_string()));
        let mut answer = failed(push, error.status(), &error.to_string());
        answer.refused = vec![("unreadable", 1)];
        Ok(answer)
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.now().0.div_euclid(1_000)
    }
}

fn body<'p>(push: &'p Push, limits: &Limits) -> std::result::Result<Cow<'p, [u8]>, BodyError> {
    compression::plain_or_gzip(push.content_encoding.as_deref(), &push.body, limits)
}

fn words(taken: &Taken) -> String {
    let refused = (!taken.refused.is_empty()).then(|| taken.refused.to_string());
    [refused, taken.why.clone()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("; ")
}

fn count(mut answer: PushAnswer, taken: &Taken) -> PushAnswer {
    answer.accepted = taken.accepted;
    let counts = taken.refused.counts();
    answer.refused = counts.map(|(reason, n)| (reason.code(), n)).collect();
    if taken.outside > 0 {
        answer.refused.push((taken.reason, taken.outside));
    }
    answer
}

/// What a sender of remote-write 2.0 reads how much was kept from ("Required Written Response Headers").
fn written_headers(written: Written) -> Vec<(&'static str, String)> {
    let headers = [
        ("x-prometheus-remote-write-samples-written", written.samples),
        (
            "x-prometheus-remote-write-histograms-written",
            written.histograms,
        ),
        (
            "x-prometheus-remote-write-exemplars-written",
            written.exemplars,
        ),
    ];
    headers
        .map(|(name, count)| (name, count.to_string()))
        .to_vec()
}

fn failed(push: &Push, status: u16, message: &str) -> PushAnswer {
    push_failure(push.protocol, push.content_type.as_deref(), status, message)
}

/// A failure in the words of a sender's protocol, and in the encoding of its request, of that
/// `Content-Type`.
pub fn push_failure(
    protocol: PushProtocol,
    content_type: Option<&str>,
    status: u16,
    message: &str,
) -> PushAnswer {
    let (content_type, body) = match protocol {
        PushProtocol::RemoteWrite => ("text/plain; charset=utf-8", message.as_bytes().to_vec()),
        PushProtocol::Otlp => {
            let encoding =
                otlp::Encoding::from_content_type(content_type).unwrap_or(otlp::Encoding::Json);
            (
                encoding.content_type(),
                otlp::failure(encoding, status, message),
            )
        }
        PushProtocol::Influx => (
            "application/json",
            influx::answer(status, message).into_bytes(),
        ),
        PushProtocol::InfluxV1 => ("application/json", influx::answer_v1(message).into_bytes()),
    };
    // Also after a failure, unless nobody agreed on a version (415).
    let headers = match protocol {
        PushProtocol::RemoteWrite if status != 415 => written_headers(Written::default()),
        _ => Vec::new(),
    };
    PushAnswer {
        status,
        content_type,
        body,
        headers,
        ..PushAnswer::default()
    }
}
