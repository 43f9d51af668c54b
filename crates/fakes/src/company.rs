//! Alder & Oak: a maker-merchant of forty people who sell wooden homeware.

use std::collections::HashMap;
use std::sync::Arc;

use api::Instant;

use crate::calendar::Days;
use crate::chance::Chance;
use crate::money::{DemoPayment, payments};
use crate::occasions::{DemoEntry, entries};
use crate::stories::{Story, stories};
use crate::supply::{DemoSupply, supplies};
use crate::track::{DemoSeries, DemoSource, Track};
use crate::{cloud, goods, money, servers, workshop};

/// A value of a demo series.
#[derive(Clone, Debug, PartialEq)]
pub struct DemoSample {
    /// The series' key.
    pub key: String,
    /// When.
    pub at: Instant,
    /// The value, in the series' unit.
    pub value: f64,
}

/// The demo company, built around the instant at which the demo was started.
///
/// Every value is a function of that anchor, the seed, the series and the time.
/// Store the anchor: built from it again after a restart, the company goes on as if nothing had
/// happened.
#[derive(Clone)]
pub struct Company {
    days: Days,
    tracks: Arc<[Track]>,
    places: Arc<HashMap<String, usize>>,
}

impl Company {
    /// What it is called.
    pub const NAME: &str = "Alder & Oak";
    /// The seed to use unless another company is wanted.
    pub const SEED: u64 = 7;

    /// The company as seen at `anchor`, with stories in the days after it.
    pub fn new(anchor: Instant, seed: u64) -> Self {
        // Two years before and 400 days after must be instants, too.
        let room = 1_200 * Instant::DAY;
        let anchor = Instant(anchor.0.clamp(i64::MIN + room, i64::MAX - room));
        let days = Days::around(anchor);
        let chance = Chance::new(seed);
        let tracks: Vec<Track> = [
            goods::tracks(days, chance.of("goods")),
            money::tracks(days, chance.of("money")),
            cloud::tracks(days, chance.of("cloud")),
            workshop::tracks(days, chance.of("workshop")),
            servers::tracks(days, chance.of("servers")),
        ]
        .concat();
        let places = tracks
            .iter()
            .enumerate()
            .map(|(place, track)| (track.series.key.clone(), place))
            .collect();
        Self {
            days,
            tracks: tracks.into(),
            places: Arc::new(places),
        }
    }

    /// The instant it was built around.
    pub fn anchor(&self) -> Instant {
        self.days.anchor
    }

    /// Where its data seems to come from, each source once.
    pub fn sources(&self) -> Vec<DemoSource> {
        let mut sources: Vec<DemoSource> = Vec::new();
        for track in self.tracks.iter() {
            if !sources.contains(&track.series.source) {
                sources.push(track.series.source.clone());
            }
        }
        sources
    }

    /// Its series.
    pub fn series(&self) -> Vec<DemoSeries> {
        self.tracks
            .iter()
            .map(|track| track.series.clone())
            .collect()
    }

    /// A series' samples up to and including the anchor, oldest first; none for an unknown key.
    pub fn history(&self, key: &str) -> Vec<(Instant, f64)> {
        self.places
            .get(key)
            .and_then(|place| self.tracks.get(*place))
            .map(|track| track.history(self.days))
            .unwrap_or_default()
    }

    /// Everything that is new after `after`, up to and including `at`; to be called every few seconds.
    ///
    /// Give the last tick's `at` as `after`, and the anchor the first time.
    /// Hours of downtime in between are filled in as densely as the history is (machines: at most
    /// the last 60 days of them).
    pub fn tick(&self, after: Instant, at: Instant) -> Vec<DemoSample> {
        let after = after.max(self.days.anchor);
        self.tracks
            .iter()
            .flat_map(|track| {
                let key = &track.series.key;
                track
                    .between(self.days, after, at)
                    .into_iter()
                    .map(|(at, value)| DemoSample {
                        key: key.clone(),
                        at,
                        value,
                    })
            })
            .collect()
    }

    /// What its calendar knows.
    pub fn entries(&self) -> Vec<DemoEntry> {
        entries(self.days)
    }

    /// How its products come back.
    pub fn supplies(&self) -> Vec<DemoSupply> {
        supplies()
    }

    /// The key of its account's series.
    pub const fn account() -> &'static str {
        "cash"
    }

    /// The payments that it knows of.
    pub fn payments(&self) -> Vec<DemoPayment> {
        payments(self.days)
    }

    /// What is planted in it, the most urgent first.
    pub fn stories(&self) -> Vec<Story> {
        stories()
    }
}

impl std::fmt::Debug for Company {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Company")
            .field("anchor", &self.days.anchor)
            .field("series", &self.tracks.len())
            .finish_non_exhaustive()
    }
}
