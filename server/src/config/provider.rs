//! The settings of another place to sign in.
#![expect(
    clippy::doc_markdown,
    reason = "clap prints these comments to a terminal"
)]
#![expect(clippy::struct_field_names, reason = "a field's name is the flag's")]

use std::path::PathBuf;
use std::sync::Arc;

use api::Hidden;
use clap::Args;
use reqwest::Url;
use service::{Ask, Provider};

use super::{BadSetting, read};

/// Another place to sign in, by OpenID Connect.
#[derive(Clone, Args)]
pub(crate) struct ProviderSettings {
    /// Another place to sign in, by OpenID Connect: its issuer, such as https://login.example.org/realm.
    #[arg(long, env = "MILLRACE_OIDC_ISSUER", global = true)]
    pub(crate) oidc_issuer: Option<String>,
    /// What it knows Millrace as.
    #[arg(long, env = "MILLRACE_OIDC_CLIENT_ID", global = true)]
    pub(crate) oidc_client_id: Option<String>,
    /// A file with the secret that proves it; left out for a public client.
    #[arg(long, env = "MILLRACE_OIDC_CLIENT_SECRET_FILE", global = true)]
    pub(crate) oidc_client_secret_file: Option<PathBuf>,
    /// What the button on the sign-in page calls it.
    #[arg(
        long,
        env = "MILLRACE_OIDC_NAME",
        default_value = "single sign-on",
        global = true
    )]
    pub(crate) oidc_name: String,
    /// What is asked for there.
    #[arg(
        long,
        env = "MILLRACE_OIDC_SCOPES",
        default_value = "openid email profile",
        global = true
    )]
    pub(crate) oidc_scopes: String,
    /// The claim that lists a person's groups.
    #[arg(
        long,
        env = "MILLRACE_OIDC_GROUPS_CLAIM",
        default_value = "groups",
        global = true
    )]
    pub(crate) oidc_groups_claim: String,
    /// Groups and the roles they bring, such as ops-admins=admin,ops=operator: the first that fits.
    #[arg(
        long,
        env = "MILLRACE_OIDC_ROLES",
        value_delimiter = ',',
        global = true
    )]
    pub(crate) oidc_roles: Vec<String>,
    /// The role of newcomers with none of these groups; left out, they are not let in.
    #[arg(long, env = "MILLRACE_OIDC_DEFAULT_ROLE", global = true)]
    pub(crate) oidc_default_role: Option<String>,
    /// Take every address that it names for verified, where it does not say `email_verified`: for a
    /// provider where nobody chooses their own.
    #[arg(long, env = "MILLRACE_OIDC_VOUCHES", global = true)]
    pub(crate) oidc_vouches: bool,
    /// A file with the certificates of the authorities to believe for it, in PEM; those that browsers
    /// believe when left out.
    #[arg(long, env = "MILLRACE_OIDC_CA_FILE", global = true)]
    pub(crate) oidc_ca_file: Option<PathBuf>,
}

impl ProviderSettings {
    /// The authorities to believe for it, as PEM; none for those that browsers believe.
    pub(crate) fn ca(&self) -> Result<Option<String>, BadSetting> {
        let file = self.oidc_ca_file.as_ref();
        file.map(|file| read("MILLRACE_OIDC_CA_FILE", file))
            .transpose()
    }

    /// The provider, where one is set; `public` is the address that people open.
    pub(crate) fn provider(
        &self,
        public: &str,
        ask: impl FnOnce() -> Result<Arc<dyn Ask>, BadSetting>,
    ) -> Result<Option<Provider>, BadSetting> {
        let bad = |name, problem: &str| BadSetting {
            name,
            problem: problem.to_owned(),
        };
        let Some(issuer) = &self.oidc_issuer else {
            return match &self.oidc_client_id {
                None => Ok(None),
                Some(_) => Err(bad(
                    "MILLRACE_OIDC_CLIENT_ID",
                    "it is set, and MILLRACE_OIDC_ISSUER is not",
                )),
            };
        };
        let here = |url: &Url| matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let url = Url::parse(issuer).ok();
        if !url.is_some_and(|url| url.scheme() == "https" || url.scheme() == "http" && here(&url)) {
            return Err(bad(
                "MILLRACE_OIDC_ISSUER",
                "it must begin with https://, but on this machine itself",
            ));
        }
        let Some(client_id) = self.oidc_client_id.clone() else {
            return Err(bad(
                "MILLRACE_OIDC_CLIENT_ID",
                "MILLRACE_OIDC_ISSUER is set, and this is not",
            ));
        };
        if !self.oidc_scopes.split(' ').any(|scope| scope == "openid") {
            return Err(bad("MILLRACE_OIDC_SCOPES", "`openid` is missing"));
        }
        let roles = self.oidc_roles.iter().map(|pair| {
            let halves = pair.split_once('=');
            let trimmed =
                halves.map(|(group, role)| (group.trim().to_owned(), role.trim().to_owned()));
            trimmed.ok_or_else(|| BadSetting {
                name: "MILLRACE_OIDC_ROLES",
                problem: format!("`{pair}` must be group=role"),
            })
        });
        let secret = self.oidc_client_secret_file.as_ref();
        let secret = secret.map(|file| read("MILLRACE_OIDC_CLIENT_SECRET_FILE", file));
        Ok(Some(Provider {
            name: self.oidc_name.clone(),
            issuer: issuer.clone(),
            client_id,
            client_secret: secret
                .transpose()?
                .map(|text| Hidden(text.trim().to_owned())),
            redirect_uri: format!("{public}/auth/provider/return"),
            scopes: self.oidc_scopes.clone(),
            groups_claim: self.oidc_groups_claim.clone(),
            roles: roles.collect::<Result<_, _>>()?,
            default_role: self.oidc_default_role.clone(),
            vouches: self.oidc_vouches,
            ask: ask()?,
        }))
    }
}
