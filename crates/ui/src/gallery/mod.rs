//! Every component in every state, on one page: for screenshots and for looking at.
//!
//! All values are made up and fixed, so that two pictures of it differ only where the design does.

pub mod charts;
pub mod forms;
pub mod runway;
pub mod words;

use crate::badge::Tone;
use crate::button::{Button, ButtonKind};
use crate::command::{Palette, PaletteItem};
use crate::icon::{Glyph, Icon};
use crate::live::{Live, LiveMark};
use crate::page::{Banner, Card, PageHead};
use crate::preferences::{DensitySwitch, ThemeSwitch};
use crate::series_colour::palette;
use crate::shell::{Crumb, NavItem, Shell, UserMenu};
use leptos::prelude::*;

/// What "now" is in the gallery: Sat 21 Nov 2026, 09:00 UTC, in microseconds.
pub(crate) const NOW: i64 = 1_795_251_600_000_000;

/// The gallery inside a frame of its own: put it outside the pages' frame.
#[component]
pub fn Gallery() -> impl IntoView {
    let crumbs = vec![
        Crumb {
            label: "Design".to_owned(),
            href: Some("/gallery".to_owned()),
        },
        Crumb {
            label: "Gallery".to_owned(),
            href: None,
        },
    ];
    view! {
        <Shell
            nav=Signal::stored(places())
            path=Signal::stored("/".to_owned())
            crumbs=Signal::stored(crumbs)
            banner=banner
            status=|| view! { <LiveMark state=Live::Live/> }
            user=user
        >
            <PageHead
                title="Runway"
                lede="What runs out, breaks or goes over next, across the business and its machines."
                actions=|| view! { <Button icon=Glyph::Plus kind=ButtonKind::Primary>"Add data"</Button> }
            />
            <runway::RunwayGallery/>
            <charts::ChartGallery/>
            <words::WordsGallery/>
            <forms::FormGallery/>
            <Colours/>
            <Icons/>
        </Shell>
        <Palette items=Signal::stored(palette_items())/>
    }
}

fn places() -> Vec<NavItem> {
    let mut places = vec![
        NavItem::new("/", "Runway", Glyph::Runway),
        NavItem::new("/series", "Series", Glyph::Chart),
        NavItem::new("/sources", "Sources", Glyph::Sources),
        NavItem::new("/imports", "Import", Glyph::Import),
        NavItem::new("/settings", "Settings", Glyph::Settings),
    ];
    if let Some(runway) = places.first_mut() {
        runway.badge = Some("3".to_owned());
    }
    places
}

fn palette_items() -> Vec<PaletteItem> {
    places()
        .into_iter()
        .map(|place| PaletteItem {
            hint: "page".to_owned(),
            ..PaletteItem::new(place.href, place.label, place.icon)
        })
        .collect()
}

fn banner() -> impl IntoView {
    view! {
        <Banner>
            <span>"Demo data: a company that does not exist."</span>
            <Button kind=ButtonKind::Quiet small=true>"Remove it"</Button>
        </Banner>
    }
}

fn user() -> impl IntoView {
    let path = Signal::stored("/gallery".to_owned());
    view! {
        <UserMenu name="anna@alder-oak.example" role="administrator">
            <ThemeSwitch path=path/>
            <DensitySwitch path=path/>
            <form method="post" action="/auth/sign-out">
                <Button kind=ButtonKind::Quiet icon=Glyph::Leave>"Sign out"</Button>
            </form>
        </UserMenu>
    }
}

#[component]
fn Colours() -> impl IntoView {
    let tones = [
        "var(--accent)",
        "var(--good)",
        "var(--warning)",
        "var(--alert)",
        "var(--ink)",
        "var(--muted)",
    ];
    view! {
        <Card title="Colours" note="tones, then the eight of the series">
            <div class="gallery-swatches">
                {tones
                    .into_iter()
                    .chain(palette())
                    .map(|name| {
                        view! {
                            <svg class="gallery-swatch" width="100%" height="40" aria-hidden="true">
                                <rect width="100%" height="40" rx="4" fill=name></rect>
                            </svg>
                        }
                    })
                    .collect_view()}
            </div>
        </Card>
    }
}

#[component]
fn Icons() -> impl IntoView {
    view! {
        <Card title="Icons">
            <p class="gallery-icons">
                {Glyph::ALL
                    .iter()
                    .map(|&glyph| view! { <Icon glyph=glyph label=glyph.name() large=true/> })
                    .collect_view()}
            </p>
        </Card>
    }
}

/// All tones with their names.
pub(crate) const TONES: [(Tone, &str); 5] = [
    (Tone::Neutral, "Draft"),
    (Tone::Accent, "Running"),
    (Tone::Good, "Verified"),
    (Tone::Warning, "Soon"),
    (Tone::Alert, "Over"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_design_system_renders_without_a_style_attribute() {
        let html = Owner::new().with(|| view! { <Gallery/> }.to_html());
        assert!(
            !html.contains("style=\""),
            "an inline style needs `unsafe-inline`"
        );
        assert!(html.contains("runway-list") && html.contains("static-chart"));
    }

    #[test]
    fn no_id_occurs_twice() {
        let html = Owner::new().with(|| view! { <Gallery/> }.to_html());
        let mut ids: Vec<_> = html
            .split(" id=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        ids.sort_unstable();
        let twice: Vec<_> = ids.windows(2).filter(|pair| pair[0] == pair[1]).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }
}
