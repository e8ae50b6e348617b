//! What a sweep file can hold.

use serde_json::{Value, json};
use steadfast_config::{
    Bounds, Component, Field, FieldValue, JsonPath, Located, Mode, NoBounds, Node, Problems, RunName, Section, Words,
    section,
};
use steadfast_sweep::Distribution;

use super::keyed::{Any, Keyed};

section! {
    /// A sweep: one config that is run with many values.
    pub(crate) struct SweepConfig {
        /// Name of the sweep and of the folder of its runs.
        policy name: Located<RunName>;
        /// What it is about, for people.
        policy description: String = String::new();
        /// What every run begins with: the path of a config, relative to this file, or a config itself.
        trajectory base: Any;
        /// Every combination of these values; the last key changes fastest.
        trajectory grid: Keyed<Vec<Any>> = Keyed::none();
        /// Values that go together: the first of each key, then the second of each, and so on.
        trajectory zip: Keyed<Vec<Any>> = Keyed::none();
        /// Points as they are; with `grid` and `zip`, every combination with those.
        trajectory list: Vec<Keyed<Any>> = Vec::new();
        /// What values are drawn from, `n` times: `{"uniform": [0, 1]}`, `{"log_uniform": [1e-4, 1]}`,
        /// `{"int": [1, 8]}`, `{"log_int": [8, 512]}`, `{"choice": [...]}` or just a list.
        trajectory space: Keyed<Drawn> = Keyed::none();
        /// How `space` is searched: `random`, `sobol` or `tpe`.
        trajectory search: Component = Component::named("random");
        /// How many points are drawn from `space`, in all.
        horizon n: Option<u64> = None, 1..=10_000;
        /// Points that are left out: whatever agrees with one of these in all of its keys.
        trajectory exclude: Vec<Keyed<Any>> = Vec::new();
        /// Each point is run once with each of these seeds.
        trajectory seeds: Vec<u64> = Vec::new();
        /// Which trials are stopped before their end: `halving` or `median`.
        trajectory prune: Option<Component> = None;
        /// The metric that decides; that of the base's `checkpoint.monitor` by default.
        trajectory metric: Option<Located<String>> = None;
        /// Whether less or more of it is better; as in the base's `checkpoint.mode` by default.
        trajectory mode: Option<Mode> = None;
    }
}

section! {
    /// Points drawn blindly.
    pub(crate) struct RandomConfig {
        /// Another seed draws other points.
        trajectory seed: u64 = 0;
    }
}

section! {
    /// A scrambled Sobol sequence: any beginning of it covers the space evenly.
    pub(crate) struct SobolConfig {
        /// Another seed draws other points.
        trajectory seed: u64 = 0;
    }
}

section! {
    /// The tree-structured Parzen estimator: points near good ones and far from bad ones.
    pub(crate) struct TpeConfig {
        /// Another seed draws other points.
        trajectory seed: u64 = 0;
        /// Points of a Sobol sequence that come first.
        trajectory startup: usize = 10, 2..=10_000;
        /// Candidates among which each later point is chosen.
        trajectory candidates: usize = 24, 1..=10_000;
    }
}

section! {
    /// All trials are stopped at the first rung; the best go on from their checkpoints to the next one.
    pub(crate) struct HalvingConfig {
        /// Epochs at the first rung.
        trajectory first: u64 = 1, 1..;
        /// One in so many goes on, to so many times the epochs.
        trajectory factor: u64 = 3, 2..;
    }
}

section! {
    /// A trial is stopped where its best value is worse than the median of those before it.
    pub(crate) struct MedianConfig {
        /// Trials that are left alone before anything is compared.
        trajectory warmup_trials: usize = 5, 1..=10_000;
        /// Epochs that every trial gets.
        trajectory warmup_epochs: u64 = 1, 1..;
        /// Epochs from one decision to the next.
        trajectory every: u64 = 1, 1..;
    }
}

section! {
    /// What is drawn for one key: exactly one of these.
    pub(crate) struct Range {
        /// Numbers from the first to the second.
        trajectory uniform: Option<Vec<f64>> = None;
        /// Positive numbers, equally likely by their logarithm.
        trajectory log_uniform: Option<Vec<f64>> = None;
        /// Whole numbers from the first to the second, both included.
        trajectory int: Option<Vec<i64>> = None;
        /// Positive whole numbers, equally likely by their logarithm.
        trajectory log_int: Option<Vec<i64>> = None;
        /// One of these.
        trajectory choice: Option<Vec<Any>> = None;
    }
}

/// A way to search or to prune: its name, what it is in one line, its parameters.
pub(crate) type Way = (&'static str, fn() -> String, fn() -> Vec<Field>);

/// What `search` can name.
pub(crate) const SEARCHES: [Way; 3] = [
    ("random", RandomConfig::summary, RandomConfig::fields),
    ("sobol", SobolConfig::summary, SobolConfig::fields),
    ("tpe", TpeConfig::summary, TpeConfig::fields),
];

/// What `prune` can name.
pub(crate) const PRUNERS: [Way; 2] = [
    ("halving", HalvingConfig::summary, HalvingConfig::fields),
    ("median", MedianConfig::summary, MedianConfig::fields),
];

/// What is drawn for one key, as it was written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Drawn {
    pub(super) distribution: Distribution,
    written: Value,
}

impl FieldValue for Drawn {
    type Scalar = NoBounds;

    fn from_node(node: &Node, path: &JsonPath, _: &Bounds<NoBounds>, problems: &mut Problems) -> Option<Self> {
        let written = node.to_json();
        if let Value::Array(values) = &written {
            let distribution = choice(values.clone(), node, path, problems)?;
            return Some(Self { distribution, written });
        }
        let errors = problems.error_count();
        let range = Range::read(node, path, problems)?;
        if problems.error_count() > errors {
            return None;
        }
        Some(Self { distribution: distribution(&range, node, path, problems)?, written })
    }

    fn as_json(&self) -> Value {
        self.written.clone()
    }

    fn words() -> Words {
        let one = "a list, or an object with one of `uniform`, `log_uniform`, `int`, `log_int`, `choice`";
        Words::new(one, "lists or ranges")
    }

    fn schema(_: &Bounds<NoBounds>) -> Value {
        let object = steadfast_config::object_schema(&Range::fields());
        json!({"anyOf": [{"type": "array", "minItems": 1}, object]})
    }
}

fn distribution(range: &Range, node: &Node, path: &JsonPath, problems: &mut Problems) -> Option<Distribution> {
    let found = [
        range.uniform.as_ref().map(|ends| (&ends[..], false)),
        range.log_uniform.as_ref().map(|ends| (&ends[..], true)),
    ];
    let whole =
        [range.int.as_ref().map(|ends| (&ends[..], false)), range.log_int.as_ref().map(|ends| (&ends[..], true))];
    match (node.members(), &range.choice) {
        ([_], Some(values)) => choice(values.iter().map(|value| value.0.to_json()).collect(), node, path, problems),
        ([_], None) => {
            if let Some((ends, is_log)) = found.into_iter().flatten().next() {
                let (min, max) = ends_of(ends, is_log.then_some(0.0), node, path, problems)?;
                return Some(if is_log {
                    Distribution::LogUniform { min, max }
                } else {
                    Distribution::Uniform { min, max }
                });
            }
            let (ends, is_log) = whole.into_iter().flatten().next()?;
            let (min, max) = ends_of(ends, is_log.then_some(0), node, path, problems)?;
            Some(if is_log { Distribution::LogInt { min, max } } else { Distribution::Int { min, max } })
        }
        _ => {
            problems
                .error(&node.span.head(), "exactly one kind of range is needed here")
                .at(path)
                .expected(Drawn::words().one)
                .help("as in `{\"log_uniform\": [1e-4, 1e-1]}`");
            None
        }
    }
}

fn choice(values: Vec<Value>, node: &Node, path: &JsonPath, problems: &mut Problems) -> Option<Distribution> {
    if values.is_empty() {
        problems.error(&node.span, "there is nothing to choose from").at(path).help("list at least one value");
        return None;
    }
    Some(Distribution::Choice(values))
}

/// Two numbers, the first less than the second, and above a limit where there is one.
fn ends_of<T: PartialOrd + Copy + std::fmt::Display>(
    ends: &[T],
    above: Option<T>,
    node: &Node,
    path: &JsonPath,
    problems: &mut Problems,
) -> Option<(T, T)> {
    let mut complain = |message: String| {
        problems.error(&node.span, message).at(path).help("give the least and the largest value: `[0.1, 10]`");
        None
    };
    match ends {
        [min, max] if min >= max => complain(format!("the least value, {min}, must be less than the largest, {max}")),
        [min, _] if above.is_some_and(|above| *min <= above) => {
            complain(format!("on a logarithmic range everything is more than 0, but the least value is {min}"))
        }
        [min, max] => Some((*min, *max)),
        other => complain(format!("a range has two ends, but here are {}", other.len())),
    }
}
