//! What unfolds from a mark: a `<details>`, so that it opens without JavaScript; with it, it closes as
//! menus do.

use leptos::ev;
use leptos::html::Details;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// Closes it on Escape, on a press elsewhere, and where a link in it leads to another page.
pub(crate) fn closes_by_itself(menu: NodeRef<Details>) {
    // The listeners outlive the menu by a moment, in which its reference is gone.
    Effect::new(move || {
        let keys = window_event_listener(ev::keydown, move |event| {
            if event.key() == "Escape"
                && let Some(menu) = menu.try_get_untracked().flatten()
                && menu.open()
            {
                menu.set_open(false);
                take_back_the_focus(&menu);
            }
        });
        let presses = window_event_listener(ev::click, move |event| {
            let at = event
                .target()
                .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
            if let Some(menu) = menu.try_get_untracked().flatten()
                && let Some(at) = at
                && menu.open()
                && (!menu.contains(Some(&at)) || leads_away(&at))
            {
                menu.set_open(false);
            }
        });
        on_cleanup(move || {
            keys.remove();
            presses.remove();
        });
    });
}

/// Whether a press there goes to another page of ours; switches are links of another kind.
fn leads_away(at: &web_sys::Element) -> bool {
    matches!(at.closest("a:not([rel])"), Ok(Some(_)))
}

/// The focus must not stay on what is no longer seen.
fn take_back_the_focus(menu: &web_sys::Element) {
    let inside = document()
        .active_element()
        .is_some_and(|active| menu.contains(Some(&active)));
    if inside
        && let Ok(Some(mark)) = menu.query_selector("summary")
        && let Ok(mark) = mark.dyn_into::<web_sys::HtmlElement>()
    {
        // Nothing is lost if the browser keeps it elsewhere.
        let _ = mark.focus();
    }
}
