//! What Ctrl-K finds: the places of the frame by their names, and what the server knows by other words.

use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos::task::spawn_local;
use ui::{Glyph, Palette, PaletteItem};

use crate::frame::places;
use crate::range::escape;
use crate::rpc;

/// The address of the themes, which the server sets: it sends back to where somebody was.
const THEME: &str = "/theme";

/// Pages and series that fit what is typed: address, name, and what tells it from others of that name.
#[server(input = GetUrl, output = Postcard)]
pub async fn find(text: String) -> rpc::Answer<Vec<(String, String, String)>> {
    let (services, caller) = rpc::ctx()?;
    let may = services.accounts.me(&caller).await?.role.permissions();
    let pages = crate::told::place::found(&text, &may);
    let pages = pages
        .into_iter()
        .map(|(href, label)| (href.to_owned(), label.to_owned(), String::new()));
    let filter = api::SeriesFilter {
        text,
        limit: 12,
        ..api::SeriesFilter::default()
    };
    let list = services.series.list(&caller, filter).await?;
    let series = list.series.into_iter();
    let series = series.map(|one| (format!("/series/{}", one.id), one.title, one.source_name));
    Ok(pages.chain(series).collect())
}

/// The palette with this installation's pages and series.
#[component]
pub fn Search(
    /// The path that is shown.
    path: Signal<String>,
) -> impl IntoView {
    let typed = StoredValue::new(String::new());
    let rows = RwSignal::new(Vec::new());
    let ask = move |text: String| {
        typed.set_value(text.clone());
        if text.trim().len() < 2 {
            rows.set(Vec::new());
            return;
        }
        spawn_local(async move {
            let answer = find(text.clone()).await.unwrap_or_default();
            // Answers may overtake one another.
            if typed.try_get_value() == Some(text) {
                rows.set(answer);
            }
        });
    };
    let found = Signal::derive(move || {
        let rows = rows.get().into_iter();
        rows.map(|(href, label, hint)| item(href, label, hint, &path.get()))
            .collect::<Vec<_>>()
    });
    let items: Vec<_> = places()
        .into_iter()
        .map(|place| PaletteItem::new(place.href, place.label, place.icon))
        .collect();
    view! { <Palette items=Signal::stored(items) found on_query=Callback::new(ask)/> }
}

fn item(href: String, label: String, hint: String, path: &str) -> PaletteItem {
    let external = href.starts_with(THEME);
    let icon = if href.starts_with("/series/") {
        Glyph::Chart
    } else {
        Glyph::Search
    };
    let href = if external {
        format!("{href}&back={}", escape(path))
    } else {
        href
    };
    PaletteItem {
        hint,
        external,
        ..PaletteItem::new(href, label, icon)
    }
}
