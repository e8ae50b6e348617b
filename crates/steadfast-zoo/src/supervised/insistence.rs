//! The named kinds of experiment: each insists on what is learnt, so that data or a model of another kind is refused
//! instead of being learnt in another way.

use steadfast_experiment::ExperimentError;

use super::task::Task;
use crate::metrics::{ClassEvidence, Evidence, METRICS, MetricEntry, TokenEvidence, ValueEvidence};
use crate::models::ModelTask;

/// A kind of experiment, and what it insists on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Insistence {
    /// What `experiment` says in a config.
    pub(super) name: &'static str,
    pub(super) summary: &'static str,
    /// What is learnt; anything, where nothing stands here.
    task: Option<Task>,
    /// How many axes a sample has, and what such a sample is.
    axes: Option<(usize, &'static str)>,
}

pub(super) const KINDS: [Insistence; 6] = [
    Insistence {
        name: "supervised",
        summary: "learns what data and model say: classes, values, next tokens or the inputs themselves",
        task: None,
        axes: None,
    },
    Insistence {
        name: "image_classification",
        summary: "learns a class for each image",
        task: Some(Task::Classification),
        axes: Some((3, "images")),
    },
    Insistence {
        name: "tabular_classification",
        summary: "learns a class for each row of a table",
        task: Some(Task::Classification),
        axes: Some((1, "rows of a table")),
    },
    Insistence {
        name: "regression",
        summary: "learns one or several numbers for each sample",
        task: Some(Task::Regression),
        axes: None,
    },
    Insistence {
        name: "language_modeling",
        summary: "learns the next token of a text",
        task: Some(Task::NextToken),
        axes: None,
    },
    Insistence {
        name: "reconstruction",
        summary: "learns to give back its inputs",
        task: Some(Task::Reconstruction),
        axes: None,
    },
];

impl Insistence {
    /// Why a model that learns this cannot be meant; nothing if it can.
    pub(super) fn objection(&self, learns: ModelTask) -> Option<&'static str> {
        match (self.task?, learns) {
            (Task::Reconstruction, ModelTask::Targets) => Some("it does not learn its own inputs"),
            (Task::Reconstruction, ModelTask::Inputs) | (_, ModelTask::Targets) => None,
            (_, ModelTask::Inputs) => Some("it learns its own inputs"),
        }
    }

    /// Refuses data of another kind.
    pub(super) fn check(&self, task: Task, sample: &[usize], path: &str) -> Result<(), ExperimentError> {
        let name = self.name;
        if let Some(wanted) = self.task.filter(|wanted| *wanted != task) {
            let (wanted, found) = (wanted.in_words(), task.in_words());
            let message =
                format!("the experiment `{name}` learns {wanted}, but with this model {path} asks for {found}");
            return Err(ExperimentError::Config { message });
        }
        match self.axes {
            Some((axes, meaning)) if axes != sample.len() => {
                let message =
                    format!("the experiment `{name}` takes {meaning}, but the samples of {path} are {sample:?}");
                Err(ExperimentError::Config { message })
            }
            _ => Ok(()),
        }
    }

    /// Whether a metric can have a meaning here.
    pub(super) fn measures(&self, metric: &MetricEntry) -> bool {
        // More than five classes, so that the best five of them mean something.
        let classes = || Evidence::Classes(ClassEvidence::new(6, false));
        let values = || Evidence::Values(ValueEvidence::new(1));
        let tokens = || Evidence::Tokens(TokenEvidence::new([]));
        match self.task {
            None => true,
            Some(Task::Classification) => metric.applies_to(&classes()),
            Some(Task::Regression | Task::Reconstruction) => metric.applies_to(&values()),
            Some(Task::NextToken) => metric.applies_to(&tokens()),
        }
    }

    /// The names of all figures that there can be.
    pub(super) fn figures(&self) -> Vec<String> {
        let validation = METRICS.iter().filter(|metric| self.measures(metric)).map(MetricEntry::validation_name);
        let training = match self.task {
            None => vec!["train_loss", "train_accuracy", "train_mae"],
            Some(task) => vec!["train_loss", task.training_figure()],
        };
        validation.chain(training.into_iter().map(str::to_owned)).collect()
    }
}
