//! Files that build on other files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::file::read_source;
use super::merge::merge_patch;
use crate::node::{Member, Node, Value};
use crate::parser::parse;
use crate::path::JsonPath;
use crate::problem::{Problem, Problems};
use crate::section::wrong_type;
use crate::wording::path_name;

/// How long a chain of files that extend each other may be.
pub(super) const MAX_CHAIN: usize = 16;

/// How many files one file may extend directly.
const MAX_BASES: usize = 64;

/// How many bytes all files of a batch may have together.
const MAX_BATCH_BYTES: usize = 64 << 20;

/// The key that names the files to build on.
pub(super) const EXTENDS: &str = "extends";

/// The key that editors look at and we do not.
pub(super) const SCHEMA: &str = "$schema";

/// Reads files and merges them over the files they extend; each file is read once, however many extend it.
#[derive(Debug)]
pub(super) struct Resolver<'p> {
    problems: &'p mut Problems,
    /// Finished files by their real path; `None` for those that cannot be used.
    finished: BTreeMap<PathBuf, Option<Node>>,
    /// The files being resolved, from the one on the command line to the innermost: real path and name.
    chain: Vec<(PathBuf, PathBuf)>,
    /// How many bytes were read so far.
    bytes: usize,
}

impl<'p> Resolver<'p> {
    pub(super) fn new(problems: &'p mut Problems) -> Self {
        Self { problems, finished: BTreeMap::new(), chain: Vec::new(), bytes: 0 }
    }

    /// The tree of a file named on the command line, merged; `None` after a problem that leaves it unknown.
    pub(super) fn resolve(&mut self, file: &Path) -> Option<Node> {
        self.resolve_from(file, None)
    }

    /// `from` is the text that names the file, if a file does.
    fn resolve_from(&mut self, file: &Path, from: Option<&Node>) -> Option<Node> {
        let real = fs_err::canonicalize(file).unwrap_or_else(|_| file.to_owned());
        if let Some(finished) = self.finished.get(&real) {
            return finished.clone();
        }
        if let Some(from) = from {
            self.check_chain(&real, file, from)?;
        }
        self.chain.push((real.clone(), file.to_owned()));
        let node = self.read(file, from).and_then(|node| self.merged(file, node));
        self.chain.pop();
        self.finished.insert(real, node.clone());
        node
    }

    fn check_chain(&mut self, real: &Path, file: &Path, from: &Node) -> Option<()> {
        let path = JsonPath::root().key(EXTENDS);
        if let Some(start) = self.chain.iter().position(|(open, _)| open == real) {
            let names = self.chain[start..].iter().map(|(_, file)| file.as_path()).chain([file]);
            let circle: Vec<_> = names.map(|file| file.display().to_string()).collect();
            self.problems
                .error(&from.span, "this file ends up extending itself")
                .at(&path)
                .help(format!("the circle is {}", circle.join(" -> ")));
            return None;
        }
        if self.chain.len() >= MAX_CHAIN {
            let message = format!("more than {MAX_CHAIN} files extend each other in a chain");
            self.problems.error(&from.span, message).at(&path).help("merge some of them by hand");
            return None;
        }
        Some(())
    }

    fn read(&mut self, file: &Path, from: Option<&Node>) -> Option<Node> {
        // Reported when it happened; nothing more is read.
        if self.bytes > MAX_BATCH_BYTES {
            return None;
        }
        match (read_source(file), from) {
            (Ok(source), _) => {
                self.bytes += source.text().len();
                if self.bytes > MAX_BATCH_BYTES {
                    let message = format!("from here on the batch has more than {MAX_BATCH_BYTES} bytes (64 MiB)");
                    self.problems.push(Problem::file(file, message)).help("split the batch over several folders");
                    return None;
                }
                parse(&source, self.problems)
            }
            (Err(problem), Some(from)) if problem.span.is_none() => {
                let message = format!("cannot extend {}: {}", path_name(file), problem.message());
                self.problems
                    .error(&from.span, message)
                    .at(&JsonPath::root().key(EXTENDS))
                    .help("the path is relative to the file that names it");
                None
            }
            (Err(problem), _) => {
                self.problems.push(*problem);
                None
            }
        }
    }

    /// Merges the tree of `file` over the files it extends.
    fn merged(&mut self, file: &Path, mut node: Node) -> Option<Node> {
        if !matches!(node.value, Value::Object(_)) {
            wrong_type(&node, &JsonPath::root(), "an object", self.problems)
                .help("a config is an object: `{\"name\": ..., ...}`");
            return None;
        }
        node.remove(SCHEMA);
        let Some(extends) = node.remove(EXTENDS) else { return Some(node) };
        let folder = file.parent().unwrap_or(Path::new(""));
        let mut bases = Vec::new();
        for base in self.base_names(extends)? {
            let path = folder.join(base.as_str().unwrap_or_default());
            // All bases are looked at, so that all of their problems are reported.
            bases.push(self.resolve_from(&path, Some(&base)));
        }
        let mut bases = bases.into_iter().collect::<Option<Vec<_>>>()?.into_iter().chain([node]);
        let first = bases.next()?;
        Some(bases.fold(first, merge_patch))
    }

    /// What a value in `file` stands for: the file of that path, merged, or the object itself, likewise.
    pub(super) fn base(&mut self, value: &Node, file: &Path) -> Option<Node> {
        match value.as_str() {
            Some(name) => {
                let path = file.parent().unwrap_or(Path::new("")).join(name);
                if !path.exists() {
                    self.problems
                        .error(&value.span, format!("there is no file {}", path_name(&path)))
                        .at(&JsonPath::root().key("base"))
                        .help("the path is relative to the file that names it");
                    return None;
                }
                self.resolve_from(&path, Some(value))
            }
            None => self.merged(file, value.clone()),
        }
    }

    /// A file by itself, without `extends` and `$schema`, and the files that it extends.
    pub(super) fn parts(&mut self, file: &Path) -> Option<(Node, Vec<PathBuf>)> {
        let mut node = self.read(file, None)?;
        node.remove(SCHEMA);
        let Some(extends) = node.remove(EXTENDS) else { return Some((node, Vec::new())) };
        let folder = file.parent().unwrap_or(Path::new(""));
        let names = self.base_names(extends)?;
        Some((node, names.iter().map(|name| folder.join(name.as_str().unwrap_or_default())).collect()))
    }

    /// The nodes that name the files to build on.
    fn base_names(&mut self, extends: Member) -> Option<Vec<Node>> {
        const EXPECTED: &str = "a path or a list of paths";
        let path = JsonPath::root().key(EXTENDS);
        let names = match extends.value.value {
            Value::Array(names) => names,
            _ => vec![extends.value],
        };
        if names.len() > MAX_BASES {
            let message = format!("a file extends at most {MAX_BASES} files directly, this one {}", names.len());
            self.problems.error(&extends.key_span, message).at(&path);
            return None;
        }
        let mut good = true;
        for node in &names {
            if node.as_str().is_none_or(|text| text.is_empty() || text.contains('\0')) {
                wrong_type(node, &path, EXPECTED, self.problems);
                good = false;
            }
        }
        good.then_some(names)
    }
}
