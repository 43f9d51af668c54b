//! Walking the chain: which entries were changed, replaced, moved, put in or taken away.
//!
//! A row that was edited no longer has the hash that it says. One that was edited and hashed anew is
//! told by its signature, by the row after it, by the head, or by an anchor that lies outside of the
//! database.
//!
//! A row is proved by its own signature alone. What a server signs later proves nothing of what it found
//! in the database: somebody may have written that a moment before.

use std::collections::BTreeMap;

use api::AuditRecord;

use super::chain::{self, NOTHING};
use super::fault::Fault;

/// The action of the entry that says up to where older ones were cut off.
pub(crate) const CUT: &str = "audit.cut";
/// How many faults are looked at more closely: after that the table is somebody else's.
const MOST: usize = 1_000;

/// Whether a signature, the second, is one of a text, the first; `None` where its key is not there.
pub type Signed<'a> = &'a (dyn Fn(&str, &str) -> Option<bool> + Sync);

/// What is signed of a cut: up to which number entries were cut off, and the hash of the last of them.
pub fn cut_words(through: i64, hash: &str) -> String {
    format!("millrace cut 1\n{through}\n{hash}")
}

/// What the head was at some time, as it was written down outside of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The number of the newest entry.
    pub seq: i64,
    /// Its hash.
    pub hash: String,
}

/// A row of the table; the record is missing where it cannot be read as one.
pub(crate) struct Link {
    pub(crate) seq: i64,
    pub(crate) record: Option<AuditRecord>,
    pub(crate) prev: String,
    pub(crate) hash: String,
    /// Empty where an older version wrote it, or the server had no key.
    pub(crate) signature: String,
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
            seq: self.seq,
            through: said.get("through")?.as_i64()?,
            hash: text("hash")?,
            by: text("by").unwrap_or_default(),
        })
    }
}

/// What an entry says was cut off.
struct Cut {
    /// The entry's own number.
    seq: i64,
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
pub(crate) struct Chain<'a> {
    signed: Option<Signed<'a>>,
    anchors: BTreeMap<i64, String>,
    /// Entries of which two anchors say different things: one of them is wrong, or the entry is.
    disputed: Vec<i64>,
    faults: Vec<Fault>,
    /// Rows that are not what they say: looked at again at the end.
    odd: Vec<Link>,
    first: Option<(i64, String)>,
    /// Before which numbers others are missing, and the hash that the row there says comes before it.
    gaps: Vec<(i64, String)>,
    before: Option<Before>,
    cuts: Vec<Cut>,
    /// Entries after the one that was the newest when the walk began.
    beyond: Vec<i64>,
    head: i64,
    /// The newest entry that an anchor knows as it is.
    anchored: i64,
    entries: u64,
}

impl<'a> Chain<'a> {
    /// A walk that also compares with these. Of two anchors of the same entry that differ, both are
    /// compared.
    pub(crate) fn new(
        anchors: &[Anchor],
        head: &(i64, String),
        signed: Option<Signed<'a>>,
    ) -> Self {
        let mut chain = Self {
            signed,
            anchors: BTreeMap::new(),
            disputed: Vec::new(),
            faults: Vec::new(),
            odd: Vec::new(),
            first: None,
            gaps: Vec::new(),
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
            Some(before) if link.seq > before.seq + 1 => {
                self.gaps.push((link.seq, link.prev.clone()));
                self.faults.push(Fault::Missing {
                    from: before.seq + 1,
                    to: link.seq - 1,
                });
            }
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
            self.look_at_signature(&link);
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

    /// Whether the row is signed as it is. One that is not as its hash says is named anyway.
    fn look_at_signature(&mut self, link: &Link) {
        let Some(signed) = self.signed else {
            return;
        };
        let seq = link.seq;
        let fault = match signed(&chain::words(&link.hash), &link.signature) {
            Some(true) => return,
            Some(false) => Fault::Forged { from: seq, to: seq },
            None => Fault::Unproven { from: seq, to: seq },
        };
        // One word for all that follow each other.
        for before in self.faults.iter_mut().rev() {
            match (before, &fault) {
                (Fault::Forged { to, .. }, Fault::Forged { .. })
                | (Fault::Unproven { to, .. }, Fault::Unproven { .. })
                    if *to == seq - 1 =>
                {
                    *to = seq;
                    return;
                }
                (Fault::Missing { .. } | Fault::Replaced { .. } | Fault::Rewritten { .. }, _) => {}
                _ => break,
            }
        }
        self.faults.push(fault);
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
    pub(crate) fn finish(mut self, head: i64) -> Vec<Fault> {
        let signed = self.signed;
        self.cuts.retain(|cut| match signed {
            Some(signed) => signed(&cut_words(cut.through, &cut.hash), &cut.by) == Some(true),
            // It cannot be said, and is believed.
            None => cut.by.contains(':'),
        });
        self.beginning();
        self.cut_meanwhile();
        self.look_again();
        self.end(head);
        self.keep_the_exact();
        for seq in std::mem::take(&mut self.disputed) {
            if !self.faults.iter().any(|fault| fault.is_about(seq)) {
                self.faults.push(Fault::Replaced { seq });
            }
        }
        self.faults.sort_by_key(Fault::first);
        self.faults.dedup();
        self.faults
    }

    /// Of two words about one entry, the more exact is enough.
    fn keep_the_exact(&mut self) {
        let of = |wanted: fn(&Fault) -> bool| -> Vec<Fault> {
            self.faults.iter().filter(|f| wanted(f)).cloned().collect()
        };
        let forged = of(|fault| matches!(fault, Fault::Forged { .. }));
        let replaced = of(|fault| matches!(fault, Fault::Replaced { .. }));
        let told = |by: &[Fault], seq: i64| by.iter().any(|fault| fault.is_about(seq));
        self.faults.retain(|fault| match fault {
            Fault::Rewritten { to, .. } => !told(&replaced, *to) && !told(&forged, *to),
            Fault::Replaced { seq } => !told(&forged, *seq),
            _ => true,
        });
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
        if self.was_cut(*first, prev, 0) {
            return;
        }
        let through = self.cuts.iter().map(|cut| cut.through);
        let through = through.filter(|through| *through < gone);
        self.faults.push(Fault::Missing {
            from: through.max().unwrap_or(0) + 1,
            to: gone,
        });
    }

    /// A server that cuts off old entries while this walks takes them away before and under its feet: what comes
    /// before the gap was there, and went as well. Only an entry that was not there when the walk began says so.
    fn cut_meanwhile(&mut self) {
        let gaps = std::mem::take(&mut self.gaps);
        for (next, prev) in gaps {
            if self.was_cut(next, &prev, self.head) {
                self.faults
                    .retain(|fault| !matches!(fault, Fault::Missing { to, .. } if *to == next - 1));
            }
        }
    }

    /// Whether an entry after that number says that all before `next` was cut off, up to the one that `next` follows.
    fn was_cut(&self, next: i64, prev: &str, after: i64) -> bool {
        let mut cuts = self.cuts.iter();
        cuts.any(|cut| cut.seq > after && cut.through == next - 1 && cut.hash == *prev)
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
            Fault::Forged { from, to } | Fault::Unproven { from, to } => {
                *to = (*to).min(head);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The entries of a chain, the one with number `cut.0` saying that all through `cut.1` was cut off.
    fn links(count: i64, cut: (i64, i64)) -> Vec<Link> {
        let mut links: Vec<Link> = Vec::new();
        for seq in 1..=count {
            let prev = links.last().map_or(NOTHING, |link| &link.hash).to_owned();
            let through = (seq == cut.0).then(|| &links[usize::try_from(cut.1).unwrap() - 1].hash);
            let after = through.map(|hash| {
                let through = cut.1;
                format!("{{\"through\":{through},\"hash\":\"{hash}\",\"by\":\"us:1\"}}")
            });
            let action = if after.is_some() { CUT } else { "user.add" };
            let record = AuditRecord {
                at: api::Instant(seq),
                outcome: api::AuditOutcome::Done,
                action: action.to_owned(),
                actor: api::AuditActor::default(),
                object: api::AuditObject::default(),
                before: None,
                after,
                address: String::new(),
                request_id: String::new(),
            };
            links.push(Link {
                seq,
                hash: chain::hash(&prev, seq, &record).unwrap(),
                prev,
                record: Some(record),
                signature: String::new(),
            });
        }
        links
    }

    /// What is wrong where 3 to 5 of ten are missing, 10 says that all through 5 was cut off, and the head was
    /// at `head` when the walk began.
    fn faults(head: usize) -> Vec<Fault> {
        let links = links(10, (10, 5));
        let head = (links[head - 1].seq, links[head - 1].hash.clone());
        let mut walk = Chain::new(&[], &head, None);
        for link in links
            .into_iter()
            .filter(|link| !(3..=5).contains(&link.seq))
        {
            walk.push(link);
        }
        walk.finish(10)
    }

    #[test]
    fn what_is_cut_off_while_somebody_reads_is_not_missing() {
        assert_eq!(faults(9), []);
    }

    #[test]
    fn an_older_cut_explains_no_gap() {
        assert_eq!(faults(10), [Fault::Missing { from: 3, to: 5 }]);
    }
}
