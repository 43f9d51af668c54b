//! Prometheus remote-write 1.0 and 2.0: protobuf in a Snappy block.
//!
//! The content type says which message it is, before anything is read: the bytes of a 2.0 request
//! are an empty request in 1.0 (specification 2.0, "Content-Type"). The specification wants labels
//! sorted; those that are not are sorted here, since nothing is gained by refusing them.
//!
//! Native histograms become classic ones; of exemplars only the number is known.

mod native;
mod v1;
mod v2;

use crate::metrics::compression;
use crate::metrics::error::BodyError;
use crate::metrics::intake::{Intake, Received};
use crate::metrics::limits::{Limits, NameScheme};

/// The media type of both versions.
const MEDIA_TYPE: &str = "application/x-protobuf";

/// Which message a request holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// `prometheus.WriteRequest`.
    V1,
    /// `io.prometheus.write.v2.Request`.
    V2,
}

impl Version {
    /// From the header `Content-Type`. Without one it is 1.0, as Prometheus takes it from old
    /// senders.
    ///
    /// # Errors
    /// 415 for any other type or message, so that a sender tries another.
    pub fn from_content_type(content_type: Option<&str>) -> Result<Self, BodyError> {
        let header = content_type.map(str::trim).unwrap_or_default();
        let unsupported = || BodyError::ContentType(header.chars().take(200).collect());
        let mut parts = header.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default();
        if media_type.is_empty() {
            return Ok(Self::V1);
        }
        if !media_type.eq_ignore_ascii_case(MEDIA_TYPE) {
            return Err(unsupported());
        }
        let mut version = Self::V1;
        for parameter in parts {
            let Some((name, value)) = parameter.split_once('=') else {
                continue;
            };
            if name.trim().eq_ignore_ascii_case("proto") {
                version = match value.trim().trim_matches('"') {
                    "prometheus.WriteRequest" => Self::V1,
                    "io.prometheus.write.v2.Request" => Self::V2,
                    _ => return Err(unsupported()),
                };
            }
        }
        Ok(version)
    }
}

/// What a request took beyond this is given back after it, in bytes: senders' usual ones take some hundred KiB.
const MOST_KEPT: usize = 1 << 20;

/// Memory that is used from request to request.
#[derive(Debug, Default)]
pub struct Scratch {
    body: Vec<u8>,
}

/// Reads a request as it came over HTTP. `now_ms` is the server's time, in milliseconds since 1970.
///
/// # Errors
/// 415 for another encoding than Snappy, which both versions demand; 413 beyond a limit; 400 where
/// the body cannot be read. What is wrong by itself is in [`Received::refused`].
pub fn receive(
    version: Version,
    content_encoding: Option<&str>,
    body: &[u8],
    limits: &Limits,
    now_ms: i64,
    scratch: &mut Scratch,
) -> Result<Received, BodyError> {
    match content_encoding.map(str::trim) {
        None | Some("") => {}
        Some(encoding) if encoding.eq_ignore_ascii_case("snappy") => {}
        Some(encoding) => return Err(BodyError::ContentEncoding(encoding.to_owned())),
    }
    let message = compression::snappy(body, limits, &mut scratch.body)?;
    let received = decode(version, message, limits, now_ms);
    if scratch.body.len() > MOST_KEPT {
        scratch.body = Vec::new();
    }
    received
}

/// Reads a message that is decompressed already.
///
/// # Errors
/// 413 beyond a limit; 400 where it cannot be read.
pub fn decode(
    version: Version,
    message: &[u8],
    limits: &Limits,
    now_ms: i64,
) -> Result<Received, BodyError> {
    // Prometheus 3 sends names of any letters to whoever it writes to, in both versions.
    let limits = Limits {
        names: NameScheme::Utf8,
        ..*limits
    };
    let mut intake = Intake::new(&limits, now_ms);
    match version {
        Version::V1 => v1::decode(message, &mut intake)?,
        Version::V2 => v2::decode(message, &mut intake)?,
    }
    Ok(intake.received)
}

#[cfg(test)]
mod tests;
