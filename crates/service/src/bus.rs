//! What is told to open pages, with a memory so that a page that lost its connection resumes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use api::{Caller, Event, Permission, Result};
use futures::{Stream, StreamExt, stream};
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;

use crate::Hub;
use crate::cache::Cache;
use crate::guard::require;
use crate::share::Counted;

/// How many events are remembered: at a tick every few seconds, some hours.
const REMEMBERED: usize = 4096;
/// How far one page may lag behind before it is told to start over.
const LAG: usize = 1024;
/// How many events may wait for the way to the other servers.
const OUTBOX: usize = 4096;

/// The bus. Copies share it.
#[derive(Clone)]
pub struct Bus(Arc<Inner>);

struct Inner {
    /// Tells this process's ids from those of one before it.
    epoch: i64,
    memory: Mutex<Memory>,
    sender: broadcast::Sender<(u64, Event)>,
    /// What was published and counted here, for the other servers where there are any.
    own: broadcast::Sender<Word>,
    /// What was counted elsewhere.
    heard: broadcast::Sender<Counted>,
    /// What is told before any page is.
    caches: Mutex<Vec<Weak<Cache>>>,
}

/// What the other servers are told.
#[derive(Clone, Debug)]
pub(crate) enum Word {
    /// For the pages that are open there.
    Event(Event),
    /// For what is counted there.
    Counted(Counted),
}

struct Memory {
    last: u64,
    events: VecDeque<(u64, Event)>,
}

impl Bus {
    /// A bus; `epoch` is any number that differs between two starts, such as the present instant.
    pub fn new(epoch: i64) -> Self {
        let memory = Mutex::new(Memory {
            last: 0,
            events: VecDeque::new(),
        });
        Self(Arc::new(Inner {
            epoch,
            memory,
            sender: broadcast::channel(LAG).0,
            own: broadcast::channel(OUTBOX).0,
            heard: broadcast::channel(OUTBOX).0,
            caches: Mutex::default(),
        }))
    }

    /// Tells every open page, here and at the other servers.
    pub fn publish(&self, event: Event) {
        if self.0.own.receiver_count() > 0 {
            let _ = self.0.own.send(Word::Event(event.clone()));
        }
        self.deliver(event);
    }

    /// Tells a cache, from now on, before pages are told: what they ask for then is to be new.
    pub(crate) fn tell(&self, cache: &Arc<Cache>) {
        let mut caches = self.0.caches.lock().unwrap_or_else(PoisonError::into_inner);
        caches.retain(|other| other.strong_count() > 0);
        caches.push(Arc::downgrade(cache));
    }

    fn tell_caches(&self, event: &Event) {
        let caches = self.0.caches.lock().unwrap_or_else(PoisonError::into_inner);
        for cache in caches.iter().filter_map(Weak::upgrade) {
            cache.hear(event);
        }
    }

    /// Tells the other servers, where there are any, what was counted here.
    pub(crate) fn count(&self, counted: Counted) {
        // Without others there is nobody to tell.
        let _ = self.0.own.send(Word::Counted(counted));
    }

    /// What is published and counted here from now on.
    pub(crate) fn own(&self) -> broadcast::Receiver<Word> {
        self.0.own.subscribe()
    }

    /// Passes on what was counted elsewhere.
    pub(crate) fn hear(&self, counted: Counted) {
        // Nobody counts while the server stops.
        let _ = self.0.heard.send(counted);
    }

    /// What is counted elsewhere from now on.
    pub(crate) fn heard(&self) -> broadcast::Receiver<Counted> {
        self.0.heard.subscribe()
    }

    /// Tells every page that is open here.
    pub(crate) fn deliver(&self, event: Event) {
        self.tell_caches(&event);
        // The lock is held over the sending, so that ids arrive in order.
        let mut memory = self.memory();
        memory.last += 1;
        let id = memory.last;
        if memory.events.len() == REMEMBERED {
            memory.events.pop_front();
        }
        memory.events.push_back((id, event.clone()));
        // No open page is no fault.
        let _ = self.0.sender.send((id, event));
    }

    /// The id of the newest event: who follows from it on hears all that is published from now on.
    pub(crate) fn newest(&self) -> String {
        format!("{}-{}", self.0.epoch, self.memory().last)
    }

    /// Events with their ids, from the one after `last` on; where `last` is not remembered the
    /// first event is a reset.
    pub(crate) fn follow(
        &self,
        last: Option<&str>,
    ) -> impl Stream<Item = (String, Event)> + Send + use<> {
        let memory = self.memory();
        let receiver = self.0.sender.subscribe();
        let missed = match last.map(|id| self.place(id, &memory)) {
            None => Vec::new(),
            Some(Some(seen)) => memory
                .events
                .iter()
                .filter(|(id, _)| *id > seen)
                .cloned()
                .collect(),
            Some(None) => vec![(memory.last, Event::Reset)],
        };
        drop(memory);
        let bus = self.clone();
        let live = BroadcastStream::new(receiver).map(move |received| match received {
            Ok(event) => event,
            Err(_) => (bus.memory().last, Event::Reset),
        });
        let epoch = self.0.epoch;
        stream::iter(missed)
            .chain(live)
            .map(move |(id, event)| (format!("{epoch}-{id}"), event))
    }

    /// The number in an id, where all that came after it is still remembered.
    fn place(&self, id: &str, memory: &Memory) -> Option<u64> {
        let (epoch, number) = id.rsplit_once('-')?;
        let number: u64 = number.parse().ok()?;
        let oldest = memory.events.front().map_or(memory.last + 1, |(id, _)| *id);
        (epoch == self.0.epoch.to_string() && number + 1 >= oldest && number <= memory.last)
            .then_some(number)
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.0.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hub {
    /// The id of the newest event: a page that is made now and follows from it on misses nothing.
    pub fn newest_event(&self) -> String {
        self.bus.newest()
    }

    /// The news for one open page, with their ids; see [`Bus::follow`]. Needs `monitoring:read`.
    ///
    /// # Errors
    /// Where the caller does not hold the permission.
    pub fn follow(
        &self,
        caller: &Caller,
        last: Option<&str>,
    ) -> Result<impl Stream<Item = (String, Event)> + Send + use<>> {
        require(caller, Permission::MonitoringRead)?;
        Ok(self.bus.follow(last))
    }
}

impl std::fmt::Debug for Bus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bus")
            .field("epoch", &self.0.epoch)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::Topic;

    fn changed(id: u32) -> Event {
        Event::Changed {
            topic: Topic::Series,
            id: Some(id.to_string()),
        }
    }

    async fn take(bus: &Bus, last: Option<&str>, n: usize) -> Vec<(String, Event)> {
        bus.follow(last).take(n).collect().await
    }

    #[tokio::test]
    async fn a_page_that_lost_its_connection_gets_what_it_missed_and_then_the_news() {
        let bus = Bus::new(7);
        for i in 1..=3 {
            bus.publish(changed(i));
        }
        let seen = take(&bus, Some("7-1"), 2).await;
        assert_eq!(
            seen,
            [
                ("7-2".to_owned(), changed(2)),
                ("7-3".to_owned(), changed(3))
            ]
        );
    }

    #[tokio::test]
    async fn a_page_hears_what_happens_between_its_making_and_its_stream() {
        let bus = Bus::new(7);
        let first = bus.newest();
        bus.publish(changed(1));
        let made = bus.newest();
        bus.publish(changed(2));
        let told = ("7-2".to_owned(), changed(2));
        let heard = take(&bus, Some(&made), 1).await;
        assert_eq!(heard, std::slice::from_ref(&told));
        let all = take(&bus, Some(&first), 2).await;
        assert_eq!(all, [("7-1".to_owned(), changed(1)), told]);
    }

    #[tokio::test]
    async fn an_id_of_an_earlier_process_starts_over() {
        let bus = Bus::new(7);
        bus.publish(changed(1));
        assert_eq!(
            take(&bus, Some("6-1"), 1).await,
            [("7-1".to_owned(), Event::Reset)]
        );
    }

    #[tokio::test]
    async fn what_is_forgotten_starts_over() {
        let bus = Bus::new(7);
        for i in 0..u32::try_from(REMEMBERED).unwrap() + 5 {
            bus.publish(changed(i));
        }
        assert_eq!(take(&bus, Some("7-2"), 1).await[0].1, Event::Reset);
    }

    #[tokio::test]
    async fn a_new_page_gets_only_the_news() {
        let bus = Bus::new(7);
        bus.publish(changed(1));
        let mut page = Box::pin(bus.follow(None));
        bus.publish(changed(2));
        assert_eq!(page.next().await, Some(("7-2".to_owned(), changed(2))));
    }
}
