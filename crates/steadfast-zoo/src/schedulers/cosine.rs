//! Half a cosine from the full learning rate down to a share of it.
//!
//! Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017, equation 5, without restarts
//! and counted in steps: `factor = m + (1 - m) (1 + cos(pi t / T)) / 2`.

use std::f64::consts::PI;

use serde_json::Value;
use steadfast_config::{Section, section};

use super::{Moment, Scheduler, SchedulerEntry};

pub(super) const ENTRY: SchedulerEntry =
    SchedulerEntry::new::<CosineConfig>("cosine", "half a cosine from the full learning rate to a share of it");

section! {
    /// Parameters of the cosine schedule.
    pub struct CosineConfig {
        /// Share of the learning rate that is left at the end.
        trajectory min_factor: f64 = 0.0, 0.0..=1.0;
    }
}

impl Scheduler for CosineConfig {
    fn to_json(&self) -> Value {
        Section::to_json(self)
    }

    fn factor(&self, at: Moment) -> f64 {
        self.min_factor + (1.0 - self.min_factor) * 0.5 * (1.0 + (PI * at.progress()).cos())
    }

    fn depends_on_epochs(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::warmup;
    use super::*;

    fn factor(min_factor: f64, step: u64) -> f64 {
        CosineConfig { min_factor }.factor(Moment { step, steps: 100, epoch: 0 })
    }

    // import torch
    // o = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    // s = torch.optim.lr_scheduler.CosineAnnealingLR(o, T_max=100, eta_min=0.1)
    // for i in range(101):
    //     if i in (0, 1, 25, 50, 99, 100): print(i, s.get_last_lr()[0])
    //     o.step(); s.step()
    #[test]
    fn agrees_with_pytorch() {
        let expected = [
            (0, 1.0),
            (1, 0.999_777_952_164_579_2),
            (25, 0.868_198_051_533_946_5),
            (50, 0.550_000_000_000_000_2),
            (99, 0.100_222_047_835_420_78),
            (100, 0.1),
        ];
        for (step, value) in expected {
            assert!((factor(0.1, step) - value).abs() < 1e-12, "step {step}: {}", factor(0.1, step));
        }
    }

    #[test]
    fn warms_up_and_then_falls() {
        let cosine = CosineConfig { min_factor: 0.0 };
        let at = |step| warmup(&cosine, 10, Moment { step, steps: 110, epoch: 0 });
        assert!((at(0) - 0.1).abs() < 1e-12 && (at(9) - 1.0).abs() < 1e-12);
        assert!((at(10) - 1.0).abs() < 1e-12 && (at(60) - 0.5).abs() < 1e-12);
        assert!(at(110).abs() < 1e-12);
    }
}
