//! How metrics are kept: compressed chunks, heads in memory, an index of labels, write-ahead records.
//!
//! A sample's way: a request's samples become one write-ahead record ([`wal`]) and, once that is on
//! the disk, go into the [`Head`] of their series; a head that is full or old is sealed into a chunk
//! ([`Codec`]). Who keeps records and chunks is not this crate's business: `store` does, on either
//! database.
//!
//! Everything is a pure function of its arguments: no clock, no I/O, no panic on any bytes.
//! Instants are milliseconds since 1970-01-01T00:00:00Z (`…_ms`), as on the wire.

mod bytes;
mod chunk;
mod columns;
mod head;
mod index;
pub mod wal;
mod window;

pub use chunk::{Codec, MOST_SAMPLES, SUMMARY_BYTES, Summary, summary};
pub use head::{Accepted, CHUNK_SAMPLES, Head, MOST_AGE_MS, first_target, most_age_ms};
pub use index::{Entry, Index, SeriesRef};
pub use window::{MOST_WINDOWS, Window, WindowCodec};

/// Why bytes cannot be read as what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Corrupt {
    /// They end too early.
    #[error("the bytes end too early")]
    Short,
    /// A later version wrote them.
    #[error("a version wrote this that is not known here")]
    Version,
    /// They are not what was written.
    #[error("the checksum is wrong")]
    Checksum,
    /// A number that cannot be.
    #[error("a number is out of its bounds")]
    Nonsense,
    /// A compressed column cannot be read.
    #[error("a column cannot be decompressed")]
    Column,
}

/// Why samples cannot be written as a chunk.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// None, or too many.
    #[error("a chunk cannot have {0} samples")]
    Count(usize),
    /// Their instants do not rise.
    #[error("the instants of the samples do not rise")]
    Order,
    /// The compressor refused.
    #[error("the numbers cannot be compressed")]
    Compress(#[from] pco::errors::PcoError),
}
