//! The answers to the security standard: each file and each test that `docs/asvs.md` names is there.

use crate::{Finding, Tree};

const ANSWERS: &str = "docs/asvs.md";
/// Where what is named in full begins.
const FOLDERS: [&str; 5] = ["app/", "crates/", "end2end/", "scripts/", "server/"];

/// Files, and tests in brackets behind them, that `docs/asvs.md` names and that are not there.
///
/// As long as the file does not exist there is nothing to check.
pub fn name_what_is_there(tree: &Tree) -> Vec<Finding> {
    let Some(answers) = tree.get(ANSWERS) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for (number, line) in answers.text.lines().enumerate() {
        for (path, names) in named(line) {
            let Some(file) = tree.get(path) else {
                if tree.under(path).next().is_none() {
                    findings.push(finding(number, format!("{path} is not there")));
                } else if !names.is_empty() {
                    findings.push(finding(number, format!("{path} is a folder")));
                }
                continue;
            };
            let gone = names.into_iter().filter(|name| !file.text.contains(name));
            let gone = gone.map(|name| finding(number, format!("{path} has no `{name}`")));
            findings.extend(gone);
        }
    }
    findings
}

fn finding(line: usize, problem: String) -> Finding {
    let instead =
        "name the file and the test that show it now, or say that it is not met".to_owned();
    Finding::new(ANSWERS, line + 1, problem, instead)
}

/// The paths between backticks, each with the names in the brackets behind it, between backticks or quotes.
fn named(line: &str) -> Vec<(&str, Vec<&str>)> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some((_, after)) = rest.split_once('`') {
        let Some((path, after)) = after.split_once('`') else {
            break;
        };
        rest = after;
        if !FOLDERS.iter().any(|folder| path.starts_with(folder)) {
            continue;
        }
        let mut names = Vec::new();
        if let Some(mut inside) = after.strip_prefix(" (") {
            while let Some(quote) = inside.chars().next().filter(|c| ['`', '"'].contains(c)) {
                let Some((name, after)) = inside[1..].split_once(quote) else {
                    break;
                };
                names.push(name);
                rest = after;
                let Some(next) = after.strip_prefix(", ") else {
                    break;
                };
                inside = next;
            }
        }
        found.push((path, names));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "| `1.1.1` | 2 | x | `app/src/a.rs` (`one`, \"two, or (three)\"), `crates/b`, `/api` (`no`) |";

    #[test]
    fn paths_are_read_with_their_names() {
        assert_eq!(
            named(LINE),
            [
                ("app/src/a.rs", vec!["one", "two, or (three)"]),
                ("crates/b", vec![])
            ]
        );
    }

    #[test]
    fn what_is_gone_is_found() {
        let tree = |text: &str| {
            Tree::of(&[
                (ANSWERS, LINE),
                ("app/src/a.rs", text),
                ("crates/b/x.rs", ""),
            ])
        };
        assert!(name_what_is_there(&tree("fn one() two, or (three)")).is_empty());
        let findings = name_what_is_there(&tree("fn one()"));
        assert!(findings.len() == 1 && findings[0].problem.contains("two"));
        let findings = name_what_is_there(&Tree::of(&[(ANSWERS, LINE)]));
        assert_eq!(findings.len(), 2);
    }
}
