//! What every file keeps to: a header, a length, a name that says something, no traces of a machine.

use std::collections::BTreeSet;
use std::path::Path;

use crate::source::{Source, lines_with};
use crate::{Finding, Tree};

/// Lines a file may have; what stands under `#[cfg(test)]` does not count.
const LONGEST: usize = 500;

/// Names that say nothing of what is inside.
const EMPTY_NAMES: &[&str] = &[
    "utils", "util", "helpers", "helper", "common", "manager", "misc",
];

/// Rust files that do not begin by saying what they hold; a crate's README may say it.
pub fn each_has_a_header(tree: &Tree) -> Vec<Finding> {
    let header = |text: &str| text.starts_with("//!") || text.starts_with("#![doc = include_str!(");
    tree.rust()
        .filter(|file| !header(file.text.trim_start()))
        .map(|file| {
            Finding::new(
                &file.path,
                1,
                "it does not say what it holds",
                "begin the file with a `//!` sentence",
            )
        })
        .collect()
}

/// Files that are too long to be read at once.
pub fn none_is_too_long(tree: &Tree) -> Vec<Finding> {
    let sources = ["rs", "css", "js", "mjs", "ts", "sh"];
    let mut findings = Vec::new();
    for file in tree.files() {
        let kind = Path::new(&file.path)
            .extension()
            .and_then(|e| e.to_str())
            .unwrap_or_default();
        if !sources.contains(&kind) || file.is_test() || file.path.contains("/migrations/") {
            continue;
        }
        let lines = if kind == "rs" {
            lines_without_tests(&file.text)
        } else {
            file.text.lines().count()
        };
        if lines > LONGEST {
            findings.push(Finding::new(
                &file.path,
                0,
                format!("{lines} lines, and {LONGEST} are enough"),
                "split it by subject: a folder of its name, and a file for each thing in it",
            ));
        }
    }
    findings
}

/// Lines of a Rust file apart from those that hold its tests.
fn lines_without_tests(text: &str) -> usize {
    let source = Source::parse(text);
    let kept = source.without_tests();
    let tests = source
        .code
        .lines()
        .zip(kept.lines())
        .filter(|(all, kept)| all != kept)
        .count();
    text.lines().count() - tests
}

/// Lints that are silenced without a reason, or for ever.
pub fn lints_are_answered(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        let code = Source::parse(&file.text).code;
        for silence in ["#[allow(", "#![allow("] {
            for line in lines_with(&code, silence) {
                findings.push(Finding::new(
                    &file.path,
                    line,
                    "a lint is silenced for ever",
                    "mend what it says, or `#[expect(lint, reason = \"…\")]`, which speaks up when it is no longer needed",
                ));
            }
        }
        for (at, _) in code.match_indices("[expect(") {
            let attribute = code[at..].split(']').next().unwrap_or_default();
            if !attribute.contains("reason") {
                let line = code[..at].matches('\n').count() + 1;
                findings.push(Finding::new(
                    &file.path,
                    line,
                    "an exception without a reason",
                    "add `reason = \"…\"`",
                ));
            }
        }
    }
    findings
}

/// Files and modules whose name fits anything.
pub fn names_say_something(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut report = |path: &str, line: usize, name: &str| {
        findings.push(Finding::new(
            path,
            line,
            format!("`{name}` says nothing of what is inside"),
            "name it after what it does or holds: `crossing`, `retry`, `window`",
        ));
    };
    for file in tree.files() {
        for part in file.path.split('/') {
            let stem = part.split('.').next().unwrap_or_default();
            if EMPTY_NAMES.contains(&stem) {
                report(&file.path, 0, stem);
            }
        }
    }
    for file in tree.rust() {
        let code = Source::parse(&file.text).code;
        for (number, line) in code.lines().enumerate() {
            let words: Vec<&str> = line
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .collect();
            // A module in a file of its own has been found by that.
            let inline = words
                .windows(2)
                .find(|pair| pair[0] == "mod" && EMPTY_NAMES.contains(&pair[1]));
            if let Some(pair) = inline.filter(|_| line.contains('{')) {
                report(&file.path, number + 1, pair[1]);
            }
        }
    }
    findings
}

/// Paths of the machine it was written on, and sources that only that machine can reach.
pub fn no_traces_of_a_machine(tree: &Tree) -> Vec<Finding> {
    let folders = ["root", "work"].map(|name| format!("/{name}/"));
    let mut findings = Vec::new();
    for file in tree.files() {
        for (number, line) in file.text.lines().enumerate() {
            if let Some(folder) = folders.iter().find(|folder| names_folder(line, folder)) {
                findings.push(Finding::new(
                    &file.path,
                    number + 1,
                    format!("`{folder}` is a folder of one machine"),
                    "write it relative to the repository, or from an environment variable",
                ));
            }
        }
    }
    let sources = [
        (
            "Cargo.lock",
            "source = \"",
            "registry+https://github.com/rust-lang/crates.io-index",
        ),
        (
            "package-lock.json",
            "\"resolved\": \"",
            "https://registry.npmjs.org/",
        ),
    ];
    for (path, key, public) in sources {
        let Some(file) = tree.get(path) else { continue };
        for (number, line) in file.text.lines().enumerate() {
            let from = line.trim_start().strip_prefix(key);
            if from.is_some_and(|from| !from.starts_with(public)) {
                findings.push(Finding::new(
                    path,
                    number + 1,
                    "a package comes from somewhere that others cannot reach",
                    format!("lock it from {public}"),
                ));
            }
        }
    }
    findings
}

/// Whether a line names an absolute folder; `tree/work/x` and an address are none.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        line[..at]
            .chars()
            .next_back()
            .is_none_or(|c| !c.is_alphanumeric() && !"_.-}~/".contains(c))
    })
}

/// Migrations that only one of the databases has.
pub fn migrations_are_pairs(tree: &Tree) -> Vec<Finding> {
    let folders = [
        "crates/store/migrations/sqlite",
        "crates/store/migrations/postgres",
    ];
    let names = folders.map(|folder| {
        tree.under(folder)
            .map(|file| file.name().to_owned())
            .collect::<BTreeSet<String>>()
    });
    let mut findings = Vec::new();
    for (mine, other) in [(0, 1), (1, 0)] {
        for name in names[mine].difference(&names[other]) {
            findings.push(Finding::new(
                &format!("{}/{name}", folders[mine]),
                0,
                format!("{} has no migration of that name", folders[other]),
                "write it for both databases, under one name; where one needs nothing, say so in a comment",
            ));
        }
    }
    findings
}

/// Pipes of a shell script that end at a reader who leaves early: `pipefail` makes a failure of the
/// writer's SIGPIPE, but only where the writer is not done yet, so that it shows on some machines only.
pub fn pipes_are_read_to_their_end(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files() {
        if !file.text.starts_with("#!/usr/bin/env bash") || !file.text.contains("pipefail") {
            continue;
        }
        for (number, line) in file.text.lines().enumerate() {
            // `||` is no pipe, and what follows the reader is not read from it.
            let code = line.trim_start().replace("||", ";");
            let mut readers = code
                .split('|')
                .skip(1)
                .filter_map(|reader| reader.split([';', '&', ')']).next());
            let leaves = readers.any(leaves_early);
            if !code.starts_with('#') && leaves {
                findings.push(Finding::new(
                    &file.path,
                    number + 1,
                    "the reader of this pipe leaves before its end",
                    "keep the output in a variable, `[[ \"$(command)\" = *text* ]]`, or read it whole",
                ));
            }
        }
    }
    findings
}

/// Whether a command does not read all that it is given.
fn leaves_early(command: &str) -> bool {
    let mut words = command.split_whitespace();
    let is_quiet = |word: &str| {
        word == "--quiet"
            || (word.starts_with('-') && !word.starts_with("--") && word.contains('q'))
    };
    match words.next() {
        Some("head") => true,
        Some("grep") => words.any(is_quiet),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(rule: fn(&Tree) -> Vec<Finding>, path: &str, text: &str) -> usize {
        rule(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn a_file_without_a_header_is_found() {
        assert_eq!(
            count(each_has_a_header, "a.rs", "//! Says it.\nfn a() {}\n"),
            0
        );
        assert_eq!(count(each_has_a_header, "a.rs", "fn a() {}\n"), 1);
        assert_eq!(
            count(
                each_has_a_header,
                "a.rs",
                "#![doc = include_str!(\"../README.md\")]\n"
            ),
            0
        );
    }

    #[test]
    fn a_long_file_is_found_and_its_tests_do_not_count() {
        let long = "fn a() {}\n".repeat(LONGEST + 1);
        assert_eq!(count(none_is_too_long, "src/a.rs", &long), 1);
        assert_eq!(count(none_is_too_long, "tests/a.rs", &long), 0);
        assert_eq!(count(none_is_too_long, "style/a.css", &long), 1);
        assert_eq!(count(none_is_too_long, "docs/a.md", &long), 0);
        let tested = format!("fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{long}}}\n");
        assert_eq!(count(none_is_too_long, "src/a.rs", &tested), 0);
    }

    #[test]
    fn a_silenced_lint_is_found() {
        let rule = lints_are_answered;
        assert_eq!(count(rule, "a.rs", "#[allow(dead_code)]\nfn a() {}\n"), 1);
        assert_eq!(count(rule, "a.rs", "#![allow(dead_code)]\n"), 1);
        assert_eq!(count(rule, "a.rs", "#[expect(dead_code)]\nfn a() {}\n"), 1);
        assert_eq!(
            count(
                rule,
                "a.rs",
                "#[expect(\n    dead_code,\n    reason = \"b\"\n)]\nfn a() {}\n"
            ),
            0
        );
    }

    #[test]
    fn a_name_that_fits_anything_is_found() {
        let rule = names_say_something;
        assert_eq!(count(rule, "app/src/utils.rs", ""), 1);
        assert_eq!(count(rule, "app/src/helpers/x.rs", ""), 1);
        assert_eq!(count(rule, "app/src/a.rs", "mod common {\n}\n"), 1);
        assert_eq!(count(rule, "app/src/commonly.rs", "mod useful {}\n"), 0);
    }

    #[test]
    fn a_path_of_one_machine_is_found() {
        let rule = no_traces_of_a_machine;
        assert_eq!(count(rule, "a.sh", &format!("cp {}work/x .\n", '/')), 1);
        assert_eq!(count(rule, "a.sh", &format!("HOME={}root/\n", '/')), 1);
        assert_eq!(
            count(rule, "a.sh", "cp \"$MILLRACE_CACHE/work/x\" tree/root/y\n"),
            0
        );
        assert_eq!(
            count(
                rule,
                "Cargo.lock",
                "source = \"registry+https://example.org/index\"\n"
            ),
            1
        );
        assert_eq!(
            count(
                rule,
                "package-lock.json",
                "  \"resolved\": \"https://registry.npmjs.org/a\",\n"
            ),
            0
        );
        assert_eq!(
            count(
                rule,
                "package-lock.json",
                "  \"resolved\": \"http://example.org/a\",\n"
            ),
            1
        );
    }

    #[test]
    fn a_pipe_that_is_left_early_is_found() {
        let rule = pipes_are_read_to_their_end;
        let script = |line: &str| format!("#!/usr/bin/env bash\nset -euo pipefail\n{line}\n");
        for early in [
            "a | grep -q b",
            "if a 2>&1 | grep -Eq 'b'; then",
            "a | sort | head -n 1",
        ] {
            assert_eq!(count(rule, "a.sh", &script(early)), 1, "{early}");
        }
        for whole in [
            "grep -q b file",
            "a | grep b || grep -q c file",
            "# a | grep -q b",
            "a | tail -n 1",
        ] {
            assert_eq!(count(rule, "a.sh", &script(whole)), 0, "{whole}");
        }
        let unchecked = "#!/usr/bin/env bash\na | grep -q b\n";
        assert_eq!(count(rule, "a.sh", unchecked), 0);
    }

    #[test]
    fn a_migration_for_one_database_is_found() {
        let sqlite = ("crates/store/migrations/sqlite/0001_users.sql", "");
        let postgres = ("crates/store/migrations/postgres/0001_users.sql", "");
        assert!(migrations_are_pairs(&Tree::of(&[sqlite, postgres])).is_empty());
        assert_eq!(migrations_are_pairs(&Tree::of(&[sqlite])).len(), 1);
        assert_eq!(migrations_are_pairs(&Tree::of(&[postgres])).len(), 1);
    }
}
