//! What a trial showed, held against the config that it was made from.

use steadfast_config::{ExperimentConfig, JsonPath, Node, Problems, Span, suggest};

use crate::memory;
use crate::number::{bytes, plural};
use crate::trial::{Failure, Stage, Trial};

/// A trial and what it was made from.
pub(crate) struct Tried<'a> {
    pub(crate) config: &'a ExperimentConfig,
    /// The same as a tree, in which every value knows its place.
    pub(crate) root: &'a Node,
    pub(crate) outcome: &'a Result<Trial, Failure>,
}

/// Reports everything that does not fit, at the value that has to change.
pub(crate) fn report(tried: &Tried<'_>, problems: &mut Problems) {
    match tried.outcome {
        Err(failure) => report_failure(tried, failure, problems),
        Ok(trial) => {
            check_metrics(tried.config, trial, problems);
            check_steps(tried, trial, problems);
            check_memory(tried.config, trial, problems);
        }
    }
}

fn report_failure(tried: &Tried<'_>, failure: &Failure, problems: &mut Problems) {
    let config = tried.config;
    let (span, path) = match failure.stage {
        Stage::Data => (&config.dataset_path.span, config.dataset_path.path.clone()),
        Stage::Model => (&config.model_type.span, config.model_type.path.clone()),
        _ => (&config.name.span, config.name.path.clone()),
    };
    let message = match failure.stage {
        // These say themselves what they are about.
        Stage::Data | Stage::Model => failure.message.clone(),
        stage => format!("{}: {}", stage.in_words(), failure.message),
    };
    problems.error(span, message).at(&path);
}

/// Which metrics there are is known for sure only now.
fn check_metrics(config: &ExperimentConfig, trial: &Trial, problems: &mut Problems) {
    let stopping = config.hyperparams.early_stopping.as_ref().and_then(|stopping| stopping.monitor.as_ref());
    for monitor in [Some(&config.checkpoint.monitor), stopping].into_iter().flatten() {
        // The figures of training are no result of validation, and known to exist.
        if monitor.starts_with("train_") || trial.metrics.contains(&monitor.value) {
            continue;
        }
        let measured = trial.metrics.join(", ");
        let near = suggest(monitor, trial.metrics.iter().map(String::as_str));
        let help = near.map_or_else(
            || format!("it measures {measured}"),
            |near| format!("did you mean `{near}`? It measures {measured}"),
        );
        problems
            .error(&monitor.span, format!("on this data there is no metric `{}`", monitor.value))
            .at(&monitor.path)
            .help(help);
    }
}

fn check_steps(tried: &Tried<'_>, trial: &Trial, problems: &mut Problems) {
    let hyperparams = &tried.config.hyperparams;
    let step = (hyperparams.batch_size as u64).saturating_mul(hyperparams.accumulate_steps as u64);
    if step > trial.train_samples {
        let (span, path) = tried.place(&["hyperparams", "batch_size"]);
        let samples = plural(trial.train_samples, "training sample");
        problems
            .warning(&span, format!("a step takes {step} samples, but there are only {samples}: an epoch is one step"))
            .at(&path);
    }
    let steps = trial.steps_per_epoch.saturating_mul(hyperparams.epochs);
    if hyperparams.warmup_steps >= steps {
        let (span, path) = tried.place(&["hyperparams", "warmup_steps"]);
        let message = format!("the learning rate never reaches `lr`: the whole run has {}", plural(steps, "step"));
        problems.warning(&span, message).at(&path).help("use fewer warm-up steps, or more epochs");
    }
}

fn check_memory(config: &ExperimentConfig, trial: &Trial, problems: &mut Problems) {
    let Some((needed, free)) = trial.peak_memory_bytes.zip(memory::available()) else { return };
    if needed > free {
        let message = format!("its trial took {} of memory, but {} are free now", bytes(needed), bytes(free));
        problems.warning(&config.name.span, message).at(&config.name.path);
    }
}

impl Tried<'_> {
    /// Where a value stands; the name of the experiment if nobody wrote it.
    fn place(&self, keys: &[&str]) -> (Span, JsonPath) {
        let path = keys.iter().fold(JsonPath::root(), |path, key| path.key(key));
        let node = keys.iter().try_fold(self.root, |node, key| node.get(key));
        (node.map_or_else(|| self.config.name.span.clone(), |node| node.span.clone()), path)
    }
}
