//! The pages.
//!
//! No cargo features, no cfg, no server crate: a page speaks to [`api::Services`] through server
//! functions, each one line long, and Leptos' own features decide which half is compiled.

#![expect(
    unreachable_pub,
    reason = "Leptos' macros make items of their own next to ours, as visible as these"
)]

mod account;
mod audit;
mod awaited;
mod board;
mod cache;
mod calendar;
mod cash;
mod database;
mod event;
mod factor;
mod finding;
mod frame;
mod imports;
mod incident;
mod job;
mod key;
mod live;
mod machine;
mod metrics;
mod model;
mod offer;
mod only;
pub mod parts;
mod passkey;
mod people;
mod problem;
pub mod range;
mod recording;
mod reorder;
mod role;
pub mod rpc;
mod runway;
mod scrape;
mod search;
mod secret;
mod series;
mod settings;
mod similar;
mod sources;
pub mod told;
pub mod trees;
mod welcome;
mod wire;

use leptos::prelude::*;
use leptos_meta::{HashedStylesheet, MetaTags, Title, provide_meta_context};
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::{SsrMode, path};
use ui::Preferences;

use crate::parts::{Charted, Lazily as _, Seldom};

/// The document around the pages.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    // Absent where routes are listed: there is no request then.
    let preferences = use_context::<Preferences>().unwrap_or_default();
    let since = use_context::<rpc::Since>().map(|since| since.0);
    view! {
        <!DOCTYPE html>
        <html
            lang="en"
            data-theme=preferences.theme
            data-density=preferences.density
            data-rail=preferences.rail
            data-since=since
        >
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="apple-touch-icon" href="/apple-touch-icon.png"/>
                <link rel="manifest" href="/manifest.webmanifest"/>
                <HashedStylesheet options=options.clone() id="leptos"/>
                <AutoReload options=options.clone()/>
                <HydrationScripts options/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// Every page.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    live::provide();
    ui::provide_toasts();
    view! {
        <Title formatter=|page: String| if page.is_empty() { "Millrace".to_owned() } else { format!("{page} · Millrace") }/>
        <Router>
            <Routes fallback=problem::NoSuchPage>
                <Route path=path!("/login") view=Seldom::LogIn.route() ssr=SsrMode::Async/>
                <Route path=path!("/setup") view=Seldom::SetUp.route() ssr=SsrMode::Async/>
                <Route path=path!("/login/step") view=Seldom::Step.route() ssr=SsrMode::Async/>
                <Route path=path!("/invite") view=Seldom::Invite.route() ssr=SsrMode::Async/>
                <Route path=path!("/gallery") view=Seldom::Gallery.route() ssr=SsrMode::Async/>
                <ParentRoute path=path!("") view=frame::Frame ssr=SsrMode::Async>
                    <Route path=path!("/") view=runway::RunwayPage ssr=SsrMode::Async/>
                    <Route path=path!("/welcome") view=Seldom::Welcome.route() ssr=SsrMode::Async/>
                    <Route path=path!("/series") view=Charted::List.route() ssr=SsrMode::Async/>
                    <Route path=path!("/series/:id") view=Charted::Detail.route() ssr=SsrMode::Async/>
                    <Route path=path!("/similar/:id") view=Seldom::Similar.route() ssr=SsrMode::Async/>
                    <Route path=path!("/findings") view=Seldom::Findings.route() ssr=SsrMode::Async/>
                    <Route path=path!("/machines") view=Seldom::Machines.route() ssr=SsrMode::Async/>
                    <Route path=path!("/boards") view=Seldom::Boards.route() ssr=SsrMode::Async/>
                    <Route path=path!("/boards/:kind") view=Seldom::Board.route() ssr=SsrMode::Async/>
                    <Route path=path!("/explore") view=Seldom::Explore.route() ssr=SsrMode::Async/>
                    <Route path=path!("/explore/watch") view=Seldom::Watch.route() ssr=SsrMode::Async/>
                    <Route path=path!("/sources") view=Seldom::Sources.route() ssr=SsrMode::Async/>
                    <Route path=path!("/sources/scrape") view=Seldom::Scrape.route() ssr=SsrMode::Async/>
                    <Route path=path!("/imports") view=Seldom::Imports.route() ssr=SsrMode::Async/>
                    <Route path=path!("/imports/:id") view=Seldom::Import.route() ssr=SsrMode::Async/>
                    <Route path=path!("/models") view=Seldom::Models.route() ssr=SsrMode::Async/>
                    <Route path=path!("/calendar") view=Seldom::Calendar.route() ssr=SsrMode::Async/>
                    <Route path=path!("/calendar/entry") view=Seldom::CalendarEntry.route() ssr=SsrMode::Async/>
                    <Route path=path!("/cash") view=Seldom::Cash.route() ssr=SsrMode::Async/>
                    <Route path=path!("/reorders") view=Seldom::Reorders.route() ssr=SsrMode::Async/>
                    <Route path=path!("/reorders/:id") view=Seldom::Reorder.route() ssr=SsrMode::Async/>
                    <Route path=path!("/jobs") view=Seldom::Jobs.route() ssr=SsrMode::Async/>
                    <Route path=path!("/account") view=Seldom::Account.route() ssr=SsrMode::Async/>
                    <Route path=path!("/account/authenticator") view=Seldom::Authenticator.route() ssr=SsrMode::Async/>
                    <Route path=path!("/people") view=Seldom::People.route() ssr=SsrMode::Async/>
                    <Route path=path!("/people/roles") view=Seldom::Roles.route() ssr=SsrMode::Async/>
                    <Route path=path!("/audit") view=Seldom::Audit.route() ssr=SsrMode::Async/>
                    <Route path=path!("/settings") view=Seldom::Settings.route() ssr=SsrMode::Async/>
                </ParentRoute>
            </Routes>
        </Router>
    }
}

/// The design system on one page, for those who build it.
#[component]
fn Gallery() -> impl IntoView {
    view! {
        <Title text="Gallery"/>
        <ui::Gallery/>
    }
}
