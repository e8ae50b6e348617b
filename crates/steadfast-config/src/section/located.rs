//! A value that remembers where it was written.

use std::fmt;
use std::ops::Deref;

use serde_json::Value;

use super::bounds::Bounds;
use super::field::{Field, FieldValue, Words};
use crate::node::Node;
use crate::path::JsonPath;
use crate::problem::Problems;
use crate::source::{Source, Span};

/// A value and its place, for values that can turn out wrong after the config was read:
/// a model that nobody registered, a file that does not exist.
///
/// It can be used like the value itself. Two are equal when their values are; places do not count.
#[derive(Debug, Clone)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it was written, or the place `<default>` if it was not.
    pub span: Span,
    /// The way to it in the document.
    pub path: JsonPath,
}

impl<T: FieldValue> Located<T> {
    /// A value that no file mentions, for defaults.
    pub fn by_default(value: T) -> Self {
        let span = Source::new("<default>", value.as_json().to_string()).whole();
        Self { value, span, path: JsonPath::root() }
    }
}

impl<T> Deref for Located<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: PartialEq> PartialEq for Located<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: fmt::Display> fmt::Display for Located<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T: FieldValue> FieldValue for Located<T> {
    type Scalar = T::Scalar;

    const NULLABLE: bool = T::NULLABLE;

    fn from_node(node: &Node, path: &JsonPath, bounds: &Bounds<T::Scalar>, problems: &mut Problems) -> Option<Self> {
        let value = T::from_node(node, path, bounds, problems)?;
        Some(Self { value, span: node.span.clone(), path: path.clone() })
    }

    fn as_json(&self) -> Value {
        self.value.as_json()
    }

    fn words() -> Words {
        T::words()
    }

    fn schema(bounds: &Bounds<T::Scalar>) -> Value {
        T::schema(bounds)
    }

    fn inner_fields() -> Vec<Field> {
        T::inner_fields()
    }
}
