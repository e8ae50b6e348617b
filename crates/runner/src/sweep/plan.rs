//! `sweep.json`: what a sweep consists of, written before its first run.

use serde_json::{Map, Value, json};
use steadfast_config::Section as _;
use steadfast_state::{StateError, SweepDocument, SweepFolder};

use super::load::Sweep;

/// Keys of a sweep file that do not say which runs there are.
const WORDS: [&str; 2] = ["name", "description"];

/// Writes the plan, and says what has changed since the last start: such a change is allowed, since every run is found by
/// what it consists of, but nobody shall wonder.
pub(super) fn freeze(folder: &SweepFolder, sweep: &Sweep<'_>, runs: &[String]) -> Result<Option<String>, StateError> {
    let spec = spec(sweep);
    let before: Value =
        folder.read(SweepDocument::Plan)?.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    let plan = json!({
        "name": sweep.config.name.as_str(),
        "description": sweep.config.description,
        "metric": sweep.metric,
        "spec": spec,
        "runs": runs,
    });
    folder.write(SweepDocument::Plan, format!("{plan:#}\n").as_bytes())?;
    Ok(changes(&before["spec"], &plan["spec"]))
}

/// Everything that decides which runs there are. A base counts by its content.
fn spec(sweep: &Sweep<'_>) -> Value {
    let mut spec = Map::new();
    if let Value::Object(members) = sweep.config.to_json() {
        spec.extend(members.into_iter().filter(|(key, _)| !WORDS.contains(&key.as_str())));
    }
    spec.insert("base".to_owned(), json!({"sha256": sweep.base_sha256}));
    spec.into()
}

/// The keys that differ, in words.
fn changes(before: &Value, now: &Value) -> Option<String> {
    let (before, now) = (before.as_object()?, now.as_object()?);
    let differing: Vec<&str> =
        now.iter().filter(|(key, value)| before.get(*key) != Some(value)).map(|(key, _)| key.as_str()).collect();
    if differing.is_empty() {
        return None;
    }
    Some(format!("changed since the last start: {}; runs that no longer belong to it stay", differing.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_told_by_its_keys() {
        let before = json!({"n": 20, "seeds": [0], "base": {"sha256": "a"}});
        assert_eq!(changes(&before, &before), None);
        assert_eq!(changes(&Value::Null, &before), None, "the first start");
        let told = changes(&before, &json!({"n": 30, "seeds": [0], "base": {"sha256": "b"}})).unwrap();
        assert!(told.starts_with("changed since the last start: n, base;"), "{told}");
    }
}
