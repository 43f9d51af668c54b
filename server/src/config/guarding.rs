//! Settings of what stands between the network and the pages.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::BadSetting;
use crate::guard::{Guard, Limits, Proxies};
use crate::reach::Reach;
use crate::tls::Identity;

/// Settings of what stands between the network and the pages.
#[derive(Clone, Debug, Args)]
pub(crate) struct Guarding {
    /// A file with the certificate to serve https with, and those between it and its authority, in PEM;
    /// read again when it changes.
    #[arg(long, env = "MILLRACE_TLS_CERT", requires = "tls_key", global = true)]
    pub(crate) tls_cert: Option<PathBuf>,
    /// A file with its private key, in PEM.
    #[arg(long, env = "MILLRACE_TLS_KEY", requires = "tls_cert", global = true)]
    pub(crate) tls_key: Option<PathBuf>,
    /// The proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, such as
    /// 10.0.0.0/8,127.0.0.1; none unless set.
    #[arg(
        long,
        env = "MILLRACE_TRUSTED_PROXIES",
        value_delimiter = ',',
        global = true
    )]
    pub(crate) trusted_proxies: Vec<String>,
    /// The networks and names that may be scraped, such as 10.0.0.0/8,*.example.org; everything but the
    /// addresses at which clouds hand out credentials unless set.
    #[arg(
        long,
        env = "MILLRACE_FETCH_ALLOW",
        value_delimiter = ',',
        global = true
    )]
    pub(crate) fetch_allow: Vec<String>,
    /// How many requests a minute an account may make, or an address that is not signed in; 0 for as many
    /// as they like.
    #[arg(long, env = "MILLRACE_REQUESTS_PER_MINUTE", default_value_t = 6_000, value_parser = clap::value_parser!(u32).range(0..=1_000_000), global = true)]
    pub(crate) requests_per_minute: u32,
}

impl Guarding {
    /// Checks what a type cannot.
    pub(super) fn check(&self) -> Result<(), BadSetting> {
        self.identity()?;
        self.reach()?;
        self.guard().map(drop)
    }

    /// What guards requests.
    pub(crate) fn guard(&self) -> Result<Guard, BadSetting> {
        let proxies = Proxies::parse(&self.trusted_proxies).map_err(|problem| BadSetting {
            name: "MILLRACE_TRUSTED_PROXIES",
            problem,
        })?;
        Ok(Guard {
            proxies,
            limits: Arc::new(Limits::new(self.requests_per_minute)),
        })
    }

    /// What may be fetched from.
    pub(crate) fn reach(&self) -> Result<Reach, BadSetting> {
        Reach::parse(&self.fetch_allow).map_err(|problem| BadSetting {
            name: "MILLRACE_FETCH_ALLOW",
            problem,
        })
    }

    /// The certificate and its key, where https is served.
    pub(crate) fn identity(&self) -> Result<Option<Arc<Identity>>, BadSetting> {
        let (Some(certificate), Some(key)) = (&self.tls_cert, &self.tls_key) else {
            return Ok(None);
        };
        let read = Identity::read(certificate, key);
        read.map(Some).map_err(|error| BadSetting {
            name: "MILLRACE_TLS_CERT",
            problem: error.to_string(),
        })
    }
}
