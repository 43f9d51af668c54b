//! Threads for work that nobody waits for: as many as there are cores, and each gives way at once to
//! whatever else wants one.
//!
//! Leaving cores free would cost half of a small machine while it has nothing else to do; the least
//! priority costs nothing then, and pages go first when there is one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::sync::oneshot;

type Task = Box<dyn FnOnce() + Send>;

/// The threads; they are started when there is something to do.
#[derive(Default)]
pub(crate) struct Aside(OnceLock<Mutex<Sender<Task>>>);

impl Aside {
    /// Does it there; `None` where it panicked.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (tell, told) = oneshot::channel();
        let task: Task = Box::new(move || {
            // The engines promise not to panic; what they stand on does not.
            let done = catch_unwind(AssertUnwindSafe(work));
            // Whoever asked may have gone.
            let _ = tell.send(done.ok());
        });
        let sender = self.0.get_or_init(start);
        let sent = sender
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .send(task);
        sent.ok()?;
        told.await.ok().flatten()
    }
}

fn start() -> Mutex<Sender<Task>> {
    let (sender, receiver) = channel();
    let receiver = Arc::new(Mutex::new(receiver));
    for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
        let receiver = receiver.clone();
        let thread = std::thread::Builder::new().name("aside".into());
        // Without threads of ours nothing is fitted, and every ask says so.
        if let Err(error) = thread.spawn(move || work(&receiver)) {
            tracing::error!(%error, "a thread for forecasts could not be started");
        }
    }
    Mutex::new(sender)
}

fn work(receiver: &Mutex<Receiver<Task>>) {
    give_way();
    loop {
        let next = receiver
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        match next {
            Ok(task) => task(),
            Err(_) => return,
        }
    }
}

/// The least priority for this thread; on Linux only, where a thread has one of its own.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 19) {
        tracing::warn!(%error, "forecasts are made at the priority of pages");
    }
}

/// The CPU time of this thread so far, in microseconds.
pub(crate) fn cpu_us() -> u64 {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let micros = spent.tv_sec * 1_000_000 + spent.tv_nsec / 1_000;
    u64::try_from(micros).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_no_answer_and_the_next_task_is_done() {
        let aside = Aside::default();
        let bad: Option<u32> = aside.run(|| panic!("on purpose")).await;
        assert_eq!(bad, None);
        assert_eq!(aside.run(|| 7).await, Some(7));
    }
}
