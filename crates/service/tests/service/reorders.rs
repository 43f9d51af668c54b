//! What to order: by the forecast of what is taken, by the stock's own falls, with what is on its way.

use std::sync::Arc;

use api::{
    Aggregation, Caller, Direction, Error, Instant, Limit, LimitChange, OrderNote, OrderSheet,
    Price, Reorder, ReorderAdvice, ReorderState, SeriesChange, SeriesId, Services, SupplyTerms,
    WhyUnknown,
};
use fakes::FixedClock;
use service::{Bus, Hub, Settings};
use store::{DatabaseUrl, Store};

use crate::queue::settle;
use crate::things::terms;

/// 1 June 2026, a Monday, in seconds.
const START: i64 = 1_780_272_000;
const DAY: i64 = 86_400;
const DAYS: i64 = 120;

struct Home {
    _folder: tempfile::TempDir,
    clock: Arc<FixedClock>,
    services: Services,
    caller: Caller,
}

impl Home {
    /// A stock that begins at 1,400, and ten orders a day but for an odd one more or less.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = START + DAY * DAYS + 7_200;
        let clock = Arc::new(FixedClock::new(Instant::from_seconds(now)));
        let store = Store::open(&DatabaseUrl::in_folder(folder.path()), folder.path()).await;
        let settings = Settings::alone(folder.path().join("uploads"));
        let home = Self {
            services: Hub::new(store.unwrap(), clock.clone(), Bus::new(16), settings).services(),
            caller: Caller::system("test"),
            _folder: folder,
            clock,
        };
        let mut stock = 1_400;
        let mut samples = Vec::new();
        for day in 0..DAYS {
            let orders = 10 + [0, 1, 0, -1, 0][usize::try_from(day % 5).unwrap()];
            stock -= orders;
            let at = START + DAY * day;
            samples.push(("orders", at + 3_600, orders));
            samples.push(("stock", at + 72_000, stock));
        }
        home.send(&samples).await;
        let limit = LimitChange {
            limit: Some(Limit {
                value: 20.0,
                direction: Direction::Falling,
            }),
        };
        let (stock, orders) = (home.id("stock").await, home.id("orders").await);
        let series = &home.services.series;
        for (id, aggregation, unit) in [
            (&stock, Aggregation::Last, "units"),
            (&orders, Aggregation::Sum, "units"),
        ] {
            let change = SeriesChange {
                title: if aggregation == Aggregation::Sum {
                    "Orders"
                } else {
                    "Stock"
                }
                .into(),
                unit: unit.into(),
                aggregation,
            };
            series.change(&home.caller, id, change).await.unwrap();
        }
        series.set_limit(&home.caller, &stock, limit).await.unwrap();
        settle(&home.services, &home.caller).await;
        home
    }

    async fn send(&self, samples: &[(&str, i64, i64)]) {
        let samples = samples.iter();
        let samples: Vec<_> = samples
            .map(|(name, at, value)| serde_json::json!({"name": name, "at": at, "value": value}))
            .collect();
        let body = serde_json::json!({ "samples": samples }).to_string();
        let series = &self.services.series;
        series
            .record_json(&self.caller, body.as_bytes())
            .await
            .unwrap();
    }

    async fn id(&self, name: &str) -> SeriesId {
        crate::things::found(&self.services, name).await
    }

    async fn set(&self, terms: SupplyTerms) {
        let id = self.id("stock").await;
        let reorders = &self.services.reorders;
        reorders.set_terms(&self.caller, &id, terms).await.unwrap();
    }

    async fn stock(&self) -> Reorder {
        let id = self.id("stock").await;
        let found = self.services.reorders.get(&self.caller, &id).await;
        found.unwrap().reorder
    }

    async fn advice(&self) -> ReorderAdvice {
        match self.stock().await.state {
            ReorderState::Ready { advice } => *advice,
            other => panic!("{other:?}"),
        }
    }

    async fn by_orders(&self) -> SupplyTerms {
        SupplyTerms {
            demand: Some(self.id("orders").await),
            pack: 12.0,
            price: Some(Price {
                minor: 250,
                currency: "EUR".into(),
            }),
            ..terms()
        }
    }
}

/// The midnight that many days after the present day's.
fn midnight(days: i64) -> Instant {
    Instant::from_seconds(START + DAY * (DAYS + days))
}

#[tokio::test]
async fn what_is_taken_says_when_and_how_much() {
    let home = Home::new().await;
    home.set(home.by_orders().await).await;
    let advice = home.advice().await;
    // 1,400 less 1,200 and the 20 that must stay.
    assert!((advice.counted - 180.0).abs() < 1e-9, "{advice:?}");
    assert!(
        advice.left < 180.0 && advice.left > 175.0,
        "two hours of the day are over"
    );
    assert!((advice.until_delivery / 14.0 - 10.0).abs() < 12.0);
    // Fourteen days take 140 of 180; the safety stock is a day's orders or two.
    assert!((2.0..30.0).contains(&advice.safety), "{advice:?}");
    let by = advice.order_by.unwrap();
    assert!((midnight(0)..=midnight(3)).contains(&by), "{advice:?}");
    assert_eq!(advice.arrives, Some(by.plus(14 * Instant::DAY)));
    assert!(!advice.overdue && advice.runs_out_before < 0.1);
    assert!((advice.during_cover - 300.0).abs() < 15.0);
    assert!((advice.quantity % 12.0).abs() < 1e-9 && advice.quantity >= advice.short);
    assert!((264.0..=336.0).contains(&advice.quantity), "{advice:?}");
    #[expect(clippy::cast_possible_truncation, reason = "a whole number")]
    let cost = (advice.quantity * 250.0) as i64;
    assert_eq!(advice.cost.map(|cost| cost.minor), Some(cost));
}

#[tokio::test]
async fn the_stock_itself_tells_it_by_falling() {
    let home = Home::new().await;
    home.set(home.by_orders().await).await;
    let orders = home.advice().await;
    home.set(SupplyTerms {
        demand: None,
        ..home.by_orders().await
    })
    .await;
    let falls = home.advice().await;
    assert!((falls.during_cover - orders.during_cover).abs() < 15.0);
    let apart = falls.order_by.unwrap().0 - orders.order_by.unwrap().0;
    assert!(apart.abs() <= Instant::DAY, "{falls:?} {orders:?}");
    assert_eq!(home.stock().await.taken, None);
}

#[tokio::test]
async fn what_was_ordered_counts_until_it_has_come() {
    let home = Home::new().await;
    home.set(home.by_orders().await).await;
    let (id, reorders) = (home.id("stock").await, &home.services.reorders);
    let before = home.advice().await;
    let note = OrderNote {
        quantity: 300.0,
        due: None,
    };
    reorders.note_order(&home.caller, &id, note).await.unwrap();
    let after = home.advice().await;
    assert!((after.coming - 300.0).abs() < 1e-9);
    assert!(after.order_by.unwrap() > before.order_by.unwrap().plus(20 * Instant::DAY));
    // Most of it comes with the next count but one.
    let at = START + DAY * DAYS;
    home.clock.set(Instant::from_seconds(at + DAY + 80_000));
    home.send(&[
        ("stock", at + 72_000, 190),
        ("stock", at + DAY + 72_000, 430),
    ])
    .await;
    let order = home.stock().await.order.unwrap();
    assert!((order.came - 240.0).abs() < 1e-9 && (order.open() - 60.0).abs() < 1e-9);
    reorders.forget_order(&home.caller, &id).await.unwrap();
    assert_eq!(home.stock().await.order, None);
    for (quantity, due, field) in [
        (0.0, None, "quantity"),
        (f64::NAN, None, "quantity"),
        (5.0, Some(Instant(0)), "due"),
    ] {
        let refused = reorders
            .note_order(&home.caller, &id, OrderNote { quantity, due })
            .await;
        assert!(refused.unwrap_err().of_field(field).is_some(), "{field}");
    }
}

#[tokio::test]
async fn what_nobody_can_say_is_said_and_is_no_zero() {
    let home = Home::new().await;
    assert_eq!(home.stock().await.state, ReorderState::NoTerms);
    home.set(home.by_orders().await).await;
    // Nothing came in for a quarter.
    home.clock.set(midnight(100));
    let unknown = home.stock().await.state;
    assert!(
        matches!(
            &unknown,
            ReorderState::Unknown {
                why: WhyUnknown::OutOfDate { .. }
            }
        ),
        "{unknown:?}"
    );
    let (id, orders) = (home.id("stock").await, home.id("orders").await);
    let reorders = &home.services.reorders;
    let flow = reorders.set_terms(&home.caller, &orders, terms()).await;
    assert!(matches!(flow, Err(Error::Conflict { .. })), "{flow:?}");
    let level = SupplyTerms {
        demand: Some(id.clone()),
        ..terms()
    };
    let level = reorders.set_terms(&home.caller, &id, level).await;
    assert!(level.unwrap_err().of_field("demand").is_some());
    let gone = SupplyTerms {
        demand: Some("gone".into()),
        ..terms()
    };
    let gone = reorders.set_terms(&home.caller, &id, gone).await;
    assert!(gone.unwrap_err().of_field("demand").is_some());
}

#[tokio::test]
async fn the_list_the_runway_and_the_sheet_agree() {
    let home = Home::new().await;
    let terms = SupplyTerms {
        supplier: "=Maier, Söhne".into(),
        ..home.by_orders().await
    };
    home.set(terms).await;
    let advice = home.advice().await;
    let list = home.services.reorders.list(&home.caller).await.unwrap();
    assert_eq!(list.items.len(), 1, "orders are no stock");
    assert_eq!(
        list.items[0].state,
        ReorderState::Ready {
            advice: Box::new(advice.clone())
        }
    );
    let filter = api::RunwayFilter {
        domain: None,
        with_clear: true,
    };
    let runway = home.services.runway.list(&home.caller, filter).await;
    let order = runway.unwrap().strips[0].order.unwrap();
    assert!((order.quantity - advice.quantity).abs() < 1e-9);
    assert_eq!(Some(order.by), advice.order_by);
    let sheet = |within_days| {
        let reorders = home.services.reorders.clone();
        async move {
            let sheet = OrderSheet { within_days };
            reorders
                .sheet(&Caller::system("test"), sheet)
                .await
                .unwrap()
        }
    };
    let lines = sheet(7).await;
    let lines: Vec<&str> = lines.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[1].starts_with("\"'=Maier, Söhne\",WT-40,Stock,"),
        "{lines:?}"
    );
    let total = advice.quantity * 2.5;
    assert!(
        lines[1].ends_with(&format!(",no,2.50,{total:.2},EUR")),
        "{lines:?}"
    );
    let id = home.id("stock").await;
    let reorders = &home.services.reorders;
    let far = OrderSheet { within_days: 367 };
    let far = reorders.sheet(&home.caller, far).await;
    assert!(far.unwrap_err().of_field("within_days").is_some());
    reorders.remove_terms(&home.caller, &id).await.unwrap();
    assert_eq!(sheet(365).await.lines().count(), 1);
}
