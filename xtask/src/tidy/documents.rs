//! Rules for the pages: what they point at exists.

use std::collections::BTreeSet;
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, CowStr, Event, Options, Parser, Tag, TagEnd};

use super::finding::Finding;
use super::tree::Tree;

/// It tells of what was; its paths may be gone.
const HISTORY: &str = "CHANGELOG.md";

/// Code blocks in these languages hold commands, and so paths.
const SHELLS: &[&str] = &["sh", "bash", "shell", "console"];

/// What a run writes is no part of the repository.
const WRITTEN_BY_RUNS: &str = "results/";

/// Every relative link leads to a file, and every `#fragment` to a heading in it.
pub(crate) fn links(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts_with("md") {
        let complaints = link_targets(text).into_iter().filter_map(|(target, at)| {
            let complaint = link_complaint(tree, path, &target)?;
            Some(Finding::new(path, line_at(text, at.start), complaint))
        });
        findings.extend(complaints);
    }
    findings
}

/// Every path in a code span or in a block of commands that looks like one of the repository's exists.
pub(crate) fn paths(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (page, text) in tree.texts_with("md").filter(|(page, _)| *page != HISTORY) {
        for (code, at) in code_pieces(text) {
            let first_line = line_at(text, at.start);
            for (index, line) in code.lines().enumerate() {
                let missing = line.split_whitespace().filter_map(|word| missing_path(tree, word));
                findings.extend(missing.map(|path| {
                    let message = format!("`{path}` does not exist; write `<name>` for what the reader is to choose");
                    Finding::new(page, first_line + index, message)
                }));
            }
        }
    }
    findings
}

fn events(text: &str) -> impl Iterator<Item = (Event<'_>, Range<usize>)> {
    Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES).into_offset_iter()
}

fn link_targets(text: &str) -> Vec<(CowStr<'_>, Range<usize>)> {
    let targets = events(text).filter_map(|(event, at)| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => Some((dest_url, at)),
        _ => None,
    });
    targets.collect()
}

/// What is wrong with a link of `page`; nothing when it leads somewhere.
fn link_complaint(tree: &Tree, page: &str, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, fragment) = target.split_once('#').map_or((target, None), |(path, fragment)| (path, Some(fragment)));
    let resolved = if path.is_empty() { Some(page.to_owned()) } else { resolve(page, path) };
    let Some(resolved) = resolved.filter(|resolved| tree.holds(resolved)) else {
        return Some(format!("link to `{path}`: no such file or folder"));
    };
    let fragment = fragment?;
    let headings = tree.text(&resolved).map(anchors).unwrap_or_default();
    (!headings.contains(fragment)).then(|| format!("link to `{target}`: no heading in `{resolved}` is `#{fragment}`"))
}

/// The target relative to the root; nothing when it leaves the repository.
fn resolve(page: &str, target: &str) -> Option<String> {
    let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts = if target.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().filter(|popped| !popped.is_empty())?;
            }
            name => parts.push(name),
        }
    }
    parts.retain(|part| !part.is_empty());
    Some(parts.join("/"))
}

/// The fragments of all headings of a page, made as GitHub makes them.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut heading: Option<String> = None;
    for (event, _) in events(text) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(piece) | Event::Code(piece) => {
                if let Some(title) = &mut heading {
                    title.push_str(&piece);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                found.extend(heading.take().map(|title| slug(&title)));
            }
            _ => {}
        }
    }
    found
}

fn slug(title: &str) -> String {
    let kept = title.trim().chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.flat_map(char::to_lowercase).map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

/// Code spans and the lines of shell blocks.
fn code_pieces(text: &str) -> Vec<(CowStr<'_>, Range<usize>)> {
    let mut pieces = Vec::new();
    let mut in_shell = false;
    for (event, at) in events(text) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                in_shell = SHELLS.iter().any(|shell| language.split_whitespace().next() == Some(shell));
            }
            Event::End(TagEnd::CodeBlock) => in_shell = false,
            Event::Code(code) => pieces.push((code, at)),
            Event::Text(code) if in_shell => pieces.push((code, at)),
            _ => {}
        }
    }
    pieces
}

/// The part of `word` that should exist in the repository and does not.
fn missing_path<'word>(tree: &Tree, word: &'word str) -> Option<&'word str> {
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_./".contains(letter);
    let plain = &word[..word.find(|letter| !is_plain(letter)).unwrap_or(word.len())];
    let rest = &word[plain.len()..];
    // Behind a placeholder only the folder can be checked; a colon opens a line number, other marks end a sentence.
    let is_whole = rest.is_empty() || rest.starts_with([':', ',', ';', ')', '\'', '"']);
    let path = if is_whole { plain } else { plain.rsplit_once('/')?.0 };
    let path = path.trim_end_matches(['.', '/']);
    let (top, _) = path.split_once('/')?;
    let is_ours = !top.is_empty() && tree.is_folder(top) && !path.starts_with(WRITTEN_BY_RUNS);
    (is_ours && !tree.holds(path)).then_some(path)
}

fn line_at(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::super::finding::shown;
    use super::*;

    fn tree(page: &str) -> Tree {
        Tree::planted(&[
            ("docs/guides/page.md", page),
            ("docs/other.md", "# Other `page`: it's here\n\n## Two\n"),
            ("crates/a/src/lib.rs", ""),
            ("configs/iris.json", "{}"),
            ("results/README.md", ""),
        ])
    }

    #[test]
    fn a_link_to_nothing_is_found() {
        let page = "# Page\n\n[a](../gone.md) ![b](gone.png)\n\n[c]\n\n[c]: ../../../../x\n[d](../other.md#three)\n";
        assert_eq!(
            shown(&links(&tree(page))),
            [
                "docs/guides/page.md:3: link to `../gone.md`: no such file or folder",
                "docs/guides/page.md:3: link to `gone.png`: no such file or folder",
                "docs/guides/page.md:5: link to `../../../../x`: no such file or folder",
                "docs/guides/page.md:8: link to `../other.md#three`: no heading in `docs/other.md` is `#three`",
            ]
        );
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        let page = "# Page one\n[a](../other.md) [b](../other.md#two) [c](../other.md#other-page-its-here) [d](#page-one) \
                    [e](https://x.org/gone) [f](../../crates/a/) [g](/docs/other.md \"title\") [h](mailto:a@b.c)\n\
                    `[i](gone.md)`\n\n```\n[j](gone.md)\n```\n";
        assert_eq!(shown(&links(&tree(page))), [""; 0]);
    }

    #[test]
    fn a_code_path_to_nothing_is_found() {
        let page = "See `crates/a/src/gone.rs`, `crates/b/`\nand `runner configs/gone.json lr=1`, `crates/b/<name>.rs`.\n\n\
                    ```sh\ntrue\nrunner docs/gone.json\n```\n";
        let found = shown(&paths(&tree(page)));
        let paths = found.iter().map(|line| line.split(" does").next().unwrap()).collect::<Vec<_>>();
        assert_eq!(
            paths,
            [
                "docs/guides/page.md:1: `crates/a/src/gone.rs`",
                "docs/guides/page.md:1: `crates/b`",
                "docs/guides/page.md:2: `configs/gone.json`",
                "docs/guides/page.md:2: `crates/b`",
                "docs/guides/page.md:6: `docs/gone.json`",
            ]
        );
    }

    #[test]
    fn code_that_is_no_path_of_ours_passes() {
        let page = "`crates/a/src/lib.rs:3`, `configs/*.json`, `configs/<yours>.json`, `crates/a/src/`, `x/y.rs`, `a/b`, \
                    `results/exp1/log.txt`, `src/main.rs`, `/usr/share/x`, `configs/`, `runner configs/iris.json`\n\n```json\nconfigs/x.json\n```\n";
        assert_eq!(shown(&paths(&tree(page))), [""; 0]);
        let history = Tree::planted(&[("CHANGELOG.md", "`docs/gone.md`\n"), ("docs/a.md", "")]);
        assert_eq!(shown(&paths(&history)), [""; 0]);
    }
}
