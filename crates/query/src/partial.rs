//! What somebody is about to write: where in an expression the cursor stands.

/// What the cursor stands in, and what of it is written already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partial {
    /// What would be written there.
    pub place: Place,
    /// The beginning that is there, right before the cursor.
    pub prefix: String,
}

/// What can be written at a place of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A metric, a function or an aggregation.
    Operand,
    /// What goes on after an operand: an operator's word, `by`, `offset`.
    Operator,
    /// The name of a label.
    LabelName {
        /// The metric that the braces belong to, where it is known.
        metric: Option<String>,
    },
    /// The value of a label, between its quotes.
    LabelValue {
        /// The metric that the braces belong to, where it is known.
        metric: Option<String>,
        /// The label.
        label: String,
    },
    /// Nothing that could be offered: a number, a duration, a comment.
    Nothing,
}

/// A bracket that is open at the cursor.
enum Open {
    /// `{`, with the metric before it.
    Braces(Option<String>),
    /// `(` after `by` and the like: names of labels.
    Labels,
    /// `(`
    Parentheses,
    /// `[`
    Range,
}

/// Words after which labels stand in parentheses.
const BEFORE_LABELS: [&str; 6] = [
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
];

/// Words after which something like a metric is written.
const BEFORE_OPERANDS: [&str; 6] = ["and", "or", "unless", "atan2", "bool", "offset"];

/// Reads an expression up to the cursor. It need not be right, and what is after it does not matter.
pub fn partial(before: &str) -> Partial {
    let mut reader = Reader::default();
    let mut rest = before.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '#' => {
                // A comment ends with its line.
                if !rest.by_ref().any(|c| c == '\n') {
                    return nothing(String::new());
                }
            }
            '"' | '\'' | '`' => {
                let (text, closed) = quoted(&mut rest, c);
                if !closed {
                    return reader.within_quotes(text);
                }
                reader.token(Token::Text);
            }
            c if c.is_alphanumeric() || c == '_' || c == ':' || c == '.' => {
                let mut word = String::from(c);
                while let Some(c) =
                    rest.next_if(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '.'))
                {
                    word.push(c);
                }
                if rest.peek().is_none() {
                    return reader.within_word(word);
                }
                reader.token(Token::Word(word));
            }
            c if c.is_whitespace() => {}
            c => reader.mark(c),
        }
    }
    reader.within_word(String::new())
}

/// The text up to the closing quote, and whether there is one.
fn quoted(rest: &mut impl Iterator<Item = char>, quote: char) -> (String, bool) {
    let mut text = String::new();
    while let Some(c) = rest.next() {
        if c == quote {
            return (text, true);
        }
        if c == '\\' && quote != '`' {
            // What is escaped belongs to the text, and is offered as it is written.
            text.push(c);
            text.extend(rest.next());
        } else {
            text.push(c);
        }
    }
    (text, false)
}

enum Token {
    Word(String),
    Text,
}

/// What was read so far.
#[derive(Default)]
struct Reader {
    open: Vec<Open>,
    /// The word that ended last, if nothing came after it.
    word: Option<String>,
    /// Whether an operand just ended.
    after_operand: bool,
    /// In braces: the label whose operator was read.
    label: Option<String>,
}

impl Reader {
    fn token(&mut self, token: Token) {
        self.after_operand = true;
        self.word = match token {
            Token::Word(word) => {
                if BEFORE_OPERANDS.contains(&word.as_str()) {
                    self.after_operand = false;
                }
                Some(word)
            }
            Token::Text => {
                self.label = None;
                None
            }
        };
    }

    fn mark(&mut self, c: char) {
        let word = self.word.take();
        let labels = word
            .as_deref()
            .is_some_and(|word| BEFORE_LABELS.contains(&word));
        self.after_operand = false;
        match c {
            '{' => {
                self.open.push(Open::Braces(word));
                self.label = None;
            }
            '(' if labels => self.open.push(Open::Labels),
            '(' => self.open.push(Open::Parentheses),
            '[' => self.open.push(Open::Range),
            ')' | '}' | ']' => {
                // After the labels of `sum by (…)` an operand follows, after those of `on (…)` too.
                self.after_operand = !matches!(self.open.pop(), Some(Open::Labels));
                self.label = None;
            }
            '=' | '!' | '~' if matches!(self.open.last(), Some(Open::Braces(_))) => {
                self.label = word.or(self.label.take());
            }
            ',' => self.label = None,
            _ => {}
        }
    }

    fn within_quotes(mut self, prefix: String) -> Partial {
        let place = match (self.open.pop(), self.label) {
            (Some(Open::Braces(metric)), Some(label)) => Place::LabelValue { metric, label },
            _ => Place::Nothing,
        };
        Partial { place, prefix }
    }

    fn within_word(mut self, prefix: String) -> Partial {
        if prefix.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            return nothing(prefix);
        }
        let place = match (self.open.pop(), self.after_operand) {
            // After `=` quotes are missing, and after a value a comma.
            (Some(Open::Range), _) | (Some(Open::Labels | Open::Braces(_)), true) => Place::Nothing,
            (Some(Open::Braces(_)), _) if self.label.is_some() => Place::Nothing,
            (Some(Open::Braces(metric)), false) => Place::LabelName { metric },
            (Some(Open::Labels), false) => Place::LabelName { metric: None },
            (Some(Open::Parentheses) | None, true) => Place::Operator,
            (Some(Open::Parentheses) | None, false) => Place::Operand,
        };
        Partial { place, prefix }
    }
}

const fn nothing(prefix: String) -> Partial {
    Partial {
        place: Place::Nothing,
        prefix,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(before: &str) -> (Place, String) {
        let Partial { place, prefix } = partial(before);
        (place, prefix)
    }

    fn name(metric: &str) -> Place {
        let metric = (!metric.is_empty()).then(|| metric.to_owned());
        Place::LabelName { metric }
    }

    fn value(metric: &str, label: &str) -> Place {
        Place::LabelValue {
            metric: (!metric.is_empty()).then(|| metric.to_owned()),
            label: label.to_owned(),
        }
    }

    #[test]
    fn operands_stand_at_the_beginning_in_parentheses_and_after_operators() {
        for (before, prefix) in [
            ("", ""),
            ("ra", "ra"),
            ("rate(node_", "node_"),
            ("sum by (a) (", ""),
            ("sum by (a) (up", "up"),
            ("a + b", "b"),
            ("a and ", ""),
            ("a / on (x) group_left (y) no", "no"),
            ("topk(3, ", ""),
            ("\"text\" == # a comment\n u", "u"),
        ] {
            assert_eq!(at(before), (Place::Operand, prefix.into()), "{before}");
        }
    }

    #[test]
    fn what_goes_on_stands_after_an_operand() {
        for (before, prefix) in [
            ("up ", ""),
            ("up of", "of"),
            ("up{a=\"b\"} a", "a"),
            ("rate(up[5m]) ", ""),
            ("sum b", "b"),
        ] {
            assert_eq!(at(before), (Place::Operator, prefix.into()), "{before}");
        }
    }

    #[test]
    fn labels_know_their_metric() {
        assert_eq!(at("up{"), (name("up"), String::new()));
        assert_eq!(at("up{a=\"b\", in"), (name("up"), "in".into()));
        assert_eq!(at("{__na"), (name(""), "__na".into()));
        assert_eq!(at("sum by (in"), (name(""), "in".into()));
        assert_eq!(at("a / on (x, "), (name(""), String::new()));
        assert_eq!(at("up{job=\""), (value("up", "job"), String::new()));
        assert_eq!(at("up{job=~'no"), (value("up", "job"), "no".into()));
        assert_eq!(
            at("rate(up{a=\"}{\",job!=\"x\\\"y"),
            (value("up", "job"), "x\\\"y".into())
        );
    }

    #[test]
    fn nothing_is_offered_for_numbers_durations_comments_and_missing_marks() {
        for before in [
            "1",
            "up[5",
            "up[",
            "# u",
            "up{a",
            "up{job=",
            "up{job=x",
            "up{a=\"b\" c",
        ] {
            let expected = if before == "up{a" {
                name("up")
            } else {
                Place::Nothing
            };
            assert_eq!(at(before).0, expected, "{before}");
        }
    }

    proptest! {
        #[test]
        fn the_prefix_is_always_the_end_of_what_was_written(before in "[a-z{}()\\[\\]\"'`\\\\=~!,#\n 0-9.:]{0,40}") {
            prop_assert!(before.ends_with(&partial(&before).prefix));
        }
    }
}
