//! Reads the members of one object: the code behind [`section!`](crate::section!).

use super::bounds::Bounds;
use super::field::{Field, FieldValue};
use super::unknown_key::unknown_key_help;
use crate::node::Node;
use crate::path::JsonPath;
use crate::problem::{Problem, Problems};
use crate::wording::name;

/// After how many unknown keys of one object the others are not named.
const UNKNOWN_KEYS: usize = 20;

/// Reads the members of one object and remembers which of them were asked for.
#[derive(Debug)]
pub struct SectionReader<'a> {
    node: &'a Node,
    path: &'a JsonPath,
    problems: &'a mut Problems,
    known: Vec<&'static str>,
    /// Whether a default stands in for a value that could not be read.
    stood_in: bool,
}

impl<'a> SectionReader<'a> {
    /// Starts reading `node`, which must be an object.
    pub fn open(node: &'a Node, path: &'a JsonPath, problems: &'a mut Problems) -> Option<Self> {
        if matches!(node.value, crate::node::Value::Object(_)) {
            return Some(Self { node, path, problems, known: Vec::new(), stood_in: false });
        }
        wrong_type(node, path, "an object", problems);
        None
    }

    /// Reads the field `key`, or makes its default. After a problem the default stands in, where there is one, so that
    /// the rest of the config is still looked at; otherwise the answer is `None`.
    pub fn field<T: FieldValue>(
        &mut self,
        key: &'static str,
        default: Option<fn() -> T>,
        bounds: &Bounds<T::Scalar>,
    ) -> Option<T> {
        self.known.push(key);
        let path = self.path.key(key);
        let Some(value) = self.node.get(key) else {
            return match default {
                Some(default) => Some(default()),
                None => self.missing::<T>(key, &path, bounds),
            };
        };
        let read = if matches!(value.value, crate::node::Value::Null) && !T::NULLABLE {
            let problem = wrong_type(value, &path, &T::words().one, self.problems);
            if let Some(default) = default {
                problem.help(format!("leave {} out to get its default, {}", name(key), default().as_json()));
            }
            None
        } else {
            T::from_node(value, &path, bounds, self.problems)
        };
        self.stood_in |= read.is_none();
        read.or_else(|| default.map(|default| default()))
    }

    /// Reports the keys that no field asked for; `fields` is the table of the section. Says whether every value is the
    /// one that was written, so that rules between them make sense.
    pub fn finish(self, fields: fn() -> Vec<Field>) -> bool {
        let Self { node, path, problems, known, stood_in } = self;
        let unknown = node.members().iter().filter(|member| !known.contains(&member.key.as_str()));
        for (count, member) in unknown.enumerate() {
            if count == UNKNOWN_KEYS {
                let message = "more keys follow that are unknown here";
                problems.error(&member.key_span, message).at(path);
                break;
            }
            problems
                .error(&member.key_span, format!("unknown key {}", name(&member.key)))
                .at(&path.key(&member.key))
                .expected(format!("one of {}", known.join(", ")))
                .label("unknown key")
                .help(unknown_key_help(&member.key, &known, &fields()));
        }
        !stood_in
    }

    fn missing<T: FieldValue>(&mut self, key: &str, path: &JsonPath, bounds: &Bounds<T::Scalar>) -> Option<T> {
        let what = expectation::<T>(bounds);
        self.problems
            .error(&self.node.span.head(), format!("the key {} is missing", name(key)))
            .at(path)
            .expected(&what)
            .label("in this object")
            .help(format!("add `\"{key}\": ...` with {what}"));
        None
    }
}

/// A type and its range in words, as in `a whole number, at least 1`.
pub(super) fn expectation<T: FieldValue>(bounds: &Bounds<T::Scalar>) -> String {
    let mut what = T::words().one;
    if let Some(bounds) = bounds.words() {
        what.push_str(", ");
        what.push_str(&bounds);
    }
    what
}

/// Reports that something else stands where `expected` should.
pub fn wrong_type<'p>(node: &Node, path: &JsonPath, expected: &str, problems: &'p mut Problems) -> &'p mut Problem {
    problems
        .error(&node.span, format!("expected {expected}, found {}", node.describe()))
        .at(path)
        .expected(expected)
        .label(format!("expected {expected}"))
}

/// The name of a field whose Rust name may be a raw identifier.
pub fn field_name(identifier: &'static str) -> &'static str {
    identifier.strip_prefix("r#").unwrap_or(identifier)
}
