//! What can go wrong with a query, by whose fault it is.

/// Why the caller's closure asks an evaluation to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Nobody waits for the answer any more.
    Cancelled,
    /// It has taken as long as it may.
    TimedOut,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The text is no PromQL, names what is not supported, or the times make no range.
    #[error("{0}")]
    BadData(String),
    /// It is PromQL, but it has no answer over these samples.
    #[error("{0}")]
    Execution(String),
    /// It would take more samples, series or memory than the limits allow.
    #[error("{0}")]
    TooMuch(String),
    /// The caller asked to stop.
    #[error("the query was cancelled")]
    Cancelled,
    /// The caller's time was over.
    #[error("the query took longer than it may")]
    TimedOut,
    /// The samples could not be read.
    #[error("the samples cannot be read: {0}")]
    Storage(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl QueryError {
    /// `errorType` of the Prometheus HTTP API, "Format overview".
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::BadData(_) => "bad_data",
            Self::Execution(_) | Self::TooMuch(_) => "execution",
            Self::Cancelled => "canceled",
            Self::TimedOut => "timeout",
            Self::Storage(_) => "internal",
        }
    }

    /// The HTTP status that goes with [`Self::error_type`].
    pub fn status(&self) -> u16 {
        match self {
            Self::BadData(_) => 400,
            Self::Execution(_) | Self::TooMuch(_) => 422,
            Self::Cancelled | Self::TimedOut => 503,
            Self::Storage(_) => 500,
        }
    }
}

impl From<Stop> for QueryError {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Cancelled => Self::Cancelled,
            Stop::TimedOut => Self::TimedOut,
        }
    }
}

/// Bad data, said in a sentence.
pub(crate) fn bad(message: impl Into<String>) -> QueryError {
    QueryError::BadData(message.into())
}

/// A failure of the evaluation, said in a sentence.
pub(crate) fn failed(message: impl Into<String>) -> QueryError {
    QueryError::Execution(message.into())
}
