//! Who may lean on whom: the edges between our crates, and what the browser's half must not carry.

use serde_json::Value;

use crate::Finding;

/// The crates that each crate may depend on. An edge that is not here does not exist.
///
/// The same picture stands in ARCHITECTURE.md; change both, and say why in `docs/adr/`.
pub const EDGES: &[(&str, &[&str])] = &[
    ("frontend", &["app"]),
    ("app", &["api", "ui"]),
    (
        "server",
        &[
            "app",
            "service",
            "connect",
            "assistant",
            "store",
            "ingest",
            "api",
            "ui",
            "fakes",
        ],
    ),
    (
        "service",
        &[
            "api", "store", "series", "forecast", "anomaly", "stock", "cash", "rules", "query",
            "ingest", "fakes",
        ],
    ),
    ("assistant", &["api"]),
    ("connect", &["api", "series"]),
    ("store", &["api", "chunks", "series"]),
    ("fakes", &["api", "series"]),
    ("chunks", &["series"]),
    ("forecast", &["series"]),
    ("anomaly", &["series"]),
    ("stock", &["series"]),
    ("cash", &["series"]),
    ("query", &["series"]),
    ("ingest", &["series"]),
    ("series", &[]),
    ("rules", &[]),
    ("api", &[]),
    ("ui", &[]),
    ("load", &["fakes"]),
    ("tidy", &[]),
];

/// Crates of others that belong to one place of ours.
const OWNERS: &[(&str, &[&str], &str)] = &[
    ("sqlx", &["store"], "ask the store for what you need"),
    ("axum", &["server"], "put what speaks HTTP into `server`"),
    (
        "leptos_axum",
        &["server"],
        "take what you need from the Leptos context that `server` provides",
    ),
];

/// What must never reach the browser.
const SERVER_ONLY: &[&str] = &[
    "tokio",
    "axum",
    "sqlx",
    "hyper",
    "mio",
    "leptos_axum",
    "tower-http",
];

/// The dependencies of a crate of ours.
#[derive(Clone, Debug)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its dependencies, ours and others'.
    pub dependencies: Vec<Dependency>,
}

/// A dependency.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// Its name.
    pub name: String,
    /// Whether it is one of ours.
    pub ours: bool,
    /// Whether only tests, examples and benchmarks have it.
    pub dev: bool,
}

/// Reads what `cargo metadata --no-deps` prints.
pub fn packages(metadata: &str) -> serde_json::Result<Vec<Package>> {
    let metadata: Value = serde_json::from_str(metadata)?;
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let name = |value: &Value| value["name"].as_str().unwrap_or_default().to_owned();
    Ok(list(&metadata["packages"])
        .iter()
        .map(|package| Package {
            name: name(package),
            dependencies: list(&package["dependencies"])
                .iter()
                .map(|dependency| Dependency {
                    name: name(dependency),
                    ours: dependency["path"].is_string(),
                    dev: dependency["kind"] == "dev",
                })
                .collect(),
        })
        .collect())
}

/// Edges that the table does not have.
///
/// Tests may have `fakes` besides: builders and the demo company are there for them.
pub fn edges(packages: &[Package]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages {
        let manifest = manifest(&package.name);
        let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == package.name) else {
            findings.push(Finding::new(
                &manifest,
                0,
                format!(
                    "`{}` has no place in the picture of our crates",
                    package.name
                ),
                "add it to EDGES in crates/tidy/src/graph.rs and to ARCHITECTURE.md, with an ADR",
            ));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|d| d.ours) {
            let builders = dependency.dev && dependency.name == "fakes";
            if !builders && !allowed.contains(&dependency.name.as_str()) {
                findings.push(Finding::new(
                    &manifest,
                    0,
                    format!("`{}` may not depend on `{}`", package.name, dependency.name),
                    format!(
                        "it may depend on {allowed:?}; move what is shared to one of them, or hand it in as a parameter or a trait of `api`"
                    ),
                ));
            }
        }
    }
    findings
}

/// Libraries that are used outside the one crate they belong to.
pub fn owners(packages: &[Package]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages {
        for (library, homes, instead) in OWNERS {
            let used = package.dependencies.iter().any(|d| d.name == *library);
            if used && !homes.contains(&package.name.as_str()) {
                findings.push(Finding::new(
                    &manifest(&package.name),
                    0,
                    format!(
                        "`{}` depends on `{library}`, which belongs to {homes:?}",
                        package.name
                    ),
                    *instead,
                ));
            }
        }
    }
    findings
}

/// Libraries of the server in the tree of the browser's half, as `cargo tree --prefix none` prints it.
pub fn browser(tree: &str) -> Vec<Finding> {
    let mut found: Vec<&str> = tree
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| SERVER_ONLY.contains(name) || name.starts_with("sqlx-"))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
        .into_iter()
        .map(|name| {
            Finding::new(
                "frontend/Cargo.toml",
                0,
                format!("`{name}` is compiled into the browser's half"),
                format!("see who brings it: cargo tree -p frontend --target wasm32-unknown-unknown -e normal -i {name}"),
            )
        })
        .collect()
}

fn manifest(name: &str) -> String {
    match name {
        "app" | "frontend" | "server" => format!("{name}/Cargo.toml"),
        _ => format!("crates/{name}/Cargo.toml"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, ours: &[&str], others: &[&str], dev: bool) -> Package {
        let dependency = |ours: bool| {
            move |name: &&str| Dependency {
                name: (*name).to_owned(),
                ours,
                dev,
            }
        };
        let dependencies = ours
            .iter()
            .map(dependency(true))
            .chain(others.iter().map(dependency(false)));
        Package {
            name: name.to_owned(),
            dependencies: dependencies.collect(),
        }
    }

    #[test]
    fn an_edge_of_the_picture_is_fine_and_its_reverse_is_not() {
        assert!(edges(&[package("app", &["api", "ui"], &["serde"], false)]).is_empty());
        assert_eq!(edges(&[package("api", &["app"], &[], false)]).len(), 1);
        assert_eq!(edges(&[package("app", &["store"], &[], false)]).len(), 1);
    }

    #[test]
    fn tests_may_use_the_fakes_and_nothing_else() {
        assert!(edges(&[package("store", &["fakes"], &[], true)]).is_empty());
        assert_eq!(edges(&[package("store", &["fakes"], &[], false)]).len(), 1);
        assert_eq!(edges(&[package("store", &["service"], &[], true)]).len(), 1);
    }

    #[test]
    fn a_crate_without_a_place_is_found() {
        assert_eq!(edges(&[package("utilities", &[], &[], false)]).len(), 1);
    }

    #[test]
    fn sqlx_belongs_to_the_store() {
        assert!(owners(&[package("store", &[], &["sqlx"], false)]).is_empty());
        assert_eq!(
            owners(&[package("service", &[], &["sqlx"], false)]).len(),
            1
        );
        assert_eq!(
            owners(&[package("app", &[], &["leptos_axum"], true)]).len(),
            1
        );
    }

    #[test]
    fn a_runtime_in_the_browser_is_found_once() {
        let tree = "frontend v0.1.0\ntokio v1.0.0\ntokio v1.0.0 (*)\nsqlx-core v0.9.0\ntokio-nothing v1.0.0\n";
        assert_eq!(browser(tree).len(), 2);
        assert!(browser("frontend v0.1.0\nleptos v0.8.23\n").is_empty());
    }

    #[test]
    fn cargos_own_words_are_understood() {
        let text = r#"{"packages":[{"name":"app","dependencies":[
            {"name":"store","kind":null,"path":"/x"},{"name":"serde","kind":null},{"name":"fakes","kind":"dev","path":"/y"}]}]}"#;
        let packages = packages(text).unwrap();
        assert_eq!(edges(&packages).len(), 1);
        assert!(packages[0].dependencies[2].dev);
    }
}
