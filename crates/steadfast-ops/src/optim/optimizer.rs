//! What all optimizers have in common: one step, and a state of named tensors.

use std::collections::BTreeMap;

use candle_core::{Tensor, Var};

use super::NamedGradients;
use crate::error::{Differences, OptimizerError, TensorMismatch};

/// A rule that changes parameters by their gradients.
///
/// Its state belongs to parameters by name, so that it can be saved with a model and restored into another process.
pub trait Optimizer: Send {
    /// Changes every parameter that has a gradient, in place, in the order of the names.
    fn step(
        &mut self,
        parameters: &BTreeMap<String, Var>,
        gradients: &NamedGradients,
        learning_rate: f64,
    ) -> Result<(), OptimizerError>;

    /// All that a later [`Optimizer::restore`] needs; the tensors share memory with the optimizer and change at the
    /// next step.
    fn state(&self) -> OptimizerState;

    /// Takes the place of an optimizer that had this state; the values are copied.
    ///
    /// # Errors
    ///
    /// When the state belongs to other parameters or to another kind of optimizer; then nothing was changed.
    fn restore(&mut self, parameters: &BTreeMap<String, Var>, state: &OptimizerState) -> Result<(), OptimizerError>;
}

/// The state of an optimizer.
#[derive(Clone, Debug, Default)]
pub struct OptimizerState {
    /// Steps taken so far.
    pub steps: u64,
    /// Tensors named `<slot>.<parameter>`, such as `first_moment.fc.weight`.
    pub tensors: BTreeMap<String, Tensor>,
}

/// The tensors of one kind, one per parameter, such as all first moments.
#[derive(Debug)]
pub(super) struct Slot {
    name: &'static str,
    /// What each element is before the first step.
    initial: f64,
    tensors: BTreeMap<String, Tensor>,
}

impl Slot {
    pub(super) const fn new(name: &'static str) -> Self {
        Self::filled_with(name, 0.0)
    }

    /// Tensors whose elements are all `initial` at first.
    pub(super) const fn filled_with(name: &'static str, initial: f64) -> Self {
        Self { name, initial, tensors: BTreeMap::new() }
    }

    /// The same tensors; those to come have other first elements.
    pub(super) fn beginning_with(self, initial: f64) -> Self {
        Self { initial, ..self }
    }

    /// Whether this parameter has taken a step.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// The tensor of this parameter; zeros at first, unless something else was asked for.
    pub(super) fn of(&mut self, name: &str, var: &Var) -> candle_core::Result<Tensor> {
        if let Some(tensor) = self.tensors.get(name) {
            return Ok(tensor.clone());
        }
        let tensor = if self.initial == 0.0 {
            Tensor::zeros(var.shape(), var.dtype(), var.device())?
        } else {
            // Of its own memory, unlike a broadcast number.
            Tensor::full(self.initial, var.shape(), var.device())?.to_dtype(var.dtype())?.copy()?
        };
        self.tensors.insert(name.to_owned(), tensor.clone());
        Ok(tensor)
    }

    /// Replaces the tensor of this parameter.
    pub(super) fn set(&mut self, name: &str, tensor: Tensor) {
        self.tensors.insert(name.to_owned(), tensor);
    }

    /// Adds the tensors to a state under their full names.
    pub(super) fn write_to(&self, state: &mut OptimizerState) {
        let named = self.tensors.iter().map(|(name, tensor)| (format!("{}.{name}", self.name), tensor.clone()));
        state.tensors.extend(named);
    }
}

/// Reads the tensors of `slots` from a state: one for each parameter that has any, and nothing else.
///
/// A state from before the first step holds no tensors and gives empty slots.
pub(super) fn slots_from<const N: usize>(
    names: [&'static str; N],
    parameters: &BTreeMap<String, Var>,
    state: &OptimizerState,
) -> Result<[Slot; N], OptimizerError> {
    let mut slots = names.map(Slot::new);
    let mut differences = Differences::default();
    let mut expected = 0;
    for (name, var) in parameters {
        let full = names.map(|slot| format!("{slot}.{name}"));
        if full.iter().all(|full| !state.tensors.contains_key(full)) {
            // A parameter that never had a gradient has no state.
            continue;
        }
        for (slot, full) in slots.iter_mut().zip(full) {
            let Some(tensor) = state.tensors.get(&full) else {
                differences.missing.push(full);
                continue;
            };
            expected += 1;
            let (wanted, found) = ((var.shape().clone(), var.dtype()), (tensor.shape().clone(), tensor.dtype()));
            if wanted == found {
                let copied = tensor.to_device(var.device()).and_then(|tensor| tensor.copy());
                slot.set(name, copied.map_err(|source| OptimizerError::Tensor { name: full, source })?);
            } else {
                differences.mismatched.push(TensorMismatch { name: full, expected: wanted, found });
            }
        }
    }
    if expected < state.tensors.len() {
        let belongs = |full: &String| {
            names.iter().any(|slot| {
                let rest = full.strip_prefix(slot).and_then(|rest| rest.strip_prefix('.'));
                rest.is_some_and(|name| parameters.contains_key(name))
            })
        };
        differences.unexpected = state.tensors.keys().filter(|full| !belongs(full)).cloned().collect();
    }
    if differences.is_empty() { Ok(slots) } else { Err(OptimizerError::Mismatch(Box::new(differences))) }
}
