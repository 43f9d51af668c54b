//! Tables: a head that stays, numbers to the right, units in the head, cards on the phone.

use leptos::prelude::*;

/// Where a column's cells stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    /// Words.
    #[default]
    Start,
    /// Numbers; give their cells `class="num"` too.
    End,
}

/// A column's head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub label: String,
    /// The unit of its numbers.
    pub unit: Option<String>,
    /// Where its cells stand.
    pub align: Align,
    /// Where a press on the head leads: this page, sorted by it.
    pub sort_href: Option<String>,
    /// It is sorted by this column: `Some(true)` upwards, `Some(false)` downwards.
    pub sorted_up: Option<bool>,
    /// The head is for screen readers only: a column of buttons.
    pub hidden: bool,
}

impl Column {
    /// A column of words.
    pub fn text(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            ..Self::default()
        }
    }

    /// A column of numbers.
    pub fn number(label: impl Into<String>, unit: impl Into<String>) -> Self {
        let unit = Some(unit.into()).filter(|unit| !unit.is_empty());
        Self {
            unit,
            align: Align::End,
            ..Self::text(label)
        }
    }

    /// A column of buttons.
    pub fn actions(label: impl Into<String>) -> Self {
        Self {
            hidden: true,
            align: Align::End,
            ..Self::text(label)
        }
    }

    /// Sorted by a press on its head.
    #[must_use]
    pub fn sortable(mut self, href: impl Into<String>, sorted_up: Option<bool>) -> Self {
        self.sort_href = Some(href.into());
        self.sorted_up = sorted_up;
        self
    }
}

/// A table. Its children are rows: `<tr><td data-label="Name">…</td><td class="num"
/// data-label="Size">…</td></tr>`; on the phone each row becomes a card and each cell says its
/// `data-label`. Inside a `Card`, make that `flush`.
#[component]
pub fn Table(
    /// What the table shows, for screen readers.
    #[prop(into)]
    caption: String,
    /// The heads.
    columns: Vec<Column>,
    /// Scrolls inside itself, with the head staying, instead of growing.
    #[prop(optional)]
    scroll: bool,
    /// The rows.
    children: Children,
) -> impl IntoView {
    let class = if scroll {
        "table-frame table-scroll"
    } else {
        "table-frame"
    };
    view! {
        // A region that scrolls must be reachable by keyboard.
        <div
            class=class
            tabindex=scroll.then_some("0")
            role=scroll.then_some("region")
            aria-label=scroll.then(|| caption.clone())
        >
            <table class="table">
                <caption class="sr-only">{caption.clone()}</caption>
                <thead>
                    <tr>{columns.into_iter().map(head).collect_view()}</tr>
                </thead>
                <tbody>{children()}</tbody>
            </table>
        </div>
    }
}

fn head(column: Column) -> impl IntoView {
    let words = view! {
        <span class=if column.hidden { "sr-only" } else { "" }>{column.label}</span>
        {column.unit.map(|unit| view! { <span class="unit">{unit}</span> })}
    };
    let words = match column.sort_href {
        Some(href) => view! {
            <a class="sort" href=href>
                {words}
                <svg class="sort-mark" viewBox="0 0 8 12" width="8" height="12" aria-hidden="true">
                    <path class="sort-up" d="M4 1 7 5H1Z"></path>
                    <path class="sort-down" d="M4 11 1 7h6Z"></path>
                </svg>
            </a>
        }
        .into_any(),
        None => words.into_any(),
    };
    view! {
        <th
            scope="col"
            class=(column.align == Align::End).then_some("num")
            aria-sort=column.sorted_up.map(|up| if up { "ascending" } else { "descending" })
        >
            {words}
        </th>
    }
}
