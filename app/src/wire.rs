//! How values reach the pages: in postcard, with the page and in the answers of server functions.
//!
//! One format for both halves the code that reads them; and since it names no fields, a reader is a
//! fraction of what a JSON reader compiles to (docs/measurements.md has the figures).

use std::future::Future;
use std::pin::Pin;

use leptos::prelude::*;
use leptos::server::codee::{Decoder, Encoder};
use leptos::server_fn::codec::PostcardEncoding;
use leptos::server_fn::{Decodes, Encodes};
use serde::{Serialize, de::DeserializeOwned};

use crate::rpc::Answer;

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

/// Loads what `fetch` answers for `key`.
pub fn load<K, T, F>(
    key: impl Fn() -> K + Send + Sync + 'static,
    fetch: impl Fn(K) -> F + Send + Sync + 'static,
) -> Loaded<T>
where
    K: PartialEq + Clone + Send + Sync + 'static,
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Future<Output = Answer<T>> + Send + 'static,
{
    // Boxed, so that the machinery is compiled for each answer and not for each page.
    let fetch =
        move |key| -> Pin<Box<dyn Future<Output = Answer<T>> + Send>> { Box::pin(fetch(key)) };
    ArcResource::new_with_options(key, fetch, false).into()
}
