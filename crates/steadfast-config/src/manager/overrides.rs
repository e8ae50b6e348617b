//! `key.key=value` from the command line.

use crate::node::{Member, Node, Value};
use crate::parser::parse_part;
use crate::path::JsonPath;
use crate::problem::{Problem, Problems};
use crate::source::{Source, Span};
use crate::wording::{clipped, name};

use super::extends::{EXTENDS, SCHEMA};

/// How many keys a path may have.
const MAX_KEYS: usize = 32;

/// One override: the way to a value, and the value. All of it points into its own text.
#[derive(Debug)]
pub(super) struct Override {
    keys: Vec<(String, Span)>,
    value: Node,
}

/// Reads all overrides and reports those that are none.
pub(super) fn parse_overrides(texts: &[String], problems: &mut Problems) -> Vec<Override> {
    texts.iter().filter_map(|text| Override::parse(text, problems)).collect()
}

impl Override {
    fn parse(text: &str, problems: &mut Problems) -> Option<Self> {
        let source = Source::new(source_name(text), text);
        let Some((way, _)) = text.split_once('=') else {
            problems.error(&source.whole(), "an override has the form KEY=VALUE").help("as in `hyperparams.lr=0.01`");
            return None;
        };
        let (source, value) = read_value(source, way.len() + 1);
        let keys = read_keys(&source, way, problems)?;
        Some(Self { keys, value })
    }

    /// The override as an object that holds nothing else.
    pub(super) fn as_node(&self) -> Node {
        self.keys.iter().rev().fold(self.value.clone(), |value, (key, span)| {
            let member = Member { key: key.clone(), key_span: span.clone(), value };
            Node { value: Value::Object(vec![member]), span: span.clone() }
        })
    }

    /// Puts the value into a config, making the objects on the way to it where there are none.
    pub(super) fn apply(&self, root: &mut Node, problems: &mut Problems) {
        set(root, &JsonPath::root(), &self.keys, &self.value, problems);
    }
}

/// Puts `value` where a dotted key leads to, if it is one that a config can have.
pub(super) fn set_value(root: &mut Node, key: &str, key_span: &Span, value: &Node, problems: &mut Problems) {
    if let Some(complaint) = complaint_about(key) {
        problems.error(key_span, complaint).help("keys are separated by single dots, as in `hyperparams.lr`");
        return;
    }
    let keys: Vec<(String, Span)> = key.split('.').map(|key| (key.to_owned(), key_span.clone())).collect();
    set(root, &JsonPath::root(), &keys, value, problems);
}

/// Why a dotted key is none.
fn complaint_about(way: &str) -> Option<String> {
    let first = way.split('.').next().unwrap_or_default();
    if first == EXTENDS || first == SCHEMA {
        return Some(format!("{} cannot be overridden", name(first)));
    }
    let is_good =
        |key: &str| !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$'));
    let is_bad = !way.split('.').all(is_good) || way.split('.').count() > MAX_KEYS;
    is_bad.then(|| format!("{} cannot be a key", name(way)))
}

/// Puts `value` where `keys` lead to from `node`; every key on the way is now said to come from the override.
///
/// A text on the way becomes an object with that `kind`, so that `optimizer.beta1=0.8` works on `"optimizer": "adam"`.
/// Anything else that is no object gives way to one; the reader of the section sees whether that is right.
fn set(node: &mut Node, path: &JsonPath, keys: &[(String, Span)], value: &Node, problems: &mut Problems) {
    let Some(((key, span), rest)) = keys.split_first() else {
        node.clone_from(value);
        return;
    };
    let old = std::mem::replace(node, Node::empty_object(span.clone()));
    let mut members = match old.value {
        Value::Object(members) => {
            node.span = old.span;
            members
        }
        Value::String(_) => {
            vec![Member { key: "kind".to_owned(), key_span: old.span.clone(), value: old }]
        }
        Value::Array(_) => {
            *node = old;
            problems
                .error(span, "a part of a list cannot be overridden")
                .at(path)
                .help(format!("give the whole list: `{path}=[...]`"));
            return;
        }
        _ => Vec::new(),
    };
    let place = members.iter().position(|member| member.key == *key).unwrap_or_else(|| {
        let value = Node { value: Value::Null, span: span.clone() };
        members.push(Member { key: key.clone(), key_span: span.clone(), value });
        members.len() - 1
    });
    members[place].key_span = span.clone();
    set(&mut members[place].value, &path.key(key), rest, value, problems);
    node.value = Value::Object(members);
}

/// The value behind the `=`: JSON if it is some, otherwise the text itself.
///
/// A text that looks as if it was meant to be JSON leaves a hint in its source.
fn read_value(source: Source, start: usize) -> (Source, Node) {
    let mut scratch = Problems::new();
    if let Some(node) = parse_part(&source, start, &mut scratch).filter(|_| !scratch.has_errors()) {
        return (source, node);
    }
    let text = source.text()[start..].to_owned();
    let looks_like_json =
        text.starts_with(['{', '[', '"', '+', '-', '.']) || text.starts_with(|c: char| c.is_ascii_digit());
    let reason = scratch.iter().next().map(Problem::message).filter(|_| looks_like_json);
    let source = match reason {
        Some(reason) => {
            let hint = format!("the value was read as text, because it is not valid JSON: {reason}");
            Source::with_hint(source.name().to_owned(), source.text().to_owned(), Some(hint))
        }
        None => source,
    };
    let span = source.span(start..source.text().len());
    (source, Node { value: Value::String(text), span })
}

fn read_keys(source: &Source, way: &str, problems: &mut Problems) -> Option<Vec<(String, Span)>> {
    let mut keys = Vec::new();
    let mut start = 0;
    for key in way.split('.') {
        let span = source.span(start..start + key.len());
        if key.is_empty() || !key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$')) {
            problems
                .error(&span, format!("{} cannot be a key", name(key)))
                .help("keys are separated by single dots, as in `hyperparams.lr=0.01`");
            return None;
        }
        keys.push((key.to_owned(), span));
        start += key.len() + 1;
    }
    let (first, span) = &keys[0];
    if keys.len() > MAX_KEYS {
        problems.error(&source.span(0..way.len()), format!("more than {MAX_KEYS} keys in a row"));
        return None;
    }
    if first == EXTENDS || first == SCHEMA {
        problems.error(span, format!("{} cannot be overridden", name(first))).help("write it into the file");
        return None;
    }
    Some(keys)
}

fn source_name(text: &str) -> String {
    format!("<override {}>", clipped(text))
}
