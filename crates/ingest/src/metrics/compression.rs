//! Snappy blocks and gzip streams, never beyond a cap.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use crate::metrics::error::BodyError;
use crate::metrics::limits::Limits;

/// The most bytes that three bytes of a Snappy block can become: a copy of 64 with a two-byte offset
/// (`google/snappy`, `format_description.txt`).
const SNAPPY_BEST: (usize, usize) = (64, 3);

/// Decompresses a Snappy block into `out`, which may be used again and again.
///
/// # Errors
/// 413 where the body is too long before or after, 400 where it is no block or cut off.
pub fn snappy<'o>(
    body: &[u8],
    limits: &Limits,
    out: &'o mut Vec<u8>,
) -> Result<&'o [u8], BodyError> {
    check_body(body, limits)?;
    let broken = |error: snap::Error| BodyError::Compression {
        encoding: "snappy",
        hint: error.to_string(),
    };
    let length = snap::raw::decompress_len(body).map_err(broken)?;
    if length > limits.max_decompressed_bytes {
        return Err(BodyError::DecompressedTooLarge {
            max: limits.max_decompressed_bytes,
        });
    }
    // The length is the sender's word. What the block cannot become is not allocated for it.
    let most = body.len().saturating_mul(SNAPPY_BEST.0) / SNAPPY_BEST.1;
    if length > most {
        return Err(BodyError::Compression {
            encoding: "snappy",
            hint: format!("{} bytes cannot become {length}", body.len()),
        });
    }
    if out.len() < length {
        out.resize(length, 0);
    }
    let target = out.get_mut(..length).unwrap_or_default();
    let written = snap::raw::Decoder::new()
        .decompress(body, target)
        .map_err(broken)?;
    Ok(out.get(..written).unwrap_or_default())
}

/// Decompresses a gzip stream, which may have several members.
///
/// # Errors
/// 413 where the body is too long before or after, 400 where it is no gzip or cut off.
pub fn gzip(body: &[u8], limits: &Limits) -> Result<Vec<u8>, BodyError> {
    check_body(body, limits)?;
    let mut out = Vec::new();
    // One byte more than allowed tells a body that just fits from one that goes on.
    let cap = limits.max_decompressed_bytes.saturating_add(1);
    MultiGzDecoder::new(body)
        .take(cap as u64)
        .read_to_end(&mut out)
        .map_err(|error| BodyError::Compression {
            encoding: "gzip",
            hint: error.to_string(),
        })?;
    if out.len() > limits.max_decompressed_bytes {
        return Err(BodyError::DecompressedTooLarge {
            max: limits.max_decompressed_bytes,
        });
    }
    Ok(out)
}

/// The bytes of a body that is sent plain or as gzip, after its `Content-Encoding`.
///
/// # Errors
/// As [`gzip`]; 415 for another encoding.
pub fn plain_or_gzip<'b>(
    content_encoding: Option<&str>,
    body: &'b [u8],
    limits: &Limits,
) -> Result<std::borrow::Cow<'b, [u8]>, BodyError> {
    match content_encoding.map(str::trim) {
        None | Some("") => {
            check_body(body, limits)?;
            Ok(body.into())
        }
        Some(encoding) if encoding.eq_ignore_ascii_case("identity") => {
            check_body(body, limits)?;
            Ok(body.into())
        }
        Some(encoding) if encoding.eq_ignore_ascii_case("gzip") => {
            gzip(body, limits).map(Into::into)
        }
        Some(encoding) => Err(BodyError::ContentEncoding(encoding.to_owned())),
    }
}

fn check_body(body: &[u8], limits: &Limits) -> Result<(), BodyError> {
    if body.len() > limits.max_body_bytes {
        return Err(BodyError::TooLarge {
            max: limits.max_body_bytes,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;
    use std::io::Write;

    fn small() -> Limits {
        Limits {
            max_body_bytes: 1000,
            max_decompressed_bytes: 5000,
            ..Limits::default()
        }
    }

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_block_cut_off_anywhere_is_refused() {
        let whole = snap::raw::Encoder::new()
            .compress_vec(&b"millrace ".repeat(50))
            .unwrap();
        for end in 0..whole.len() {
            let out = &mut Vec::new();
            let error = snappy(&whole[..end], &small(), out);
            assert!(
                matches!(error, Err(ref e) if e.status() == 400),
                "{end}: {error:?}"
            );
        }
        assert!(snappy(&whole, &small(), &mut Vec::new()).is_ok());
    }

    #[test]
    fn bombs_are_refused_before_memory_is_taken() {
        // The block says that it holds 4 GiB - 1.
        let liar = [0xff, 0xff, 0xff, 0xff, 0x0f, 0x00];
        let mut out = Vec::new();
        assert_eq!(snappy(&liar, &small(), &mut out).unwrap_err().status(), 413);
        // This one says less than the cap, but more than so few bytes can become.
        let liar = [0x80, 0x20, 0x00, b'a'];
        assert_eq!(snappy(&liar, &small(), &mut out).unwrap_err().status(), 400);
        assert_eq!(out.capacity(), 0);
        let real = snap::raw::Encoder::new().compress_vec(&[0; 6000]).unwrap();
        assert_eq!(snappy(&real, &small(), &mut out).unwrap_err().status(), 413);
        assert_eq!(
            gzip(&gzipped(&[0; 5001]), &small()).unwrap_err().status(),
            413
        );
        assert_eq!(gzip(&gzipped(&[0; 5000]), &small()).unwrap().len(), 5000);
    }

    #[test]
    fn the_best_that_snappy_can_do_is_let_through() {
        let bytes = vec![7; 60_000];
        let block = snap::raw::Encoder::new().compress_vec(&bytes).unwrap();
        let out = &mut Vec::new();
        assert_eq!(snappy(&block, &Limits::default(), out).unwrap(), bytes);
    }

    #[test]
    fn a_buffer_that_was_used_before_does_not_show() {
        let limits = Limits::default();
        let mut encoder = snap::raw::Encoder::new();
        let mut out = Vec::new();
        for text in [&b"a long text, long text, long text"[..], b"short", b""] {
            let block = encoder.compress_vec(text).unwrap();
            assert_eq!(snappy(&block, &limits, &mut out).unwrap(), text);
        }
    }

    #[test]
    fn encodings_are_told_apart() {
        let limits = Limits::default();
        let read =
            |encoding, body: &[u8]| plain_or_gzip(encoding, body, &limits).map(|b| b.to_vec());
        assert_eq!(read(None, b"x").unwrap(), b"x");
        assert_eq!(read(Some("identity"), b"x").unwrap(), b"x");
        assert_eq!(read(Some("GZIP"), &gzipped(b"x")).unwrap(), b"x");
        assert_eq!(read(Some("br"), b"x").unwrap_err().status(), 415);
        assert_eq!(read(Some("gzip"), b"x").unwrap_err().status(), 400);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = snappy(&bytes, &small(), &mut Vec::new());
            let _ = gzip(&bytes, &small());
        }
    }
}
