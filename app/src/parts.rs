//! Which code the browser fetches when. The frame and the Runway are in the first file of
//! WebAssembly; the pages with charts are a part of their own, and so is what is seldom opened.
//!
//! Two parts and not one for each page: what pages share would be cut into a file for each set of
//! pages that share it, and a hundred small files cost more than they save.
//!
//! Leptos' own `LazyRoute` needs `hydrate_lazy`, which loses its place in our pages (ADR 6).
//! Here [`load`] fetches the part of the first page before anything is hydrated, so that hydrating
//! stays the ordinary walk; later pages show a placeholder until their part is there.

use std::future::Future;

use futures::FutureExt as _;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::wasm_split::{SplitLoaderError, wasm_split};
use leptos::web_sys;
use ui::{Card, Skeleton};

use crate::{
    account, audit, board, calendar, cash, factor, finding, imports, job, machine, metrics, model,
    people, recording, reorder, role, scrape, series, settings, similar, sources, welcome,
};

/// The file of a part could not be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a part of the program could not be loaded")]
pub struct NotLoaded;

impl From<SplitLoaderError> for NotLoaded {
    fn from(_: SplitLoaderError) -> Self {
        Self
    }
}

/// A page, where its part could be fetched.
pub type Page = Result<AnyView, NotLoaded>;

/// A page whose part is there; the other case stands in what `wasm_split` writes.
pub const fn fetched(view: AnyView) -> Page {
    Ok(view)
}

/// Where numbers are looked at closely.
#[derive(Clone, Copy, Debug)]
pub enum Charted {
    /// Every series.
    List,
    /// One series.
    Detail,
}

/// What a person opens now and then.
#[derive(Clone, Copy, Debug)]
pub enum Seldom {
    /// Signing in.
    LogIn,
    /// The first account.
    SetUp,
    /// The second step of signing in.
    Step,
    /// Taking an invitation up.
    Invite,
    /// Oneself.
    Account,
    /// Setting an authenticator up.
    Authenticator,
    /// Who can sign in.
    People,
    /// What they may do.
    Roles,
    /// Where data comes from, when there is none yet.
    Welcome,
    /// What sends samples.
    Sources,
    /// What is scraped.
    Scrape,
    /// Files that were read.
    Imports,
    /// One of them.
    Import,
    /// People, keys and choices.
    Settings,
    /// Who did what.
    Audit,
    /// What was unusual.
    Findings,
    /// How well machines are.
    Machines,
    /// Ready-made charts.
    Boards,
    /// One board.
    Board,
    /// PromQL.
    Explore,
    /// What forecasts are made with.
    Models,
    /// Holidays and promotions.
    Calendar,
    /// One of them.
    CalendarEntry,
    /// The company's cash.
    Cash,
    /// What to order.
    Reorders,
    /// One stock of it.
    Reorder,
    /// Work beside the pages.
    Jobs,
    /// An expression that is watched.
    Watch,
    /// What a series did before when it went as it does now.
    Similar,
    /// The design system.
    Gallery,
}

#[wasm_split(charted, wasm_split_path = ::leptos::wasm_split, preload(load_charted), fallible)]
fn charted(page: Charted) -> Page {
    fetched(match page {
        Charted::List => series::SeriesList().into_any(),
        Charted::Detail => series::SeriesDetail().into_any(),
    })
}

#[wasm_split(seldom, wasm_split_path = ::leptos::wasm_split, preload(load_seldom), fallible)]
fn seldom(page: Seldom) -> Page {
    fetched(match page {
        Seldom::LogIn => account::LogIn().into_any(),
        Seldom::SetUp => account::SetUpPage().into_any(),
        Seldom::Step => factor::StepPage().into_any(),
        Seldom::Invite => people::InvitePage().into_any(),
        Seldom::Account => account::AccountPage().into_any(),
        Seldom::Authenticator => factor::AuthenticatorPage().into_any(),
        Seldom::People => people::PeoplePage().into_any(),
        Seldom::Roles => role::RolesPage().into_any(),
        Seldom::Welcome => welcome::Welcome().into_any(),
        Seldom::Sources => sources::SourcesPage().into_any(),
        Seldom::Scrape => scrape::ScrapePage().into_any(),
        Seldom::Imports => imports::ImportList().into_any(),
        Seldom::Import => imports::ImportDetail().into_any(),
        Seldom::Settings => settings::SettingsPage().into_any(),
        Seldom::Audit => audit::AuditPage().into_any(),
        Seldom::Findings => finding::FindingsPage().into_any(),
        Seldom::Machines => machine::MachinesPage().into_any(),
        Seldom::Boards => board::BoardsPage().into_any(),
        Seldom::Board => board::BoardPage().into_any(),
        Seldom::Explore => metrics::Explore().into_any(),
        Seldom::Models => model::ModelsPage().into_any(),
        Seldom::Calendar => calendar::CalendarPage().into_any(),
        Seldom::CalendarEntry => calendar::EntryPage().into_any(),
        Seldom::Cash => cash::CashPage().into_any(),
        Seldom::Reorders => reorder::ReordersPage().into_any(),
        Seldom::Reorder => reorder::ReorderPage().into_any(),
        Seldom::Jobs => job::JobsPage().into_any(),
        Seldom::Watch => recording::RecordingPage().into_any(),
        Seldom::Similar => similar::SimilarPage().into_any(),
        Seldom::Gallery => crate::Gallery().into_any(),
    })
}

/// A page out of a part, as a route takes it.
pub trait Lazily: Copy + Send + Sync + 'static {
    /// The part's name in the manifest of the build.
    const PART: &'static str;

    /// Fetches the part.
    fn load() -> impl Future<Output = Result<(), NotLoaded>> + 'static;

    /// Makes the page; at once where the part is there.
    fn page(self) -> impl Future<Output = Page>;

    /// The view of a route.
    fn route(self) -> impl Fn() -> AnyView + Clone + Send + Sync + 'static {
        move || {
            leptos::prefetch_lazy_fn_on_server(Self::PART);
            // Always so on the server, and in the browser where the part was loaded before.
            if let Some(Ok(view)) = self.page().now_or_never() {
                return view;
            }
            let arrived = arrival(Self::load());
            let view = move || {
                let page = arrived.get().then(|| self.page().now_or_never());
                page.flatten()
                    .and_then(Result::ok)
                    .unwrap_or_else(|| view! { <Card><Skeleton block=true/></Card> }.into_any())
            };
            view.into_any()
        }
    }
}

impl Lazily for Charted {
    const PART: &'static str = "charted";

    async fn load() -> Result<(), NotLoaded> {
        Ok(load_charted().await?)
    }

    async fn page(self) -> Page {
        charted(self).await
    }
}

impl Lazily for Seldom {
    const PART: &'static str = "seldom";

    async fn load() -> Result<(), NotLoaded> {
        Ok(load_seldom().await?)
    }

    async fn page(self) -> Page {
        seldom(self).await
    }
}

/// Loads the page as the browser's own button does.
pub fn load_anew() {
    if let Some(window) = web_sys::window() {
        let _ = window.location().reload();
    }
}

/// Turns true when a part has arrived.
fn arrival(load: impl Future<Output = Result<(), NotLoaded>> + 'static) -> ReadSignal<bool> {
    let (arrived, set_arrived) = signal(false);
    spawn_local(async move {
        if load.await.is_ok() {
            // Somebody may have gone on meanwhile.
            set_arrived.try_set(true);
        } else {
            // The server has a newer program with files of other names, or cannot be reached:
            // as a new page this one either works or says what is wrong.
            load_anew();
        }
    });
    arrived
}

/// The parts that pages are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Charted,
    Seldom,
}

/// Which part the page at `path` is in; none of those that are in the first file.
fn part(path: &str) -> Option<Part> {
    match path.split('/').nth(1).unwrap_or_default() {
        "series" => Some(Part::Charted),
        "login" | "setup" | "invite" | "account" | "people" | "welcome" | "sources" | "imports"
        | "settings" | "boards" | "explore" | "machines" | "audit" | "findings" | "models"
        | "calendar" | "reorders" | "cash" | "jobs" | "similar" | "gallery" => Some(Part::Seldom),
        _ => None,
    }
}

/// Fetches the part that the page at `path` is in, so that hydrating finds it there.
///
/// # Errors
/// Where its file could not be fetched: the page then stays as the server sent it.
pub async fn load(path: &str) -> Result<(), NotLoaded> {
    match part(path) {
        Some(Part::Charted) => Charted::load().await,
        Some(Part::Seldom) => Seldom::load().await,
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hydrating a page whose part is not there ends the browser's half.
    #[test]
    fn each_page_is_looked_for_in_the_part_that_its_route_names() {
        let routes = include_str!("lib.rs").split("path!(\"").skip(1);
        let mut seen = 0;
        for route in routes {
            let (path, rest) = route.split_once('"').unwrap();
            let view = rest.split_once("view=").map_or("", |(_, view)| view);
            let named = if view.starts_with("Charted::") {
                Some(Part::Charted)
            } else if view.starts_with("Seldom::") {
                Some(Part::Seldom)
            } else {
                None
            };
            assert_eq!(part(path), named, "{path}");
            seen += 1;
        }
        assert!(seen > 20, "{seen}");
    }
}
