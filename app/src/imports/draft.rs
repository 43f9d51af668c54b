//! A draft: how a file is read, corrected before anything of it is imported.

use api::{ColumnRole, DecimalMark, Duplicates, Import, ImportSettings, PreviewRow, Separator};
use leptos::prelude::*;
use ui::{
    Button, ButtonKind, Card, Column, Field, Glyph, Input, Notice, Select, SelectOption, Table,
    Tone,
};

use super::{Correct, Start};

/// A file that waits for its reader's word.
#[component]
pub(super) fn Draft(
    import: Import,
    correct: ServerAction<Correct>,
    start: ServerAction<Start>,
) -> impl IntoView {
    let (id, own) = (import.id.0.clone(), import.id.0);
    let (reading, columns) = (import.settings.clone(), import.settings.clone());
    let bad = import
        .preview
        .iter()
        .filter(|r| r.problem.is_some())
        .count();
    let seen = import.preview.len();
    let stuck = import.question.is_some();
    view! {
        {import
            .question
            .clone()
            .map(|question| view! { <Notice tone=Tone::Warning title="One thing to decide" means=question/> })}
        <Card title="How it is read" note="Guessed from the file. Correct what is wrong and look again.">
            <ActionForm action=correct attr:class="stack">
                <input type="hidden" name="id" value=own/>
                <ReadingFields settings=reading/>
                <ColumnFields settings=columns/>
                <Button busy=correct.pending()>"Look again"</Button>
            </ActionForm>
        </Card>
        <Card title="Preview" note=format!("the first {seen} rows, {bad} of them unreadable") flush=true>
            <Preview settings=import.settings rows=import.preview/>
        </Card>
        <ActionForm action=start>
            <input type="hidden" name="id" value=id/>
            <Button kind=ButtonKind::Primary icon=Glyph::Import busy=start.pending() disabled=Signal::stored(stuck)>
                "Import it"
            </Button>
        </ActionForm>
    }
}

#[component]
fn ReadingFields(settings: ImportSettings) -> impl IntoView {
    let separators = vec![
        SelectOption::new("comma", "comma ,"),
        SelectOption::new("semicolon", "semicolon ;"),
        SelectOption::new("tab", "tabulator"),
        SelectOption::new("pipe", "bar |"),
    ];
    let separator = match settings.separator {
        Separator::Comma => "comma",
        Separator::Semicolon => "semicolon",
        Separator::Tab => "tab",
        Separator::Pipe => "pipe",
    };
    let decimals = vec![
        SelectOption::new("point", "1,234.56"),
        SelectOption::new("comma", "1.234,56"),
    ];
    let decimal = match settings.decimal {
        DecimalMark::Point => "point",
        DecimalMark::Comma => "comma",
    };
    let repeats = vec![
        SelectOption::new("sum", "added up"),
        SelectOption::new("last", "replaced by the last"),
        SelectOption::new("mean", "averaged"),
    ];
    let duplicates = match settings.duplicates {
        Duplicates::Sum => "sum",
        Duplicates::Last => "last",
        Duplicates::Mean => "mean",
    };
    let formats = settings
        .time_formats
        .iter()
        .map(|(value, example)| SelectOption::new(value.clone(), example.clone()))
        .collect::<Vec<_>>();
    view! {
        <div class="row-form">
            <Field id="source-name" label="Source" hint="The same name again updates it.">
                <Input name="settings[source_name]" value=settings.source_name required=true/>
            </Field>
            <Field id="separator" label="Cells are separated by">
                <Select name="settings[separator]" options=separators value=separator/>
            </Field>
            <Field id="decimal" label="Numbers look like">
                <Select name="settings[decimal]" options=decimals value=decimal/>
            </Field>
            <Field id="time-format" label="Dates look like">
                <Select name="settings[time_format]" options=formats value=settings.time_format/>
            </Field>
            <Field id="time-zone" label="Time zone" hint="Of times of day that name none, such as Europe/Berlin. A day without a time is the same everywhere.">
                <Input name="settings[time_zone]" value=settings.time_zone required=true/>
            </Field>
            <Field id="duplicates" label="Rows of the same time and labels are">
                <Select name="settings[duplicates]" options=repeats value=duplicates/>
            </Field>
        </div>
    }
}

#[component]
fn ColumnFields(settings: ImportSettings) -> impl IntoView {
    let roles = || {
        vec![
            SelectOption::new("time", "when"),
            SelectOption::new("value", "a number to chart"),
            SelectOption::new("label", "tells series apart"),
            SelectOption::new("ignore", "not read"),
        ]
    };
    let role = |role: ColumnRole| match role {
        ColumnRole::Time => "time",
        ColumnRole::Value => "value",
        ColumnRole::Label => "label",
        ColumnRole::Ignore => "ignore",
    };
    view! {
        <Table
            caption="What each column is for"
            columns=vec![Column::text("Column"), Column::text("Is"), Column::text("Unit")]
        >
            {settings
                .columns
                .into_iter()
                .enumerate()
                .map(|(i, column)| {
                    let label = format!("What column {} is for", column.name);
                    view! {
                        <tr>
                            <td data-label="Column">
                                {column.name.clone()}
                                <input type="hidden" name=format!("settings[columns][{i}][name]") value=column.name.clone()/>
                            </td>
                            <td data-label="Is">
                                <Select name=format!("settings[columns][{i}][role]") options=roles() value=role(column.role) label=label/>
                            </td>
                            <td data-label="Unit">
                                <Input
                                    name=format!("settings[columns][{i}][unit]")
                                    value=column.unit
                                    label=format!("Unit of {}", column.name)
                                />
                            </td>
                        </tr>
                    }
                })
                .collect_view()}
        </Table>
    }
}

#[component]
fn Preview(settings: ImportSettings, rows: Vec<PreviewRow>) -> impl IntoView {
    let mut columns = vec![Column::number("Line", "")];
    columns.extend(
        settings
            .columns
            .iter()
            .map(|c| Column::text(c.name.clone())),
    );
    let heads: Vec<_> = settings.columns.iter().map(|c| c.name.clone()).collect();
    view! {
        <Table caption="The first rows" columns scroll=true>
            {rows
                .into_iter()
                .map(|row| {
                    let at_fault = row.problem.as_ref().and_then(|p| p.column);
                    let heads = heads.clone();
                    let cells = row
                        .cells
                        .into_iter()
                        .enumerate()
                        .map(|(i, cell)| {
                            let bad = at_fault == u32::try_from(i).ok();
                            let head = heads.get(i).cloned().unwrap_or_default();
                            view! { <td class:cell-bad=bad data-label=head>{cell}</td> }
                        })
                        .collect_view();
                    let reason = row.problem.map(|p| p.reason);
                    let (is_bad, tip) = (reason.is_some(), reason.clone());
                    view! {
                        <tr class:row-bad=is_bad title=tip>
                            <td class="num" data-label="Line">
                                {row.line}
                                {reason.map(|reason| view! { <span class="bad-reason">{reason}</span> })}
                            </td>
                            {cells}
                        </tr>
                    }
                })
                .collect_view()}
        </Table>
    }
}
