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
        let from_input: [&[T]; 3] = std::array::from_fn(|index| part(projected, index, width));
        let from_state: [&[T]; 3] = std::array::from_fn(|index| part(recurrent, index, width));
        let (first, others) = saved.split_at_mut(width);
        let (second, others) = others.split_at_mut(width);
        let (third, fourth) = others.split_at_mut(width);
        let (second, third, fourth) = (&mut second[..width], &mut third[..width], &mut fourth[..width]);
        for index in 0..width {
            let reset = logistic(from_input[0][index] + from_state[0][index]);
            let update = logistic(from_input[1][index] + from_state[1][index]);
            let new = tangent(from_input[2][index] + reset * from_state[2][index]);
            (first[index], second[index], third[index], fourth[index]) = (reset, update, new, from_state[2][index]);
            hidden[index] = new + update * (hidden[index] - new);
        }
    }

    #[inline(always)]
    fn backward<T: Real>(step: StepBack<'_, T>) {
        let width = step.of_hidden.len();
        let saved: [&[T]; 4] = std::array::from_fn(|index| part(step.saved, index, width));
        let (before, of_hidden) = (&step.hidden_before[..width], &mut step.of_hidden[..width]);
        let (first, others) = step.of_projected.split_at_mut(width);
        let (second, third) = others.split_at_mut(width);
        let (second, third) = (&mut second[..width], &mut third[..width]);
        for index in 0..width {
            let (reset, update, new, from_state) = (saved[0][index], saved[1][index], saved[2][index], saved[3][index]);
            let of_new = of_hidden[index] * (T::ONE - update) * (T::ONE - new * new);
            first[index] = of_new * from_state * reset * (T::ONE - reset);
            second[index] = of_hidden[index] * (before[index] - new) * update * (T::ONE - update);
            third[index] = of_new;
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
