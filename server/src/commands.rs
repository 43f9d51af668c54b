//! The commands besides serving. Each works on the data folder, whether a server runs on it or not.

use std::path::Path;

use anyhow::{Context, bail};
use api::{Caller, ImportState, NewKey, NewUser, Role};
use service::KeySource;
use store::metrics::{ChunkStore, MetricStore as _, Place};
use store::{Store, StoreError};

use crate::config::Settings;
use crate::serve::{engine, open, open_locked};
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
    reason = "the password is for the person who asked, not for the log"
)]
pub(crate) async fn add_user(settings: Settings, email: String, role: Role) -> anyhow::Result<()> {
    let (hub, store) = open(&settings, None).await?;
    let made = hub
        .services()
        .accounts
        .add_user(&Caller::system("user add"), NewUser { email, role })
        .await?;
    println!(
        "{} can sign in as {} with this password, shown this once:\n\n    {}\n",
        made.made.email, made.made.role, made.secret
    );
    store.close().await;
    Ok(())
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
            "It is the first line of {}. Keep the lines below it as long as backups are kept that need them.",
            file.display()
        ),
        _ if done.sealed == 0 => println!(
            "To change it, put a new key (`millrace secrets key`) before it on every server, and run this again."
        ),
        _ => println!(
            "The keys behind it are needed no longer, except for backups that are older than this."
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

/// `millrace config check`.
#[expect(
    clippy::print_stdout,
    reason = "a command's answer goes to standard output"
)]
pub(crate) async fn check(settings: Settings) -> anyhow::Result<()> {
    let (_, store) = open(&settings, None).await?;
    store.ping().await.context("the database does not answer")?;
    let redis = settings.redis()?;
    if let Some(redis) = &redis {
        redis.ping().await.context("MILLRACE_REDIS_URL")?;
    }
    let engine = engine(&settings)?;
    if let Some(engine) = &engine {
        engine.check().await.context("metrics cannot be kept")?;
    } else {
        check_metrics(&settings).await?;
    }
    check_anchor(&settings.audit_anchor())?;
    check_roles(&settings, &store).await?;
    crate::router::site(&settings.site_folder(), settings.addr)?;
    println!("address   {}", settings.addr);
    println!("opened at {}", settings.public());
    println!("data      {}", settings.data.display());
    println!(
        "database  {}",
        if settings.database_url.is_some() {
            "as MILLRACE_DATABASE_URL says"
        } else {
            "millrace.db in the data folder"
        }
    );
    if let Some(redis) = redis {
        println!("redis     {redis}");
    }
    println!(
        "metrics   {}",
        match engine.map(|engine| engine.place()) {
            Some(Place::Engine { name, host, .. }) => format!("in {name} at {host}"),
            _ => "in the database".into(),
        }
    );
    println!("site      {}", settings.site_folder().display());
    println!("host      every {} s", settings.host_seconds);
    println!("uploads   up to {} MiB", settings.upload_mib);
    println!("\nEverything can be used.");
    store.close().await;
    Ok(())
}

/// Opens the metrics as the server does.
async fn check_metrics(settings: &Settings) -> anyhow::Result<()> {
    match ChunkStore::open(&settings.database()?, &settings.data).await {
        Ok(metrics) => metrics.close().await,
        // A server has them open, so that they can be opened.
        Err(StoreError::InUse) => {}
        Err(error) => return Err(error).context("the metrics cannot be opened"),
    }
    Ok(())
}

/// Opens the file of anchors as the keeper does, and leaves none behind that was not there.
fn check_anchor(file: &Path) -> anyhow::Result<()> {
    let there = file.exists();
    let mut options = std::fs::OpenOptions::new();
    options
        .create(true)
        .append(true)
        .open(file)
        .with_context(|| {
            let file = file.display();
            format!("MILLRACE_AUDIT_ANCHOR: the file {file} cannot be written")
        })?;
    if !there {
        std::fs::remove_file(file)?;
    }
    Ok(())
}

/// Looks for the roles that the settings of another place to sign in name.
async fn check_roles(settings: &Settings, store: &Store) -> anyhow::Result<()> {
    let Some(provider) = settings.identity_provider()? else {
        return Ok(());
    };
    let made = store.custom_roles().await?;
    let all = Role::ALL
        .into_iter()
        .chain(made.into_iter().map(Role::Custom));
    let known: Vec<String> = all.map(|role| role.name().to_owned()).collect();
    let roles = provider.roles.iter();
    let named = roles.map(|(_, role)| ("MILLRACE_OIDC_ROLES", role)).chain(
        provider
            .default_role
            .iter()
            .map(|role| ("MILLRACE_OIDC_DEFAULT_ROLE", role)),
    );
    for (setting, role) in named {
        if !known.contains(role) {
            bail!(
                "{setting}: there is no role `{role}`; there are {}",
                known.join(", ")
            );
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    fn settings(folder: &Path, more: &[&str]) -> Settings {
        let data = folder.display().to_string();
        let args = ["millrace", "--data", &data].into_iter();
        let cli = crate::config::Cli::try_parse_from(args.chain(more.iter().copied()));
        cli.unwrap().settings
    }

    #[tokio::test]
    async fn metrics_that_are_none_are_not_taken_for_some() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path(), &[]);
        check_metrics(&settings).await.unwrap();
        let open = ChunkStore::open_sqlite(folder.path()).await.unwrap();
        check_metrics(&settings).await.unwrap();
        open.close().await;
        drop(open);
        let other = tempfile::tempdir().unwrap();
        std::fs::write(other.path().join("metrics.db"), "junk".repeat(4_096)).unwrap();
        let settings = self::settings(other.path(), &[]);
        assert!(check_metrics(&settings).await.is_err());
    }

    #[test]
    fn anchors_need_a_file_that_can_be_written() {
        let folder = tempfile::tempdir().unwrap();
        assert!(check_anchor(folder.path()).is_err());
        assert!(check_anchor(&folder.path().join("no/anchors")).is_err());
        let file = folder.path().join("anchors");
        check_anchor(&file).unwrap();
        assert!(!file.exists());
    }

    #[tokio::test]
    async fn a_role_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let with = |roles: &str| {
            let more = [
                "--oidc-issuer",
                "https://id.example",
                "--oidc-client-id",
                "millrace",
                "--oidc-roles",
                roles,
            ];
            settings(folder.path(), &more)
        };
        let store = crate::serve::open_store(&with("a=admin")).await.unwrap();
        check_roles(&with("a=admin"), &store).await.unwrap();
        let error = check_roles(&with("a=nope"), &store).await.unwrap_err();
        assert!(error.to_string().contains("`nope`"), "{error}");
    }
}
