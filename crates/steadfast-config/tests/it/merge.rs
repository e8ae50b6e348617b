//! Merging follows RFC 7396, and every value keeps its place.

use proptest::prelude::*;
use serde_json::{Value, json};
use steadfast_config::{Node, Problems, Source, merge_patch, parse};

use super::json_values::{json_object, json_value};

fn node(name: &str, value: &Value) -> Node {
    parse(&Source::new(name, value.to_string()), &mut Problems::new()).unwrap()
}

fn merged(target: &Value, patch: &Value) -> Value {
    merge_patch(node("target", target), node("patch", patch)).to_json()
}

/// The pseudo code of section 2 of the RFC.
fn by_the_book(target: Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else { return patch.clone() };
    let mut target = match target {
        Value::Object(target) => target,
        _ => serde_json::Map::new(),
    };
    for (name, value) in patch {
        if value.is_null() {
            target.shift_remove(name);
        } else {
            let old = target.get(name).cloned().unwrap_or(Value::Null);
            target.insert(name.clone(), by_the_book(old, value));
        }
    }
    target.into()
}

#[test]
fn the_examples_of_the_rfc() {
    for (target, patch, result) in [
        (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
        (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
        (json!({"a": "b"}), json!({"a": null}), json!({})),
        (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
        (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
        (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
        (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
        (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
        (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
        (json!({"a": "b"}), json!(["c"]), json!(["c"])),
        (json!({"a": "foo"}), json!(null), json!(null)),
        (json!({"a": "foo"}), json!("bar"), json!("bar")),
        (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
        (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
        (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
    ] {
        assert_eq!(merged(&target, &patch), result, "{target} patched with {patch}");
    }
}

#[test]
fn values_keep_the_places_they_came_from() {
    let target = node("target", &json!({"kept": 1, "changed": 2, "inner": {"kept": 3, "changed": 4}}));
    let patch = node("patch", &json!({"changed": 5, "inner": {"changed": 6}}));
    let merged = merge_patch(target, patch);
    let from = |node: &Node| node.span.source().name().to_owned();
    assert_eq!(from(&merged), "patch");
    assert_eq!(from(merged.get("kept").unwrap()), "target");
    assert_eq!(from(merged.get("changed").unwrap()), "patch");
    let inner = merged.get("inner").unwrap();
    assert_eq!(from(inner.get("kept").unwrap()), "target");
    assert_eq!(from(inner.get("changed").unwrap()), "patch");
    assert_eq!(inner.member("changed").unwrap().key_span.source().name(), "patch");
}

proptest! {
    #[test]
    fn merging_is_that_of_the_rfc(target in json_value(), patch in json_value()) {
        let (ours, theirs) = (merged(&target, &patch), by_the_book(target, &patch));
        // The same text: the same keys in the same order.
        prop_assert_eq!(ours.to_string(), theirs.to_string());
    }

    #[test]
    fn merging_twice_changes_nothing_more(target in json_object(), patch in json_object()) {
        let once = merged(&target, &patch);
        prop_assert_eq!(merged(&once, &patch), once);
    }

    #[test]
    fn an_empty_patch_changes_nothing(target in json_object()) {
        prop_assert_eq!(merged(&target, &json!({})), target);
    }

    #[test]
    fn every_scalar_of_the_result_stands_in_one_of_the_texts(target in json_object(), patch in json_object()) {
        let result = merge_patch(node("target", &target), node("patch", &patch));
        let mut open = vec![&result];
        while let Some(node) = open.pop() {
            open.extend(node.members().iter().map(|member| &member.value));
            if node.members().is_empty() && !matches!(node.value, steadfast_config::Value::Object(_)) {
                let reread: Value = serde_json::from_str(node.span.text()).unwrap();
                prop_assert_eq!(reread, node.to_json());
            }
        }
    }
}
