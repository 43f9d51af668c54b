//! Keeps what a fit may do (panic in third-party code, answer NaN) inside one member.

use crate::{FitError, Predict};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs third-party code, turning a panic into an error.
///
/// Whatever the closure captured is dropped with it, so no half-changed state can be seen afterwards.
pub(crate) fn guarded<T>(run: impl FnOnce() -> Result<T, FitError>) -> Result<T, FitError> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|payload| {
        let message = payload
            .downcast_ref::<&str>()
            .map(ToString::to_string)
            .or_else(|| payload.downcast_ref::<String>().cloned());
        Err(FitError::Panicked(
            message.unwrap_or_else(|| "no message".to_owned()),
        ))
    })
}

/// Predicts, and refuses what is not `horizon` finite numbers.
pub(crate) fn predict_finite(fitted: &dyn Predict, horizon: usize) -> Result<Vec<f64>, FitError> {
    let values = fitted.predict(horizon);
    if values.len() == horizon && values.iter().all(|value| value.is_finite()) {
        Ok(values)
    } else {
        Err(FitError::NotFinite)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_with_its_message() {
        let result = guarded::<()>(|| panic!("index out of bounds"));
        assert_eq!(
            result,
            Err(FitError::Panicked("index out of bounds".into()))
        );
    }
}
