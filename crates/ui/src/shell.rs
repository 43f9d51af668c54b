//! The frame around every page: the rail, the top bar, the phone's bottom bar.

use crate::command::SearchButton;
use crate::icon::{Glyph, Icon};
use crate::preferences::{remember, remembered};
use crate::unfold::closes_by_itself;
use leptos::children::ViewFnOnce;
use leptos::html::Details;
use leptos::prelude::*;

/// A place to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NavItem {
    /// Where: "/series". It is the current one for every path below it.
    pub href: String,
    /// One word.
    pub label: String,
    /// Its icon.
    pub icon: Glyph,
    /// How much waits there: "3".
    pub badge: Option<String>,
    /// It stands in the phone's bottom bar too. At most five do; the others unfold from "More".
    pub phone: bool,
}

impl NavItem {
    /// A place to go, on the desk and on the phone.
    pub fn new(href: impl Into<String>, label: impl Into<String>, icon: Glyph) -> Self {
        Self {
            href: href.into(),
            label: label.into(),
            icon,
            badge: None,
            phone: true,
        }
    }

    fn is_current(&self, path: &str) -> bool {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        match path.strip_prefix(self.href.as_str()) {
            Some(_) if self.href == "/" => path == "/",
            Some(rest) => rest.is_empty() || rest.starts_with('/'),
            None => false,
        }
    }
}

/// A step on the way to this page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crumb {
    /// Its name.
    pub label: String,
    /// Where it leads; none for this page.
    pub href: Option<String>,
}

/// The frame. Put `Palette` and `ToastRegion` beside it, once.
#[component]
pub fn Shell(
    /// The places of the rail; the phone's bar shows those marked `phone`, and the rest under "More".
    #[prop(into)]
    nav: Signal<Vec<NavItem>>,
    /// The path that is shown.
    #[prop(into)]
    path: Signal<String>,
    /// The way to this page; empty on the top pages.
    #[prop(optional, into)]
    crumbs: Signal<Vec<Crumb>>,
    /// Across the top: a `Banner`.
    #[prop(optional, into)]
    banner: ViewFnOnce,
    /// In the top bar: a `LiveMark`, a time range.
    #[prop(optional, into)]
    status: ViewFnOnce,
    /// At the right of the top bar: a `UserMenu`.
    #[prop(optional, into)]
    user: ViewFnOnce,
    /// The page.
    children: Children,
) -> impl IntoView {
    view! {
        <a class="skip" href="#content" rel="external">
            "Skip to content"
        </a>
        <div class="shell">
            <Rail nav=nav path=path/>
            <div class="shell-page">
                {banner.run()}
                <header class="top">
                    <a class="top-mark" href="/" aria-label="Millrace, home">
                        <Mark/>
                    </a>
                    <nav class="crumbs" aria-label="Where you are">
                        {move || crumb_list(crumbs.get())}
                    </nav>
                    <div class="top-status">{status.run()}</div>
                    <SearchButton/>
                    <div class="top-user">{user.run()}</div>
                </header>
                <main class="content" id="content" tabindex="-1">
                    {children()}
                </main>
            </div>
            <nav class="bottom" aria-label="Places">
                {move || {
                    let (first, rest): (Vec<_>, Vec<_>) = nav
                        .get()
                        .into_iter()
                        .partition(|item| item.phone);
                    view! {
                        {first.into_iter().map(|item| nav_link(item, path)).collect_view()}
                        {(!rest.is_empty()).then(|| view! { <More places=rest path=path/> })}
                    }
                }}
            </nav>
        </div>
    }
}

#[component]
fn Rail(nav: Signal<Vec<NavItem>>, path: Signal<String>) -> impl IntoView {
    let fold = move |_| {
        let narrow = remembered("rail").is_none();
        remember("rail", narrow.then_some("narrow"));
    };
    view! {
        <nav class="rail" aria-label="Places">
            <a class="rail-mark" href="/">
                <Mark/>
                <span class="rail-word">"Millrace"</span>
            </a>
            <div class="rail-nav">
                {move || nav.get().into_iter().map(|item| nav_link(item, path)).collect_view()}
            </div>
            <button
                type="button"
                class="rail-fold needs-js"
                title="Fold or unfold the menu"
                on:click=fold
            >
                <Icon glyph=Glyph::Rail/>
                <span class="rail-word">"Fold menu"</span>
            </button>
        </nav>
    }
}

/// The places that the phone's bar has no room for.
#[component]
fn More(places: Vec<NavItem>, path: Signal<String>) -> impl IntoView {
    let menu = NodeRef::<Details>::new();
    closes_by_itself(menu);
    let inside = places.clone();
    let is_here = move || inside.iter().any(|item| item.is_current(&path.get()));
    view! {
        <details class="more" node_ref=menu>
            <summary class="nav-link" aria-current=move || is_here().then_some("true")>
                <Icon glyph=Glyph::More/>
                <span class="rail-word">"More"</span>
            </summary>
            <div class="more-sheet">
                {places.into_iter().map(|item| nav_link(item, path)).collect_view()}
            </div>
        </details>
    }
}

fn nav_link(item: NavItem, path: Signal<String>) -> impl IntoView {
    let place = item.clone();
    let on_hover = item.label.clone();
    view! {
        <a
            class="nav-link"
            href=item.href
            title=on_hover
            aria-current=move || place.is_current(&path.get()).then_some("page")
        >
            <Icon glyph=item.icon/>
            <span class="rail-word">{item.label}</span>
            {item.badge.map(|badge| view! { <span class="nav-badge num">{badge}</span> })}
        </a>
    }
}

fn crumb_list(crumbs: Vec<Crumb>) -> impl IntoView {
    view! {
        <ol>
            {crumbs
                .into_iter()
                .map(|crumb| match crumb.href {
                    Some(href) => {
                        view! { <li><a href=href>{crumb.label}</a></li> }.into_any()
                    }
                    None => view! { <li aria-current="page">{crumb.label}</li> }.into_any(),
                })
                .collect_view()}
        </ol>
    }
}

/// The product's mark: water over a wheel's paddles.
#[component]
pub(crate) fn Mark() -> impl IntoView {
    view! {
        <svg class="mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
            <rect class="mark-ground" width="24" height="24" rx="6"></rect>
            <path class="mark-water" d="M4 8.5h5.5c3 0 3.5 7 6.5 7h4"></path>
            <path class="mark-band" d="M4 13h3.500M4 17h6.500M16.5 7H20M14.5 11H20"></path>
        </svg>
    }
}

/// Who is logged in, with what they can set. A `<details>`, so it opens without JavaScript.
#[component]
pub fn UserMenu(
    /// Their name or address.
    #[prop(into)]
    name: String,
    /// What they may do: "administrator".
    #[prop(optional, into)]
    role: String,
    /// Links, switches, the form that logs out.
    children: Children,
) -> impl IntoView {
    let initial = name
        .chars()
        .next()
        .unwrap_or('?')
        .to_uppercase()
        .to_string();
    let menu = NodeRef::<Details>::new();
    closes_by_itself(menu);
    view! {
        <details class="menu" node_ref=menu>
            <summary aria-label=format!("Menu of {name}")>
                <span class="avatar" aria-hidden="true">
                    {initial}
                </span>
            </summary>
            <div class="menu-sheet">
                <p class="menu-who">
                    <strong>{name}</strong>
                    <span>{role}</span>
                </p>
                {children()}
            </div>
        </details>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_current_for_the_paths_below_it() {
        let series = NavItem::new("/series", "Series", Glyph::Chart);
        assert!(series.is_current("/series"));
        assert!(series.is_current("/series/7?from=1"));
        assert!(series.is_current("/series?q=x"));
        assert!(!series.is_current("/series-of-events"));
        let home = NavItem::new("/", "Runway", Glyph::Runway);
        assert!(home.is_current("/") && home.is_current("/?range=1d"));
        assert!(!home.is_current("/series"));
    }
}
