//! Every check there is. A new one is a file with a `CHECK` in it and a line here.

use super::check::Check;
use super::{browser, mlflow, slurm, tensorboard};

pub(super) const CHECKS: &[Check] = &[browser::CHECK, tensorboard::CHECK, mlflow::CHECK, slurm::CHECK];
