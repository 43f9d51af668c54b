//! Who asks, and what they may: only the service looks at it, and what it looks at comes with the request.

use crate::source::{Source, lines_with};
use crate::{Finding, Tree};

/// Permission checks outside the service.
pub fn only_in_the_service(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        let home = ["crates/service/", "crates/api/", "crates/tidy/"]
            .iter()
            .any(|h| file.path.starts_with(h));
        if home || file.is_test() {
            continue;
        }
        let code = Source::parse(&file.text).without_tests();
        for check in [".holds(", "require("] {
            for line in lines_with(&code, check) {
                findings.push(Finding::new(
                    &file.path,
                    line,
                    "a permission is checked outside the service",
                    "let the operation in `service` refuse; show its error, or ask an operation of `api` what the caller may do",
                ));
            }
        }
    }
    findings
}

/// Callers that pages make themselves: what a page asks for is refused to whoever asked for the page, and
/// so every server function is as guarded as the operations are.
pub fn pages_make_no_callers(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.under("app").filter(|f| f.is_rust()) {
        let code = Source::parse(&file.text).without_tests();
        for making in ["Caller::", "Caller {", "Who::"] {
            let lines = lines_with(&code, making);
            findings.extend(lines.into_iter().map(|line| {
                let instead =
                    "take who asks from `rpc::ctx()`, and give it to the operation as it is";
                Finding::new(&file.path, line, "a page says who asks", instead)
            }));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(rule: fn(&Tree) -> Vec<Finding>, path: &str, text: &str) -> usize {
        rule(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn a_permission_check_in_a_page_is_found() {
        let rule = only_in_the_service;
        let check = "fn a() { if caller.holds(Permission::X) {} }";
        assert_eq!(count(rule, "app/src/a.rs", check), 1);
        assert_eq!(
            count(rule, "server/src/a.rs", "fn a() { require(caller, X)?; }"),
            1
        );
        assert_eq!(count(rule, "crates/service/src/a.rs", check), 0);
        assert_eq!(
            count(rule, "crates/ingest/src/a.rs", "fn a() { holds(b\"x\"); }"),
            0
        );
    }

    #[test]
    fn a_page_that_says_who_asks_is_found() {
        let made = "fn a() { let caller = Caller::system(\"x\"); }";
        assert_eq!(count(pages_make_no_callers, "app/src/a.rs", made), 1);
        assert_eq!(count(pages_make_no_callers, "server/src/a.rs", made), 0);
    }
}
