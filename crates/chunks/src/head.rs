//! A head: the samples of one series that are not in a chunk yet, small enough for a hundred
//! thousand of them.
//!
//! Samples in order are packed as they come: a byte says how the float differs from the one before
//! (Gorilla, Pelkonen et al. 2015, in whole bytes, which is three times as fast as bits) and whether
//! the step changed. Late ones wait beside them and win over what has the same instant.

use series::MetricSample;

use crate::SeriesRef;
use crate::bytes::{Reader, put_signed};

/// How many samples a chunk is meant to have: more compress hardly better, and reading one sample
/// means decompressing them all.
pub const CHUNK_SAMPLES: u16 = 360;

/// How long a sample waits for its chunk to become full, in milliseconds: two hours. What waits has to
/// be read again from write-ahead records after a restart.
pub const MOST_AGE_MS: i64 = 7_200_000;

/// At how many samples the first head of a series is sealed.
///
/// Series often begin together; if all their heads were full together too, the disk would be idle for
/// an hour and busy for a minute. Once apart they stay apart.
pub fn first_target(series: SeriesRef) -> u16 {
    CHUNK_SAMPLES / 3 + spread(series) % (CHUNK_SAMPLES * 2 / 3)
}

/// How old a head of that series becomes, in milliseconds: up to a quarter less than [`MOST_AGE_MS`].
pub fn most_age_ms(series: SeriesRef) -> i64 {
    MOST_AGE_MS - MOST_AGE_MS / 4 * i64::from(spread(series)) / i64::from(u16::MAX)
}

/// Evenly from 0 to 65535, the same for the same series (Fibonacci hashing).
fn spread(series: SeriesRef) -> u16 {
    let [_, _, low, high] = series.0.wrapping_mul(0x9e37_79b1).to_le_bytes();
    u16::from_le_bytes([low, high])
}

/// The first byte of a packed sample: how many bytes of the float follow.
const KEPT: u8 = 0x0f;
/// And how many of its high bytes are as before.
const LEADING: u8 = 0x70;
/// And whether the change of the step follows.
const STEP: u8 = 0x80;

/// What became of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It came after those before it.
    InOrder,
    /// It came late and was put where it belongs.
    Late,
    /// Its instant had a sample already. A different value took the place of the old one.
    Duplicate,
    /// It came later than the window allows, and was not taken.
    TooOld,
}

/// The samples of one series since its last chunk.
#[derive(Debug, Default)]
pub struct Head {
    packed: Vec<u8>,
    /// Sorted by instant, each instant once. Boxed: nearly all heads have none.
    #[expect(clippy::box_collection, reason = "8 bytes instead of 24 in every head")]
    late: Option<Box<Vec<MetricSample>>>,
    /// Of what is packed.
    first_ms: i64,
    last_ms: i64,
    last_bits: u64,
    step_ms: i64,
    /// The newest instant ever, sealed ones included.
    newest_ms: Option<i64>,
    /// When the oldest sample here was received.
    opened_ms: i64,
    count: u16,
    target: u16,
}

impl Head {
    /// A head that asks to be sealed at `target` samples, of a series whose chunks end at `sealed_ms`.
    pub fn new(target: u16, sealed_ms: Option<i64>) -> Self {
        Self {
            target,
            newest_ms: sealed_ms,
            ..Self::default()
        }
    }

    /// Takes a sample that was received at `now_ms`.
    ///
    /// One that is more than `window_ms` before the newest of its series is refused. Of two at one
    /// instant the one that came last counts.
    pub fn append(&mut self, sample: MetricSample, now_ms: i64, window_ms: i64) -> Accepted {
        let newest = self.newest_ms.unwrap_or(i64::MIN);
        if sample.at_ms > newest || self.newest_ms.is_none() {
            if self.is_empty() {
                self.opened_ms = now_ms;
            }
            // Nobody sends so many before they are sealed; a bound all the same.
            if self.count == u16::MAX {
                return self.insert_late(sample);
            }
            self.pack(sample);
            return Accepted::InOrder;
        }
        if sample.at_ms < newest.saturating_sub(window_ms) {
            return Accepted::TooOld;
        }
        if self.is_empty() {
            self.opened_ms = now_ms;
        }
        self.append_late(sample)
    }

    fn append_late(&mut self, sample: MetricSample) -> Accepted {
        let bits = sample.value.to_bits();
        let packed = self
            .packed()
            .take_while(|known| known.at_ms <= sample.at_ms)
            .find(|known| known.at_ms == sample.at_ms);
        let Some(packed) = packed else {
            return self.insert_late(sample);
        };
        let overridden = self
            .late()
            .binary_search_by_key(&sample.at_ms, |s| s.at_ms)
            .is_ok();
        if overridden || packed.value.to_bits() != bits {
            self.insert_late(sample);
        }
        Accepted::Duplicate
    }

    fn insert_late(&mut self, sample: MetricSample) -> Accepted {
        self.newest_ms = self.newest_ms.max(Some(sample.at_ms));
        let late = self.late.get_or_insert_default();
        match late.binary_search_by_key(&sample.at_ms, |s| s.at_ms) {
            Ok(at) => {
                if let Some(place) = late.get_mut(at) {
                    *place = sample;
                }
                Accepted::Duplicate
            }
            Err(at) => {
                late.insert(at, sample);
                Accepted::Late
            }
        }
    }

    fn pack(&mut self, sample: MetricSample) {
        if self.packed.capacity() - self.packed.len() < 24 {
            // Doubling would leave a third of all heads' memory empty.
            self.packed.reserve_exact(64 + self.packed.len() / 8);
        }
        let bits = sample.value.to_bits();
        let changed = bits ^ self.last_bits;
        let leading = (changed.leading_zeros() / 8).min(7);
        let shifted = changed << (8 * leading);
        let kept = crate::bytes::kept_bytes(shifted);
        // The first step is from zero: the first instant itself.
        let step = sample.at_ms.wrapping_sub(self.last_ms);
        let change = step.wrapping_sub(self.step_ms);
        let flag = if change == 0 { 0 } else { STEP };
        let [control, ..] = (kept as u64 | u64::from(leading) << 4).to_le_bytes();
        self.packed.push(control | flag);
        if change != 0 {
            put_signed(&mut self.packed, change);
        }
        let bytes = shifted.to_be_bytes();
        self.packed
            .extend_from_slice(bytes.get(..kept).unwrap_or_default());
        if self.count == 0 {
            self.first_ms = sample.at_ms;
            // The step from zero to today is none to expect again.
            self.step_ms = 0;
        } else {
            self.step_ms = step;
        }
        self.last_ms = sample.at_ms;
        self.last_bits = bits;
        self.newest_ms = Some(sample.at_ms);
        self.count += 1;
    }

    fn packed(&self) -> Packed<'_> {
        Packed {
            reader: Reader(&self.packed),
            at_ms: 0,
            bits: 0,
            step_ms: 0,
            first: true,
        }
    }

    fn late(&self) -> &[MetricSample] {
        self.late.as_deref().map_or(&[], Vec::as_slice)
    }

    /// Appends the samples from `from_ms` to `to_ms`, both included, to `to`: in order, each instant
    /// once.
    pub fn read(&self, from_ms: i64, to_ms: i64, to: &mut Vec<MetricSample>) {
        let within = |s: &MetricSample| s.at_ms >= from_ms && s.at_ms <= to_ms;
        let mut packed = Packed::default();
        if self.count > 0 && self.first_ms <= to_ms && self.last_ms >= from_ms {
            packed = self.packed();
            to.reserve(usize::from(self.count));
        }
        let packed = packed.take_while(|s| s.at_ms <= to_ms).filter(within);
        if self.late.is_none() {
            to.extend(packed);
            return;
        }
        let mut late = self.late().iter().copied().filter(within).peekable();
        for sample in packed {
            while let Some(before) = late.next_if(|s| s.at_ms < sample.at_ms) {
                to.push(before);
            }
            let same = late.next_if(|s| s.at_ms == sample.at_ms);
            to.push(same.unwrap_or(sample));
        }
        to.extend(late);
    }

    /// Whether there is nothing to seal.
    pub fn is_empty(&self) -> bool {
        self.count == 0 && self.late.is_none()
    }

    /// How many samples there are; late ones that replace others count too.
    pub fn len(&self) -> usize {
        usize::from(self.count) + self.late().len()
    }

    /// The instant of the oldest sample here, late ones included.
    pub fn oldest_ms(&self) -> Option<i64> {
        let packed = (self.count > 0).then_some(self.first_ms);
        let late = self.late().first().map(|s| s.at_ms);
        match (packed, late) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// The newest instant of the series, sealed ones included.
    pub fn newest_ms(&self) -> Option<i64> {
        self.newest_ms
    }

    /// Whether it is full: time to seal it.
    pub fn is_full(&self) -> bool {
        self.count >= self.target || self.late().len() >= usize::from(self.target)
    }

    /// Whether its oldest sample was received so long ago that it should be sealed.
    pub fn is_old(&self, now_ms: i64, most_ms: i64) -> bool {
        !self.is_empty() && now_ms.saturating_sub(self.opened_ms) >= most_ms
    }

    /// Forgets the samples, because they are in a chunk. What is newest is remembered.
    pub fn clear(&mut self, target: u16) {
        *self = Self::new(target, self.newest_ms);
    }

    /// Bytes of memory beside the head itself.
    pub fn memory(&self) -> usize {
        self.packed.capacity()
            + self
                .late
                .as_ref()
                .map_or(0, |late| 24 + late.capacity() * size_of::<MetricSample>())
    }
}

/// Unpacks what [`Head::pack`] packed.
#[derive(Default)]
struct Packed<'a> {
    reader: Reader<'a>,
    at_ms: i64,
    bits: u64,
    step_ms: i64,
    first: bool,
}

impl Iterator for Packed<'_> {
    type Item = MetricSample;

    fn next(&mut self) -> Option<MetricSample> {
        let control = self.reader.byte().ok()?;
        if control & STEP != 0 {
            self.step_ms = self.step_ms.wrapping_add(self.reader.signed().ok()?);
        }
        let high = self.reader.high_bytes(usize::from(control & KEPT)).ok()?;
        self.bits ^= high >> (8 * u32::from((control & LEADING) >> 4));
        self.at_ms = self.at_ms.wrapping_add(self.step_ms);
        if std::mem::take(&mut self.first) {
            self.step_ms = 0;
        }
        Some(MetricSample {
            at_ms: self.at_ms,
            value: f64::from_bits(self.bits),
        })
    }
}
