//! What stands around every page once somebody is signed in.

use api::{DemoState, Topic};
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos::web_sys;
use leptos_router::components::Outlet;
use leptos_router::hooks::use_location;
use serde::{Deserialize, Serialize};
use ui::{
    Banner, Button, ButtonKind, DensitySwitch, Glyph, LiveMark, NavItem, Shell, ThemeSwitch,
    ToastRegion, UserMenu,
};

use crate::awaited::awaited;
use crate::live;
use crate::problem::Problem;
use crate::rpc;
use crate::search::Search;
use crate::wire::{self, Outdated};

/// What every page shows of the person and the installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a thing that pages show or hide"
)]
pub struct Session {
    /// The address they signed in with.
    pub email: String,
    /// What their role is called.
    pub role: String,
    /// Whether they may see what is watched.
    pub may_read: bool,
    /// Whether they may change things; pages hide what they may not.
    pub may_write: bool,
    /// Whether they may see the audit log.
    pub may_audit: bool,
    /// Whether they may see people, roles and keys.
    pub may_look_after: bool,
    /// Whether they may change people, roles and keys.
    pub may_manage: bool,
    /// Whether the demo company is there.
    pub demo: DemoState,
    /// The address that the server is set up for, without a slash at the end.
    pub public: String,
}

/// The address under which this page was opened. Of the server's own one until the browser says:
/// it may be reached under others.
pub fn own_address(public: String) -> RwSignal<String> {
    let address = RwSignal::new(public);
    Effect::new(move || {
        let origin = web_sys::window().and_then(|window| window.location().origin().ok());
        if let Some(origin) = origin {
            address.set(origin);
        }
    });
    address
}

/// Who is signed in, and to what.
#[server(input = GetUrl, output = Postcard)]
pub async fn load_session() -> rpc::Answer<Session> {
    let (services, caller) = rpc::ctx()?;
    let me = services.accounts.me(&caller).await?;
    let may = me.role.permissions();
    let holds = |permission| may.contains(&permission);
    // A role of one's own may be one that sees nothing of this.
    let may_read = holds(api::Permission::MonitoringRead);
    let demo = if may_read {
        services.demo.state(&caller).await?
    } else {
        DemoState::Absent
    };
    Ok(Session {
        email: me.email,
        role: me.role.name().to_owned(),
        may_read,
        may_write: holds(api::Permission::MonitoringWrite),
        may_audit: holds(api::Permission::AuditRead),
        may_look_after: holds(api::Permission::AccessRead),
        may_manage: holds(api::Permission::AccessWrite),
        demo,
        public: rpc::here().public,
    })
}

/// Removes the demo company.
#[server(output = Postcard)]
pub async fn remove_demo() -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    Ok(services.demo.remove(&caller).await?)
}

/// Makes the demo company and goes to the Runway.
#[server(output = Postcard)]
pub async fn start_demo() -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    services.demo.start(&caller).await?;
    rpc::redirect("/");
    Ok(())
}

/// The signed-in person's session, as pages below the frame read it.
#[derive(Clone, Copy)]
pub struct SessionContext(pub wire::Loaded<Session>);

/// The frame around the pages.
#[component]
pub fn Frame() -> impl IntoView {
    let stream = live::live();
    let location = use_location();
    let (pathname, search) = (location.pathname, location.search);
    let outdated = Outdated::provide();
    // The same on every page, so that it stays from one to the next.
    let session = wire::load(move || stream.version(Topic::Demo), |_| load_session());
    provide_context(SessionContext(session));
    outdated.by_page(Memo::new(move |_| {
        format!("{}?{}", pathname.get(), search.get())
    }));
    Effect::new(live::open);
    let path = Signal::derive(move || pathname.get());
    view! {
        <Shell
            nav=Signal::stored(places())
            path=path
            banner=move || view! { <DemoBanner session/> }
            status=move || view! { <LiveMark state=stream.mark/> }
            user=move || view! { <Person session path/> }
        >
            {move || outdated.why().map(|failure| view! { <Problem failure still_shown=true/> })}
            <Outlet/>
        </Shell>
        <Search path/>
        <ToastRegion/>
    }
}

/// The places of the rail. Five have room in a phone's bar; the others unfold from its end.
pub fn places() -> Vec<NavItem> {
    let first = ["/", "/series", "/explore", "/sources", "/imports"];
    [
        ("/", "Runway", Glyph::Runway),
        ("/series", "Series", Glyph::Chart),
        ("/reorders", "Purchasing", Glyph::Cart),
        ("/cash", "Cash", Glyph::Cash),
        ("/machines", "Machines", Glyph::Server),
        ("/boards", "Boards", Glyph::Chart),
        ("/explore", "Explore", Glyph::Search),
        ("/sources", "Sources", Glyph::Sources),
        ("/imports", "Import", Glyph::Import),
        ("/models", "Models", Glyph::Box),
        ("/calendar", "Calendar", Glyph::Calendar),
        ("/jobs", "Jobs", Glyph::Clock),
        ("/settings", "Settings", Glyph::Settings),
    ]
    .into_iter()
    .map(|(href, label, icon)| NavItem {
        phone: first.contains(&href),
        ..NavItem::new(href, label, icon)
    })
    .collect()
}

#[component]
fn DemoBanner(session: wire::Loaded<Session>) -> impl IntoView {
    let remove = ServerAction::<RemoveDemo>::new();
    view! {
        <Transition>
            {awaited(move || async move {
                let session = session.await.ok()?;
                let may_write = session.may_write;
                match session.demo {
                    DemoState::Absent => None,
                    DemoState::Loading => {
                        Some(view! { <Banner><span>"The demo company is being made…"</span></Banner> }.into_any())
                    }
                    DemoState::Present => {
                        Some(
                            view! {
                                <Banner>
                                    <span>"Demo data: Alder & Oak, a company that does not exist."</span>
                                    {may_write
                                        .then(|| {
                                            view! {
                                                <ActionForm action=remove>
                                                    <Button kind=ButtonKind::Quiet small=true busy=remove.pending()>
                                                        "Remove it"
                                                    </Button>
                                                </ActionForm>
                                            }
                                        })}
                                </Banner>
                            }
                                .into_any(),
                        )
                    }
                }
            })}
        </Transition>
    }
}

#[component]
fn Person(session: wire::Loaded<Session>, path: Signal<String>) -> impl IntoView {
    view! {
        <Transition>
            {awaited(move || async move {
                match session.await {
                    Ok(session) => {
                        let may_audit = session.may_audit;
                        view! {
                            <UserMenu name=session.email role=session.role>
                                <a href="/account">"Your account"</a>
                                {may_audit.then(|| view! { <a href="/audit">"Audit log"</a> })}
                                <ThemeSwitch path/>
                                <DensitySwitch path/>
                                <form method="post" action="/auth/sign-out">
                                    <Button kind=ButtonKind::Quiet>"Sign out"</Button>
                                </form>
                            </UserMenu>
                        }
                            .into_any()
                    }
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Transition>
    }
}
