//! A model with its parameters and its optimizer: what a step changes and a checkpoint holds.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor, Var};
use serde_json::{Map, Value};
use steadfast_experiment::{ExperimentError, ExperimentState};
use steadfast_ops::{NamedGradients, Optimizer, OptimizerState, SeededParameters, StepContext, WeightAverage};
use steadfast_state::TensorMap;

use super::tensors;
use crate::models::Model;

/// What parameters are made of.
pub(super) const DTYPE: DType = DType::F32;

/// Where the optimizer's step count stands in the saved state.
const OPTIMIZER_STEPS: &str = "optimizer_steps";

/// Before the names of the trained weights, where the model that is saved is their average.
const TRAINED: &str = "trained.";

/// A model with its parameters and its optimizer.
///
/// With an average of the weights, the average is the model that is validated, saved and exported; the trained weights
/// are saved beside the optimizer's moments.
pub(super) struct Network {
    parameters: SeededParameters,
    trainable: BTreeMap<String, Var>,
    model: Box<dyn Model>,
    optimizer: Box<dyn Optimizer>,
    ema_decay: Option<f64>,
    /// There once a step was done, if one is wanted.
    average: Option<WeightAverage>,
}

impl Network {
    pub(super) fn new(
        parameters: SeededParameters,
        model: Box<dyn Model>,
        optimizer: Box<dyn Optimizer>,
        ema_decay: Option<f64>,
    ) -> Self {
        let trainable = parameters.parameters();
        Self { parameters, trainable, model, optimizer, ema_decay, average: None }
    }

    /// The parameters that get gradients.
    pub(super) fn trainable(&self) -> &BTreeMap<String, Var> {
        &self.trainable
    }

    pub(super) fn forward(&self, input: &Tensor, context: &StepContext) -> Result<Tensor, ExperimentError> {
        self.model.forward(input, context).map_err(ExperimentError::compute)
    }

    pub(super) fn update(&mut self, gradients: &NamedGradients, lr: f64) -> Result<(), ExperimentError> {
        self.optimizer.step(&self.trainable, gradients, lr).map_err(ExperimentError::compute)?;
        match (self.ema_decay, &mut self.average) {
            (None, _) => Ok(()),
            (Some(_), Some(average)) => average.update(&self.trainable),
            (Some(decay), None) => {
                WeightAverage::new(decay, &self.trainable).map(|average| self.average = Some(average))
            }
        }
        .map_err(ExperimentError::compute)
    }

    /// Does something with the weights that are validated: the averaged ones, if there are any.
    pub(super) fn with_validated_weights<R>(
        &self,
        work: impl FnOnce(&Self) -> Result<R, ExperimentError>,
    ) -> Result<R, ExperimentError> {
        let Some(average) = &self.average else { return work(self) };
        let mut trained = BTreeMap::new();
        for (name, var) in &self.trainable {
            trained.insert(name.clone(), var.as_detached_tensor().copy().map_err(ExperimentError::compute)?);
        }
        let done = self.set(&average.tensors()).and_then(|()| work(self));
        self.set(&trained)?;
        done
    }

    fn set(&self, weights: &BTreeMap<String, Tensor>) -> Result<(), ExperimentError> {
        for (name, var) in &self.trainable {
            if let Some(tensor) = weights.get(name) {
                var.set(tensor).map_err(ExperimentError::compute)?;
            }
        }
        Ok(())
    }

    /// The state without what the experiment adds to `extra`.
    pub(super) fn save(&self) -> Result<ExperimentState, ExperimentError> {
        let OptimizerState { steps, tensors: mut kept } = self.optimizer.state();
        let mut model = self.parameters.tensors();
        for (name, averaged) in self.average.iter().flat_map(WeightAverage::tensors) {
            if let Some(trained) = model.insert(name.clone(), averaged) {
                kept.insert(format!("{TRAINED}{name}"), trained);
            }
        }
        let extra = Map::from_iter([(OPTIMIZER_STEPS.to_owned(), Value::from(steps))]);
        Ok(ExperimentState {
            model: tensors::to_map(&model)?,
            optimizer: tensors::to_map(&kept)?,
            extra: Value::Object(extra),
        })
    }

    /// The start fails if either part does not fit, so a half that did is never used.
    pub(super) fn restore(&mut self, state: &ExperimentState) -> Result<(), ExperimentError> {
        let steps = state.extra[OPTIMIZER_STEPS].as_u64();
        let steps = steps.ok_or_else(|| refused(format!("there is no `{OPTIMIZER_STEPS}`")))?;
        let mut kept = tensors::from_map(&state.optimizer, &Device::Cpu)?;
        let mut model = tensors::from_map(&state.model, &Device::Cpu)?;
        let trained: BTreeMap<String, Tensor> = kept
            .extract_if(.., |name, _| name.starts_with(TRAINED))
            .map(|(name, tensor)| (name[TRAINED.len()..].to_owned(), tensor))
            .collect();
        self.optimizer.restore(&self.trainable, &OptimizerState { steps, tensors: kept }).map_err(unfit)?;
        let mut averaged = BTreeMap::new();
        for (name, tensor) in trained {
            if let Some(average) = model.insert(name.clone(), tensor) {
                averaged.insert(name, average);
            }
        }
        self.parameters.load(&model).map_err(unfit)?;
        self.average = match self.ema_decay {
            Some(decay) if !averaged.is_empty() => {
                let mut average = WeightAverage::new(decay, &self.trainable).map_err(ExperimentError::compute)?;
                average.restore(&averaged).map_err(unfit)?;
                Some(average)
            }
            // A run forked from one without an average begins one at its next step.
            _ => None,
        };
        Ok(())
    }

    /// Sets the weights to those of a model file; what was averaged is forgotten.
    pub(super) fn load(&mut self, weights: &TensorMap) -> Result<(), ExperimentError> {
        let weights = tensors::from_map(weights, &Device::Cpu)?;
        self.parameters.load(&weights).map_err(unfit)?;
        self.average = None;
        Ok(())
    }
}

fn refused(message: String) -> ExperimentError {
    ExperimentError::State { message }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn unfit(error: impl ToString) -> ExperimentError {
    refused(error.to_string())
}
