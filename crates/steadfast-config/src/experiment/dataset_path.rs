//! Where the data is.

use std::fmt;
use std::path::Path;

use serde_json::{Value, json};

use crate::node::Node;
use crate::path::JsonPath;
use crate::problem::Problems;
use crate::section::{Bounds, FieldValue, NoBounds, Words};

/// What `builtin:NAME` starts with.
const BUILTIN: &str = "builtin:";

/// A folder or file, or `builtin:NAME` for data that comes with the program.
///
/// Kept as it was written; a relative path is relative to the working folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DatasetPath(String);

/// What a [`DatasetPath`] refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatasetLocation<'a> {
    /// Data that comes with the program, by name.
    Builtin(&'a str),
    /// A file or folder.
    Path(&'a Path),
}

impl DatasetPath {
    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it refers to.
    pub fn location(&self) -> DatasetLocation<'_> {
        match self.0.strip_prefix(BUILTIN) {
            Some(name) => DatasetLocation::Builtin(name),
            None => DatasetLocation::Path(Path::new(&self.0)),
        }
    }
}

impl fmt::Display for DatasetPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FieldValue for DatasetPath {
    type Scalar = NoBounds;

    fn from_node(node: &Node, path: &JsonPath, bounds: &Bounds<NoBounds>, problems: &mut Problems) -> Option<Self> {
        let text = String::from_node(node, path, bounds, problems)?;
        let wrong = match text.strip_prefix(BUILTIN) {
            Some("") => Some("`builtin:` lacks a name"),
            _ if text.is_empty() => Some("the path is empty"),
            _ if text.contains('\0') => Some("a path cannot hold the character U+0000"),
            _ => None,
        };
        let Some(message) = wrong else { return Some(Self(text)) };
        problems
            .error(&node.span, message)
            .at(path)
            .expected(Self::words().one)
            .help("name a folder or a file, or write `builtin:NAME`");
        None
    }

    fn as_json(&self) -> Value {
        self.0.clone().into()
    }

    fn words() -> Words {
        Words::new("a path or `builtin:NAME`", "paths or `builtin:NAME`")
    }

    fn schema(_: &Bounds<NoBounds>) -> Value {
        json!({"type": "string", "minLength": 1})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_data_is_told_from_paths() {
        let location = |text: &str| match DatasetPath(text.to_owned()).location() {
            DatasetLocation::Builtin(name) => format!("builtin {name}"),
            DatasetLocation::Path(path) => format!("path {}", path.display()),
        };
        assert_eq!(location("builtin:iris"), "builtin iris");
        assert_eq!(location("/data/images"), "path /data/images");
        assert_eq!(location("data/builtin:iris"), "path data/builtin:iris");
    }
}
