//! The queue as tests drive it.

use api::{Caller, Services};

/// Does everything that is due, until nothing is.
pub(crate) async fn settle(services: &Services, caller: &Caller) {
    for _ in 0..20 {
        let put = services.jobs.plan(caller).await.unwrap();
        let done = services.jobs.work(caller).await.unwrap();
        if put + done == 0 {
            return;
        }
    }
    panic!("the queue does not become empty");
}
