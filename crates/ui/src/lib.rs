//! The design system: what every page is made of. Leptos only.
//!
//! Plain values in, markup out. It knows none of our other crates, reads no clock, no locale and no
//! time zone while rendering, and writes no `style` attribute, so that the server's page and the
//! browser's are the same under a strict content policy.
//! Colours, type and spacing live in `style/`; components name classes only.
#![expect(clippy::needless_pass_by_value, reason = "a component owns its props")]

pub mod badge;
pub mod button;
pub mod chart;
pub mod code;
pub mod command;
pub mod form;
pub mod gallery;
pub mod icon;
pub mod live;
mod options;
pub mod page;
pub mod preferences;
pub mod runway;
pub mod series_colour;
pub mod shell;
pub mod spark;
pub mod static_chart;
pub mod static_lines;
pub mod table;
pub mod text;
pub mod time;
pub mod toast;
mod unfold;

pub use badge::{Badge, Kbd, Tone};
pub use button::{Button, ButtonKind, ButtonLink};
pub use chart::{BAND_80, BAND_95, Chart, ECHARTS_URL, Numbers, PLOT_SIDES, Points};
pub use code::Code;
pub use command::{PALETTE_ID, Palette, PaletteItem, SearchButton};
pub use form::{Checkbox, Field, FileInput, Input, Select, SelectOption, Textarea};
pub use gallery::Gallery;
pub use icon::{Glyph, Icon};
pub use live::{Live, LiveMark};
pub use page::{
    Banner, Card, Empty, Notice, PageHead, Progress, Segment, Segmented, Skeleton, Tabs,
};
pub use preferences::{DensitySwitch, Preferences, ThemeSwitch};
pub use runway::{
    AXIS_TICKS, Reach, Room, Runway, RunwayAxis, RunwayStrip, Strip, StripAction, StripView, Tick,
    axis_position, reach_text,
};
pub use series_colour::{palette, series_colour, series_colour_index};
pub use shell::{Crumb, NavItem, Shell, UserMenu};
pub use spark::Sparkline;
pub use static_chart::{ChartPoint, DataTable, StaticChart};
pub use static_lines::{StaticLine, StaticLines, line_class};
pub use table::{Align, Column, Table};
pub use text::{
    Money, Number, UNKNOWN, likely_text, money_short, money_text, money_whole, number_text,
    range_text, span_text,
};
pub use time::{When, WhenForm, relative_text, utc_date_text, utc_day_text, utc_iso, utc_text};
pub use toast::{Toast, ToastAction, ToastRegion, Toasts, provide_toasts, use_toasts};
