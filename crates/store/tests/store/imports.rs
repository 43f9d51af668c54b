//! Imports: all or nothing, whatever else goes on; and where each file stands.

use api::{DecimalMark, Duplicates, ImportSettings, ImportState, Instant, Range, Separator};
use store::{StoreError, StoredImport};

use crate::harness::{Home, a_series, a_source, at, on_both};

on_both!(
    a_committed_import_is_there_and_again_changes_nothing,
    a_dropped_import_leaves_nothing,
    an_import_that_is_rolled_back_leaves_nothing,
    others_write_while_an_import_waits,
    two_imports_at_once_both_arrive,
    an_empty_import_makes_its_source,
    a_file_on_its_way_in_reads_back,
    a_setting_reads_back_until_it_is_forgotten,
);

const EVER: Range = Range {
    from: Instant(0),
    to: Instant(i64::MAX),
};

async fn a_committed_import_is_there_and_again_changes_nothing(home: Home) {
    let store = &home.store;
    for round in 0..2 {
        let mut import = store.begin_import(a_source("file")).await.unwrap();
        let a = import.series(a_series("a"));
        let b = import.series(a_series("b"));
        assert_eq!(import.series(a_series("a")), a);
        // Out of order, over several batches, with an instant given twice and a value that is none.
        let samples: Vec<_> = (0..2_500).rev().map(|i| (a, at(i), i as f64)).collect();
        import.write(&samples).await.unwrap();
        import
            .write(&[(b, at(1), 1.0), (a, at(7), 70.0), (b, at(1), 2.0)])
            .await
            .unwrap();
        import.write(&[(b, at(2), f64::NAN)]).await.unwrap();
        import.write(&[]).await.unwrap();
        let done = import.commit(at(round)).await.unwrap();
        let counts = if round == 0 { (2_501, 0) } else { (0, 2_501) };
        assert_eq!((done.new, done.replaced), counts);
        assert_eq!(done.series.len(), 2);
        let found = store.samples(&done.series[0], EVER, 9_999).await.unwrap();
        assert_eq!((found.len(), found[7].1, found[8].1), (2_500, 70.0, 8.0));
        let found = store.samples(&done.series[1], EVER, 9).await.unwrap();
        assert_eq!(found, [(at(1).micros(), 2.0)]);
        let series = store.series(&done.series[0]).await.unwrap().unwrap();
        assert_eq!(
            (series.source_id, series.first_at),
            (done.source_id, Some(at(0)))
        );
        assert_eq!(series.last.unwrap().value, Some(2_499.0));
    }
    assert_eq!(store.sources().await.unwrap().len(), 1);
}

async fn nothing_is_there(home: &Home) {
    assert_eq!(home.store.sources().await.unwrap(), []);
    assert_eq!(home.count("select count(*) from series").await, 0);
    assert_eq!(home.count("select count(*) from sample").await, 0);
    // Not even the staging file.
    let left = std::fs::read_dir(home.folder.path()).unwrap();
    let left: Vec<_> = left
        .map(|f| f.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(
        left.iter().all(|name| name.starts_with("millrace.db")),
        "{left:?}"
    );
}

async fn a_dropped_import_leaves_nothing(home: Home) {
    let mut import = home.store.begin_import(a_source("file")).await.unwrap();
    let a = import.series(a_series("a"));
    let samples: Vec<_> = (0..20_000).map(|i| (a, at(i), 1.0)).collect();
    import.write(&samples).await.unwrap();
    nothing_is_there(&home).await;
    drop(import);
    nothing_is_there(&home).await;
    // Also when it is dropped in the middle of its commit.
    let mut import = home.store.begin_import(a_source("file")).await.unwrap();
    let a = import.series(a_series("a"));
    for hour in 0..10 {
        let samples: Vec<_> = (0..20_000)
            .map(|i| (a, at(hour * 20_000 + i), 1.0))
            .collect();
        import.write(&samples).await.unwrap();
    }
    let cut = std::time::Duration::from_millis(5);
    assert!(
        tokio::time::timeout(cut, import.commit(at(1)))
            .await
            .is_err()
    );
    // Another writer gets its turn after it.
    home.store.put_setting("after", &1).await.unwrap();
    nothing_is_there(&home).await;
}

async fn an_import_that_is_rolled_back_leaves_nothing(home: Home) {
    let mut import = home.store.begin_import(a_source("file")).await.unwrap();
    let a = import.series(a_series("a"));
    import.write(&[(a, at(1), 1.0)]).await.unwrap();
    import.rollback().await.unwrap();
    nothing_is_there(&home).await;
}

async fn others_write_while_an_import_waits(home: Home) {
    let store = &home.store;
    let source = store.upsert_source(&a_source("file"), at(0)).await.unwrap();
    let ids = store
        .resolve_series(&source, &[a_series("a")], at(0))
        .await
        .unwrap();
    let mut import = store.begin_import(a_source("file")).await.unwrap();
    let a = import.series(a_series("a"));
    import
        .write(&[(a, at(1), 1.0), (a, at(3), 3.0)])
        .await
        .unwrap();
    let other = home.open_again().await;
    other
        .record(&[(&ids[0], at(1), 10.0), (&ids[0], at(2), 20.0)], at(2))
        .await
        .unwrap();
    store.put_setting("busy", &true).await.unwrap();
    let done = import.commit(at(3)).await.unwrap();
    assert_eq!((done.new, done.replaced), (1, 1));
    let values: Vec<f64> = store
        .samples(&ids[0], EVER, 9)
        .await
        .unwrap()
        .into_iter()
        .map(|s| s.1)
        .collect();
    assert_eq!(values, [1.0, 20.0, 3.0]);
    other.close().await;
}

async fn two_imports_at_once_both_arrive(home: Home) {
    let begin = async |key: &str, value: f64| {
        let mut import = home.store.begin_import(a_source(key)).await.unwrap();
        let a = import.series(a_series("a"));
        import.write(&[(a, at(1), value)]).await.unwrap();
        import
    };
    let (one, two) = (begin("one", 1.0).await, begin("two", 2.0).await);
    let (one, two) = tokio::join!(one.commit(at(1)), two.commit(at(1)));
    assert_eq!((one.unwrap().new, two.unwrap().new), (1, 1));
    assert_eq!(home.count("select count(*) from sample").await, 2);
}

async fn an_empty_import_makes_its_source(home: Home) {
    let import = home.store.begin_import(a_source("file")).await.unwrap();
    let done = import.commit(at(1)).await.unwrap();
    assert_eq!((done.new, done.series.len()), (0, 0));
    assert_eq!(home.store.sources().await.unwrap().len(), 1);
}

async fn a_file_on_its_way_in_reads_back(Home { store, .. }: Home) {
    let mut import = StoredImport {
        id: "i1".into(),
        file_name: "Sales '24.csv".into(),
        path: "/data/uploads/i1".into(),
        bytes: 5_000_000_000,
        created_at: at(0),
        state: ImportState::Draft,
        settings: ImportSettings {
            source_name: "Sales".into(),
            separator: Separator::Semicolon,
            decimal: DecimalMark::Comma,
            time_format: "%d.%m.%Y".into(),
            time_formats: vec![("%d.%m.%Y".into(), "31.12.2024".into())],
            time_zone: "Europe/Berlin".into(),
            duplicates: Duplicates::Sum,
            columns: Vec::new(),
        },
        question: Some("Day first?".into()),
    };
    store.insert_import(&import).await.unwrap();
    store
        .insert_import(&StoredImport {
            id: "i2".into(),
            created_at: at(1),
            ..import.clone()
        })
        .await
        .unwrap();
    assert_eq!(
        store.import(&import.id).await.unwrap(),
        Some(import.clone())
    );
    import.question = None;
    import.settings.time_zone = "UTC".into();
    import.state = ImportState::Running { rows: 1, bytes: 2 };
    store.update_import(&import).await.unwrap();
    assert_eq!(
        store.import(&import.id).await.unwrap(),
        Some(import.clone())
    );
    import.state = ImportState::Cancelled;
    store
        .set_import_state(&import.id, &import.state)
        .await
        .unwrap();
    let all = store.imports(9).await.unwrap();
    assert_eq!((all[0].id.as_str(), &all[1]), ("i2", &import));
    assert_eq!(store.imports(1).await.unwrap().len(), 1);
    assert!(store.delete_import(&import.id).await.unwrap());
    assert!(!store.delete_import(&import.id).await.unwrap());
    assert!(matches!(
        store.update_import(&import).await,
        Err(StoreError::Missing)
    ));
    let state = store.set_import_state(&import.id, &import.state).await;
    assert!(matches!(state, Err(StoreError::Missing)));
}

async fn a_setting_reads_back_until_it_is_forgotten(Home { store, .. }: Home) {
    assert_eq!(store.setting::<u32>("x").await.unwrap(), None);
    store.put_setting("x", &1).await.unwrap();
    store.put_setting("x", &2).await.unwrap();
    assert_eq!(store.setting::<u32>("x").await.unwrap(), Some(2));
    assert!(matches!(
        store.setting::<String>("x").await,
        Err(StoreError::Database(_))
    ));
    assert!(store.delete_setting("x").await.unwrap());
    assert!(!store.delete_setting("x").await.unwrap());
}
