//! OTLP/HTTP metrics: what OpenTelemetry's SDKs and its Collector export, in protobuf or JSON.
//!
//! Names, units, attributes and resources are translated as Prometheus does it by default. A gauge
//! or cumulative sum is a series; a histogram is `…_bucket`, `…_sum` and `…_count`; an exponential
//! histogram is first made a classic one; a summary has its quantiles. A point with the flag
//! `NO_RECORDED_VALUE` ends its series. Deltas wait in [`Received::deltas`] until a [`DeltaState`]
//! has added them up.

mod answer;
mod convert;
mod delta;
mod json;
mod labels;
mod model;
mod naming;
mod protobuf;

use std::cell::Cell;

use series::Batch;

use crate::metrics::error::BodyError;
use crate::metrics::intake::Intake;
use crate::metrics::limits::Limits;
use crate::metrics::refused::Refused;
use convert::Converter;
use model::Request;

pub use answer::{failure, success};
pub use delta::{DeltaPlan, DeltaPoint, DeltaState};

/// The series that holds the attributes of a resource.
const TARGET_INFO: &str = "target_info";

/// How a request is written; its answer is written the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// `application/x-protobuf`.
    Protobuf,
    /// `application/json`.
    Json,
}

impl Encoding {
    /// From the header `Content-Type`.
    ///
    /// # Errors
    /// 415 for any other type, or none.
    pub fn from_content_type(content_type: Option<&str>) -> Result<Self, BodyError> {
        let header = content_type.unwrap_or_default();
        let media_type = header.split(';').next().unwrap_or_default().trim();
        if media_type.eq_ignore_ascii_case(Self::Protobuf.content_type()) {
            Ok(Self::Protobuf)
        } else if media_type.eq_ignore_ascii_case(Self::Json.content_type()) {
            Ok(Self::Json)
        } else {
            Err(BodyError::ContentType(header.chars().take(200).collect()))
        }
    }

    /// The header of the answer.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }
}

/// What of a resource becomes labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Keys of the resource's attributes that become labels of every series, such as
    /// `deployment.environment`. `service.name` and its like are `job` and `instance` anyway.
    pub promote: Vec<String>,
    /// Whether the other attributes become a series `target_info`.
    pub target_info: bool,
}

impl Default for Mapping {
    /// As Prometheus has it: nothing is promoted, and `target_info` is there.
    fn default() -> Self {
        Self {
            promote: Vec::new(),
            target_info: true,
        }
    }
}

/// What one request brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Received {
    /// The series to keep.
    pub batch: Batch,
    /// How many points were taken; one of a histogram is one, however many series it becomes.
    pub points: u64,
    /// What was wrong, in points.
    pub refused: Refused,
    /// Exemplars that were there and are not kept.
    pub exemplars_dropped: u64,
    /// Points that are to be added up by [`DeltaState::plan`].
    pub deltas: Vec<DeltaPoint>,
}

/// Reads a body that is decompressed already ([`compression::plain_or_gzip`]). `now_ms` is the
/// server's time, in milliseconds since 1970: that of points without one.
///
/// # Errors
/// 413 beyond a limit; 400 where the body cannot be read. What is wrong by itself is in
/// [`Received::refused`].
///
/// [`compression::plain_or_gzip`]: crate::metrics::compression::plain_or_gzip
pub fn parse(
    encoding: Encoding,
    body: &[u8],
    mapping: &Mapping,
    limits: &Limits,
    now_ms: i64,
) -> Result<Received, BodyError> {
    let request = match encoding {
        Encoding::Protobuf => from_protobuf(body, limits)?,
        Encoding::Json => from_json(body, limits)?,
    };
    let mut intake = Intake::new(limits, now_ms);
    let mut converter = Converter::new(&mut intake, mapping, now_ms);
    converter.request(&request)?;
    let (points, deltas) = (converter.points, converter.deltas);
    Ok(Received {
        batch: intake.received.batch,
        points,
        refused: intake.received.refused,
        exemplars_dropped: intake.received.exemplars_dropped,
        deltas,
    })
}

fn from_protobuf<'b>(body: &'b [u8], limits: &Limits) -> Result<Request<'b>, BodyError> {
    let left = Cell::new(limits.max_objects);
    let request = protobuf::request(body, &left);
    if request.is_err() && left.get() == 0 {
        return Err(too_many_objects(limits));
    }
    Ok(request?)
}

fn from_json<'b>(body: &'b [u8], limits: &Limits) -> Result<Request<'b>, BodyError> {
    // Brackets in texts count too, which are few; and counting is far cheaper than reading.
    if memchr::memchr2_iter(b'{', b'[', body).count() > limits.max_objects {
        return Err(too_many_objects(limits));
    }
    // Serde would take a list for an object of which the fields stand in their order.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(BodyError::Malformed("it is no object".to_owned()));
    }
    serde_json::from_slice(body).map_err(|error| BodyError::Malformed(error.to_string()))
}

fn too_many_objects(limits: &Limits) -> BodyError {
    BodyError::TooMany {
        what: "objects",
        max: limits.max_objects,
    }
}

#[cfg(test)]
mod tests;
