//! `millrace config check`: opens and asks everything that the settings name, as serving does.

use std::path::Path;

use anyhow::{Context, bail};
use api::Role;
use store::metrics::{ChunkStore, MetricStore as _, Place};
use store::{Store, StoreError};

use crate::config::Settings;
use crate::serve::{engine, open};

/// `millrace config check`.
#[expect(
    clippy::print_stdout,
    reason = "a command's answer goes to standard output"
)]
pub(crate) async fn check(settings: &Settings) -> anyhow::Result<()> {
    let (_, store) = open(settings, None).await?;
    store.ping().await.context("the database does not answer")?;
    let redis = settings.redis()?;
    if let Some(redis) = &redis {
        redis.ping().await.context("MILLRACE_REDIS_URL")?;
    }
    let engine = engine(settings)?;
    if let Some(engine) = &engine {
        engine.check().await.context("metrics cannot be kept")?;
    } else {
        check_metrics(settings).await?;
    }
    check_anchor(&settings.audit_anchor())?;
    check_roles(settings, &store).await?;
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
    let roles = store.roles().await?;
    let known: Vec<&str> = roles.iter().map(Role::name).collect();
    let mapped = provider
        .roles
        .iter()
        .map(|(_, role)| ("MILLRACE_OIDC_ROLES", role));
    let default = provider
        .default_role
        .iter()
        .map(|role| ("MILLRACE_OIDC_DEFAULT_ROLE", role));
    for (setting, role) in mapped.chain(default) {
        if !known.contains(&role.as_str()) {
            bail!(
                "{setting}: there is no role `{role}`; there are {}",
                known.join(", ")
            );
        }
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
