//! The frames in which Prometheus streams the chunks of remote-read.
//!
//! A frame is its message's length as a varint, four bytes of checksum, and a `ChunkedReadResponse`
//! of `prompb/remote.proto` (`storage/remote/chunked.go`, Prometheus 2.42). The checksum is not looked
//! at: TCP has one, and the chunks have none that their reader would miss.

use series::{Labels, MetricSample};

use super::protobuf::{Fields, Value, read_varint};
use super::read::{Collected, PartError, Parts};
use super::xor;

/// The most bytes of one frame: Prometheus makes them of one MiB unless it is told otherwise.
const MOST_FRAME: usize = 64 << 20;
const CHECKSUM: usize = 4;
/// `Chunk.Encoding.XOR`; others hold native histograms, which are not asked for.
const XOR: u64 = 1;

/// What came of a frame that is not whole yet.
#[derive(Default)]
pub(super) struct Frames {
    waiting: Vec<u8>,
    /// The samples of one series of a frame; kept for its memory.
    samples: Vec<MetricSample>,
}

impl Parts for Frames {
    fn take(&mut self, bytes: &[u8], to: &mut Collected) -> Result<(), PartError> {
        self.waiting.extend_from_slice(bytes);
        let mut used = 0;
        while let Some((message, end)) = frame(&self.waiting, used)? {
            let message = self.waiting.get(message..end).unwrap_or_default();
            let read = response(message, &mut self.samples, to)?;
            read.ok_or(PartError::Unreadable("a frame of it is damaged"))?;
            used = end;
        }
        self.waiting.drain(..used);
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// Where the message of the frame at `from` begins and ends, if all of it is there.
fn frame(bytes: &[u8], from: usize) -> Result<Option<(usize, usize)>, PartError> {
    let all = bytes.get(from..).unwrap_or_default();
    let mut rest = all;
    let Some(length) = read_varint(&mut rest) else {
        // A length has at most ten bytes.
        return if all.len() < 10 {
            Ok(None)
        } else {
            Err(PartError::Unreadable("a frame of it has no length"))
        };
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > MOST_FRAME {
        return Err(PartError::Unreadable("a frame of it is too large"));
    }
    let begin = from + (all.len() - rest.len()) + CHECKSUM;
    let end = begin + length;
    Ok((end <= bytes.len()).then_some((begin, end)))
}

/// `ChunkedReadResponse`: series, of which the last may go on in the next one.
fn response(
    message: &[u8],
    samples: &mut Vec<MetricSample>,
    to: &mut Collected,
) -> Result<Option<()>, PartError> {
    let mut fields = Fields::of(message);
    for (number, value) in fields.by_ref() {
        if let (1, Value::Bytes(one)) = (number, value) {
            samples.clear();
            let Some(labels) = series(one, samples) else {
                return Ok(None);
            };
            to.add(&labels, samples.iter().copied())?;
        }
    }
    Ok(fields.is_whole().then_some(()))
}

/// `ChunkedSeries`.
fn series(message: &[u8], samples: &mut Vec<MetricSample>) -> Option<Labels> {
    let mut pairs = Vec::new();
    let mut fields = Fields::of(message);
    for (number, value) in fields.by_ref() {
        match (number, value) {
            (1, Value::Bytes(pair)) => pairs.push(label(pair)?),
            (2, Value::Bytes(one)) => chunk(one, samples)?,
            _ => {}
        }
    }
    let labels = Labels::new(pairs).ok()?;
    fields.is_whole().then_some(labels)
}

fn label(message: &[u8]) -> Option<(&str, &str)> {
    let (mut name, mut value) = ("", "");
    let mut fields = Fields::of(message);
    for (number, field) in fields.by_ref() {
        match (number, field) {
            (1, Value::Bytes(text)) => name = std::str::from_utf8(text).ok()?,
            (2, Value::Bytes(text)) => value = std::str::from_utf8(text).ok()?,
            _ => {}
        }
    }
    fields.is_whole().then_some((name, value))
}

fn chunk(message: &[u8], samples: &mut Vec<MetricSample>) -> Option<()> {
    let (mut encoding, mut data) = (0, &[][..]);
    let mut fields = Fields::of(message);
    for (number, field) in fields.by_ref() {
        match (number, field) {
            (3, Value::Varint(kind)) => encoding = kind,
            (4, Value::Bytes(bytes)) => data = bytes,
            _ => {}
        }
    }
    if !fields.is_whole() {
        return None;
    }
    if encoding == XOR {
        xor::decode(data, samples)?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Limits;
    use crate::metrics::engine::protobuf::{bytes, number, varint};
    use proptest::prelude::*;

    fn framed(message: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        varint(&mut out, message.len() as u64);
        out.extend([0; CHECKSUM]);
        out.extend_from_slice(message);
        out
    }

    fn message() -> Vec<u8> {
        let (mut pair, mut chunk) = (Vec::new(), Vec::new());
        bytes(&mut pair, 1, b"__name__");
        bytes(&mut pair, 2, b"up");
        let mut data = vec![0, 1, 14];
        data.extend(2.5_f64.to_bits().to_be_bytes());
        number(&mut chunk, 1, 7);
        number(&mut chunk, 3, 1);
        bytes(&mut chunk, 4, &data);
        let mut series = Vec::new();
        bytes(&mut series, 1, &pair);
        bytes(&mut series, 2, &chunk);
        let mut out = Vec::new();
        bytes(&mut out, 1, &series);
        out
    }

    #[test]
    fn frames_are_read_however_they_are_cut() {
        let all = [framed(&message()), framed(&[]), framed(&message())].concat();
        for size in [1, 7, all.len()] {
            let mut frames = Frames::default();
            let mut to = Collected::new(Limits::default());
            for piece in all.chunks(size) {
                assert!(frames.take(piece, &mut to).is_ok());
            }
            assert!(frames.is_done());
            let found = to.finished();
            assert_eq!(found[0].0.to_string(), "up");
            assert_eq!((found[0].1[0].at_ms, found[0].1[0].value), (7, 2.5));
        }
    }

    #[test]
    fn a_damaged_frame_is_no_answer() {
        let mut to = Collected::new(Limits::default());
        let mut torn = framed(&message());
        let last = torn.len() - 4;
        torn.truncate(last);
        let mut frames = Frames::default();
        assert!(frames.take(&torn, &mut to).is_ok());
        assert!(!frames.is_done());
        for wrong in [
            framed(b"\x0a\x7f"),
            vec![0xff; 12],
            vec![0xff, 0xff, 0xff, 0xff, 0x0f],
        ] {
            assert!(Frames::default().take(&wrong, &mut to).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut to = Collected::new(Limits::default());
            let _ = Frames::default().take(&bytes, &mut to);
            let _ = Frames::default().take(&framed(&bytes), &mut to);
        }
    }
}
