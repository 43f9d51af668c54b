//! The words of purchasing, and that its working adds up.

use super::*;
use crate::told::fixture::series;

fn advice() -> ReorderAdvice {
    ReorderAdvice {
        order_by: Some(Instant(3 * Instant::DAY)),
        overdue: false,
        arrives: Some(Instant(17 * Instant::DAY)),
        quantity: 288.0,
        short: 286.4,
        counted: 180.0,
        counted_at: Instant(0),
        left: 178.0,
        coming: 0.0,
        until_delivery: 170.25,
        during_cover: 276.0,
        safety: 18.15,
        reorder_point: 158.0,
        runs_out_before: 0.03,
        cost: Some(Price {
            minor: 72_000,
            currency: "EUR".into(),
        }),
        foreseen_until: Instant(40 * Instant::DAY),
        beyond_days: 7.0,
    }
}

fn terms_of() -> SupplyTerms {
    SupplyTerms {
        demand: None,
        supplier: "Holz Maier".into(),
        item: "WT-40".into(),
        lead_days: 14,
        late_days: 0,
        cover_days: 30,
        service_percent: 95.0,
        pack: 12.0,
        least: 0.0,
        price: None,
    }
}

fn reorder(advice: ReorderAdvice) -> ReorderDetail {
    ReorderDetail {
        reorder: Reorder {
            series: series(),
            terms: Some(terms_of()),
            taken: None,
            order: None,
            state: ReorderState::Ready {
                advice: Box::new(advice),
            },
        },
        demands: Vec::new(),
        now: Instant(Instant::DAY),
    }
}

#[test]
fn what_is_typed_is_read_or_refused_at_its_field() {
    let form = detail(reorder(advice()), true).terms.typed;
    assert_eq!(read(form.clone()).unwrap(), terms_of());
    let comma = Typed {
        price: "2,50".into(),
        ..form.clone()
    };
    assert_eq!(read(comma).unwrap().price.unwrap().minor, 250);
    let fault = |typed: Typed, field: &str| {
        let error = read(typed).unwrap_err();
        assert!(error.of_field(field).is_some(), "{error:?}");
    };
    let lead_days = "soon".to_owned();
    fault(
        Typed {
            lead_days,
            ..form.clone()
        },
        "lead_days",
    );
    let pack = "a dozen".to_owned();
    fault(Typed { pack, ..form }, "pack");
    assert!(noted("", "").unwrap_err().of_field("quantity").is_some());
    assert!(
        noted("5", "tomorrow")
            .unwrap_err()
            .of_field("due")
            .is_some()
    );
    assert_eq!(
        noted("5", "1970-01-02").unwrap().due,
        Some(Instant(Instant::DAY))
    );
}

#[test]
fn the_sentence_says_what_and_by_when() {
    let told = detail(reorder(advice()), true);
    assert!(told.headline.starts_with("Order 288"), "{}", told.headline);
    assert!(
        told.headline.ends_with("by Sun 4 Jan 1970."),
        "{}",
        told.headline
    );
    assert_eq!(told.standing, Standing::Soon);
    assert!(
        told.notes
            .iter()
            .any(|note| note.contains("7 days after it"))
    );
    assert_eq!(told.order, ("288".into(), "1970-01-16".into()));
    let late = detail(
        reorder(ReorderAdvice {
            overdue: true,
            ..advice()
        }),
        true,
    );
    assert!(late.headline.contains("late already"));
    assert_eq!(late.standing, Standing::Late);
}

#[test]
fn what_should_be_there_is_said() {
    let mut order = OpenOrder {
        quantity: 240.0,
        ordered_at: Instant(0),
        due: Instant(9 * Instant::DAY),
        came: 100.0,
    };
    let told = |order: &OpenOrder, day: i64| ordered(order, "", Instant(day * Instant::DAY));
    assert!(told(&order, 5).contains("140 are still to come."));
    assert!(!told(&order, 5).contains("should be there"));
    assert!(told(&order, 12).contains("should be there"));
    order.came = 240.0;
    assert!(told(&order, 12).ends_with("All of it has come."));
}

#[test]
fn the_working_adds_up_even_where_something_is_lost() {
    let number = |text: &str| -> f64 {
        let digits: String = text
            .replace('−', "-")
            .chars()
            .filter(|c| c.is_ascii_digit() || "-.".contains(*c))
            .collect();
        digits.parse().unwrap()
    };
    for left in [178.0, 40.0] {
        let short = 276.0 + 18.15 - f64::max(left - 170.25, 0.0);
        let told = working(
            &ReorderAdvice {
                left,
                short,
                ..advice()
            },
            &terms_of(),
            None,
            "",
        );
        let place = told.iter().position(|(.., result)| *result).unwrap();
        let sum: f64 = told[..place].iter().map(|(_, much, _)| number(much)).sum();
        assert!((sum + number(&told[place].1)).abs() < 0.3, "{told:?}");
    }
}
