//! The one error of every operation, and the one table of its HTTP statuses.

use serde::{Deserialize, Serialize};

/// What an operation answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation did not do what was asked, in words for the person who asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Error {
    /// Nobody is signed in, or the session or key is no longer good.
    #[error("Sign in first.")]
    Unauthenticated,
    /// The caller's role does not hold the permission.
    #[error("Your role does not allow this: it needs {permission}.")]
    Forbidden {
        /// The missing permission, such as `monitoring:write`.
        permission: String,
    },
    /// There is no such thing, or the caller may not know of it.
    #[error("There is no such {what}. It may have been removed.")]
    NotFound {
        /// The kind of thing, such as `series`.
        what: String,
    },
    /// What was sent cannot be used; each field says why.
    #[error("{message}")]
    Invalid {
        /// The whole in a sentence or two: what happened and what to do.
        message: String,
        /// What is wrong with single fields.
        fields: Vec<FieldError>,
    },
    /// It contradicts what is already there.
    #[error("{message}")]
    Conflict {
        /// What it contradicts and what to do.
        message: String,
    },
    /// It is larger than can be taken.
    #[error("{message}")]
    TooLarge {
        /// The limit and what to do.
        message: String,
    },
    /// Too many attempts, or too many samples for a key.
    #[error("Too many at once. Try again in {retry_after_seconds} s.")]
    TooMany {
        /// Seconds until the next attempt is looked at.
        retry_after_seconds: u32,
    },
    /// A part that is needed does not answer now.
    #[error("{message}")]
    Unavailable {
        /// Which part, and what to do.
        message: String,
    },
    /// A fault of ours; the cause is in the log under the request id.
    #[error(
        "Something failed on the server. Nothing was changed. Quote {request_id} when you report it."
    )]
    Internal {
        /// The id under which the log holds the cause.
        request_id: String,
    },
}

/// What is wrong with one field of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// The field's name in the form.
    pub field: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Error {
    /// There is no such thing.
    pub fn not_found(what: &str) -> Self {
        Self::NotFound {
            what: what.to_owned(),
        }
    }

    /// One field cannot be used.
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self::Invalid {
            message: message.clone(),
            fields: vec![FieldError {
                field: field.to_owned(),
                message,
            }],
        }
    }

    /// What was sent cannot be used as a whole.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid {
            message: message.into(),
            fields: Vec::new(),
        }
    }

    /// It contradicts what is there.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::Conflict {
            message: message.into(),
        }
    }

    /// The HTTP status: the one table that REST, pages and server functions use.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Unauthenticated => 401,
            Self::Forbidden { .. } => 403,
            Self::NotFound { .. } => 404,
            Self::Conflict { .. } => 409,
            Self::TooLarge { .. } => 413,
            Self::Invalid { .. } => 422,
            Self::TooMany { .. } => 429,
            Self::Internal { .. } => 500,
            Self::Unavailable { .. } => 503,
        }
    }

    /// The message for one field of a form, if it has one.
    pub fn of_field(&self, field: &str) -> Option<&str> {
        let Self::Invalid { fields, .. } = self else {
            return None;
        };
        fields
            .iter()
            .find(|f| f.field == field)
            .map(|f| f.message.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_survives_the_wire() {
        let error = Error::field("email", "That is not an e-mail address.");
        let json = serde_json::to_string(&error).unwrap();
        assert_eq!(serde_json::from_str::<Error>(&json).unwrap(), error);
        assert_eq!(error.status(), 422);
        assert_eq!(
            error.of_field("email"),
            Some("That is not an e-mail address.")
        );
        assert_eq!(error.of_field("password"), None);
    }
}
