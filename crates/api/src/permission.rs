//! The one table of who may do what.

use serde::{Deserialize, Serialize};

/// A right to do a kind of thing, written `area:verb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// See sources, series, forecasts and the Runway.
    MonitoringRead,
    /// Change limits and names, import files, scrape targets, run the demo company.
    MonitoringWrite,
    /// Send samples.
    DataIngest,
    /// See users and API keys.
    AccessRead,
    /// Add and remove users and API keys.
    AccessWrite,
    /// See the audit log.
    AuditRead,
    /// Say how long the audit log is kept.
    AuditWrite,
}

impl Permission {
    /// Every permission there is.
    pub const ALL: [Self; 7] = [
        Self::MonitoringRead,
        Self::MonitoringWrite,
        Self::DataIngest,
        Self::AccessRead,
        Self::AccessWrite,
        Self::AuditRead,
        Self::AuditWrite,
    ];

    /// The permission as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MonitoringRead => "monitoring:read",
            Self::MonitoringWrite => "monitoring:write",
            Self::DataIngest => "data:ingest",
            Self::AccessRead => "access:read",
            Self::AccessWrite => "access:write",
            Self::AuditRead => "audit:read",
            Self::AuditWrite => "audit:write",
        }
    }
}

/// What a user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Admin,
    /// Runs the place: sees and changes all but people, keys and the audit log.
    Operator,
    /// Sees.
    Viewer,
}

impl Role {
    /// Every role there is.
    pub const ALL: [Self; 3] = [Self::Admin, Self::Operator, Self::Viewer];

    /// The role as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Viewer => "viewer",
        }
    }

    /// The permissions the role holds.
    pub const fn permissions(self) -> &'static [Permission] {
        use Permission::{MonitoringRead, MonitoringWrite};
        match self {
            Self::Admin => &Permission::ALL,
            Self::Operator => &[MonitoringRead, MonitoringWrite],
            Self::Viewer => &[MonitoringRead],
        }
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|r| r.as_str() == text)
            .ok_or_else(|| format!("`{text}` is no role: choose admin, operator or viewer"))
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an API key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Send samples.
    Ingest,
    /// Read series and forecasts.
    Query,
}

impl Scope {
    /// Every scope there is.
    pub const ALL: [Self; 2] = [Self::Ingest, Self::Query];

    /// The scope as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Query => "query",
        }
    }

    /// The permission the scope holds.
    pub const fn permission(self) -> Permission {
        match self {
            Self::Ingest => Permission::DataIngest,
            Self::Query => Permission::MonitoringRead,
        }
    }
}

impl std::str::FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or_else(|| format!("`{text}` is no scope: choose ingest or query"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_can_do_nothing_but_look() {
        assert_eq!(Role::Viewer.permissions(), [Permission::MonitoringRead]);
    }

    #[test]
    fn only_the_administrator_touches_people_and_keys() {
        for role in [Role::Operator, Role::Viewer] {
            assert!(!role.permissions().contains(&Permission::AccessRead));
            assert!(!role.permissions().contains(&Permission::AccessWrite));
        }
    }

    #[test]
    fn names_read_back() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse::<Role>(), Ok(role));
        }
        for scope in Scope::ALL {
            assert_eq!(scope.as_str().parse::<Scope>(), Ok(scope));
        }
        assert!("root".parse::<Role>().is_err());
    }
}
