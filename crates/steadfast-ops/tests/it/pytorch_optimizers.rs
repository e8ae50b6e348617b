//! Ten steps of every optimizer against `PyTorch` 2.15.0.
//!
//! The numbers were printed by this program, with the line above each test in place of `...`:
//!
//! ```python
//! import math, torch
//! from torch.optim import SGD, Adam, AdamW
//! def ramp(k, n):
//!     return (torch.arange(n) * k % 101).float() / 101 * 4 - 2
//! def run(make, clip=None):
//!     p = [ramp(37, 4).requires_grad_(), ramp(41, 3).requires_grad_()]
//!     optimizer = make(p)
//!     for step in range(10):
//!         p[0].grad, p[1].grad = ramp(43 + step, 4), ramp(59 + step, 3)
//!         if clip: torch.nn.utils.clip_grad_norm_(p, clip)
//!         optimizer.step()
//!     print([f"{v:.9g}" for t in p for v in t.tolist()])
//! ...
//! ```

use std::collections::BTreeMap;

use candle_core::Var;
use steadfast_ops::{Adam, AdamOptions, NamedGradients, Optimizer, Sgd, SgdOptions};

use crate::support::{flat, ramp};

fn check(mut optimizer: impl Optimizer, clip: Option<f64>, expected: [f64; 7]) {
    let first = Var::from_tensor(&ramp(37, &[4])).unwrap();
    let second = Var::from_tensor(&ramp(41, &[3])).unwrap();
    let parameters = BTreeMap::from([("a".to_owned(), first.clone()), ("b".to_owned(), second.clone())]);
    for step in 0..10 {
        // A loss whose gradients are these very numbers.
        let first_part = first.mul(&ramp(43 + step, &[4])).unwrap().sum_all().unwrap();
        let second_part = second.mul(&ramp(59 + step, &[3])).unwrap().sum_all().unwrap();
        let mut gradients = NamedGradients::of(&first_part.add(&second_part).unwrap(), &parameters).unwrap();
        if let Some(limit) = clip {
            gradients.clip_norm(limit).unwrap();
        }
        optimizer.step(&parameters, &gradients, 0.1).unwrap();
    }
    let found = [flat(first.as_tensor()), flat(second.as_tensor())].concat();
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() / expected.abs().max(1.0) < 1e-6, "{found} instead of {expected}");
    }
}

// run(lambda p: SGD(p, 0.1, weight_decay=0.01))
#[test]
fn plain_descent() {
    check(
        Sgd::new(SgdOptions { weight_decay: 0.01, ..SgdOptions::default() }),
        None,
        [0.010_934_141_5, -0.411_377_728, -0.034_089_528, -1.234_133_12, 0.010_934_141_5, -0.885_358_393, 2.200_397_25],
    );
}

// run(lambda p: SGD(p, 0.1, momentum=0.9))
#[test]
fn momentum() {
    check(
        Sgd::new(SgdOptions { momentum: 0.9, ..SgdOptions::default() }),
        None,
        [6.276_211_26, 0.155_122_861, -4.805_964_95, 0.465_368_509, 6.276_211_26, -2.308_627_37, 5.658_957_48],
    );
}

// run(lambda p: SGD(p, 0.1, momentum=0.9, nesterov=True, weight_decay=0.01))
#[test]
fn nesterov() {
    check(
        Sgd::new(SgdOptions { momentum: 0.9, dampening: 0.0, nesterov: true, weight_decay: 0.01 }),
        None,
        [7.426_011_56, 0.217_222_795, -5.149_011_61, 0.651_668_131, 7.426_011_56, -2.588_644_27, 6.062_070_85],
    );
}

// run(lambda p: Adam(p, 0.1))
#[test]
fn adam() {
    check(
        Adam::new(AdamOptions::default()),
        None,
        [-0.999_999_762, 0.315_499_514, 0.021_135_147_7, -0.753_807_247, -0.999_999_762, -1.392_017_84, 2.214_810_61],
    );
}

// run(lambda p: Adam(p, 0.1, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1))
#[test]
fn adam_with_every_setting() {
    check(
        Adam::new(AdamOptions { beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weight_decay: 0.1, ..AdamOptions::default() }),
        None,
        [-1.002_806_31, 0.238_138_691, 0.051_277_268_7, -0.773_734_331, -1.002_806_31, -1.401_380_66, 2.180_556_3],
    );
}

// run(lambda p: AdamW(p, 0.1))
#[test]
fn adamw() {
    check(
        Adam::new(AdamOptions::adamw()),
        None,
        [-0.984_577_656, 0.316_589_385, 0.016_345_996_4, -0.742_072_344, -0.984_577_656, -1.383_750_68, 2.197_966_58],
    );
}

// run(lambda p: AdamW(p, 0.1, weight_decay=0.3), clip=1.0)
#[test]
fn adamw_with_clipped_gradients() {
    check(
        Adam::new(AdamOptions { weight_decay: 0.3, ..AdamOptions::adamw() }),
        Some(1.0),
        [-0.599_533_141, 0.339_362_025, -0.099_106_729, -0.449_170_947, -0.599_533_141, -1.167_438_03, 1.764_559_03],
    );
}
