//! Reads protobuf from a slice without copying (protobuf.dev, "Encoding").
//!
//! By hand, since a series of remote-write must cost a few hundred cycles: generated structs
//! allocate each label, and this allocates nothing.

use crate::metrics::error::BodyError;

/// What was read up to where it made no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WireError(pub(crate) &'static str);

impl From<WireError> for BodyError {
    fn from(error: WireError) -> Self {
        Self::Malformed(error.0.to_owned())
    }
}

const CUT_OFF: WireError = WireError("it is cut off");

/// The most values of a packed list: of one byte each in the body, they take eight in memory. No list
/// of these protocols is nearly as long.
pub(crate) const MAX_REPEATED: usize = 1 << 16;

/// A field's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

/// What is left of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a>(pub(crate) &'a [u8]);

impl<'a> Message<'a> {
    /// The next field: its number and its value. `None` at the end.
    #[inline]
    pub(crate) fn field(&mut self) -> Result<Option<(u32, Value<'a>)>, WireError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number =
            u32::try_from(tag >> 3).map_err(|_| WireError("a field's number is too large"))?;
        if number == 0 {
            return Err(WireError("a field has the number 0"));
        }
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(self.fixed64()?),
            2 => Value::Bytes(self.bytes()?),
            5 => Value::Fixed32(u32::from_le_bytes(self.fixed()?)),
            // Groups (3 and 4) are in no message of these protocols.
            _ => return Err(WireError("a field has an unknown wire type")),
        };
        Ok(Some((number, value)))
    }

    /// An integer of up to ten bytes.
    #[inline]
    pub(crate) fn varint(&mut self) -> Result<u64, WireError> {
        match self.0 {
            [byte, rest @ ..] if *byte < 0x80 => {
                self.0 = rest;
                Ok(u64::from(*byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, WireError> {
        let mut value = 0_u64;
        for (i, byte) in self.0.iter().enumerate().take(10) {
            value |= u64::from(byte & 0x7f) << (7 * i);
            if *byte < 0x80 {
                if i == 9 && *byte > 1 {
                    break;
                }
                self.0 = self.0.get(i + 1..).unwrap_or_default();
                return Ok(value);
            }
        }
        Err(if self.0.len() < 10 {
            CUT_OFF
        } else {
            WireError("a number is too long")
        })
    }

    /// Bytes with their length before them.
    #[inline]
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], WireError> {
        let length = usize::try_from(self.varint()?).map_err(|_| CUT_OFF)?;
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(CUT_OFF)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// Eight bytes, the lowest first.
    #[inline]
    pub(crate) fn fixed64(&mut self) -> Result<u64, WireError> {
        self.fixed().map(u64::from_le_bytes)
    }

    #[inline]
    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(CUT_OFF)?;
        self.0 = rest;
        Ok(*bytes)
    }
}

impl<'a> Value<'a> {
    /// The bytes of a message or text; `None` for another type, which is then an unknown field.
    pub(crate) fn as_bytes(self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// A `double`.
    pub(crate) fn as_double(self) -> Option<f64> {
        match self {
            Self::Fixed64(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    /// A `uint64`, `uint32`, `bool` or `enum`.
    pub(crate) fn as_varint(self) -> Option<u64> {
        match self {
            Self::Varint(value) => Some(value),
            _ => None,
        }
    }

    /// An `int64`.
    pub(crate) fn as_int64(self) -> Option<i64> {
        self.as_varint().map(u64::cast_signed)
    }

    /// A `sint64` or `sint32`.
    pub(crate) fn as_sint64(self) -> Option<i64> {
        self.as_varint().map(zigzag)
    }

    /// Appends a `repeated uint64`, packed or not.
    pub(crate) fn append_varints(self, to: &mut Vec<u64>) -> Result<(), WireError> {
        match self {
            Self::Varint(value) => to.push(value),
            Self::Bytes(bytes) => {
                let mut packed = Message(bytes);
                while !packed.0.is_empty() && to.len() <= MAX_REPEATED {
                    to.push(packed.varint()?);
                }
            }
            _ => {}
        }
        not_too_many(to)
    }

    /// Appends a `repeated fixed64` or `repeated double`, packed or not, as bits.
    pub(crate) fn append_fixed64s(self, to: &mut Vec<u64>) -> Result<(), WireError> {
        match self {
            Self::Fixed64(bits) => to.push(bits),
            Self::Bytes(bytes) => {
                let mut packed = Message(bytes);
                while !packed.0.is_empty() && to.len() <= MAX_REPEATED {
                    to.push(packed.fixed64()?);
                }
            }
            _ => {}
        }
        not_too_many(to)
    }

    /// Appends a `repeated double`.
    pub(crate) fn append_doubles(self, to: &mut Vec<f64>) -> Result<(), WireError> {
        let mut bits = Vec::new();
        self.append_fixed64s(&mut bits)?;
        to.extend(bits.into_iter().map(f64::from_bits));
        Ok(())
    }
}

fn not_too_many(list: &[u64]) -> Result<(), WireError> {
    if list.len() > MAX_REPEATED {
        return Err(WireError("a list is too long"));
    }
    Ok(())
}

/// A signed number from its zigzag form.
pub(crate) fn zigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_of_every_length_are_read() {
        for (bytes, value) in [
            (&[0x00][..], 0),
            (&[0x7f], 127),
            (&[0x96, 0x01], 150),
            (
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
                u64::MAX,
            ),
        ] {
            assert_eq!(Message(bytes).varint(), Ok(value));
        }
        assert_eq!(Message(&[0x80]).varint(), Err(CUT_OFF));
        assert!(Message(&[0xff; 11]).varint().is_err());
        assert!(
            Message(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02])
                .varint()
                .is_err()
        );
        assert_eq!([0, 1, 2, 3].map(zigzag), [0, -1, 1, -2]);
        assert_eq!(zigzag(u64::MAX), i64::MIN);
    }

    #[test]
    fn a_length_beyond_the_end_is_refused() {
        assert_eq!(Message(&[0x0a, 0x05, b'a']).field(), Err(CUT_OFF));
        assert!(Message(&[0x0b]).field().is_err());
        assert!(Message(&[0x00, 0x00]).field().is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut message = Message(&bytes);
            while let Ok(Some((_, value))) = message.field() {
                let _ = value.append_varints(&mut Vec::new());
                let _ = value.append_doubles(&mut Vec::new());
            }
        }
    }
}
