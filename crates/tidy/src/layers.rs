//! What each layer may not do: conditions in pages, SQL outside the store, clocks in engines,
//! styles in views.

use crate::source::{Source, lines_with};
use crate::{File, Finding, Tree};

/// Crates that know neither time nor chance nor the machine they run on.
const PURE: &[&str] = &[
    "api", "series", "chunks", "forecast", "anomaly", "stock", "rules", "query", "ingest",
];

/// What a pure crate does not mention, and what it does instead.
const IMPURE: &[(&str, &str)] = &[
    ("SystemTime", "take the instant as a parameter"),
    (
        "Instant::now",
        "take the instant, or a closure that says when to stop, as a parameter",
    ),
    ("Timestamp::now", "take the instant as a parameter"),
    ("Zoned::now", "take the instant as a parameter"),
    ("thread_rng", "take a seeded generator as a parameter"),
    ("rand::rng", "take a seeded generator as a parameter"),
    ("rand::random", "take a seeded generator as a parameter"),
    (
        "std::fs",
        "take the bytes or a reader; the server opens files",
    ),
    (
        "std::net",
        "take what was received; the server has the sockets",
    ),
    (
        "std::env",
        "take the setting as a parameter; only server/src/config.rs reads the environment",
    ),
    ("std::process", "let the server run programs"),
    ("std::thread", "let the service decide where work runs"),
];

/// Features without a page of their own: the frame shows the demo company's banner, forecasts
/// stand on the page of their series and on the Runway, another place to sign in on the sign-in
/// page, and only programs send requests again.
const SHOWN_ELSEWHERE: &[&str] = &["demo", "forecast", "once", "provider"];

/// Conditional compilation in the pages.
///
/// The same page is compiled for the server and for the browser; what differs is in Leptos' features,
/// which the final binary turns on.
pub fn no_conditions_in_pages(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.under("app") {
        if file.name() == "Cargo.toml" {
            for line in lines_with(&file.text, "[features]") {
                findings.push(Finding::new(
                    &file.path,
                    line,
                    "the pages have cargo features",
                    "turn Leptos' own features on in `server` and `frontend`; a page needs none",
                ));
            }
        }
        if !file.is_rust() {
            continue;
        }
        let code = Source::parse(&file.text).without_tests();
        for condition in ["cfg(", "cfg_attr(", "cfg!("] {
            for line in lines_with(&code, condition) {
                findings.push(Finding::new(
                    &file.path,
                    line,
                    "a page compiles to something else on the other side",
                    "take what differs from the context that `server` provides, or do it in an Effect, which runs in the browser only",
                ));
            }
        }
    }
    findings
}

/// Waiting in a page without keeping what is shown meanwhile: `app/src/awaited.rs` has the one way.
pub fn waits_keep_their_views(tree: &Tree) -> Vec<Finding> {
    let own = "app/src/awaited.rs";
    let pages = tree.under("app").filter(|f| f.is_rust() && f.path != own);
    let mut findings = Vec::new();
    for file in pages {
        let code = Source::parse(&file.text).without_tests();
        for line in lines_with(&code, "Suspend::new") {
            findings.push(Finding::new(
                &file.path,
                line,
                "what it shows outlives the signals that it was made of",
                "wait with `awaited`",
            ));
        }
    }
    findings
}

/// SQL in string literals outside `crates/store`.
pub fn sql_only_in_the_store(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        // This crate's fixtures break the rule on purpose.
        if file.path.starts_with("crates/store/") || file.path.starts_with("crates/tidy/") {
            continue;
        }
        for (line, text) in Source::parse(&file.text).strings {
            if is_sql(&text) {
                findings.push(Finding::new(
                    &file.path,
                    line,
                    format!("SQL outside the store: {:?}", text.chars().take(50).collect::<String>()),
                    "add a method to `store` in the file of its aggregate, where a test runs it on both databases",
                ));
            }
        }
    }
    findings
}

/// Whether a literal begins like a statement: prose would write `Select`, SQL writes `select` or `SELECT`.
fn is_sql(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let Some(first) = words.first() else {
        return false;
    };
    if *first != first.to_lowercase() && *first != first.to_uppercase() {
        return false;
    }
    let lower: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let has = |word: &str| lower.iter().any(|w| w == word);
    let second = lower.get(1).map(String::as_str);
    match lower[0].as_str() {
        "select" => has("from") || text.contains('('),
        "with" => has("as") && has("select"),
        "insert" => second == Some("into"),
        "delete" => second == Some("from"),
        "update" => has("set"),
        "create" | "drop" | "alter" => {
            matches!(second, Some("table" | "index" | "view" | "unique"))
        }
        "pragma" => second.is_some(),
        _ => false,
    }
}

/// Clocks, chance and the machine in engines.
pub fn engines_are_pure(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for engine in PURE {
        for file in tree
            .under(&format!("crates/{engine}"))
            .filter(|f| f.is_rust() && !f.is_test())
        {
            let code = Source::parse(&file.text).without_tests();
            for (impure, instead) in IMPURE {
                for line in lines_with(&code, impure) {
                    findings.push(Finding::new(
                        &file.path,
                        line,
                        format!("`{impure}` in an engine"),
                        *instead,
                    ));
                }
            }
        }
    }
    findings
}

/// Style attributes: the content security policy refuses them, and the design system has the classes.
pub fn no_styles_in_views(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let instead = "give it a class from style/, or an SVG attribute; `style-src 'self'` refuses style attributes";
    let views = ["app/", "crates/ui/", "server/"];
    for file in tree
        .rust()
        .filter(|f| views.iter().any(|v| f.path.starts_with(v)) && !f.is_test())
    {
        let source = Source::parse(&file.text);
        for (number, line) in source.without_tests().lines().enumerate() {
            if has_style_attribute(line) {
                findings.push(Finding::new(
                    &file.path,
                    number + 1,
                    "a style attribute",
                    instead,
                ));
            }
        }
        for (line, text) in source.strings {
            if text.contains(" style=\"") || text.contains(" style='") {
                findings.push(Finding::new(
                    &file.path,
                    line,
                    "a style attribute in HTML",
                    instead,
                ));
            }
        }
    }
    findings
}

/// `style=` and `style:width=` as attributes; `font-style=` is one of SVG's, and `style: Style` is a field.
fn has_style_attribute(line: &str) -> bool {
    line.match_indices("style").any(|(at, word)| {
        let before = line[..at].chars().next_back();
        let attribute = before.is_none_or(|c| c.is_whitespace() || c == '<');
        let rest = &line[at + word.len()..];
        let directive = rest.strip_prefix(':').is_some_and(|rest| {
            let name =
                rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '-' || c == '_');
            name.len() < rest.len() && name.starts_with('=')
        });
        attribute && (directive || (rest.starts_with('=') && !rest.starts_with("==")))
    })
}

/// Features of `api` that a layer above has forgotten.
///
/// A feature is every file with its name: one that defines operations has a service of the same name.
pub fn features_are_whole(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree
        .under("crates/api/src")
        .filter(|f| f.is_rust() && f.name() != "lib.rs")
    {
        let code = Source::parse(&file.text).without_tests();
        if !code.contains("async fn") || lines_with(&code, "pub trait").is_empty() {
            continue;
        }
        let name = file.name().trim_end_matches(".rs");
        for (folder, what) in [
            ("crates/service/src", "implements its operations"),
            ("app/src", "shows it"),
        ] {
            if !holds_feature(tree, folder, name) {
                findings.push(Finding::new(
                    &file.path,
                    0,
                    format!("no file in {folder} {what}"),
                    format!("add {folder}/{name}.rs; see docs/adding-a-feature.md"),
                ));
            }
        }
    }
    findings
}

/// Whether a folder has `name.rs`, its plural, or a folder of that name.
fn holds_feature(tree: &Tree, folder: &str, name: &str) -> bool {
    let forms = [name.to_owned(), format!("{name}s")];
    let found = |file: &File| {
        let below = file
            .path
            .strip_prefix(folder)
            .map_or("", |rest| rest.trim_start_matches('/'));
        let first = below
            .split('/')
            .next()
            .unwrap_or_default()
            .trim_end_matches(".rs");
        forms.iter().any(|form| first == form)
    };
    (folder == "app/src" && SHOWN_ELSEWHERE.contains(&name)) || tree.under(folder).any(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(rule: fn(&Tree) -> Vec<Finding>, path: &str, text: &str) -> usize {
        rule(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn a_condition_in_a_page_is_found_and_its_tests_are_not() {
        let rule = no_conditions_in_pages;
        assert_eq!(
            count(
                rule,
                "app/src/a.rs",
                "#[cfg(feature = \"ssr\")]\nfn a() {}\n"
            ),
            1
        );
        assert_eq!(
            count(
                rule,
                "app/src/a.rs",
                "#[cfg_attr(x, y)]\nfn a() { if cfg!(z) {} }\n"
            ),
            2
        );
        assert_eq!(
            count(
                rule,
                "app/src/a.rs",
                "#[cfg(test)]\nmod tests {}\n// cfg(x)\n"
            ),
            0
        );
        assert_eq!(
            count(rule, "app/Cargo.toml", "[package]\n[features]\nssr = []\n"),
            1
        );
        assert_eq!(
            count(rule, "server/src/a.rs", "#[cfg(unix)]\nfn a() {}\n"),
            0
        );
    }

    #[test]
    fn a_bare_wait_in_a_page_is_found() {
        let wait = "fn a() { Suspend::new(async {}) }";
        for (path, found) in [("app/src/a.rs", 1), ("app/src/awaited.rs", 0)] {
            assert_eq!(count(waits_keep_their_views, path, wait), found, "{path}");
        }
    }

    #[test]
    fn sql_outside_the_store_is_found() {
        let rule = sql_only_in_the_store;
        for sql in [
            "select id from users where id = $1",
            "SELECT 1 FROM x",
            "\\n    insert into users values ($1)",
            "update users set name = $1",
            "delete from users",
            "with a as (select 1) select * from a",
            "create table x (id text)",
            "pragma journal_mode",
        ] {
            let text = format!("fn a() {{ q(\"{sql}\"); }}");
            assert_eq!(count(rule, "crates/service/src/a.rs", &text), 1, "{sql}");
            assert_eq!(count(rule, "crates/store/src/a.rs", &text), 0, "{sql}");
        }
    }

    #[test]
    fn prose_is_no_sql() {
        let rule = sql_only_in_the_store;
        for prose in [
            "Select a series from the list",
            "update",
            "select",
            "Delete from here",
            "with care",
            "Create table",
        ] {
            assert_eq!(
                count(
                    rule,
                    "app/src/a.rs",
                    &format!("fn a() {{ p(\"{prose}\"); }}")
                ),
                0,
                "{prose}"
            );
        }
        assert_eq!(
            count(rule, "app/src/a.rs", "// select id from users\nfn a() {}"),
            0
        );
    }

    #[test]
    fn a_clock_in_an_engine_is_found_and_in_its_benchmark_is_not() {
        let rule = engines_are_pure;
        let clock = "fn a() { let t = std::time::Instant::now(); }";
        assert_eq!(count(rule, "crates/forecast/src/a.rs", clock), 1);
        assert_eq!(count(rule, "crates/forecast/benches/a.rs", clock), 0);
        assert_eq!(count(rule, "server/src/a.rs", clock), 0);
        assert_eq!(count(rule, "crates/ingest/src/a.rs", "use std::fs;\n"), 1);
        assert_eq!(
            count(
                rule,
                "crates/series/src/a.rs",
                "/// No `SystemTime` here.\nfn a() {}\n"
            ),
            0
        );
    }

    #[test]
    fn a_style_attribute_is_found() {
        let rule = no_styles_in_views;
        for view in [
            "<div style=\"x\">",
            "<div style=move || x>",
            "<p\n    style:width=w>",
            "<svg style:stroke-width=w>",
        ] {
            assert_eq!(
                count(
                    rule,
                    "app/src/a.rs",
                    &format!("fn a() {{ view! {{ {view} }} }}")
                ),
                1,
                "{view}"
            );
        }
        assert_eq!(
            count(rule, "server/src/a.rs", r#"fn a() { "<p style=\"x\">" }"#),
            1
        );
        let fine = "struct A { style: Style }\nfn a() { let style = 1; b(style == 2); view! { <text font-style=\"x\" class=\"style\"/> } }";
        assert_eq!(count(rule, "app/src/a.rs", fine), 0);
    }

    #[test]
    fn a_feature_without_a_service_or_a_page_is_found() {
        let api = (
            "crates/api/src/stock.rs",
            "pub trait Stock { async fn list(&self); }",
        );
        assert_eq!(features_are_whole(&Tree::of(&[api])).len(), 2);
        let whole = [
            api,
            ("crates/service/src/stock.rs", ""),
            ("app/src/stock/list.rs", ""),
        ];
        assert!(features_are_whole(&Tree::of(&whole)).is_empty());
        assert_eq!(
            count(
                features_are_whole,
                "crates/api/src/time.rs",
                "pub trait Clock { fn now(&self); }"
            ),
            0
        );
    }
}
