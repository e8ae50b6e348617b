//! Every file that is committed or could be: what git tracks and what it does not ignore.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;

use crate::process::CommandLine;
use crate::workspace;

/// Paths relative to the root, with `/`, and their texts.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// A file that is not UTF-8 has no text.
    files: BTreeMap<String, Option<String>>,
    folders: BTreeSet<String>,
}

impl Tree {
    /// Reads the working tree. A file that git still lists but that is gone from the disk is left out.
    pub(crate) fn read() -> Result<Self> {
        let listing = CommandLine::new("git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let root = workspace::root();
        let mut tree = Self::default();
        for path in listing.capture()?.split_terminator('\0').filter(|path| root.join(path).is_file()) {
            let bytes = fs_err::read(root.join(path))?;
            tree.insert(path, String::from_utf8(bytes).ok());
        }
        Ok(tree)
    }

    fn insert(&mut self, path: &str, text: Option<String>) {
        let folders = Path::new(path).ancestors().skip(1).map(|folder| folder.to_string_lossy().into_owned());
        self.folders.extend(folders);
        self.files.insert(path.to_owned(), text);
    }

    /// Every file.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Every text file, in order of the paths.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().filter_map(|(path, text)| Some((path.as_str(), text.as_deref()?)))
    }

    /// The text files whose names end in `.extension`.
    pub(crate) fn texts_with(&self, extension: &str) -> impl Iterator<Item = (&str, &str)> {
        self.texts().filter(move |(path, _)| has_extension(path, extension))
    }

    /// The text of one file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path)?.as_deref()
    }

    /// Whether the path is a file or a folder with files in it; the root is the empty path.
    pub(crate) fn holds(&self, path: &str) -> bool {
        self.files.contains_key(path) || self.folders.contains(path)
    }

    /// Whether the path is a folder with files in it.
    pub(crate) fn is_folder(&self, path: &str) -> bool {
        self.folders.contains(path)
    }

    /// A tree that exists only in a test.
    #[cfg(test)]
    pub(super) fn planted(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            tree.insert(path, Some((*text).to_owned()));
        }
        tree
    }
}

/// Whether the file name ends in `.extension`.
pub(crate) fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_come_from_their_files() {
        let tree = Tree::planted(&[("a/b/c.rs", "//! c\n"), ("d.md", "")]);
        for path in ["", "a", "a/b", "a/b/c.rs", "d.md"] {
            assert!(tree.holds(path), "{path}");
        }
        for path in ["a/b/", "a/c", "c.rs"] {
            assert!(!tree.holds(path), "{path}");
        }
        assert!(tree.is_folder("a/b") && !tree.is_folder("d.md"));
    }

    #[test]
    fn the_working_tree_holds_this_file() {
        let tree = Tree::read().unwrap();
        assert!(tree.text("xtask/src/tidy/tree.rs").unwrap().starts_with("//! Every file"));
        assert!(!tree.paths().any(|path| path.starts_with("target/")));
    }
}
