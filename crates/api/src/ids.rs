//! Identifiers: UUIDv7 text, one type for each kind of thing so that they cannot be mixed up.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }
    };
}

id!(
    /// A piece of work beside the pages.
    JobId
);
id!(
    /// A person who can sign in.
    UserId
);
id!(
    /// A passkey.
    PasskeyId
);
id!(
    /// An API key.
    KeyId
);
id!(
    /// An entry of the calendar.
    CalendarEntryId
);
id!(
    /// A payment that is known beforehand.
    CashItemId
);
id!(
    /// Where data comes from.
    SourceId
);
id!(
    /// A labelled time series.
    SeriesId
);
id!(
    /// A file on its way in.
    ImportId
);
id!(
    /// A time that somebody signed in, until they sign out.
    SessionId
);
id!(
    /// An invitation to become a user.
    InvitationId
);
id!(
    /// A role that this installation made.
    RoleId
);
