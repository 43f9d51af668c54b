//! Whether a request was answered out of a cache: told to whoever answers it.

use std::cell::Cell;

/// Where an answer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    /// All of it that is kept was there.
    Hit,
    /// Some of it was computed.
    Miss,
}

impl Served {
    /// As the header `x-cache` has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
        }
    }
}

tokio::task_local! {
    static SERVED: Cell<Option<Served>>;
}

/// Does some work, and says whether what it asked of caches was there; `None` where it asked none.
pub async fn watching<F: Future>(work: F) -> (F::Output, Option<Served>) {
    let watched = async {
        let output = work.await;
        (output, SERVED.with(Cell::get))
    };
    SERVED.scope(Cell::new(None), watched).await
}

/// Tells whoever watches. One answer that was not there makes the whole a miss.
pub(crate) fn serve(served: Served) {
    // Nobody watches what jobs and pages ask.
    let _ = SERVED.try_with(|known| {
        if known.get() != Some(Served::Miss) {
            known.set(Some(served));
        }
    });
}
