//! What was not taken of a request, and why: counts for the metrics, examples for people.

use std::fmt;

/// Why a sample, a point or a line was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Reason {
    /// More labels than a series may have.
    TooManyLabels,
    /// A label without a name.
    EmptyLabelName,
    /// A label's name of characters that are not allowed.
    BadLabelName,
    /// A name or a value that is too long.
    LabelTooLong,
    /// Two labels of one name.
    DuplicateLabel,
    /// Bytes that are not UTF-8.
    NotUtf8,
    /// No metric's name.
    NoMetricName,
    /// A metric's name of characters that are not allowed.
    BadMetricName,
    /// A metric named like a number, such as `NaN`, which no query could name.
    NumberAsName,
    /// A time too far in the future.
    InTheFuture,
    /// A time before 1970.
    Before1970,
    /// A reference to a symbol that the request does not have (remote-write 2.0).
    SymbolOutOfBounds,
    /// References to symbols that are no pairs (remote-write 2.0).
    OddReferences,
    /// A series without samples and histograms (remote-write 2.0).
    NoSamples,
    /// A histogram whose parts do not fit together.
    BadHistogram,
    /// A sum or histogram that is neither delta nor cumulative (OTLP).
    BadTemporality,
    /// A point without a value (OTLP).
    NoValue,
    /// A delta that is older than, or overlaps, what was added before (OTLP).
    DeltaOutOfOrder,
    /// A delta of a new series when no more can be remembered (OTLP).
    DeltaStateFull,
    /// A delta that is no number, or less than nothing of a sum that only grows (OTLP).
    BadDelta,
    /// A field that holds text, which is no sample (Influx).
    TextField,
    /// A line that cannot be read (Influx, text exposition).
    BadLine,
}

impl Reason {
    /// Every reason, in the order of their declaration.
    pub const ALL: [Self; 22] = [
        Self::TooManyLabels,
        Self::EmptyLabelName,
        Self::BadLabelName,
        Self::LabelTooLong,
        Self::DuplicateLabel,
        Self::NotUtf8,
        Self::NoMetricName,
        Self::BadMetricName,
        Self::NumberAsName,
        Self::InTheFuture,
        Self::Before1970,
        Self::SymbolOutOfBounds,
        Self::OddReferences,
        Self::NoSamples,
        Self::BadHistogram,
        Self::BadTemporality,
        Self::NoValue,
        Self::DeltaOutOfOrder,
        Self::DeltaStateFull,
        Self::BadDelta,
        Self::TextField,
        Self::BadLine,
    ];

    /// Whether the sender did something wrong. A text among numbers is what Telegraf sends all day,
    /// and an answer of 400 for it would fill its log.
    pub fn is_fault(self) -> bool {
        self != Self::TextField
    }

    /// A word for it that stays, for the label of a counter.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooManyLabels => "too_many_labels",
            Self::EmptyLabelName => "empty_label_name",
            Self::BadLabelName => "bad_label_name",
            Self::LabelTooLong => "label_too_long",
            Self::DuplicateLabel => "duplicate_label",
            Self::NotUtf8 => "not_utf8",
            Self::NoMetricName => "no_metric_name",
            Self::BadMetricName => "bad_metric_name",
            Self::NumberAsName => "number_as_name",
            Self::InTheFuture => "in_the_future",
            Self::Before1970 => "before_1970",
            Self::SymbolOutOfBounds => "symbol_out_of_bounds",
            Self::OddReferences => "odd_references",
            Self::NoSamples => "no_samples",
            Self::BadHistogram => "bad_histogram",
            Self::BadTemporality => "bad_temporality",
            Self::NoValue => "no_value",
            Self::DeltaOutOfOrder => "delta_out_of_order",
            Self::DeltaStateFull => "delta_state_full",
            Self::BadDelta => "bad_delta",
            Self::TextField => "text_field",
            Self::BadLine => "bad_line",
        }
    }

    /// What is wrong, for people.
    pub fn text(self) -> &'static str {
        match self {
            Self::TooManyLabels => "too many labels",
            Self::EmptyLabelName => "a label has no name",
            Self::BadLabelName => {
                "a label's name is not letters, digits and underscores, or begins with a digit"
            }
            Self::LabelTooLong => "a label's name or value is too long",
            Self::DuplicateLabel => "a label stands twice",
            Self::NotUtf8 => "a text is not UTF-8",
            Self::NoMetricName => "the metric has no name",
            Self::BadMetricName => {
                "the metric's name is not letters, digits, underscores and colons, or begins with a digit"
            }
            Self::NumberAsName => "the metric is named like a number",
            Self::InTheFuture => "the time is too far in the future: check the clock and the unit",
            Self::Before1970 => "the time is before 1970",
            Self::SymbolOutOfBounds => "a reference points beyond the symbols",
            Self::OddReferences => "the references to labels are no pairs",
            Self::NoSamples => "a series has neither samples nor histograms",
            Self::BadHistogram => "the parts of a histogram do not fit together",
            Self::BadTemporality => "a sum or histogram is neither delta nor cumulative",
            Self::NoValue => "a point has no value",
            Self::DeltaOutOfOrder => "a delta is older than what was added before",
            Self::DeltaStateFull => "too many series send deltas",
            Self::BadDelta => "a delta is no number, or takes something from a sum that only grows",
            Self::TextField => "a field holds text, which is no sample",
            Self::BadLine => "a line cannot be read",
        }
    }
}

/// How many examples a [`Refused`] keeps in all.
const MAX_EXAMPLES: usize = 10;
/// How many examples it keeps of one reason.
const MAX_EXAMPLES_OF_ONE: usize = 3;
/// The longest text of an example, in characters.
const MAX_EXAMPLE_CHARS: usize = 200;

/// What was refused: how many samples for each reason, and the first of them as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    counts: [u64; Reason::ALL.len()],
    examples: Vec<(Reason, String)>,
}

impl Refused {
    /// Counts `samples` more; `about` says which, and is asked only as long as examples are kept.
    pub fn add(&mut self, reason: Reason, samples: u64, about: impl FnOnce() -> String) {
        if let Some(count) = self.counts.get_mut(reason as usize) {
            *count = count.saturating_add(samples);
        }
        self.example(reason, about);
    }

    fn example(&mut self, reason: Reason, about: impl FnOnce() -> String) {
        let same = self.examples.iter().filter(|(r, _)| *r == reason).count();
        if self.examples.len() < MAX_EXAMPLES && same < MAX_EXAMPLES_OF_ONE {
            self.examples.push((reason, shortened(&about())));
        }
    }

    /// Adds what another part of the request, or another request, refused.
    pub fn merge(&mut self, other: Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count = count.saturating_add(more);
        }
        for (reason, text) in other.examples {
            self.example(reason, || text);
        }
    }

    /// How many for this reason.
    pub fn count(&self, reason: Reason) -> u64 {
        self.counts.get(reason as usize).copied().unwrap_or(0)
    }

    /// How many in all.
    pub fn total(&self) -> u64 {
        self.counts
            .iter()
            .fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// How many are the sender's fault.
    pub fn faults(&self) -> u64 {
        let faults = self.counts().filter(|(reason, _)| reason.is_fault());
        faults.fold(0, |sum, (_, count)| sum.saturating_add(count))
    }

    /// Whether everything was taken.
    pub fn is_empty(&self) -> bool {
        self.total() == 0
    }

    /// The reasons that occurred, each with its count.
    pub fn counts(&self) -> impl Iterator<Item = (Reason, u64)> {
        Reason::ALL
            .into_iter()
            .map(|reason| (reason, self.count(reason)))
            .filter(|(_, count)| *count > 0)
    }

    /// The first that were refused, at most ten, in the order they were met.
    pub fn examples(&self) -> &[(Reason, String)] {
        &self.examples
    }
}

/// A text that cannot flood a log or a page.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_EXAMPLE_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

impl fmt::Display for Refused {
    /// One line for each reason, as the body of an answer shows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (reason, count)) in self.counts().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{count} refused: {}", reason.text())?;
            let mut examples = self.examples.iter().filter(|(r, _)| *r == reason);
            if let Some((_, example)) = examples.next() {
                write!(f, " ({example})")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_own_place_and_word() {
        for (i, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, i);
        }
        let words: std::collections::BTreeSet<_> = Reason::ALL.map(Reason::code).into();
        assert_eq!(words.len(), Reason::ALL.len());
    }

    #[test]
    fn counts_go_on_when_examples_stop() {
        let mut refused = Refused::default();
        for i in 0..100 {
            refused.add(Reason::InTheFuture, 2, || format!("sample {i}"));
        }
        refused.add(Reason::NotUtf8, 1, || "x".repeat(1000));
        assert_eq!(refused.total(), 201);
        assert_eq!(refused.count(Reason::InTheFuture), 200);
        assert_eq!(refused.examples().len(), 4);
        assert!(refused.examples().iter().all(|(_, text)| text.len() < 300));
        let text = refused.to_string();
        assert!(text.contains("200 refused: the time is too far"), "{text}");
        assert!(text.contains("(sample 0)"), "{text}");
    }

    #[test]
    fn merged_counts_are_sums() {
        let mut one = Refused::default();
        one.add(Reason::NoValue, 1, || "a".into());
        let mut other = one.clone();
        other.add(Reason::BadLine, 3, || "b".into());
        one.merge(other);
        assert_eq!(
            one.counts().collect::<Vec<_>>(),
            [(Reason::NoValue, 2), (Reason::BadLine, 3)]
        );
    }
}
