//! Runs every house rule on this repository.

#![expect(
    clippy::expect_used,
    reason = "where the repository cannot be looked at, the test has failed"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use tidy::graph::{self, Package};
use tidy::{Finding, Tree, answers, dependencies, features, files, layers, permission};

static TREE: LazyLock<Tree> =
    LazyLock::new(|| Tree::read(&root()).expect("the repository can be read"));

/// Asked for at run time: clones share compiled tests.
fn root() -> PathBuf {
    let folder = std::env::var("CARGO_MANIFEST_DIR").expect("cargo says where this crate lies");
    Path::new(&folder).join("../..")
}

fn cargo(args: &[&str]) -> String {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(args)
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "cargo {args:?}:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("cargo prints text")
}

fn packages() -> Vec<Package> {
    let metadata = cargo(&[
        "metadata",
        "--no-deps",
        "--format-version",
        "1",
        "--offline",
    ]);
    graph::packages(&metadata).expect("cargo metadata prints JSON")
}

/// Fails with every finding and what to do instead.
fn none(findings: &[Finding]) {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(
        lines.is_empty(),
        "{} broken:\n\n{}\n",
        lines.len(),
        lines.join("\n")
    );
}

#[test]
fn crates_depend_only_on_those_they_may() {
    none(&graph::edges(&packages()));
}

#[test]
fn libraries_stay_in_the_crate_they_belong_to() {
    none(&graph::owners(&packages()));
}

#[test]
fn nothing_of_the_server_reaches_the_browser() {
    let tree = cargo(&[
        "tree",
        "-p",
        "frontend",
        "--target",
        "wasm32-unknown-unknown",
        "-e",
        "normal",
        "--prefix",
        "none",
        "--offline",
    ]);
    assert!(
        tree.contains("leptos "),
        "cargo tree prints what this test looks at:\n{tree}"
    );
    none(&graph::browser(&tree));
}

#[test]
fn there_is_one_sqlx_and_one_sqlite() {
    none(&dependencies::one_sqlite(&TREE));
}

#[test]
fn versions_stand_only_at_the_root() {
    none(&dependencies::versions_at_the_root(&TREE));
}

#[test]
fn each_dependency_says_what_it_is_for() {
    none(&dependencies::each_says_why(&TREE));
}

#[test]
fn the_browsers_half_is_built_alone() {
    none(&dependencies::frontend_is_built_alone(&TREE));
}

#[test]
fn every_member_is_tested() {
    none(&dependencies::every_member_is_tested(&TREE));
}

#[test]
fn leptos_toml_holds_its_one_table() {
    none(&dependencies::leptos_has_its_table(&TREE));
}

#[test]
fn pages_have_no_conditions() {
    none(&layers::no_conditions_in_pages(&TREE));
}

#[test]
fn pages_keep_what_they_show_while_they_wait() {
    none(&layers::waits_keep_their_views(&TREE));
}

#[test]
fn sql_stands_only_in_the_store() {
    none(&layers::sql_only_in_the_store(&TREE));
}

#[test]
fn engines_are_pure() {
    none(&layers::engines_are_pure(&TREE));
}

#[test]
fn permission_is_checked_only_in_the_service() {
    none(&permission::only_in_the_service(&TREE));
}

#[test]
fn pages_make_no_callers() {
    none(&permission::pages_make_no_callers(&TREE));
}

#[test]
fn views_have_no_style_attributes() {
    none(&layers::no_styles_in_views(&TREE));
}

#[test]
fn features_are_whole() {
    none(&layers::features_are_whole(&TREE));
}

#[test]
fn each_file_says_what_it_holds() {
    none(&files::each_has_a_header(&TREE));
}

#[test]
fn no_file_is_too_long() {
    none(&files::none_is_too_long(&TREE));
}

#[test]
fn lints_are_answered_with_reasons() {
    none(&files::lints_are_answered(&TREE));
}

#[test]
fn names_say_something() {
    none(&files::names_say_something(&TREE));
}

#[test]
fn nothing_points_at_one_machine() {
    none(&files::no_traces_of_a_machine(&TREE));
}

#[test]
fn pipes_are_read_to_their_end() {
    none(&files::pipes_are_read_to_their_end(&TREE));
}

#[test]
fn migrations_come_in_pairs() {
    none(&files::migrations_are_pairs(&TREE));
}

#[test]
fn answers_name_what_is_there() {
    none(&answers::name_what_is_there(&TREE));
}

#[test]
fn every_row_of_the_plan_is_in_the_feature_matrix() {
    none(&features::every_row_is_there(&TREE));
}
