//! The calendar: entries with what they touch, gone with their source.

use api::{CalendarChange, CalendarEntryId, EntryKind, SeriesId, Touches};
use store::StoreError;

use crate::harness::{Home, filled, on_both};

on_both!(
    an_entry_is_kept_changed_and_removed,
    an_entry_of_a_source_goes_with_it_and_one_of_series_loses_them,
);

fn black_week(touches: Touches) -> CalendarChange {
    CalendarChange {
        name: "Black\u{0} week".into(),
        kind: EntryKind::Promotion,
        first: "2026-11-23".into(),
        last: "2026-11-30".into(),
        touches,
    }
}

async fn an_entry_is_kept_changed_and_removed(Home { store, .. }: Home) {
    let (_, ids) = filled(&store, "a", 2).await;
    let (id, other) = (CalendarEntryId::from("1"), CalendarEntryId::from("2"));
    let gone = SeriesId::from("gone");
    let chosen = Touches::Series(vec![ids[0].clone(), gone]);
    store
        .insert_calendar_entry(&id, &black_week(chosen))
        .await
        .unwrap();
    let later = CalendarChange {
        first: "2027-01-01".into(),
        last: "2027-01-01".into(),
        ..black_week(Touches::All)
    };
    store.insert_calendar_entry(&other, &later).await.unwrap();
    let kept = store.calendar_entries().await.unwrap();
    assert_eq!((&kept[0].id, &kept[1].id), (&other, &id));
    assert_eq!(kept[1].says.name, "Black  week");
    assert_eq!(kept[1].says.touches, Touches::Series(vec![ids[0].clone()]));
    assert_eq!((kept[1].touched.len(), kept[0].touched.len()), (1, 0));

    let closed = CalendarChange {
        kind: EntryKind::Closure,
        ..black_week(Touches::All)
    };
    store.change_calendar_entry(&id, &closed).await.unwrap();
    let kept = store.calendar_entries().await.unwrap();
    assert_eq!(kept[1].says.kind, EntryKind::Closure);
    assert_eq!(kept[1].says.touches, Touches::All);
    store.delete_calendar_entry(&id).await.unwrap();
    for missing in [
        store.delete_calendar_entry(&id).await,
        store.change_calendar_entry(&id, &closed).await,
    ] {
        assert!(matches!(missing, Err(StoreError::Missing)), "{missing:?}");
    }
    assert_eq!(store.calendar_entries().await.unwrap().len(), 1);
    assert!(store.modelled_in(&["1 day"]).await.unwrap().is_empty());
}

async fn an_entry_of_a_source_goes_with_it_and_one_of_series_loses_them(Home { store, .. }: Home) {
    let (source, ids) = filled(&store, "a", 1).await;
    for (id, touches) in [
        ("1", Touches::Source(source.clone())),
        ("2", Touches::Series(ids)),
    ] {
        let id = CalendarEntryId::from(id);
        let change = black_week(touches);
        store.insert_calendar_entry(&id, &change).await.unwrap();
    }
    let kept = store.calendar_entries().await.unwrap();
    assert_eq!(kept[1].touched, ["Source a"]);
    store.delete_source(&source).await.unwrap();
    let kept = store.calendar_entries().await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].says.touches, Touches::Series(Vec::new()));
}
