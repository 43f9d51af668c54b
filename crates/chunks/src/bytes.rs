//! Numbers as few bytes: varints, and floats without their trailing zeros.

use crate::Corrupt;

/// Appends an unsigned number, seven bits a byte, low bits first (LEB128).
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(low_byte(value) | 0x80);
        value >>= 7;
    }
    out.push(low_byte(value));
}

/// Appends a signed number so that small ones of either sign are short (zigzag).
pub(crate) fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_varint(out, zigzag(value));
}

/// Appends the bits of a float: how many bytes follow, then its high bytes.
///
/// Numbers that people count in have few significant bits, which a float keeps at its high end.
pub(crate) fn put_float(out: &mut Vec<u8>, value: f64) {
    let bytes = value.to_bits().to_be_bytes();
    let kept = kept_bytes(value.to_bits());
    out.push(low_byte(kept as u64));
    out.extend_from_slice(bytes.get(..kept).unwrap_or_default());
}

/// How many high bytes of those bits are left when the zeros at the low end are dropped: 0 to 8.
pub(crate) fn kept_bytes(bits: u64) -> usize {
    8 - (bits.trailing_zeros() / 8) as usize
}

fn low_byte(value: u64) -> u8 {
    value.to_le_bytes()[0]
}

/// Signed to unsigned, small to small.
pub(crate) fn zigzag(value: i64) -> u64 {
    (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned()
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

/// Reads from the front of a slice.
#[derive(Clone, Copy, Default)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn byte(&mut self) -> Result<u8, Corrupt> {
        let (first, rest) = self.0.split_first().ok_or(Corrupt::Short)?;
        self.0 = rest;
        Ok(*first)
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], Corrupt> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Corrupt::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Corrupt> {
        let bytes = self.take(4)?.try_into().map_err(|_| Corrupt::Short)?;
        Ok(u32::from_le_bytes(bytes))
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Corrupt> {
        let bytes = self.take(2)?.try_into().map_err(|_| Corrupt::Short)?;
        Ok(u16::from_le_bytes(bytes))
    }

    #[inline]
    pub(crate) fn varint(&mut self) -> Result<u64, Corrupt> {
        let mut value = 0;
        let mut shift = 0;
        loop {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
            shift += 7;
            if shift > 63 {
                return Err(Corrupt::Nonsense);
            }
        }
    }

    #[inline]
    pub(crate) fn signed(&mut self) -> Result<i64, Corrupt> {
        self.varint().map(unzigzag)
    }

    /// A count that must not exceed `most`.
    pub(crate) fn count(&mut self, most: usize) -> Result<usize, Corrupt> {
        let count = usize::try_from(self.varint()?).map_err(|_| Corrupt::Nonsense)?;
        if count > most {
            return Err(Corrupt::Nonsense);
        }
        Ok(count)
    }

    /// Bits whose `kept` high bytes stand here.
    #[inline]
    pub(crate) fn high_bytes(&mut self, kept: usize) -> Result<u64, Corrupt> {
        let mut bytes = [0; 8];
        bytes
            .get_mut(..kept)
            .ok_or(Corrupt::Nonsense)?
            .copy_from_slice(self.take(kept)?);
        Ok(u64::from_be_bytes(bytes))
    }

    pub(crate) fn float(&mut self) -> Result<f64, Corrupt> {
        let kept = self.byte()?;
        self.high_bytes(kept.into()).map(f64::from_bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_come_back(unsigned: u64, signed: i64, bits: u64) {
            let mut out = Vec::new();
            put_varint(&mut out, unsigned);
            put_signed(&mut out, signed);
            put_float(&mut out, f64::from_bits(bits));
            let mut reader = Reader(&out);
            prop_assert_eq!(reader.varint().unwrap(), unsigned);
            prop_assert_eq!(reader.signed().unwrap(), signed);
            prop_assert_eq!(reader.float().unwrap().to_bits(), bits);
            prop_assert!(reader.0.is_empty());
        }
    }
}
