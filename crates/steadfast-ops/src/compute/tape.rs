//! A backward pass that moves gradients instead of adding them to zeros.
//!
//! Candle's own pass allocates zeros for every intermediate result, adds its gradient to them on one thread, and does
//! the same again for each further use: for large activations that costs more than computing the gradient. Operations
//! of this crate are therefore remembered by their result, beside candle's graph and not instead of it. Where a whole
//! graph consists of them, [`gradients`] runs it from here; everything else goes through candle.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use candle_core::{CpuStorage, DType, Layout, Result, Shape, Tensor, TensorId, bail};

use super::View;
use super::reduction::add_into;

/// Something about tensors. Looked up by tensor and never iterated over, so its order reaches nothing.
#[expect(clippy::disallowed_types, reason = "tensors have an identity and no order")]
type ByTensor<V> = std::collections::HashMap<TensorId, V>;

/// Aliases that are remembered at most; graphs that are dropped without a backward pass leave theirs behind.
const MOST_ALIASES: usize = 4096;

/// A gradient under way. It may stand for several tensors at once, and is copied only where one of them changes it.
#[derive(Clone)]
pub(crate) struct Gradient {
    values: Arc<CpuStorage>,
    shape: Shape,
}

/// An operation that was applied, as the backward pass sees it.
pub(super) trait Applied: Send + Sync {
    /// The gradients of those inputs that need one.
    fn backward(&self, output: &Tensor, gradient: Gradient) -> Result<Vec<(TensorId, Gradient)>>;
}

/// What is known of a result.
enum Entry {
    /// The operation that made it, for as long as candle's graph holds it.
    Operation(Weak<dyn Applied>),
    /// It has the values of another tensor in another shape.
    Alias(TensorId),
}

#[derive(Default)]
struct Tape {
    entries: ByTensor<Entry>,
    aliases: usize,
}

fn tape() -> MutexGuard<'static, Tape> {
    static TAPE: OnceLock<Mutex<Tape>> = OnceLock::new();
    TAPE.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}

/// Forgets an operation when candle drops it.
#[derive(Default)]
pub(super) struct Ticket(OnceLock<TensorId>);

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(id) = self.0.get() {
            tape().entries.remove(id);
        }
    }
}

/// Remembers the operation that made a tracked result. The ticket belongs into candle's node.
pub(super) fn remember(result: &Tensor, operation: Weak<dyn Applied>, ticket: &Arc<Ticket>) {
    if result.track_op() && ticket.0.set(result.id()).is_ok() {
        tape().entries.insert(result.id(), Entry::Operation(operation));
    }
}

/// Remembers that a result is another shape of a tensor.
pub(crate) fn remember_alias(result: &Tensor, of: &Tensor) {
    if !result.track_op() || result.id() == of.id() {
        return;
    }
    let mut tape = tape();
    if tape.aliases >= MOST_ALIASES {
        // Whoever still needs one of these goes through candle.
        tape.entries.retain(|_, entry| matches!(entry, Entry::Operation(_)));
        tape.aliases = 0;
    }
    tape.aliases += 1;
    tape.entries.insert(result.id(), Entry::Alias(of.id()));
}

impl Gradient {
    /// Takes over values in row-major order.
    pub(super) fn new(values: CpuStorage, shape: Shape) -> Self {
        Self { values: Arc::new(values), shape }
    }

    fn ones(of: &Tensor) -> Result<Self> {
        let count = of.elem_count();
        let values = match of.dtype() {
            DType::F32 => CpuStorage::F32(vec![1.0; count]),
            DType::F64 => CpuStorage::F64(vec![1.0; count]),
            other => bail!("no gradient in {other:?}"),
        };
        Ok(Self::new(values, of.shape().clone()))
    }

    /// The same values in another shape.
    pub(super) fn reshaped(self, shape: Shape) -> Self {
        Self { shape, ..self }
    }

    /// Lets an operation look at it.
    pub(super) fn with_view<R>(&self, look: impl FnOnce(View<'_>) -> R) -> R {
        let layout = Layout::contiguous(&self.shape);
        look(View::new(&self.values, &layout))
    }

    /// Adds another gradient of the same tensor.
    fn add(&mut self, other: &Self) -> Result<()> {
        match (Arc::make_mut(&mut self.values), &*other.values) {
            (CpuStorage::F32(sums), CpuStorage::F32(addends)) => add_into(sums, addends),
            (CpuStorage::F64(sums), CpuStorage::F64(addends)) => add_into(sums, addends),
            _ => bail!("two gradients of one tensor have different types"),
        }
        Ok(())
    }

    /// As a tensor, without a copy where nobody else has it.
    pub(super) fn into_tensor(self) -> Result<Tensor> {
        let device = &candle_core::Device::Cpu;
        match Arc::try_unwrap(self.values).unwrap_or_else(|shared| (*shared).clone()) {
            CpuStorage::F32(values) => Tensor::from_vec(values, self.shape, device),
            CpuStorage::F64(values) => Tensor::from_vec(values, self.shape, device),
            _ => bail!("a gradient is neither f32 nor f64"),
        }
    }
}

/// One node of a graph that consists of remembered operations.
enum Step {
    Leaf,
    Operation(Arc<dyn Applied>),
    Alias(TensorId),
}

/// The gradients of all variables that `loss` depends on; nothing where some operation on the way is not one of ours.
pub(super) fn gradients(loss: &Tensor) -> Result<Option<Vec<(TensorId, Tensor)>>> {
    if !loss.device().is_cpu() || !matches!(loss.dtype(), DType::F32 | DType::F64) {
        return Ok(None);
    }
    let nodes = loss.sorted_nodes();
    let Some(steps) = steps(&nodes) else { return Ok(None) };
    let shapes: ByTensor<&Shape> = nodes.iter().map(|node| (node.id(), node.shape())).collect();
    let mut under_way = ByTensor::from([(loss.id(), Gradient::ones(loss)?)]);
    let mut found = Vec::new();
    for (node, step) in nodes.into_iter().zip(steps) {
        // What nothing flows back to needs nothing.
        let Some(gradient) = under_way.remove(&node.id()) else { continue };
        let of_inputs = match step {
            Step::Leaf => {
                found.push((node.id(), gradient.into_tensor()?));
                continue;
            }
            Step::Operation(operation) => operation.backward(node, gradient)?,
            Step::Alias(of) => {
                let Some(&shape) = shapes.get(&of) else { continue };
                vec![(of, gradient.reshaped(shape.clone()))]
            }
        };
        for (input, gradient) in of_inputs {
            match under_way.get_mut(&input) {
                Some(sum) => sum.add(&gradient)?,
                None => {
                    under_way.insert(input, gradient);
                }
            }
        }
    }
    Ok(Some(found))
}

/// What made each node; nothing where one is not known. Aliases are used up.
fn steps(nodes: &[&Tensor]) -> Option<Vec<Step>> {
    let mut tape = tape();
    let mut steps = Vec::with_capacity(nodes.len());
    for node in nodes {
        let step = match tape.entries.get(&node.id()) {
            _ if node.is_variable() => Step::Leaf,
            Some(Entry::Operation(operation)) => Step::Operation(operation.upgrade()?),
            Some(Entry::Alias(of)) => Step::Alias(*of),
            None => return None,
        };
        steps.push(step);
    }
    for (node, _) in nodes.iter().zip(&steps).filter(|(_, step)| matches!(step, Step::Alias(_))) {
        if tape.entries.remove(&node.id()).is_some() {
            tape.aliases = tape.aliases.saturating_sub(1);
        }
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use candle_core::Var;

    use super::*;
    use crate::ops::{add, flatten_from, linear, mse, relu};
    use crate::testing::{flat, normal};

    /// A loss in which one result is used twice, and one variable in two places.
    fn graph(weight: &Var, x: &Tensor) -> Result<Tensor> {
        let hidden = relu(&linear(x, weight, None)?)?;
        let output = linear(&add(&hidden, &relu(&hidden)?)?, weight, None)?;
        mse(&flatten_from(&output, 0)?, &normal("target", &[12]))
    }

    #[test]
    fn a_graph_of_ours_has_the_gradients_of_candles_pass() -> Result<()> {
        let (weight, x) = (Var::from_tensor(&normal("w", &[3, 3]))?, normal("x", &[4, 3]));
        let expected = graph(&weight, &x)?.backward()?;
        let found = gradients(&graph(&weight, &x)?)?.unwrap();
        let [(id, gradient)] = found.as_slice() else { panic!("{} gradients", found.len()) };
        assert_eq!(*id, weight.as_tensor().id());
        assert_eq!(flat(gradient), flat(expected.get(&weight).unwrap()));
        Ok(())
    }

    #[test]
    fn a_foreign_operation_sends_the_whole_graph_through_candle() -> Result<()> {
        let weight = Var::from_tensor(&normal("w", &[3, 3]))?;
        let foreign = relu(&weight)?.sqr()?;
        let loss = mse(&foreign, &normal("t", &[3, 3]))?;
        assert!(gradients(&loss)?.is_none());
        Ok(())
    }

    #[test]
    fn what_candle_drops_is_forgotten() -> Result<()> {
        let (weight, x) = (Var::from_tensor(&normal("w", &[3, 3]))?, normal("x", &[4, 3]));
        let ids: Vec<TensorId> = {
            let loss = graph(&weight, &x)?;
            let ids = loss.sorted_nodes().iter().map(|node| node.id()).collect();
            gradients(&loss)?;
            ids
        };
        assert!(ids.iter().all(|id| !tape().entries.contains_key(id)));
        // Nothing is remembered of what needs no gradient.
        let untracked = relu(&x)?;
        assert!(!tape().entries.contains_key(&untracked.id()));
        Ok(())
    }
}
