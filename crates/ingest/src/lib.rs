//! Wire formats to samples: pure parsers.
//!
//! [`table`] reads CSV and TSV files of any business table with a date column; [`samples`] reads
//! JSON samples pushed over HTTP; [`metrics`] reads what metric systems send. All take bytes and give
//! values: no clock, no network, no disk, and no input makes them panic.

pub mod metrics;
pub mod samples;
pub mod table;
