//! Events between servers: what is published at one is told to the pages that are open at another.
//!
//! Whatever may have been missed becomes a reset, so that pages fetch what they show: after a
//! connection was lost, and after texts could not be sent.
//! Each server hears its own voice now and then; one that does not hear it for long begins anew,
//! which finds connections that died without a word.

use std::time::Duration;

use api::Event;
use serde::{Deserialize, Serialize};
use store::{Channel, Listener, Speaker, StoreError};
use tokio::sync::Notify;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::time::{Instant, sleep, timeout};

use crate::{Bus, Hub};

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
    /// The event; none where the server only says that it is there.
    event: Option<Event>,
}

/// Carries events to the other servers and brings theirs.
#[derive(Debug)]
pub struct Relay {
    bus: Bus,
    channel: Channel,
    /// This server's name among the others.
    own: String,
    published: Receiver<Event>,
}

impl Relay {
    /// A relay between this hub and that channel, of everything that is published from now on.
    pub fn new(hub: &Hub, channel: Channel) -> Self {
        Self {
            bus: hub.bus.clone(),
            channel,
            own: crate::secret::token(12),
            published: hub.bus.own(),
        }
    }

    /// Works until the future is dropped.
    pub async fn run(self) {
        let hello = Notify::new();
        tokio::join!(
            speak(&self.channel, self.published, &self.own, &hello),
            listen(&self.bus, &self.channel, &self.own, &hello)
        );
    }
}

/// Sends what is published, and a hello when it is asked for.
async fn speak(channel: &Channel, mut published: Receiver<Event>, own: &str, hello: &Notify) {
    let mut speaker = None;
    let mut outage = Outage::new(
        channel.name(),
        "other servers are not told what happens here",
    );
    let mut missed = false;
    loop {
        let mut events = Vec::new();
        tokio::select! {
            event = published.recv() => match event {
                Ok(event) => events.push(event),
                Err(RecvError::Lagged(_)) => missed = true,
                Err(RecvError::Closed) => return,
            },
            () = hello.notified() => {}
        }
        while events.len() < TOGETHER
            && let Ok(event) = published.try_recv()
        {
            events.push(event);
        }
        let texts = written(own, events, missed, channel.longest());
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
async fn listen(bus: &Bus, channel: &Channel, own: &str, hello: &Notify) {
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
                hello.notify_one();
                let heard = follow(bus, &mut listener, own, hello, &mut outage).await;
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
                if let Ok(Message {
                    from,
                    event: Some(event),
                }) = serde_json::from_str(&text)
                    && from != own
                {
                    bus.deliver(event);
                }
            }
            Ok(None) => return heard,
            Err(_) if last.elapsed() > SILENCE => return heard,
            Err(_) => hello.notify_one(),
        }
    }
}

/// The texts for those events, none longer than `longest` bytes; without events a hello.
fn written(own: &str, events: Vec<Event>, missed: bool, longest: usize) -> Vec<String> {
    let mut texts = Vec::new();
    let reset = missed.then_some(Event::Reset);
    for event in reset.into_iter().chain(events) {
        write(own, event, longest, &mut texts);
    }
    if texts.is_empty() {
        texts.extend(text(own, None));
    }
    texts
}

fn write(own: &str, event: Event, longest: usize, texts: &mut Vec<String>) {
    let Some(written) = text(own, Some(&event)) else {
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
        _ => texts.extend(text(own, Some(&Event::Reset))),
    }
}

fn text(own: &str, event: Option<&Event>) -> Option<String> {
    let message = serde_json::json!({ "from": own, "event": event });
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
        let texts = written("a", vec![samples(1000)], false, 7_999);
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
        let texts = written("a", vec![samples(1)], true, 7_999);
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
