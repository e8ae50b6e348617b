//! From a config to a supervised experiment: every component is looked up and its parameters are checked.

use steadfast_config::{Component, Device, ExperimentConfig, JsonPath, Problems, ResolvedParts, Section, suggest};
use steadfast_experiment::{ExperimentKind, Prepared, check_monitor, check_monitors};

use super::experiment::{Recipe, Supervised};
use super::insistence::{Insistence, KINDS};
use crate::data_config::DataConfig;
use crate::metrics::Selection;
use crate::models::{ModelConfig, find_model, report_unknown_model};
use crate::optimizers::{OPTIMIZERS, OptimizerConfig};
use crate::registry::{find, report_unknown};
use crate::schedulers::{SCHEDULERS, Scheduler};

/// The kind `supervised`, the default of every config, and those that insist on what is learnt.
pub(crate) fn kinds() -> impl Iterator<Item = ExperimentKind> {
    KINDS.into_iter().map(|insistence| ExperimentKind {
        name: insistence.name,
        summary: insistence.summary,
        prepare: Box::new(move |config, problems| prepare(config, insistence, problems)),
    })
}

/// Checks everything before it gives up, so that all problems are seen at once.
fn prepare(config: &ExperimentConfig, insistence: Insistence, problems: &mut Problems) -> Option<Prepared> {
    let errors = problems.error_count();
    let model = model(config, insistence, problems);
    let data = DataConfig::read(&config.data, &JsonPath::root().key("data"), problems);
    let optimizer = optimizer(config, problems);
    let scheduler = scheduler(&config.hyperparams.scheduler, problems);
    check_device(config, problems);
    check_metrics(config, insistence, problems);
    let metrics = insistence.figures();
    let (Some(model), Some(data), Some(optimizer), Some(scheduler)) = (model, data, optimizer, scheduler) else {
        check_monitors(config, &metrics, problems);
        return None;
    };
    let (Named(model_type, model), Named(optimizer_kind, optimizer)) = (model, optimizer);
    let Named(scheduler_kind, scheduler) = scheduler;
    if let Some(watched) = scheduler.plateau().and_then(|plateau| plateau.monitor.as_ref()) {
        check_monitor(watched, &metrics, problems);
    }
    if problems.error_count() > errors {
        check_monitors(config, &metrics, problems);
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
    let recipe = Recipe::new(config, insistence, data, Named(model_type, model), (optimizer, scheduler));
    Some(Prepared { parts, metrics, depends_on_epochs, build: Box::new(move || Box::new(Supervised::new(recipe))) })
}

/// Reports every name in `metrics` that is none of a metric, or of one without a meaning here.
fn check_metrics(config: &ExperimentConfig, insistence: Insistence, problems: &mut Problems) {
    let known: Vec<String> =
        insistence.figures().iter().filter_map(|name| Some(name.strip_prefix("val_")?.to_owned())).collect();
    for name in &config.metrics {
        if Selection::find(name).is_some_and(|metric| insistence.measures(metric)) {
            continue;
        }
        let help = match suggest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there is: {}", known.join(", ")),
        };
        problems.error(&name.span, format!("there is no metric `{name}` to measure")).at(&name.path).help(help);
    }
}

/// A component under its registered name.
#[derive(Debug)]
pub(super) struct Named<T: ?Sized>(pub(super) &'static str, pub(super) Box<T>);

fn model(config: &ExperimentConfig, insistence: Insistence, problems: &mut Problems) -> Option<Named<dyn ModelConfig>> {
    let name = &config.model_type;
    let Some(found) = find_model(name) else {
        report_unknown_model(problems, (&name.span, &name.path), name);
        return None;
    };
    let model = found.read(&config.model, &JsonPath::root().key("model"), problems)?;
    if let Some(objection) = insistence.objection(model.task()) {
        let (model, experiment) = (found.entry.name, insistence.name);
        let message = format!("the model `{model}` is not for the experiment `{experiment}`: {objection}");
        problems.error(&name.span, message).at(&name.path).help("choose another one, or leave `experiment` out");
        return None;
    }
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

/// Reports a device that this program cannot compute on.
fn check_device(config: &ExperimentConfig, problems: &mut Problems) {
    if config.device.value != Device::Cpu {
        problems
            .error(&config.device.span, format!("this program was built without support for `{}`", config.device))
            .at(&config.device.path)
            .help("use \"cpu\"");
    }
}
