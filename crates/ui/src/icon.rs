//! The icon set: drawn on 20 × 20, strokes of 1.5, in the colour of the text around them.

use leptos::prelude::*;

macro_rules! glyphs {
    ($($(#[$doc:meta])* $name:ident = $path:literal;)*) => {
        /// Which icon.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Glyph { $($(#[$doc])* $name,)* }

        impl Glyph {
            /// All of them, for the gallery.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name. Not by `Debug`, which the browser's half is built without.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            fn path(self) -> &'static str {
                match self { $(Self::$name => $path,)* }
            }
        }
    };
}

glyphs! {
    /// The home page.
    Runway = "M3 5.5h6M3 10h10M3 14.5h14M12 4v3M16 8.5v3";
    /// Series and charts.
    Chart = "M3 3v14h14M6 13l3.5-4 2.5 2L17 5.5";
    /// Where data comes from.
    Sources = "M10 3c3.9 0 7 1.1 7 2.5S13.9 8 10 8 3 6.9 3 5.5 6.1 3 10 3ZM3 5.500v9C3 15.9 6.1 17 10 17s7-1.1 7-2.500v-9M3 10c0 1.4 3.1 2.5 7 2.500s7-1.1 7-2.5";
    /// Bring a file in.
    Import = "M10 3v9M6.5 8.5 10 12l3.5-3.500M3 13.500V16a1 1 0 0 0 1 1h12a1 1 0 0 0 1-1v-2.5";
    /// Preferences.
    Settings = "M3 6h8M15 6h2M3 14h2M9 14h8M13 4a2 2 0 1 1 0 4 2 2 0 0 1 0-4ZM7 12a2 2 0 1 1 0 4 2 2 0 0 1 0-4Z";
    /// A person.
    User = "M10 3a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7ZM3.5 17c.5-3 3-4.5 6.5-4.500s6 1.5 6.5 4.5";
    /// Find.
    Search = "M9 3.500a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11ZM13 13l4 4";
    /// Light theme.
    Sun = "M10 6.500a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7ZM10 2v1.500M10 16.500V18M2 10h1.500M16.5 10H18M4.3 4.300l1.1 1.100M14.6 14.600l1.1 1.100M4.3 15.700l1.1-1.100M14.6 5.400l1.1-1.1";
    /// Dark theme.
    Moon = "M16.5 12A7 7 0 0 1 8 3.500a7 7 0 1 0 8.5 8.500Z";
    /// The system's theme.
    Screen = "M3 4h14v9.500H3ZM7.5 17h5M10 13.500V17";
    /// Fold or unfold.
    Menu = "M3 5.500h14M3 10h14M3 14.500h14";
    /// The rail.
    Rail = "M3 4h14v12H3ZM8 4v12";
    /// Add.
    Plus = "M10 4v12M4 10h12";
    /// Something is wrong.
    Alert = "M10 3 18 16.500H2ZM10 8v4M10 14.200v.1";
    /// Worth knowing.
    Info = "M10 2.500a7.5 7.5 0 1 1 0 15 7.5 7.5 0 0 1 0-15ZM10 9.500V14M10 6.400v.1";
    /// Done, as it should be.
    Check = "M4 10.5 8 14.5 16 5.5";
    /// Close.
    Cross = "M5 5l10 10M15 5 5 15";
    /// Take away as a file.
    Download = "M10 3v9M6.5 8.5 10 12l3.5-3.500M4 16.500h12";
    /// Read again.
    Refresh = "M16.5 10a6.5 6.5 0 1 1-2-4.700M16.5 3v3.500H13";
    /// Delete.
    Trash = "M3.5 5.500h13M8 5.500V3.500h4v2M5 5.500l.8 11h8.400l.8-11M8.5 8.500v5M11.5 8.500v5";
    /// A secret.
    Key = "M7 9a4 4 0 1 1 0 8 4 4 0 0 1 0-8ZM10 10.500l6.5-6.500M13.5 7l2.5 2.5";
    /// Power, a run.
    Bolt = "M11 2.5 4.5 11.500H10L9 17.500l6.5-9H10Z";
    /// Stock.
    Box = "M10 2.5 17 6v8l-7 3.500L3 14V6ZM3 6l7 3.500L17 6M10 9.500v8";
    /// A machine.
    Server = "M3 4h14v5H3ZM3 11h14v5H3ZM6 6.500v.1M6 13.500v.1";
    /// Money.
    Cash = "M2.5 5h15v10h-15ZM10 7.500a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5ZM5 7.500v.1M15 12.500v.1";
    /// What is bought.
    Cart = "M2.5 3.500h2l2 9h8l2-6.500H5.500M8 16.200v.1M13.5 16.200v.1";
    /// The cloud.
    Cloud = "M6 15.500a3.5 3.5 0 0 1-.4-7 4.8 4.8 0 0 1 9.2 1A3 3 0 0 1 14.5 15.500Z";
    /// Next, open.
    Right = "M8 5l5 5-5 5";
    /// Unfold.
    Down = "M5 8l5 5 5-5";
    /// Leaves this place.
    Out = "M8 4H4v12h12v-4M11 4h5v5M16 4l-7 7";
    /// Time.
    Clock = "M10 2.500a7.5 7.5 0 1 1 0 15 7.5 7.5 0 0 1 0-15ZM10 6v4l2.5 2";
    /// Days.
    Calendar = "M3 5h14v12H3ZM3 9h14M7 3v4M13 3v4";
    /// A table of rows.
    Table = "M3 4h14v12H3ZM3 8h14M3 12h14M8 8v8";
    /// Copy.
    Copy = "M7 7h9v9H7ZM13 7V4H4v9h3";
    /// Change.
    Edit = "M4 16l.8-3.200L13 4.600a1.4 1.4 0 0 1 2 0l.4.4a1.4 1.4 0 0 1 0 2L7.2 15.200ZM11.5 6l2.5 2.5";
    /// Narrow down.
    Filter = "M3 4.500h14L12 10.500V16l-4-2v-3.500Z";
    /// More.
    More = "M4.5 9.3h1v1.4h-1ZM9.5 9.3h1v1.4h-1ZM14.5 9.3h1v1.4h-1Z";
    /// A record of what was done.
    Log = "M5 3h10v14H5ZM7.5 7h5M7.5 10h5M7.5 13h3";
    /// Go out.
    Leave = "M12 4H4v12h8M9 10h8M14 7l3 3-3 3";
}

/// An icon. Decoration unless it has a label.
#[component]
pub fn Icon(
    /// Which one.
    #[prop(into)]
    glyph: Signal<Glyph>,
    /// What it says to someone who cannot see it; without, it is hidden from them.
    #[prop(optional, into)]
    label: Option<String>,
    /// Larger, for empty states.
    #[prop(optional)]
    large: bool,
) -> impl IntoView {
    view! {
        <svg
            class=if large { "icon icon-large" } else { "icon" }
            viewBox="0 0 20 20"
            role=label.is_some().then_some("img")
            aria-hidden=label.is_none().then_some("true")
            aria-label=label
        >
            <path d=move || glyph.get().path()></path>
        </svg>
    }
}
