//! JSON text that depends on the value alone, not on the order in which it was put together.

use std::collections::BTreeMap;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;

use crate::error::EncodeError;

/// Levels of nesting that every JSON reader follows; `serde_json` gives up at 128.
const DEPTH_LIMIT: usize = 100;

/// Compact JSON with the keys of every object sorted by their bytes.
///
/// Whether `serde_json` keeps the order of insertion is a feature that any crate of the build may turn on,
/// so the order is fixed here rather than left to the map.
pub(super) fn to_canonical_json(value: &Value) -> Result<String, EncodeError> {
    if depth_exceeds(value, DEPTH_LIMIT) {
        return Err(EncodeError::TooDeep { limit: DEPTH_LIMIT });
    }
    Ok(serde_json::to_string(&Canonical(value))?)
}

/// Whether the value has more than `levels` containers inside each other.
fn depth_exceeds(value: &Value, levels: usize) -> bool {
    let inside = |child: &Value| levels == 0 || depth_exceeds(child, levels - 1);
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(inside),
        Value::Object(members) => levels == 0 || members.values().any(inside),
        _ => false,
    }
}

struct Canonical<'a>(&'a Value);

impl Serialize for Canonical<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Array(items) => {
                let mut sequence = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    sequence.serialize_element(&Self(item))?;
                }
                sequence.end()
            }
            Value::Object(members) => {
                let sorted: BTreeMap<&String, &Value> = members.iter().collect();
                let mut map = serializer.serialize_map(Some(sorted.len()))?;
                for (key, member) in sorted {
                    map.serialize_entry(key, &Self(member))?;
                }
                map.end()
            }
            scalar => scalar.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{DEPTH_LIMIT, to_canonical_json};

    #[test]
    fn keys_are_sorted_at_every_level() {
        let value = json!({"b": [{"z": 1, "a": -0.0}], "a": {"é": null, "e": 0.1}});
        let text = to_canonical_json(&value).unwrap();
        assert_eq!(text, r#"{"a":{"e":0.1,"é":null},"b":[{"a":-0.0,"z":1}]}"#);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn what_could_not_be_read_back_is_not_written() {
        let nested = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
        assert!(to_canonical_json(&nested(DEPTH_LIMIT)).is_ok());
        assert!(to_canonical_json(&nested(DEPTH_LIMIT + 1)).is_err());
    }
}
