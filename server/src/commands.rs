//! The commands besides serving. Each works on the data folder, whether a server runs on it or not.

use std::path::Path;

use anyhow::{Context, bail};
use api::{Caller, ImportState, NewInvitation, NewKey, Role, RoleState};
use service::KeySource;

use crate::config::Settings;
use crate::serve::{open, open_locked};
use crate::trust::Trust;

/// `millrace import FILE`.
#[expect(
    clippy::print_stdout,
    reason = "a command's answer goes to standard output"
)]
pub(crate) async fn import(
    settings: Settings,
    file: &Path,
    name: Option<String>,
) -> anyhow::Result<()> {
    let (hub, store) = open(&settings, None).await?;
    let imports = hub.services().imports;
    let caller = Caller::system("import");
    let staged = imports.stage(&caller).await?;
    tokio::fs::copy(file, &staged.path)
        .await
        .with_context(|| format!("{} cannot be read", file.display()))?;
    let file_name = file.file_name().unwrap_or_default().to_string_lossy();
    let mut import = imports.accept(&caller, &staged, &file_name).await?;
    if let Some(name) = name {
        let mut settings = import.settings.clone();
        settings.source_name = name;
        import = imports.correct(&caller, &import.id, settings).await?;
    }
    if let Some(question) = &import.question {
        bail!("{question} Import it in the browser, where this can be said.");
    }
    imports.start(&caller, &import.id).await?;
    loop {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        match imports.get(&caller, &import.id).await?.state {
            ImportState::Running { rows, .. } => eprint!("\r{rows} rows"),
            ImportState::Done { result } => {
                eprint!("\r");
                println!(
                    "{} rows became {} samples in {} series; {} rows could not be read.",
                    result.rows, result.samples, result.series, result.bad_rows
                );
                for (count, what) in result.lost() {
                    println!("  {count} {what}");
                }
                for bad in result.bad.iter().take(5) {
                    println!("  line {}: {}", bad.line, bad.reason);
                }
                break;
            }
            ImportState::Failed { message } => bail!("nothing was imported: {message}"),
            ImportState::Cancelled => bail!("nothing was imported: it was cancelled"),
            ImportState::Draft => {}
        }
    }
    store.close().await;
    Ok(())
}

/// `millrace user add`.
#[expect(
    clippy::print_stdout,
    reason = "the link is for the person who asked, not for the log"
)]
pub(crate) async fn add_user(
    settings: Settings,
    email: String,
    role: String,
) -> anyhow::Result<()> {
    let (hub, store) = open(&settings, None).await?;
    let (services, caller) = (hub.services(), Caller::system("user add"));
    let role = role_called(&role, &services.roles.roles(&caller).await?)?;
    let made = services
        .people
        .invite(&caller, NewInvitation { email, role })
        .await?;
    println!(
        "Whoever opens this link chooses the password of {}, as {}. It is good once, for a week:\n\n    {}\n",
        made.made.email,
        made.made.role,
        invitation_link(&settings, &made.secret),
    );
    store.close().await;
    Ok(())
}

/// `millrace user password`.
#[expect(
    clippy::print_stdout,
    reason = "the link is for the person who asked, not for the log"
)]
pub(crate) async fn offer_password(settings: Settings, email: String) -> anyhow::Result<()> {
    let (hub, store) = open(&settings, None).await?;
    let (services, caller) = (hub.services(), Caller::system("user password"));
    let users = services.accounts.users(&caller).await?;
    let user = users
        .into_iter()
        .find(|user| user.email.eq_ignore_ascii_case(&email));
    let user = user.with_context(|| format!("{email} cannot sign in; add them first"))?;
    let made = services.people.offer_password(&caller, &user.id).await?;
    println!(
        "Whoever opens this link chooses a new password for {email}. It is good once, for a day:\n\n    {}\n",
        invitation_link(&settings, &made.secret),
    );
    store.close().await;
    Ok(())
}

/// The id of the role with that name or id.
fn role_called(word: &str, kept: &[RoleState]) -> anyhow::Result<String> {
    let roles = || kept.iter().map(|state| &state.role);
    let called = |role: &&Role| role.as_str() == word || role.name().eq_ignore_ascii_case(word);
    let found = roles().find(called).map(|role| role.as_str().to_owned());
    found.with_context(|| {
        let names: Vec<&str> = roles().map(Role::name).collect();
        format!(
            "there is no role “{word}”: choose one of {}",
            names.join(", ")
        )
    })
}

fn invitation_link(settings: &Settings, token: &str) -> String {
    format!("{}/invite?token={token}", settings.public())
}

/// `millrace key add`.
#[expect(
    clippy::print_stdout,
    reason = "the key is for the person who asked, not for the log"
)]
pub(crate) async fn add_key(settings: Settings, new: NewKey) -> anyhow::Result<()> {
    let (hub, store) = open(&settings, None).await?;
    let made = hub
        .services()
        .keys
        .add(&Caller::system("key add"), new)
        .await?;
    println!(
        "The key “{}”, shown this once:\n\n    {}\n",
        made.made.name, made.secret
    );
    store.close().await;
    Ok(())
}

/// `millrace secrets key`.
#[expect(
    clippy::print_stdout,
    reason = "the key is for the person who asked, not for the log"
)]
pub(crate) fn new_key() {
    println!("{}", service::new_master_key());
}

/// `millrace secrets rotate`.
#[expect(
    clippy::print_stdout,
    reason = "a command's answer goes to standard output"
)]
pub(crate) async fn rotate(settings: &Settings) -> anyhow::Result<()> {
    let (hub, store) = open(settings, None).await?;
    let source = settings.master_keys()?;
    let done = hub
        .rotate_secrets(&Caller::system("secrets rotate"), &source)
        .await?;
    println!(
        "{} secrets were sealed anew with the master key {}; {} were already.",
        done.sealed, done.key, done.already
    );
    match source {
        KeySource::Own(file) => println!(
            "It is the first line of {}. Keep the lines below it as long as backups and entries of the audit log are kept that need them.",
            file.display()
        ),
        _ if done.sealed == 0 => println!(
            "To change it, put a new key (`millrace secrets key`) before it on every server, and run this again."
        ),
        _ => println!(
            "The keys behind it are needed no longer, except for backups and for entries of the audit log that are older than this."
        ),
    }
    store.close().await;
    Ok(())
}

/// `millrace secrets forget`.
#[expect(
    clippy::print_stdout,
    reason = "a command's answer goes to standard output"
)]
pub(crate) async fn forget(settings: &Settings) -> anyhow::Result<()> {
    let (hub, store) = open_locked(settings, None).await?;
    let gone = hub
        .forget_sealed(&Caller::system("secrets forget"), settings.master_keys()?)
        .await?;
    println!("{gone} secrets were taken away that no master key here opens. Type them again.");
    store.close().await;
    Ok(())
}

/// `millrace health`: asks the server on this machine whether it is ready.
#[expect(
    clippy::print_stdout,
    reason = "a command's answer goes to standard output"
)]
pub(crate) async fn health(settings: &Settings) -> anyhow::Result<()> {
    let scheme = if settings.guard.tls_cert.is_some() {
        "https"
    } else {
        "http"
    };
    let url = format!("{scheme}://127.0.0.1:{}/health/ready", settings.addr.port());
    // It asks itself, under a name that no certificate has.
    let tls = Trust::Anybody.config().map_err(anyhow::Error::msg)?;
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .timeout(std::time::Duration::from_secs(5))
        .build()?;
    let answer = client.get(url).send().await;
    let answer = answer.context("the server did not answer within 5 s")?;
    let ready = answer.status().is_success();
    println!("{}", answer.text().await?);
    if !ready {
        bail!("the server is not ready");
    }
    Ok(())
}
