//! Where an expression is written: a field that offers what could come next.
//!
//! Without JavaScript it is a field like any other.

use std::time::Duration;

use api::{Completion, Offer};
use leptos::ev;
use leptos::html::Input;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos::task::spawn_local;
use leptos::web_sys::HtmlInputElement;

use crate::rpc;

/// How long typing pauses before it is looked what fits.
const PAUSE: Duration = Duration::from_millis(120);

const LIST: &str = "expression-offers";

/// What could be written next in an expression of which this much is there.
#[server(input = GetUrl, output = Postcard)]
pub async fn complete_expression(before: String) -> rpc::Answer<Completion> {
    let (services, caller) = rpc::ctx()?;
    Ok(services.metrics.complete(&caller, &before).await?)
}

/// What is offered at the moment.
#[derive(Clone, Copy)]
struct Offered {
    field: NodeRef<Input>,
    /// Up to the cursor, when it was asked for.
    before: RwSignal<String>,
    completion: RwSignal<Completion>,
    chosen: RwSignal<Option<usize>>,
}

impl Offered {
    fn close(self) {
        self.completion.set(Completion::default());
        self.chosen.set(None);
    }

    /// Asks what fits once typing pauses.
    fn ask(self) {
        let Some(before) = self.field.get_untracked().map(|field| up_to_cursor(&field)) else {
            return;
        };
        self.before.set(before.clone());
        set_timeout(
            move || {
                // Only the last letter of a burst is asked about.
                let is_last = move || self.before.try_with_untracked(|now| *now == before);
                if is_last() != Some(true) {
                    return;
                }
                let Some(before) = self.before.try_get_untracked() else {
                    return;
                };
                spawn_local(async move {
                    let found = complete_expression(before.clone())
                        .await
                        .unwrap_or_default();
                    if self.before.try_with_untracked(|now| *now == before) == Some(true) {
                        self.completion.set(found);
                        self.chosen.set(None);
                    }
                });
            },
            PAUSE,
        );
    }

    /// Writes an offer in place of the beginning that is there.
    fn accept(self, place: usize) {
        let completion = self.completion.get_untracked();
        let (Some(field), Some(offer)) = (self.field.get_untracked(), completion.offers.get(place))
        else {
            return;
        };
        let before = up_to_cursor(&field);
        let Some(kept) = before.strip_suffix(&completion.prefix) else {
            return self.close();
        };
        let after: String = field.value().chars().skip(before.chars().count()).collect();
        let written = format!("{kept}{}", offer.text);
        field.set_value(&format!("{written}{after}"));
        let cursor = u32::try_from(written.encode_utf16().count()).unwrap_or(u32::MAX);
        // The cursor stays where the browser puts it if it does not want this.
        let _ = field.set_selection_range(cursor, cursor);
        self.close();
        self.ask();
    }

    fn steer(self, event: &ev::KeyboardEvent) {
        let count = self.completion.with_untracked(|c| c.offers.len());
        if count == 0 {
            return;
        }
        let chosen = self.chosen.get_untracked();
        match (event.key().as_str(), chosen) {
            ("ArrowDown", _) => self
                .chosen
                .set(Some(chosen.map_or(0, |at| (at + 1) % count))),
            ("ArrowUp", _) => {
                let above = chosen.map_or(count - 1, |at| (at + count - 1) % count);
                self.chosen.set(Some(above));
            }
            ("Enter", Some(place)) => self.accept(place),
            ("Escape", _) => self.close(),
            _ => return,
        }
        event.prevent_default();
    }
}

/// The text before the cursor; browsers count in units of UTF-16.
fn up_to_cursor(field: &HtmlInputElement) -> String {
    let value = field.value();
    let cursor = field.selection_start().ok().flatten();
    let units = cursor.map_or(usize::MAX, |units| units as usize);
    String::from_utf16_lossy(&value.encode_utf16().take(units).collect::<Vec<_>>())
}

/// The field of an expression, sent as `q`.
#[component]
pub fn ExpressionField(
    /// What stands in it at first.
    value: String,
) -> impl IntoView {
    let offered = Offered {
        field: NodeRef::new(),
        before: RwSignal::new(String::new()),
        completion: RwSignal::new(Completion::default()),
        chosen: RwSignal::new(None),
    };
    let is_open = move || offered.completion.with(|c| !c.offers.is_empty());
    view! {
        <div class="offering">
            <input
                node_ref=offered.field
                type="text"
                class="input"
                name="q"
                value=value
                placeholder="sum by (instance) (rate(node_cpu_seconds_total{mode!=\"idle\"}[5m]))"
                aria-label="Expression in PromQL"
                role="combobox"
                aria-autocomplete="list"
                aria-controls=LIST
                aria-expanded=move || if is_open() { "true" } else { "false" }
                aria-activedescendant=move || offered.chosen.get().map(option_id)
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                on:input=move |_| offered.ask()
                on:keydown=move |event| offered.steer(&event)
                on:blur=move |_| offered.close()
            />
            <ul class="offers" id=LIST role="listbox" aria-label="What could come next" hidden=move || !is_open()>
                {move || {
                    let offers = offered.completion.get().offers;
                    offers.into_iter().enumerate().map(|(place, offer)| option(offered, place, offer)).collect_view()
                }}
            </ul>
        </div>
    }
}

fn option(offered: Offered, place: usize, offer: Offer) -> impl IntoView {
    let is_chosen = move || offered.chosen.get() == Some(place);
    view! {
        <li
            class="offer"
            id=option_id(place)
            role="option"
            aria-selected=move || if is_chosen() { "true" } else { "false" }
            // Before the field loses the focus.
            on:mousedown=move |event| {
                event.prevent_default();
                offered.accept(place);
            }
        >
            <code>{offer.text}</code>
            <span class="offer-about">{offer.about}</span>
            <span class="offer-kind">{offer.kind}</span>
        </li>
    }
}

fn option_id(place: usize) -> String {
    format!("{LIST}-{place}")
}
