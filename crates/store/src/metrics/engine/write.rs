//! Samples out: remote-write 1.0, part by part where an engine refuses the whole.
//!
//! <https://prometheus.io/docs/specs/prw/remote_write_spec/>. The receivers' own ways:
//! - Prometheus takes a request as a whole or not at all: for one sample that is out of order it puts
//!   back all others too (`storage/remote/write_handler.go`, 2.42). A refused request is therefore
//!   halved until what is refused stands alone, so that nobody's samples fall with somebody else's.
//! - Prometheus 2.42 answers 500 where a sample is older than its window, which a sender would try again
//!   for ever, and takes series whose names it does not like with 204 and drops them.

use std::collections::HashMap;

use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use series::{Batch, LabelsRef, METRIC_NAME, MetricKind, MetricMeta, MetricSample};

use super::EngineStore;
use super::address::EngineKind;
use super::error::{EngineError, words};
use super::http::{self, Ask};
use super::protobuf::{bytes, number, varint, varint_len};
use crate::metrics::{AHEAD_MS, Appended};

/// The most samples in one request to an engine; a series is not parted for that.
const MOST_SAMPLES: usize = 20_000;
/// How many requests it may take to find out which samples of a batch are refused.
const MOST_REQUESTS: usize = 256;
/// What engines say of a sample that will never fit, whatever status they say it with.
const NEVER_FITS: [&str; 4] = [
    "too old sample",
    "out of bounds",
    "out of order",
    "duplicate sample",
];

/// Samples of one series, in order.
#[derive(Clone, Copy)]
struct Part<'a> {
    labels: LabelsRef<'a>,
    samples: &'a [MetricSample],
}

/// What became of one request.
enum Verdict {
    Taken,
    /// Something in it will never be taken: in whose words.
    Refused(String),
}

/// What is known so far of a batch.
struct Course {
    appended: Appended,
    requests: usize,
}

impl Course {
    fn refuse(&mut self, samples: usize, why: impl FnOnce() -> String) {
        self.appended.counts.refused += samples as u64;
        self.appended.refusal.get_or_insert_with(why);
    }
}

impl EngineStore {
    /// Sends a batch, and answers when the engine has all that it will ever take of it.
    pub(super) async fn write(&self, batch: &Batch, now_ms: i64) -> Result<Appended, EngineError> {
        let mut course = Course {
            appended: Appended::default(),
            requests: 0,
        };
        let (labels, samples) = self.sorted(batch, now_ms, &mut course);
        let parts: Vec<Part<'_>> = labels
            .iter()
            .zip(&samples)
            .filter(|(_, samples)| !samples.is_empty())
            .map(|(labels, samples)| Part {
                labels: *labels,
                samples,
            })
            .collect();
        let mut meta = &batch.meta[..];
        let mut waiting = requests(&parts);
        if waiting.is_empty() && !meta.is_empty() {
            waiting.push(&[]);
        }
        while let Some(request) = waiting.pop() {
            let count: usize = request.iter().map(|part| part.samples.len()).sum();
            if course.requests >= MOST_REQUESTS {
                course.refuse(count, || {
                    "more of it was refused than can be told apart".into()
                });
                continue;
            }
            course.requests += 1;
            match self.send(request, std::mem::take(&mut meta)).await? {
                Verdict::Taken => course.appended.counts.samples += count as u64,
                Verdict::Refused(why) => match request {
                    [] => {}
                    [one] => self.part_by_part(*one, why, &mut course).await?,
                    several => {
                        let (front, back) = several.split_at(several.len() / 2);
                        waiting.extend([back, front]);
                    }
                },
            }
        }
        Ok(course.appended)
    }

    /// A series of which something was refused: its samples are halved until that stands alone.
    async fn part_by_part(
        &self,
        refused: Part<'_>,
        why: String,
        course: &mut Course,
    ) -> Result<(), EngineError> {
        let mut waiting = vec![(refused.samples, Some(why))];
        while let Some((samples, known)) = waiting.pop() {
            if course.requests >= MOST_REQUESTS && known.is_none() {
                course.refuse(samples.len(), || "the engine refused it".into());
                continue;
            }
            let verdict = if let Some(why) = known {
                Verdict::Refused(why)
            } else {
                course.requests += 1;
                let labels = refused.labels;
                self.send(&[Part { labels, samples }], &[]).await?
            };
            match verdict {
                Verdict::Taken => course.appended.counts.samples += samples.len() as u64,
                Verdict::Refused(why) if samples.len() <= 1 => {
                    course.refuse(samples.len(), || why);
                }
                Verdict::Refused(_) => {
                    let (front, back) = samples.split_at(samples.len() / 2);
                    waiting.extend([(back, None), (front, None)]);
                }
            }
        }
        Ok(())
    }

    /// Each series once, its samples in order and each instant once, without what no engine should see.
    ///
    /// One sample of the year 3000 would make every later one of the engine too old.
    fn sorted<'b>(
        &self,
        batch: &'b Batch,
        now_ms: i64,
        course: &mut Course,
    ) -> (Vec<LabelsRef<'b>>, Vec<Vec<MetricSample>>) {
        let mut places: HashMap<LabelsRef<'b>, usize> = HashMap::new();
        let mut labels = Vec::new();
        let mut samples: Vec<Vec<MetricSample>> = Vec::new();
        let latest_ms = now_ms.saturating_add(AHEAD_MS);
        for series in batch.series() {
            if self.address.kind == EngineKind::Prometheus && !has_legacy_names(series.labels) {
                let named = series.labels.metric();
                course.refuse(series.samples.len(), || {
                    format!("Prometheus does not keep names such as those of a series of {named:?}")
                });
                continue;
            }
            let place = *places.entry(series.labels).or_insert(labels.len());
            if place == labels.len() {
                labels.push(series.labels);
                samples.push(Vec::with_capacity(series.samples.len()));
            }
            let of = samples.get_mut(place);
            let early = series.samples.iter().filter(|s| s.at_ms <= latest_ms);
            let before = of.as_ref().map_or(0, |of| of.len());
            let after = of.map_or(0, |of| {
                of.extend(early);
                of.len()
            });
            let ahead = series.samples.len() - (after - before);
            if ahead > 0 {
                course.refuse(ahead, || "more than ten minutes ahead of the clock".into());
            }
        }
        for of in &mut samples {
            let sent = of.len();
            super::in_order(of);
            course.appended.counts.duplicates += (sent - of.len()) as u64;
        }
        (labels, samples)
    }

    async fn send(&self, parts: &[Part<'_>], meta: &[MetricMeta]) -> Result<Verdict, EngineError> {
        let endpoint = &self.address.write;
        let _turn = http::turn(&self.writes, endpoint, self.longest).await?;
        let unreadable = || EngineError::Unreadable {
            host: endpoint.host(),
            why: "what was to be sent cannot be compressed",
        };
        let body = snap::raw::Encoder::new()
            .compress_vec(&encode(parts, meta))
            .map_err(|_| unreadable())?;
        let ask = Ask {
            endpoint,
            url: endpoint.url(),
            headers: headers("x-prometheus-remote-write-version"),
            body: Some(body),
            longest: self.longest,
        };
        let response = http::send(&self.client, &self.write_breaker, ask).await?;
        let status = response.status().as_u16();
        if response.status().is_success() {
            // Read to its end, so that the connection serves the next one too.
            http::refusal(response).await;
            return Ok(Verdict::Taken);
        }
        let body = http::refusal(response).await;
        let said = words(&body);
        let never = NEVER_FITS.iter().any(|never| said.contains(never));
        match status {
            400 | 409 | 413 | 422 => Ok(Verdict::Refused(said)),
            500 if never => Ok(Verdict::Refused(said)),
            _ => Err(http::status(endpoint, status, &body)),
        }
    }

    /// Whether the engine would take samples from here, by a request without any.
    pub(super) async fn check_write(&self) -> Result<(), EngineError> {
        match self.send(&[], &[]).await? {
            Verdict::Taken => Ok(()),
            Verdict::Refused(words) => Err(EngineError::Refuses {
                host: self.address.write.host(),
                status: 400,
                words,
            }),
        }
    }
}

/// Headers of a body as remote-write and remote-read send it; `version` is the name of the one that
/// says which.
pub(super) fn headers(version: &'static str) -> HeaderMap {
    let text = HeaderValue::from_static;
    HeaderMap::from_iter([
        (CONTENT_TYPE, text("application/x-protobuf")),
        (CONTENT_ENCODING, text("snappy")),
        (HeaderName::from_static(version), text("0.1.0")),
    ])
}

/// Puts series together to requests. The last one is sent first.
fn requests<'p, 'a>(parts: &'p [Part<'a>]) -> Vec<&'p [Part<'a>]> {
    let mut out = Vec::new();
    let mut rest = parts;
    while !rest.is_empty() {
        let mut samples = 0;
        let fit = rest.iter().take_while(|part| {
            samples += part.samples.len();
            samples <= MOST_SAMPLES
        });
        let (one, others) = rest.split_at(fit.count().max(1));
        out.push(one);
        rest = others;
    }
    out.reverse();
    out
}

/// Whether every name is one that Prometheus kept before it knew others ("Data model"): receivers of
/// 2.x acknowledge others and drop them.
fn has_legacy_names(labels: LabelsRef<'_>) -> bool {
    let legacy = |name: &str, colon: bool| {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || (colon && c == ':');
        !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(fits)
    };
    labels.iter().all(|(name, value)| {
        if name == METRIC_NAME {
            legacy(value, true)
        } else {
            legacy(name, false)
        }
    })
}

/// `WriteRequest` (`prompb/remote.proto`).
fn encode(parts: &[Part<'_>], meta: &[MetricMeta]) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut series, mut label) = (Vec::new(), Vec::new());
    for part in parts {
        series.clear();
        for (name, value) in part.labels.iter() {
            label.clear();
            bytes(&mut label, 1, name.as_bytes());
            bytes(&mut label, 2, value.as_bytes());
            bytes(&mut series, 1, &label);
        }
        for sample in part.samples {
            let at = sample.at_ms.cast_unsigned();
            series.push(2 << 3 | 2);
            varint(&mut series, 10 + varint_len(at) as u64);
            series.push(1 << 3 | 1);
            // The bits, so that the end of a series stays one.
            series.extend_from_slice(&sample.value.to_bits().to_le_bytes());
            series.push(2 << 3);
            varint(&mut series, at);
        }
        bytes(&mut out, 1, &series);
    }
    for about in meta {
        series.clear();
        number(&mut series, 1, kind_number(about.kind));
        bytes(&mut series, 2, about.name.as_bytes());
        bytes(&mut series, 4, about.help.as_bytes());
        bytes(&mut series, 5, about.unit.as_bytes());
        bytes(&mut out, 3, &series);
    }
    out
}

/// `MetricMetadata.MetricType` (`prompb/types.proto`).
const fn kind_number(kind: MetricKind) -> i64 {
    match kind {
        MetricKind::Unknown => 0,
        MetricKind::Counter => 1,
        MetricKind::Gauge => 2,
        MetricKind::Histogram => 3,
        MetricKind::GaugeHistogram => 4,
        MetricKind::Summary => 5,
        MetricKind::Info => 6,
        MetricKind::StateSet => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use series::STALE_BITS;

    #[test]
    fn a_request_is_written_as_the_protocol_says() {
        let mut batch = Batch::default();
        let end = f64::from_bits(STALE_BITS);
        let samples = [(1, 1.5), (2, end)].map(|(at_ms, value)| MetricSample { at_ms, value });
        batch
            .push(&mut [("__name__", "up"), ("a", "b")], samples)
            .unwrap();
        let parts: Vec<_> = batch
            .series()
            .map(|s| Part {
                labels: s.labels,
                samples: s.samples,
            })
            .collect();
        let meta = [MetricMeta {
            name: "up".into(),
            kind: MetricKind::Gauge,
            unit: String::new(),
            help: "h".into(),
        }];
        let wanted = fakes::remote_write::Encoder::default()
            .message(
                1,
                fakes::remote_write::v1_series(
                    &[("__name__", "up"), ("a", "b")],
                    &[(1, 1.5), (2, end)],
                ),
            )
            .message(
                3,
                fakes::remote_write::Encoder::default()
                    .varint(1, 2)
                    .text(2, "up")
                    .text(4, "h")
                    .text(5, ""),
            );
        assert_eq!(encode(&parts, &meta), wanted.0);
    }

    #[test]
    fn requests_are_cut_between_series() {
        let samples = vec![
            MetricSample {
                at_ms: 0,
                value: 0.0
            };
            MOST_SAMPLES
        ];
        let labels = series::Labels::new([("__name__", "up")]).unwrap();
        let part = |count: usize| Part {
            labels: labels.as_ref(),
            samples: &samples[..count],
        };
        let parts = [part(1), part(MOST_SAMPLES - 1), part(1), part(MOST_SAMPLES)];
        let cut: Vec<usize> = requests(&parts).iter().map(|one| one.len()).collect();
        assert_eq!(cut, [1, 1, 2]);
    }

    #[test]
    fn names_of_old_are_letters_digits_and_underscores() {
        let fits = |pairs: &[(&str, &str)]| {
            let labels = series::Labels::new(pairs.iter().copied()).unwrap();
            has_legacy_names(labels.as_ref())
        };
        assert!(fits(&[
            ("__name__", "job:up_2"),
            ("a_1", "any.thing \u{1F600}")
        ]));
        for wrong in [
            ("__name__", "1up"),
            ("__name__", "a.b"),
            ("a.b", "c"),
            ("a:b", "c"),
        ] {
            assert!(!fits(&[wrong]), "{wrong:?}");
        }
    }
}
