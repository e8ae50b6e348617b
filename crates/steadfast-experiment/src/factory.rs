//! The registry of experiment kinds: names in a config to experiments that run.

use std::collections::BTreeMap;
use std::fmt;

use steadfast_config::{ExperimentConfig, Located, Problems, ResolvedParts, suggest};

use crate::Experiment;

/// A checked experiment, ready to be built.
pub struct Prepared {
    /// The sections that the config leaves to the experiment, complete with their defaults.
    pub parts: ResolvedParts,
    /// The names of the metrics that validation will produce, for checking `checkpoint.monitor`.
    pub metrics: Vec<String>,
    /// Whether what happens in an epoch depends on how many are to come, as with a cosine schedule. Such a run cannot
    /// be given more epochs later.
    pub depends_on_epochs: bool,
    /// Makes the experiment. Cheap: reading data and building the model come later.
    pub build: Box<dyn FnOnce() -> Box<dyn Experiment>>,
}

impl Prepared {
    /// An experiment that takes the sections of the config as they were written.
    pub fn new<E: Experiment + 'static>(
        config: &ExperimentConfig,
        metrics: &[&str],
        build: impl FnOnce() -> E + 'static,
    ) -> Self {
        let parts = ResolvedParts {
            model_type: config.model_type.to_string(),
            model: config.model.to_json(),
            data: config.data.to_json(),
            optimizer: config.hyperparams.optimizer.to_json(),
            scheduler: config.hyperparams.scheduler.to_json(),
        };
        Self {
            parts,
            metrics: metrics.iter().copied().map(str::to_owned).collect(),
            depends_on_epochs: false,
            build: Box::new(move || Box::new(build())),
        }
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Prepared").field("parts", &self.parts).finish_non_exhaustive()
    }
}

/// Checks a config for one kind of experiment: reports every problem, or hands back an experiment ready to be built.
pub type Prepare = Box<dyn Fn(&ExperimentConfig, &mut Problems) -> Option<Prepared>>;

/// One kind of experiment.
pub struct ExperimentKind {
    /// What `experiment` says in a config.
    pub name: &'static str,
    /// One line for people.
    pub summary: &'static str,
    /// Checks a config and prepares the experiment.
    pub prepare: Prepare,
}

impl fmt::Debug for ExperimentKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ExperimentKind").field("name", &self.name).finish_non_exhaustive()
    }
}

/// All kinds of experiment that a program knows.
///
/// There is no registration at link time: what a program knows is what its `main` registers.
#[derive(Debug, Default)]
pub struct ExperimentFactory {
    kinds: BTreeMap<&'static str, ExperimentKind>,
}

impl ExperimentFactory {
    /// A factory that knows nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a kind. A later kind of the same name replaces the earlier one, so that a program can change a standard
    /// kind by registering its own.
    pub fn register(&mut self, kind: ExperimentKind) -> &mut Self {
        self.kinds.insert(kind.name, kind);
        self
    }

    /// All kinds, by name.
    pub fn kinds(&self) -> impl Iterator<Item = &ExperimentKind> {
        self.kinds.values()
    }

    /// Checks a config with the kind it names. Everything wrong with it is pushed to `problems`; the answer is `None`
    /// if an error was.
    pub fn prepare(&self, config: &ExperimentConfig, problems: &mut Problems) -> Option<Prepared> {
        let Some(kind) = self.kinds.get(config.experiment.as_str()) else {
            let known = self.kinds.keys().copied();
            let help = match suggest(&config.experiment, known.clone()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there is: {}", known.collect::<Vec<_>>().join(", ")),
            };
            let name = &config.experiment;
            problems.error(&name.span, format!("there is no experiment `{name}`")).at(&name.path).help(help);
            return None;
        };
        let errors = problems.error_count();
        let prepared = (kind.prepare)(config, problems)?;
        check_monitors(config, &prepared.metrics, problems);
        (problems.error_count() == errors).then_some(prepared)
    }
}

/// Reports whatever a config watches and no validation measures.
///
/// [`ExperimentFactory::prepare`] calls it for every kind that could be prepared. A kind that finds something else wrong
/// and still knows its metrics calls it itself, so that this problem is told together with the others.
pub fn check_monitors(config: &ExperimentConfig, metrics: &[String], problems: &mut Problems) {
    check_monitor(&config.checkpoint.monitor, metrics, problems);
    let stopping = config.hyperparams.early_stopping.as_ref();
    if let Some(monitor) = stopping.and_then(|stopping| stopping.monitor.as_ref()) {
        check_monitor(monitor, metrics, problems);
    }
}

/// Reports a monitor that no validation measures.
pub fn check_monitor(monitor: &Located<String>, metrics: &[String], problems: &mut Problems) {
    if metrics.contains(&monitor.value) {
        return;
    }
    let near = suggest(monitor, metrics.iter().map(String::as_str));
    let help = near.map_or_else(
        || format!("this experiment measures: {}", metrics.join(", ")),
        |near| format!("did you mean `{near}`?"),
    );
    problems.error(&monitor.span, format!("there is no metric `{monitor}` to monitor")).at(&monitor.path).help(help);
}
