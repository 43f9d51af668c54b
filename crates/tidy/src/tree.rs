//! The repository's text files, read once or written down in a test.

use std::path::Path;
use std::{fs, io};

/// A text file.
#[derive(Clone, Debug)]
pub struct File {
    /// From the root of the repository, with `/`.
    pub path: String,
    /// All of it.
    pub text: String,
}

impl File {
    /// Its name without the folder.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether it is Rust.
    pub fn is_rust(&self) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|ending| ending == "rs")
    }

    /// Whether only tests, benchmarks or examples are made of it.
    pub fn is_test(&self) -> bool {
        let beside = ["tests", "benches", "examples", "fixtures"];
        self.path.split('/').any(|part| beside.contains(&part))
            || self.name() == "tests.rs"
            || self.name().ends_with("_tests.rs")
    }
}

/// The text files of a repository, in the order of their paths.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    files: Vec<File>,
}

impl Tree {
    /// A tree that exists only in a test.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| File {
            path: (*path).into(),
            text: (*text).into(),
        });
        Self {
            files: files.collect(),
        }
    }

    /// Reads a clone, without what its `.gitignore` names.
    ///
    /// Only whole names at the root (`/target`) are understood there; the repository needs no others.
    pub fn read(root: &Path) -> io::Result<Self> {
        let ignored = fs::read_to_string(root.join(".gitignore")).unwrap_or_default();
        let mut ignored: Vec<String> = ignored
            .lines()
            .filter_map(|line| line.strip_prefix('/'))
            .map(|line| line.trim_end_matches('/').to_owned())
            .collect();
        ignored.push(".git".to_owned());
        let mut files = Vec::new();
        read_folder(root, "", &ignored, &mut files)?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { files })
    }

    /// Every file.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        self.files.iter()
    }

    /// Every Rust file.
    pub fn rust(&self) -> impl Iterator<Item = &File> {
        self.files().filter(|file| file.is_rust())
    }

    /// Every file below a folder (`crates/store`).
    pub fn under<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a File> {
        self.files().filter(move |file| {
            file.path
                .strip_prefix(folder)
                .is_some_and(|rest| rest.starts_with('/'))
        })
    }

    /// The file at a path.
    pub fn get(&self, path: &str) -> Option<&File> {
        self.files().find(|file| file.path == path)
    }
}

fn read_folder(
    folder: &Path,
    prefix: &str,
    ignored: &[String],
    files: &mut Vec<File>,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if prefix.is_empty() {
            name
        } else {
            format!("{prefix}/{name}")
        };
        if ignored.contains(&path) {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            read_folder(&entry.path(), &path, ignored, files)?;
        } else if kind.is_file()
            // What is not UTF-8 is a picture or a fixture; a file may also vanish while a build runs.
            && let Ok(text) = fs::read_to_string(entry.path())
        {
            files.push(File { path, text });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_crate_is_found_and_the_compilers_folder_is_not() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let tree = Tree::read(&root).unwrap();
        assert!(tree.get("crates/tidy/src/tree.rs").is_some());
        assert_eq!(
            tree.under("target").count() + tree.under("node_modules").count(),
            0
        );
    }

    #[test]
    fn a_folder_is_not_taken_for_another_that_begins_alike() {
        let tree = Tree::of(&[("app/a.rs", ""), ("apples/b.rs", "")]);
        assert_eq!(tree.under("app").count(), 1);
    }
}
