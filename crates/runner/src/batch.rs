//! From the command line to a queue: every config loaded, checked and frozen before anything runs.

use serde_json::Value;
use steadfast_config::{ConfigManager, ConfigReport, ConfigTree, ExperimentConfig, OnFailure, Problems};
use steadfast_experiment::{ExperimentFactory, RunPlan};

use crate::args::split_targets;
use crate::halting::Halting;

/// One experiment in the queue.
#[derive(Debug, Clone)]
pub(crate) struct Queued {
    /// What is to be run.
    pub(crate) plan: RunPlan,
    /// What its failure means for the others.
    pub(crate) on_failure: OnFailure,
    /// Attempts after a failure that can pass.
    pub(crate) retries: u32,
    /// Where the run stops because a search wants to compare it.
    pub(crate) halting: Option<Halting>,
}

impl Queued {
    pub(crate) fn name(&self) -> &str {
        &self.plan.name
    }

    /// The complete config, for the process that will run it.
    pub(crate) fn config(&self) -> &Value {
        &self.plan.resolved
    }
}

/// What the command line names, ready to be run.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The experiments in order.
    pub(crate) queue: Vec<Queued>,
    /// Their configs, in the same order, each value with its place.
    pub(crate) configs: Vec<ExperimentConfig>,
    /// What is probably not meant, but can be run.
    pub(crate) warnings: Option<ConfigReport>,
    /// The run to fork from.
    pub(crate) parent: Option<String>,
}

/// Loads and checks everything that the command line names, and reports all problems of all files together.
pub(crate) fn load(factory: &ExperimentFactory, targets: &[String]) -> Result<Loaded, ConfigReport> {
    let (paths, overrides) = split_targets(targets);
    let mut problems = Problems::new();
    let mut trees = ConfigManager::trees(&paths, &overrides, &mut problems);
    trees.retain(|tree| !is_sweep(tree, &mut problems));
    let configs = ConfigManager::configs(&trees, &mut problems);
    let queue = configs.iter().filter_map(|config| check(factory, config, &mut problems)).collect();
    if problems.has_errors() {
        return Err(problems.into_report());
    }
    let warnings = (!problems.is_empty()).then(|| problems.into_report());
    Ok(Loaded { queue, configs, warnings, parent: None })
}

/// Reports a sweep file: it holds no experiment of its own, and would be told only that all of its keys are unknown.
fn is_sweep(tree: &ConfigTree, problems: &mut Problems) -> bool {
    let is_sweep = tree.root.get("base").is_some() && tree.root.get("model_type").is_none();
    if is_sweep {
        problems
            .error(&tree.root.span.head(), "this is a sweep file, not the config of one experiment")
            .help("run it with `runner sweep`");
    }
    is_sweep
}

/// Checks one config with its experiment.
fn check(factory: &ExperimentFactory, config: &ExperimentConfig, problems: &mut Problems) -> Option<Queued> {
    let prepared = factory.prepare(config, problems)?;
    Some(Queued {
        plan: RunPlan::new(config, &prepared),
        on_failure: config.failure.on_failure,
        retries: config.failure.retries,
        halting: None,
    })
}
