//! Random JSON, as values and as texts written in many ways.

use proptest::prelude::*;
use serde_json::{Number, Value};

/// Any JSON value of moderate size.
pub(crate) fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter_map("finite", |float| Number::from_f64(float).map(Value::from)),
        key().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            object_of(inner).prop_map(Value::from),
        ]
    })
}

/// Any JSON object of moderate size, with few different keys.
pub(crate) fn json_object() -> impl Strategy<Value = Value> {
    object_of(json_value()).prop_map(Value::from)
}

/// JSON as somebody might have typed it: white space anywhere, escapes where none are needed.
pub(crate) fn json_text() -> impl Strategy<Value = String> {
    (json_value(), prop::sample::select(vec!["", " ", "\n", "\t \r\n"]), any::<bool>())
        .prop_map(|(value, blank, escaped)| write(&value, blank, escaped))
}

fn key() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c", "lr", "é", "\u{1b}", "a.b"]).prop_map(str::to_owned)
}

fn object_of(value: impl Strategy<Value = Value>) -> impl Strategy<Value = serde_json::Map<String, Value>> {
    prop::collection::vec((key(), value), 0..5).prop_map(|members| members.into_iter().collect())
}

fn write(value: &Value, blank: &str, escaped: bool) -> String {
    let text = match value {
        Value::String(text) if escaped => {
            let units: Vec<_> = text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
            format!("\"{}\"", units.concat())
        }
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| write(item, blank, escaped)).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(members) => {
            let members: Vec<_> = members
                .iter()
                .map(|(key, value)| {
                    let key = write(&Value::from(key.as_str()), blank, escaped);
                    format!("{key}:{}", write(value, blank, escaped))
                })
                .collect();
            format!("{{{}}}", members.join(","))
        }
        other => other.to_string(),
    };
    format!("{blank}{text}{blank}")
}
