//! How the model is trained.

use super::checkpoint::Mode;
use crate::section;
use crate::section::{Component, Located, above};

section! {
    /// How the model is trained.
    pub struct Hyperparams {
        /// How often the training data is gone through.
        horizon epochs: u64 = 10, 1..=1_000_000_000;
        /// How many samples make one step.
        trajectory batch_size: usize = 32, 1..=16_777_216;
        /// Step size of the optimizer, after warm-up and before the scheduler lowers it.
        trajectory lr: f64 = 1e-3, above(0.0);
        /// What turns gradients into steps: a name, or an object with `kind` and the parameters of that optimizer.
        trajectory optimizer: Component = Component::named("adam");
        /// Weight decay of the optimizer; `null` leaves it to the optimizer.
        trajectory weight_decay: Option<f64> = None, 0.0..;
        /// Momentum of the optimizer, for those that have one; `null` leaves it to the optimizer.
        trajectory momentum: Option<f64> = None, 0.0..1.0;
        /// How the step size changes over time: a name, or an object with `kind` and the parameters of that scheduler.
        trajectory scheduler: Component = Component::named("constant");
        /// Over how many steps the step size rises from zero to `lr`.
        trajectory warmup_steps: u64 = 0;
        /// Gradients with a larger norm are scaled down to it; `null` never scales.
        trajectory grad_clip_norm: Option<f64> = None, above(0.0);
        /// Each number of the gradients is limited to this size, before their norm is; `null` never limits.
        trajectory grad_clip_value: Option<f64> = None, above(0.0);
        /// How many batches are added up into one step.
        trajectory accumulate_steps: usize = 1, 1..=1_048_576;
        /// Share of the target that is spread over all classes.
        trajectory label_smoothing: f64 = 0.0, 0.0..1.0;
        /// How much of the exponential moving average of the weights each step keeps, such as 0.999. The average is what
        /// is validated and exported; `null` averages nothing.
        trajectory ema_decay: Option<f64> = None, 0.0..1.0;
        /// When to end before the last epoch; `null` never does.
        trajectory early_stopping: Option<EarlyStopping> = None;
    }
}

section! {
    /// Ends the training when a metric has stopped getting better.
    pub struct EarlyStopping {
        /// How many epochs in a row may pass without a better value.
        trajectory patience: u64, 1..;
        /// How much better a value must be to count as better.
        trajectory min_delta: f64 = 0.0, 0.0..;
        /// The metric; `null` takes `checkpoint.monitor`.
        trajectory monitor: Option<Located<String>> = None;
        /// Whether less or more is better; `null` takes `checkpoint.mode`.
        trajectory mode: Option<Mode> = None;
    }
}
