//! A JSON document as a tree whose every key and value knows its place in the text.

use crate::source::Span;
use crate::wording::{clipped, literal};

/// A JSON value and its place.
///
/// Two nodes are equal when they hold the same JSON; places and the order of keys do not count.
#[derive(Debug, Clone)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it stands.
    pub span: Span,
}

/// A JSON value. Numbers stay as they were written, so nothing is rounded before its type is known.
#[derive(Debug, Clone)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// A text, unescaped.
    String(String),
    /// A list.
    Array(Vec<Node>),
    /// An object, in the order of the text. The parser leaves no key in it twice.
    Object(Vec<Member>),
}

/// One `"key": value` of an object.
#[derive(Debug, Clone)]
pub struct Member {
    /// The key, unescaped.
    pub key: String,
    /// Where the key stands, quotes included.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Node {
    /// `{}`, standing in for an object that was left out; problems with it point at `span`.
    pub fn empty_object(span: Span) -> Self {
        Self { value: Value::Object(Vec::new()), span }
    }

    /// The members of an object; none for every other value.
    pub fn members(&self) -> &[Member] {
        match &self.value {
            Value::Object(members) => members,
            _ => &[],
        }
    }

    /// The member under `key`, if this is an object that has it.
    pub fn member(&self, key: &str) -> Option<&Member> {
        self.members().iter().find(|member| member.key == key)
    }

    /// The value under `key`, if this is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.member(key).map(|member| &member.value)
    }

    /// The text, if this is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// Takes `key` out of an object.
    pub fn remove(&mut self, key: &str) -> Option<Member> {
        let Value::Object(members) = &mut self.value else { return None };
        let at = members.iter().position(|member| member.key == key)?;
        Some(members.remove(at))
    }

    /// What stands here, in words: `the text "0.1"`, `the number 3`, `a list`.
    pub fn describe(&self) -> String {
        match &self.value {
            Value::Null => "null".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Number(text) => format!("the number {}", clipped(text)),
            Value::String(text) => format!("the text {}", literal(text)),
            Value::Array(_) => "a list".to_owned(),
            Value::Object(_) => "an object".to_owned(),
        }
    }

    /// A scalar as JSON writes it, shortened.
    pub(crate) fn as_written(&self) -> String {
        match &self.value {
            Value::String(text) => literal(text),
            Value::Number(text) => clipped(text),
            _ => clipped(&self.to_json().to_string()),
        }
    }

    /// The same JSON without places.
    ///
    /// A number that no 64-bit type holds becomes its text: nothing is rounded to infinity silently.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(text) => serde_json::from_str::<serde_json::Number>(text)
                .map_or_else(|_| text.clone().into(), serde_json::Value::Number),
            Value::String(text) => text.clone().into(),
            Value::Array(items) => items.iter().map(Self::to_json).collect(),
            Value::Object(members) => members
                .iter()
                .map(|member| (member.key.clone(), member.value.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(left), Self::Bool(right)) => left == right,
            (Self::Number(left), Self::Number(right)) => same_number(left, right),
            (Self::String(left), Self::String(right)) => left == right,
            (Self::Array(left), Self::Array(right)) => left == right,
            (Self::Object(left), Self::Object(right)) => {
                left.len() == right.len()
                    && left.iter().all(|member| {
                        let twin = right.iter().find(|other| other.key == member.key);
                        twin.is_some_and(|other| other.value == member.value)
                    })
            }
            _ => false,
        }
    }
}

impl serde::Serialize for Node {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

/// `1.0` and `1.00` are the same number, and so is everything that is written alike.
fn same_number(left: &str, right: &str) -> bool {
    left == right
        || match (serde_json::from_str(left), serde_json::from_str(right)) {
            (Ok(left), Ok(right)) => serde_json::Number::eq(&left, &right),
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    fn number(text: &str) -> Node {
        Node { value: Value::Number(text.to_owned()), span: Source::new("t", text).whole() }
    }

    #[test]
    fn numbers_keep_what_they_were_written_as() {
        assert_eq!(number("18446744073709551615").to_json(), u64::MAX);
        assert_eq!(number("0.1").to_json(), 0.1);
        assert_eq!(number("1e400").to_json(), "1e400");
        assert_eq!(number("1.0"), number("1.00"));
        assert_ne!(number("1"), number("2"));
    }

    #[test]
    fn descriptions_are_escaped() {
        let span = Source::new("t", "").whole();
        let node = Node { value: Value::String("\u{1b}".to_owned()), span };
        assert_eq!(node.describe(), r#"the text "\u001b""#);
    }
}
