//! What a page shows of what it waits for.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use leptos::prelude::*;
use leptos::tachys::reactive_graph::OwnedView;

type Wait<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type View = OwnedView<AnyView>;

/// Known when it is compiled, unlike `is_browser()`: what is the server's alone takes no room in what the
/// browser loads.
const IN_BROWSER: bool = matches!(std::env::consts::ARCH.as_bytes(), b"wasm32");

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

fn kept(make: Box<dyn Fn() -> Wait<AnyView> + Send>) -> impl Fn() -> Suspend<View> + Send {
    let around = Owner::current().unwrap_or_default();
    let made = (!IN_BROWSER).then(Made::default);
    move || {
        if let Some(made) = made.as_ref().filter(|made| made.is_there()) {
            return Suspend::new(MadeOnce::of(made.clone(), None));
        }
        let own = around.child();
        own.clone().with(|| {
            let view = make();
            let whole = async move { OwnedView::new_with_owner(view.await, own) };
            match &made {
                Some(made) => Suspend::new(MadeOnce::of(made.clone(), Some(Box::pin(whole)))),
                None => Suspend::new(whole),
            }
        })
    }
}

/// A view that the server has made and not yet drawn.
#[derive(Clone, Default)]
struct Made(Arc<Mutex<Option<View>>>);

impl Made {
    fn lock(&self) -> MutexGuard<'_, Option<View>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_there(&self) -> bool {
        self.lock().is_some()
    }
}

/// A view on the server, where it is made once although it is asked for several times.
///
/// A `Suspense` there walks what is in it at least twice to find what it waits for, and once more to draw
/// it; each walk calls the closures anew. Where all is there at the first poll, a walk makes the view to its
/// end, with everything that the view itself asks for, and drops it: the next would ask for the same again
/// and the last would be drawn, while the browser, which makes the view once, is given the first walk's
/// answers and finds others on the page.
/// So what is made is kept for the walk that draws, the only one that polls a second time.
struct MadeOnce {
    whole: Option<Wait<View>>,
    made: Made,
    polled: bool,
}

impl MadeOnce {
    const fn of(made: Made, whole: Option<Wait<View>>) -> Self {
        Self {
            whole,
            made,
            polled: false,
        }
    }
}

impl Future for MadeOnce {
    type Output = View;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<View> {
        let again = std::mem::replace(&mut self.polled, true);
        if let Some(whole) = &mut self.whole {
            let Poll::Ready(view) = whole.as_mut().poll(context) else {
                return Poll::Pending;
            };
            self.whole = None;
            *self.made.lock() = Some(view);
        }
        if again {
            return self.made.lock().take().map_or(Poll::Pending, Poll::Ready);
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
