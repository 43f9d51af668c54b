//! A target that shows one number.

use std::sync::Mutex;

use api::Hidden;
use async_trait::async_trait;
use service::{Fetch, FetchAsk, FetchFault, Fetched};

/// It remembers the tokens that it was asked with.
#[derive(Default)]
pub(crate) struct OneNumber(pub(crate) Mutex<Vec<Option<Hidden>>>);

#[async_trait]
impl Fetch for OneNumber {
    async fn fetch(&self, ask: FetchAsk) -> Result<Fetched, FetchFault> {
        self.0.lock().unwrap().push(ask.token);
        Ok(Fetched {
            status: 200,
            framed: true,
            body: b"up 1\n".to_vec(),
            ..Fetched::default()
        })
    }

    fn check_ca(&self, _: &str) -> Result<(), String> {
        Ok(())
    }
}
