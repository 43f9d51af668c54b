//! Prints the gallery as a static page, to look at the design without the app:
//! `cargo run -p ui --example gallery [light|dark] > gallery.html`, beside Tailwind's `main.css`.

use leptos::prelude::*;
use std::io::Write;

fn main() -> std::io::Result<()> {
    let theme = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "light".to_owned());
    let body = Owner::new().with(|| view! { <ui::Gallery/> }.to_html());
    let page = format!(
        "<!doctype html><html lang=\"en\" data-theme=\"{theme}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Gallery</title><link rel=\"stylesheet\" href=\"main.css\"></head>\
         <body>{body}</body></html>"
    );
    std::io::stdout().write_all(page.as_bytes())
}
