//! Rules for every text file.

use super::finding::Finding;
use super::tree::{Tree, has_extension};

/// What people write by hand; snapshots and data keep the bytes they have.
const WRITTEN_BY_HAND: &[&str] = &["rs", "md", "toml", "json", "yml", "yaml", "sh", "py"];

/// Folders of a machine, written in two halves so that this file does not find itself.
const MACHINE_FOLDERS: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];

/// A folder that a test may name and a page of the documentation may not.
const SCRATCH_FOLDER: &str = concat!("/t", "mp/");

/// No space or tab ends a line.
pub(crate) fn trailing_whitespace(tree: &Tree) -> Vec<Finding> {
    let by_hand = tree.texts().filter(|(path, _)| is_written_by_hand(path));
    let lines =
        by_hand.flat_map(|(path, text)| text.split('\n').enumerate().map(move |(index, line)| (path, index, line)));
    let ragged = lines.filter(|(_, _, line)| line.ends_with(char::is_whitespace));
    ragged.map(|(path, index, _)| Finding::new(path, index + 1, "trailing whitespace")).collect()
}

/// The repository is the same on every machine.
pub(crate) fn machine_paths(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts() {
        let scratch = has_extension(path, "md").then_some(SCRATCH_FOLDER);
        for (index, line) in text.lines().enumerate() {
            let folders = MACHINE_FOLDERS.iter().copied().chain(scratch);
            findings.extend(folders.filter(|folder| names_absolute(line, folder)).map(|folder| {
                Finding::new(path, index + 1, format!("`{folder}` belongs to one machine: write a relative path"))
            }));
        }
    }
    findings
}

/// Fixtures may be broken on purpose.
fn is_written_by_hand(path: &str) -> bool {
    let by_hand = WRITTEN_BY_HAND.iter().any(|extension| has_extension(path, extension)) || path.starts_with(".ci/");
    by_hand && !path.contains("/fixtures/")
}

/// Whether `folder` opens a path in `line` rather than continuing one.
fn names_absolute(line: &str, folder: &str) -> bool {
    let continues = |letter: char| letter.is_alphanumeric() || "_-./~}>*".contains(letter);
    line.match_indices(folder).any(|(start, _)| !line[..start].ends_with(continues))
}

#[cfg(test)]
mod tests {
    use super::super::finding::shown;
    use super::*;

    #[test]
    fn a_ragged_line_is_found() {
        let tree = Tree::planted(&[
            ("a.rs", "//! a\nlet x = 1; \n\t\n"),
            ("b.md", "one\r\ntwo\n"),
            ("c.snap", "kept \n"),
            ("d/fixtures/bad.json", "{ \n"),
            (".ci/run", "true \n"),
            ("e.rs", "//! e\n\nfn f() {}\n"),
        ]);
        let found = shown(&trailing_whitespace(&tree));
        let places = [".ci/run:1", "a.rs:2", "a.rs:3", "b.md:1"];
        assert_eq!(found, places.map(|place| format!("{place}: trailing whitespace")));
    }

    #[test]
    fn a_path_of_one_machine_is_found() {
        let [work, root, _] = MACHINE_FOLDERS else { panic!("three folders") };
        let tree = Tree::planted(&[
            ("a.toml", &format!("target = \"{work}target\"\n")),
            ("b.snap", &format!("fine\nat {root}x\n")),
            ("c.md", &format!("cd {SCRATCH_FOLDER}x\n")),
            ("d.rs", &format!("//! {SCRATCH_FOLDER}x is fine in a test, so is https://host{work}x and $HOME{root}x\n")),
        ]);
        let found = shown(&machine_paths(&tree));
        let places = found.iter().map(|line| line.split(": ").next().unwrap()).collect::<Vec<_>>();
        assert_eq!(places, ["a.toml:1", "b.snap:2", "c.md:1"], "{found:?}");
    }
}
