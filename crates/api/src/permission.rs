//! The one table of who may do what.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::RoleId;

/// A right to do a kind of thing, written `area:verb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// See sources, series, forecasts and the Runway.
    MonitoringRead,
    /// Change limits and names, import files, scrape targets, run the demo company.
    MonitoringWrite,
    /// See plans that mend something, and what became of them.
    RemediationRead,
    /// Approve and run such plans.
    RemediationExecute,
    /// Ask the assistant.
    GenaiUse,
    /// Send messages to people and to other systems.
    NotificationsSend,
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
    pub const ALL: [Self; 11] = [
        Self::MonitoringRead,
        Self::MonitoringWrite,
        Self::RemediationRead,
        Self::RemediationExecute,
        Self::GenaiUse,
        Self::NotificationsSend,
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
            Self::RemediationRead => "remediation:read",
            Self::RemediationExecute => "remediation:execute",
            Self::GenaiUse => "genai:use",
            Self::NotificationsSend => "notifications:send",
            Self::DataIngest => "data:ingest",
            Self::AccessRead => "access:read",
            Self::AccessWrite => "access:write",
            Self::AuditRead => "audit:read",
            Self::AuditWrite => "audit:write",
        }
    }

    /// What shows the things that it is about.
    #[must_use]
    pub const fn seeing(self) -> Self {
        match self {
            Self::MonitoringRead | Self::MonitoringWrite | Self::DataIngest => Self::MonitoringRead,
            Self::RemediationRead | Self::RemediationExecute => Self::RemediationRead,
            Self::GenaiUse => Self::GenaiUse,
            Self::NotificationsSend => Self::NotificationsSend,
            Self::AccessRead | Self::AccessWrite => Self::AccessRead,
            Self::AuditRead | Self::AuditWrite => Self::AuditRead,
        }
    }

    /// The part before the colon.
    pub fn area(self) -> &'static str {
        let text = self.as_str();
        text.split_once(':').map_or(text, |(area, _)| area)
    }
}

/// What a role of one's own grants: `area:verb`, or `area:*` for whatever the area has or will have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grant {
    /// One permission.
    One(Permission),
    /// Every permission of the area.
    Area(&'static str),
}

impl Grant {
    /// Whether it grants the permission.
    pub fn covers(self, permission: Permission) -> bool {
        match self {
            Self::One(one) => one == permission,
            Self::Area(area) => permission.area() == area,
        }
    }
}

impl std::fmt::Display for Grant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::One(permission) => f.write_str(permission.as_str()),
            Self::Area(area) => write!(f, "{area}:*"),
        }
    }
}

impl std::str::FromStr for Grant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let area = text.strip_suffix(":*");
        Permission::ALL
            .into_iter()
            .find_map(|p| match area {
                Some(area) => (p.area() == area).then(|| Self::Area(p.area())),
                None => (p.as_str() == text).then_some(Self::One(p)),
            })
            .ok_or_else(|| format!("`{text}` is no permission"))
    }
}

// By hand: a derive would want the area's name to outlive what it is read from.
impl Serialize for Grant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Grant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What a user is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Admin,
    /// Runs the place: sees and changes all but people, keys and the audit log.
    Operator,
    /// Sees.
    Viewer,
    /// What this installation made for itself.
    Custom(CustomRole),
}

/// A role that this installation made for itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CustomRole {
    /// The role.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub id: RoleId,
    /// What people call it.
    pub name: String,
    /// What it grants.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<String>))]
    pub grants: Vec<Grant>,
}

impl Role {
    /// The roles that every installation has.
    pub const ALL: [Self; 3] = [Self::Admin, Self::Operator, Self::Viewer];

    /// What the role goes by in the database and in forms.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Viewer => "viewer",
            Self::Custom(role) => role.id.as_str(),
        }
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        match self {
            Self::Custom(role) => &role.name,
            given => given.as_str(),
        }
    }

    /// Whether the role holds the permission.
    pub fn holds(&self, permission: Permission) -> bool {
        use Permission::{
            GenaiUse, MonitoringRead, MonitoringWrite, NotificationsSend, RemediationExecute,
            RemediationRead,
        };
        match self {
            Self::Admin => true,
            Self::Operator => matches!(
                permission,
                MonitoringRead
                    | MonitoringWrite
                    | RemediationRead
                    | RemediationExecute
                    | GenaiUse
                    | NotificationsSend
            ),
            Self::Viewer => matches!(permission, MonitoringRead | GenaiUse),
            Self::Custom(role) => role.grants.iter().any(|grant| grant.covers(permission)),
        }
    }

    /// What the role grants as it is written, for people to read.
    pub fn grants(&self) -> Vec<String> {
        match self {
            Self::Admin => vec!["everything".to_owned()],
            Self::Custom(role) => role.grants.iter().map(ToString::to_string).collect(),
            given => {
                let held = given.permissions().into_iter();
                held.map(|permission| permission.as_str().to_owned())
                    .collect()
            }
        }
    }

    /// The permissions the role holds.
    pub fn permissions(&self) -> Vec<Permission> {
        let all = Permission::ALL.into_iter();
        all.filter(|permission| self.holds(*permission)).collect()
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
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_given_roles_are_as_given() {
        let held = |role: &Role| {
            role.permissions()
                .into_iter()
                .map(Permission::as_str)
                .collect::<Vec<_>>()
        };
        assert_eq!(held(&Role::Viewer), ["monitoring:read", "genai:use"]);
        assert_eq!(
            held(&Role::Operator),
            [
                "monitoring:read",
                "monitoring:write",
                "remediation:read",
                "remediation:execute",
                "genai:use",
                "notifications:send"
            ]
        );
        assert_eq!(Role::Admin.permissions(), Permission::ALL);
    }

    #[test]
    fn an_area_grants_what_is_in_it_and_no_more() {
        let all: Grant = "remediation:*".parse().unwrap();
        assert_eq!(all.to_string(), "remediation:*");
        assert!(all.covers(Permission::RemediationExecute));
        assert!(!all.covers(Permission::MonitoringRead));
        for bad in ["remediation", "*", "*:*", "root:*", "monitoring:fly", ""] {
            assert!(bad.parse::<Grant>().is_err(), "{bad}");
        }
        for permission in Permission::ALL {
            let grant = Grant::One(permission);
            assert_eq!(grant.to_string().parse(), Ok(grant));
            assert!(grant.covers(permission));
        }
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
        assert!("root".parse::<Role>().is_err());
    }
}
