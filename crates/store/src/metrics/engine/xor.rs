//! Prometheus' chunks of samples, as remote-read streams them.
//!
//! The format is that of `tsdb/chunkenc/xor.go` (Prometheus 2.42), after "Gorilla: A Fast, Scalable,
//! In-Memory Time Series Database" (VLDB 2015): a count, then differences of differences of instants,
//! and values as what differs in their bits.

use series::MetricSample;

/// The bits of a chunk, the highest of each byte first.
struct Bits<'a> {
    bytes: &'a [u8],
    /// The next bit.
    at: usize,
}

impl Bits<'_> {
    fn bit(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1 == 1;
        self.at += 1;
        Some(bit)
    }

    /// That many bits, at most 64.
    fn take(&mut self, count: u32) -> Option<u64> {
        let mut value = 0_u64;
        let mut left = count;
        while left > 0 {
            let byte = u64::from(*self.bytes.get(self.at / 8)?);
            let have = 8 - u32::try_from(self.at % 8).ok()?;
            let now = have.min(left);
            let bits = byte >> (have - now) & ((1 << now) - 1);
            value = value << now | bits;
            self.at += now as usize;
            left -= now;
        }
        Some(value)
    }

    /// A varint whose bytes need not begin where bytes do.
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.take(8)?;
            value |= (byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// How much the step from instant to instant changed.
    fn change_of_step(&mut self) -> Option<i64> {
        let mut ones = 0;
        while ones < 4 && self.bit()? {
            ones += 1;
        }
        let size = match ones {
            0 => return Some(0),
            1 => 14,
            2 => 17,
            3 => 20,
            _ => return Some(self.take(64)?.cast_signed()),
        };
        let bits = self.take(size)?.cast_signed();
        // Not two's complement: the greatest positive is one more than that has.
        Some(if bits > 1 << (size - 1) {
            bits - (1 << size)
        } else {
            bits
        })
    }
}

/// How the bits of values differ.
#[derive(Default)]
struct Values {
    bits: u64,
    leading: u32,
    trailing: u32,
}

impl Values {
    fn next(&mut self, from: &mut Bits<'_>) -> Option<()> {
        if from.bit()? {
            if from.bit()? {
                self.leading = u32::try_from(from.take(5)?).ok()?;
                let significant = match u32::try_from(from.take(6)?).ok()? {
                    0 => 64,
                    some => some,
                };
                self.trailing = 64_u32.checked_sub(self.leading + significant)?;
            }
            let differ = from.take(64 - self.leading - self.trailing)?;
            self.bits ^= differ.checked_shl(self.trailing)?;
        }
        Some(())
    }
}

/// Appends the samples of a chunk; `None` where its bytes are no chunk.
pub(super) fn decode(chunk: &[u8], out: &mut Vec<MetricSample>) -> Option<()> {
    let (count, bytes) = chunk.split_at_checked(2)?;
    let count = u16::from_be_bytes(count.try_into().ok()?);
    let mut bits = Bits { bytes, at: 0 };
    let mut values = Values::default();
    let (mut at_ms, mut step_ms) = (0_i64, 0_i64);
    for place in 0..count {
        match place {
            0 => {
                let zigzag = bits.varint()?;
                at_ms = (zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed();
                values.bits = bits.take(64)?;
            }
            1 => {
                step_ms = bits.varint()?.cast_signed();
                at_ms = at_ms.checked_add(step_ms)?;
                values.next(&mut bits)?;
            }
            _ => {
                step_ms = step_ms.checked_add(bits.change_of_step()?)?;
                at_ms = at_ms.checked_add(step_ms)?;
                values.next(&mut bits)?;
            }
        }
        let value = f64::from_bits(values.bits);
        out.push(MetricSample { at_ms, value });
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bits_are_taken_across_bytes() {
        let mut bits = Bits {
            bytes: &[0b1010_0101, 0b1100_0011, 0xff],
            at: 0,
        };
        assert_eq!(bits.take(3), Some(0b101));
        assert_eq!(bits.take(9), Some(0b0_0101_1100));
        assert_eq!(bits.bit(), Some(false));
        assert_eq!(bits.take(12), None);
    }

    #[test]
    fn a_chunk_as_the_format_says() {
        // Two samples: at 1 (zigzag 2), 1.0; 5 later the same value (one bit, 0).
        let mut chunk = vec![0, 2, 2];
        chunk.extend(1_f64.to_bits().to_be_bytes());
        chunk.extend([5, 0]);
        let mut out = Vec::new();
        decode(&chunk, &mut out).unwrap();
        let seen: Vec<_> = out.iter().map(|s| (s.at_ms, s.value)).collect();
        assert_eq!(seen, [(1, 1.0), (6, 1.0)]);
        chunk.truncate(9);
        assert_eq!(decode(&chunk, &mut out), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes, &mut Vec::new());
        }
    }
}
