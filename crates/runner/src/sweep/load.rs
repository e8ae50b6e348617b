//! From the command line to sweeps: every file read, every run made once and checked, before anything starts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use steadfast_config::{
    ConfigManager, ConfigTree, JsonPath, MAX_EXPERIMENTS, Mode, Node, Problem, Problems, Section as _,
    config_json_bytes, sha256_hex, suggest,
};
use steadfast_experiment::ExperimentFactory;
use steadfast_sweep::{Goal, Point, SOBOL_DIMENSIONS, Sampler, Stopping, Study, is_excluded, product, product_size};

use super::expand::{Expanded, Expander, keys};
use super::file::SweepConfig;
use super::keyed::{Any, Keyed};
use super::search;
use crate::args::split_targets;

/// After how many errors the rest of a sweep is not looked at: they would be the same ones.
const ERRORS: usize = 200;

/// The key of a sweep file that overrides of the base begin with.
const BASE: &str = "base.";

/// One sweep, read and checked.
pub(super) struct Sweep<'a> {
    pub(super) config: SweepConfig,
    pub(super) expander: Expander<'a>,
    pub(super) study: Study,
    pub(super) metric: String,
    /// The seed of each run of a point; `None` is that of the base.
    pub(super) seeds: Vec<Option<u64>>,
    /// SHA-256 of the base as it was merged.
    pub(super) base_sha256: String,
}

/// What all runs of a sweep have in common, learnt from the first of them.
struct Common {
    metric: String,
    goal: Goal,
    epochs: u64,
}

/// Reads every sweep that the command line names.
pub(super) fn load<'a>(factory: &'a ExperimentFactory, targets: &[String], problems: &mut Problems) -> Vec<Sweep<'a>> {
    let (paths, overrides) = split_targets(targets);
    let (of_base, of_sweep): (Vec<String>, Vec<String>) =
        overrides.into_iter().partition(|text| text.starts_with(BASE));
    let of_base: Vec<String> = of_base.iter().filter_map(|text| text.strip_prefix(BASE)).map(str::to_owned).collect();
    let trees = ConfigManager::trees(&paths, &of_sweep, problems);
    let sweeps: Vec<Sweep<'a>> = trees.iter().filter_map(|tree| read(factory, tree, &of_base, problems)).collect();
    let mut seen = BTreeSet::new();
    for sweep in &sweeps {
        let name = &sweep.config.name;
        if !seen.insert(name.folded()) {
            let message = format!("the name `{name}` is used by two sweeps");
            problems.error(&name.span, message).at(&name.path).help("give each a name of its own; case does not count");
        }
    }
    sweeps
}

fn read<'a>(
    factory: &'a ExperimentFactory,
    tree: &ConfigTree,
    of_base: &[String],
    problems: &mut Problems,
) -> Option<Sweep<'a>> {
    if tree.root.get("base").is_none() && tree.root.get("model_type").is_some() {
        problems
            .error(&tree.root.span.head(), "this is the config of one experiment, not a sweep")
            .help("run it with `runner run`, or name it as the `base` of a sweep file");
        return None;
    }
    let errors = problems.error_count();
    let config = SweepConfig::read(&tree.root, &JsonPath::root(), problems)?;
    let mut base = ConfigManager::base(&config.base.0, &tree.file, problems)?;
    ConfigManager::change(&mut base, of_base, problems);
    if problems.error_count() > errors {
        // A default may stand in for what could not be read: nothing that follows from it is worth telling.
        return None;
    }
    check(&config, &tree.root, problems);
    // For its own mistakes only; how many epochs there are is known later.
    let _ = search::stopping(&config, u64::MAX, problems);
    let (sampler, seed) = search::sampler(&config, problems)?;
    if problems.error_count() > errors {
        return None;
    }
    let base_sha256 = sha256_hex(&config_json_bytes(&base.to_json()));
    let expander = Expander::new(factory, &config, base);
    let common = check_runs(&config, &expander, &sampler, problems)?;
    let stopping = search::stopping(&config, common.epochs, problems)?;
    let seeds = if config.seeds.is_empty() { vec![None] } else { config.seeds.iter().copied().map(Some).collect() };
    let study = study(&config, sampler, seed, stopping, common.goal);
    Some(Sweep { expander, study, metric: common.metric, seeds, base_sha256, config })
}

fn study(config: &SweepConfig, sampler: Sampler, seed: u64, stopping: Stopping, goal: Goal) -> Study {
    Study {
        sampler,
        space: search::parameters(config),
        exclude: config.exclude.iter().map(search::point).collect(),
        n: config.n.and_then(|n| usize::try_from(n).ok()).unwrap_or(0),
        seed,
        goal,
        stopping,
    }
}

/// Makes every run that is known, or the corners of what will be drawn, and reports what is wrong with any.
fn check_runs(
    config: &SweepConfig,
    expander: &Expander<'_>,
    sampler: &Sampler,
    problems: &mut Problems,
) -> Option<Common> {
    let exclude: Vec<Point> = config.exclude.iter().map(search::point).collect();
    let points: Box<dyn Iterator<Item = Point>> = match sampler {
        Sampler::Listed(axes) => Box::new(product(axes, &exclude)),
        _ => Box::new(corners(config).into_iter().filter(|point| !is_excluded(point, &exclude))),
    };
    let seed = config.seeds.first().copied();
    let errors = problems.error_count();
    let mut common = None;
    let mut names: BTreeMap<String, Point> = BTreeMap::new();
    for point in points {
        if problems.error_count() >= errors + ERRORS {
            break;
        }
        let Some(run) = expander.expand(&point, seed, problems) else { continue };
        let found = common_of(config, &run, problems);
        common = common.or(found);
        let name = run.queued.name().to_ascii_lowercase();
        if let Some(other) = names.insert(name, point.clone()).filter(|other| !other.agrees_with(&point)) {
            let text =
                |point: &Point| json!(point.settings().iter().cloned().collect::<serde_json::Map<_, _>>()).to_string();
            let message = format!("two points are the same experiment: {} and {}", text(&other), text(&point));
            problems.error(&config.name.span, message).help("leave one of them out, as with `exclude`");
        }
    }
    if names.is_empty() && problems.error_count() == errors {
        problems.error(&config.name.span, "nothing is left to run").help("`exclude` names every point of this sweep");
    }
    common.filter(|_| problems.error_count() == errors)
}

/// The metric that decides must be one that each run measures.
fn common_of(config: &SweepConfig, run: &Expanded, problems: &mut Problems) -> Option<Common> {
    let checkpoint = &run.config.checkpoint;
    let metric = config.metric.as_ref().unwrap_or(&checkpoint.monitor);
    if !run.metrics.contains(&metric.value) && !metric.starts_with("train_") {
        let near = suggest(metric, run.metrics.iter().map(String::as_str));
        let help = near.map_or_else(
            || format!("this experiment measures: {}", run.metrics.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        problems.error(&metric.span, format!("there is no metric `{metric}`")).at(&metric.path).help(help);
        return None;
    }
    let mode = config.mode.unwrap_or(checkpoint.mode);
    let goal = if mode == Mode::Min { Goal::Minimize } else { Goal::Maximize };
    Some(Common { metric: metric.value.clone(), goal, epochs: run.config.hyperparams.epochs })
}

/// The least value of every key, and then each other corner of each key by itself.
fn corners(config: &SweepConfig) -> Vec<Point> {
    let keys = config.space.entries.iter().map(|entry| (entry.key.clone(), entry.value.distribution.corners()));
    let keys: Vec<(String, Vec<Value>)> = keys.collect();
    let with = |changed: usize, value: usize| {
        let add = |point: Point, (at, (key, values)): (usize, &(String, Vec<Value>))| {
            let value = if at == changed { values.get(value) } else { values.first() };
            point.with(key.clone(), value.cloned().unwrap_or_default())
        };
        keys.iter().enumerate().fold(Point::new(), add)
    };
    let others = keys.iter().enumerate().flat_map(|(at, (_, values))| (1..values.len()).map(move |value| (at, value)));
    std::iter::once((0, 0)).chain(others).map(|(at, value)| with(at, value)).collect()
}

/// What no section can say of itself.
fn check(config: &SweepConfig, root: &Node, problems: &mut Problems) {
    check_parts(config, root, problems);
    check_keys(config, problems);
    let empty = |entry: &&super::keyed::Entry<Vec<Any>>| entry.value.is_empty();
    for entry in config.grid.entries.iter().chain(&config.zip.entries).filter(empty) {
        problems.error(&entry.span, format!("`{}` has no values", entry.key)).help("list at least one");
    }
    let length = config.zip.entries.first().map_or(0, |entry| entry.value.len());
    for entry in config.zip.entries.iter().filter(|entry| entry.value.len() != length) {
        let message =
            format!("values that go together are equally many, but `{}` has {}", entry.key, entry.value.len());
        problems.error(&entry.span, message).help(format!("the first key has {length}"));
    }
    let mut seeds = BTreeSet::new();
    if let (Some(again), Some(node)) = (config.seeds.iter().find(|seed| !seeds.insert(**seed)), root.get("seeds")) {
        problems.error(&node.span, format!("the seed {again} is listed twice")).at(&JsonPath::root().key("seeds"));
    }
    if !config.space.is_empty() && config.n.is_none() {
        return;
    }
    let points = if config.space.is_empty() {
        product_size(&search::axes(config))
    } else {
        config.n.and_then(|n| n.try_into().ok())
    };
    let runs = points.and_then(|points| points.checked_mul(config.seeds.len().max(1)));
    if runs.is_none_or(|runs| runs > MAX_EXPERIMENTS) {
        let found = runs.map_or_else(|| "more than can be counted".to_owned(), |runs| runs.to_string());
        problems
            .error(&config.name.span, format!("a sweep has at most {MAX_EXPERIMENTS} runs, this one {found}"))
            .help("list fewer values, or draw from a `space`");
    }
}

/// What is written out and what is drawn do not go together; each needs its own keys.
fn check_parts(config: &SweepConfig, root: &Node, problems: &mut Problems) {
    let is_listed = !(config.grid.is_empty() && config.zip.is_empty() && config.list.is_empty());
    let key = |key: &str| root.member(key).map_or_else(|| root.span.head(), |member| member.key_span.clone());
    let mut complain = |at: &str, message: &str, help: &str| {
        problems.push(Problem::error(&key(at), message)).at(&JsonPath::root().key(at)).help(help);
    };
    match (is_listed, config.space.is_empty()) {
        (true, false) => complain(
            "space",
            "values are either written out or drawn, not both",
            "put what is in `grid` into `space` as a list, or write out what is drawn",
        ),
        (false, true) if config.seeds.is_empty() => {
            complain("name", "nothing varies here", "add `grid`, `zip`, `list` or `space`, or several `seeds`");
        }
        _ => {}
    }
    if config.space.is_empty() {
        for (at, is_given) in [("n", config.n.is_some()), ("search", root.get("search").is_some())] {
            if is_given {
                complain(at, "this belongs to a `space`, and there is none", "leave it out, or add a `space`");
            }
        }
    } else if config.n.is_none() {
        complain("space", "how many points are drawn is not said", "add `n`, as in `\"n\": 20`");
    } else if config.space.entries.len() > SOBOL_DIMENSIONS {
        complain("space", "a space has at most 256 keys", "vary fewer keys");
    }
}

/// A key is varied in one place only, and never one that the sweep itself sets.
fn check_keys(config: &SweepConfig, problems: &mut Problems) {
    let lists = |keyed: &Keyed<Vec<Any>>| {
        keyed.entries.iter().map(|entry| (entry.key.clone(), entry.key_span.clone())).collect::<Vec<_>>()
    };
    let space = config.space.entries.iter().map(|entry| (entry.key.clone(), entry.key_span.clone()));
    let once: Vec<_> = lists(&config.grid).into_iter().chain(lists(&config.zip)).chain(space).collect();
    let listed =
        config.list.iter().flat_map(|point| &point.entries).map(|entry| (entry.key.clone(), entry.key_span.clone()));
    let mut seen = BTreeSet::new();
    for (key, span) in &once {
        if !seen.insert(key.clone()) {
            problems.error(span, format!("`{key}` is varied twice")).help("give all of its values in one place");
        }
    }
    for (key, span) in once.iter().cloned().chain(listed.clone()) {
        let own = match key.as_str() {
            "name" => "the name of a run is made from its values",
            "seed" if !config.seeds.is_empty() => "`seeds` says it already",
            _ => continue,
        };
        problems.error(&span, format!("`{key}` cannot be varied here: {own}"));
    }
    if let Some((key, span)) = listed.clone().find(|(key, _)| seen.contains(key)) {
        problems.error(&span, format!("`{key}` is varied in `list` and in `grid` or `zip`"));
    }
    let all: BTreeSet<&str> = keys(config).collect();
    for entry in config.exclude.iter().flat_map(|point| &point.entries) {
        if !all.contains(entry.key.as_str()) {
            let near = suggest(&entry.key, all.iter().copied()).map(|near| format!("did you mean `{near}`?"));
            let message = format!("`{}` is not varied, so nothing is excluded by it", entry.key);
            problems.error(&entry.key_span, message).maybe_help(near);
        }
    }
}
