//! A model with its parameters and its optimizer: what a step changes and a checkpoint holds.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor, Var};
use serde_json::json;
use steadfast_experiment::{ExperimentError, ExperimentState};
use steadfast_ops::{NamedGradients, Optimizer, OptimizerState, SeededParameters, StepContext};

use super::tensors;
use crate::models::Model;

/// What parameters are made of.
pub(super) const DTYPE: DType = DType::F32;

/// Where the optimizer's step count stands in the saved state.
const OPTIMIZER_STEPS: &str = "optimizer_steps";

/// A model with its parameters and its optimizer.
pub(super) struct Network {
    parameters: SeededParameters,
    trainable: BTreeMap<String, Var>,
    model: Box<dyn Model>,
    optimizer: Box<dyn Optimizer>,
}

impl Network {
    pub(super) fn new(parameters: SeededParameters, model: Box<dyn Model>, optimizer: Box<dyn Optimizer>) -> Self {
        let trainable = parameters.parameters();
        Self { parameters, trainable, model, optimizer }
    }

    /// The parameters that get gradients.
    pub(super) fn trainable(&self) -> &BTreeMap<String, Var> {
        &self.trainable
    }

    pub(super) fn forward(&self, input: &Tensor, context: &StepContext) -> Result<Tensor, ExperimentError> {
        self.model.forward(input, context).map_err(ExperimentError::compute)
    }

    pub(super) fn update(&mut self, gradients: &NamedGradients, lr: f64) -> Result<(), ExperimentError> {
        self.optimizer.step(&self.trainable, gradients, lr).map_err(ExperimentError::compute)
    }

    pub(super) fn save(&self) -> Result<ExperimentState, ExperimentError> {
        let optimizer = self.optimizer.state();
        Ok(ExperimentState {
            model: tensors::to_map(&self.parameters.tensors())?,
            optimizer: tensors::to_map(&optimizer.tensors)?,
            extra: json!({ OPTIMIZER_STEPS: optimizer.steps }),
        })
    }

    /// The start fails if either part does not fit, so a half that did is never used.
    pub(super) fn restore(&mut self, state: &ExperimentState) -> Result<(), ExperimentError> {
        let refused = |message: String| ExperimentError::State { message };
        let steps = state.extra[OPTIMIZER_STEPS].as_u64();
        let steps = steps.ok_or_else(|| refused(format!("there is no `{OPTIMIZER_STEPS}`")))?;
        let tensors = tensors::from_map(&state.optimizer, &Device::Cpu)?;
        let model = tensors::from_map(&state.model, &Device::Cpu)?;
        self.optimizer
            .restore(&self.trainable, &OptimizerState { steps, tensors })
            .map_err(|error| refused(error.to_string()))?;
        self.parameters.load(&model).map_err(|error| refused(error.to_string()))
    }
}
