//! How values reach the pages: in postcard, with the page and in the answers of server functions.
//!
//! One format for both halves the code that reads them; and since it names no fields, a reader is a
//! fraction of what a JSON reader compiles to (docs/measurements.md has the figures).

use std::future::Future;
use std::pin::Pin;

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
    /// The page's address.
    address: Memo<String>,
    missed: RwSignal<Option<Missed>>,
}

#[derive(Clone)]
struct Missed {
    by: Page,
    at: String,
    failure: Failure,
}

impl Outdated {
    /// Makes it known to every page below. The frame does so, which shows it.
    pub fn provide(address: Memo<String>) -> Self {
        let outdated = Self {
            address,
            missed: RwSignal::new(None),
        };
        provide_context(outdated);
        outdated
    }

    /// Why the page that is shown is old, if it is.
    pub fn why(self) -> Option<Failure> {
        let here = self.address.get();
        let missed = self.missed.get()?;
        (missed.at == here).then_some(missed.failure)
    }
}

/// The page around a resource, in a browser.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Page {
    /// The address at which the resource last had an answer.
    answered_at: StoredValue<String>,
}

impl Page {
    fn of_this(outdated: Option<Outdated>) -> Option<Self> {
        let at = outdated.filter(|_| is_browser())?.address.get_untracked();
        Some(Self {
            answered_at: StoredValue::new(at),
        })
    }

    fn answered(self, outdated: Outdated) {
        if let Some(at) = outdated.address.try_get_untracked() {
            self.answered_at.try_set_value(at);
        }
        let missed = outdated.missed.try_get_untracked().flatten();
        if missed.is_some_and(|missed| missed.by == self) {
            outdated.missed.try_set(None);
        }
    }

    /// Where the same page is still shown, and why it failed says nothing of what was asked for: that address.
    fn stands(self, outdated: Outdated, failure: &Failure) -> Option<String> {
        let passes = matches!(
            failure.0,
            Error::Unavailable { .. } | Error::Internal { .. }
        );
        let here = outdated.address.try_get_untracked().filter(|_| passes)?;
        (self.answered_at.try_get_value()? == here).then_some(here)
    }
}

/// Loads what `fetch` answers for `key`.
///
/// Where it cannot be fetched anew and the page is still the one that it stands on, what was there stays,
/// and [`Outdated`] says so.
pub fn load<K, T, F>(
    key: impl Fn() -> K + Send + Sync + 'static,
    fetch: impl Fn(K) -> F + Send + Sync + 'static,
) -> Loaded<T>
where
    K: PartialEq + Clone + Send + Sync + 'static,
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Future<Output = Answer<T>> + Send + 'static,
{
    let outdated = use_context::<Outdated>();
    let page = Page::of_this(outdated).zip(outdated);
    let own = StoredValue::new(None::<Loaded<T>>);
    // Boxed, so that the machinery is compiled for each answer and not for each page.
    let fetch = move |key| -> Pin<Box<dyn Future<Output = Answer<T>> + Send>> {
        let asked = fetch(key);
        Box::pin(async move {
            let answer = asked.await;
            let Some((page, outdated)) = page else {
                return answer;
            };
            let failure = match &answer {
                Ok(_) => {
                    page.answered(outdated);
                    return answer;
                }
                Err(failure) => failure.clone(),
            };
            let Some(at) = page.stands(outdated, &failure) else {
                return answer;
            };
            // While it is fetched anew, a resource still holds what it had.
            let own = own.try_get_value().flatten();
            let shown = own.and_then(|own| own.try_get_untracked()).flatten();
            if let Some(Ok(_)) = &shown {
                let by = page;
                outdated.missed.try_set(Some(Missed { by, at, failure }));
            }
            shown.filter(Result::is_ok).unwrap_or(answer)
        })
    };
    let loaded: Loaded<T> = ArcResource::new_with_options(key, fetch, false).into();
    own.set_value(Some(loaded));
    loaded
}
