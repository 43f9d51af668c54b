//! Write-ahead records: what one commit acknowledges, as few bytes as a pass over it can make it.
//!
//! ```text
//! version    u8, 1
//! checksum   u32, little endian: CRC-32 of the rest
//! received   milliseconds since 1970 (zigzag)
//! then for each series
//!   series   distance to the one before (zigzag)
//!   count    of samples (varint)
//!   then for each sample
//!     u8     low half: how many bytes of the value follow; 0x10: the instant is the one before
//!     at     distance to the instant before, unless it is the same (zigzag)
//!     value  its high bytes
//! ```
//!
//! A record names series by number. Labels are not in it: the transaction that keeps the record
//! keeps the rows of new series too, so one damaged record cannot take a series' name with it.

use series::MetricSample;

use crate::bytes::{Reader, kept_bytes, put_signed, put_varint};
use crate::{Corrupt, SeriesRef};

const VERSION: u8 = 1;
const FIXED: usize = 5;
const KEPT: u8 = 0x0f;
const SAME: u8 = 0x10;

/// Writes a record; its memory is used again.
#[derive(Debug, Default)]
pub struct Writer {
    out: Vec<u8>,
    series: i64,
    at_ms: i64,
}

impl Writer {
    /// Begins a record of what was received at `now_ms`.
    pub fn begin(&mut self, now_ms: i64) {
        self.out.clear();
        self.out.push(VERSION);
        self.out.extend_from_slice(&[0; 4]);
        put_signed(&mut self.out, now_ms);
        (self.series, self.at_ms) = (0, now_ms);
    }

    /// Adds samples of a series.
    pub fn series(&mut self, series: SeriesRef, samples: &[MetricSample]) {
        let number = i64::from(series.0);
        put_signed(&mut self.out, number - self.series);
        self.series = number;
        put_varint(&mut self.out, samples.len() as u64);
        for sample in samples {
            let bits = sample.value.to_bits();
            let kept = kept_bytes(bits);
            let [control, ..] = (kept as u64).to_le_bytes();
            if sample.at_ms == self.at_ms {
                self.out.push(control | SAME);
            } else {
                self.out.push(control);
                put_signed(&mut self.out, sample.at_ms.wrapping_sub(self.at_ms));
                self.at_ms = sample.at_ms;
            }
            let bytes = bits.to_be_bytes();
            self.out
                .extend_from_slice(bytes.get(..kept).unwrap_or_default());
        }
    }

    /// The record. Begin again before writing another.
    pub fn finish(&mut self) -> &[u8] {
        let checksum = crc32fast::hash(self.out.get(FIXED..).unwrap_or_default());
        if let Some(place) = self.out.get_mut(1..FIXED) {
            place.copy_from_slice(&checksum.to_le_bytes());
        }
        &self.out
    }
}

/// Hands each series of a record to `each`, with its samples and when they were received (ms).
///
/// # Errors
/// Where the record is damaged. A wrong checksum is noticed before anything is handed out.
pub fn read(
    record: &[u8],
    mut each: impl FnMut(SeriesRef, &[MetricSample], i64),
) -> Result<(), Corrupt> {
    let mut reader = Reader(record);
    if reader.byte()? != VERSION {
        return Err(Corrupt::Version);
    }
    if reader.u32()? != crc32fast::hash(record.get(FIXED..).unwrap_or_default()) {
        return Err(Corrupt::Checksum);
    }
    let received_ms = reader.signed()?;
    let (mut series, mut at_ms) = (0i64, received_ms);
    let mut samples = Vec::new();
    while !reader.0.is_empty() {
        series = series.wrapping_add(reader.signed()?);
        let number = u32::try_from(series).map_err(|_| Corrupt::Nonsense)?;
        // Each sample is at least a byte.
        let count = reader.count(reader.0.len())?;
        samples.clear();
        for _ in 0..count {
            let control = reader.byte()?;
            if control & SAME == 0 {
                at_ms = at_ms.wrapping_add(reader.signed()?);
            }
            let bits = reader.high_bytes(usize::from(control & KEPT))?;
            let value = f64::from_bits(bits);
            samples.push(MetricSample { at_ms, value });
        }
        each(SeriesRef(number), &samples, received_ms);
    }
    Ok(())
}
