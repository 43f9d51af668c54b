//! What OTLP/HTTP answers, in the encoding of the request (OTLP specification, "OTLP/HTTP Response").

use serde_json::json;

use super::Encoding;
use crate::metrics::refused::shortened;

/// The body of a 200: an `ExportMetricsServiceResponse`, which says how many points were refused
/// and why, by the protocol and by who keeps them, or nothing at all where everything was taken.
pub fn success(encoding: Encoding, rejected: u64, message: &str) -> Vec<u8> {
    match encoding {
        Encoding::Json if rejected == 0 => b"{}".to_vec(),
        Encoding::Json => json!({
            "partialSuccess": {
                // 64-bit integers are strings in JSON.
                "rejectedDataPoints": rejected.to_string(),
                "errorMessage": message,
            }
        })
        .to_string()
        .into_bytes(),
        Encoding::Protobuf if rejected == 0 => Vec::new(),
        Encoding::Protobuf => {
            let mut partial = Vec::new();
            varint_field(&mut partial, 1, rejected);
            bytes_field(&mut partial, 2, message.as_bytes());
            let mut response = Vec::new();
            bytes_field(&mut response, 1, &partial);
            response
        }
    }
}

/// The body of any other answer: a `google.rpc.Status`.
pub fn failure(encoding: Encoding, status: u16, message: &str) -> Vec<u8> {
    let code = rpc_code(status);
    let message = shortened(message);
    match encoding {
        Encoding::Json => json!({"code": code, "message": message})
            .to_string()
            .into_bytes(),
        Encoding::Protobuf => {
            let mut body = Vec::new();
            varint_field(&mut body, 1, code);
            bytes_field(&mut body, 2, message.as_bytes());
            body
        }
    }
}

/// `google.rpc.Code` for a status of HTTP.
fn rpc_code(status: u16) -> u64 {
    match status {
        400 | 413 | 415 => 3,
        401 => 16,
        403 => 7,
        404 => 5,
        429 | 507 => 8,
        502..=504 => 14,
        _ => 13,
    }
}

fn varint_field(out: &mut Vec<u8>, number: u8, value: u64) {
    out.push(number << 3);
    varint(out, value);
}

fn bytes_field(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    out.push(number << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        let [low, ..] = value.to_le_bytes();
        out.push(low | 0x80);
        value >>= 7;
    }
    let [low, ..] = value.to_le_bytes();
    out.push(low);
}
