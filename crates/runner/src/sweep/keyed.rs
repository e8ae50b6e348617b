//! Values of a sweep file that no section has: any JSON, and objects whose keys are those of a config.

use serde_json::{Value, json};
use steadfast_config::{Bounds, FieldValue, JsonPath, NoBounds, Node, Problems, Span, Words, wrong_type};

/// Any JSON, with its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Any(pub(super) Node);

/// Dotted keys of a config with something for each, in the order of the file.
#[derive(Debug, Clone)]
pub(crate) struct Keyed<T> {
    pub(super) entries: Vec<Entry<T>>,
}

/// One key, its place, and what stands there.
#[derive(Debug, Clone)]
pub(super) struct Entry<T> {
    pub(super) key: String,
    pub(super) key_span: Span,
    /// Where the value stands.
    pub(super) span: Span,
    pub(super) value: T,
}

impl<T> Keyed<T> {
    /// No keys.
    pub(super) fn none() -> Self {
        Self { entries: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl FieldValue for Any {
    type Scalar = NoBounds;

    const NULLABLE: bool = true;

    fn from_node(node: &Node, _: &JsonPath, _: &Bounds<NoBounds>, _: &mut Problems) -> Option<Self> {
        Some(Self(node.clone()))
    }

    fn as_json(&self) -> Value {
        self.0.to_json()
    }

    fn words() -> Words {
        Words::new("a value", "values")
    }

    fn schema(_: &Bounds<NoBounds>) -> Value {
        json!({})
    }
}

impl<T: FieldValue> FieldValue for Keyed<T> {
    type Scalar = T::Scalar;

    fn from_node(node: &Node, path: &JsonPath, bounds: &Bounds<T::Scalar>, problems: &mut Problems) -> Option<Self> {
        if !matches!(node.value, steadfast_config::Value::Object(_)) {
            wrong_type(node, path, &Self::words().one, problems).help("write it as in `{\"hyperparams.lr\": ...}`");
            return None;
        }
        let mut entries = Vec::with_capacity(node.members().len());
        let mut is_good = true;
        for member in node.members() {
            match T::from_node(&member.value, &path.key(&member.key), bounds, problems) {
                Some(value) => entries.push(Entry {
                    key: member.key.clone(),
                    key_span: member.key_span.clone(),
                    span: member.value.span.clone(),
                    value,
                }),
                None => is_good = false,
            }
        }
        is_good.then_some(Self { entries })
    }

    fn as_json(&self) -> Value {
        let members = self.entries.iter().map(|entry| (entry.key.clone(), entry.value.as_json()));
        Value::Object(members.collect())
    }

    fn words() -> Words {
        let Words { one, .. } = T::words();
        Words::new(
            format!("an object of config keys, each with {one}"),
            format!("objects of config keys, each with {one}"),
        )
    }

    fn schema(bounds: &Bounds<T::Scalar>) -> Value {
        json!({"type": "object", "additionalProperties": T::schema(bounds)})
    }
}

/// Places do not count.
impl<T: PartialEq> PartialEq for Keyed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.entries.len() == other.entries.len()
            && self
                .entries
                .iter()
                .zip(&other.entries)
                .all(|(left, right)| left.key == right.key && left.value == right.value)
    }
}

/// JSON as a tree all of which stands at one place.
pub(super) fn node_at(value: &Value, span: &Span) -> Node {
    use steadfast_config::{Member, Value as NodeValue};

    let inner = match value {
        Value::Null => NodeValue::Null,
        Value::Bool(value) => NodeValue::Bool(*value),
        Value::Number(number) => NodeValue::Number(number.to_string()),
        Value::String(text) => NodeValue::String(text.clone()),
        Value::Array(items) => NodeValue::Array(items.iter().map(|item| node_at(item, span)).collect()),
        Value::Object(members) => {
            let member = |(key, value): (&String, &Value)| Member {
                key: key.clone(),
                key_span: span.clone(),
                value: node_at(value, span),
            };
            NodeValue::Object(members.iter().map(member).collect())
        }
    };
    Node { value: inner, span: span.clone() }
}
