//! The errors of a series' models over time: the live error beside the back-test's and the naive's, with
//! the times at which versions changed and drift was noticed. Words come from [`crate::told`].

use leptos::prelude::*;
use ui::{Card, ChartPoint, Column, Empty, Glyph, StaticChart, Table, When, number_text};

use crate::told::errors::{Errors, Line};

/// What the drawing holds. A legend would say less.
const LEGEND: &str = "Solid: the mean of about the last thirty errors one step ahead, on the scale of the back-test. \
    Dashed: the back-test of the version in force. Upright lines: another version came in force. Rings: drift was noticed.";

/// The card; nothing where no model was ever fitted.
pub fn errors_view(errors: Option<Errors>, as_table: bool) -> AnyView {
    let Some(errors) = errors else {
        return ().into_any();
    };
    let flush = as_table && errors.nothing.is_none();
    let inside = match errors.nothing {
        Some((title, text)) => view! { <Empty title text icon=Glyph::Chart/> }.into_any(),
        None if as_table => view! {
            <p class="card-text">{errors.verdict}</p>
            {table(errors.lines)}
        }
        .into_any(),
        None => view! {
            <p>{errors.verdict}</p>
            {drawing(&errors.lines, errors.marks)}
            <p class="quiet">{LEGEND}</p>
        }
        .into_any(),
    };
    view! {
        <Card title="Errors over time" note="in errors of the naive forecast" flush>
            {inside}
        </Card>
    }
    .into_any()
}

fn drawing(lines: &[Line], marks: Vec<(i64, String)>) -> impl IntoView + use<> {
    let points = lines.iter().map(|line| ChartPoint {
        at: line.at,
        value: line.live,
        forecast: line.back_test,
        unusual: line.drifted,
        ..ChartPoint::default()
    });
    let points: Vec<_> = points.collect();
    view! {
        <div class="chart">
            <StaticChart
                points
                label="Errors of the forecast over time, in errors of the naive forecast"
                limit=(1.0, "as the naive forecast".to_owned())
                marks
            />
        </div>
    }
}

fn table(lines: Vec<Line>) -> impl IntoView {
    let columns = vec![
        Column::text("Until"),
        Column::number("Live error", "× naive"),
        Column::number("Back-test", "× naive"),
        Column::number("Version", ""),
        Column::text("Note"),
    ];
    let rows = lines.into_iter().rev().map(|line| {
        view! {
            <tr>
                <td data-label="Until"><When at=line.at/></td>
                <td class="num" data-label="Live error">{number(line.live)}</td>
                <td class="num" data-label="Back-test">{number(line.back_test)}</td>
                <td class="num" data-label="Version">{line.version}</td>
                <td data-label="Note">{(!line.note.is_empty()).then_some(line.note)}</td>
            </tr>
        }
    });
    view! {
        <Table caption="Errors over time, the newest first" columns scroll=true>
            {rows.collect_view()}
        </Table>
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| number_text(Some(value), ""))
}
