//! A fault of the store as the error that people see: logged once, here, with the request id.

use api::{Caller, Error};
use store::StoreError;
use store::metrics::EngineError;

/// Turns a fault into an [`Error`] and logs it.
pub(crate) trait OrFailure<T> {
    /// The value, or the error for this caller.
    fn or_failure(self, caller: &Caller) -> Result<T, Error>;
}

impl<T> OrFailure<T> for Result<T, StoreError> {
    fn or_failure(self, caller: &Caller) -> Result<T, Error> {
        self.map_err(|error| failure(&error, caller))
    }
}

fn failure(error: &StoreError, caller: &Caller) -> Error {
    // What is left alone was logged when that began.
    if !matches!(
        error,
        StoreError::Missing | StoreError::Engine(EngineError::LeftAlone { .. })
    ) {
        tracing::error!(request_id = caller.request_id, %error, "the store failed");
    }
    match error {
        StoreError::Full => Error::Unavailable {
            message: "The disk is full. Nothing was saved. Free some space and try again.".into(),
        },
        StoreError::Missing => Error::not_found("thing"),
        StoreError::Unavailable(_) => Error::Unavailable {
            message: "The database does not answer. Nothing was saved. Try again in a moment."
                .into(),
        },
        StoreError::Engine(EngineError::Refuses { .. }) => Error::Unavailable {
            message: "The metrics engine does not take metrics from Millrace as it is set up. Nothing was acknowledged. Whoever runs Millrace finds out why in its log."
                .into(),
        },
        StoreError::Engine(_) => Error::Unavailable {
            message: "The metrics engine does not answer. Nothing was acknowledged. Try again in a moment."
                .into(),
        },
        _ => internal(caller),
    }
}

/// A fault of ours whose cause was logged already.
pub(crate) fn internal(caller: &Caller) -> Error {
    Error::Internal {
        request_id: caller.request_id.clone(),
    }
}
