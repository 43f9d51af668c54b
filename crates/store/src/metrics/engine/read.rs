//! Samples in: remote-read from Prometheus, the export of VictoriaMetrics. Both stream, and so do we:
//! no more than a frame or a line is held beside what is asked for.
//!
//! Not the query API: `up[5m]` there leaves out the markers by which a series ends, and an expression
//! over what is left would have it go on for five minutes.

use std::collections::HashMap;

use reqwest::Response;
use series::{Labels, MetricSample};

use super::EngineStore;
use super::address::EngineKind;
use super::error::EngineError;
use super::export::Lines;
use super::frames::Frames;
use super::http::{self, Ask};
use super::protobuf::{bytes, number};
use super::{selector, write};
use crate::metrics::{Limits, ReadError, Selection, SeriesSamples};

/// The years 1 to 9999, in milliseconds: engines compute with instants, and must not overflow.
const TIMES_MS: (i64, i64) = (-62_135_596_800_000, 253_402_300_799_999);

/// What came so far.
pub(super) struct Collected {
    limits: Limits,
    places: HashMap<Labels, usize>,
    series: Vec<SeriesSamples>,
    samples: usize,
}

impl Collected {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            places: HashMap::new(),
            series: Vec::new(),
            samples: 0,
        }
    }

    /// Adds samples of a series, of which some may have come before.
    ///
    /// # Errors
    /// Where that is more than may be read.
    pub(super) fn add(
        &mut self,
        labels: &Labels,
        samples: impl IntoIterator<Item = MetricSample>,
    ) -> Result<(), ReadError> {
        let place = if let Some(place) = self.places.get(labels) {
            *place
        } else {
            let place = self.series.len();
            if place >= self.limits.series {
                return Err(ReadError::TooManySeries {
                    found: place + 1,
                    limit: self.limits.series,
                });
            }
            self.places.insert(labels.clone(), place);
            self.series.push((labels.clone(), Vec::new()));
            place
        };
        let Some((_, known)) = self.series.get_mut(place) else {
            return Ok(());
        };
        let before = known.len();
        known.extend(samples);
        self.samples += known.len() - before;
        if self.samples > self.limits.samples {
            return Err(ReadError::TooManySamples {
                limit: self.limits.samples,
            });
        }
        Ok(())
    }

    /// By labels, each in order, without series that have none.
    pub(super) fn finished(self) -> Vec<SeriesSamples> {
        let mut series = self.series;
        series.retain(|(_, samples)| !samples.is_empty());
        for (_, samples) in &mut series {
            super::in_order(samples);
        }
        series.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        series
    }
}

/// Takes an answer apart as it comes.
pub(super) trait Parts {
    /// Takes what came.
    ///
    /// # Errors
    /// Where it cannot be read ([`Unreadable`]) or is more than may be.
    fn take(&mut self, bytes: &[u8], to: &mut Collected) -> Result<(), PartError>;

    /// Whether nothing is left over at the end.
    fn is_done(&self) -> bool;
}

/// Why a part of an answer is not taken.
pub(super) enum PartError {
    Unreadable(&'static str),
    Read(ReadError),
}

impl From<ReadError> for PartError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl EngineStore {
    /// The samples that fit, by labels.
    pub(super) async fn read(&self, wanted: &Selection) -> Result<Vec<SeriesSamples>, ReadError> {
        let from_ms = wanted.from_ms.clamp(TIMES_MS.0, TIMES_MS.1);
        let to_ms = wanted.to_ms.clamp(TIMES_MS.0, TIMES_MS.1);
        let _turn = self.turn().await?;
        let response = match self.address.kind {
            EngineKind::Prometheus => {
                let mut request = Vec::new();
                let query = selector::query(&wanted.matchers, from_ms, to_ms);
                bytes(&mut request, 1, &query);
                // `STREAMED_XOR_CHUNKS`
                number(&mut request, 2, 1);
                self.remote_read(&request).await?
            }
            EngineKind::VictoriaMetrics => {
                let selector = selector::text(self.address.kind, &wanted.matchers);
                let form = [
                    ("match[]", selector),
                    ("start", super::ask::seconds(from_ms.max(1))),
                    ("end", super::ask::seconds(to_ms.max(1))),
                    ("max_rows_per_line", "10000".to_owned()),
                ];
                self.form("/api/v1/export", &form).await?
            }
        };
        let response = self.must_succeed(response).await?;
        let mut collected = Collected::new(wanted.limits);
        match self.address.kind {
            EngineKind::Prometheus => {
                let kind = response.headers().get(reqwest::header::CONTENT_TYPE);
                let streamed = kind.is_some_and(|kind| {
                    let kind = kind.as_bytes();
                    kind.starts_with(b"application/x-streamed-protobuf")
                });
                if !streamed {
                    return Err(self.unreadable("it does not stream what remote-read asks for"));
                }
                let mut frames = Frames::default();
                self.collect(response, &mut frames, &mut collected).await?;
            }
            EngineKind::VictoriaMetrics => {
                let mut lines = Lines::default();
                self.collect(response, &mut lines, &mut collected).await?;
            }
        }
        Ok(collected.finished())
    }

    async fn remote_read(&self, request: &[u8]) -> Result<Response, EngineError> {
        let endpoint = &self.address.query;
        let body = snap::raw::Encoder::new().compress_vec(request);
        let body = body.map_err(|_| EngineError::Unreadable {
            host: endpoint.host(),
            why: "the question cannot be compressed",
        })?;
        let ask = Ask {
            endpoint,
            url: endpoint.at("/api/v1/read"),
            headers: write::headers("x-prometheus-remote-read-version"),
            body: Some(body),
            longest: self.longest,
        };
        http::send(&self.client, &self.read_breaker, ask).await
    }

    /// Reads an answer as it comes. When more comes than may be, the connection is closed, and with
    /// that the engine stops.
    async fn collect(
        &self,
        mut response: Response,
        parts: &mut (dyn Parts + Send),
        to: &mut Collected,
    ) -> Result<(), ReadError> {
        let endpoint = &self.address.query;
        let broken = |error: reqwest::Error| http::fault(endpoint, self.longest, &error);
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            parts.take(&chunk, to).map_err(|error| match error {
                PartError::Unreadable(why) => self.unreadable(why),
                PartError::Read(error) => error,
            })?;
        }
        if parts.is_done() {
            Ok(())
        } else {
            Err(self.unreadable("it ends in the middle"))
        }
    }

    pub(super) fn unreadable(&self, why: &'static str) -> ReadError {
        let host = self.address.query.host();
        EngineError::Unreadable { host, why }.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_in_pieces_is_put_together_and_limits_hold() {
        let labels = |host: &str| Labels::new([("host", host)]).unwrap();
        let sample = |at_ms| MetricSample { at_ms, value: 0.0 };
        let limits = Limits {
            series: 2,
            samples: 5,
        };
        let mut collected = Collected::new(limits);
        collected
            .add(&labels("b"), [sample(1), sample(3)])
            .ok()
            .unwrap();
        collected.add(&labels("a"), []).ok().unwrap();
        collected
            .add(&labels("b"), [sample(2), sample(3)])
            .ok()
            .unwrap();
        let third = collected.add(&labels("c"), []);
        assert!(matches!(
            third,
            Err(ReadError::TooManySeries { limit: 2, .. })
        ));
        let sixth = collected.add(&labels("b"), [sample(4), sample(5)]);
        assert!(matches!(sixth, Err(ReadError::TooManySamples { limit: 5 })));
        let found = collected.finished();
        assert_eq!(found.len(), 1);
        let at: Vec<_> = found[0].1.iter().map(|s| s.at_ms).collect();
        assert_eq!(at, [1, 2, 3, 4, 5]);
    }
}
