//! What metrics take on the disk.

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

/// What a partition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Samples as they were sent.
    Samples,
    /// Windows of five minutes.
    FiveMinutes,
    /// Windows of an hour.
    Hours,
}

/// A part of a table that is made and dropped as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its table's name.
    pub name: String,
    /// What is in it.
    pub holds: Holds,
    /// When its rows end, in milliseconds since 1970; none for what belongs to no other.
    pub between_ms: Option<(i64, i64)>,
    /// Its rows and their bytes.
    pub figure: DiskFigure,
}
