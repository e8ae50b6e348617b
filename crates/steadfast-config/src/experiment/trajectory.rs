//! What in a config decides the numbers of a run: the part that must not change when it is resumed.

use serde_json::{Map, Value};

use super::config::ExperimentConfig;
use crate::path::JsonPath;
use crate::section::{Field, Role, Section as _};

/// A value that differs between two resolved configs.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Where it is.
    pub path: JsonPath,
    /// What it was; `None` where the key did not exist.
    pub before: Option<Value>,
    /// What it is now; `None` where the key does not exist.
    pub after: Option<Value>,
    /// What the change means for a run that has begun.
    pub role: Role,
}

/// A resolved config without its [`Role::Policy`] fields.
///
/// Everything inside `model`, `data`, `optimizer` and `scheduler` stays.
pub fn trajectory_view(resolved: &Value) -> Value {
    without_policy(resolved, &ExperimentConfig::fields())
}

/// What differs between two resolved configs, or two of their [`trajectory_view`]s, in the order of the fields.
pub fn diff(before: &Value, after: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    let table = ExperimentConfig::fields();
    compare(&JsonPath::root(), (Some(before), Some(after)), Role::Trajectory, &table, &mut changes);
    changes
}

fn without_policy(value: &Value, fields: &[Field]) -> Value {
    let Value::Object(members) = value else { return value.clone() };
    let mut kept = Map::new();
    for (key, value) in members {
        match fields.iter().find(|field| field.name == key) {
            Some(field) if is_section(field, value) => {
                kept.insert(key.clone(), without_policy(value, &field.fields));
            }
            Some(field) if field.role == Role::Policy => {}
            _ => {
                kept.insert(key.clone(), value.clone());
            }
        }
    }
    // A section with nothing left says nothing about the trajectory.
    kept.retain(|key, value| {
        let was_empty = members[key].as_object().is_some_and(Map::is_empty);
        was_empty || value.as_object().is_none_or(|object| !object.is_empty())
    });
    kept.into()
}

/// Whether the roles of the fields inside decide, and not the role of the field itself.
fn is_section(field: &Field, value: &Value) -> bool {
    !field.fields.is_empty() && value.is_object()
}

fn compare(
    path: &JsonPath,
    (before, after): (Option<&Value>, Option<&Value>),
    role: Role,
    fields: &[Field],
    changes: &mut Vec<Change>,
) {
    if before == after {
        return;
    }
    let (Some(Value::Object(left)), Some(Value::Object(right))) = (before, after) else {
        let (before, after) = (before.cloned(), after.cloned());
        changes.push(Change { path: path.clone(), before, after, role });
        return;
    };
    let added = right.keys().filter(|key| !left.contains_key(*key));
    for key in left.keys().chain(added) {
        let field = fields.iter().find(|field| field.name == key);
        let role = field.map_or(role, |field| field.role);
        let inner = field.map_or(&[][..], |field| &field.fields);
        compare(&path.key(key), (left.get(key), right.get(key)), role, inner, changes);
    }
}
