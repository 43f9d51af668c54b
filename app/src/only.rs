//! A list of business and of machines: which of both is shown, and whether what is usually left out is shown as well.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use ui::{Segment, Segmented};

/// What the address says is shown.
#[derive(Clone, Copy)]
pub struct Shown {
    page: &'static str,
    more: &'static str,
    /// `business`, `machine` or empty.
    pub only: Memo<String>,
    /// Whether what is usually left out is shown.
    pub all: Memo<bool>,
}

/// What the address of a page says is shown; `more` is its word for what is usually left out.
pub fn use_shown(page: &'static str, more: &'static str) -> Shown {
    let query = use_query_map();
    Shown {
        page,
        more,
        only: Memo::new(move |_| query.read().get("only").unwrap_or_default()),
        all: Memo::new(move |_| query.read().get(more).is_some()),
    }
}

impl Shown {
    /// The links to everything, to business and to machines.
    pub fn choice(self) -> impl IntoView {
        let segments = Signal::derive(move || {
            [
                ("", "Everything"),
                ("business", "Business"),
                ("machine", "Machines"),
            ]
            .map(|(value, label)| {
                let here = self.only.get() == value;
                Segment::new(label, self.address(value, self.all.get()), here)
            })
            .to_vec()
        });
        view! { <Segmented label="Which numbers" segments/> }
    }

    /// The link that shows what is left out, or leaves it out again.
    pub fn toggle(self) -> impl IntoView {
        let (only, all) = (self.only.get_untracked(), self.all.get_untracked());
        let words = if all { "Hide" } else { "Show" };
        view! { <a href=self.address(&only, !all)>{words}" them"</a> }
    }

    fn address(self, only: &str, all: bool) -> String {
        let only = (!only.is_empty()).then(|| format!("only={only}"));
        let more = all.then(|| format!("{}=1", self.more));
        let query: Vec<String> = only.into_iter().chain(more).collect();
        match query.join("&") {
            query if query.is_empty() => self.page.to_owned(),
            query => format!("{}?{query}", self.page),
        }
    }
}
