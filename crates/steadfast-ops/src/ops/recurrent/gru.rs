//! Gated recurrent units.

use candle_core::{D, Result, Tensor};

use super::cell::{Cell, Step, StepBack, logistic, part, tangent};
use super::sequence;
use crate::compute::Real;

/// The hidden states of gated recurrent units over whole sequences.
///
/// `projected` is `[batch, T, 3 * hidden]`, the input times its weight plus its bias, one
/// [`linear`](crate::linear) for all steps; `weight` is `[3 * hidden, hidden]` and `bias` `[3 * hidden]`: the
/// `weight_ih`, `bias_ih`, `weight_hh` and `bias_hh` of `torch.nn.GRU`, with its order of gates: reset, update, new.
/// The result is `[batch, T, hidden]`; the hidden state begins as zeros.
/// With `reverse` the sequences are read from their ends.
pub fn gru(projected: &Tensor, weight: &Tensor, bias: &Tensor, reverse: bool) -> Result<Tensor> {
    sequence::apply::<Gru>([projected, weight, bias], reverse, composed)
}

/// One step of candle's own operations, from `[batch, 3 * hidden]` and the state before.
fn composed(projected: &Tensor, recurrent: &Tensor, hidden: &Tensor, memory: &Tensor) -> Result<(Tensor, Tensor)> {
    let (projected, recurrent) = (projected.chunk(3, D::Minus1)?, recurrent.chunk(3, D::Minus1)?);
    let logistic = |x: Tensor| x.neg()?.exp()?.affine(1.0, 1.0)?.recip();
    let reset = logistic((&projected[0] + &recurrent[0])?)?;
    let update = logistic((&projected[1] + &recurrent[1])?)?;
    let new = (&projected[2] + (reset * &recurrent[2])?)?.tanh()?;
    let hidden = (&new + (update * (hidden - &new)?)?)?;
    Ok((hidden, memory.clone()))
}

struct Gru;

impl Cell for Gru {
    const NAME: &'static str = "gru";
    const GATES: usize = 3;
    /// The three gates, and what the hidden state gives to the last of them.
    const SAVED: usize = 4;

    #[inline(always)]
    fn forward<T: Real>(Step { projected, recurrent, hidden, saved, .. }: Step<'_, T>) {
        let width = hidden.len();
        let [of_reset, of_update, of_new] = std::array::from_fn(|index| part(projected, index, width));
        let [back_reset, back_update, back_new] = std::array::from_fn(|index| part(recurrent, index, width));
        let (resets, rest) = saved.split_at_mut(width);
        let (updates, rest) = rest.split_at_mut(width);
        let (news, kept) = rest.split_at_mut(width);
        let (kept, news, updates) = (&mut kept[..width], &mut news[..width], &mut updates[..width]);
        for index in 0..width {
            let reset = logistic(of_reset[index] + back_reset[index]);
            let update = logistic(of_update[index] + back_update[index]);
            let new = tangent(of_new[index] + reset * back_new[index]);
            (resets[index], updates[index], news[index], kept[index]) = (reset, update, new, back_new[index]);
            hidden[index] = new + update * (hidden[index] - new);
        }
    }

    #[inline(always)]
    fn backward<T: Real>(step: StepBack<'_, T>) {
        let width = step.of_hidden.len();
        let [resets, updates, news, kept] = std::array::from_fn(|index| part(step.saved, index, width));
        let (before, of_hidden) = (&step.hidden_before[..width], &mut step.of_hidden[..width]);
        let (of_resets, rest) = step.of_projected.split_at_mut(width);
        let (of_updates, of_news) = rest.split_at_mut(width);
        let (of_updates, of_news) = (&mut of_updates[..width], &mut of_news[..width]);
        for index in 0..width {
            let (reset, update, new) = (resets[index], updates[index], news[index]);
            let of_new = of_hidden[index] * (T::ONE - update) * (T::ONE - new * new);
            of_updates[index] = of_hidden[index] * (before[index] - new) * update * (T::ONE - update);
            of_resets[index] = of_new * kept[index] * reset * (T::ONE - reset);
            of_news[index] = of_new;
            of_hidden[index] *= update;
        }
        step.of_recurrent.copy_from_slice(step.of_projected);
        Self::recurrent_gradient(step.of_recurrent, step.saved);
    }

    #[inline(always)]
    fn recurrent_gradient<T: Real>(of_projected: &mut [T], saved: &[T]) {
        let width = saved.len() / Self::SAVED;
        for (gradient, &reset) in of_projected[2 * width..].iter_mut().zip(saved) {
            *gradient *= reset;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, normal};

    fn check_gru([batch, positions, hidden]: [usize; 3], reverse: bool) {
        let shapes: [&[usize]; 3] = [&[batch, positions, 3 * hidden], &[3 * hidden, hidden], &[3 * hidden]];
        check(&shapes, &|t| gru(&t[0], &t[1], &t[2], reverse), &|t| {
            sequence::composed([&t[0], &t[1], &t[2]], reverse, composed)
        });
    }

    #[test]
    fn both_directions() {
        for reverse in [false, true] {
            check_gru([1, 1, 1], reverse);
            check_gru([3, 5, 4], reverse);
            check_gru([19, 4, 33], reverse);
        }
    }

    #[test]
    fn shapes_that_do_not_fit_are_errors() {
        let (weight, bias) = (normal("w", &[6, 2]), normal("b", &[6]));
        assert!(gru(&normal("x", &[2, 3, 6]), &weight, &bias, false).is_ok());
        assert!(gru(&normal("x", &[2, 3, 8]), &weight, &bias, false).is_err());
        assert!(gru(&normal("x", &[6]), &weight, &bias, false).is_err());
    }
}
