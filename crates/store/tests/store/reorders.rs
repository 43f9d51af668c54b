//! How stocks are bought: kept, changed, gone with the stock.

use api::{Instant, Price, SupplyTerms};
use store::{StoreError, StoredOrder};

use crate::harness::{Home, filled, on_both};

on_both!(
    terms_and_an_order_are_kept_changed_and_forgotten,
    they_go_with_the_stock_and_lose_what_is_taken_with_its_series,
);

fn terms() -> SupplyTerms {
    SupplyTerms {
        demand: None,
        supplier: "Holz\u{0} Maier".into(),
        item: "WT-40".into(),
        lead_days: 14,
        late_days: 4,
        cover_days: 30,
        service_percent: 95.0,
        pack: 12.0,
        least: 0.5,
        price: Some(Price {
            minor: 1_250,
            currency: "EUR".into(),
        }),
    }
}

async fn terms_and_an_order_are_kept_changed_and_forgotten(Home { store, .. }: Home) {
    let (_, ids) = filled(&store, "a", 2).await;
    let order = StoredOrder {
        quantity: 240.0,
        ordered_at: Instant(5),
        due: Instant(9),
    };
    let none = store.put_order(&ids[0], Some(order)).await;
    assert!(matches!(none, Err(StoreError::Missing)), "{none:?}");
    store.put_supply(&ids[0], &terms()).await.unwrap();
    store.put_order(&ids[0], Some(order)).await.unwrap();
    let changed = SupplyTerms {
        demand: Some(ids[1].clone()),
        price: None,
        ..terms()
    };
    store.put_supply(&ids[0], &changed).await.unwrap();
    let kept = store.supply(&ids[0]).await.unwrap().unwrap();
    assert_eq!(kept.terms.supplier, "Holz  Maier");
    assert_eq!((kept.terms.price, kept.order), (None, Some(order)));
    assert_eq!(kept.terms.demand, Some(ids[1].clone()));
    store.put_order(&ids[0], None).await.unwrap();
    assert_eq!(store.supplies().await.unwrap()[0].order, None);
    store.delete_supply(&ids[0]).await.unwrap();
    assert_eq!(store.supply(&ids[0]).await.unwrap(), None);
    let gone = store.delete_supply(&ids[0]).await;
    assert!(matches!(gone, Err(StoreError::Missing)), "{gone:?}");
}

async fn they_go_with_the_stock_and_lose_what_is_taken_with_its_series(Home { store, .. }: Home) {
    let (stock, stocks) = filled(&store, "stock", 1).await;
    let (shop, orders) = filled(&store, "shop", 1).await;
    let linked = SupplyTerms {
        demand: Some(orders[0].clone()),
        ..terms()
    };
    store.put_supply(&stocks[0], &linked).await.unwrap();
    store.delete_source(&shop).await.unwrap();
    store.finish_deletions().await.unwrap();
    let kept = store.supply(&stocks[0]).await.unwrap().unwrap();
    assert_eq!(kept.terms.demand, None);
    store.delete_source(&stock).await.unwrap();
    store.finish_deletions().await.unwrap();
    assert!(store.supplies().await.unwrap().is_empty());
}
