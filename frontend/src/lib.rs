//! The browser half: hydrates the pages that the server rendered.

use leptos::web_sys;
use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the page's start script once the module is loaded.
#[wasm_bindgen]
pub async fn hydrate() {
    console_error_panic_hook::set_once();
    let path = web_sys::window().and_then(|window| window.location().pathname().ok());
    // Without its part the page stays what the server sent: links and forms work.
    if app::parts::load(path.as_deref().unwrap_or("/"))
        .await
        .is_ok()
    {
        leptos::mount::hydrate_body(app::App);
    }
}
