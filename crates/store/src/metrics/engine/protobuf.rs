//! As much of protobuf as remote-write and remote-read take: fields written, fields read.
//!
//! Encoding: <https://protobuf.dev/programming-guides/encoding/>.
//! Messages: `prompb/remote.proto` and `prompb/types.proto` of Prometheus 2.42.

/// Appends a varint.
pub(super) fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// How many bytes a varint takes.
pub(super) const fn varint_len(value: u64) -> usize {
    // A byte for each seven bits, and one for nothing.
    ((70 - (value | 1).leading_zeros()) / 7) as usize
}

/// Appends a field of bytes. Numbers up to 15 take one byte.
pub(super) fn bytes(out: &mut Vec<u8>, number: u8, value: &[u8]) {
    out.push(number << 3 | 2);
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

/// Appends a field that is a varint. A negative number is its two's complement.
pub(super) fn number(out: &mut Vec<u8>, number: u8, value: i64) {
    out.push(number << 3);
    varint(out, value.cast_unsigned());
}

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    /// Eight or four bytes, which no message here has.
    Fixed,
}

/// The fields of a message, in order. It ends at what cannot be read; [`Fields::is_whole`] says
/// whether there was such a thing.
#[derive(Clone, Debug)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
    torn: bool,
}

impl<'a> Fields<'a> {
    pub(super) fn of(message: &'a [u8]) -> Self {
        Self {
            rest: message,
            torn: false,
        }
    }

    pub(super) fn is_whole(&self) -> bool {
        !self.torn
    }

    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let tag = read_varint(&mut self.rest)?;
        let value = match tag & 7 {
            0 => Value::Varint(read_varint(&mut self.rest)?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = usize::try_from(read_varint(&mut self.rest)?).ok()?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return None,
        };
        Some((tag >> 3, value))
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() || self.torn {
            return None;
        }
        let field = self.field();
        self.torn = field.is_none();
        field
    }
}

/// Takes a varint from the front.
pub(super) fn read_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            varint(&mut out, value);
            assert_eq!(out.len(), varint_len(value), "{value}");
            assert_eq!(read_varint(&mut &out[..]), Some(value));
        }
        let mut out = Vec::new();
        number(&mut out, 1, -2);
        bytes(&mut out, 3, b"abc");
        let fields: Vec<_> = Fields::of(&out).collect();
        let minus_two = Value::Varint((-2_i64).cast_unsigned());
        assert_eq!(fields, [(1, minus_two), (3, Value::Bytes(b"abc"))]);
    }

    #[test]
    fn a_torn_message_says_so() {
        for torn in [&b"\x0a\x05ab"[..], b"\x08\x80", b"\x0f", &[0x80; 12]] {
            let mut fields = Fields::of(torn);
            assert_eq!(fields.by_ref().count(), 0);
            assert!(!fields.is_whole());
        }
    }
}
