//! Target values brought to mean 0 and deviation 1, and back.

use candle_core::{Device, Result, Tensor};
use serde::{Deserialize, Serialize};

use crate::datasets::Targets;

/// What is taken out of the target values for training, one pair for each number of a target; empty when nothing is.
///
/// A loss of values in the hundreds has gradients in the ten thousands, for which no ordinary learning rate is small
/// enough.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TargetScale {
    mean: Vec<f64>,
    std: Vec<f64>,
}

impl TargetScale {
    /// Measures the targets of training. What never changes gets a deviation of 1.
    pub(super) fn measure(targets: &Targets) -> Self {
        let Targets::Values { values, width } = targets else { return Self::default() };
        let width = (*width).max(1);
        let count = (values.len() / width) as f64;
        let sums = |term: &dyn Fn(usize, f64) -> f64| {
            let mut sums = vec![0.0_f64; width];
            for row in values.chunks_exact(width) {
                for (column, (sum, value)) in sums.iter_mut().zip(row).enumerate() {
                    *sum += term(column, f64::from(*value));
                }
            }
            sums
        };
        let mean: Vec<f64> = sums(&|_, value| value).into_iter().map(|sum| sum / count).collect();
        let squares = sums(&|column, value| (value - mean[column]).powi(2));
        let deviation = |sum: f64| {
            let std = (sum / count).sqrt();
            if std > 0.0 { std } else { 1.0 }
        };
        Self { std: squares.into_iter().map(deviation).collect(), mean }
    }

    /// Whether nothing is changed.
    pub(super) fn is_identity(&self) -> bool {
        self.mean.is_empty()
    }

    /// Whether it can be used on targets of this width.
    pub(super) fn fits(&self, width: usize) -> bool {
        let usable = |values: &[f64]| values.iter().all(|value| value.is_finite());
        self.is_identity() && self.std.is_empty()
            || self.mean.len() == width
                && self.std.len() == width
                && usable(&self.mean)
                && usable(&self.std)
                && self.std.iter().all(|std| *std > 0.0)
    }

    /// Targets `[batch, width]` as they are trained on.
    pub(super) fn scaled(&self, targets: &Tensor) -> Result<Tensor> {
        if self.is_identity() {
            return Ok(targets.clone());
        }
        targets.broadcast_sub(&row(&self.mean)?)?.broadcast_div(&row(&self.std)?)
    }

    /// Outputs `[batch, width]` on the scale of the data, cut from the graph.
    pub(super) fn unscaled(&self, outputs: &Tensor) -> Result<Tensor> {
        if self.is_identity() {
            return Ok(outputs.clone());
        }
        outputs.detach().broadcast_mul(&row(&self.std)?)?.broadcast_add(&row(&self.mean)?)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "targets are f32, rounding to it is the point")]
fn row(values: &[f64]) -> Result<Tensor> {
    let values: Vec<f32> = values.iter().map(|value| *value as f32).collect();
    Tensor::new(values, &Device::Cpu)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaled_and_back() -> Result<()> {
        let values = vec![100.0, 7.0, 300.0, 7.0, 200.0, 7.0];
        let scale = TargetScale::measure(&Targets::Values { values: values.clone(), width: 2 });
        assert!(scale.fits(2) && !scale.fits(1) && TargetScale::default().fits(3));
        let targets = Tensor::from_vec(values, (3, 2), &Device::Cpu)?;
        let scaled = scale.scaled(&targets)?;
        let found = scaled.flatten_all()?.to_vec1::<f32>()?;
        let expected = [-1.224_744_9, 0.0, 1.224_744_9, 0.0, 0.0, 0.0];
        assert!(found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-6), "{found:?}");
        let back = scale.unscaled(&scaled)?.flatten_all()?.to_vec1::<f32>()?;
        assert!(back.iter().zip(targets.flatten_all()?.to_vec1::<f32>()?).all(|(a, b)| (a - b).abs() < 1e-4));
        let text = serde_json::to_string(&scale).unwrap_or_default();
        assert_eq!(serde_json::from_str::<TargetScale>(&text).ok(), Some(scale));
        Ok(())
    }
}
