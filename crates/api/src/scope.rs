//! What an API key may do.

use serde::{Deserialize, Serialize};

use crate::Permission;

/// One thing that an API key may do: a permission, written `area:verb`.
///
/// Every permission is a scope, so that a key gets what it needs and nothing besides.
/// `ingest` and `query` are short for the two that most keys have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Scope(Permission);

impl Scope {
    /// Send samples.
    pub const INGEST: Self = Self(Permission::DataIngest);
    /// Read series and forecasts.
    pub const QUERY: Self = Self(Permission::MonitoringRead);

    /// Every scope there is.
    pub fn all() -> impl Iterator<Item = Self> {
        Permission::ALL.into_iter().map(Self)
    }

    /// The scope as it is written.
    pub const fn as_str(self) -> &'static str {
        self.0.as_str()
    }

    /// The permission the scope holds.
    pub const fn permission(self) -> Permission {
        self.0
    }
}

impl From<Permission> for Scope {
    fn from(permission: Permission) -> Self {
        Self(permission)
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.as_str().to_owned()
    }
}

impl TryFrom<String> for Scope {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl std::str::FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "ingest" => Ok(Self::INGEST),
            "query" => Ok(Self::QUERY),
            _ => Self::all().find(|s| s.as_str() == text).ok_or_else(|| {
                let known: Vec<_> = Self::all().map(Self::as_str).collect();
                format!(
                    "`{text}` is no scope: choose ingest, query, {}",
                    known.join(", ")
                )
            }),
        }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(feature = "schema")]
impl utoipa::PartialSchema for Scope {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::schema::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .enum_values(Some(Self::all().map(Self::as_str)))
            .description(Some("What a key may do, written `area:verb`."))
            .into()
    }
}

#[cfg(feature = "schema")]
impl utoipa::ToSchema for Scope {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_the_short_ones_too() {
        for scope in Scope::all() {
            assert_eq!(scope.as_str().parse::<Scope>(), Ok(scope));
        }
        assert_eq!("ingest".parse(), Ok(Scope::INGEST));
        assert_eq!("query".parse(), Ok(Scope::QUERY));
        assert!("root".parse::<Scope>().is_err());
    }

    #[test]
    fn what_older_versions_kept_is_still_read() {
        let kept: Vec<Scope> = serde_json::from_str(r#"["ingest","query"]"#).unwrap();
        assert_eq!(kept, [Scope::INGEST, Scope::QUERY]);
        assert_eq!(
            serde_json::to_string(&kept).unwrap(),
            r#"["data:ingest","monitoring:read"]"#
        );
    }
}
