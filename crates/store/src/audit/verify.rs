//! Walking the chain: which entries were changed, replaced, moved, put in or taken away.
//!
//! A row that was edited no longer has the hash that it says. One that was edited and hashed anew is
//! told by the row after it, by the head, or by an anchor that lies outside of the database.

use std::collections::BTreeMap;

use api::AuditRecord;

use super::chain::{self, NOTHING};

/// The action of the entry that says up to where older ones were cut off.
pub(crate) const CUT: &str = "audit.cut";
/// How many faults are looked at more closely: after that the table is somebody else's.
const MOST: usize = 1_000;

/// Whether what an entry says of a cut was signed: the number up to which entries were cut off, the
/// hash of the last of them, and the signature.
pub(crate) type Signed<'a> = &'a (dyn Fn(i64, &str, &str) -> bool + Sync);

/// What the head was at some time, as it was written down outside of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The number of the newest entry.
    pub seq: i64,
    /// Its hash.
    pub hash: String,
}

/// Something that is wrong with the log. Numbers are those of entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Entries are not there any more.
    Missing {
        /// The first of them.
        from: i64,
        /// The last of them.
        to: i64,
    },
    /// The entry does not say what it said.
    Changed {
        /// Which.
        seq: i64,
    },
    /// What stands there is another entry.
    Moved {
        /// Where it stands.
        seq: i64,
        /// Where it stood.
        was: i64,
    },
    /// It was never written by Millrace.
    Inserted {
        /// Which.
        seq: i64,
    },
    /// Its place was taken by another that has a hash of its own: the entry after it, or the head,
    /// remembers another.
    Replaced {
        /// Which.
        seq: i64,
    },
    /// The chain is whole, but an anchor remembers another: one or more of these were replaced, and
    /// all after it hashed anew.
    Rewritten {
        /// The first that may be.
        from: i64,
        /// The last that certainly is.
        to: i64,
    },
}

impl Fault {
    /// Whether it is about that entry, or may be.
    fn is_about(&self, entry: i64) -> bool {
        match self {
            Self::Missing { from, to } | Self::Rewritten { from, to } => {
                (*from..=*to).contains(&entry)
            }
            Self::Moved { seq, was } => entry == *seq || entry == *was,
            Self::Changed { seq } | Self::Inserted { seq } | Self::Replaced { seq } => {
                entry == *seq
            }
        }
    }

    /// The first entry that it is about.
    pub const fn first(&self) -> i64 {
        match self {
            Self::Missing { from, .. } | Self::Rewritten { from, .. } => *from,
            Self::Changed { seq }
            | Self::Moved { seq, .. }
            | Self::Inserted { seq }
            | Self::Replaced { seq } => *seq,
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing { from, to } if from == to => write!(f, "entry {from} is missing"),
            Self::Missing { from, to } => write!(f, "entries {from} to {to} are missing"),
            Self::Changed { seq } => write!(f, "entry {seq} was changed"),
            Self::Moved { seq, was } => {
                write!(
                    f,
                    "entry {seq} was moved: what stands there was entry {was}"
                )
            }
            Self::Inserted { seq } => {
                write!(f, "entry {seq} was put in: Millrace never wrote it")
            }
            Self::Replaced { seq } => {
                write!(
                    f,
                    "entry {seq} was replaced by another, with a hash of its own"
                )
            }
            Self::Rewritten { from, to } if from == to => {
                write!(f, "entry {from} was replaced: an anchor remembers another")
            }
            Self::Rewritten { from, to } => write!(
                f,
                "one or more of entries {from} to {to} were replaced: an anchor remembers others"
            ),
        }
    }
}

/// A row of the table; the record is missing where it cannot be read as one.
pub(crate) struct Link {
    pub(crate) seq: i64,
    pub(crate) record: Option<AuditRecord>,
    pub(crate) prev: String,
    pub(crate) hash: String,
}

impl Link {
    /// Whether the row has the hash that it says, if it stood at `seq`.
    fn fits(&self, seq: i64) -> bool {
        let record = self.record.as_ref();
        record
            .and_then(|record| chain::hash(&self.prev, seq, record))
            .as_ref()
            == Some(&self.hash)
    }

    /// What the entry says was cut off, if it says so.
    fn cut(&self) -> Option<Cut> {
        let record = self.record.as_ref().filter(|r| r.action == CUT)?;
        let said: serde_json::Value = serde_json::from_str(record.after.as_deref()?).ok()?;
        let text = |name: &str| said.get(name)?.as_str().map(str::to_owned);
        Some(Cut {
            through: said.get("through")?.as_i64()?,
            hash: text("hash")?,
            by: text("by").unwrap_or_default(),
        })
    }
}

/// What an entry says was cut off.
struct Cut {
    through: i64,
    /// The hash of the last that was.
    hash: String,
    /// Its signature.
    by: String,
}

/// The entry before the one that is looked at.
struct Before {
    seq: i64,
    hash: String,
    fits: bool,
}

/// A walk along the chain, in the order of the numbers.
pub(crate) struct Chain {
    anchors: BTreeMap<i64, String>,
    /// Entries of which two anchors say different things: one of them is wrong, or the entry is.
    disputed: Vec<i64>,
    faults: Vec<Fault>,
    /// Rows that are not what they say: looked at again at the end.
    odd: Vec<Link>,
    first: Option<(i64, String)>,
    before: Option<Before>,
    cuts: Vec<Cut>,
    /// Entries after the one that was the newest when the walk began.
    beyond: Vec<i64>,
    head: i64,
    /// The newest entry that an anchor knows as it is.
    anchored: i64,
    entries: u64,
}

impl Chain {
    /// A walk that also compares with these. Of two anchors of the same entry that differ, both are
    /// compared.
    pub(crate) fn new(anchors: &[Anchor], head: &(i64, String)) -> Self {
        let mut chain = Self {
            anchors: BTreeMap::new(),
            disputed: Vec::new(),
            faults: Vec::new(),
            odd: Vec::new(),
            first: None,
            before: None,
            cuts: Vec::new(),
            beyond: Vec::new(),
            head: head.0,
            anchored: 0,
            entries: 0,
        };
        // The head is one more, though it lies beside the rows.
        let head = Anchor {
            seq: head.0,
            hash: head.1.clone(),
        };
        for anchor in anchors.iter().chain([&head]).filter(|a| a.seq > 0) {
            let known = chain
                .anchors
                .entry(anchor.seq)
                .or_insert_with(|| anchor.hash.clone());
            if *known != anchor.hash {
                chain.disputed.push(anchor.seq);
            }
        }
        chain
    }

    /// How many entries there were.
    pub(crate) fn entries(&self) -> u64 {
        self.entries
    }

    /// Looks at the next row.
    pub(crate) fn push(&mut self, link: Link) {
        self.entries += 1;
        if link.seq < 1 {
            self.faults.push(Fault::Inserted { seq: link.seq });
            return;
        }
        if link.seq > self.head && self.beyond.len() < MOST {
            self.beyond.push(link.seq);
        }
        let fits = link.fits(link.seq);
        match &self.before {
            None => self.first = Some((link.seq, link.prev.clone())),
            Some(before) if link.seq > before.seq + 1 => self.faults.push(Fault::Missing {
                from: before.seq + 1,
                to: link.seq - 1,
            }),
            Some(before) if link.prev != before.hash && before.fits && fits => {
                self.faults.push(Fault::Replaced { seq: before.seq });
            }
            Some(_) => {}
        }
        if let Some(known) = self.anchors.get(&link.seq) {
            if *known == link.hash {
                self.anchored = link.seq;
            } else if fits {
                self.rewritten(link.seq);
            }
        }
        if fits {
            self.cuts.extend(link.cut());
        }
        self.before = Some(Before {
            seq: link.seq,
            hash: link.hash.clone(),
            fits,
        });
        if !fits {
            if self.odd.len() < MOST {
                self.odd.push(link);
            } else {
                self.faults.push(Fault::Changed { seq: link.seq });
            }
        }
    }

    /// An anchor remembers another hash: of this entry, or of one between the last that was as the
    /// anchors know it and this.
    fn rewritten(&mut self, seq: i64) {
        let from = self.anchored + 1;
        match self.faults.last_mut() {
            Some(Fault::Rewritten { from: begun, to }) if *begun == from => *to = seq,
            _ => self.faults.push(Fault::Rewritten { from, to: seq }),
        }
    }

    /// What is wrong, by number. `head` is the number that the head had after the last row was read.
    pub(crate) fn finish(mut self, head: i64, signed: Signed<'_>) -> Vec<Fault> {
        self.cuts
            .retain(|cut| signed(cut.through, &cut.hash, &cut.by));
        self.beginning();
        self.look_again();
        self.end(head);
        let replaced: Vec<i64> = self
            .faults
            .iter()
            .filter_map(|fault| match fault {
                Fault::Replaced { seq } => Some(*seq),
                _ => None,
            })
            .collect();
        // The more exact word is enough.
        self.faults.retain(|fault| match fault {
            Fault::Rewritten { to, .. } => !replaced.contains(to),
            _ => true,
        });
        for seq in std::mem::take(&mut self.disputed) {
            if !self.faults.iter().any(|fault| fault.is_about(seq)) {
                self.faults.push(Fault::Replaced { seq });
            }
        }
        self.faults.sort_by_key(Fault::first);
        self.faults.dedup();
        self.faults
    }

    /// The first row is the first entry, or follows what was cut off.
    fn beginning(&mut self) {
        let Some((first, prev)) = &self.first else {
            return;
        };
        let gone = first - 1;
        if gone == 0 {
            if prev != NOTHING && self.odd.first().is_none_or(|odd| odd.seq != 1) {
                self.faults.push(Fault::Replaced { seq: 1 });
            }
            return;
        }
        let fits = |cut: &Cut| cut.through == gone && cut.hash == *prev;
        if self.cuts.iter().any(fits) {
            return;
        }
        let through = self.cuts.iter().map(|cut| cut.through);
        let through = through.filter(|through| *through < gone);
        self.faults.push(Fault::Missing {
            from: through.max().unwrap_or(0) + 1,
            to: gone,
        });
    }

    /// The last row is the one that the head and the anchors know, and none is after the head.
    fn end(&mut self, head: i64) {
        let last = self.before.as_ref().map_or(0, |before| before.seq);
        let known = self.anchors.keys().next_back().copied().unwrap_or(0);
        if known > last {
            self.faults.push(Fault::Missing {
                from: last + 1,
                to: known,
            });
        }
        self.faults.retain_mut(|fault| match fault {
            // Beyond the head there is nothing to miss.
            Fault::Missing { from, to } => {
                *to = (*to).min(head.max(known));
                from <= to
            }
            Fault::Changed { seq } => *seq <= head,
            _ => true,
        });
        let moved: Vec<i64> = self
            .faults
            .iter()
            .filter_map(|fault| match fault {
                Fault::Moved { seq, .. } => Some(*seq),
                _ => None,
            })
            .collect();
        let beyond = self
            .beyond
            .iter()
            .filter(|seq| **seq > head && !moved.contains(seq));
        self.faults
            .extend(beyond.map(|seq| Fault::Inserted { seq: *seq }));
    }

    /// Rows that are not what they say: entries that stood elsewhere, and entries that were changed.
    fn look_again(&mut self) {
        let mut places: Vec<i64> = self.odd.iter().map(|odd| odd.seq).collect();
        for fault in &self.faults {
            if let Fault::Missing { from, to } = fault {
                places.extend((*from..=*to).take(MOST));
            }
        }
        places.truncate(MOST);
        for odd in &self.odd {
            let was = places.iter().find(|place| odd.fits(**place));
            self.faults.push(match was {
                Some(was) => Fault::Moved {
                    seq: odd.seq,
                    was: *was,
                },
                None => Fault::Changed { seq: odd.seq },
            });
        }
    }
}
