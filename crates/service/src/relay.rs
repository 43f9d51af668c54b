//! Events between servers: what is published at one is told to the pages that are open at another.
//!
//! Whatever may have been missed becomes a reset, so that pages fetch what they show: after a
//! connection was lost, and after texts could not be sent.
//! Each server hears its own voice now and then; one that does not hear it for long begins anew,
//! which finds connections that died without a word.

use std::sync::Arc;
use std::time::Duration;

use api::Event;
use serde::{Deserialize, Serialize};
use store::{Channel, Listener, Speaker, StoreError};
use tokio::sync::Notify;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::time::{Instant, sleep, timeout};

use crate::account::Attempts;
use crate::bus::Word;
use crate::cache::Cache;
use crate::share::{self, Counted, Shared};
use crate::{Bus, Clock, Hub};

/// How many events travel together at most.
const TOGETHER: usize = 64;
/// How often a server says that it is there.
const HELLO: Duration = Duration::from_secs(20);
/// How long nothing may be heard, not even one's own voice.
const SILENCE: Duration = Duration::from_mins(1);
/// The longest pause between two attempts.
const PAUSE: Duration = Duration::from_secs(15);

/// What travels.
#[derive(Debug, Serialize, Deserialize)]
struct Message {
    /// Which server says it.
    from: String,
    /// What is told; nothing where the server only says that it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<Event>,
    /// What was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    counted: Option<Counted>,
}

/// Carries events and counts to the other servers and brings theirs.
pub struct Relay {
    bus: Bus,
    channel: Channel,
    /// This server's name among the others.
    own: String,
    published: Receiver<Word>,
    clock: Arc<dyn Clock>,
    attempts: Arc<Attempts>,
    buckets: Vec<Arc<dyn Shared>>,
    cache: Arc<Cache>,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay")
            .field("own", &self.own)
            .finish_non_exhaustive()
    }
}

impl Relay {
    /// A relay between this hub and that channel, of everything that is published and counted from now
    /// on; `buckets` are limits besides the hub's own.
    pub fn new(hub: &Hub, channel: Channel, mut buckets: Vec<Arc<dyn Shared>>) -> Self {
        buckets.push(hub.rates.clone());
        // Until it is heard what the others tell.
        hub.cache.deafen();
        Self {
            bus: hub.bus.clone(),
            channel,
            own: crate::secret::token(12),
            published: hub.bus.own(),
            clock: hub.clock.clone(),
            attempts: hub.attempts.clone(),
            buckets,
            cache: hub.cache.clone(),
        }
    }

    /// Works until the future is dropped.
    pub async fn run(self) {
        let hello = Notify::new();
        let now = || self.clock.now();
        tokio::join!(
            share::run(&self.bus, &self.attempts, &self.buckets, &now),
            speak(&self.channel, self.published, &self.own, &hello),
            listen(&self.bus, &self.cache, &self.channel, &self.own, &hello)
        );
    }
}

/// Sends what is published, and a hello when it is asked for.
async fn speak(channel: &Channel, mut published: Receiver<Word>, own: &str, hello: &Notify) {
    let mut speaker = None;
    let mut outage = Outage::new(
        channel.name(),
        "other servers are not told what happens here",
    );
    let mut missed = false;
    loop {
        let mut words = Vec::new();
        tokio::select! {
            word = published.recv() => match word {
                Ok(word) => words.push(word),
                Err(RecvError::Lagged(_)) => missed = true,
                Err(RecvError::Closed) => return,
            },
            () = hello.notified() => {}
        }
        while words.len() < TOGETHER
            && let Ok(word) = published.try_recv()
        {
            words.push(word);
        }
        let texts = written(own, words, missed, channel.longest());
        match say(channel, &mut speaker, &texts).await {
            Ok(()) => {
                missed = false;
                outage.over();
            }
            Err(error) => {
                speaker = None;
                missed = true;
                sleep(outage.because(&error)).await;
                // Once it goes again the others learn at once that they missed something.
                hello.notify_one();
            }
        }
    }
}

async fn say(
    channel: &Channel,
    speaker: &mut Option<Speaker>,
    texts: &[String],
) -> Result<(), StoreError> {
    let voice = match speaker {
        Some(voice) => voice,
        None => speaker.insert(channel.speaker().await?),
    };
    voice.say(texts).await
}

/// Tells what other servers say, and starts over after every gap.
async fn listen(bus: &Bus, cache: &Cache, channel: &Channel, own: &str, hello: &Notify) {
    let mut outage = Outage::new(
        channel.name(),
        "what happens at other servers is not seen here",
    );
    loop {
        match channel.listener().await {
            Ok(mut listener) => {
                if outage.is_on() {
                    bus.deliver(Event::Reset);
                }
                cache.listen();
                hello.notify_one();
                let heard = follow(bus, &mut listener, own, hello, &mut outage).await;
                cache.deafen();
                sleep(outage.silent(heard)).await;
            }
            Err(error) => sleep(outage.because(&error)).await,
        }
    }
}

/// Until the connection is lost or silent; answers whether anything was heard.
async fn follow(
    bus: &Bus,
    listener: &mut Listener,
    own: &str,
    hello: &Notify,
    outage: &mut Outage,
) -> bool {
    let mut heard = false;
    let mut last = Instant::now();
    loop {
        match timeout(HELLO, listener.hear()).await {
            Ok(Some(text)) => {
                heard = true;
                last = Instant::now();
                outage.over();
                // What cannot be read comes from a newer server: its pages know, ours need not.
                if let Ok(message) = serde_json::from_str::<Message>(&text)
                    && message.from != own
                {
                    message.event.into_iter().for_each(|e| bus.deliver(e));
                    message.counted.into_iter().for_each(|c| bus.hear(c));
                }
            }
            Ok(None) => return heard,
            Err(_) if last.elapsed() > SILENCE => return heard,
            Err(_) => hello.notify_one(),
        }
    }
}

/// The texts for those words, none longer than `longest` bytes; without words a hello.
fn written(own: &str, words: Vec<Word>, missed: bool, longest: usize) -> Vec<String> {
    let mut texts = Vec::new();
    let reset = missed.then_some(Word::Event(Event::Reset));
    for word in reset.into_iter().chain(words) {
        match word {
            Word::Event(event) => write(own, event, longest, &mut texts),
            // Short by itself; if it were not, each server counting alone is what there was before.
            Word::Counted(counted) => {
                let told = text(own, None, Some(&counted));
                texts.extend(told.filter(|told| told.len() <= longest));
            }
        }
    }
    if texts.is_empty() {
        texts.extend(text(own, None, None));
    }
    texts
}

fn write(own: &str, event: Event, longest: usize, texts: &mut Vec<String>) {
    let Some(written) = text(own, Some(&event), None) else {
        return;
    };
    if written.len() <= longest {
        return texts.push(written);
    }
    match event {
        Event::Samples { mut points } if points.len() > 1 => {
            let rest = points.split_off(points.len() / 2);
            write(own, Event::Samples { points }, longest, texts);
            write(own, Event::Samples { points: rest }, longest, texts);
        }
        // Nothing else is long; if it were, fetching anew is right.
        _ => texts.extend(text(own, Some(&Event::Reset), None)),
    }
}

fn text(own: &str, event: Option<&Event>, counted: Option<&Counted>) -> Option<String> {
    let message = serde_json::json!({ "from": own, "event": event, "counted": counted });
    serde_json::to_string(&message).ok()
}

/// Says once that something is amiss and once that it is over, and how long to wait meanwhile.
struct Outage {
    channel: &'static str,
    means: &'static str,
    attempts: u32,
}

impl Outage {
    fn new(channel: &'static str, means: &'static str) -> Self {
        Self {
            channel,
            means,
            attempts: 0,
        }
    }

    fn because(&mut self, error: &StoreError) -> Duration {
        if self.attempts == 0 {
            let cause = std::error::Error::source(error).map(ToString::to_string);
            tracing::warn!(%error, cause, channel = self.channel, "{}", self.means);
        }
        self.pause()
    }

    fn silent(&mut self, heard: bool) -> Duration {
        if self.attempts == 0 && heard {
            tracing::warn!(
                channel = self.channel,
                "the connection was lost: {}",
                self.means
            );
        } else if self.attempts == 0 {
            tracing::warn!(
                channel = self.channel,
                "nothing is heard, not even this server's own voice: {}. \
                 A pooler in transaction mode does not carry notifications; set MILLRACE_REDIS_URL",
                self.means
            );
        }
        self.pause()
    }

    fn pause(&mut self) -> Duration {
        self.attempts = self.attempts.saturating_add(1);
        let pause = Duration::from_millis(250) * 2_u32.saturating_pow(self.attempts.min(6));
        pause.min(PAUSE)
    }

    fn is_on(&self) -> bool {
        self.attempts > 0
    }

    fn over(&mut self) {
        if self.is_on() {
            tracing::info!(
                channel = self.channel,
                "the connection to the other servers is back"
            );
        }
        self.attempts = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::LivePoint;

    fn samples(n: i64) -> Event {
        let point = |i| LivePoint {
            series: "0190c5f0-0000-7000-8000-000000000000".into(),
            at: api::Instant(i),
            value: 1.5,
        };
        Event::Samples {
            points: (0..n).map(point).collect(),
        }
    }

    fn read(text: &str) -> Option<Event> {
        serde_json::from_str::<Message>(text).unwrap().event
    }

    #[test]
    fn a_long_event_travels_in_parts_that_hold_every_point_once() {
        let texts = written("a", vec![Word::Event(samples(1000))], false, 7_999);
        assert!(texts.len() > 5);
        assert!(texts.iter().all(|text| text.len() <= 7_999));
        let points = texts.iter().flat_map(|text| match read(text) {
            Some(Event::Samples { points }) => points,
            other => panic!("{other:?}"),
        });
        assert!(points.map(|p| p.at.0).eq(0..1000));
    }

    #[test]
    fn after_a_gap_the_others_start_over_first() {
        let texts = written("a", vec![Word::Event(samples(1))], true, 7_999);
        let events: Vec<_> = texts.iter().map(|text| read(text)).collect();
        assert_eq!(events, [Some(Event::Reset), Some(samples(1))]);
    }

    #[test]
    fn a_hello_says_only_who_is_there() {
        let texts = written("a", Vec::new(), false, 7_999);
        assert_eq!(texts.len(), 1);
        assert_eq!(read(&texts[0]), None);
    }
}
