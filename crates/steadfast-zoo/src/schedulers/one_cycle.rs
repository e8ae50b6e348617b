//! One rise to the learning rate and one fall far below it, as `torch.optim.lr_scheduler.OneCycleLR`.
//!
//! Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates", 2018. The
//! config's learning rate is `max_lr`. The momentum is left alone (`cycle_momentum=False`).

use std::f64::consts::PI;

use serde_json::Value;
use steadfast_config::{Section, choice, section};

use super::{Moment, Scheduler, SchedulerEntry};

pub(super) const ENTRY: SchedulerEntry =
    SchedulerEntry::new::<OneCycleConfig>("one_cycle", "one rise to the learning rate and one fall far below it");

choice! {
    /// The form of a rise or a fall.
    pub enum Anneal {
        /// Half a cosine.
        Cosine = "cos",
        /// A straight line.
        Linear = "linear",
    }
}

section! {
    /// Parameters of the one-cycle schedule.
    pub struct OneCycleConfig {
        /// Share of the steps that the rise takes.
        trajectory pct_start: f64 = 0.3, 0.0..=1.0;
        /// The form of rise and fall: `cos` or `linear`.
        trajectory anneal_strategy: Anneal = Anneal::Cosine;
        /// The first rate is the learning rate divided by this.
        trajectory div_factor: f64 = 25.0, 1.0..;
        /// The last rate is the first one divided by this.
        trajectory final_div_factor: f64 = 1e4, 1.0..;
    }
}

impl Scheduler for OneCycleConfig {
    fn to_json(&self) -> Value {
        Section::to_json(self)
    }

    fn factor(&self, at: Moment) -> f64 {
        let first = 1.0 / self.div_factor;
        let last = first / self.final_div_factor;
        let step = at.step as f64;
        let top = self.pct_start * at.steps as f64 - 1.0;
        let end = at.steps.saturating_sub(1) as f64;
        if step <= top {
            // A rise of no steps is at its top.
            let done = if top > 0.0 { step / top } else { 1.0 };
            return self.between(first, 1.0, done);
        }
        let done = if end > top { (step - top) / (end - top) } else { 1.0 };
        self.between(1.0, last, done.min(1.0))
    }

    fn depends_on_epochs(&self) -> bool {
        true
    }
}

impl OneCycleConfig {
    fn between(&self, from: f64, to: f64, done: f64) -> f64 {
        match self.anneal_strategy {
            Anneal::Cosine => to + (from - to) / 2.0 * (1.0 + (PI * done).cos()),
            Anneal::Linear => (to - from) * done + from,
        }
    }
}
