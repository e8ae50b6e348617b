//! Field types made of others: lists, optional values, raw objects.

use serde_json::{Value, json};

use super::bounds::{Bounds, NoBounds};
use super::field::{Field, FieldValue, Words};
use super::reader::wrong_type;
use crate::node::{Node, Value as JsonValue};
use crate::path::JsonPath;
use crate::problem::Problems;

/// After how many wrong elements the rest of a list is not looked at.
const WRONG_ELEMENTS: usize = 20;

/// A list; bounds hold for each element.
impl<T: FieldValue> FieldValue for Vec<T> {
    type Scalar = T::Scalar;

    fn from_node(node: &Node, path: &JsonPath, bounds: &Bounds<T::Scalar>, problems: &mut Problems) -> Option<Self> {
        let JsonValue::Array(nodes) = &node.value else {
            let scalar = matches!(node.value, JsonValue::Bool(_) | JsonValue::Number(_) | JsonValue::String(_));
            let one = scalar && !node.as_str().is_some_and(|text| text.starts_with('['));
            let help = one.then(|| format!("a list of one is written [{}]", node.as_written()));
            wrong_type(node, path, &Self::words().one, problems).maybe_help(help);
            return None;
        };
        let mut items = Self::with_capacity(nodes.len());
        for (index, node) in nodes.iter().enumerate() {
            items.extend(T::from_node(node, &path.index(index), bounds, problems));
            // A list of a thousand wrong elements is one mistake, not a thousand.
            if index + 1 - items.len() >= WRONG_ELEMENTS {
                break;
            }
        }
        (items.len() == nodes.len()).then_some(items)
    }

    fn as_json(&self) -> Value {
        self.iter().map(T::as_json).collect()
    }

    fn words() -> Words {
        let many = T::words().many;
        Words::new(format!("a list of {many}"), format!("lists of {many}"))
    }

    fn schema(bounds: &Bounds<T::Scalar>) -> Value {
        json!({"type": "array", "items": T::schema(bounds)})
    }
}

/// A value or `null`.
impl<T: FieldValue> FieldValue for Option<T> {
    type Scalar = T::Scalar;

    const NULLABLE: bool = true;

    fn from_node(node: &Node, path: &JsonPath, bounds: &Bounds<T::Scalar>, problems: &mut Problems) -> Option<Self> {
        match node.value {
            JsonValue::Null => Some(None),
            _ => T::from_node(node, path, bounds, problems).map(Some),
        }
    }

    fn as_json(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::as_json)
    }

    fn words() -> Words {
        let Words { one, many } = T::words();
        Words::new(format!("{one}, or null"), format!("{many} or nulls"))
    }

    fn schema(bounds: &Bounds<T::Scalar>) -> Value {
        json!({"anyOf": [T::schema(bounds), {"type": "null"}]})
    }

    fn inner_fields() -> Vec<Field> {
        T::inner_fields()
    }
}

/// An object that somebody else reads.
impl FieldValue for Node {
    type Scalar = NoBounds;

    fn from_node(node: &Node, path: &JsonPath, _: &Bounds<NoBounds>, problems: &mut Problems) -> Option<Self> {
        if matches!(node.value, JsonValue::Object(_)) {
            return Some(node.clone());
        }
        wrong_type(node, path, "an object", problems);
        None
    }

    fn as_json(&self) -> Value {
        Node::to_json(self)
    }

    fn words() -> Words {
        Words::new("an object", "objects")
    }

    fn schema(_: &Bounds<NoBounds>) -> Value {
        json!({"type": "object"})
    }
}
