//! The program: settings, then the command. Reads like a table of contents.

mod audit;
mod auth;
mod check;
mod clock;
mod commands;
mod config;
mod guard;
mod host;
mod jobs;
mod listen;
mod live;
mod log;
mod measure;
mod page_threads;
mod pages;
mod passkey;
mod provider;
mod reach;
mod rest;
mod router;
mod scrape;
mod serve;
mod sign_in;
mod state;
mod status;
mod tls;
mod trace;
mod trust;
mod uploads;

use std::process::ExitCode;

use api::NewKey;
use clap::Parser;

use crate::config::{
    AuditCommand, Cli, Command, ConfigCommand, KeyCommand, SecretsCommand, UserCommand,
};

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(error) = cli.settings.check() {
        return fail(&error.into());
    }
    log::start(&cli.settings);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    match runtime.block_on(run(cli)) {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let settings = cli.settings;
    let done = match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::serve(settings, false).await,
        Command::Demo => serve::serve(settings, true).await,
        Command::Import { file, name } => commands::import(settings, &file, name).await,
        Command::User(UserCommand::Add { email, role }) => {
            commands::add_user(settings, email, role).await
        }
        Command::User(UserCommand::Password { email }) => {
            commands::offer_password(settings, email).await
        }
        Command::Key(KeyCommand::Add { name, scope, rate }) => {
            commands::add_key(
                settings,
                NewKey {
                    name,
                    scopes: scope,
                    rate,
                    expires_at: None,
                },
            )
            .await
        }
        Command::Audit(AuditCommand::Verify { anchors }) => {
            return audit::verify(&settings, &anchors).await;
        }
        Command::Audit(AuditCommand::Export { format }) => {
            audit::write(&settings, format.into()).await
        }
        Command::Secrets(SecretsCommand::Key) => {
            commands::new_key();
            Ok(())
        }
        Command::Secrets(SecretsCommand::Rotate) => commands::rotate(&settings).await,
        Command::Secrets(SecretsCommand::Forget) => commands::forget(&settings).await,
        Command::Config(ConfigCommand::Check) => check::check(&settings).await,
        Command::Health => commands::health(&settings).await,
    };
    done.map(|()| ExitCode::SUCCESS)
}

/// The last words: what happened and what caused it, without a backtrace.
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("millrace: {error:#}");
    ExitCode::from(2)
}
