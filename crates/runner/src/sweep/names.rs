//! What a run of a sweep is called: what is particular to it, and a fingerprint of the rest.

use serde_json::Value;
use steadfast_config::{RunName, config_json_bytes, sha256_hex, trajectory_view};
use steadfast_sweep::Point;

/// Most characters of a name; the rule is that of every run.
const MOST: usize = 64;

/// Characters of the fingerprint.
const FINGERPRINT: usize = 8;

/// Digits of a number in a name; the fingerprint tells apart what they do not.
const DIGITS: usize = 3;

/// The keys that a sweep varies, each with the shortest end of it that no other has.
#[derive(Debug, Clone, Default)]
pub(super) struct Labels(Vec<(String, String)>);

impl Labels {
    pub(super) fn new<'a>(keys: impl Iterator<Item = &'a str>) -> Self {
        let mut known: Vec<&str> = Vec::new();
        for key in keys {
            if !known.contains(&key) {
                known.push(key);
            }
        }
        let label = |key: &str| {
            let ends = key.rmatch_indices('.').map(|(at, _)| &key[at + 1..]).chain([key]);
            let is_own = |end: &&str| {
                !known.iter().any(|other| *other != key && (other == end || other.ends_with(&format!(".{end}"))))
            };
            ends.into_iter().find(is_own).unwrap_or(key).to_owned()
        };
        Self(known.iter().map(|key| ((*key).to_owned(), label(key))).collect())
    }

    /// The short name of a key.
    pub(super) fn of<'a>(&'a self, key: &'a str) -> &'a str {
        self.0.iter().find(|(own, _)| own == key).map_or(key, |(_, label)| label)
    }

    /// Every key with its short name, in the order of the file.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, label)| (key.as_str(), label.as_str()))
    }
}

/// The name of a run; nothing if it would be none, which no readable part can cause.
pub(super) fn run_name(labels: &Labels, point: &Point, seed: Option<u64>, resolved: &Value) -> Option<RunName> {
    let settings = point.settings().iter().map(|(key, value)| format!("{}-{}", labels.of(key), in_words(value)));
    let seed = seed.map(|seed| format!("seed-{seed}"));
    let readable = settings.chain(seed).collect::<Vec<_>>().join("_");
    let readable: String = readable.chars().map(|c| if is_plain(c) { c } else { '-' }).collect();
    let readable = readable.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    let room = MOST - FINGERPRINT - 1;
    let readable = readable[..readable.len().min(room)].trim_end_matches(['-', '_', '.']);
    let readable = if readable.is_empty() { "base" } else { readable };
    let name = format!("{readable}@{}", fingerprint(resolved));
    // A readable part such as `con` alone would be a device on Windows.
    name.parse().or_else(|_| format!("run-{}", &name[name.len().saturating_sub(60)..]).parse()).ok()
}

/// The beginning of the hash of everything that decides the numbers of a run.
fn fingerprint(resolved: &Value) -> String {
    let mut hash = sha256_hex(&config_json_bytes(&trajectory_view(resolved)));
    hash.truncate(FINGERPRINT);
    hash
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

/// A value in as few characters as say what it is.
fn in_words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_f64() => short(number.as_f64().unwrap_or_default()),
        Value::Array(items) => items.iter().map(in_words).collect::<Vec<_>>().join("x"),
        Value::Object(members) => match members.get("kind") {
            Some(Value::String(kind)) => kind.clone(),
            _ => members.values().map(in_words).collect::<Vec<_>>().join("-"),
        },
        value => value.to_string(),
    }
}

/// A number with few digits: as it is written if that is short.
fn short(number: f64) -> String {
    let whole = number.to_string();
    let few: f64 = format!("{number:.*e}", DIGITS - 1).parse().unwrap_or(number);
    let few = if few != 0.0 && few.abs() < 1e-4 { format!("{few:e}") } else { few.to_string() };
    if whole.len() <= few.len().max(DIGITS + 2) { whole } else { few }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn name(point: &Point, seed: Option<u64>) -> String {
        let labels = Labels::new(point.settings().iter().map(|(key, _)| key.as_str()));
        let name = run_name(&labels, point, seed, &json!({"seed": 1})).unwrap().to_string();
        name.split('@').next().unwrap().to_owned()
    }

    #[test]
    fn names_say_what_is_particular() {
        let point = Point::new().with("hyperparams.lr", 0.01).with("model.hidden", json!([64, 32]));
        assert_eq!(name(&point, Some(2)), "lr-0.01_hidden-64x32_seed-2");
        let point = Point::new()
            .with("hyperparams.optimizer", json!({"kind": "sgd", "momentum": 0.9}))
            .with("hyperparams.lr", 0.002_813_47)
            .with("a/b", "../x y");
        assert_eq!(name(&point, None), "optimizer-sgd_lr-0.00281_a-b-..-x-y");
        assert_eq!(name(&Point::new(), None), "base");
        assert_eq!(name(&Point::new().with("lr", 3.14159e-6), None), "lr-3.14e-6");
    }

    #[test]
    fn whatever_the_values_are_the_name_is_one() {
        let long = Point::new().with("model.architecture.of.a.kind", "x".repeat(200));
        let odd = Point::new().with("con", "é\u{1b}[2J").with("b", json!([[], {}, null]));
        for point in [long, odd] {
            let labels = Labels::default();
            let name = run_name(&labels, &point, Some(u64::MAX), &json!({})).unwrap();
            assert!(name.as_str().len() <= 64 && name.as_str().contains('@'), "{name}");
            assert!(!name.as_str().contains("_@") && !name.as_str().contains("-@"), "{name}");
        }
    }

    #[test]
    fn labels_are_as_short_as_they_can_be() {
        let labels =
            Labels::new(["hyperparams.optimizer.kind", "hyperparams.scheduler.kind", "hyperparams.lr"].into_iter());
        let short: Vec<&str> = labels.all().map(|(_, label)| label).collect();
        assert_eq!(short, ["optimizer.kind", "scheduler.kind", "lr"]);
    }
}
