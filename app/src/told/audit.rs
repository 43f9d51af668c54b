//! Entries of the audit log in words.
//!
//! Pure functions for server functions only, as in [`super`]: the browser's half places what they
//! make.

use std::collections::BTreeSet;

use api::{AuditEntry, AuditPage};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How many entries a page shows.
pub const SHOWN: u32 = 50;
/// The longest value that is shown whole, in characters.
const LONGEST: usize = 400;

/// A page of entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The entries, the newest first.
    pub entries: Vec<Told>,
    /// Which these are.
    pub range: String,
    /// Below which number the next page begins; `None` where there is none.
    pub older: Option<i64>,
    /// Actions and areas to choose from: what is sent, and what is read.
    pub actions: Vec<(String, String)>,
    /// How many days entries are kept; empty for ever.
    pub days: String,
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// When, in microseconds.
    pub at: i64,
    /// Who.
    pub who: String,
    /// What they did, as it is written.
    pub action: String,
    /// To what.
    pub object: String,
    /// What came of it.
    pub outcome: String,
    /// What was changed.
    pub differs: Vec<Differs>,
    /// The rest: names and values.
    pub facts: Vec<(String, String)>,
}

/// One thing that was, and is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Differs {
    /// Which.
    pub what: String,
    /// How it was.
    pub before: String,
    /// How it is.
    pub after: String,
}

/// What a page shows.
pub fn shown(page: &AuditPage, days: Option<u32>) -> Shown {
    let seqs = page.entries.iter().map(|entry| entry.seq);
    let (newest, oldest) = (seqs.clone().max(), seqs.min());
    let range = match (newest, oldest) {
        (Some(newest), Some(oldest)) if newest == oldest => format!("Entry {newest}"),
        (Some(newest), Some(oldest)) => format!("Entries {newest} to {oldest}"),
        _ => String::new(),
    };
    Shown {
        range,
        older: oldest.filter(|_| page.more),
        actions: choices(&page.actions),
        days: days.map(|days| days.to_string()).unwrap_or_default(),
        entries: page.entries.iter().map(told).collect(),
    }
}

/// Each area once, before its actions.
fn choices(actions: &[String]) -> Vec<(String, String)> {
    let mut choices = Vec::new();
    let mut last = "";
    for action in actions {
        let area = action.split('.').next().unwrap_or_default();
        if area != last {
            choices.push((area.to_owned(), format!("{area}: anything")));
            last = area;
        }
        choices.push((action.clone(), action.clone()));
    }
    choices
}

fn told(entry: &AuditEntry) -> Told {
    let record = &entry.record;
    let (actor, object) = (&record.actor, &record.object);
    let who = match (actor.kind.as_str(), actor.name.as_str()) {
        ("person", name) if !name.is_empty() => name.to_owned(),
        (kind, "") => kind.to_owned(),
        (kind, name) => format!("{kind} {name}"),
    };
    let named = if object.name.is_empty() {
        &object.id
    } else {
        &object.name
    };
    let facts = [
        ("Entry", entry.seq.to_string()),
        ("Exactly at", ui::utc_iso(record.at.0)),
        ("Who", spaced(&[&actor.kind, &actor.id])),
        ("To what", spaced(&[&object.kind, &object.id])),
        ("From", record.address.clone()),
        ("Request", record.request_id.clone()),
        ("Hash", entry.hash.clone()),
    ];
    Told {
        at: record.at.0,
        who,
        action: record.action.clone(),
        object: spaced(&[&object.kind, named]),
        outcome: record.outcome.as_str().to_owned(),
        differs: differences(record.before.as_deref(), record.after.as_deref()),
        facts: facts
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    }
}

fn spaced(words: &[&str]) -> String {
    let words: Vec<&str> = words
        .iter()
        .copied()
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}

/// What differs between two values; all of the one where there is no other.
fn differences(before: Option<&str>, after: Option<&str>) -> Vec<Differs> {
    let read = |text: Option<&str>| text.and_then(|text| serde_json::from_str(text).ok());
    let (before, after): (Option<Value>, Option<Value>) = (read(before), read(after));
    let nothing = Map::new();
    let (was, is) = match (&before, &after) {
        (None, None) => return Vec::new(),
        (Some(Value::Object(was)), Some(Value::Object(is))) => (was, is),
        (Some(Value::Object(was)), None) => (was, &nothing),
        (None, Some(Value::Object(is))) => (&nothing, is),
        (was, is) => {
            return vec![Differs {
                what: "value".to_owned(),
                before: words(was.as_ref()),
                after: words(is.as_ref()),
            }];
        }
    };
    let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    names
        .into_iter()
        .filter(|name| was.get(*name) != is.get(*name))
        .map(|name| Differs {
            what: name.replace('_', " "),
            before: words(was.get(name)),
            after: words(is.get(name)),
        })
        .collect()
}

/// A value for people: none is a dash, a text is without its quotes.
fn words(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => return "—".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(yes)) => if *yes { "yes" } else { "no" }.to_owned(),
        Some(other) => other.to_string(),
    };
    if text.chars().count() <= LONGEST {
        return text;
    }
    let mut cut: String = text.chars().take(LONGEST).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(before: Option<&str>, after: Option<&str>) -> Vec<(String, String, String)> {
        let differs = differences(before, after).into_iter();
        differs.map(|d| (d.what, d.before, d.after)).collect()
    }

    fn line(what: &str, before: &str, after: &str) -> (String, String, String) {
        (what.into(), before.into(), after.into())
    }

    #[test]
    fn only_what_differs_is_shown() {
        assert_eq!(
            lines(
                Some(r#"{"url":"http://a","verify":true,"rate":null}"#),
                Some(r#"{"url":"http://b","verify":true,"rate":5}"#)
            ),
            [line("rate", "—", "5"), line("url", "http://a", "http://b")]
        );
    }

    #[test]
    fn what_is_new_or_gone_is_shown_whole() {
        let made = lines(None, Some(r#"{"has_token":true,"scopes":["ingest"]}"#));
        assert_eq!(
            made,
            [
                line("has token", "—", "yes"),
                line("scopes", "—", "[\"ingest\"]")
            ]
        );
        assert_eq!(
            lines(Some(r#"{"days":90}"#), None),
            [line("days", "90", "—")]
        );
        assert_eq!(
            lines(Some("null"), Some("0.9")),
            [line("value", "—", "0.9")]
        );
        assert!(lines(None, None).is_empty());
    }

    #[test]
    fn each_area_stands_before_its_actions() {
        let actions = ["key.add", "key.use", "person.add"].map(str::to_owned);
        let choices = choices(&actions);
        let values: Vec<&str> = choices.iter().map(|(value, _)| value.as_str()).collect();
        assert_eq!(
            values,
            ["key", "key.add", "key.use", "person", "person.add"]
        );
    }

    #[test]
    fn a_long_value_is_cut() {
        let long = Value::String("ä".repeat(LONGEST + 1));
        assert_eq!(words(Some(&long)).chars().count(), LONGEST + 1);
    }
}
