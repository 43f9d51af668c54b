//! Opening, again and at once; health; closing.

use std::path::Path;

use api::{Role, UserId};
use store::{DatabaseUrl, NewAccount, Store, StoreError};

use crate::harness::{Home, at, block_on, filled, on_both};

on_both!(
    opening_again_finds_what_was_written,
    a_store_answers_its_health_and_size,
    a_closed_store_is_unavailable,
    another_process_may_write_at_the_same_time,
    a_newer_database_is_refused,
);

async fn opening_again_finds_what_was_written(home: Home) {
    filled(&home.store, "a", 1).await;
    let again = home.open_again().await;
    assert_eq!(again.sources().await.unwrap().len(), 1);
    again.close().await;
}

async fn a_store_answers_its_health_and_size(home: Home) {
    home.store.ping().await.unwrap();
    home.store.check_writing(at(0)).await.unwrap();
    home.store.check_writing(at(1)).await.unwrap();
    assert!(home.store.bytes_on_disk().await.unwrap() > 4_096);
    assert_eq!(home.store.is_postgres(), home.url.is_postgres());
}

async fn a_closed_store_is_unavailable(home: Home) {
    home.store.close().await;
    assert!(matches!(
        home.store.ping().await,
        Err(StoreError::Unavailable(_))
    ));
    assert!(matches!(
        home.store.put_setting("x", &1).await,
        Err(StoreError::Unavailable(_))
    ));
}

/// `millrace user add` while the server takes samples.
async fn another_process_may_write_at_the_same_time(home: Home) {
    let (_, ids) = filled(&home.store, "a", 1).await;
    let server = {
        let store = home.store.clone();
        tokio::spawn(async move {
            for i in 0..100 {
                store.record(&[(&ids[0], at(i), 1.0)], at(i)).await.unwrap();
            }
        })
    };
    for i in 0..3 {
        let shell = home.open_again().await;
        let id = UserId(format!("u{i}"));
        let email = format!("{id}@example.org");
        let new = NewAccount {
            id: &id,
            email: &email,
            role: &Role::Viewer,
            password_hash: "h",
        };
        shell.insert_user(&new, at(0)).await.unwrap();
        shell.close().await;
    }
    server.await.unwrap();
    assert_eq!(home.store.users().await.unwrap().len(), 3);
}

async fn a_newer_database_is_refused(home: Home) {
    home.sql(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
        values (9999, 'from the future', true, '', 0)",
    )
    .await;
    let error = Store::open(&home.url, home.folder.path())
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Migration(_)), "{error:?}");
}

#[test]
fn several_may_open_a_new_file_at_once() {
    block_on(async {
        for _ in 0..5 {
            let folder = tempfile::tempdir().unwrap();
            let url = DatabaseUrl::in_folder(folder.path());
            let open = || Store::open(&url, folder.path());
            let (a, b, c, d) = tokio::join!(open(), open(), open(), open());
            for store in [a, b, c, d] {
                store.unwrap().close().await;
            }
        }
    });
}

#[cfg(unix)]
#[test]
fn only_the_servers_user_may_look_into_the_data_folder() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("deep/data");
        let store = Store::open(&DatabaseUrl::in_folder(&data), &data)
            .await
            .unwrap();
        store.put_setting("x", &1).await.unwrap();
        assert_eq!(mode(&data), 0o700);
        assert_eq!(mode(&data.join("millrace.db")), 0o600);
        assert_eq!(mode(&data.join("millrace.db-wal")), 0o600);
        store.close().await;
    });
}

#[test]
fn a_folder_that_cannot_be_made_is_named_as_the_reason() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let data = file.join("data");
        let error = Store::open(&DatabaseUrl::in_folder(&data), &data)
            .await
            .unwrap_err();
        assert!(matches!(error, StoreError::Folder(_)), "{error:?}");
    });
}

#[test]
fn a_database_that_is_not_there_is_unavailable() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::parse("postgres://u:p4ss@127.0.0.1:1/x").unwrap();
        let error = Store::open(&url, folder.path()).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("p4ss"));
    });
}

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |kind: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("migrations")
            .join(kind);
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|f| f.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("sqlite"), names("postgres"));
}
