//! Whole files: bad rows, limits, previews, summaries, merging.

use std::ops::ControlFlow;

use ingest::table::{
    BadRow, Duplicates, Item, Limits, Merge, Point, Reader, Role, TableError, preview, summarise,
};

use super::{layout_of, names, read};

const SALES: &str = "date,shop,orders\n2024-01-01,eu,1\n2024-01-01,us,2\n2024-01-02,eu,3\n\
                     2024-01-02,us,4\n2024-01-03,eu,5\n2024-01-03,us,6\n";

/// What is said of rows that could not be read: line, column, reason.
fn told(bad: &[BadRow]) -> Vec<(u64, Option<&str>, &str)> {
    let said = bad.iter();
    said.map(|row| (row.line, row.column.as_deref(), row.reason.as_str()))
        .collect()
}

#[test]
fn bad_rows_say_line_column_and_reason_and_the_rest_is_read() {
    let layout = layout_of(SALES);
    let text = "date,shop,orders\n2024-01-01,eu,1\n2024-13-01,eu,2\n2024-01-02,eu\n\
                2024-01-03,=cmd|' /C calc'!A0,3\n=NOW(),eu,1\n2024-01-04,eu,many\n2024-01-05,eu,,\n\
                ,,\n2024-01-06,\"e\nu\",9\n2024-01-07,eu,=1+1\n";
    let (good, bad) = read(text.as_bytes(), &layout);
    let lines: Vec<u64> = good.iter().map(|row| row.line).collect();
    assert_eq!(lines, [2, 8, 10]);
    assert_eq!(good[1].values, [None]);
    assert_eq!(
        told(&bad),
        [
            (3, Some("date"), "not a date"),
            (4, None, "2 cells instead of 3"),
            (
                5,
                Some("shop"),
                "a formula in the place of a word: export the values instead"
            ),
            (
                6,
                Some("date"),
                "a formula in the place of a date: export the values instead"
            ),
            (7, Some("orders"), "not a number"),
            (
                12,
                Some("orders"),
                "a formula, not a number: export the values instead"
            ),
        ]
    );
}

#[test]
fn a_number_in_another_unit_is_not_mixed_with_the_others_of_its_column() {
    let layout = layout_of(
        "date,cost,share\n2024-01-01,5 €,12 %\n2024-01-02,6 €,13 %\n2024-01-03,7 €,14 %\n",
    );
    assert_eq!(names(&layout, Role::Value), ["cost", "share"]);
    let text = "date,cost,share\n2024-01-01,-5 €,12 %\n2024-01-02,7 $,13 %\n2024-01-03,8,14\n\
                2024-01-04,EUR 9,15 €\n2024-01-05,5 kg,1 %\n2024-01-06,-,1 %\n";
    let (good, bad) = read(text.as_bytes(), &layout);
    let values: Vec<_> = good.iter().map(|row| row.values.clone()).collect();
    assert_eq!(
        values,
        [
            [Some(-5.0), Some(12.0)],
            [Some(8.0), Some(14.0)],
            [None, Some(1.0)]
        ]
    );
    assert_eq!(
        told(&bad),
        [
            (3, Some("cost"), "in USD, where rows before are in EUR"),
            (5, Some("share"), "in EUR, where rows before are in %"),
            (6, Some("cost"), "not a number"),
        ]
    );
}

#[test]
fn columns_are_found_by_name_after_they_moved() {
    let layout = layout_of(SALES);
    let (good, bad) = read(b"orders,extra,date,shop\n7,x,2024-01-01,eu\n", &layout);
    assert!(bad.is_empty());
    assert_eq!(good[0].values, [Some(7.0)]);
    let error = Reader::open(&b"date,shop\n"[..], &layout).err().unwrap();
    assert!(matches!(error, TableError::MissingColumn { name } if name == "orders"));
}

#[test]
fn equal_labels_share_one_set_whatever_their_blanks() {
    let layout = layout_of(SALES);
    let text =
        "date,shop,orders\n2024-01-01,eu,1\n2024-01-02, eu ,2\n2024-01-03,,3\n2024-01-04,NULL,4\n";
    let ids: Vec<u32> = read(text.as_bytes(), &layout)
        .0
        .iter()
        .map(|row| row.labels.id)
        .collect();
    assert_eq!(ids, [0, 0, 1, 1]);
}

#[test]
fn too_many_series_stop_the_import_with_the_line() {
    let layout = layout_of(SALES);
    let limits = Limits {
        max_series: 1,
        ..Limits::default()
    };
    let mut reader = Reader::with_limits(SALES.as_bytes(), &layout, limits).unwrap();
    assert!(matches!(reader.next(), Some(Ok(Item::Row(_)))));
    assert!(matches!(
        reader.next(),
        Some(Err(TableError::TooManySeries { line: 3, max: 1 }))
    ));
    assert!(reader.next().is_none());
}

#[test]
fn a_layout_that_cannot_work_is_refused_before_reading() {
    let refused = |change: fn(&mut ingest::table::Layout)| {
        let mut layout = layout_of(SALES);
        change(&mut layout);
        Reader::open(SALES.as_bytes(), &layout).err().unwrap()
    };
    assert!(matches!(
        refused(|l| l.columns[2].role = Role::Ignore),
        TableError::NoValueColumn
    ));
    assert!(matches!(
        refused(|l| l.columns[2].role = Role::Time),
        TableError::TimeColumns { count: 2 }
    ));
    assert!(matches!(
        refused(|l| l.time_zone = "Mars".into()),
        TableError::UnknownTimeZone { .. }
    ));
}

#[test]
fn a_preview_shows_the_first_rows_and_bad_ones_from_further_down() {
    let layout = layout_of(SALES);
    let text = format!("{SALES}never,eu,1\n2024-01-09,eu,1\n");
    let shown = preview(text.as_bytes(), false, &layout, 2).unwrap();
    assert_eq!(shown.header, ["date", "shop", "orders"]);
    assert_eq!((shown.good, shown.bad), (7, 1));
    let lines: Vec<u64> = shown.rows.iter().map(|row| row.line).collect();
    assert_eq!(lines, [2, 3, 8]);
    assert_eq!(shown.rows[2].problem.as_ref().unwrap().column, Some(0));
    let cut = preview(&text.as_bytes()[..text.len() - 4], true, &layout, 9).unwrap();
    assert_eq!((cut.good, cut.bad), (6, 1));
}

#[test]
fn a_summary_counts_the_whole_file_and_can_be_cancelled() {
    let layout = layout_of(SALES);
    let text = format!("{SALES}2024-01-03,us,7\nx,us,7\n2024-01-04,us,\n");
    let mut heard = Vec::new();
    let summary = summarise(text.as_bytes(), &layout, Limits::default(), &mut |bytes| {
        heard.push(bytes);
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!((summary.rows, summary.good, summary.bad), (9, 8, 1));
    assert_eq!(
        (summary.series, summary.duplicates, summary.missing),
        (2, 1, 1)
    );
    assert!(summary.sorted && summary.duplicates_exact);
    assert_eq!(summary.bytes, text.len() as u64);
    assert_eq!(heard, [summary.bytes]);
    let stop = &mut |_| ControlFlow::Break(());
    let stopped = summarise(text.as_bytes(), &layout, Limits::default(), stop);
    assert!(matches!(stopped, Err(TableError::Cancelled)));
}

#[test]
fn rows_of_one_moment_are_joined_the_same_sorted_or_not() {
    for (how, expected) in [
        (Duplicates::Sum, 9.0),
        (Duplicates::Last, 4.0),
        (Duplicates::Mean, 3.0),
    ] {
        let mut layout = layout_of(SALES);
        layout.duplicates = how;
        let ordered = "date,shop,orders\n2024-01-01,eu,2\n2024-01-01,us,8\n2024-01-01,eu,3\n\
                       2024-01-01,eu,4\n2024-01-01,eu,\n2024-01-02,eu,7\n";
        let shuffled = "date,shop,orders\n2024-01-01,eu,2\n2024-01-02,eu,7\n2024-01-01,us,8\n\
                        2024-01-01,eu,3\n2024-01-01,eu,4\n";
        for (text, sorted) in [(ordered, true), (shuffled, false)] {
            let points = merged(text, &layout, sorted);
            let eu: Vec<Option<f64>> = points
                .iter()
                .filter(|p| p.labels.id == 0)
                .map(|p| p.values[0])
                .collect();
            assert_eq!(eu, [Some(expected), Some(7.0)], "{how:?} {sorted}");
            assert_eq!(points.len(), 3);
        }
    }
}

fn merged(text: &str, layout: &ingest::table::Layout, sorted: bool) -> Vec<Point> {
    let mut merge = Merge::new(layout, sorted, Limits::default());
    let mut points = Vec::new();
    for row in read(text.as_bytes(), layout).0 {
        points.extend(merge.push(row).unwrap());
    }
    points.extend(merge.finish());
    points.sort_by_key(|point| (point.labels.id, point.at_us));
    points
}

#[test]
fn unsorted_points_beyond_the_cap_are_refused() {
    let layout = layout_of(SALES);
    let limits = Limits {
        max_points: 2,
        ..Limits::default()
    };
    let mut merge = Merge::new(&layout, false, limits);
    let results: Vec<bool> = read(SALES.as_bytes(), &layout)
        .0
        .into_iter()
        .take(3)
        .map(|row| merge.push(row).is_ok())
        .collect();
    assert_eq!(results, [true, true, false]);
}

#[test]
fn a_wrong_encoding_marks_the_rows_it_spoils() {
    let layout =
        layout_of("date,shop,n\n2024-01-01,a,1\n2024-01-01,b,2\n2024-01-02,a,1\n2024-01-02,b,1\n");
    assert_eq!(names(&layout, Role::Label), ["shop"]);
    let (good, bad) = read(
        b"date,shop,n\n2024-01-01,K\xf6ln,1\n2024-01-01,Bonn,1\n",
        &layout,
    );
    assert_eq!(good.len(), 1);
    assert!(
        bad[0].reason.contains("another encoding"),
        "{}",
        bad[0].reason
    );
}

#[test]
fn an_endless_quotation_is_refused_before_it_fills_the_memory() {
    let layout = layout_of(SALES);
    let start = &b"date,shop,orders\n2024-01-01,eu,1\n2024-01-02,\"eu"[..];
    let source = std::io::Read::chain(start, std::io::repeat(b'x'));
    let items: Vec<_> = Reader::open(source, &layout).unwrap().collect();
    assert!(matches!(
        items.as_slice(),
        [Ok(Item::Row(_)), Err(TableError::TooLong { line: 3, .. })]
    ));
}

#[test]
fn a_source_that_fails_ends_the_reading_with_its_error() {
    struct Failing;
    impl std::io::Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("unplugged"))
        }
    }
    let layout = layout_of(SALES);
    let source = std::io::Read::chain(SALES.as_bytes(), Failing);
    let error =
        Reader::open(source, &layout).map_or_else(Some, |mut reader| reader.find_map(Result::err));
    assert!(matches!(error, Some(TableError::Read(_))));
}
