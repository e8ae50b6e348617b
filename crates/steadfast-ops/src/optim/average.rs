//! The exponential moving average of a model's weights.

use std::collections::BTreeMap;

use candle_core::{Tensor, Var};

use super::pass::{Rule, apply};
use crate::compute::Real;
use crate::error::{Differences, OptimizerError, TensorMismatch};

/// The exponential moving average of parameters, step by step: `average = decay * average + (1 - decay) * parameter`.
///
/// It begins with the parameters as they are, as `torch.optim.swa_utils.AveragedModel` with `get_ema_multi_avg_fn` does
/// at its first update. Averaged weights often generalize better than the last ones: Polyak and Juditsky,
/// "Acceleration of Stochastic Approximation by Averaging", 1992.
#[derive(Debug)]
pub struct WeightAverage {
    decay: f64,
    averages: BTreeMap<String, Var>,
}

impl WeightAverage {
    /// Begins with the parameters as they are now.
    pub fn new(decay: f64, parameters: &BTreeMap<String, Var>) -> candle_core::Result<Self> {
        let copied = |(name, var): (&String, &Var)| Ok((name.clone(), Var::from_tensor(&var.as_detached_tensor())?));
        Ok(Self { decay, averages: parameters.iter().map(copied).collect::<candle_core::Result<_>>()? })
    }

    /// Takes in the parameters after one more step, in place.
    pub fn update(&mut self, parameters: &BTreeMap<String, Var>) -> candle_core::Result<()> {
        let rule = Mean { weight: 1.0 - self.decay };
        for (name, average) in &self.averages {
            if let Some(parameter) = parameters.get(name) {
                apply(average, &[], (&parameter.as_detached_tensor(), 1.0), &rule)?;
            }
        }
        Ok(())
    }

    /// The averages by the names of the parameters, sharing their memory.
    pub fn tensors(&self) -> BTreeMap<String, Tensor> {
        self.averages.iter().map(|(name, var)| (name.clone(), var.as_detached_tensor())).collect()
    }

    /// Takes the place of an average that had these values.
    ///
    /// # Errors
    ///
    /// When names, shapes or element types differ from the parameters'; then nothing was changed.
    pub fn restore(&mut self, tensors: &BTreeMap<String, Tensor>) -> Result<(), OptimizerError> {
        let mut differences = Differences::default();
        let kind = |tensor: &Tensor| (tensor.shape().clone(), tensor.dtype());
        for (name, var) in &self.averages {
            match tensors.get(name).map(kind) {
                None => differences.missing.push(name.clone()),
                Some(found) if found == kind(var) => {}
                Some(found) => {
                    let mismatch = TensorMismatch { name: name.clone(), expected: kind(var), found };
                    differences.mismatched.push(mismatch);
                }
            }
        }
        differences.unexpected = tensors.keys().filter(|name| !self.averages.contains_key(*name)).cloned().collect();
        if !differences.is_empty() {
            return Err(OptimizerError::Mismatch(Box::new(differences)));
        }
        for (name, var) in &self.averages {
            if let Some(tensor) = tensors.get(name) {
                let set = tensor.to_device(var.device()).and_then(|tensor| var.set(&tensor));
                set.map_err(|source| OptimizerError::Tensor { name: name.clone(), source })?;
            }
        }
        Ok(())
    }
}

struct Mean {
    /// One minus the decay, in f64: in f32 a decay near one would lose its digits.
    weight: f64,
}

impl Rule<0> for Mean {
    #[inline(always)]
    fn element<T: Real>(&self, average: T, _: [T; 0], parameter: T) -> (T, [T; 0]) {
        (average + T::from_f64(self.weight) * (parameter - average), [])
    }
}
