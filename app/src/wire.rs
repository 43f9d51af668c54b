//! How values reach the pages: in postcard, with the page and in the answers of server functions.
//!
//! One format for both halves the code that reads them; and since it names no fields, a reader is a
//! fraction of what a JSON reader compiles to (docs/measurements.md has the figures).

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use api::Error;
use leptos::prelude::*;
use leptos::server::codee::{Decoder, Encoder};
use leptos::server_fn::codec::PostcardEncoding;
use leptos::server_fn::{Decodes, Encodes};
use serde::{Serialize, de::DeserializeOwned};

use crate::rpc::{Answer, Failure};

/// The codec of [`Loaded`].
#[derive(Debug)]
pub struct Wire;

impl<T: Serialize> Encoder<T> for Wire {
    type Error = <PostcardEncoding as Encodes<T>>::Error;
    type Encoded = Vec<u8>;

    fn encode(value: &T) -> Result<Vec<u8>, Self::Error> {
        PostcardEncoding::encode(value).map(Into::into)
    }
}

impl<T: DeserializeOwned> Decoder<T> for Wire {
    type Error = <PostcardEncoding as Decodes<T>>::Error;
    type Encoded = [u8];

    fn decode(bytes: &[u8]) -> Result<T, Self::Error> {
        PostcardEncoding::decode(bytes.to_vec().into())
    }
}

/// What a page reads from the server: sent along with the page, fetched anew when its key changes.
pub type Loaded<T> = Resource<Answer<T>, Wire>;

/// What could not be brought up to date although it is still shown.
#[derive(Clone, Copy)]
pub struct Outdated {
    /// The page's address; none around all pages.
    address: Option<Memo<String>>,
    /// Which resources, and why.
    missed: RwSignal<Vec<(Answered, Failure)>>,
}

/// The address at which a resource last had an answer: its own, by which it is known.
type Answered = StoredValue<Option<String>>;

impl Outdated {
    /// Makes it known to all pages. The frame does so, which shows it.
    pub fn provide() -> Self {
        let outdated = Self {
            address: None,
            missed: RwSignal::new(Vec::new()),
        };
        provide_context(outdated);
        outdated
    }

    /// What is loaded from now on belongs to the page at this address, and to no other.
    pub fn by_page(self, address: Memo<String>) {
        let address = Some(address);
        provide_context(Self { address, ..self });
    }

    /// Why something of what is shown is old, if it is.
    pub fn why(self) -> Option<Failure> {
        self.missed.get().pop().map(|(_, failure)| failure)
    }

    fn here(self) -> Option<String> {
        self.address.and_then(|address| address.try_get_untracked())
    }
}

/// A resource where it is shown, in a browser.
#[derive(Clone, Copy)]
struct Place {
    outdated: Outdated,
    answered_at: Answered,
}

impl Place {
    /// On the page that is being made. None on the server, and where nobody would say that it is old.
    fn of_this() -> Option<Self> {
        let outdated = use_context::<Outdated>().filter(|_| is_browser())?;
        let place = Self {
            outdated,
            answered_at: StoredValue::new(outdated.here()),
        };
        // What went with its page is not old.
        on_cleanup(move || place.tell(None));
        Some(place)
    }

    /// Says why what is shown is old, or that it is not.
    fn tell(self, why: Option<Failure>) {
        self.outdated.missed.maybe_update(|missed| {
            let before = missed.len();
            missed.retain(|(of, _)| *of != self.answered_at);
            let changed = why.is_some() || missed.len() != before;
            missed.extend(why.map(|why| (self.answered_at, why)));
            changed
        });
    }

    /// Whether what is there stays after an answer: it is a failure that says nothing of what was asked
    /// for, and the page is still the same.
    fn stays(self, failure: Option<&Failure>) -> bool {
        let here = self.outdated.here();
        let Some(Failure(error)) = failure else {
            self.answered_at.try_set_value(here);
            return false;
        };
        let passes = matches!(error, Error::Unavailable { .. } | Error::Internal { .. });
        passes && self.answered_at.try_get_value() == Some(here)
    }
}

/// Loads what `fetch` answers for `key`.
///
/// Where it cannot be fetched anew and the page is still the one that it stands on, what was there stays,
/// and [`Outdated`] says so.
///
/// Call it while the page is made, or in a `Suspend` that no other one stands beside: resources are known
/// by the order in which they are made, and of two that wait, the one that is first on the server may be
/// the second in the browser, which then takes the page for another and dies.
pub fn load<K, T, F>(
    key: impl Fn() -> K + Send + Sync + 'static,
    fetch: impl Fn(K) -> F + Send + Sync + 'static,
) -> Loaded<T>
where
    K: PartialEq + Clone + Send + Sync + 'static,
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Future<Output = Answer<T>> + Send + 'static,
{
    let place = Place::of_this();
    let loaded: Arc<OnceLock<Loaded<T>>> = Arc::default();
    let own = Arc::clone(&loaded);
    // Boxed, so that the machinery is compiled for each answer and not for each page.
    let fetch = move |key| -> Pin<Box<dyn Future<Output = Answer<T>> + Send>> {
        let (asked, own) = (fetch(key), Arc::clone(&own));
        Box::pin(async move {
            let answer = asked.await;
            match place {
                Some(place) => settled(place, &own, answer),
                None => answer,
            }
        })
    };
    *loaded.get_or_init(|| ArcResource::new_with_options(key, fetch, false).into())
}

/// What a resource holds after an answer: that, or what it had.
fn settled<T>(place: Place, own: &OnceLock<Loaded<T>>, answer: Answer<T>) -> Answer<T>
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    let failure = answer.as_ref().err();
    let had = if place.stays(failure) {
        // While it is fetched anew, a resource still holds what it had.
        let held = own.get().copied().and_then(|own| own.try_get_untracked());
        held.flatten().and_then(Result::ok)
    } else {
        None
    };
    place.tell(failure.filter(|_| had.is_some()).cloned());
    had.map_or(answer, Ok)
}
