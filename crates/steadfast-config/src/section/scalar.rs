//! Field types that are one JSON value: flags, numbers, text, paths.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::bounds::{Bounds, NoBounds};
use super::field::{FieldValue, Words};
use super::reader::{expectation, wrong_type};
use crate::node::{Node, Value as JsonValue};
use crate::number::{NumberError, float, integer};
use crate::path::JsonPath;
use crate::problem::Problems;
use crate::wording::clipped;

impl FieldValue for bool {
    type Scalar = NoBounds;

    fn from_node(node: &Node, path: &JsonPath, _: &Bounds<NoBounds>, problems: &mut Problems) -> Option<Self> {
        if let JsonValue::Bool(value) = node.value {
            return Some(value);
        }
        let quoted = node.as_str().filter(|text| matches!(*text, "true" | "false"));
        wrong_type(node, path, "true or false", problems)
            .maybe_help(quoted.map(|text| format!("write it without quotes: {text}")));
        None
    }

    fn as_json(&self) -> Value {
        (*self).into()
    }

    fn words() -> Words {
        Words::new("true or false", "true or false")
    }

    fn schema(_: &Bounds<NoBounds>) -> Value {
        json!({"type": "boolean"})
    }
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl FieldValue for $type {
            type Scalar = Self;

            fn from_node(node: &Node, path: &JsonPath, bounds: &Bounds<Self>, problems: &mut Problems) -> Option<Self> {
                let text = number_text::<Self>(node, path, bounds, problems)?;
                let exact = match integer(text) {
                    Ok(exact) => exact,
                    Err(NumberError::Fraction) => {
                        wrong_type(node, path, &Self::words().one, problems).expected(expectation::<Self>(bounds));
                        return None;
                    }
                    // Beyond 128 bits is beyond every bound.
                    Err(_) if text.starts_with('-') => i128::MIN,
                    Err(_) => i128::MAX,
                };
                let (limit, own_bound) = match exact {
                    ..0 => (<$type>::MIN, format!("at least {}", <$type>::MIN)),
                    0.. => (<$type>::MAX, format!("at most {}", <$type>::MAX)),
                };
                match Self::try_from(exact) {
                    Ok(value) if bounds.contains(&value) => Some(value),
                    value => {
                        let broken = bounds.broken_by(&value.unwrap_or(limit)).unwrap_or(own_bound);
                        out_of_range::<Self>(node, path, bounds, &broken, problems);
                        None
                    }
                }
            }

            fn as_json(&self) -> Value {
                (*self).into()
            }

            fn words() -> Words {
                Words::new("a whole number", "whole numbers")
            }

            fn schema(bounds: &Bounds<Self>) -> Value {
                let mut schema = Map::new();
                schema.insert("type".to_owned(), "integer".into());
                if <$type>::MIN == 0 {
                    schema.insert("minimum".to_owned(), 0.into());
                }
                bounds.describe_in(&mut schema);
                schema.into()
            }
        }
    )*};
}
integers!(u32, u64, usize, i64);

impl FieldValue for f64 {
    type Scalar = Self;

    fn from_node(node: &Node, path: &JsonPath, bounds: &Bounds<Self>, problems: &mut Problems) -> Option<Self> {
        let text = number_text::<Self>(node, path, bounds, problems)?;
        match float(text) {
            Ok(value) if bounds.contains(&value) => Some(value),
            Ok(value) => {
                let broken = bounds.broken_by(&value).unwrap_or_default();
                out_of_range::<Self>(node, path, bounds, &broken, problems);
                None
            }
            Err(reason) => {
                let message = format!("the number {} cannot be used: {reason}", clipped(text));
                problems.error(&node.span, message).at(path).expected(expectation::<Self>(bounds));
                None
            }
        }
    }

    fn as_json(&self) -> Value {
        (*self).into()
    }

    fn words() -> Words {
        Words::new("a number", "numbers")
    }

    fn schema(bounds: &Bounds<Self>) -> Value {
        let mut schema = Map::new();
        schema.insert("type".to_owned(), "number".into());
        bounds.describe_in(&mut schema);
        schema.into()
    }
}

impl FieldValue for String {
    type Scalar = NoBounds;

    fn from_node(node: &Node, path: &JsonPath, _: &Bounds<NoBounds>, problems: &mut Problems) -> Option<Self> {
        if let Some(text) = node.as_str() {
            return Some(text.to_owned());
        }
        let help = match &node.value {
            JsonValue::Number(text) => Some(format!("write it in quotes: \"{}\"", clipped(text))),
            JsonValue::Bool(value) => Some(format!("write it in quotes: \"{value}\"")),
            _ => None,
        };
        wrong_type(node, path, "text", problems).maybe_help(help);
        None
    }

    fn as_json(&self) -> Value {
        self.clone().into()
    }

    fn words() -> Words {
        Words::new("text", "texts")
    }

    fn schema(_: &Bounds<NoBounds>) -> Value {
        json!({"type": "string"})
    }
}

impl FieldValue for PathBuf {
    type Scalar = NoBounds;

    fn from_node(node: &Node, path: &JsonPath, bounds: &Bounds<NoBounds>, problems: &mut Problems) -> Option<Self> {
        let text = String::from_node(node, path, bounds, problems)?;
        if text.is_empty() || text.contains('\0') {
            problems
                .error(&node.span, "this is not a path")
                .at(path)
                .expected("a path")
                .help("write a path that is not empty");
            return None;
        }
        Some(text.into())
    }

    fn as_json(&self) -> Value {
        self.to_string_lossy().into()
    }

    fn words() -> Words {
        Words::new("a path", "paths")
    }

    fn schema(_: &Bounds<NoBounds>) -> Value {
        json!({"type": "string", "minLength": 1})
    }
}

/// The digits of a number; anything else is reported.
fn number_text<'n, T: FieldValue>(
    node: &'n Node,
    path: &JsonPath,
    bounds: &Bounds<T::Scalar>,
    problems: &mut Problems,
) -> Option<&'n str> {
    if let JsonValue::Number(text) = &node.value {
        return Some(text);
    }
    let quoted = node.as_str().filter(|text| serde_json::from_str::<serde_json::Number>(text).is_ok());
    wrong_type(node, path, &T::words().one, problems)
        .expected(expectation::<T>(bounds))
        .maybe_help(quoted.map(|text| format!("write it without quotes: {}", clipped(text))));
    None
}

/// `broken` is the bound that the number breaks.
fn out_of_range<T: FieldValue>(
    node: &Node,
    path: &JsonPath,
    bounds: &Bounds<T::Scalar>,
    broken: &str,
    problems: &mut Problems,
) {
    let found = match &node.value {
        JsonValue::Number(text) => clipped(text),
        _ => node.describe(),
    };
    problems
        .error(&node.span, format!("must be {broken}, but is {found}"))
        .at(path)
        .expected(expectation::<T>(bounds))
        .label(format!("must be {broken}"));
}
