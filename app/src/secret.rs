//! Secrets and words that were just made: the page that follows tells them, once.

use leptos::prelude::*;
use leptos::server_fn::codec::Postcard;
use leptos_router::hooks::use_query_map;

use crate::rpc;
use crate::wire;

/// The secret of something just made. It can be asked for once.
#[server(output = Postcard)]
pub async fn take_secret(id: String) -> rpc::Answer<Option<String>> {
    let (_, caller) = rpc::ctx()?;
    // Nothing to wait for; a server function is asynchronous all the same.
    Ok(std::future::ready(rpc::take_secret(&caller, &id)).await)
}

/// The secret of what the page's address says was just made.
pub fn just_made() -> wire::Loaded<Option<String>> {
    let query = use_query_map();
    wire::load(
        move || query.read().get("made"),
        |made| async move {
            match made {
                Some(id) => take_secret(id).await,
                None => Ok(None),
            }
        },
    )
}
