//! What holds for every input.

use std::ops::ControlFlow;

use ingest::table::{
    Column, Decimal, Duplicates, Encoding, Layout, Limits, NumberFormat, Reader, Role, Separator,
    TimeFormat, TimeShape, csv_safe, guess, is_formula, parse_number, preview, series_key,
    summarise,
};
use proptest::prelude::*;

use super::read;

fn layout(separator: Separator, decimal: Decimal, shape: TimeShape) -> Layout {
    let column = |name: &str, role| Column {
        name: name.into(),
        role,
        unit: None,
        examples: Vec::new(),
    };
    Layout {
        encoding: Encoding::Utf8,
        separator,
        title_rows_to_skip: 0,
        has_header: true,
        decimal,
        thousands: decimal.usual_thousands().to_owned(),
        decimal_ambiguous: false,
        columns: vec![
            column("date", Role::Time),
            column("shop", Role::Label),
            column("orders", Role::Value),
        ],
        time: TimeFormat {
            shape,
            ambiguous: false,
        },
        time_zone: "UTC".to_owned(),
        duplicates: Duplicates::Last,
    }
}

fn decimals() -> impl Strategy<Value = Decimal> {
    prop_oneof![Just(Decimal::Point), Just(Decimal::Comma)]
}

fn separators() -> impl Strategy<Value = Separator> {
    prop::sample::select(Separator::ALL.to_vec())
}

fn encodings() -> impl Strategy<Value = Encoding> {
    prop::sample::select(vec![
        Encoding::Utf8,
        Encoding::Utf16Le,
        Encoding::Utf16Be,
        Encoding::Windows1252,
    ])
}

/// Bytes that come near to being a table.
fn tableish() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "date",
        "shop",
        "orders",
        ",",
        ";",
        "\t",
        "|",
        "\n",
        "\r\n",
        "\"",
        "2024-01-01",
        "13/12/24",
        "=1",
        "1.234,5",
        "€",
        "(",
        ")",
        "-",
        " ",
        "NULL",
        "Mär 2024",
        "99999999999",
        "\u{feff}",
        "\0",
        "é",
        "12:30",
    ]);
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..400),
        prop::collection::vec(piece, 0..120).prop_map(|pieces| pieces.concat().into_bytes()),
    ]
}

/// A number with its groups set off, written independently of the reader.
fn written(cents: i64, decimal: Decimal, group: Option<char>) -> String {
    let digits = (cents.unsigned_abs() / 100).to_string();
    let mut whole = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if let (true, Some(mark)) = (i > 0 && (digits.len() - i).is_multiple_of(3), group) {
            whole.push(mark);
        }
        whole.push(digit);
    }
    let mark = if decimal == Decimal::Point { '.' } else { ',' };
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{whole}{mark}{:02}", cents.unsigned_abs() % 100)
}

fn date_as(shape: TimeShape, (year, month, day): (i16, i8, i8)) -> String {
    match shape {
        TimeShape::YearMonthDay => format!("{year}-{month:02}-{day:02}"),
        TimeShape::DayMonthYear => format!("{day:02}.{month:02}.{year}"),
        TimeShape::MonthDayYear => format!("{month}/{day}/{year}"),
        _ => format!("{year}{month:02}{day:02}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_the_table_parsers_panic(
        bytes in tableish(), encoding in encodings(), separator in separators(), decimal in decimals(),
        truncated: bool, skip in 0_u32..4,
    ) {
        if let Ok(guessed) = guess(&bytes, truncated) {
            let _ = preview(&bytes, truncated, &guessed, 5);
            let _ = summarise(&bytes[..], &guessed, Limits::default(), &mut |_| ControlFlow::Continue(()));
            prop_assert!(guessed.time_column().is_some());
        }
        for shape in [TimeShape::YearMonthDay, TimeShape::DayMonthYear, TimeShape::NamedMonth,
                      TimeShape::YearMonth, TimeShape::UnixSeconds, TimeShape::ExcelSerial] {
            let mut own = layout(separator, decimal, shape);
            (own.encoding, own.title_rows_to_skip, own.has_header) = (encoding, skip, false);
            own.time_zone = "America/New_York".to_owned();
            let _ = preview(&bytes, truncated, &own, 5);
            if let Ok(reader) = Reader::open(&bytes[..], &own) {
                reader.for_each(drop);
            }
        }
    }

    #[test]
    fn no_bytes_make_the_sample_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..300),
                                             text in r#"[\[{]("(samples|name|at|value)":?|[\[\]{},0-9.e-]|null|\n){0,40}"#,
                                             now: i64) {
        let _ = ingest::samples::parse(&bytes, now);
        let _ = ingest::samples::parse(text.as_bytes(), now);
    }

    #[test]
    fn numbers_are_read_back_in_each_convention(cents in -1_000_000_000_000_i64..1_000_000_000_000,
                                                decimal in decimals(), blank: bool, which in 0_usize..8) {
        let marks: Vec<char> = decimal.usual_thousands().chars().collect();
        let group = (which > 0).then(|| marks[which % marks.len()]);
        let mut text = written(cents, decimal, group);
        if blank { text = format!(" {text} € "); }
        let format = NumberFormat { decimal, thousands: decimal.usual_thousands() };
        let exact: f64 = format!("{}{}.{:02}", if cents < 0 { "-" } else { "" },
                                 cents.unsigned_abs() / 100, cents.unsigned_abs() % 100).parse().unwrap();
        prop_assert_eq!(parse_number(&text, &format), Ok(Some(exact)), "{}", text);
    }

    #[test]
    fn a_table_of_a_known_layout_is_read_back_exactly(
        rows in prop::collection::vec(((1990_i16..2060, 1_i8..=12, 1_i8..=28), "[ -~äß€\n]{0,30}",
                                       proptest::option::of(-1_000_000_i64..1_000_000)), 0..40),
        separator in separators(), decimal in decimals(),
        shape in prop::sample::select(vec![TimeShape::YearMonthDay, TimeShape::DayMonthYear,
                                           TimeShape::MonthDayYear, TimeShape::Compact]),
        crlf: bool,
    ) {
        let mut writer = csv::WriterBuilder::new().delimiter(separator.byte())
            .terminator(if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') })
            .from_writer(Vec::new());
        writer.write_record(["date", "shop", "orders"]).unwrap();
        for (date, shop, cents) in &rows {
            let number = cents.map(|cents| written(cents, decimal, None)).unwrap_or_default();
            writer.write_record([date_as(shape, *date), shop.clone(), number]).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        let (good, bad) = read(&bytes, &layout(separator, decimal, shape));
        let formulas = rows.iter().filter(|(_, shop, _)| is_formula(shop.trim())).count();
        prop_assert_eq!(bad.len(), formulas, "{:?}", bad);
        let expected = rows.iter().filter(|(_, shop, _)| !is_formula(shop.trim()));
        for (row, ((year, month, day), shop, cents)) in good.iter().zip(expected) {
            let midnight = jiff::civil::date(*year, *month, *day).to_zoned(jiff::tz::TimeZone::UTC).unwrap();
            prop_assert_eq!(row.at_us, midnight.timestamp().as_microsecond());
            let value = cents.map(|cents| written(cents, Decimal::Point, None).parse::<f64>().unwrap());
            prop_assert_eq!(row.values[0], value);
            let shop = shop.trim();
            // What databases and spreadsheets write where there is nothing.
            let blank = ["", "\\N", "#N/A"].contains(&shop) || shop.eq_ignore_ascii_case("null");
            let label = row.labels.pairs.first().map(|(_, value)| value.as_str());
            prop_assert_eq!(label, (!blank).then_some(shop));
        }
    }

    #[test]
    fn a_guess_finds_the_separator_and_the_marks_of_a_made_up_table(
        start in 0_i32..20_000, cents in prop::collection::vec(1_i64..9_999_999, 30..80),
        separator in separators(), decimal in decimals(),
    ) {
        let mut writer = csv::WriterBuilder::new().delimiter(separator.byte()).from_writer(Vec::new());
        writer.write_record(["date", "shop", "revenue"]).unwrap();
        let first = jiff::civil::date(1990, 1, 1);
        for (i, cents) in (start..).zip(&cents) {
            let date = first.checked_add(jiff::Span::new().days(i)).unwrap();
            let shop = if i % 2 == 0 { "eu" } else { "us" };
            writer.write_record([&date.to_string(), shop, &written(*cents, decimal, None)]).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        let guessed = guess(&bytes, false).unwrap();
        prop_assert_eq!((guessed.separator, guessed.decimal), (separator, decimal));
        let roles: Vec<Role> = guessed.columns.iter().map(|column| column.role).collect();
        prop_assert_eq!(roles, [Role::Time, Role::Label, Role::Value]);
        let (good, bad) = read(&bytes, &guessed);
        prop_assert_eq!((good.len(), bad.len()), (cents.len(), 0));
    }

    #[test]
    fn what_is_exported_is_never_a_formula(text in r"[=+\-@\t\r ]?[=+\-@|!(A-Z0-9., ]{0,12}") {
        prop_assert!(!is_formula(&csv_safe(&text)), "{}", text);
    }

    #[test]
    fn different_series_have_different_keys(one in "[a-c=,{}\"\\\\\n]{0,6}", two in "[a-c=,{}\"\\\\\n]{0,6}",
                                            three in "[a-c=,{}\"\\\\\n]{0,6}", four in "[a-c=,{}\"\\\\\n]{0,6}") {
        let a = series_key("v", &[(one.clone(), two.clone())]);
        let b = series_key("v", &[(three.clone(), four.clone())]);
        prop_assert_eq!(a == b, (one, two) == (three, four));
    }
}
