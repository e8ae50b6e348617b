//! A part that is chosen by name and has parameters of its own: an optimizer, a scheduler.

use serde_json::{Map, Value, json};

use super::bounds::{Bounds, NoBounds};
use super::field::{FieldValue, Words};
use super::reader::wrong_type;
use crate::node::{Node, Value as JsonValue};
use crate::path::JsonPath;
use crate::problem::Problems;
use crate::source::{Source, Span};
use crate::suggest::suggest;
use crate::wording::name;

/// A part that is chosen by name: `"adam"`, or `{"kind": "adam", "beta1": 0.9}`.
///
/// The owner of the kind reads `params` with its own section, at `path`,
/// so that its complaints point into the file.
#[derive(Debug, Clone)]
pub struct Component {
    /// The name that was chosen; the owner knows whether it exists.
    pub kind: String,
    /// Where the name stands.
    pub kind_span: Span,
    /// The object without `kind`.
    pub params: Node,
    /// The way to the component in the document.
    pub path: JsonPath,
}

impl Component {
    /// A component that no file mentions, for defaults.
    pub fn named(kind: &str) -> Self {
        let span = Source::new("<default>", format!("\"{kind}\"")).whole();
        let params = Node::empty_object(span.clone());
        Self { kind: kind.to_owned(), kind_span: span, params, path: JsonPath::root() }
    }

    /// The long form: `kind`, then the parameters as they were given.
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("kind".to_owned(), self.kind.clone().into());
        if let Value::Object(params) = self.params.to_json() {
            object.extend(params);
        }
        object.into()
    }
}

/// Places do not count.
impl PartialEq for Component {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.params == other.params
    }
}

impl FieldValue for Component {
    type Scalar = NoBounds;

    fn from_node(node: &Node, path: &JsonPath, _: &Bounds<NoBounds>, problems: &mut Problems) -> Option<Self> {
        if let Some(kind) = node.as_str() {
            return Some(Self {
                kind: kind.to_owned(),
                kind_span: node.span.clone(),
                params: Node::empty_object(node.span.clone()),
                path: path.clone(),
            });
        }
        let mut params = node.clone();
        if !matches!(node.value, JsonValue::Object(_)) {
            wrong_type(node, path, &Self::words().one, problems);
            return None;
        }
        let Some(member) = params.remove("kind") else {
            missing_kind(node, path, problems);
            return None;
        };
        let Some(kind) = member.value.as_str() else {
            wrong_type(&member.value, &path.key("kind"), "a name in quotes", problems);
            return None;
        };
        Some(Self { kind: kind.to_owned(), kind_span: member.value.span.clone(), params, path: path.clone() })
    }

    fn as_json(&self) -> Value {
        self.to_json()
    }

    fn words() -> Words {
        Words::new("a name, or an object with `kind`", "names, or objects with `kind`")
    }

    fn schema(_: &Bounds<NoBounds>) -> Value {
        let object = json!({"type": "object", "properties": {"kind": {"type": "string"}}, "required": ["kind"]});
        json!({"anyOf": [{"type": "string"}, object]})
    }
}

impl serde::Serialize for Component {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

fn missing_kind(node: &Node, path: &JsonPath, problems: &mut Problems) {
    const SYNONYMS: [&str; 3] = ["kind", "type", "name"];
    let near = node.members().iter().find(|member| suggest(&member.key, SYNONYMS).is_some());
    let span = near.map_or_else(|| node.span.head(), |member| member.key_span.clone());
    let help = match near {
        Some(member) => format!("did you mean `kind` instead of {}?", name(&member.key)),
        None => "add `\"kind\": \"NAME\"` to say which one it is".to_owned(),
    };
    problems
        .error(&span, "the key `kind` is missing")
        .at(&path.key("kind"))
        .expected("a name in quotes")
        .label("in this object")
        .help(help);
}
