//! Versions stand in one place, with what they are for; and there is one SQLite.

use crate::{File, Finding, Tree};

/// Crates that may be in the lock file only once, with the beginning of the version they must have.
const ONCE: &[(&str, &str)] = &[("sqlx-core", "0.9."), ("libsqlite3-sys", "0.37.")];

/// A second sqlx, or an older SQLite, in the lock file.
///
/// Libraries that still want sqlx 0.8 resolve without a word, and take SQLite back to 2024 for everyone.
pub fn one_sqlite(tree: &Tree) -> Vec<Finding> {
    let Some(lock) = tree.get("Cargo.lock") else {
        return missing("Cargo.lock", "commit it");
    };
    let mut findings = Vec::new();
    for (name, wanted) in ONCE {
        let versions = locked(&lock.text, name);
        let right = matches!(versions.as_slice(), [only] if only.starts_with(wanted));
        if !right {
            findings.push(Finding::new(
                "Cargo.lock",
                0,
                format!("there must be one {name} {wanted}*, and there is {versions:?}"),
                format!("see who brings it: cargo tree -i {name}; take a release of that crate which wants sqlx 0.9, or do without"),
            ));
        }
    }
    findings
}

/// The versions of a package in a lock file.
fn locked(lock: &str, name: &str) -> Vec<String> {
    let name = format!("name = \"{name}\"");
    let lines: Vec<&str> = lock.lines().collect();
    lines
        .windows(2)
        .filter(|pair| pair[0] == name)
        .filter_map(|pair| pair[1].strip_prefix("version = \""))
        .map(|version| version.trim_end_matches('"').to_owned())
        .collect()
}

/// Versions, paths and addresses of dependencies in the manifest of a member.
pub fn versions_at_the_root(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for manifest in tree
        .files()
        .filter(|f| f.name() == "Cargo.toml" && f.path != "Cargo.toml")
    {
        for entry in entries(manifest, |table| table.ends_with("dependencies")) {
            let inherits =
                entry.key.ends_with(".workspace") || entry.value.contains("workspace = true");
            let own = ["version", "path", "git", "registry"]
                .iter()
                .any(|key| entry.value.contains(&format!("{key} =")));
            if !inherits || own {
                findings.push(Finding::new(
                    &manifest.path,
                    entry.line,
                    format!("`{}` is not taken from the workspace", entry.key),
                    "put its version into [workspace.dependencies] in the root Cargo.toml, and write `name.workspace = true` here",
                ));
            }
        }
    }
    findings
}

/// Dependencies in the root manifest that do not say what they are for.
pub fn each_says_why(tree: &Tree) -> Vec<Finding> {
    let Some(root) = tree.get("Cargo.toml") else {
        return missing("Cargo.toml", "this is no workspace");
    };
    entries(root, |table| table == "workspace.dependencies")
        .into_iter()
        .filter(|entry| !entry.value.contains("path =") && !entry.commented)
        .map(|entry| {
            Finding::new(
                &root.path,
                entry.line,
                format!("`{}` does not say what it is for", entry.key),
                "end the line with `# what it is for`",
            )
        })
        .collect()
}

/// `frontend` among the default members.
pub fn frontend_is_built_alone(tree: &Tree) -> Vec<Finding> {
    let Some(root) = tree.get("Cargo.toml") else {
        return missing("Cargo.toml", "this is no workspace");
    };
    let members = entries(root, |table| table == "workspace")
        .into_iter()
        .find(|e| e.key == "default-members");
    match members {
        Some(entry) if !entry.value.contains("\"frontend\"") => Vec::new(),
        entry => vec![Finding::new(
            &root.path,
            entry.map_or(0, |e| e.line),
            "`cargo build` would build the browser's half together with the server",
            "list every member but `frontend` in default-members: built in one call, Leptos' features unify and event handlers silently vanish",
        )],
    }
}

/// Members that neither `cargo test` nor `cargo clippy` would look at.
pub fn every_member_is_tested(tree: &Tree) -> Vec<Finding> {
    let Some(root) = tree.get("Cargo.toml") else {
        return missing("Cargo.toml", "this is no workspace");
    };
    let members = entries(root, |table| table == "workspace")
        .into_iter()
        .find(|e| e.key == "default-members");
    let (line, listed) = members.map_or((0, String::new()), |e| (e.line, e.value));
    tree.files()
        .filter_map(|file| file.path.strip_suffix("/Cargo.toml"))
        .filter(|folder| *folder != "frontend" && !listed.contains(&format!("\"{folder}\"")))
        .map(|folder| {
            Finding::new(
                &root.path,
                line,
                format!("`cargo test` would leave out {folder}"),
                format!("add \"{folder}\" to default-members"),
            )
        })
        .collect()
}

/// More in `Leptos.toml` than the one table that Leptos reads.
///
/// Leptos takes everything after the table's head for settings of its own, and knows it by this head only.
pub fn leptos_has_its_table(tree: &Tree) -> Vec<Finding> {
    let Some(file) = tree.get("Leptos.toml") else {
        return missing("Leptos.toml", "the deployed server reads it");
    };
    let heads: Vec<&str> = file
        .text
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with('['))
        .collect();
    if heads == ["[package.metadata.leptos]"] {
        return Vec::new();
    }
    vec![Finding::new(
        &file.path,
        1,
        format!("its tables are {heads:?}"),
        "it holds [package.metadata.leptos] and no other: that head is what Leptos looks for, and it takes the rest of the file for its settings",
    )]
}

fn missing(path: &str, instead: &str) -> Vec<Finding> {
    vec![Finding::new(path, 0, "it is not there", instead)]
}

/// A line `key = value` of a manifest.
struct Entry {
    line: usize,
    key: String,
    value: String,
    commented: bool,
}

/// The entries of the tables that match; an array or table over several lines is one entry.
fn entries(file: &File, wanted: impl Fn(&str) -> bool) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut inside = false;
    let mut open = 0_i32;
    for (number, line) in file.text.lines().enumerate() {
        let (code, comment) = split_comment(line);
        let code = code.trim();
        let depth = |c: char| i32::from(matches!(c, '[' | '{')) - i32::from(matches!(c, ']' | '}'));
        if open == 0 && code.starts_with('[') {
            let head = code.trim_matches(['[', ']']);
            inside = wanted(head);
            continue;
        }
        if !inside || code.is_empty() {
            continue;
        }
        if open > 0 {
            if let Some(last) = entries.last_mut() {
                last.value.push_str(code);
                last.commented |= comment.is_some();
            }
        } else if let Some((key, value)) = code.split_once('=') {
            entries.push(Entry {
                line: number + 1,
                key: key.trim().to_owned(),
                value: value.trim().to_owned(),
                commented: comment.is_some_and(|c| !c.trim().is_empty()),
            });
        }
        open += code.chars().map(depth).sum::<i32>();
    }
    entries
}

/// A line without its comment, and the comment; a `#` inside a string begins none.
fn split_comment(line: &str) -> (&str, Option<&str>) {
    let mut quoted = false;
    for (at, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '#' if !quoted => return (&line[..at], Some(&line[at + 1..])),
            _ => {}
        }
    }
    (line, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_sqlx_is_found() {
        let lock = |more: &str| {
            format!(
                "[[package]]\nname = \"sqlx-core\"\nversion = \"0.9.0\"\n\n[[package]]\nname = \"libsqlite3-sys\"\nversion = \"0.37.1\"\n{more}"
            )
        };
        assert!(one_sqlite(&Tree::of(&[("Cargo.lock", &lock(""))])).is_empty());
        let second = lock("\n[[package]]\nname = \"sqlx-core\"\nversion = \"0.8.6\"\n");
        assert_eq!(one_sqlite(&Tree::of(&[("Cargo.lock", &second)])).len(), 1);
    }

    #[test]
    fn an_older_sqlite_is_found_though_it_is_alone() {
        let lock = "name = \"sqlx-core\"\nversion = \"0.9.0\"\nname = \"libsqlite3-sys\"\nversion = \"0.30.1\"\n";
        assert_eq!(one_sqlite(&Tree::of(&[("Cargo.lock", lock)])).len(), 1);
    }

    #[test]
    fn a_version_in_a_member_is_found() {
        let manifest = "[package]\nname = \"a\"\nversion.workspace = true\n[dependencies]\nserde.workspace = true\n\
             jiff = { workspace = true, features = [\"std\"] }\nrand = \"1\"\n\
             [target.'cfg(unix)'.dev-dependencies]\nb = { path = \"../b\" }\n";
        let findings = versions_at_the_root(&Tree::of(&[("crates/a/Cargo.toml", manifest)]));
        assert_eq!(findings.iter().map(|f| f.line).collect::<Vec<_>>(), [7, 9]);
    }

    #[test]
    fn features_over_several_lines_are_one_entry() {
        let manifest = "[dependencies]\nweb-sys = { workspace = true, features = [\n  \"Window\",\n] }\nx.workspace = true\n";
        assert!(versions_at_the_root(&Tree::of(&[("crates/a/Cargo.toml", manifest)])).is_empty());
    }

    #[test]
    fn a_dependency_without_a_reason_is_found() {
        let manifest = "[workspace.dependencies]\na = { path = \"a\" }\nb = \"1\" # for b\nc = \"1\"\nd = { version = \"1\", features = [\"#\"] }\n";
        let findings = each_says_why(&Tree::of(&[("Cargo.toml", manifest)]));
        assert_eq!(findings.iter().map(|f| f.line).collect::<Vec<_>>(), [4, 5]);
    }

    #[test]
    fn the_browsers_half_among_the_default_members_is_found() {
        let with = |members: &str| {
            format!("[workspace]\nmembers = [\"frontend\"]\ndefault-members = [\n{members}\n]\n")
        };
        assert!(
            frontend_is_built_alone(&Tree::of(&[("Cargo.toml", &with("\"app\","))])).is_empty()
        );
        assert_eq!(
            frontend_is_built_alone(&Tree::of(&[("Cargo.toml", &with("\"app\", \"frontend\""))]))
                .len(),
            1
        );
        assert_eq!(
            frontend_is_built_alone(&Tree::of(&[("Cargo.toml", "[workspace]\n")])).len(),
            1
        );
    }

    #[test]
    fn a_member_that_nobody_tests_is_found() {
        let tree = Tree::of(&[
            ("Cargo.toml", "[workspace]\ndefault-members = [\"app\"]\n"),
            ("app/Cargo.toml", ""),
            ("frontend/Cargo.toml", ""),
            ("crates/a/Cargo.toml", ""),
        ]);
        assert_eq!(every_member_is_tested(&tree).len(), 1);
    }

    #[test]
    fn another_table_in_leptos_toml_is_found() {
        let check = |text: &str| leptos_has_its_table(&Tree::of(&[("Leptos.toml", text)])).len();
        assert_eq!(
            check("[package.metadata.leptos]\nsite-root = \"site\"\n"),
            0
        );
        assert_eq!(check("[leptos]\nsite-root = \"site\"\n"), 1);
        assert_eq!(
            check("[package.metadata.leptos]\nsite-root = \"site\"\n[server]\n"),
            1
        );
    }
}
