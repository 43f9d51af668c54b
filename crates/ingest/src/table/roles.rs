//! What each column is for, its unit, and what repeated rows mean.

use std::collections::{BTreeSet, HashSet};

use super::cells::{is_blank_label, words_of};
use super::known::focus_roles;
use super::money::{currency_code, unit_of};
use super::number::{NumberFormat, is_missing, parse_number};
use super::time_guess::as_times;
use super::{Duplicates, MAX_LABEL_CHARS, Role};

const MAX_LABEL_KINDS: usize = 200;
const MAX_LABEL_SETS: usize = 1_000;

/// A column of the sample.
pub(crate) struct Sampled<'a> {
    pub(crate) name: &'a str,
    pub(crate) cells: Vec<&'a str>,
}

impl Sampled<'_> {
    fn known(&self) -> impl Iterator<Item = &str> {
        self.cells.iter().copied().filter(|cell| !is_missing(cell))
    }
}

/// The role of each column, the time column being `time`.
pub(crate) fn guess_roles(
    columns: &[Sampled<'_>],
    time: usize,
    format: &NumberFormat<'_>,
) -> Vec<Role> {
    let names: Vec<String> = columns
        .iter()
        .map(|column| column.name.to_owned())
        .collect();
    if let Some(roles) = focus_roles(&names) {
        return roles;
    }
    let times_repeat = columns.get(time).is_some_and(|column| {
        let distinct: HashSet<&str> = column.known().collect();
        distinct.len() < column.known().count()
    });
    let mut roles: Vec<Role> = columns
        .iter()
        .enumerate()
        .map(|(i, column)| {
            if i == time {
                Role::Time
            } else {
                role_of(column, format, times_repeat)
            }
        })
        .collect();
    if !roles.contains(&Role::Value) {
        numbers_at_least(columns, format, &mut roles);
    }
    limit_label_sets(columns, &mut roles);
    roles
}

/// Where no column is one of numbers, those that are so for the greater part are: what is wrong in
/// them is counted when the file is read.
fn numbers_at_least(columns: &[Sampled<'_>], format: &NumberFormat<'_>, roles: &mut [Role]) {
    for (column, role) in columns.iter().zip(roles) {
        let known: Vec<&str> = column.known().collect();
        let numbers: Vec<f64> = known
            .iter()
            .filter_map(|cell| parse_number(cell, format).ok().flatten())
            .collect();
        let distinct: HashSet<&str> = known.iter().copied().collect();
        // A column of numbers throughout was looked at already, and names things.
        let mostly = numbers.len() < known.len() && numbers.len() * 2 > known.len();
        if mostly
            && *role != Role::Time
            && !is_identifier(column.name, &known, &numbers, distinct.len())
        {
            *role = Role::Value;
        }
    }
}

fn role_of(column: &Sampled<'_>, format: &NumberFormat<'_>, times_repeat: bool) -> Role {
    let known: Vec<&str> = column.known().collect();
    if known.is_empty() {
        return Role::Ignore;
    }
    let distinct: HashSet<&str> = known.iter().copied().collect();
    let numbers: Vec<f64> = known
        .iter()
        .filter_map(|cell| parse_number(cell, format).ok().flatten())
        .collect();
    if numbers.len() * 5 >= known.len() * 4 {
        if !is_identifier(column.name, &known, &numbers, distinct.len()) {
            return Role::Value;
        }
        // A handful of shop numbers tell series apart; order numbers do not.
        let few = distinct.len() <= 50 && distinct.len() * 2 <= known.len();
        return if few { Role::Label } else { Role::Ignore };
    }
    if as_times(&known, false).is_some_and(|times| times.rate >= 0.8) {
        return Role::Ignore;
    }
    let prose = known.iter().any(|cell| {
        cell.len() > MAX_LABEL_CHARS || cell.contains('\n') || cell.starts_with(['{', '[', '<'])
    });
    let mean_len = known.iter().map(|cell| cell.len()).sum::<usize>() / known.len();
    let few = distinct.len() <= MAX_LABEL_KINDS && distinct.len() * 2 <= known.len();
    // In a short sample everything is rare; what matters is whether moments repeat.
    let few_enough = if known.len() < 20 {
        times_repeat || few
    } else {
        few
    };
    if prose || mean_len > 64 || !few_enough {
        Role::Ignore
    } else {
        Role::Label
    }
}

/// Whether whole numbers name things rather than measure them. Being all different does not make
/// them names (a month's revenues are); counting up by one or many digits of equal length does.
fn is_identifier(name: &str, known: &[&str], numbers: &[f64], distinct: usize) -> bool {
    const NAMES: [&str; 31] = [
        "id",
        "ids",
        "uuid",
        "guid",
        "zip",
        "plz",
        "postcode",
        "postal",
        "phone",
        "telefon",
        "tel",
        "fax",
        "nr",
        "no",
        "number",
        "nummer",
        "num",
        "code",
        "sku",
        "ean",
        "gtin",
        "isbn",
        "iban",
        "invoice",
        "account",
        "konto",
        "kundennummer",
        "bestellnummer",
        "index",
        "row",
        "line",
    ];
    // "number of orders" and "no. of items" count; "order number" names.
    let words = words_of(name);
    let counts = words
        .iter()
        .any(|word| matches!(word.as_str(), "of" | "count" | "total" | "amount"));
    let whole = known
        .iter()
        .all(|cell| cell.bytes().all(|b| b.is_ascii_digit()));
    if !whole {
        return false;
    }
    let named = words
        .iter()
        .any(|word| NAMES.contains(&word.as_str()) || word.ends_with("nummer"));
    let leading_zero = known
        .iter()
        .any(|cell| cell.len() > 1 && cell.starts_with('0'));
    if (named && !counts) || leading_zero || (name.is_empty() && distinct == known.len()) {
        return true;
    }
    let all_different = distinct == known.len() && known.len() >= 20;
    let counts_up = numbers.windows(2).all(|pair| {
        pair.first()
            .zip(pair.last())
            .is_some_and(|(a, b)| (b - a - 1.0).abs() < f64::EPSILON)
    });
    let first_len = known.first().map_or(0, |cell| cell.len());
    let long = first_len >= 8 && known.iter().all(|cell| cell.len() == first_len);
    all_different && (counts_up || long)
}

/// Drops the most varied label while the sample alone makes too many combinations.
fn limit_label_sets(columns: &[Sampled<'_>], roles: &mut [Role]) {
    loop {
        let labels: Vec<usize> = positions(roles, Role::Label);
        let rows = columns
            .iter()
            .map(|column| column.cells.len())
            .max()
            .unwrap_or(0);
        let combination = |row: usize| -> Vec<&str> {
            let cell = |&i: &usize| {
                columns
                    .get(i)
                    .and_then(|column| column.cells.get(row))
                    .copied()
            };
            labels.iter().filter_map(cell).collect()
        };
        let sets: HashSet<Vec<&str>> = (0..rows).map(combination).collect();
        if labels.len() < 2 || sets.len() <= MAX_LABEL_SETS {
            return;
        }
        let kinds = |i: &usize| {
            columns.get(*i).map_or(0, |column| {
                column.cells.iter().collect::<HashSet<_>>().len()
            })
        };
        let Some(most) = labels.iter().max_by_key(|i| kinds(i)) else {
            return;
        };
        if let Some(role) = roles.get_mut(*most) {
            *role = Role::Ignore;
        }
    }
}

fn positions(roles: &[Role], role: Role) -> Vec<usize> {
    roles
        .iter()
        .enumerate()
        .filter(|(_, is)| **is == role)
        .map(|(i, _)| i)
        .collect()
}

/// The unit of each value column: from its cells, its name, or the file's only currency.
pub(crate) fn guess_units(columns: &[Sampled<'_>], roles: &[Role]) -> Vec<Option<String>> {
    let currency = only_currency(columns);
    columns
        .iter()
        .zip(roles)
        .map(|(column, role)| {
            if *role != Role::Value {
                return None;
            }
            let from_cells = column.known().find_map(unit_of);
            let from_name = || unit_in_name(column.name);
            let money = || currency.clone().filter(|_| is_money(column.name));
            from_cells
                .map(str::to_owned)
                .or_else(from_name)
                .or_else(money)
        })
        .collect()
}

/// The currency that a currency column holds throughout.
fn only_currency(columns: &[Sampled<'_>]) -> Option<String> {
    let named = |column: &&Sampled<'_>| {
        let words = words_of(column.name);
        words
            .iter()
            .any(|word| matches!(word.as_str(), "currency" | "währung" | "waehrung" | "curr"))
    };
    let codes: BTreeSet<&str> = columns
        .iter()
        .filter(named)
        .flat_map(|column| column.known().map(|cell| currency_code(cell).unwrap_or("")))
        .collect();
    let mut codes = codes.into_iter();
    codes
        .next()
        .filter(|code| codes.next().is_none() && !code.is_empty())
        .map(str::to_owned)
}

fn is_money(name: &str) -> bool {
    const WORDS: [&str; 18] = [
        "amount", "cost", "costs", "price", "revenue", "sales", "turnover", "betrag", "umsatz",
        "kosten", "preis", "net", "gross", "netto", "brutto", "billed", "spend", "balance",
    ];
    words_of(name)
        .iter()
        .any(|word| WORDS.contains(&word.as_str()))
}

/// `Energy [kWh]`, `load (%)`, `latency_ms`, `Betrag EUR`.
fn unit_in_name(name: &str) -> Option<String> {
    const WORDS: [(&str, &str); 20] = [
        ("pct", "%"),
        ("percent", "%"),
        ("prozent", "%"),
        ("ms", "ms"),
        ("seconds", "s"),
        ("sec", "s"),
        ("bytes", "B"),
        ("kb", "kB"),
        ("mb", "MB"),
        ("gb", "GB"),
        ("kwh", "kWh"),
        ("wh", "Wh"),
        ("kw", "kW"),
        ("watts", "W"),
        ("kg", "kg"),
        ("km", "km"),
        ("celsius", "°C"),
        ("hours", "h"),
        ("minutes", "min"),
        ("litres", "l"),
    ];
    for (open, close) in [('[', ']'), ('(', ')')] {
        let inside = name
            .rsplit_once(open)
            .and_then(|(_, rest)| rest.split_once(close));
        let unit = inside.map(|(unit, _)| unit.trim()).filter(|unit| {
            (1..=8).contains(&unit.chars().count()) && !unit.chars().all(|c| c.is_ascii_digit())
        });
        if let Some(unit) = unit {
            return Some(unit_of(&format!("1{unit}")).unwrap_or(unit).to_owned());
        }
    }
    if name.contains('%') {
        return Some("%".to_owned());
    }
    let words = words_of(name);
    let last = words.last().filter(|_| words.len() > 1)?;
    let by_word = WORDS
        .iter()
        .find(|(word, _)| *word == last.as_str())
        .map(|&(_, unit)| unit);
    by_word.or_else(|| currency_code(last)).map(str::to_owned)
}

/// What rows of equal time and labels mean: most often each is a part of the whole.
pub(crate) fn guess_duplicates(
    columns: &[Sampled<'_>],
    roles: &[Role],
    units: &[Option<String>],
) -> Duplicates {
    const LEVELS: [&str; 12] = [
        "stock",
        "level",
        "balance",
        "inventory",
        "bestand",
        "stand",
        "saldo",
        "on",
        "remaining",
        "capacity",
        "reading",
        "available",
    ];
    const RATES: [&str; 17] = [
        "temperature",
        "temp",
        "temperatur",
        "price",
        "preis",
        "rate",
        "ratio",
        "avg",
        "mean",
        "average",
        "utilization",
        "usage",
        "humidity",
        "pressure",
        "score",
        "latency",
        "speed",
    ];
    const PARTS: [&str; 16] = [
        "cost", "costs", "kosten", "amount", "betrag", "quantity", "qty", "menge", "orders",
        "revenue", "umsatz", "sales", "spend", "units", "items", "anzahl",
    ];
    let named = |of: &[&str]| {
        columns
            .iter()
            .zip(roles)
            .filter(|(_, role)| **role == Role::Value)
            .any(|(column, _)| {
                words_of(column.name)
                    .iter()
                    .any(|word| of.contains(&word.as_str()))
            })
    };
    let keys: Vec<usize> = roles
        .iter()
        .enumerate()
        .filter(|(_, role)| matches!(role, Role::Time | Role::Label))
        .map(|(i, _)| i)
        .collect();
    let rows = columns
        .iter()
        .map(|column| column.cells.len())
        .max()
        .unwrap_or(0);
    let key = |row: usize| -> Vec<&str> {
        let cell = |&i: &usize| {
            columns
                .get(i)
                .and_then(|column| column.cells.get(row))
                .copied()
        };
        keys.iter()
            .filter_map(cell)
            .map(|cell| if is_blank_label(cell) { "" } else { cell })
            .collect()
    };
    let distinct: HashSet<Vec<&str>> = (0..rows).map(key).collect();
    let percent = units.iter().any(|unit| unit.as_deref() == Some("%"));
    if named(&LEVELS) {
        Duplicates::Last
    } else if named(&PARTS) {
        Duplicates::Sum
    } else if distinct.len() == rows {
        Duplicates::Last
    } else if named(&RATES) || percent {
        Duplicates::Mean
    } else {
        Duplicates::Sum
    }
}
