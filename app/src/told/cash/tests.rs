//! What is said of cash, and what is read of what people type.

use super::*;
use api::{CashDay, CashItemId};

fn line(below: Option<i64>, early: Option<i64>) -> CashLine {
    let day = |day: i64| CashDay {
        day: Instant(day * Instant::DAY),
        balance: -120.4,
        below: 0.55,
    };
    CashLine {
        currency: "EUR".into(),
        opening: 5_000.0,
        opening_at: Instant(0),
        floor: 0.0,
        weeks: vec![CashWeek {
            begins: Instant(0),
            entered_in: 1_500.0,
            entered_out: 0.0,
            usual: -2_000.4,
            balance: 4_499.6,
            lo80: 4_000.0,
            hi80: 5_000.0,
            lo95: 3_700.0,
            hi95: 5_300.0,
        }],
        lowest: day(40),
        below: below.map(day),
        below_early: early.map(day),
        foreseen_until: Instant(91 * Instant::DAY),
    }
}

fn plain(text: &str) -> String {
    text.replace('\u{202f}', " ")
}

#[test]
fn the_sentence_says_whether_it_lasts() {
    let said = |below, early| {
        let (headline, tone, notes, _) = told(&line(below, early), Instant(Instant::DAY));
        (plain(&headline), tone, notes.len())
    };
    let (words, tone, notes) = said(Some(36), Some(30));
    assert_eq!(words, "Cash is expected to run out on Fri 6 Feb 1970.");
    assert_eq!((tone, notes), (Tone::Alert, 2));
    let (words, tone, _) = said(None, Some(30));
    assert!(
        words.contains("may be there from Sat 31 Jan 1970 on"),
        "{words}"
    );
    assert_eq!(tone, Tone::Warning);
    assert_eq!(said(None, None).1, Tone::Good);
}

#[test]
fn a_week_is_in_whole_units_and_nothing_is_not_zero() {
    let line = line(None, None);
    let told = week(&line.weeks[0], &line);
    let [entered, usual, balance] =
        [&told.entered_in, &told.usual, &told.balance].map(|one| plain(one));
    assert_eq!(
        (entered.as_str(), usual.as_str(), balance.as_str()),
        ("1 500 €", "−2 000 €", "4 500 €")
    );
    assert_eq!(told.entered_out, "");
    assert_eq!(plain(&told.band), "4 000 to 5 000");
    assert_eq!(plain(&money_whole(-120.4, "EUR")), "−120 €");
}

#[test]
fn without_an_account_the_page_asks_for_one() {
    let view = CashView {
        now: Instant(0),
        terms: None,
        account: None,
        items: Vec::new(),
        state: CashState::NoTerms,
        accounts: vec![("s".into(), "Cash".into())],
        flows: Vec::new(),
    };
    let told = page(view, &[]);
    assert!(told.headline.contains("Say below which account"));
    assert!(!told.known && !told.may_write && told.line.is_none());
    assert_eq!(told.typed.in_days, "0");
}

#[test]
fn what_customers_owe_is_shown_with_the_day_on_which_it_is_expected() {
    let says = payment(Pay {
        side: "in".into(),
        name: "Nordlicht".into(),
        amount: "5.000,50 €".into(),
        currency: "EUR".into(),
        due: "1970-01-03".into(),
    })
    .unwrap();
    let item = CashItem {
        id: CashItemId("i".into()),
        says,
        expected: Instant(9 * Instant::DAY),
        overdue: true,
    };
    let told = shown(&item);
    assert_eq!(told.due, "Sat 3 Jan 1970");
    assert_eq!(told.expected, "Sat 10 Jan");
    assert_eq!(told.typed.amount, "5000.50");
    assert_eq!(plain(&told.amount), "5 000.50 €");
    assert!(told.comes && told.overdue);
}

/// `ui` knows none of our crates, so its words have a table of their own.
#[test]
fn amounts_are_shown_with_as_many_places_as_they_are_read_with() {
    let letters = || b'A'..=b'Z';
    for (a, b, c) in
        letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| (a, b, c))))
    {
        let code: String = [a, b, c].map(char::from).iter().collect();
        let shown = money_text(1_234_567, &code);
        let number = shown
            .split('\u{202f}')
            .take(2)
            .chain(shown.rsplit('\u{202f}').skip(1).take(1));
        let places = number
            .last()
            .and_then(|last| last.split_once('.'))
            .map_or(0, |(_, part)| part.len());
        assert_eq!(places, api::minor_places(&code) as usize, "{code}: {shown}");
    }
}

#[test]
fn what_is_pasted_is_read_line_by_line() {
    let text = "Customer\tAmount\tDue\nNordlicht Hotels\t5,000.00 €\t2026-12-15\n\nOliveira; 1200 ;5.1.2027\n";
    let (side, read) = pasted("in", "EUR", text).unwrap();
    assert_eq!(side, CashSide::In);
    let told: Vec<(&str, i64, &str)> = read
        .iter()
        .map(|one| (one.name.as_str(), one.minor, one.due.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("Nordlicht Hotels", 500_000, "2026-12-15"),
            ("Oliveira", 120_000, "2027-01-05")
        ]
    );
    for (text, part) in [
        ("Nordlicht 5000", "Line 1: give name"),
        ("Meyer; Söhne; 5000; 2026-12-15", "Line 1: give name"),
        ("a;5;2026-12-15\nb;1,234;2026-12-15", "Line 2: the amount"),
        // Five thousand or five.
        ("a;5.000 €;15.12.2026", "Line 1: the amount"),
        ("a;-5;2026-12-15", "Line 1: the amount"),
        ("a;5;12/15/2026", "Line 1: the day"),
        (";5;2026-12-15", "Line 1: the name"),
        ("", "No payment"),
        ("Customer;Amount;Due", "No payment"),
    ] {
        let error = pasted("out", "EUR", text).unwrap_err();
        let words = error.of_field("text").unwrap_or_default();
        assert!(words.starts_with(part), "{text}: {words}");
    }
}
