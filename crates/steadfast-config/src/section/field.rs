//! One row of a section's table, and what a type must do to stand in one.

use serde::Serialize;
use serde_json::{Value, json};

use super::bounds::{Bounds, Scalar};
use crate::node::Node;
use crate::path::JsonPath;
use crate::problem::Problems;

/// What a change of a field means for a run that has already begun.
///
/// Every field of every section says which it is, so a new field cannot be forgotten by the resume guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// It changes the numbers: a run cannot be resumed with another value.
    Trajectory,
    /// It changes how the run is kept, named or reported, never a number.
    Policy,
    /// It says how far the run goes: another value continues or ends the same trajectory.
    Horizon,
}

impl Role {
    /// `trajectory`, `policy` or `horizon`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trajectory => "trajectory",
            Self::Policy => "policy",
            Self::Horizon => "horizon",
        }
    }
}

/// One field of a section: all that documentation, schema and the resume guard need to know.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The key in the JSON.
    pub name: &'static str,
    /// The doc comment: its lines, trimmed.
    pub doc: String,
    /// The type, as in `a list of whole numbers`.
    pub words: String,
    /// The value when the key is left out; `None` when it must be given.
    pub default: Option<Value>,
    /// The range of a number or of each element, as in `at least 1`.
    pub bounds: Option<String>,
    /// What a change of it means for a run that has begun.
    pub role: Role,
    /// JSON Schema (draft-07) of the value, without description and default.
    pub schema: Value,
    /// The fields inside, when the value is itself a section.
    pub fields: Vec<Field>,
}

impl Field {
    /// Whether the key must be given.
    pub fn is_required(&self) -> bool {
        self.default.is_none()
    }
}

/// A typed group of fields, declared with [`section!`](crate::section!).
pub trait Section: Sized + Serialize {
    /// The name of the struct.
    const NAME: &'static str;

    /// The whole doc comment of the struct.
    fn doc() -> String;

    /// The first line of the doc comment.
    fn summary() -> String {
        Self::doc().lines().next().unwrap_or_default().to_owned()
    }

    /// The table: one row per field, as declared.
    fn fields() -> Vec<Field>;

    /// Reads an object; reports every problem with it, unknown keys included.
    ///
    /// `None` if a field without a default could not be read. For any other its default stands in, so that whoever
    /// comes next can look for more problems; so ask `problems` before using anything.
    fn read(node: &Node, path: &JsonPath, problems: &mut Problems) -> Option<Self>;

    /// All fields, defaults included, in the order of their declaration.
    fn to_json(&self) -> Value;
}

/// A type that a field of a section can have.
pub trait FieldValue: Sized {
    /// What bounds are given in; [`NoBounds`](super::NoBounds) for everything that holds no number.
    type Scalar: Scalar;

    /// Whether `null` is one of its values.
    const NULLABLE: bool = false;

    /// Reads a value; reports every problem with it and then returns `None`.
    fn from_node(node: &Node, path: &JsonPath, bounds: &Bounds<Self::Scalar>, problems: &mut Problems) -> Option<Self>;

    /// The value as JSON that [`FieldValue::from_node`] reads back as an equal value.
    fn as_json(&self) -> Value;

    /// The type in words.
    fn words() -> Words;

    /// JSON Schema (draft-07) of the type.
    fn schema(bounds: &Bounds<Self::Scalar>) -> Value;

    /// The fields inside, if it is a section.
    fn inner_fields() -> Vec<Field> {
        Vec::new()
    }
}

/// A type in words, for one value and for many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// As in "expected a whole number".
    pub one: String,
    /// As in "a list of whole numbers".
    pub many: String,
}

impl Words {
    /// Both forms.
    pub fn new(one: impl Into<String>, many: impl Into<String>) -> Self {
        Self { one: one.into(), many: many.into() }
    }
}

/// JSON Schema (draft-07) of an object with these fields and no others.
pub fn object_schema(fields: &[Field]) -> Value {
    let properties: serde_json::Map<_, _> =
        fields.iter().map(|field| (field.name.to_owned(), property(field))).collect();
    let required: Vec<_> = fields.iter().filter(|field| field.is_required()).map(|field| field.name).collect();
    let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// The schema of a field with its description and default beside it.
fn property(field: &Field) -> Value {
    let mut schema = json!({"description": field.doc});
    if let Some(default) = &field.default {
        schema["default"] = default.clone();
    }
    if let (Value::Object(target), Value::Object(own)) = (&mut schema, &field.schema) {
        target.extend(own.clone());
    }
    schema
}
