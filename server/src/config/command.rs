//! The commands of the program and what they take.
#![expect(
    clippy::doc_markdown,
    reason = "clap prints these comments to a terminal"
)]

use std::path::PathBuf;

use api::Scope;
use clap::{Subcommand, ValueEnum};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the product (what happens without a command).
    Serve,
    /// Serve the product with the demo company in it.
    Demo,
    /// Import a CSV or TSV file as guessed, and say what became of it.
    Import {
        /// The file.
        file: PathBuf,
        /// What to call its source; the file's name when left out.
        #[arg(long)]
        name: Option<String>,
    },
    /// People.
    #[command(subcommand)]
    User(UserCommand),
    /// API keys.
    #[command(subcommand)]
    Key(KeyCommand),
    /// The secrets that are kept, and the master key that seals them.
    #[command(subcommand)]
    Secrets(SecretsCommand),
    /// The audit log.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// The settings.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Ask the server that runs here whether it is ready; exit with 1 if not.
    Health,
}

/// Commands about people.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Invite a person and print the link, once.
    Add {
        /// The address they will sign in with.
        email: String,
        /// What they may do: admin, operator, viewer, or the name of a role of your own.
        #[arg(long, default_value = "viewer")]
        role: String,
    },
    /// Print a link, once, with which somebody who forgot their password chooses another.
    Password {
        /// The address they sign in with.
        email: String,
    },
}

/// Commands about API keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key and print its secret, once.
    Add {
        /// What to call it.
        name: String,
        /// What it may do: ingest, query, or permissions such as monitoring:write, with commas between.
        #[arg(long, value_delimiter = ',', default_value = "ingest")]
        scope: Vec<Scope>,
        /// How many samples a second it may send; no limit unless said.
        #[arg(long)]
        rate: Option<u32>,
    },
}

/// Commands about the secrets that are kept.
#[derive(Debug, Subcommand)]
pub(crate) enum SecretsCommand {
    /// Print a new master key.
    Key,
    /// Seal everything that is kept under the newest master key.
    ///
    /// Where the key is master.key in the data folder, a new one is put into it first; servers that
    /// run take it up by themselves. Otherwise put a new key first into MILLRACE_MASTER_KEY_FILE or
    /// MILLRACE_MASTER_KEY of every server, leave the old one behind it, and run this then.
    Rotate,
    /// Take away what was sealed with a master key that is lost. It has to be typed again.
    Forget,
}

/// Commands about the audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Walk along the chain and name every entry that was changed, moved, put in or taken away; exit
    /// with 1 if there is one.
    ///
    /// The chain is compared with the head that the server wrote to MILLRACE_AUDIT_ANCHOR: without
    /// that file an end that was cut off, or hashed anew, cannot be told from one that never was.
    Verify {
        /// A further file of anchors, such as that of another server on the same database.
        #[arg(long)]
        anchors: Vec<PathBuf>,
    },
    /// Write all entries to standard output, the oldest first.
    Export {
        /// How.
        #[arg(long, value_enum, default_value_t = ExportFormat::Jsonl)]
        format: ExportFormat,
    },
}

/// How the audit log is written to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// An entry a line, whole, with its hashes.
    Jsonl,
    /// A table for people.
    Csv,
}

/// Commands about the settings.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check every setting, open the database, and print what would be used.
    Check,
}
