//! The configs of many runs as a table: what is the same in all of them, and what differs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

/// Keys that differ between any two runs and say nothing about how they were trained.
const LABELS: [&str; 3] = ["name", "description", "tags"];

/// The key that tells equal runs of one experiment apart.
const SEED: &str = "seed";

/// Numbers that span more than this factor are shown on a logarithmic axis.
const WIDE: f64 = 30.0;

/// The largest whole number that JavaScript can tell from its neighbors.
const EXACT: u64 = 1 << 53;

/// The table.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Parameters {
    /// What every run has, with its value.
    pub(crate) common: Vec<(String, Value)>,
    /// What differs.
    pub(crate) differing: Vec<Parameter>,
}

/// A key that differs between runs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parameter {
    /// The whole key, as in `hyperparams.lr`.
    pub(crate) key: String,
    /// Its shortest end that no other differing key has.
    pub(crate) short: String,
    /// Its values, each once: numbers by size, then everything else by its text.
    pub(crate) levels: Vec<Value>,
    /// Which of them each run has; nothing where a run lacks the key.
    pub(crate) level_of: Vec<Option<usize>>,
    /// Whether it is a choice of how to train, neither a seed nor a label.
    pub(crate) is_hyperparameter: bool,
}

impl Parameters {
    /// Reads the configs of all runs.
    pub(crate) fn of(configs: &[&Value]) -> Self {
        let flat: Vec<BTreeMap<String, &Value>> =
            configs.iter().map(|config| leaves(config).into_iter().collect()).collect();
        let mut keys: Vec<String> = Vec::new();
        let mut known = BTreeSet::new();
        for (key, _) in configs.iter().flat_map(|config| leaves(config)) {
            if known.insert(key.clone()) {
                keys.push(key);
            }
        }
        // What stands for a key of the optimizer is shown there.
        let own = |key: &str| key.strip_prefix("hyperparams.").map(|key| format!("hyperparams.optimizer.{key}"));
        keys.retain(|key| !own(key).is_some_and(|own| known.contains(&own)));
        let mut table = Self::default();
        for key in keys {
            let first = flat.first().and_then(|config| config.get(&key));
            if flat.iter().all(|config| config.get(&key) == first) {
                table.common.extend(first.map(|value| (key.clone(), (*value).clone())));
            } else {
                let values: Vec<Option<&Value>> = flat.iter().map(|config| config.get(&key).copied()).collect();
                table.differing.push(Parameter::new(key, &values));
            }
        }
        table.name_shortly();
        table
    }

    /// The choices in which the runs differ.
    pub(crate) fn hyperparameters(&self) -> impl Iterator<Item = (usize, &Parameter)> {
        self.differing.iter().enumerate().filter(|(_, parameter)| parameter.is_hyperparameter)
    }

    fn name_shortly(&mut self) {
        let keys: Vec<String> = self.differing.iter().map(|parameter| parameter.key.clone()).collect();
        for parameter in &mut self.differing {
            let own = named(&parameter.key);
            let parts = own.split('.').count();
            let is_unique = |count: &usize| {
                let end = tail(own, *count);
                keys.iter().filter(|key| tail(named(key), *count) == end).count() == 1
            };
            let count = (1..=parts).find(is_unique).unwrap_or(parts);
            parameter.short = tail(own, count);
        }
    }
}

impl Parameter {
    fn new(key: String, values: &[Option<&Value>]) -> Self {
        let mut known: BTreeMap<String, &Value> = BTreeMap::new();
        for value in values.iter().flatten() {
            known.insert(value.to_string(), value);
        }
        // By text already; numbers first and by size.
        let mut levels: Vec<(String, &Value)> = known.into_iter().collect();
        levels.sort_by(|(_, left), (_, right)| match (left.as_f64(), right.as_f64()) {
            (Some(left), Some(right)) => left.total_cmp(&right),
            (left, right) => right.is_some().cmp(&left.is_some()),
        });
        let places: BTreeMap<&str, usize> =
            levels.iter().enumerate().map(|(place, (text, _))| (text.as_str(), place)).collect();
        let level_of = values.iter().map(|value| places.get((*value)?.to_string().as_str()).copied()).collect();
        let is_hyperparameter = key != SEED && !LABELS.contains(&key.as_str());
        let levels = levels.iter().map(|(_, value)| (*value).clone()).collect();
        Self { short: key.clone(), key, levels, level_of, is_hyperparameter }
    }

    /// Whether all values are numbers, so that "more" means something.
    pub(crate) fn is_numeric(&self) -> bool {
        self.levels.iter().all(Value::is_number) && self.level_of.iter().all(Option::is_some)
    }

    /// Whether a logarithmic axis shows the values better.
    fn is_wide(&self) -> bool {
        let ends = [self.levels.first(), self.levels.last()].map(|level| level.and_then(Value::as_f64));
        self.is_numeric() && matches!(ends, [Some(low), Some(high)] if low > 0.0 && high / low >= WIDE)
    }

    /// What the page knows of it.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "key": self.key,
            "short": self.short,
            "numeric": self.is_numeric(),
            "log": self.is_wide(),
            "hyper": self.is_hyperparameter,
            "levels": self.levels.iter().map(exact).collect::<Vec<_>>(),
        })
    }
}

/// A value that JavaScript reads without rounding: whole numbers beyond 2^53 become texts.
pub(crate) fn exact(value: &Value) -> Value {
    match value {
        Value::Number(number) if number.as_u64().is_some_and(|number| number > EXACT) => number.to_string().into(),
        Value::Array(items) => items.iter().map(exact).collect(),
        Value::Object(members) => {
            members.iter().map(|(key, value)| (key.clone(), exact(value))).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

/// Every value of a config under its whole key; lists and empty objects are values.
pub(crate) fn leaves(config: &Value) -> Vec<(String, &Value)> {
    let mut all = Vec::new();
    collect(config, String::new(), &mut all);
    all
}

fn collect<'a>(value: &'a Value, key: String, all: &mut Vec<(String, &'a Value)>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, value) in members {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                collect(value, key, all);
            }
        }
        // A run without a config.
        Value::Null if key.is_empty() => {}
        value => all.push((key, value)),
    }
}

/// What the kind of something is, is what it is: `hyperparams.optimizer`.
fn named(key: &str) -> &str {
    key.strip_suffix(".kind").unwrap_or(key)
}

/// The last `count` parts of a key.
fn tail(key: &str, count: usize) -> String {
    let parts: Vec<&str> = key.split('.').collect();
    parts[parts.len().saturating_sub(count)..].join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_told_apart_from_what_does_not() {
        let configs = [
            json!({"name": "a", "seed": 0, "hyperparams": {"lr": 0.1, "momentum": null, "optimizer": {"momentum": 0.9, "kind": "sgd"}}}),
            json!({"name": "b", "seed": 0, "hyperparams": {"lr": 0.001, "momentum": 0.5, "optimizer": {"momentum": 0.5}}}),
            json!({"name": "c", "seed": 0, "hyperparams": {"lr": 0.01, "optimizer": {"momentum": 0.5}}, "model": {"lr": 1}}),
        ];
        let table = Parameters::of(&configs.iter().collect::<Vec<_>>());
        assert_eq!(table.common, [("seed".to_owned(), json!(0))]);
        let shorts: Vec<&str> = table.differing.iter().map(|parameter| parameter.short.as_str()).collect();
        assert_eq!(
            shorts,
            ["name", "hyperparams.lr", "momentum", "optimizer", "model.lr"],
            "the optimizer's momentum, once"
        );
        let lr = &table.differing[1];
        assert_eq!(lr.levels, [json!(0.001), json!(0.01), json!(0.1)]);
        assert_eq!(lr.level_of, [Some(2), Some(0), Some(1)]);
        assert!(lr.is_numeric() && lr.is_wide() && lr.is_hyperparameter);
        assert_eq!(table.differing[4].level_of, [None, None, Some(0)]);
        assert!(!table.differing[0].is_hyperparameter);
    }

    #[test]
    fn no_runs_and_runs_without_a_config_are_no_trouble() {
        assert_eq!(Parameters::of(&[]), Parameters::default());
        let table = Parameters::of(&[&Value::Null, &json!({"seed": u64::MAX})]);
        assert_eq!(table.differing[0].level_of, [None, Some(0)]);
        assert_eq!(table.differing[0].to_json()["levels"], json!(["18446744073709551615"]));
    }
}
