//! Where a value stands in its JSON document: `hyperparams.optimizer.beta1`, `model.hidden[2]`.

use std::fmt;
use std::sync::Arc;

use crate::wording::{QUOTE_LIMIT, literal};

/// The way from the root of a document to a value.
///
/// Cheap to clone and to extend: paths share their beginnings.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct JsonPath {
    last: Option<Arc<Step>>,
}

#[derive(PartialEq, Eq)]
struct Step {
    parent: JsonPath,
    segment: Segment,
}

#[derive(PartialEq, Eq)]
enum Segment {
    Key(Box<str>),
    Index(usize),
}

impl JsonPath {
    /// The whole document.
    pub fn root() -> Self {
        Self::default()
    }

    /// The value under `key` of the object at this path.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.step(Segment::Key(key.into()))
    }

    /// The value at `index` (from 0) of the list at this path.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.step(Segment::Index(index))
    }

    /// Whether this is the whole document.
    pub fn is_root(&self) -> bool {
        self.last.is_none()
    }

    fn step(&self, segment: Segment) -> Self {
        Self { last: Some(Arc::new(Step { parent: self.clone(), segment })) }
    }
}

/// The root is the empty text.
impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(step) = &self.last else { return Ok(()) };
        step.parent.fmt(f)?;
        match &step.segment {
            Segment::Index(index) => write!(f, "[{index}]"),
            Segment::Key(key) if !is_plain(key) => write!(f, "[{}]", literal(key)),
            Segment::Key(key) if step.parent.is_root() => f.write_str(key),
            Segment::Key(key) => write!(f, ".{key}"),
        }
    }
}

impl fmt::Debug for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JsonPath({self})")
    }
}

/// Whether a key can stand in a path without quotes and in full length.
fn is_plain(key: &str) -> bool {
    (1..=QUOTE_LIMIT).contains(&key.len())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_like_code() {
        let root = JsonPath::root();
        assert_eq!(root.to_string(), "");
        assert_eq!(root.key("model").key("hidden").index(2).to_string(), "model.hidden[2]");
        assert_eq!(root.index(0).key("a").to_string(), "[0].a");
        assert_eq!(root.key(&"k".repeat(1_000)).to_string().chars().count(), QUOTE_LIMIT + 5);
        assert_eq!(root.key("a b").key("c\u{1b}").to_string(), r#"["a b"]["c\u001b"]"#);
    }
}
