//! Windows: what is known of a series over some minutes, and a row of them as bytes.
//!
//! ```text
//! version    u8, 1
//! checksum   u32, little endian: CRC-32 of the rest
//! count      of windows (varint)
//! columns    begin, count (integers); min, max, sum (floats)
//! ```

use crate::bytes::{Reader, put_varint};
use crate::columns::Columns;
use crate::{Corrupt, EncodeError, Summary};

const VERSION: u8 = 1;
const FIXED: usize = 5;

/// The most windows in one row of them.
pub const MOST_WINDOWS: usize = 1 << 14;

/// What is known of a series over some time. Stale markers are not values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Where it begins, in milliseconds since 1970.
    pub from_ms: i64,
    /// How many values; never 0.
    pub count: u64,
    /// The least, NaN passed over.
    pub min: f64,
    /// The greatest, NaN passed over.
    pub max: f64,
    /// Their sum.
    pub sum: f64,
}

impl Window {
    /// What a summary says, as a window that begins then. `None` where there is no value.
    pub fn of(from_ms: i64, summary: &Summary) -> Option<Self> {
        (summary.values > 0).then_some(Self {
            from_ms,
            count: summary.values.into(),
            min: summary.min,
            max: summary.max,
            sum: summary.sum,
        })
    }

    /// Takes in another's values.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.sum += other.sum;
    }
}

/// Writes and reads rows of windows, and keeps the memory that it needs for the next one.
#[derive(Default)]
pub struct WindowCodec {
    columns: Columns,
    integers: Vec<i64>,
    floats: Vec<f64>,
}

impl std::fmt::Debug for WindowCodec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WindowCodec").finish_non_exhaustive()
    }
}

impl WindowCodec {
    /// Appends those windows to `out`.
    ///
    /// # Errors
    /// Where there are none or more than [`MOST_WINDOWS`]; `out` is then as it was.
    pub fn encode(&mut self, windows: &[Window], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if windows.is_empty() || windows.len() > MOST_WINDOWS {
            return Err(EncodeError::Count(windows.len()));
        }
        let from = out.len();
        let done = self.write(windows, from, out);
        if done.is_err() {
            out.truncate(from);
        }
        done
    }

    fn write(
        &mut self,
        windows: &[Window],
        from: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        out.push(VERSION);
        out.extend_from_slice(&[0; 4]);
        put_varint(out, windows.len() as u64);
        for column in [|w: &Window| w.from_ms, |w: &Window| w.count.cast_signed()] {
            self.integers.clear();
            self.integers.extend(windows.iter().map(column));
            self.columns.put_integers(&self.integers, out)?;
        }
        for column in [|w: &Window| w.min, |w: &Window| w.max, |w: &Window| w.sum] {
            self.floats.clear();
            self.floats.extend(windows.iter().map(column));
            self.columns.put_values(&self.floats, out)?;
        }
        let checksum = crc32fast::hash(out.get(from + FIXED..).unwrap_or_default());
        if let Some(place) = out.get_mut(from + 1..from + FIXED) {
            place.copy_from_slice(&checksum.to_le_bytes());
        }
        Ok(())
    }

    /// Appends the windows of a row to `to`.
    ///
    /// # Errors
    /// Where the bytes are no such row, or are damaged; `to` is then as it was.
    pub fn decode(&mut self, row: &[u8], to: &mut Vec<Window>) -> Result<(), Corrupt> {
        let mut reader = Reader(row);
        if reader.byte()? != VERSION {
            return Err(Corrupt::Version);
        }
        if reader.u32()? != crc32fast::hash(row.get(FIXED..).unwrap_or_default()) {
            return Err(Corrupt::Checksum);
        }
        let count = reader.count(MOST_WINDOWS)?;
        let from = to.len();
        let done = self.read(&mut reader, count, to);
        if done.is_err() {
            to.truncate(from);
        }
        done
    }

    fn read(
        &mut self,
        reader: &mut Reader<'_>,
        count: usize,
        to: &mut Vec<Window>,
    ) -> Result<(), Corrupt> {
        let from = to.len();
        self.columns
            .read_integers(reader, count, &mut self.integers)?;
        to.extend(self.integers.iter().map(|from_ms| Window {
            from_ms: *from_ms,
            count: 0,
            min: 0.0,
            max: 0.0,
            sum: 0.0,
        }));
        self.columns
            .read_integers(reader, count, &mut self.integers)?;
        let new = to.get_mut(from..).unwrap_or_default();
        for (window, count) in new.iter_mut().zip(&self.integers) {
            window.count = count.cast_unsigned();
        }
        let fields: [fn(&mut Window) -> &mut f64; 3] =
            [|w| &mut w.min, |w| &mut w.max, |w| &mut w.sum];
        for field in fields {
            self.columns.read_values(reader, count, &mut self.floats)?;
            for (window, value) in new.iter_mut().zip(&self.floats) {
                *field(window) = *value;
            }
        }
        Ok(())
    }
}
