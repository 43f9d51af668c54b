//! What metrics take on the disk.

use api::Partition;

/// Bytes and rows of one kind of data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiskFigure {
    /// Rows: chunks, or days of windows.
    pub rows: u64,
    /// Bytes of those rows, without what the database adds.
    pub bytes: u64,
}

/// What lies on the disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiskUse {
    /// Samples as they were sent.
    pub raw: DiskFigure,
    /// Windows of five minutes.
    pub five_minutes: DiskFigure,
    /// Windows of an hour.
    pub hour: DiskFigure,
    /// Acknowledged and not sealed yet: records and their bytes.
    pub wal: DiskFigure,
    /// The whole database in bytes, free pages included.
    pub total_bytes: u64,
    /// The partitions of PostgreSQL that hold something, the newest first; SQLite has none.
    pub partitions: Vec<Partition>,
}
