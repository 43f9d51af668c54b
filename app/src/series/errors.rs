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
    if let Some((title, text)) = errors.nothing {
        return view! {
            <Card title="Errors over time">
                <Empty title text icon=Glyph::Chart/>
            </Card>
        }
        .into_any();
    }
    if as_table {
        return view! {
            <Card title="Errors over time" note="in errors of the naive forecast" flush=true>
                <p class="card-text">{errors.verdict}</p>
                {table(errors.lines)}
            </Card>
        }
        .into_any();
    }
    let points = errors.lines.iter().map(|line| ChartPoint {
        at: line.at,
        value: line.live,
        forecast: line.back_test,
        unusual: line.drifted,
        ..ChartPoint::default()
    });
    let points: Vec<_> = points.collect();
    view! {
        <Card title="Errors over time" note="in errors of the naive forecast">
            <p>{errors.verdict}</p>
            <div class="chart">
                <StaticChart
                    points
                    label="Errors of the forecast over time, in errors of the naive forecast"
                    limit=(1.0, "as the naive forecast".to_owned())
                    marks=errors.marks
                />
            </div>
            <p class="quiet">{LEGEND}</p>
        </Card>
    }
    .into_any()
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
