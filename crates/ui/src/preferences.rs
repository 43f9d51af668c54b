//! Theme, density and the folded rail: kept in cookies, so that the server writes them on `<html>`
//! and nothing flashes.
//!
//! The switches hold no state of their own. `<html data-theme data-density data-rail>` is the state;
//! style sheets mark the chosen one, and an Effect says it to screen readers. Without JavaScript
//! each choice is a link to `/theme?to=…&back=…` or `/density?to=…&back=…`, which sets the cookie.

use crate::icon::{Glyph, Icon};
use leptos::html::Nav;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// How the names of our cookies begin.
const OURS: &str = "millrace_";
/// What stands before them on an encrypted way: the browser then takes them from this host only.
const HOST: &str = "__Host-";

/// What a browser remembers, as the attributes of `<html>`; none where the default holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// `data-theme`: "light" or "dark"; none follows the system.
    pub theme: Option<String>,
    /// `data-density`: "compact"; none is comfortable.
    pub density: Option<String>,
    /// `data-rail`: "narrow"; none is wide.
    pub rail: Option<String>,
}

impl Preferences {
    /// Reads a `Cookie` header. Values nobody offers are ignored, so that they never reach markup.
    ///
    /// The prefix of an encrypted way is read too: a proxy may end the encryption without the server
    /// knowing, and the browser's half then names its cookies by what it sees.
    pub fn from_cookies(header: &str) -> Self {
        let one_of = |name: &str, allowed: &[&str]| {
            header
                .split(';')
                .filter_map(|pair| pair.trim().split_once('='))
                .map(|(key, value)| (key.strip_prefix(HOST).unwrap_or(key), value))
                .filter(|(key, value)| {
                    key.strip_prefix(OURS) == Some(name) && allowed.contains(value)
                })
                .map(|(_, value)| value.to_owned())
                .next_back()
        };
        Self {
            theme: one_of("theme", &["light", "dark"]),
            density: one_of("density", &["compact"]),
            rail: one_of("rail", &["narrow"]),
        }
    }
}

/// Light, dark or the system's.
#[component]
pub fn ThemeSwitch(
    /// The path of this page, to come back to without JavaScript.
    #[prop(into)]
    path: Signal<String>,
) -> impl IntoView {
    let choices = [
        ("system", "System", Glyph::Screen),
        ("light", "Light", Glyph::Sun),
        ("dark", "Dark", Glyph::Moon),
    ];
    view! { <Switch name="theme" label="Theme" choices=choices.to_vec() path=path/> }
}

/// Comfortable or compact.
#[component]
pub fn DensitySwitch(
    /// The path of this page, to come back to without JavaScript.
    #[prop(into)]
    path: Signal<String>,
) -> impl IntoView {
    let choices = [
        ("comfortable", "Comfortable", Glyph::Menu),
        ("compact", "Compact", Glyph::Table),
    ];
    view! { <Switch name="density" label="Density" choices=choices.to_vec() path=path/> }
}

#[component]
fn Switch(
    name: &'static str,
    label: &'static str,
    /// Value, words, icon; the first is the default.
    choices: Vec<(&'static str, &'static str, Glyph)>,
    path: Signal<String>,
) -> impl IntoView {
    let nav = NodeRef::<Nav>::new();
    let default = choices.first().map_or("", |choice| choice.0);
    Effect::new(move || {
        if nav.get().is_some() {
            say_current(name, default);
        }
    });
    let choose = move |event: leptos::ev::MouseEvent, value: &'static str| {
        event.prevent_default();
        remember(name, (value != default).then_some(value));
        say_current(name, default);
    };
    view! {
        <nav class=format!("segmented switch switch-{name}") aria-label=label node_ref=nav>
            {choices
                .into_iter()
                .map(|(value, words, glyph)| {
                    view! {
                        // External: the router must not look for a page of that name.
                        <a
                            href=move || {
                                format!("/{name}?to={value}&back={}", encoded(&path.get()))
                            }
                            rel="external nofollow"
                            data-to=value
                            title=words
                            on:click=move |event| choose(event, value)
                        >
                            <Icon glyph=glyph/>
                            <span>{words}</span>
                        </a>
                    }
                })
                .collect_view()}
        </nav>
    }
}

/// Sets `data-<name>` on `<html>` and a cookie for a year; none takes both away. Browser only.
pub(crate) fn remember(name: &str, value: Option<&str>) {
    let document = document();
    let attribute = format!("data-{name}");
    if let Some(root) = document.document_element() {
        // The browser refuses neither: the names are ours.
        let _ = match value {
            Some(value) => root.set_attribute(&attribute, value),
            None => root.remove_attribute(&attribute),
        };
    }
    if let Ok(document) = document.dyn_into::<web_sys::HtmlDocument>() {
        let (value, age) = value.map_or(("", 0), |value| (value, 31_536_000));
        let is_encrypted = window().location().protocol().as_deref() == Ok("https:");
        let (host, secure) = if is_encrypted {
            (HOST, "; Secure")
        } else {
            ("", "")
        };
        let _ = document.set_cookie(&format!(
            "{host}{OURS}{name}={value}; Path=/; Max-Age={age}; SameSite=Lax{secure}"
        ));
    }
}

/// What `<html data-<name>>` says. Browser only.
pub(crate) fn remembered(name: &str) -> Option<String> {
    document()
        .document_element()?
        .get_attribute(&format!("data-{name}"))
}

/// Says it in every switch of that name: the menu has one, and a page may have another.
fn say_current(name: &str, default: &str) {
    let current = remembered(name).unwrap_or_else(|| default.to_owned());
    let Ok(links) = document().query_selector_all(&format!(".switch-{name} a")) else {
        return;
    };
    for link in (0..links.length()).filter_map(|index| links.get(index)) {
        if let Ok(link) = link.dyn_into::<web_sys::Element>() {
            let is_current = link.get_attribute("data-to").as_deref() == Some(current.as_str());
            let _ = if is_current {
                link.set_attribute("aria-current", "true")
            } else {
                link.remove_attribute("aria-current")
            };
        }
    }
}

/// A path as a value in a query string.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_are_read_from_cookies() {
        let read = Preferences::from_cookies(
            "millrace_session=x; millrace_theme=dark;millrace_density=compact; __Host-millrace_rail=narrow",
        );
        assert_eq!(read.theme.as_deref(), Some("dark"));
        assert_eq!(read.density.as_deref(), Some("compact"));
        assert_eq!(read.rail.as_deref(), Some("narrow"));
    }

    #[test]
    fn a_cookie_that_nobody_offers_is_ignored() {
        assert_eq!(
            Preferences::from_cookies(
                "millrace_theme=\"><script>; millrace_density=huge; millrace_rail; rail=narrow"
            ),
            Preferences::default()
        );
    }

    #[test]
    fn a_path_goes_into_a_query_without_breaking_it() {
        assert_eq!(
            encoded("/series?q=a b&r=é"),
            "/series%3Fq%3Da%20b%26r%3D%C3%A9"
        );
    }
}
