//! Rules for `.rs` files.

use std::path::Path;

use super::finding::Finding;
use super::tree::Tree;

const MAXIMUM_LINES: usize = 600;

/// Names that say nothing about what the file holds.
const BANNED_NAMES: &[&str] =
    &["base.rs", "common.rs", "helper.rs", "helpers.rs", "imp.rs", "misc.rs", "util.rs", "utils.rs"];

/// The longest function body, in lines, that a table of contents may hold.
const MAXIMUM_BODY_IN_TABLE_OF_CONTENTS: usize = 3;

/// Marks of unfinished work, written in two halves so that this file does not find itself.
const MARKS: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("to", "do!"),
    concat!("unim", "plemented!"),
    concat!("#[ign", "ore"),
    concat!("#[should_", "panic"),
];

/// The file says at once what it is for.
pub(crate) fn module_docs(tree: &Tree) -> Vec<Finding> {
    let bare = tree.texts_with("rs").filter(|(_, text)| !text.starts_with("//!"));
    bare.map(|(path, _)| Finding::new(path, 1, "opens without `//!`: say in a sentence what the file holds")).collect()
}

/// Nobody reads a file that is too long.
pub(crate) fn length(tree: &Tree) -> Vec<Finding> {
    let sized = tree.texts_with("rs").map(|(path, text)| (path, text.lines().count()));
    let long = sized.filter(|(_, lines)| *lines > MAXIMUM_LINES);
    long.map(|(path, lines)| {
        Finding::new(
            path,
            MAXIMUM_LINES + 1,
            format!("{lines} lines, {MAXIMUM_LINES} at most: split it by what it holds"),
        )
    })
    .collect()
}

/// A file is called after the noun it holds.
pub(crate) fn names(tree: &Tree) -> Vec<Finding> {
    let file_name = |path: &str| Path::new(path).file_name().map(|name| name.to_string_lossy().into_owned());
    let vague = tree.paths().filter(|path| file_name(path).is_some_and(|name| BANNED_NAMES.contains(&name.as_str())));
    vague.map(|path| Finding::new(path, 1, "the name says nothing: call the file after the noun it holds")).collect()
}

/// A `mod.rs` is a table of contents.
pub(crate) fn tables_of_contents(tree: &Tree) -> Vec<Finding> {
    let tables = tree.texts_with("rs").filter(|(path, _)| Path::new(path).ends_with("mod.rs"));
    let bodies = tables.flat_map(|(path, text)| function_bodies(text).into_iter().map(move |body| (path, body)));
    let long = bodies.filter(|(_, body)| body.lines > MAXIMUM_BODY_IN_TABLE_OF_CONTENTS);
    long.map(|(path, body)| {
        Finding::new(path, body.start, "a `mod.rs` is a table of contents: move the function to a file with a name")
    })
    .collect()
}

/// What a crate exports is named, not globbed.
pub(crate) fn exports(tree: &Tree) -> Vec<Finding> {
    let is_glob = |line: &str| line.trim_start().starts_with("pub") && line.contains("use ") && line.contains("::*");
    find_lines(tree.texts_with("rs"), is_glob, "exports by glob: name what is exported")
}

/// Unfinished work belongs into an issue or into `docs`, a test that never runs nowhere.
pub(crate) fn marks(tree: &Tree) -> Vec<Finding> {
    let is_code = |path: &str| {
        [".rs", ".toml", ".sh", ".py"].iter().any(|ending| path.ends_with(ending)) || path.starts_with(".ci/")
    };
    let code = tree.texts().filter(|(path, _)| is_code(path)).collect::<Vec<_>>();
    let per_mark = MARKS.iter().flat_map(|mark| {
        let message = format!("`{mark}`: finish it, or write the limit down in docs");
        find_lines(code.iter().copied(), |line| contains_word(line, mark), &message)
    });
    per_mark.collect()
}

fn find_lines<'tree>(
    files: impl Iterator<Item = (&'tree str, &'tree str)>,
    matches: impl Fn(&str) -> bool,
    message: &str,
) -> Vec<Finding> {
    let lines = files.flat_map(|(path, text)| text.lines().enumerate().map(move |(index, line)| (path, index, line)));
    let found = lines.filter(|(_, _, line)| matches(line));
    found.map(|(path, index, _)| Finding::new(path, index + 1, message)).collect()
}

/// Whether `word` stands in `line` and is not a piece of a longer word.
fn contains_word(line: &str, word: &str) -> bool {
    let is_inside = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    let opens_with_letter = word.starts_with(char::is_alphanumeric);
    let ends_with_letter = word.ends_with(char::is_alphanumeric);
    line.match_indices(word).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + word.len()..].chars().next();
        let is_piece = (opens_with_letter && is_inside(before)) || (ends_with_letter && is_inside(after));
        !is_piece
    })
}

/// A function's first line, from 1, and the number of lines between its braces.
struct Body {
    start: usize,
    lines: usize,
}

/// The bodies of the functions outside the tests, by counting braces; good enough for a table of contents.
fn function_bodies(text: &str) -> Vec<Body> {
    let lines = text.lines().take_while(|line| line.trim() != "#[cfg(test)]").collect::<Vec<_>>();
    let starts = (0..lines.len()).filter(|&index| {
        let code = lines[index].trim_start();
        !code.starts_with("//") && contains_word(code, "fn") && code.contains("fn ")
    });
    starts.map(|start| Body { start: start + 1, lines: body_lines(&lines[start..]) }).collect()
}

fn body_lines(lines: &[&str]) -> usize {
    let mut depth = 0_usize;
    let mut opened_at = None;
    for (index, line) in lines.iter().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for letter in code.chars() {
            match letter {
                '{' => {
                    opened_at.get_or_insert(index);
                    depth += 1;
                }
                '}' => depth = depth.saturating_sub(1),
                ';' if opened_at.is_none() => return 0,
                _ => {}
            }
        }
        if let (Some(opened), 0) = (opened_at, depth) {
            return (index - opened).saturating_sub(1);
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::super::finding::shown;
    use super::*;

    fn found(check: fn(&Tree) -> Vec<Finding>, files: &[(&str, &str)]) -> Vec<String> {
        shown(&check(&Tree::planted(files)))
    }

    #[test]
    fn a_file_without_docs_is_found() {
        let files = [("a.rs", "use std::fs;\n"), ("b.rs", "//! b\n"), ("c.md", "text\n"), ("d.rs", "")];
        let found = found(module_docs, &files);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("a.rs:1: ") && found[1].starts_with("d.rs:1: "), "{found:?}");
    }

    #[test]
    fn a_file_is_long_from_line_601() {
        let long = "//\n".repeat(MAXIMUM_LINES + 1);
        let fits = "//\n".repeat(MAXIMUM_LINES);
        let found = found(length, &[("fits.rs", &fits), ("long.rs", &long), ("long.md", &long)]);
        assert_eq!(found, ["long.rs:601: 601 lines, 600 at most: split it by what it holds"]);
    }

    #[test]
    fn names_that_say_nothing_are_found() {
        let files = [("a/utils.rs", ""), ("a/base.rs", ""), ("a/database.rs", ""), ("utils/lock.rs", "")];
        assert_eq!(found(names, &files).len(), 2);
    }

    #[test]
    fn a_mod_file_with_logic_is_found() {
        let table =
            "//! t\nmod a;\npub const ALL: &[fn(u8) -> u8] = &[a::f];\npub fn all() -> &'static [u8] {\n    ALL\n}\n";
        let logic = "//! t\nmod a;\npub fn sum(\n    x: &[u8],\n) -> u8 {\n    // {\n    let mut s = 0;\n    for v in x { s += v; }\n    s\n}\n";
        let tested = "//! t\nmod a;\n#[cfg(test)]\nmod tests {\n    fn f() {\n        1;\n        2;\n        3;\n        4;\n    }\n}\n";
        let files = [("a/mod.rs", table), ("b/mod.rs", logic), ("c/mod.rs", tested), ("c/d.rs", logic)];
        let found = found(tables_of_contents, &files);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("b/mod.rs:3: "), "{found:?}");
    }

    #[test]
    fn an_exported_glob_is_found() {
        let text = "//! t\npub use a::B;\nuse super::*;\npub(crate) use c::*;\n";
        assert_eq!(found(exports, &[("a.rs", text)]), ["a.rs:4: exports by glob: name what is exported"]);
    }

    #[test]
    fn marks_of_unfinished_work_are_found() {
        for mark in MARKS {
            let files = [("a.rs", format!("//! t\n    {mark} x\n")), ("b.md", format!("{mark}\n"))];
            let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
            let found = found(marks, &files);
            assert_eq!(found.len(), 1, "{mark}: {found:?}");
            assert!(found[0].starts_with("a.rs:2: "), "{found:?}");
        }
        let innocent = concat!("//! t\nlet MASTO", "DON = 1; let auto", "do!();\n");
        assert_eq!(found(marks, &[("a.rs", innocent)]), [""; 0]);
    }
}
