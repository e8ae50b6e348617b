//! What a learning-rate schedule is, and how the table knows one.

use std::fmt::Debug;

use serde_json::Value;
use steadfast_config::{Field, JsonPath, Node, Problems, Section};

use super::ReduceOnPlateauConfig;

/// A step of a run, as schedules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Steps done before this one; those of the warm-up are not counted.
    pub step: u64,
    /// Steps in the whole run, without those of the warm-up.
    pub steps: u64,
    /// Epochs completed before this step; those of the warm-up are counted.
    pub epoch: u64,
}

impl Moment {
    /// How much of the run is done, from 0 to 1.
    pub fn progress(self) -> f64 {
        if self.steps == 0 { 1.0 } else { (self.step as f64 / self.steps as f64).min(1.0) }
    }
}

/// A learning rate for every step: a pure function of the step and, for a schedule that watches a metric, of what
/// [`Scheduler::plateau`] made of the epochs before.
pub trait Scheduler: Debug {
    /// The complete section with all defaults.
    fn to_json(&self) -> Value;

    /// The factor on the config's learning rate.
    fn factor(&self, at: Moment) -> f64;

    /// Whether the factor of an early step depends on how many steps are to come.
    fn depends_on_epochs(&self) -> bool;

    /// What lowers the rate when a metric has stopped getting better, if the schedule does that.
    fn plateau(&self) -> Option<&ReduceOnPlateauConfig> {
        None
    }
}

/// One row of the table of schedules.
#[derive(Debug, Clone, Copy)]
pub struct SchedulerEntry {
    /// What a config calls it.
    pub name: &'static str,
    /// One line for people.
    pub summary: &'static str,
    /// Its parameters.
    pub fields: fn() -> Vec<Field>,
    /// Reads its parameters.
    pub read: fn(&Node, &JsonPath, &mut Problems) -> Option<Box<dyn Scheduler>>,
}

impl SchedulerEntry {
    /// A row for a schedule whose parameters are the section `C`.
    pub const fn new<C: Section + Scheduler + 'static>(name: &'static str, summary: &'static str) -> Self {
        Self { name, summary, fields: C::fields, read: read::<C> }
    }
}

fn read<C: Section + Scheduler + 'static>(
    node: &Node,
    path: &JsonPath,
    problems: &mut Problems,
) -> Option<Box<dyn Scheduler>> {
    C::read(node, path, problems).map(|config| Box::new(config) as Box<dyn Scheduler>)
}

/// Linear warm-up: the factor of `step` when the first `warmup_steps` steps rise to the full rate, and after them the
/// schedule for the steps that are left.
pub fn warmup(scheduler: &dyn Scheduler, warmup_steps: u64, at: Moment) -> f64 {
    if at.step < warmup_steps {
        return (at.step + 1) as f64 / warmup_steps as f64;
    }
    let rest = Moment { step: at.step - warmup_steps, steps: at.steps.saturating_sub(warmup_steps), ..at };
    scheduler.factor(rest)
}
