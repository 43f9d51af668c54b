//! What a page shows of what it waits for.

use std::future::Future;
use std::pin::Pin;

use leptos::prelude::*;
use leptos::tachys::reactive_graph::OwnedView;

type Wait = Pin<Box<dyn Future<Output = AnyView> + Send>>;

/// Shows the view that a future makes, inside a `Transition` or a `Suspense`, and anew whenever what it
/// read has changed.
///
/// While new data are awaited the old view stays, and so does all that was made with it: signals, effects
/// and actions end when the next view takes its place. In a bare `Suspend` they end with the wait's
/// beginning, and whatever reads one of them until its end ends the page's program.
///
/// Boxed, so that what waits and shows is compiled once and not for each page.
pub fn awaited<F>(
    make: impl Fn() -> F + Send + 'static,
) -> impl Fn() -> Suspend<OwnedView<AnyView>> + Send
where
    F: Future<Output: IntoView + 'static> + Send + 'static,
{
    kept(Box::new(move || {
        let view = make();
        Box::pin(async move { view.await.into_any() })
    }))
}

fn kept(make: Box<dyn Fn() -> Wait + Send>) -> impl Fn() -> Suspend<OwnedView<AnyView>> + Send {
    let around = Owner::current().unwrap_or_default();
    move || {
        let own = around.child();
        own.clone().with(|| {
            let view = make();
            Suspend::new(async move { OwnedView::new_with_owner(view.await, own) })
        })
    }
}
