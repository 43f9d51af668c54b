//! Why a whole body is refused, and with which status.

use thiserror::Error;

/// Why nothing of a request was taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BodyError {
    /// The body as sent is too long.
    #[error("the body has more than {max} bytes: send less at once")]
    TooLarge {
        /// The bound, in bytes.
        max: usize,
    },
    /// The body is too long once it is decompressed.
    #[error("the body has more than {max} bytes when decompressed: send less at once")]
    DecompressedTooLarge {
        /// The bound, in bytes.
        max: usize,
    },
    /// Too many series or samples.
    #[error("the request has more than {max} {what}: send less at once")]
    TooMany {
        /// `series`, `samples` or `objects`.
        what: &'static str,
        /// The bound.
        max: usize,
    },
    /// A content type that this protocol does not have.
    #[error("the content type `{0}` is not supported")]
    ContentType(String),
    /// A content encoding that this protocol does not have.
    #[error("the content encoding `{0}` is not supported")]
    ContentEncoding(String),
    /// The compression is broken.
    #[error("the body is not {encoding}, or is cut off: {hint}")]
    Compression {
        /// `snappy` or `gzip`.
        encoding: &'static str,
        /// What its decoder says.
        hint: String,
    },
    /// The decompressed bytes are no message of this protocol.
    #[error("the body is not a valid message: {0}")]
    Malformed(String),
    /// The last line of an OpenMetrics body is missing, so it may have been cut off.
    #[error("the body does not end in `# EOF`, so it may be cut off")]
    NoEnd,
    /// A parameter that says something unknown.
    #[error("{0}")]
    Parameter(String),
}

impl BodyError {
    /// The status of the answer: 400, 413 or 415; none is worth a retry.
    pub fn status(&self) -> u16 {
        match self {
            Self::TooLarge { .. } | Self::DecompressedTooLarge { .. } | Self::TooMany { .. } => 413,
            Self::ContentType(_) | Self::ContentEncoding(_) => 415,
            Self::Compression { .. } | Self::Malformed(_) | Self::NoEnd | Self::Parameter(_) => 400,
        }
    }
}
