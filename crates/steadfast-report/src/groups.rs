//! Runs that differ in nothing but their seed.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::parameters::Parameters;

/// Which group each run is in, and what each is called. A run that is like no other is a group of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Groups {
    pub(crate) labels: Vec<String>,
    pub(crate) of: Vec<usize>,
}

impl Groups {
    /// Groups runs by every parameter but seed, name, description and tags.
    pub(crate) fn of(names: &[&str], parameters: &Parameters) -> Self {
        let mut numbers: BTreeMap<Vec<Option<usize>>, usize> = BTreeMap::new();
        let mut members: Vec<Vec<usize>> = Vec::new();
        let mut of = Vec::with_capacity(names.len());
        for run in 0..names.len() {
            let choices = parameters.hyperparameters().map(|(_, parameter)| parameter.level_of[run]).collect();
            let number = *numbers.entry(choices).or_insert_with(|| {
                members.push(Vec::new());
                members.len() - 1
            });
            members[number].push(run);
            of.push(number);
        }
        let labels = members.iter().map(|runs| label(runs, names, parameters)).collect();
        Self { labels, of }
    }
}

/// The name of the only run; of several, what their names begin with, or else the choices that they share.
fn label(runs: &[usize], names: &[&str], parameters: &Parameters) -> String {
    let [first, rest @ ..] = runs else { return String::new() };
    if rest.is_empty() {
        return names[*first].to_owned();
    }
    let shared = rest.iter().fold(names[*first], |shared, run| common_start(shared, names[*run]));
    // What stands behind an `@` tells runs of a sweep apart.
    let stem = shared.rsplit_once('@').map_or_else(
        || shared.trim_end_matches(|letter: char| letter.is_ascii_digit() || "-_.=/ ".contains(letter)),
        |(stem, _)| stem,
    );
    let stem = stem.strip_suffix("seed").or_else(|| stem.strip_suffix("s")).map_or(stem, |cut| {
        // `digits-s0` and `digits-seed-0`, but not `losses-0`.
        if cut.ends_with(['-', '_', '.', '/']) { cut.trim_end_matches(['-', '_', '.', '/']) } else { stem }
    });
    if !stem.is_empty() {
        return stem.to_owned();
    }
    let choice = |(_, parameter): (usize, &crate::parameters::Parameter)| {
        let value = parameter.levels.get(parameter.level_of[*first]?)?;
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Some(format!("{} {value}", parameter.short))
    };
    let choices: Vec<String> = parameters.hyperparameters().filter_map(choice).collect();
    if choices.is_empty() { "all runs".to_owned() } else { choices.join(", ") }
}

fn common_start<'a>(left: &'a str, right: &str) -> &'a str {
    let same = left.char_indices().zip(right.chars()).find(|((_, left), right)| left != right);
    let end = same.map_or_else(|| left.len().min(right.len()), |((at, _), _)| at);
    left.get(..end).unwrap_or(left)
}

/// The parameter values of one run as positions among the levels, -1 where it lacks the key.
pub(crate) fn choices_json(parameters: &Parameters, run: usize) -> Value {
    let place = |level: Option<usize>| level.map_or(Value::from(-1), Value::from);
    parameters.differing.iter().map(|parameter| place(parameter.level_of[run])).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn groups(runs: &[(&str, u64, f64)]) -> Groups {
        let configs: Vec<Value> = runs
            .iter()
            .map(|(name, seed, lr)| json!({"name": name, "seed": seed, "hyperparams": {"lr": lr}}))
            .collect();
        let names: Vec<&str> = runs.iter().map(|(name, ..)| *name).collect();
        Groups::of(&names, &Parameters::of(&configs.iter().collect::<Vec<_>>()))
    }

    #[test]
    fn seeds_make_a_group_and_choices_make_another() {
        let found =
            groups(&[("a-s0", 0, 0.1), ("a-s1", 1, 0.1), ("b-seed0", 0, 0.2), ("b-seed1", 1, 0.2), ("c", 0, 0.3)]);
        assert_eq!(found.of, [0, 0, 1, 1, 2]);
        assert_eq!(found.labels, ["a", "b", "c"]);
    }

    #[test]
    fn names_without_a_common_start_are_called_after_their_choices() {
        assert_eq!(groups(&[("x", 0, 0.1), ("y", 1, 0.1), ("z", 0, 0.2)]).labels, ["lr 0.1", "z"]);
        assert_eq!(groups(&[("x", 0, 0.1), ("y", 1, 0.1)]).labels, ["all runs"]);
        assert_eq!(groups(&[("losses-0", 0, 0.1), ("losses-1", 1, 0.1)]).labels, ["losses"]);
        assert_eq!(groups(&[("sweep/lr=0.1@a1", 0, 0.1), ("sweep/lr=0.1@b2", 1, 0.1)]).labels, ["sweep/lr=0.1"]);
        assert_eq!(groups(&[("é1", 0, 0.1), ("ë2", 1, 0.1)]).labels, ["all runs"]);
    }
}
