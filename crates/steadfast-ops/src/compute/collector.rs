//! A shorter way for the gradients of variables.
//!
//! Candle's backward pass adds every gradient to a tensor of zeros, which for a large weight costs three more passes
//! over its memory, on one thread. Between [`backward`]'s beginning and end the operations of this crate hand the
//! gradients of variables over here instead, without a copy; candle never looks at the gradient of a variable itself.

use std::cell::RefCell;

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, TensorId};

use super::tape;

/// Gradients by variable.
type Handed = Vec<(TensorId, Tensor)>;

thread_local! {
    /// What was handed over on this thread, for each backward pass under way: while one waits for its tasks, rayon may
    /// run another one on the same thread, which ends before the first goes on.
    static COLLECTED: RefCell<Vec<Handed>> = const { RefCell::new(Vec::new()) };
}

/// The gradients of one backward pass.
pub(crate) struct Collected {
    /// Those that candle added up, where its pass was needed.
    store: Option<GradStore>,
    /// Those that operations of this crate handed over, each variable once.
    direct: Handed,
}

impl Collected {
    /// Takes the gradient of a variable out.
    pub(crate) fn remove(&mut self, variable: &Tensor) -> Result<Option<Tensor>> {
        let direct = self.direct.iter().position(|(id, _)| *id == variable.id());
        let direct = direct.map(|position| self.direct.swap_remove(position).1);
        match (self.store.as_mut().and_then(|store| store.remove(variable)), direct) {
            (Some(added), Some(direct)) => added.add(&direct).map(Some),
            (added, direct) => Ok(added.or(direct)),
        }
    }
}

/// Runs the backward pass from `loss`: over the tape where that knows the whole graph, else candle's.
pub(crate) fn backward(loss: &Tensor) -> Result<Collected> {
    if let Some(direct) = tape::gradients(loss)? {
        return Ok(Collected { store: None, direct });
    }
    let collection = Collection::begin();
    let store = loss.backward()?;
    Ok(Collected { store: Some(store), direct: collection.end() })
}

/// A collection under way; dropping it ends it, however the backward pass ended.
struct Collection {
    /// How many others were under way when it began.
    depth: usize,
}

impl Collection {
    fn begin() -> Self {
        COLLECTED.with_borrow_mut(|collections| {
            collections.push(Vec::new());
            Self { depth: collections.len() - 1 }
        })
    }

    fn end(self) -> Handed {
        COLLECTED.with_borrow_mut(|collections| collections.get_mut(self.depth).map(std::mem::take).unwrap_or_default())
    }
}

impl Drop for Collection {
    fn drop(&mut self) {
        COLLECTED.with_borrow_mut(|collections| collections.truncate(self.depth));
    }
}

/// Hands the gradient of an input over where that input is a variable and a collection is under way; else gives it back.
pub(super) fn hand_over(input: &Tensor, gradient: Tensor) -> Result<Option<Tensor>> {
    if !input.is_variable() {
        return Ok(Some(gradient));
    }
    COLLECTED.with_borrow_mut(|collections| {
        let Some(collected) = collections.last_mut() else { return Ok(Some(gradient)) };
        match collected.iter_mut().find(|(id, _)| *id == input.id()) {
            Some((_, sum)) => *sum = sum.add(&gradient)?,
            None => collected.push((input.id(), gradient)),
        }
        Ok(None)
    })
}

#[cfg(test)]
mod tests {
    use candle_core::Var;

    use super::*;
    use crate::ops::{linear, relu};
    use crate::testing::{assert_near, flat, normal};

    /// A variable used by two operations of this crate and by one of candle's.
    #[test]
    fn the_gradients_are_those_of_candle() -> Result<()> {
        let (weight, bias) = (Var::from_tensor(&normal("w", &[3, 3]))?, Var::from_tensor(&normal("b", &[3]))?);
        let hidden = relu(&linear(&normal("x", &[4, 3]), &weight, Some(&bias))?)?;
        let output = linear(&hidden, &weight, Some(&bias))?.matmul(&weight)?;
        let loss = output.sqr()?.sum_all()?;
        let (mut collected, plain) = (backward(&loss)?, loss.backward()?);
        for variable in [&weight, &bias] {
            // Only the order of the three addends differs.
            let (found, expected) = (collected.remove(variable)?.unwrap(), plain.get(variable).unwrap());
            assert_near(&flat(&found), &flat(expected), 1e-14, "gradient");
        }
        assert!(collected.remove(&weight)?.is_none(), "taken out already");
        Ok(())
    }

    #[test]
    fn a_failed_pass_ends_the_collection() -> Result<()> {
        let variable = Var::from_tensor(&normal("w", &[3]))?;
        let loss = relu(&variable)?.apply_op1(WithoutBackward)?.sum_all()?;
        assert!(backward(&loss).is_err());
        let gradient = relu(&variable)?.sum_all()?.backward()?.get(&variable).cloned();
        assert!(gradient.is_some(), "handed over outside of a collection");
        Ok(())
    }

    struct WithoutBackward;

    impl candle_core::CustomOp1 for WithoutBackward {
        fn name(&self) -> &'static str {
            "without_backward"
        }

        fn cpu_fwd(
            &self,
            storage: &candle_core::CpuStorage,
            layout: &candle_core::Layout,
        ) -> Result<(candle_core::CpuStorage, candle_core::Shape)> {
            Ok((storage.clone(), layout.shape().clone()))
        }
    }
}
