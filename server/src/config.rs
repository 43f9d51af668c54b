//! The settings and the command line, in one typed struct: the only place that reads the environment.
#![expect(
    clippy::doc_markdown,
    reason = "clap prints these comments to a terminal"
)]

mod caching;
mod command;
mod engine;
mod finding;
mod guarding;
mod provider;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::Hidden;
use clap::{Args, Parser, ValueEnum};
use service::{KeySource, Ring};
use store::{DatabaseUrl, RedisUrl};

use crate::trust::Trust;
pub(crate) use command::{
    AuditCommand, Command, ConfigCommand, ExportFormat, KeyCommand, SecretsCommand, UserCommand,
};
pub(crate) use engine::MetricsEngine;
pub(crate) use guarding::Guarding;

/// Tells what will run out, break or go over, how sure it is and why.
///
/// Without a command it serves the product at http://127.0.0.1:3000 with its data in ./data.
#[derive(Debug, Parser)]
#[command(name = "millrace", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// What to do; `serve` when left out.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// How.
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// Every setting. Each can be a flag or an environment variable; the flag wins.
#[derive(Clone, Args)]
pub(crate) struct Settings {
    /// Address and port to listen on.
    #[arg(
        long,
        env = "MILLRACE_ADDR",
        default_value = "127.0.0.1:3000",
        global = true
    )]
    pub(crate) addr: SocketAddr,
    /// Folder for the database and for uploads; made when it is not there.
    #[arg(long, env = "MILLRACE_DATA", default_value = "data", global = true)]
    pub(crate) data: PathBuf,
    /// Another database than the file in the data folder, such as postgres://user@host/millrace.
    #[arg(
        long,
        env = "MILLRACE_DATABASE_URL",
        hide_env_values = true,
        global = true
    )]
    pub(crate) database_url: Option<String>,
    /// A file with the master keys that seal the secrets that are kept, one a line: the first seals,
    /// all open. Left out, master.key in the data folder, made when nothing was ever sealed.
    #[arg(long, env = "MILLRACE_MASTER_KEY_FILE", global = true)]
    pub(crate) master_key_file: Option<PathBuf>,
    /// The master keys themselves, with commas between them; better in a file, which no list of
    /// processes shows.
    #[arg(
        long,
        env = "MILLRACE_MASTER_KEY",
        hide_env_values = true,
        global = true
    )]
    pub(crate) master_key: Option<String>,
    /// A file outside of the database that the head of the audit log is written to again and again;
    /// audit.anchors in the data folder when left out. Each server has one of its own.
    #[arg(long, env = "MILLRACE_AUDIT_ANCHOR", global = true)]
    pub(crate) audit_anchor: Option<PathBuf>,
    /// Redis for events between several servers and for what they share of their caches, such as
    /// redis://host:6379; left out, PostgreSQL carries events and each keeps what it computed.
    #[arg(
        long,
        env = "MILLRACE_REDIS_URL",
        hide_env_values = true,
        global = true
    )]
    pub(crate) redis_url: Option<String>,
    /// Prometheus or VictoriaMetrics to keep metrics in instead of the database, such as
    /// http://prometheus:9090; its query API lies there under /api/v1. May hold a user and password.
    #[arg(
        long,
        env = "MILLRACE_METRICS_URL",
        hide_env_values = true,
        global = true
    )]
    pub(crate) metrics_url: Option<String>,
    /// Where it takes remote-write, if that is not the address above and /api/v1/write.
    #[arg(
        long,
        env = "MILLRACE_METRICS_WRITE_URL",
        hide_env_values = true,
        global = true
    )]
    pub(crate) metrics_write_url: Option<String>,
    /// What it is: prometheus evaluates PromQL there, victoriametrics has it evaluated here.
    #[arg(long, env = "MILLRACE_METRICS_ENGINE", value_enum, default_value_t = MetricsEngine::Prometheus, global = true)]
    pub(crate) metrics_engine: MetricsEngine,
    /// A file with the bearer token that it wants to see.
    #[arg(long, env = "MILLRACE_METRICS_TOKEN_FILE", global = true)]
    pub(crate) metrics_token_file: Option<PathBuf>,
    /// A file with the certificates of the authorities to believe for it, in PEM; those that browsers
    /// believe when left out.
    #[arg(long, env = "MILLRACE_METRICS_CA_FILE", global = true)]
    pub(crate) metrics_ca_file: Option<PathBuf>,
    /// The address that people open, for links; http and the listening address when left out.
    #[arg(long, env = "MILLRACE_PUBLIC_URL", global = true)]
    pub(crate) public_url: Option<String>,
    /// Minutes after which everybody has to sign in again.
    #[arg(long, env = "MILLRACE_SESSION_MINUTES", default_value_t = 1440, value_parser = clap::value_parser!(u32).range(5..=43_200), global = true)]
    pub(crate) session_minutes: u32,
    /// Minutes without a sign of somebody after which they have to sign in again.
    #[arg(long, env = "MILLRACE_SESSION_IDLE_MINUTES", default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..=43_200), global = true)]
    pub(crate) session_idle_minutes: u32,
    /// Another place to sign in.
    #[command(flatten)]
    pub(crate) provider: provider::ProviderSettings,
    /// Folder that holds Leptos.toml and the site; where the program lies when left out.
    #[arg(long, env = "MILLRACE_SITE", global = true)]
    pub(crate) site: Option<PathBuf>,
    /// Seconds between two looks at this host; 0 looks at nothing.
    #[arg(long, env = "MILLRACE_HOST_SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=3600), global = true)]
    pub(crate) host_seconds: u32,
    /// The largest file that can be uploaded, in MiB.
    #[arg(long, env = "MILLRACE_UPLOAD_MIB", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=65_536), global = true)]
    pub(crate) upload_mib: u32,
    /// How long answers are kept.
    #[command(flatten)]
    pub(crate) caching: caching::Caching,
    #[command(flatten)]
    pub(crate) finding: finding::Finding,
    /// What stands between the network and the pages.
    #[command(flatten)]
    pub(crate) guard: Guarding,
    /// What to log: error, warn, info, debug, or a list such as info,service=debug.
    #[arg(long, env = "MILLRACE_LOG", default_value = "info", global = true)]
    pub(crate) log: String,
    /// How to write the log.
    #[arg(long, env = "MILLRACE_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text, global = true)]
    pub(crate) log_format: LogFormat,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// An object a line, for machines.
    Json,
}

impl std::fmt::Debug for Settings {
    // The addresses of the database and of the engine may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("addr", &self.addr)
            .field("data", &self.data)
            .finish_non_exhaustive()
    }
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {problem}")]
pub(crate) struct BadSetting {
    name: &'static str,
    problem: String,
}

impl Settings {
    /// Checks what a type cannot: before anything is opened or started.
    pub(crate) fn check(&self) -> Result<(), BadSetting> {
        self.database()?;
        self.master_keys()?;
        self.redis()?;
        self.engine()?;
        self.identity_provider()?;
        self.guard.check()?;
        if let Some(url) = &self.public_url {
            check_public(url).map_err(|words| BadSetting {
                name: "MILLRACE_PUBLIC_URL",
                problem: format!("`{url}` {words}"),
            })?;
        }
        tracing_subscriber::EnvFilter::try_new(&self.log).map_err(|error| BadSetting {
            name: "MILLRACE_LOG",
            problem: format!("`{}` is no log filter: {error}", self.log),
        })?;
        if self.data.exists() && !self.data.is_dir() {
            return Err(BadSetting {
                name: "MILLRACE_DATA",
                problem: format!("`{}` is a file; name a folder", self.data.display()),
            });
        }
        Ok(())
    }

    /// The database's address: the one that is set, or the file in the data folder.
    pub(crate) fn database(&self) -> Result<DatabaseUrl, BadSetting> {
        match &self.database_url {
            Some(url) => DatabaseUrl::parse(url).map_err(|error| BadSetting {
                name: "MILLRACE_DATABASE_URL",
                problem: error.to_string(),
            }),
            None => Ok(DatabaseUrl::in_folder(&self.data)),
        }
    }

    /// Where the master keys are.
    pub(crate) fn master_keys(&self) -> Result<KeySource, BadSetting> {
        match (&self.master_key, &self.master_key_file) {
            (Some(_), Some(_)) => Err(BadSetting {
                name: "MILLRACE_MASTER_KEY",
                problem: "MILLRACE_MASTER_KEY_FILE is set as well; set one of the two".into(),
            }),
            (Some(text), None) => match Ring::parse(text) {
                Ok(_) => Ok(KeySource::Text(Hidden(text.clone()))),
                Err(error) => Err(BadSetting {
                    name: "MILLRACE_MASTER_KEY",
                    problem: error.to_string(),
                }),
            },
            (None, Some(file)) => Ok(KeySource::File(file.clone())),
            (None, None) => Ok(KeySource::Own(self.data.join("master.key"))),
        }
    }

    /// Where the head of the audit log is written to.
    pub(crate) fn audit_anchor(&self) -> PathBuf {
        let own = || self.data.join("audit.anchors");
        self.audit_anchor.clone().unwrap_or_else(own)
    }

    /// Redis' address, where it is set.
    pub(crate) fn redis(&self) -> Result<Option<RedisUrl>, BadSetting> {
        let parsed = self.redis_url.as_deref().map(str::parse).transpose();
        parsed.map_err(|error: store::RedisUrlError| BadSetting {
            name: "MILLRACE_REDIS_URL",
            problem: error.to_string(),
        })
    }

    /// Another place to sign in, and whose certificates are believed for it.
    pub(crate) fn identity_provider(&self) -> Result<Option<service::Provider>, BadSetting> {
        let reach = self.guard.reach()?;
        let ask = || {
            let trust = self.provider.ca()?.map_or(Trust::Public, Trust::Own);
            let ask =
                crate::provider::HttpAsk::new(&trust, reach).map_err(|problem| BadSetting {
                    name: "MILLRACE_OIDC_CA_FILE",
                    problem,
                })?;
            Ok(Arc::new(ask) as Arc<dyn service::Ask>)
        };
        self.provider.provider(&self.public(), ask)
    }

    /// How long sessions last.
    pub(crate) fn session_times(&self) -> service::SessionTimes {
        service::SessionTimes {
            absolute_seconds: self.session_minutes * 60,
            idle_seconds: self.session_idle_minutes * 60,
        }
    }

    /// The address people open, without a slash at the end.
    pub(crate) fn public(&self) -> String {
        match &self.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None if self.guard.tls_cert.is_some() => format!("https://{}", self.addr),
            None => format!("http://{}", self.addr),
        }
    }

    /// The folder that holds Leptos.toml: the one that is set, the program's own, or the present one.
    pub(crate) fn site_folder(&self) -> PathBuf {
        if let Some(folder) = &self.site {
            return folder.clone();
        }
        let beside = std::env::current_exe()
            .ok()
            .and_then(|exe| exe.parent().map(Path::to_path_buf));
        match beside {
            Some(folder) if folder.join("Leptos.toml").exists() => folder,
            _ => PathBuf::from("."),
        }
    }
}

/// What is wrong with an address that people are to open: links are made of it, and cookies and passkeys
/// bound to it.
fn check_public(url: &str) -> Result<(), &'static str> {
    if !(url.starts_with("http://") || url.starts_with("https://")) {
        return Err("must begin with http:// or https://");
    }
    let parsed = reqwest::Url::parse(url).map_err(|_| "is no address: name a host behind //")?;
    if parsed.path() != "/" || parsed.query().is_some() || parsed.fragment().is_some() {
        return Err("must end behind the host and the port: Millrace has an origin of its own");
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err("must hold no name and no password");
    }
    Ok(())
}

fn read(name: &'static str, file: &Path) -> Result<String, BadSetting> {
    std::fs::read_to_string(file).map_err(|error| BadSetting {
        name,
        problem: format!("{} cannot be read: {error}", file.display()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn parse(args: &[&str]) -> Settings {
        Cli::try_parse_from(args).unwrap().settings
    }

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    /// What `--help` prints for a command and those below it; what is set here does not show.
    fn helps(command: &clap::Command, name: &str, out: &mut String) {
        use std::fmt::Write as _;
        let mut shown = command
            .clone()
            .bin_name(name.to_owned())
            .mut_args(|arg| arg.hide_env_values(true));
        write!(out, "$ {name} --help\n{}\n", shown.render_long_help()).unwrap();
        for below in command.get_subcommands() {
            let name = format!("{name} {}", below.get_name());
            helps(below, &name, out);
        }
    }

    #[test]
    fn every_command_says_how_it_is_used() {
        use clap::CommandFactory;
        let mut out = String::new();
        helps(&Cli::command(), "millrace", &mut out);
        insta::assert_snapshot!(out);
    }

    #[test]
    fn nothing_needs_to_be_set() {
        let settings = parse(&["millrace"]);
        assert!(settings.check().is_ok());
        assert!(settings.database().is_ok());
    }

    #[test]
    fn a_wrong_value_is_named() {
        let settings = parse(&["millrace", "--database-url", "mysql://x"]);
        assert!(
            settings
                .check()
                .unwrap_err()
                .to_string()
                .starts_with("MILLRACE_DATABASE_URL")
        );
        assert!(Cli::try_parse_from(["millrace", "--addr", "here"]).is_err());
        let settings = parse(&["millrace", "--redis-url", "http://cache"]);
        assert!(
            settings
                .check()
                .unwrap_err()
                .to_string()
                .starts_with("MILLRACE_REDIS_URL")
        );
        let settings = parse(&["millrace", "--log", "info,=="]);
        assert!(
            settings
                .check()
                .unwrap_err()
                .to_string()
                .starts_with("MILLRACE_LOG")
        );
    }

    #[test]
    fn the_public_address_is_a_host_and_nothing_behind_it() {
        for good in [
            "http://127.0.0.1:3000",
            "https://hub.example/",
            "http://[::1]:80",
        ] {
            assert_eq!(check_public(good), Ok(()), "{good}");
        }
        for bad in [
            "hub.example",
            "http://",
            "https://?x",
            "https://hub.example/millrace",
            "https://hub.example?x=1",
            "https://hub.example/#top",
            "https://me:word@hub.example",
            "http://hub example",
        ] {
            assert!(check_public(bad).is_err(), "{bad}");
            let settings = parse(&["millrace", "--public-url", bad]);
            let error = settings.check().unwrap_err().to_string();
            assert!(error.starts_with("MILLRACE_PUBLIC_URL"), "{error}");
        }
    }

    #[test]
    fn the_database_password_is_not_in_the_debug_print() {
        let settings = parse(&["millrace", "--database-url", "postgres://u:canary@h/d"]);
        assert!(!format!("{settings:?}").contains("canary"));
    }
}
