//! Text to be pasted somewhere else: configuration, a command, a key.

use crate::button::Button;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/code.js")]
extern "C" {
    /// Puts the element's text on the clipboard; where the browser forbids it, selects it.
    fn copy(element: &web_sys::HtmlElement) -> bool;
}

/// A block of text in its own lines, with a button that copies it once JavaScript runs.
#[component]
pub fn Code(
    /// What is to be pasted.
    #[prop(into)]
    text: Signal<String>,
    /// What it is, for screen readers: "Example for curl".
    #[prop(into)]
    label: String,
) -> impl IntoView {
    let block = NodeRef::<leptos::html::Pre>::new();
    let awake = RwSignal::new(false);
    let copied = RwSignal::new(None::<bool>);
    Effect::new(move || awake.set(true));
    let words = move || match copied.get() {
        None => "Copy",
        Some(true) => "Copied",
        Some(false) => "Selected: press Ctrl-C",
    };
    let press = move |_| {
        if let Some(block) = block.get_untracked() {
            copied.set(Some(copy(&block)));
        }
    };
    view! {
        <div class="code-block">
            <pre class="code" role="region" aria-label=label tabindex="0" node_ref=block>
                {move || text.get()}
            </pre>
            <Show when=move || awake.get()>
                <Button small=true r#type="button" on:click=press>{words}</Button>
            </Show>
        </div>
    }
}
