//! What is guessed of files as people have them.

use ingest::table::{Decimal, Duplicates, Encoding, Role, Separator, TableError, TimeShape, guess};

use super::{day, layout_of, names, read};

#[test]
fn a_german_spreadsheet_export_with_a_preamble_is_understood() {
    let text = "Umsatzbericht;;;\nStand: heute;;;\n\nDatum;Filiale;Umsatz (€);Anteil\n\
                01.09.2024;Köln;1.234,50;45 %\n02.09.2024;Köln;999,00;40 %\n13.09.2024;Bonn;(12,00);-\n\
                14.09.2024;Bonn;7,00;1 %\nSumme;;2.240,50;\n";
    let layout = layout_of(text);
    assert_eq!(layout.separator, Separator::Semicolon);
    assert_eq!((layout.title_rows_to_skip, layout.has_header), (3, true));
    assert_eq!(
        (layout.decimal, layout.decimal_ambiguous),
        (Decimal::Comma, false)
    );
    assert_eq!(layout.time.shape, TimeShape::DayMonthYear);
    assert_eq!(names(&layout, Role::Time), ["Datum"]);
    assert_eq!(names(&layout, Role::Value), ["Umsatz (€)", "Anteil"]);
    assert_eq!(names(&layout, Role::Label), ["Filiale"]);
    assert_eq!(layout.columns[2].unit.as_deref(), Some("EUR"));
    assert_eq!(layout.columns[3].unit.as_deref(), Some("%"));
    let (good, bad) = read(text.as_bytes(), &layout);
    assert_eq!(good.len(), 4);
    assert_eq!(good[0].values, [Some(1234.5), Some(45.0)]);
    assert_eq!(good[2].values, [Some(-12.0), None]);
    assert_eq!(
        good[0].labels.pairs,
        [("Filiale".to_owned(), "Köln".to_owned())]
    );
    assert_eq!((bad[0].line, bad[0].column.as_deref()), (9, Some("Datum")));
    assert_eq!(
        (bad[0].text.as_str(), bad[0].reason.as_str()),
        ("Summe", "not a date")
    );
}

#[test]
fn the_same_table_is_read_in_each_encoding() {
    let text = "Datum\tGröße\n2024-01-01\t1,5\n2024-01-02\t2,5\n";
    let mut utf16 = vec![0xff, 0xfe];
    utf16.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    let mut big = vec![0xfe, 0xff];
    big.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
    let latin: Vec<u8> = text
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    let marked = format!("\u{feff}{text}").into_bytes();
    for (bytes, encoding) in [
        (text.as_bytes().to_vec(), Encoding::Utf8),
        (marked, Encoding::Utf8),
        (utf16, Encoding::Utf16Le),
        (big, Encoding::Utf16Be),
        (latin, Encoding::Windows1252),
    ] {
        let layout = guess(&bytes, false).unwrap();
        assert_eq!(layout.encoding, encoding);
        assert_eq!(names(&layout, Role::Value), ["Größe"]);
        let (good, bad) = read(&bytes, &layout);
        assert_eq!((good.len(), bad.len()), (2, 0), "{encoding:?}");
        assert_eq!(good[1].values, [Some(2.5)]);
    }
}

#[test]
fn day_and_month_are_told_apart_by_all_rows_or_asked_for() {
    let shape = |text: &str| {
        let time = layout_of(text).time;
        (time.shape, time.ambiguous)
    };
    assert_eq!(
        shape("date,n\n01/02/2024,1\n13/02/2024,2\n"),
        (TimeShape::DayMonthYear, false)
    );
    assert_eq!(
        shape("date,n\n01/02/2024,1\n02/13/2024,2\n"),
        (TimeShape::MonthDayYear, false)
    );
    assert_eq!(
        shape("date;n\n01.02.2024;1\n02.02.2024;2\n"),
        (TimeShape::DayMonthYear, false)
    );
    assert_eq!(
        shape("date,n\n01/02/2024,1\n01/02/2024,2\n"),
        (TimeShape::MonthDayYear, true)
    );
    // Daily rows one way are monthly leaps the other way.
    let daily = "date,n\n01/02/2024,1\n02/02/2024,2\n03/02/2024,3\n04/02/2024,3\n";
    assert_eq!(shape(daily), (TimeShape::DayMonthYear, true));
}

#[test]
fn each_way_to_write_time_is_recognised() {
    for (rows, shape, first) in [
        (
            ["2024-03", "2024-04"],
            TimeShape::YearMonth,
            "2024-03-01T00:00:00Z",
        ),
        (
            ["Mar 2024", "Apr 2024"],
            TimeShape::YearMonth,
            "2024-03-01T00:00:00Z",
        ),
        (
            ["2024-Q1", "2024-Q2"],
            TimeShape::Quarter,
            "2024-01-01T00:00:00Z",
        ),
        (
            ["2024-W05", "2024-W06"],
            TimeShape::IsoWeek,
            "2024-01-29T00:00:00Z",
        ),
        (
            ["1726700400", "1726700460"],
            TimeShape::UnixSeconds,
            "2024-09-18T23:00:00Z",
        ),
        (
            ["1726700400000", "1726700460000"],
            TimeShape::UnixMillis,
            "2024-09-18T23:00:00Z",
        ),
        (
            ["20240918", "20240919"],
            TimeShape::Compact,
            "2024-09-18T00:00:00Z",
        ),
        (["2023", "2024"], TimeShape::Year, "2023-01-01T00:00:00Z"),
        (
            ["45553", "45554"],
            TimeShape::ExcelSerial,
            "2024-09-18T00:00:00Z",
        ),
        (
            ["18 Sep 2024", "19 Sep 2024"],
            TimeShape::NamedMonth,
            "2024-09-18T00:00:00Z",
        ),
        (
            ["2024-09-18T23:00:00Z", "2024-09-19T23:00:00Z"],
            TimeShape::YearMonthDay,
            "2024-09-18T23:00:00Z",
        ),
    ] {
        let text = format!("date,orders\n{},5\n{},6\n", rows[0], rows[1]);
        let layout = layout_of(&text);
        assert_eq!(layout.time.shape, shape, "{text}");
        let (good, bad) = read(text.as_bytes(), &layout);
        assert_eq!((good.len(), bad.len()), (2, 0), "{text}");
        assert_eq!(day(good[0].at_us), first);
    }
}

#[test]
fn a_file_without_a_header_gets_numbered_columns() {
    let text = "2024-01-01,5\n2024-01-02,6\n";
    let layout = layout_of(text);
    assert!(!layout.has_header);
    assert_eq!(names(&layout, Role::Value), ["column 2"]);
    assert_eq!(read(text.as_bytes(), &layout).0.len(), 2);
}

#[test]
fn identifiers_and_prose_are_ignored_and_few_words_are_labels() {
    use std::fmt::Write as _;
    let mut text = "id,created_at,due_date,shop,shop_id,zip,sku,note,tags,revenue\n".to_owned();
    for i in 0..60 {
        let (at, shop) = (i / 2 + 1, i % 2);
        writeln!(
            text,
            "{},2024-01-{:02} 10:00,2024-02-{:02},shop {shop},{shop},{:05},{},\"a long remark, number {i}\",\
             \"{{\"\"a\"\":{i}}}\",{}",
            1000 + i, at.min(31), at.min(29), 501 + i, 40_001_230 + i * 7, 100 + (i * 37) % 91,
        )
        .unwrap();
    }
    let layout = layout_of(&text);
    assert_eq!(names(&layout, Role::Time), ["created_at"]);
    assert_eq!(names(&layout, Role::Value), ["revenue"]);
    assert_eq!(names(&layout, Role::Label), ["shop", "shop_id"]);
    assert_eq!(layout.duplicates, Duplicates::Sum);
}

#[test]
fn what_rows_of_one_moment_mean_follows_from_what_is_measured() {
    let of = |name: &str| {
        layout_of(&format!(
            "day,{name}\n2024-01-01,1\n2024-01-01,2\n2024-01-02,3\n"
        ))
        .duplicates
    };
    assert_eq!(of("cost"), Duplicates::Sum);
    assert_eq!(of("stock"), Duplicates::Last);
    assert_eq!(of("temperature"), Duplicates::Mean);
    assert_eq!(of("things"), Duplicates::Sum);
}

#[test]
fn files_that_are_no_tables_say_what_they_seem_to_be() {
    let error = |bytes: &[u8]| guess(bytes, false).unwrap_err();
    assert!(
        error(b"PK\x03\x04\0\0[Content_Types].xml")
            .to_string()
            .contains("XLSX")
    );
    assert!(error(b"\x1f\x8b\x08\0").to_string().contains("gzip"));
    assert!(
        error(b"\x01\x02\x03\0\x05\x06\x07\0\0")
            .to_string()
            .contains("binary")
    );
    assert!(matches!(error(b""), TableError::Empty));
    assert!(matches!(error(b" \n\n"), TableError::Empty));
    assert!(matches!(error(b"hello\nworld\n"), TableError::NoColumns));
    assert!(matches!(
        error(b"a,b\n1,2\n3,4\n"),
        TableError::NoTimeColumn { .. }
    ));
    assert!(matches!(
        error(b"date,b\n2024-01-01,\"2\n"),
        TableError::UnclosedQuote { line: 2 }
    ));
}

#[test]
fn a_sample_that_ends_inside_a_row_loses_only_that_row() {
    let text = "date;n;note\n2024-01-01;1,5;\"a\"\n2024-01-02;2,5;\"b\"\n2024-01-0";
    let layout = guess(text.as_bytes(), true).unwrap();
    assert_eq!(
        (layout.separator, layout.decimal),
        (Separator::Semicolon, Decimal::Comma)
    );
    let quoted = "date;n;note\n2024-01-01;1,5;\"a\"\n2024-01-02;2,5;\"b";
    assert!(guess(quoted.as_bytes(), true).is_ok());
}

#[test]
fn a_layout_survives_the_journey_to_the_browser() {
    let layout = layout_of("date,eu,us\n2024-01-01,1,2\n2024-01-02,3,4\n");
    let json = serde_json::to_string(&layout).unwrap();
    assert!(json.contains(r#""shape":"year_month_day""#), "{json}");
    assert!(json.contains(r#""role":"value""#));
    assert_eq!(
        serde_json::from_str::<ingest::table::Layout>(&json).unwrap(),
        layout
    );
}

#[test]
fn a_column_that_is_mostly_numbers_is_one_of_values_where_there_is_no_other() {
    let csv = b"date,stock\n2026-01-01,5\nfoo,6\n2026-13-45,7\n2026-01-04,eight\n2026-01-05,9,10\n2026-01-06\n";
    let layout = guess(csv, false).unwrap();
    assert_eq!(names(&layout, Role::Time), ["date"]);
    assert_eq!(names(&layout, Role::Value), ["stock"]);
}

#[test]
fn a_header_with_nothing_below_it_is_said_to_be_one() {
    let error = guess(b"date,stock\n", false).unwrap_err();
    assert!(matches!(error, TableError::NoRows { .. }), "{error}");
}
