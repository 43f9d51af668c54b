//! How cash is foreseen and what is known to be paid: kept, replaced, gone with what they rest on.

use api::{CashChange, CashItemId, CashSide, CashTerms};
use store::StoreError;

use crate::harness::{Home, filled, on_both};

on_both!(
    terms_and_payments_are_kept_changed_and_forgotten,
    they_go_with_the_account_and_with_the_demo_company,
    of_two_who_replace_payments_at_once_one_wins,
);

fn payment(side: CashSide, name: &str, due: &str) -> CashChange {
    CashChange {
        side,
        name: name.into(),
        minor: 500_025,
        currency: "EUR".into(),
        due: due.into(),
    }
}

async fn terms_and_payments_are_kept_changed_and_forgotten(Home { store, .. }: Home) {
    let (_, ids) = filled(&store, "bank", 2).await;
    assert_eq!(store.cash_terms().await.unwrap(), None);
    let terms = CashTerms {
        account: ids[0].clone(),
        inflow: Some(ids[1].clone()),
        outflow: None,
        in_days: 30,
        out_days: 0,
        late_days: 7,
    };
    store.put_cash_terms(&terms).await.unwrap();
    assert_eq!(store.cash_terms().await.unwrap(), Some(terms.clone()));
    let other = CashTerms {
        inflow: None,
        in_days: 0,
        ..terms
    };
    store.put_cash_terms(&other).await.unwrap();
    assert_eq!(store.cash_terms().await.unwrap(), Some(other));
    store.delete_cash_terms().await.unwrap();
    let gone = store.delete_cash_terms().await;
    assert!(matches!(gone, Err(StoreError::Missing)), "{gone:?}");

    let id = |text: &str| CashItemId(text.into());
    for (name, side, due) in [
        ("b", CashSide::Out, "2026-12-20"),
        ("a", CashSide::In, "2026-12-15"),
        ("c", CashSide::In, "2026-12-31"),
    ] {
        let one = payment(side, &format!("{name}\u{0}"), due);
        store.insert_cash_item(&id(name), &one, None).await.unwrap();
    }
    let kept = store.cash_items().await.unwrap();
    let names: Vec<&str> = kept.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(kept[0].1, payment(CashSide::In, "a ", "2026-12-15"));
    store.delete_cash_item(&id("c")).await.unwrap();
    let gone = store.delete_cash_item(&id("c")).await;
    assert!(matches!(gone, Err(StoreError::Missing)), "{gone:?}");
    let new = [(id("d"), payment(CashSide::In, "d", "2027-01-01"))];
    store.replace_cash_items(CashSide::In, &new).await.unwrap();
    let kept = store.cash_items().await.unwrap();
    let names: Vec<&str> = kept.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(names, ["b", "d"]);
}

async fn they_go_with_the_account_and_with_the_demo_company(Home { store, .. }: Home) {
    let (bank, ids) = filled(&store, "bank", 1).await;
    let terms = CashTerms {
        account: ids[0].clone(),
        inflow: None,
        outflow: None,
        in_days: 0,
        out_days: 0,
        late_days: 0,
    };
    store.put_cash_terms(&terms).await.unwrap();
    let own = payment(CashSide::In, "own", "2026-12-15");
    let id = CashItemId("own".into());
    store.insert_cash_item(&id, &own, None).await.unwrap();
    let id = CashItemId("demo".into());
    store
        .insert_cash_item(&id, &own, Some(&bank))
        .await
        .unwrap();
    store.delete_source(&bank).await.unwrap();
    // At once, and not when the last of it is swept up.
    assert_eq!(store.cash_terms().await.unwrap(), None);
    assert_eq!(store.cash_items().await.unwrap().len(), 1);
    store.finish_deletions().await.unwrap();
    assert_eq!(store.cash_terms().await.unwrap(), None);
    assert_eq!(store.cash_items().await.unwrap().len(), 1);
}

async fn of_two_who_replace_payments_at_once_one_wins(Home { store, .. }: Home) {
    let list = |which: &str| -> Vec<(CashItemId, CashChange)> {
        (0..40)
            .map(|number| {
                let id = CashItemId(format!("{which}{number}"));
                (id, payment(CashSide::In, which, "2026-12-15"))
            })
            .collect()
    };
    for _ in 0..5 {
        let (one, other) = (list("a"), list("b"));
        let (one, other) = tokio::join!(
            store.replace_cash_items(CashSide::In, &one),
            store.replace_cash_items(CashSide::In, &other)
        );
        one.unwrap();
        other.unwrap();
        let kept = store.cash_items().await.unwrap();
        assert_eq!(kept.len(), 40);
        assert!(kept.windows(2).all(|pair| pair[0].1 == pair[1].1));
    }
}
