//! Cash: by the account's own changes, by what comes in and goes out, with what is entered.

use std::sync::Arc;

use api::{
    Aggregation, Caller, CashChange, CashLine, CashSide, CashState, CashTerms, Direction, Error,
    Instant, Limit, LimitChange, SeriesChange, SeriesId, Services, WhyUnknown,
};
use fakes::FixedClock;
use service::{Bus, Hub, Settings};
use store::{DatabaseUrl, Store};

use crate::queue::settle;

/// 1 June 2026, a Monday, in seconds.
const START: i64 = 1_780_272_000;
const DAY: i64 = 86_400;
const DAYS: i64 = 117;

struct Home {
    _folder: tempfile::TempDir,
    services: Services,
    caller: Caller,
}

impl Home {
    /// Seventeen weeks: 900 come in on each working day, 5,200 go out each Friday. It is the Saturday after.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = Instant::from_seconds(START + DAY * DAYS + 3_600);
        let clock = Arc::new(FixedClock::new(now));
        let store = Store::open(&DatabaseUrl::in_folder(folder.path()), folder.path()).await;
        let settings = Settings::alone(folder.path().join("uploads"));
        let home = Self {
            services: Hub::new(store.unwrap(), clock, Bus::new(16), settings).services(),
            caller: Caller::system("test"),
            _folder: folder,
        };
        let mut balance = 20_000;
        let mut samples = Vec::new();
        for day in 0..DAYS {
            let received = if day % 7 < 5 { 900 } else { 0 };
            let paid = if day % 7 == 4 { 5_200 } else { 0 };
            balance += received - paid;
            for (name, value) in [("bank", balance), ("received", received), ("paid", paid)] {
                let at = START + DAY * day + 72_000;
                samples.push(serde_json::json!({"name": name, "at": at, "value": value}));
            }
        }
        let body = serde_json::json!({ "samples": samples }).to_string();
        let series = &home.services.series;
        let sent = series.record_json(&home.caller, body.as_bytes()).await;
        sent.unwrap();
        for (name, aggregation) in [
            ("bank", Aggregation::Last),
            ("received", Aggregation::Sum),
            ("paid", Aggregation::Sum),
        ] {
            let change = SeriesChange {
                title: name.into(),
                unit: "EUR".into(),
                aggregation,
            };
            let id = home.id(name).await;
            series.change(&home.caller, &id, change).await.unwrap();
        }
        settle(&home.services, &home.caller).await;
        home
    }

    async fn id(&self, name: &str) -> SeriesId {
        crate::things::found(&self.services, name).await
    }

    async fn terms(&self) -> CashTerms {
        crate::things::cash_terms(self.id("bank").await)
    }

    async fn set(&self, terms: CashTerms) -> Result<(), Error> {
        self.services.cash.set_terms(&self.caller, terms).await
    }

    async fn line(&self) -> CashLine {
        let view = self.services.cash.view(&self.caller).await.unwrap();
        match view.state {
            CashState::Ready { line } => *line,
            other => panic!("{other:?}"),
        }
    }
}

fn payment(side: CashSide, minor: i64, days: i64) -> CashChange {
    let due = Instant::from_seconds(START + DAY * (DAYS + days));
    CashChange {
        side,
        name: "x".into(),
        minor,
        currency: "EUR".into(),
        due: jiff::Timestamp::from_microsecond(due.0)
            .unwrap()
            .strftime("%F")
            .to_string(),
    }
}

/// What a week loses: five times 900 less 5,200.
const WEEK: f64 = -700.0;
/// What is there after seventeen of them.
const LEFT: f64 = 20_000.0 + 17.0 * WEEK;

#[tokio::test]
async fn an_account_alone_says_how_it_goes_on() {
    let home = Home::new().await;
    let view = home.services.cash.view(&home.caller).await.unwrap();
    assert_eq!(view.state, CashState::NoTerms);
    assert_eq!((view.accounts.len(), view.flows.len()), (1, 2));
    home.set(home.terms().await).await.unwrap();
    let line = home.line().await;
    assert_eq!(line.weeks.len(), 13);
    assert!((line.opening - LEFT).abs() < 1e-9);
    let last = line.weeks[12].balance;
    assert!((last - (LEFT + 13.0 * WEEK)).abs() < 700.0, "{last}");
    // Money does not stay where it is: 8,100 are gone in twelve weeks.
    let below = line.below.unwrap();
    let days = below
        .day
        .seconds_since(Instant::from_seconds(START + DAY * DAYS))
        / 86_400.0;
    assert!((70.0..91.0).contains(&days), "{days}");
}

#[tokio::test]
async fn what_comes_and_goes_is_foreseen_apart_and_what_is_entered_comes_on_top() {
    let home = Home::new().await;
    let terms = CashTerms {
        inflow: Some(home.id("received").await),
        outflow: Some(home.id("paid").await),
        late_days: 7,
        ..home.terms().await
    };
    home.set(terms.clone()).await.unwrap();
    let before = home.line().await;
    let last = before.weeks[12].balance;
    assert!((last - (LEFT + 13.0 * WEEK)).abs() < 700.0, "{last}");
    let cash = &home.services.cash;
    for one in [
        payment(CashSide::In, 300_000, 3),
        payment(CashSide::Out, 100_000, 3),
    ] {
        cash.add_item(&home.caller, one).await.unwrap();
    }
    let after = home.line().await;
    // Customers are a week late.
    assert!((after.weeks[0].entered_out - 1_000.0).abs() < 1e-9);
    assert!((after.weeks[1].entered_in - 3_000.0).abs() < 1e-9);
    let gained = after.weeks[12].balance - last;
    assert!((gained - 2_000.0).abs() < 1e-6, "{gained}");

    // Of six weeks all is entered that comes in.
    let known = CashTerms {
        in_days: 42,
        ..terms
    };
    home.set(known).await.unwrap();
    let after = home.line().await;
    let usual = after.weeks[0].usual;
    assert!((usual + 5_200.0).abs() < 400.0, "{usual}");
    let usual = after.weeks[8].usual;
    assert!((usual - WEEK).abs() < 200.0, "{usual}");
}

#[tokio::test]
async fn what_must_be_there_is_the_accounts_limit() {
    let home = Home::new().await;
    let limit = LimitChange {
        limit: Some(Limit {
            value: 5_000.0,
            direction: Direction::Falling,
        }),
    };
    let id = home.id("bank").await;
    let series = &home.services.series;
    series.set_limit(&home.caller, &id, limit).await.unwrap();
    home.set(home.terms().await).await.unwrap();
    let line = home.line().await;
    assert!((line.floor - 5_000.0).abs() < 1e-9);
    let below = line.below.unwrap();
    let early = line.below_early.unwrap();
    assert!(below.balance < 5_000.0 && early.day <= below.day);
    assert!((0.5..=1.0).contains(&line.lowest.below));
}

#[tokio::test]
async fn what_cannot_be_is_refused_at_its_field() {
    let home = Home::new().await;
    let good = home.terms().await;
    let cases = [
        (
            "account",
            CashTerms {
                account: home.id("paid").await,
                ..good.clone()
            },
        ),
        (
            "inflow",
            CashTerms {
                inflow: Some(good.account.clone()),
                ..good.clone()
            },
        ),
        (
            "outflow",
            CashTerms {
                inflow: Some(home.id("paid").await),
                outflow: Some(home.id("paid").await),
                ..good.clone()
            },
        ),
        (
            "inflow",
            CashTerms {
                outflow: Some(home.id("paid").await),
                ..good.clone()
            },
        ),
        // Of the account's own changes nobody could take one way away.
        (
            "in_days",
            CashTerms {
                in_days: 30,
                ..good.clone()
            },
        ),
        (
            "late_days",
            CashTerms {
                late_days: 367,
                ..good.clone()
            },
        ),
    ];
    for (field, terms) in cases {
        let error = home.set(terms).await.unwrap_err();
        assert!(error.of_field(field).is_some(), "{field}: {error:?}");
    }
    let sheet = home.services.cash.sheet(&home.caller).await;
    assert!(matches!(sheet, Err(Error::Conflict { .. })), "{sheet:?}");
}

#[tokio::test]
async fn payments_are_in_the_accounts_currency() {
    let home = Home::new().await;
    let cash = &home.services.cash;
    let early = cash
        .add_item(&home.caller, payment(CashSide::In, 1, 3))
        .await;
    assert!(matches!(early, Err(Error::Conflict { .. })), "{early:?}");
    home.set(home.terms().await).await.unwrap();
    let dollars = CashChange {
        currency: "USD".into(),
        ..payment(CashSide::In, 1, 3)
    };
    let refused = cash.add_item(&home.caller, dollars).await.unwrap_err();
    assert!(refused.of_field("currency").is_some(), "{refused:?}");
    let euros = payment(CashSide::In, 1, 3);
    cash.add_item(&home.caller, euros).await.unwrap();
    let change = SeriesChange {
        title: "bank".into(),
        unit: "USD".into(),
        aggregation: Aggregation::Last,
    };
    let id = home.id("bank").await;
    let series = &home.services.series;
    series.change(&home.caller, &id, change).await.unwrap();
    let view = cash.view(&home.caller).await.unwrap();
    assert!(
        matches!(view.state, CashState::Unknown { .. }),
        "{:?}",
        view.state
    );
    let refused = home.set(home.terms().await).await.unwrap_err();
    assert!(refused.of_field("account").is_some(), "{refused:?}");
}

#[tokio::test]
async fn a_planned_balance_is_none_and_what_moved_since_the_reading_counts() {
    let home = Home::new().await;
    let at = |day: i64, hour: i64| START + DAY * day + 3_600 * hour;
    let body = serde_json::json!({"samples": [
        // What the plan says of this noon.
        {"name": "bank", "at": at(DAYS, 12), "value": 90_000},
    ]});
    let series = &home.services.series;
    let body = body.to_string();
    let taken = series.record_json(&home.caller, body.as_bytes()).await;
    assert_eq!(taken.unwrap().accepted, 1);
    settle(&home.services, &home.caller).await;
    let terms = CashTerms {
        inflow: Some(home.id("received").await),
        outflow: Some(home.id("paid").await),
        ..home.terms().await
    };
    home.set(terms).await.unwrap();
    let line = home.line().await;
    assert!((line.opening - LEFT).abs() < 1e-9, "{}", line.opening);
    // The till was read a week before what comes and goes: a week's receipts less the wages are added.
    let sample = serde_json::json!({"samples": [
        {"name": "till", "at": at(DAYS - 8, 20), "value": 10_000},
    ]});
    let body = sample.to_string();
    series
        .record_json(&home.caller, body.as_bytes())
        .await
        .unwrap();
    let id = home.id("till").await;
    let change = SeriesChange {
        title: "Till".into(),
        unit: "EUR".into(),
        aggregation: Aggregation::Last,
    };
    series.change(&home.caller, &id, change).await.unwrap();
    let terms = CashTerms {
        account: id,
        ..home
            .services
            .cash
            .view(&home.caller)
            .await
            .unwrap()
            .terms
            .unwrap()
    };
    home.set(terms).await.unwrap();
    let line = home.line().await;
    let begins = line.weeks[0].balance - line.weeks[0].usual;
    assert!((line.opening - 10_000.0).abs() < 1e-9);
    assert!((begins - (10_000.0 + WEEK)).abs() < 50.0, "{begins}");
}

#[tokio::test]
async fn an_account_of_which_little_is_known_is_unknown_and_not_empty() {
    let home = Home::new().await;
    let series = &home.services.series;
    let later = START + DAY * DAYS + 43_200;
    for (name, at) in [("till", START + DAY * (DAYS - 1)), ("plan", later)] {
        let body = serde_json::json!({"samples": [{"name": name, "at": at, "value": 100}]});
        let body = body.to_string();
        series
            .record_json(&home.caller, body.as_bytes())
            .await
            .unwrap();
        let id = home.id(name).await;
        let change = SeriesChange {
            title: name.into(),
            unit: "EUR".into(),
            aggregation: Aggregation::Last,
        };
        series.change(&home.caller, &id, change).await.unwrap();
        home.set(crate::things::cash_terms(id)).await.unwrap();
        let view = home.services.cash.view(&home.caller).await.unwrap();
        let CashState::Unknown { why } = view.state else {
            panic!("one value says nothing of what comes and goes");
        };
        match name {
            "till" => assert!(matches!(why, WhyUnknown::NotEnough { .. }), "{why:?}"),
            _ => assert_eq!(why, WhyUnknown::NoData),
        }
    }
}
