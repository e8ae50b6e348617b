//! What a start would do with an experiment, told from what stands in the results folder.

use serde_json::Value;
use steadfast_config::{Role, diff, trajectory_view};
use steadfast_state::{Document, RunStatus, StateManager};

use crate::batch::Queued;
use crate::inspect::finished;
use crate::number::plural;

/// What would happen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Forecast {
    Start,
    Continue {
        epochs: u64,
        step: u64,
    },
    AlreadyComplete,
    /// What differs.
    Refused(String),
    /// The process that holds the run.
    Held(Option<u32>),
}

impl Forecast {
    /// Looks, and changes nothing.
    pub(crate) fn of(state: &StateManager, queued: &Queued) -> Self {
        let Ok(Some(summary)) = state.summary(queued.name()) else { return Self::Start };
        if summary.status == RunStatus::Running {
            return Self::Held(summary.pid);
        }
        if finished(state, queued).is_some() {
            return Self::AlreadyComplete;
        }
        let Some(step) = summary.step else { return Self::Start };
        let before = state.document(queued.name(), Document::Config).ok().flatten().unwrap_or_default();
        let before: Value = serde_json::from_slice(&before).unwrap_or_default();
        if before.is_object() {
            let changes = diff(&trajectory_view(&before), &trajectory_view(queued.config()));
            let harmless = changes.iter().all(|change| change.role == Role::Horizon) && !queued.plan.depends_on_epochs;
            if !changes.is_empty() && !harmless {
                let value =
                    |value: &Option<Value>| value.as_ref().map_or_else(|| "absent".to_owned(), Value::to_string);
                let words = changes.iter().map(|change| {
                    format!("{} was {}, now it is {}", change.path, value(&change.before), value(&change.after))
                });
                return Self::Refused(words.collect::<Vec<_>>().join("; "));
            }
        }
        let epochs = summary.result.as_ref().and_then(|result| result["epochs"].as_u64()).unwrap_or(0);
        Self::Continue { epochs, step }
    }

    /// As in "would start".
    pub(crate) fn in_words(&self) -> String {
        match self {
            Self::Start => "start".to_owned(),
            Self::Continue { epochs: 0, step } => format!("continue after {}", plural(*step, "step")),
            Self::Continue { epochs, .. } => format!("continue after {}", plural(*epochs, "epoch")),
            Self::AlreadyComplete => "do nothing: already complete".to_owned(),
            Self::Refused(changes) => format!("be refused: {changes}"),
            Self::Held(Some(pid)) => format!("be refused: process {pid} holds it"),
            Self::Held(None) => "be refused: another process holds it".to_owned(),
        }
    }
}
