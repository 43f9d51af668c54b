//! The database in words.

use api::{DatabaseFollower, DatabaseReport, DatabaseServer};
use serde::{Deserialize, Serialize};
use ui::{Tone, number_text};

/// What the card of the database shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// What it is: its product and version.
    pub name: String,
    /// Facts: what, how much, and how that is to be taken.
    pub facts: Vec<Fact>,
    /// The servers that follow it: what each calls itself, what it is doing, and how far behind it is
    /// in bytes and in time. Empty where none does, or where nobody can.
    pub followers: Vec<[String; 4]>,
}

/// One fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is of.
    pub what: String,
    /// The number in words.
    pub value: String,
    /// Whether somebody should look.
    pub tone: Tone,
}

/// From this share of what may be, connections are few.
const FEW_LEFT: f64 = 0.9;
/// A transaction that is open so long, in seconds, holds up the cleaning of what was deleted.
const LONG: f64 = 600.0;

/// What the card says of a report.
pub fn told(report: &DatabaseReport) -> Told {
    let mut facts = vec![
        fact("On the disk", bytes(Some(report.bytes))),
        fact(
            "It answers in",
            number_text(Some(report.answered_in_seconds), "s"),
        ),
        of_most(
            "Connections of this server in use",
            report.busy_connections.into(),
            report.most_connections.into(),
        ),
    ];
    if let Some(file) = &report.file {
        facts.push(fact("Free in the file", bytes(Some(file.free_bytes))));
        facts.push(fact("Write-ahead log", bytes(Some(file.log_bytes))));
    }
    if let Some(server) = &report.server {
        facts.extend(of_server(server));
    }
    let followers = report.server.iter().flat_map(|server| &server.followers);
    Told {
        name: format!("{} {}", report.product, report.version),
        facts,
        followers: followers.map(follower).collect(),
    }
}

fn of_server(server: &DatabaseServer) -> Vec<Fact> {
    vec![
        of_most(
            "Connections of everybody",
            server.connections,
            server.max_connections,
        ),
        fact("Transactions", api::grouped(server.commits)),
        fact("Rolled back", api::grouped(server.rollbacks)),
        fact("Deadlocks", api::grouped(server.deadlocks)),
        fact(
            "Found in memory",
            number_text(server.cache_hit_ratio, "fraction"),
        ),
        since(
            "Oldest open transaction",
            server.longest_transaction_seconds,
            LONG,
        ),
    ]
}

fn fact(what: &str, value: String) -> Fact {
    Fact {
        what: what.to_owned(),
        value,
        tone: Tone::Neutral,
    }
}

fn of_most(what: &str, used: u64, most: u64) -> Fact {
    let value = format!("{} of {}", api::grouped(used), api::grouped(most));
    let few_left = used as f64 >= FEW_LEFT * most as f64;
    Fact {
        tone: if few_left {
            Tone::Warning
        } else {
            Tone::Neutral
        },
        ..fact(what, value)
    }
}

fn since(what: &str, seconds: Option<f64>, long: f64) -> Fact {
    let value = match seconds {
        None => ui::UNKNOWN.to_owned(),
        Some(0.0) => "none".to_owned(),
        Some(seconds) => ui::span_text(seconds),
    };
    let is_long = seconds.is_some_and(|seconds| seconds > long);
    Fact {
        tone: if is_long {
            Tone::Warning
        } else {
            Tone::Neutral
        },
        ..fact(what, value)
    }
}

fn bytes(bytes: Option<u64>) -> String {
    number_text(bytes.map(|bytes| bytes as f64), "bytes")
}

fn follower(one: &DatabaseFollower) -> [String; 4] {
    let or = |text: &str| match text {
        "" => ui::UNKNOWN.to_owned(),
        text => text.to_owned(),
    };
    let behind = one.behind_seconds;
    [
        or(&one.name),
        or(&one.state),
        bytes(one.behind_bytes),
        behind.map_or_else(|| ui::UNKNOWN.to_owned(), ui::span_text),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(server: Option<DatabaseServer>) -> DatabaseReport {
        DatabaseReport {
            product: "PostgreSQL".into(),
            version: "15.18".into(),
            bytes: 2_000_000,
            answered_in_seconds: 0.002,
            open_connections: 3,
            busy_connections: 1,
            most_connections: 10,
            file: None,
            server,
        }
    }

    fn server() -> DatabaseServer {
        DatabaseServer {
            connections: 95,
            max_connections: 100,
            commits: 1_234,
            rollbacks: 0,
            deadlocks: 0,
            cache_hit_ratio: None,
            longest_transaction_seconds: Some(3_600.0),
            followers: vec![DatabaseFollower {
                name: "second".into(),
                state: String::new(),
                behind_bytes: None,
                behind_seconds: None,
            }],
        }
    }

    #[test]
    fn what_nobody_knows_is_unknown_and_what_is_scarce_is_marked() {
        let told = told(&report(Some(server())));
        assert_eq!(told.name, "PostgreSQL 15.18");
        let of = |what: &str| told.facts.iter().find(|fact| fact.what == what).unwrap();
        assert_eq!(of("Found in memory").value, ui::UNKNOWN);
        assert_eq!(of("Connections of everybody").tone, Tone::Warning);
        assert_eq!(of("Oldest open transaction").tone, Tone::Warning);
        assert_eq!(of("Connections of this server in use").tone, Tone::Neutral);
        assert_eq!(told.followers[0][1..], [ui::UNKNOWN; 3].map(str::to_owned));
    }

    #[test]
    fn a_file_has_no_server() {
        let told = told(&report(None));
        assert!(told.followers.is_empty());
        assert!(told.facts.iter().all(|fact| fact.what != "Deadlocks"));
    }
}
