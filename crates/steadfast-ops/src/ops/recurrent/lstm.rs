//! Long short-term memory.

use candle_core::{D, Result, Tensor};

use super::cell::{Cell, Step, StepBack, logistic, part, tangent};
use super::sequence;
use crate::compute::Real;

/// The hidden states of a long short-term memory over whole sequences.
///
/// `projected` is `[batch, T, 4 * hidden]`, the input times its weight plus its bias, one
/// [`linear`](crate::linear) for all steps; `weight` is `[4 * hidden, hidden]` and `bias` `[4 * hidden]`: the
/// `weight_ih`, `bias_ih`, `weight_hh` and `bias_hh` of `torch.nn.LSTM`, with its order of gates: input, forget, cell,
/// output. The result is `[batch, T, hidden]`; hidden state and memory begin as zeros.
/// With `reverse` the sequences are read from their ends.
pub fn lstm(projected: &Tensor, weight: &Tensor, bias: &Tensor, reverse: bool) -> Result<Tensor> {
    sequence::apply::<Lstm>([projected, weight, bias], reverse, composed)
}

/// One step of candle's own operations, from `[batch, 4 * hidden]` and the state before.
fn composed(projected: &Tensor, recurrent: &Tensor, _: &Tensor, memory: &Tensor) -> Result<(Tensor, Tensor)> {
    let gates = (projected + recurrent)?.chunk(4, D::Minus1)?;
    let logistic = |x: &Tensor| x.neg()?.exp()?.affine(1.0, 1.0)?.recip();
    let memory = ((logistic(&gates[1])? * memory)? + (logistic(&gates[0])? * gates[2].tanh()?)?)?;
    Ok(((logistic(&gates[3])? * memory.tanh()?)?, memory))
}

struct Lstm;

impl Cell for Lstm {
    const NAME: &'static str = "lstm";
    const GATES: usize = 4;
    /// The four gates and the memory.
    const SAVED: usize = 5;

    #[inline(always)]
    fn forward<T: Real>(Step { projected, recurrent, hidden, memory, saved }: Step<'_, T>) {
        let width = hidden.len();
        let gates = projected.iter().zip(recurrent).map(|(&projected, &recurrent)| projected + recurrent);
        for (saved, gate) in saved.iter_mut().zip(gates) {
            *saved = gate;
        }
        let (gates, memories) = saved.split_at_mut(4 * width);
        let (sigmoids, rest) = gates.split_at_mut(2 * width);
        let (candidates, outputs) = rest.split_at_mut(width);
        sigmoids.iter_mut().chain(outputs.iter_mut()).for_each(
            #[inline(always)]
            |gate| *gate = logistic(*gate),
        );
        for candidate in candidates.iter_mut() {
            *candidate = tangent(*candidate);
        }
        let (inputs, forgets) = (part(sigmoids, 0, width), part(sigmoids, 1, width));
        let (candidates, outputs) = (&candidates[..width], &outputs[..width]);
        let (memories, memory) = (&mut memories[..width], &mut memory[..width]);
        for index in 0..width {
            memory[index] = forgets[index] * memory[index] + inputs[index] * candidates[index];
            memories[index] = memory[index];
            hidden[index] = outputs[index] * tangent(memory[index]);
        }
    }

    #[inline(always)]
    fn backward<T: Real>(step: StepBack<'_, T>) {
        let width = step.of_hidden.len();
        let [inputs, forgets, candidates, outputs, memories] =
            std::array::from_fn(|index| part(step.saved, index, width));
        let memories_before = part(step.saved_before, 4, width);
        let (of_hidden, of_memory) = (&mut step.of_hidden[..width], &mut step.of_memory[..width]);
        let (of_inputs, rest) = step.of_projected.split_at_mut(width);
        let (of_forgets, rest) = rest.split_at_mut(width);
        let (of_candidates, of_outputs) = rest.split_at_mut(width);
        let of_outputs = &mut of_outputs[..width];
        let of_candidates = &mut of_candidates[..width];
        for index in 0..width {
            let (input, forget, candidate, output) = (inputs[index], forgets[index], candidates[index], outputs[index]);
            let bent = tangent(memories[index]);
            let of_this = of_memory[index] + of_hidden[index] * output * (T::ONE - bent * bent);
            of_outputs[index] = of_hidden[index] * bent * output * (T::ONE - output);
            of_inputs[index] = of_this * candidate * input * (T::ONE - input);
            of_candidates[index] = of_this * input * (T::ONE - candidate * candidate);
            of_forgets[index] = of_this * memories_before[index] * forget * (T::ONE - forget);
            of_memory[index] = of_this * forget;
            of_hidden[index] = T::ZERO;
        }
        step.of_recurrent.copy_from_slice(step.of_projected);
    }

    #[inline(always)]
    fn recurrent_gradient<T: Real>(_: &mut [T], _: &[T]) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, normal};

    fn check_lstm([batch, positions, hidden]: [usize; 3], reverse: bool) {
        let shapes: [&[usize]; 3] = [&[batch, positions, 4 * hidden], &[4 * hidden, hidden], &[4 * hidden]];
        check(&shapes, &|t| lstm(&t[0], &t[1], &t[2], reverse), &|t| {
            sequence::composed([&t[0], &t[1], &t[2]], reverse, composed)
        });
    }

    #[test]
    fn both_directions() {
        for reverse in [false, true] {
            check_lstm([1, 1, 1], reverse);
            check_lstm([3, 5, 4], reverse);
            check_lstm([19, 4, 33], reverse);
        }
    }

    #[test]
    fn shapes_that_do_not_fit_are_errors() {
        let (weight, bias) = (normal("w", &[8, 2]), normal("b", &[8]));
        assert!(lstm(&normal("x", &[2, 3, 8]), &weight, &bias, false).is_ok());
        assert!(lstm(&normal("x", &[2, 3, 6]), &weight, &bias, false).is_err());
        assert!(lstm(&normal("x", &[2, 0, 8]), &weight, &bias, false).is_err());
        assert!(lstm(&normal("x", &[2, 3, 8]), &weight, &normal("b", &[4]), false).is_err());
        assert!(lstm(&normal("x", &[2, 3, 8]), &normal("w", &[6, 2]), &bias, false).is_err());
    }
}
