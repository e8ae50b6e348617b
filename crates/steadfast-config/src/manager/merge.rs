//! JSON Merge Patch (RFC 7396) on trees: every value of the result keeps the place it came from.

use std::collections::BTreeMap;

use crate::node::{Member, Node, Value};

/// Merges `patch` into `target`.
///
/// Objects are merged key by key, `null` takes a key away, everything else replaces what was there.
/// Kept keys keep their order; new ones follow in the order of the patch.
pub fn merge_patch(target: Node, patch: Node) -> Node {
    let Value::Object(changes) = patch.value else { return patch };
    let kept = match target.value {
        Value::Object(members) => members,
        _ => Vec::new(),
    };
    let mut places: BTreeMap<String, usize> =
        kept.iter().enumerate().map(|(place, member)| (member.key.clone(), place)).collect();
    let mut members: Vec<Option<Member>> = kept.into_iter().map(Some).collect();
    for change in changes {
        let place = places.get(&change.key).copied();
        if matches!(change.value.value, Value::Null) {
            if let Some(place) = place {
                members[place] = None;
                places.remove(&change.key);
            }
            continue;
        }
        let old = place.and_then(|place| members[place].take());
        let merged = merge_member(old, change);
        if let Some(place) = place {
            members[place] = Some(merged);
        } else {
            places.insert(merged.key.clone(), members.len());
            members.push(Some(merged));
        }
    }
    Node { value: Value::Object(members.into_iter().flatten().collect()), span: patch.span }
}

/// An object that replaces nothing is merged all the same: the `null`s inside it take nothing away, but go.
fn merge_member(old: Option<Member>, change: Member) -> Member {
    let Member { key, key_span, value } = change;
    let old = old.map_or_else(|| Node { value: Value::Null, span: value.span.clone() }, |member| member.value);
    Member { key, key_span, value: merge_patch(old, value) }
}
