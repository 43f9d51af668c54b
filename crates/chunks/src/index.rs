//! Which series there are: by their labels, and by what a selector asks of them.

use std::collections::BTreeMap;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};
use series::{Labels, LabelsRef, Matcher};

/// A series' number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesRef(pub u32);

/// What the index knows of a series.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The number of the source that sends it. Two sources may send the same labels.
    pub source: u32,
    /// Its labels.
    pub labels: Labels,
}

/// Ids in order.
type Ids = Vec<u32>;

/// The series, by number, by labels, and by label.
///
/// Numbers are meant to be dense: the index holds a place for each up to the greatest.
#[derive(Debug, Default)]
pub struct Index {
    hasher: DefaultHashBuilder,
    by_labels: HashTable<u32>,
    entries: Vec<Option<Entry>>,
    /// Numbers that became free, lowest last.
    free: Vec<u32>,
    postings: HashMap<Box<str>, BTreeMap<Box<str>, Ids>>,
}

/// How many series are looked up at a time: what is known of them stays in the fastest cache.
const TOGETHER: usize = 64;

/// A series that is looked up with others, and what the index has in its place.
struct Wanted<'a> {
    labels: LabelsRef<'a>,
    hash: u64,
    id: Option<u32>,
    bytes: &'a [u8],
}

fn hash_of(hasher: &DefaultHashBuilder, source: u32, labels: &[u8]) -> u64 {
    hasher.hash_one((source, labels))
}

impl Index {
    /// The number of a source's series: one hash of the labels' bytes.
    pub fn find(&self, source: u32, labels: LabelsRef<'_>) -> Option<SeriesRef> {
        let hash = hash_of(&self.hasher, source, labels.as_bytes());
        self.by_labels
            .find(hash, |id| {
                self.get(SeriesRef(*id))
                    .is_some_and(|entry| entry.source == source && entry.labels.as_ref() == labels)
            })
            .copied()
            .map(SeriesRef)
    }

    /// The numbers of many of a source's series, in their order, put into `found`.
    ///
    /// As [`Index::find`] for each, and faster where the index lies in no cache: what one look-up waits for is
    /// fetched for [`TOGETHER`] of them at a time, since none depends on another.
    pub fn find_all<'l>(
        &self,
        source: u32,
        labels: impl IntoIterator<Item = LabelsRef<'l>>,
        found: &mut Vec<Option<SeriesRef>>,
    ) {
        found.clear();
        let mut labels = labels.into_iter();
        let mut wanted: Vec<Wanted<'_>> = Vec::with_capacity(TOGETHER);
        loop {
            wanted.clear();
            wanted.extend(labels.by_ref().take(TOGETHER).map(|labels| Wanted {
                labels,
                hash: hash_of(&self.hasher, source, labels.as_bytes()),
                id: None,
                bytes: &[],
            }));
            if wanted.is_empty() {
                return;
            }
            for one in &mut wanted {
                // The first in its place: seven bits of the hash are the same, which it nearly always is.
                one.id = self.by_labels.find(one.hash, |_| true).copied();
            }
            for one in &mut wanted {
                let entry = one.id.and_then(|id| self.get(SeriesRef(id)));
                let entry = entry.filter(|entry| entry.source == source);
                one.bytes = entry.map_or(&[], |entry| entry.labels.as_ref().as_bytes());
            }
            // Both ends of the labels, so that they are on their way when they are compared.
            let ends = |bytes: &[u8]| (bytes.first().copied(), bytes.last().copied());
            for one in &mut wanted {
                if ends(one.bytes) != ends(one.labels.as_bytes()) {
                    one.id = None;
                }
            }
            found.extend(wanted.iter().map(|one| {
                let same = one.bytes == one.labels.as_bytes();
                let first = one.id.filter(|_| same).map(SeriesRef);
                first.or_else(|| self.find(source, one.labels))
            }));
        }
    }

    /// What is known of a series.
    pub fn get(&self, series: SeriesRef) -> Option<&Entry> {
        self.entries.get(series.0 as usize)?.as_ref()
    }

    /// A number that no series has, and that is not given out again before it is taken back.
    pub fn reserve(&mut self) -> SeriesRef {
        while let Some(free) = self.free.pop() {
            // Another process may have given it to a series meanwhile.
            if self.get(SeriesRef(free)).is_none() {
                return SeriesRef(free);
            }
        }
        if self.entries.is_empty() {
            // No series has the number 0.
            self.entries.push(None);
        }
        self.entries.push(None);
        SeriesRef(u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX))
    }

    /// Takes back a number that was reserved and not used.
    pub fn take_back(&mut self, series: SeriesRef) {
        if self.get(series).is_none() {
            self.free.push(series.0);
        }
    }

    /// Adds a series under a number that is reserved, or that a store remembers.
    /// Call [`Index::find_free`] after the last of those that a store remembers.
    pub fn insert(&mut self, series: SeriesRef, entry: Entry) {
        let id = series.0;
        let at = id as usize;
        if self.entries.len() <= at {
            self.entries.resize_with(at + 1, || None);
        }
        for (name, value) in entry.labels.as_ref().iter() {
            if !self.postings.contains_key(name) {
                self.postings.insert(name.into(), BTreeMap::new());
            }
            let Some(values) = self.postings.get_mut(name) else {
                continue;
            };
            if let Some(ids) = values.get_mut(value) {
                insert_sorted(ids, id);
            } else {
                values.insert(value.into(), vec![id]);
            }
        }
        let bytes = entry.labels.as_ref();
        let hash = hash_of(&self.hasher, entry.source, bytes.as_bytes());
        if let Some(place) = self.entries.get_mut(at) {
            *place = Some(entry);
        }
        let (hasher, entries) = (&self.hasher, &self.entries);
        self.by_labels
            .insert_unique(hash, id, |id| rehash(hasher, entries, *id));
    }

    /// Makes every number below the greatest that no series has free to be reserved.
    pub fn find_free(&mut self) {
        let free = (0u32..).zip(&self.entries).skip(1);
        self.free = free
            .filter(|(_, entry)| entry.is_none())
            .map(|(id, _)| id)
            .collect();
        self.free.reverse();
    }

    /// Forgets a series; its number is free again.
    pub fn remove(&mut self, series: SeriesRef) -> Option<Entry> {
        let entry = self.entries.get_mut(series.0 as usize)?.take()?;
        let hash = hash_of(&self.hasher, entry.source, entry.labels.as_ref().as_bytes());
        if let Ok(found) = self.by_labels.find_entry(hash, |id| *id == series.0) {
            found.remove();
        }
        for (name, value) in entry.labels.as_ref().iter() {
            let Some(values) = self.postings.get_mut(name) else {
                continue;
            };
            if let Some(ids) = values.get_mut(value) {
                if let Ok(at) = ids.binary_search(&series.0) {
                    ids.remove(at);
                }
                if ids.is_empty() {
                    values.remove(value);
                }
            }
            if values.is_empty() {
                self.postings.remove(name);
            }
        }
        self.free.push(series.0);
        Some(entry)
    }

    /// How many series there are.
    pub fn len(&self) -> usize {
        self.by_labels.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_labels.is_empty()
    }

    /// Every series, by number.
    pub fn iter(&self) -> impl Iterator<Item = (SeriesRef, &Entry)> {
        (0u32..)
            .zip(&self.entries)
            .filter_map(|(id, entry)| Some((SeriesRef(id), entry.as_ref()?)))
    }

    /// The series that fit every matcher, by number. Without matchers: all.
    pub fn select(&self, matchers: &[Matcher]) -> Vec<SeriesRef> {
        // A matcher that fits the empty text fits every series without the label: it can only take
        // away. The others can be looked up.
        let (taking, giving): (Vec<_>, Vec<_>) = matchers.iter().partition(|m| m.matches(""));
        let mut lists: Vec<Ids> = giving.iter().map(|m| self.ids(m)).collect();
        lists.sort_unstable_by_key(Vec::len);
        let mut lists = lists.into_iter();
        let mut found = match lists.next() {
            Some(shortest) => shortest,
            None => self.iter().map(|(series, _)| series.0).collect(),
        };
        for list in lists {
            retain_in(&mut found, &list, true);
        }
        for matcher in taking {
            self.take_away(&mut found, matcher);
        }
        found.into_iter().map(SeriesRef).collect()
    }

    /// The series whose label a matcher fits.
    fn ids(&self, matcher: &Matcher) -> Ids {
        let Some(values) = self.postings.get(matcher.name()) else {
            return Ids::new();
        };
        let mut ids = Ids::new();
        if let Some(only) = matcher.values() {
            for list in only.iter().filter_map(|v| values.get(v.as_str())) {
                ids.extend_from_slice(list);
            }
        } else {
            for (_, list) in values.iter().filter(|(value, _)| matcher.matches(value)) {
                ids.extend_from_slice(list);
            }
        }
        sort_runs(&mut ids);
        ids
    }

    /// Takes away those whose label the matcher does not fit.
    fn take_away(&self, found: &mut Ids, matcher: &Matcher) {
        let Some(values) = self.postings.get(matcher.name()) else {
            return;
        };
        if found.len() <= values.len() {
            found.retain(|id| {
                self.get(SeriesRef(*id))
                    .is_some_and(|e| matcher.matches(e.labels.as_ref().get(matcher.name())))
            });
            return;
        }
        let mut bad = Ids::new();
        for (_, list) in values.iter().filter(|(value, _)| !matcher.matches(value)) {
            bad.extend_from_slice(list);
        }
        sort_runs(&mut bad);
        retain_in(found, &bad, false);
    }

    /// The names of the labels that those series have, in order; of all series without any.
    pub fn label_names(&self, of: Option<&[SeriesRef]>) -> Vec<String> {
        let mut names: Vec<String> = match of {
            None => self.postings.keys().map(ToString::to_string).collect(),
            Some(series) => {
                let entries = series.iter().filter_map(|s| self.get(*s));
                let mut seen: HashMap<&str, ()> = HashMap::new();
                for entry in entries {
                    seen.extend(entry.labels.as_ref().iter().map(|(name, _)| (name, ())));
                }
                seen.keys().map(|name| (*name).to_owned()).collect()
            }
        };
        names.sort_unstable();
        names
    }

    /// The values that a label has among those series, in order; among all series without any.
    pub fn label_values(&self, name: &str, of: Option<&[SeriesRef]>) -> Vec<String> {
        match of {
            None => self.postings.get(name).map_or_else(Vec::new, |values| {
                values.keys().map(ToString::to_string).collect()
            }),
            Some(series) => {
                let entries = series.iter().filter_map(|s| self.get(*s));
                let mut values: Vec<&str> = entries
                    .map(|entry| entry.labels.as_ref().get(name))
                    .filter(|value| !value.is_empty())
                    .collect();
                values.sort_unstable();
                values.dedup();
                values.into_iter().map(str::to_owned).collect()
            }
        }
    }
}

fn rehash(hasher: &DefaultHashBuilder, entries: &[Option<Entry>], id: u32) -> u64 {
    entries
        .get(id as usize)
        .and_then(Option::as_ref)
        .map_or(0, |e| {
            hash_of(hasher, e.source, e.labels.as_ref().as_bytes())
        })
}

#[expect(
    clippy::stable_sort_primitive,
    reason = "they are runs in order, which the stable sort merges"
)]
fn sort_runs(ids: &mut Ids) {
    ids.sort();
}

fn insert_sorted(ids: &mut Ids, id: u32) {
    if ids.last().is_none_or(|last| *last < id) {
        ids.push(id);
    } else if let Err(at) = ids.binary_search(&id) {
        ids.insert(at, id);
    }
}

/// Keeps those of `ids` that are in `list`, or those that are not. Both are in order.
fn retain_in(ids: &mut Ids, list: &[u32], wanted: bool) {
    let mut rest = list;
    ids.retain(|id| {
        // Near: a few comparisons; far apart: jump.
        let near = rest.iter().take(8).take_while(|other| *other < id).count();
        let skip = if near < 8 {
            near
        } else {
            rest.partition_point(|other| other < id)
        };
        rest = rest.get(skip..).unwrap_or_default();
        (rest.first() == Some(id)) == wanted
    });
}
