//! What Ctrl-K finds: every page by its name and by the words that people look for it with, and series.

use leptos::prelude::*;
use ui::{Glyph, Palette, PaletteItem};

use crate::frame::{Session, find_series, places};
use crate::range::escape;
use crate::wire;

/// The palette with this installation's pages and series.
#[component]
pub fn Search(
    /// Who is signed in: what they may not see is not offered.
    session: wire::Loaded<Session>,
    /// The path that is shown.
    path: Signal<String>,
) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let found = LocalResource::new(move || {
        let text = typed.get();
        async move {
            if text.trim().len() < 2 {
                Ok(Vec::new())
            } else {
                find_series(text).await
            }
        }
    });
    let found = Signal::derive(move || {
        let rows = found.get().and_then(Result::ok).unwrap_or_default();
        rows.into_iter()
            .map(|(id, title, source)| PaletteItem {
                hint: source,
                ..PaletteItem::new(format!("/series/{id}"), title, Glyph::Chart)
            })
            .collect::<Vec<_>>()
    });
    // Nothing before the browser runs: what is drawn first is the same on both sides.
    let may = RwSignal::new(May::default());
    Effect::new(move || {
        if let Some(Ok(session)) = session.get() {
            may.set(May {
                audit: session.may_audit,
                look_after: session.may_look_after,
                manage: session.may_manage,
            });
        }
    });
    let items = Signal::derive(move || pages(may.get(), &path.get()));
    view! { <Palette items found on_query=Callback::new(move |text| typed.set(text))/> }
}

/// What of the pages somebody may see.
#[derive(Clone, Copy, Debug, Default)]
struct May {
    audit: bool,
    look_after: bool,
    manage: bool,
}

/// Every page that stands in the frame, with the words that people would type for it.
fn pages(may: May, path: &str) -> Vec<PaletteItem> {
    let of_places = places().into_iter().map(|place| {
        let words = match place.href.as_str() {
            "/" => "home start overview limits runs out forecast budget stock cash",
            "/series" => "chart charts metric list limit limits threshold forecast",
            "/machines" => "host hosts server servers health score",
            "/explore" => "query promql metrics prometheus graph draw",
            "/sources" => "data events alerts silent samples",
            "/imports" => "upload csv tsv file table excel",
            "/models" => "forecast accuracy back-test ensemble",
            "/calendar" => "holidays holiday deploy promotion maintenance entries days",
            "/jobs" => "queue work background failed running",
            "/settings" if may.manage => "api keys key token retention storage preferences",
            "/settings" => "retention storage preferences",
            _ => "",
        };
        PaletteItem::new(place.href, place.label, place.icon).also(words)
    });
    let more = [
        page("/findings", "Findings", Glyph::Alert)
            .also("anomalies anomaly unusual outliers alerts"),
        page("/welcome", "Add data", Glyph::Plus).also("demo send curl http welcome start"),
        page("/sources/scrape", "Scrape a target", Glyph::Server)
            .also("add scraping prometheus exporter"),
        page("/calendar/entry", "Promotion or closure", Glyph::Calendar)
            .also("add calendar entry event holiday"),
        page("/explore/watch", "Watch an expression", Glyph::Chart)
            .also("recording record promql series"),
        page("/account", "Your account", Glyph::User)
            .also("password sign out log out logout sessions passkey passkeys profile"),
        page(
            "/account/authenticator",
            "Set up an authenticator",
            Glyph::Key,
        )
        .also("second step factor totp 2fa code recovery"),
    ];
    let of_access = [
        page("/people", "People", Glyph::User)
            .also("users accounts invite invitation administrators access review"),
        page("/people/roles", "Roles", Glyph::Key).also("permissions people rights access"),
    ];
    let audit = page("/audit", "Audit log", Glyph::Log).also("who did what history trail entries");
    let themes = [
        ("light", "Light theme", Glyph::Sun),
        ("dark", "Dark theme", Glyph::Moon),
        ("system", "The system's theme", Glyph::Screen),
    ];
    let back = escape(path);
    let themes = themes.map(|(to, label, icon)| PaletteItem {
        external: true,
        ..page(&format!("/theme?to={to}&back={back}"), label, icon).also("colours appearance mode")
    });
    of_places
        .chain(more)
        .chain(of_access.into_iter().filter(|_| may.look_after))
        .chain(may.audit.then_some(audit))
        .chain(themes)
        .collect()
}

fn page(href: &str, label: &str, icon: Glyph) -> PaletteItem {
    PaletteItem::new(href, label, icon)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_found_by_those_who_may_see_them() {
        let all = May {
            audit: true,
            look_after: true,
            manage: true,
        };
        let hrefs = |may| -> Vec<String> {
            let pages = pages(may, "/series").into_iter();
            pages.map(|page| page.href).collect()
        };
        // So many are shown at once.
        assert!(hrefs(all).len() <= 24);
        assert!(hrefs(all).contains(&"/audit".to_owned()));
        assert!(!hrefs(May::default()).contains(&"/people".to_owned()));
    }
}
