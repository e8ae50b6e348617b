//! From a config to a supervised experiment: every component is looked up and its parameters are checked.

use steadfast_config::{Component, Device, ExperimentConfig, JsonPath, Problems, ResolvedParts, Section};
use steadfast_experiment::{ExperimentKind, Prepared};

use super::experiment::{Recipe, Supervised};
use crate::data_config::DataConfig;
use crate::models::{ModelConfig, find_model, report_unknown_model};
use crate::optimizers::{OPTIMIZERS, OptimizerConfig};
use crate::registry::{find, report_unknown};
use crate::schedulers::{SCHEDULERS, Scheduler};

/// What validation can measure; which of it depends on the data.
const METRICS: [&str; 6] = ["val_loss", "val_accuracy", "val_mae", "train_loss", "train_accuracy", "train_mae"];

/// The kind `supervised`, the default of every config.
pub(crate) fn kind() -> ExperimentKind {
    ExperimentKind {
        name: "supervised",
        summary: "learns from samples with targets: classification and regression",
        prepare: Box::new(prepare),
    }
}

/// Checks everything before it gives up, so that all problems are seen at once.
fn prepare(config: &ExperimentConfig, problems: &mut Problems) -> Option<Prepared> {
    let model = model(config, problems);
    let data = DataConfig::read(&config.data, &JsonPath::root().key("data"), problems);
    let optimizer = optimizer(config, problems);
    let scheduler = scheduler(&config.hyperparams.scheduler, problems);
    let on_cpu = check_device(config, problems);
    let (Named(model_type, model), data, Named(optimizer_kind, optimizer), Named(scheduler_kind, scheduler)) =
        (model?, data?, optimizer?, scheduler?);
    if !on_cpu {
        return None;
    }
    let parts = ResolvedParts {
        model_type: model_type.to_owned(),
        model: model.to_json(),
        data: Section::to_json(&data),
        optimizer: Component::resolved(optimizer_kind, &optimizer.to_json()),
        scheduler: Component::resolved(scheduler_kind, &scheduler.to_json()),
    };
    let depends_on_epochs = scheduler.depends_on_epochs();
    let recipe = Recipe::new(config, data, Named(model_type, model), optimizer, scheduler);
    Some(Prepared {
        parts,
        metrics: METRICS.map(str::to_owned).into(),
        depends_on_epochs,
        build: Box::new(move || Box::new(Supervised::new(recipe))),
    })
}

/// A component under its registered name.
#[derive(Debug)]
pub(super) struct Named<T: ?Sized>(pub(super) &'static str, pub(super) Box<T>);

fn model(config: &ExperimentConfig, problems: &mut Problems) -> Option<Named<dyn ModelConfig>> {
    let name = &config.model_type;
    let Some(found) = find_model(name) else {
        report_unknown_model(problems, (&name.span, &name.path), name);
        return None;
    };
    let model = found.read(&config.model, &JsonPath::root().key("model"), problems)?;
    Some(Named(found.entry.name, model))
}

fn optimizer(config: &ExperimentConfig, problems: &mut Problems) -> Option<Named<dyn OptimizerConfig>> {
    let component = &config.hyperparams.optimizer;
    let Some(entry) = find(OPTIMIZERS, &component.kind, |entry| entry.name) else {
        let known: Vec<&str> = OPTIMIZERS.iter().map(|entry| entry.name).collect();
        report_unknown(problems, (&component.kind_span, &component.path), ("optimizer", &component.kind), &known);
        return None;
    };
    Some(Named(entry.name, entry.configure(config, problems)?))
}

fn scheduler(component: &Component, problems: &mut Problems) -> Option<Named<dyn Scheduler>> {
    let Some(entry) = find(SCHEDULERS, &component.kind, |entry| entry.name) else {
        let known: Vec<&str> = SCHEDULERS.iter().map(|entry| entry.name).collect();
        report_unknown(problems, (&component.kind_span, &component.path), ("scheduler", &component.kind), &known);
        return None;
    };
    Some(Named(entry.name, (entry.read)(&component.params, &component.path, problems)?))
}

/// Whether the device is one that this program can compute on.
fn check_device(config: &ExperimentConfig, problems: &mut Problems) -> bool {
    let on_cpu = config.device.value == Device::Cpu;
    if !on_cpu {
        problems
            .error(&config.device.span, format!("this program was built without support for `{}`", config.device))
            .at(&config.device.path)
            .help("use \"cpu\"");
    }
    on_cpu
}
