//! The relying party: for which origin passkeys are made, and whether there can be any.

use api::{Error, PasskeyDoor, Result};
use url::{Host, Url};
use webauthn_rs::{Webauthn, WebauthnBuilder};

/// What passkeys are bound to: a name, and the origin of the pages that may ask for them.
pub struct RelyingParty(Door);

enum Door {
    Open {
        rules: Box<Webauthn>,
        origin: String,
    },
    Closed(&'static str),
}

const UNKNOWN: &str = "Passkeys are bound to the name that people open Millrace by. Whoever runs it sets MILLRACE_PUBLIC_URL to that address.";
const NO_NAME: &str = "Passkeys need a name, and Millrace is opened by the number of a machine. Whoever runs it sets MILLRACE_PUBLIC_URL to an https address with a name, or to http://localhost and the port.";
const NOT_SECURE: &str = "Passkeys work over https only. Whoever runs Millrace sets MILLRACE_PUBLIC_URL to an https address.";

impl RelyingParty {
    /// Nobody knows by which address people come: no passkeys.
    pub const fn unknown() -> Self {
        Self(Door::Closed(UNKNOWN))
    }

    /// Of the address that people open. A browser wants a name, and https unless it is the
    /// browser's own machine.
    pub fn at(public: &str) -> Self {
        let Ok(url) = Url::parse(public) else {
            return Self::unknown();
        };
        let Some(Host::Domain(name)) = url.host() else {
            return Self(Door::Closed(NO_NAME));
        };
        let here = name == "localhost" || name.ends_with(".localhost");
        if url.scheme() != "https" && !(url.scheme() == "http" && here) {
            return Self(Door::Closed(NOT_SECURE));
        }
        let origin = url.origin().ascii_serialization();
        let rules = Url::parse(&origin).ok().and_then(|site| {
            let builder = WebauthnBuilder::new(name, &site).ok()?;
            builder.rp_name("Millrace").build().ok()
        });
        match rules {
            Some(rules) => Self(Door::Open {
                rules: Box::new(rules),
                origin,
            }),
            None => Self::unknown(),
        }
    }

    /// What people are told.
    pub(super) fn door(&self) -> PasskeyDoor {
        match &self.0 {
            Door::Open { origin, .. } => PasskeyDoor::Open {
                origin: origin.clone(),
            },
            Door::Closed(why) => PasskeyDoor::Closed {
                why: (*why).to_owned(),
            },
        }
    }

    /// What questions and answers are made and checked with.
    ///
    /// # Errors
    /// `Conflict` where there can be no passkeys, with the reason.
    pub(super) fn rules(&self) -> Result<&Webauthn> {
        match &self.0 {
            Door::Open { rules, .. } => Ok(rules),
            Door::Closed(why) => Err(Error::conflict(*why)),
        }
    }
}

impl std::fmt::Debug for RelyingParty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("RelyingParty").field(&self.door()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(public: &str) -> Option<String> {
        RelyingParty::at(public).door().origin()
    }

    #[test]
    fn passkeys_are_for_names_and_encrypted_ways_or_ones_own_machine() {
        let good = [
            ("https://hub.example.org", "https://hub.example.org"),
            (
                "https://hub.example.org:8443/x",
                "https://hub.example.org:8443",
            ),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://hub.localhost", "http://hub.localhost"),
        ];
        for (public, wanted) in good {
            assert_eq!(origin(public).as_deref(), Some(wanted), "{public}");
        }
        for bad in [
            "http://127.0.0.1:3000",
            "https://10.0.0.7",
            "https://[::1]:3000",
            "http://hub.example.org",
            "http://notlocalhost",
            "hub.example.org",
            "",
        ] {
            assert_eq!(origin(bad), None, "{bad}");
        }
    }
}
