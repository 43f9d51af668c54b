//! The command palette: Ctrl-K, Cmd-K or `/`, a few letters, Enter.
//!
//! Results are links, and Enter presses the chosen one, so the router does what it always does.
//! Without JavaScript the search button is a link to `/series`.

use crate::icon::{Glyph, Icon};
use leptos::ev;
use leptos::html::{Dialog, Input};
use leptos::prelude::*;
use std::time::Duration;
use wasm_bindgen::JsCast;

/// How long typing rests before anything is asked for.
const PAUSE: Duration = Duration::from_millis(150);

/// The dialog's id.
pub const PALETTE_ID: &str = "palette";

/// A place or a thing that can be gone to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaletteItem {
    /// Its name.
    pub label: String,
    /// What tells it from others of that name: "db-1, percent".
    pub hint: String,
    /// Where it is.
    pub href: String,
    /// Its icon.
    pub icon: Glyph,
    /// The server does it and sends back: the router must not look for a page of that address.
    pub external: bool,
}

impl PaletteItem {
    /// A page of ours, found by its name.
    pub fn new(href: impl Into<String>, label: impl Into<String>, icon: Glyph) -> Self {
        Self {
            label: label.into(),
            hint: String::new(),
            href: href.into(),
            icon,
            external: false,
        }
    }
}

/// Does an item hold every word of the query?
fn matches(item: &PaletteItem, query: &str) -> bool {
    let text = format!("{} {}", item.label, item.hint).to_lowercase();
    query
        .to_lowercase()
        .split_whitespace()
        .all(|word| text.contains(word))
}

/// The places that fit what is typed, then what was found for it, nothing twice.
fn offered(query: &str, items: Vec<PaletteItem>, found: Vec<PaletteItem>) -> Vec<PaletteItem> {
    let mut shown: Vec<_> = items
        .into_iter()
        .filter(|item| matches(item, query))
        .collect();
    for item in found {
        if !shown.iter().any(|other| other.href == item.href) {
            shown.push(item);
        }
    }
    shown.truncate(24);
    shown
}

/// Opens the palette; without JavaScript a link to the series' own search.
#[component]
pub fn SearchButton() -> impl IntoView {
    let open_palette = move |event: ev::MouseEvent| {
        if let Some(dialog) = dialog() {
            event.prevent_default();
            event.stop_propagation();
            open(&dialog);
        }
    };
    view! {
        <a class="search-button" href="/series" on:click=open_palette title="Search (Ctrl-K)">
            <Icon glyph=Glyph::Search/>
            <span>"Search"</span>
            <kbd class="kbd">"Ctrl K"</kbd>
        </a>
    }
}

/// The palette. Put it once, beside `Shell`.
#[component]
pub fn Palette(
    /// Places that are always offered; narrowed here by what is typed.
    #[prop(into)]
    items: Signal<Vec<PaletteItem>>,
    /// Things found elsewhere for what was typed; shown below, as they are.
    #[prop(optional, into)]
    found: Signal<Vec<PaletteItem>>,
    /// Called with what is typed, once typing pauses, so that the page can look for it.
    #[prop(optional, into)]
    on_query: Option<Callback<String>>,
) -> impl IntoView {
    let dialog_ref = NodeRef::<Dialog>::new();
    let input = NodeRef::<Input>::new();
    let query = RwSignal::new(String::new());
    let chosen = RwSignal::new(0_usize);
    let shown = Memo::new(move |_| offered(&query.get(), items.get(), found.get()));
    Effect::new(listen_for_keys);
    let ask = move |text: String| {
        query.set(text.clone());
        chosen.set(0);
        set_timeout(
            move || {
                // Only the last letter of a burst is asked about.
                if let Some(on_query) = on_query
                    && query
                        .try_with_untracked(|now| *now == text)
                        .unwrap_or(false)
                {
                    on_query.run(text);
                }
            },
            PAUSE,
        );
    };
    let steer = move |event: ev::KeyboardEvent| {
        let count = shown.with(Vec::len).max(1);
        match event.key().as_str() {
            "ArrowDown" => chosen.update(|at| *at = (*at + 1) % count),
            "ArrowUp" => chosen.update(|at| *at = (*at + count - 1) % count),
            "Enter" => press(chosen.get_untracked()),
            _ => return,
        }
        event.prevent_default();
        bring_into_view(chosen.get_untracked());
    };
    let close = move || {
        if let Some(dialog) = dialog_ref.get_untracked() {
            dialog.close();
        }
    };
    // However it was closed: the next search begins from nothing.
    let forget = move |_| {
        query.set(String::new());
        chosen.set(0);
        if let Some(on_query) = on_query {
            on_query.run(String::new());
        }
    };
    // A press on the backdrop hits the dialog itself, not what is in it.
    let backdrop = move |event: ev::MouseEvent| {
        if event.target() == event.current_target() {
            close();
        }
    };
    view! {
        <dialog
            id=PALETTE_ID
            class="palette"
            aria-label="Search"
            node_ref=dialog_ref
            on:click=backdrop
            on:close=forget
        >
            <div class="palette-box">
                <div class="palette-line">
                    <Icon glyph=Glyph::Search/>
                    <input
                        node_ref=input
                        type="text"
                        class="palette-input"
                        placeholder="Find a series, a page, something to do"
                        autocomplete="off"
                        spellcheck="false"
                        role="combobox"
                        aria-expanded="true"
                        aria-label="Search"
                        aria-controls="palette-list"
                        aria-activedescendant=move || option_id(chosen.get())
                        prop:value=move || query.get()
                        on:input=move |event| ask(event_target_value(&event))
                        on:keydown=steer
                    />
                    <kbd class="kbd">"Esc"</kbd>
                </div>
                <div class="palette-list" id="palette-list" role="listbox" aria-label="Found">
                    {move || {
                        shown
                            .get()
                            .into_iter()
                            .enumerate()
                            .map(|(index, item)| option_view(index, item, chosen, close))
                            .collect_view()
                    }}
                </div>
                <p class="palette-none" hidden=move || !shown.with(Vec::is_empty)>
                    "Nothing of that name"
                </p>
            </div>
        </dialog>
    }
}

fn option_view(
    index: usize,
    item: PaletteItem,
    chosen: RwSignal<usize>,
    close: impl Fn() + 'static,
) -> impl IntoView {
    view! {
        <a
            class="palette-item"
            id=option_id(index)
            role="option"
            tabindex="-1"
            href=item.href
            rel=item.external.then_some("external")
            aria-selected=move || if chosen.get() == index { "true" } else { "false" }
            on:mousemove=move |_| chosen.set(index)
            on:click=move |_| close()
        >
            <Icon glyph=item.icon/>
            <span class="palette-label">{item.label}</span>
            <span class="palette-hint">{item.hint}</span>
        </a>
    }
}

fn option_id(index: usize) -> String {
    format!("{PALETTE_ID}-{index}")
}

fn dialog() -> Option<web_sys::HtmlDialogElement> {
    document().get_element_by_id(PALETTE_ID)?.dyn_into().ok()
}

fn open(dialog: &web_sys::HtmlDialogElement) {
    // The browser itself gives the focus back to where it was when a modal dialog closes.
    if !dialog.open()
        && dialog.show_modal().is_ok()
        && let Ok(Some(input)) = dialog.query_selector("input")
        && let Ok(input) = input.dyn_into::<web_sys::HtmlElement>()
    {
        // Nothing is lost if the browser keeps the focus elsewhere.
        let _ = input.focus();
    }
}

fn press(index: usize) {
    let option = document().get_element_by_id(&option_id(index));
    if let Some(link) = option.and_then(|option| option.dyn_into::<web_sys::HtmlElement>().ok()) {
        link.click();
    }
}

fn bring_into_view(index: usize) {
    if let Some(option) = document().get_element_by_id(&option_id(index)) {
        option.scroll_into_view_with_bool(false);
    }
}

/// Ctrl-K and Cmd-K everywhere, `/` where nothing is being typed. Browser only, inside an Effect.
fn listen_for_keys() {
    let handle = window_event_listener(ev::keydown, move |event| {
        let command =
            (event.ctrl_key() || event.meta_key()) && event.key().eq_ignore_ascii_case("k");
        let slash = event.key() == "/" && !is_typing(&event);
        if !command && !slash {
            return;
        }
        if let Some(dialog) = dialog() {
            event.prevent_default();
            if dialog.open() {
                dialog.close();
            } else {
                open(&dialog);
            }
        }
    });
    on_cleanup(move || handle.remove());
}

fn is_typing(event: &ev::KeyboardEvent) -> bool {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.is_some_and(|element| {
        matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
            || element.has_attribute("contenteditable")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_is_also_found_stands_once() {
        let item = |href: &str| PaletteItem::new(href, href, Glyph::Chart);
        let shown = offered(
            "se",
            vec![item("/series"), item("/")],
            vec![item("/series"), item("/x")],
        );
        let hrefs: Vec<_> = shown.iter().map(|item| item.href.as_str()).collect();
        assert_eq!(hrefs, ["/series", "/x"]);
    }

    #[test]
    fn every_word_typed_must_be_in_the_name_or_the_hint() {
        let item = PaletteItem {
            hint: "db-1".to_owned(),
            ..PaletteItem::new("/series/1", "Disk /var", Glyph::Server)
        };
        assert!(matches(&item, "DB disk"));
        assert!(matches(&item, ""));
        assert!(!matches(&item, "disk web"));
    }
}
