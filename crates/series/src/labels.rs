//! The labels that name a metric's series, as one string of bytes.
//!
//! A company's machines send the same label sets again and again, so what is looked up by them must
//! cost one hash of one slice. The bytes are `name 0xFF value 0xFF …` in the order of the names:
//! 0xFF occurs in no UTF-8, so two sets are equal exactly where their bytes are.

use std::borrow::Borrow;
use std::fmt;

/// The label that holds the metric's name.
pub const METRIC_NAME: &str = "__name__";

const END: u8 = 0xFF;

/// A set of labels: names unique and in order, neither names nor values empty.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Labels(Box<[u8]>);

/// A set of labels that lies in somebody else's bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LabelsRef<'a>(&'a [u8]);

/// Why pairs are no set of labels.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabelsError {
    /// A label without a name.
    #[error("a label has no name")]
    NoName,
    /// Two labels of one name.
    #[error("the label `{0}` stands twice")]
    Twice(String),
}

impl Labels {
    /// From pairs in any order. A label without a value is the same as none, and is left out.
    ///
    /// # Errors
    /// Where a name is empty or stands twice.
    pub fn new<'p>(
        pairs: impl IntoIterator<Item = (&'p str, &'p str)>,
    ) -> Result<Self, LabelsError> {
        let mut pairs: Vec<_> = pairs.into_iter().collect();
        let mut bytes = Vec::new();
        write_labels(&mut pairs, &mut bytes)?;
        Ok(Self(bytes.into()))
    }

    /// The same, borrowed.
    pub fn as_ref(&self) -> LabelsRef<'_> {
        LabelsRef(&self.0)
    }
}

/// Appends the bytes of a set of labels to `out`; `pairs` is put in order on the way.
///
/// # Errors
/// Where a name is empty or stands twice; `out` is then as it was.
pub fn write_labels(pairs: &mut [(&str, &str)], out: &mut Vec<u8>) -> Result<(), LabelsError> {
    // Senders send them in order; a sort of what is sorted is one pass.
    pairs.sort_unstable_by_key(|(name, _)| *name);
    for pair in pairs.windows(2) {
        if let [(a, _), (b, _)] = pair
            && a == b
        {
            return Err(LabelsError::Twice((*a).to_owned()));
        }
    }
    if pairs.first().is_some_and(|(name, _)| name.is_empty()) {
        return Err(LabelsError::NoName);
    }
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        for part in [name, value] {
            out.extend_from_slice(part.as_bytes());
            out.push(END);
        }
    }
    Ok(())
}

impl<'a> LabelsRef<'a> {
    /// Bytes that [`write_labels`] wrote, or a store kept. `None` where they are no such bytes.
    pub fn from_bytes(bytes: &'a [u8]) -> Option<Self> {
        let mut before = "";
        let mut rest = bytes;
        while !rest.is_empty() {
            let (name, after) = part(rest)?;
            let (value, after) = part(after)?;
            // In order, each once, none empty: the first name is greater than the empty one.
            if name <= before || value.is_empty() {
                return None;
            }
            (before, rest) = (name, after);
        }
        Some(Self(bytes))
    }

    /// Bytes that this process wrote a moment ago.
    pub(crate) fn trusted(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// Names and values, by name.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let (name, after) = part(rest)?;
            let (value, after) = part(after)?;
            rest = after;
            Some((name, value))
        })
    }

    /// The value of a label; empty where there is none, which is the same thing.
    pub fn get(self, name: &str) -> &'a str {
        self.iter()
            .find(|(known, _)| *known == name)
            .map_or("", |(_, value)| value)
    }

    /// The metric's name; empty where it has none.
    pub fn metric(self) -> &'a str {
        self.get(METRIC_NAME)
    }

    /// A copy of one's own.
    pub fn to_labels(self) -> Labels {
        Labels(self.0.into())
    }
}

/// What stands before the next end, and what stands after it.
fn part(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == END)?;
    let (text, rest) = bytes.split_at_checked(end)?;
    Some((std::str::from_utf8(text).ok()?, rest.get(1..)?))
}

impl fmt::Display for LabelsRef<'_> {
    /// As PromQL writes it: `http_requests_total{code="500",job="api"}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.metric())?;
        let mut others = self.iter().filter(|(name, _)| *name != METRIC_NAME);
        let Some((name, value)) = others.next() else {
            return if self.metric().is_empty() {
                f.write_str("{}")
            } else {
                Ok(())
            };
        };
        write!(f, "{{{name}={value:?}")?;
        for (name, value) in others {
            write!(f, ",{name}={value:?}")?;
        }
        f.write_str("}")
    }
}

impl fmt::Debug for LabelsRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.as_ref(), f)
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.as_ref(), f)
    }
}

/// So that a map keyed by [`Labels`] is asked with bytes that nobody had to copy.
impl Borrow<[u8]> for Labels {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_order_of_the_pairs_does_not_matter() {
        let a = Labels::new([("job", "api"), (METRIC_NAME, "up"), ("zone", "")]).unwrap();
        let b = Labels::new([(METRIC_NAME, "up"), ("job", "api")]).unwrap();
        assert_eq!(a, b);
        assert_eq!(a.to_string(), "up{job=\"api\"}");
        assert_eq!(a.as_ref().metric(), "up");
        assert_eq!(a.as_ref().get("zone"), "");
    }

    #[test]
    fn labels_that_stand_twice_or_have_no_name_are_refused() {
        let twice = Labels::new([("a", "1"), ("b", "2"), ("a", "3")]);
        assert_eq!(twice, Err(LabelsError::Twice("a".into())));
        assert_eq!(Labels::new([("", "1")]), Err(LabelsError::NoName));
    }

    #[test]
    fn bytes_that_are_no_labels_are_not_taken_for_some() {
        for bytes in [
            &b"a"[..],
            b"a\xFF",
            b"a\xFFb",
            b"\xFFb\xFF",
            b"a\xFF\xFF",
            b"b\xFF1\xFFa\xFF1\xFF",
            b"a\xFF1\xFFa\xFF1\xFF",
            b"\xC0\xFF1\xFF",
        ] {
            assert_eq!(LabelsRef::from_bytes(bytes), None, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(pairs in proptest::collection::btree_map("\\PC{1,8}", "\\PC{1,8}", 0..6)) {
            let labels = Labels::new(pairs.iter().map(|(k, v)| (k.as_str(), v.as_str()))).unwrap();
            let read = LabelsRef::from_bytes(labels.as_ref().as_bytes()).unwrap();
            let back: Vec<_> = read.iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
            prop_assert_eq!(back, pairs.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Some(labels) = LabelsRef::from_bytes(&bytes) {
                let _ = labels.to_string();
            }
        }
    }
}
