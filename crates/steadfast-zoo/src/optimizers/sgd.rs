//! Stochastic gradient descent with momentum, as `torch.optim.SGD`.

use serde_json::Value;
use steadfast_config::{Section, section};
use steadfast_ops::{Optimizer, Sgd, SgdOptions};

use super::{OptimizerConfig, OptimizerEntry, Shorthands};

pub(super) const ENTRY: OptimizerEntry =
    OptimizerEntry::new::<SgdConfig>("sgd", "stochastic gradient descent, with momentum if wanted");

section! {
    /// Parameters of stochastic gradient descent.
    pub struct SgdConfig {
        /// Share of the last update that lives on in the next one.
        trajectory momentum: f64 = 0.0, 0.0..1.0;
        /// Share of each update that is kept out of the next ones.
        trajectory dampening: f64 = 0.0, 0.0..=1.0;
        /// Whether the gradient is taken where the momentum leads (Nesterov).
        trajectory nesterov: bool = false;
        /// This times the parameter is added to its gradient.
        trajectory weight_decay: f64 = 0.0, 0.0..;
    }
}

impl OptimizerConfig for SgdConfig {
    fn to_json(&self) -> Value {
        Section::to_json(self)
    }

    fn apply(&mut self, shorthands: &Shorthands) -> Result<(), &'static str> {
        self.momentum = shorthands.momentum.unwrap_or(self.momentum);
        self.weight_decay = shorthands.weight_decay.unwrap_or(self.weight_decay);
        Ok(())
    }

    fn objection(&self) -> Option<&'static str> {
        let forbidden = self.nesterov && (self.momentum == 0.0 || self.dampening != 0.0);
        forbidden.then_some("`nesterov` needs a `momentum` above 0 and a `dampening` of 0")
    }

    fn build(&self) -> Box<dyn Optimizer> {
        let Self { momentum, dampening, nesterov, weight_decay } = *self;
        Box::new(Sgd::new(SgdOptions { momentum, dampening, nesterov, weight_decay }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shorthand_stands_in_for_its_own_parameter() {
        let mut sgd = SgdConfig { momentum: 0.5, ..SgdConfig::default() };
        assert_eq!(sgd.apply(&Shorthands { weight_decay: Some(0.1), momentum: None }), Ok(()));
        assert_eq!(sgd, SgdConfig { momentum: 0.5, weight_decay: 0.1, ..SgdConfig::default() });
    }

    #[test]
    fn nesterov_needs_momentum_and_no_dampening() {
        let refused = |momentum, dampening| SgdConfig { momentum, dampening, nesterov: true, weight_decay: 0.0 };
        assert!(refused(0.0, 0.0).objection().is_some());
        assert!(refused(0.9, 0.1).objection().is_some());
        assert_eq!(refused(0.9, 0.0).objection(), None);
        assert_eq!(SgdConfig::default().objection(), None);
    }
}
