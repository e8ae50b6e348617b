//! A cell applied to whole sequences: samples are divided among tasks, and no task waits for another.

use std::marker::PhantomData;

use candle_core::{Result, Shape, Tensor, bail};

use super::cell::{Cell, Step, StepBack};
use crate::compute::{
    Gradients, Operation, Product, Real, Saved, View, apply_three, chunk_for_rows, column_sums, columns_of,
    for_each_chunk_pair, multiply, multiply_in_parallel, rows_of, rows_of_mut, runs_here, zeros,
};

/// Tasks wanted where there are enough samples.
const TASKS: usize = 8;
/// Samples per task at least: the weight is read once per step and task.
const SMALLEST_TASK: usize = 8;

/// One step of candle's own operations: from what the input and the hidden state give, the hidden state and the memory
/// to the next hidden state and memory.
type ComposedStep = fn(&Tensor, &Tensor, &Tensor, &Tensor) -> Result<(Tensor, Tensor)>;

/// Runs a cell over `projected`, `[batch, T, gates * hidden]`.
pub(super) fn apply<C: Cell>(
    [projected, weight, bias]: [&Tensor; 3],
    reverse: bool,
    step: ComposedStep,
) -> Result<Tensor> {
    let dims = [projected.dims(), weight.dims(), bias.dims()];
    let (&[batch, positions, threefold], &[rows, hidden], &[offsets]) = (dims[0], dims[1], dims[2]) else {
        bail!("{}: the input is {:?}, the weight {:?}, the bias {:?}", C::NAME, dims[0], dims[1], dims[2]);
    };
    let wide = C::GATES * hidden;
    if [threefold, rows, offsets] != [wide; 3] || batch * positions * hidden == 0 {
        bail!("{}: the input is {:?}, the weight {:?}, the bias {:?}", C::NAME, dims[0], dims[1], dims[2]);
    }
    if runs_here(&[projected, weight, bias]) {
        let sizes = Sizes { batch, positions, hidden, reverse };
        let operation = SequenceOp::<C> { sizes, saved: Saved::default(), cell: PhantomData };
        apply_three(operation, [projected, weight, bias])
    } else {
        composed([projected, weight, bias], reverse, step)
    }
}

/// The same of candle's own operations.
pub(super) fn composed([projected, weight, bias]: [&Tensor; 3], reverse: bool, step: ComposedStep) -> Result<Tensor> {
    let (batch, positions, _) = projected.dims3()?;
    let mut hidden = Tensor::zeros((batch, weight.dim(1)?), projected.dtype(), projected.device())?;
    let mut memory = hidden.clone();
    let mut states = Vec::with_capacity(positions);
    for turn in 0..positions {
        let position = if reverse { positions - 1 - turn } else { turn };
        let recurrent = hidden.matmul(&weight.t()?)?.broadcast_add(bias)?;
        let projected = projected.narrow(1, position, 1)?.squeeze(1)?;
        (hidden, memory) = step(&projected, &recurrent, &hidden, &memory)?;
        states.push(hidden.clone());
    }
    if reverse {
        states.reverse();
    }
    Tensor::stack(&states, 1)
}

#[derive(Clone, Copy)]
struct Sizes {
    batch: usize,
    positions: usize,
    hidden: usize,
    reverse: bool,
}

impl Sizes {
    /// Samples per task.
    fn samples(&self) -> usize {
        self.batch.div_ceil(TASKS).max(SMALLEST_TASK)
    }

    /// The position that is read at this turn, and the one that was read before it.
    const fn at(&self, turn: usize) -> (usize, Option<usize>) {
        if self.reverse {
            let position = self.positions - 1 - turn;
            (position, if turn == 0 { None } else { Some(position + 1) })
        } else {
            (turn, turn.checked_sub(1))
        }
    }

    /// Where the numbers of one position of a task's sample lie, `width` per position.
    const fn range(&self, sample: usize, position: usize, width: usize) -> std::ops::Range<usize> {
        let start = (sample * self.positions + position) * width;
        start..start + width
    }

    /// The hidden states shifted by one step: what each step began with.
    fn shifted<T: Real>(&self, output: &[T]) -> Vec<T> {
        let mut before = zeros(output.len());
        let sequence = self.positions * self.hidden;
        let tail = sequence - self.hidden;
        for (before, output) in before.chunks_mut(sequence).zip(output.chunks(sequence)) {
            if self.reverse {
                before[..tail].copy_from_slice(&output[self.hidden..]);
            } else {
                before[self.hidden..].copy_from_slice(&output[..tail]);
            }
        }
        before
    }
}

struct SequenceOp<C> {
    sizes: Sizes,
    /// What the cell saved, `[batch, T, SAVED * hidden]`.
    saved: Saved,
    cell: PhantomData<C>,
}

impl<C: Cell> SequenceOp<C> {
    /// The hidden states of some samples; `projected` begins with them.
    #[inline(always)]
    fn run<T: Real>(&self, [projected, weight, bias]: [&[T]; 3], output: &mut [T], saved: &mut [T]) {
        let Sizes { positions, hidden, .. } = self.sizes;
        let (wide, kept) = (C::GATES * hidden, C::SAVED * hidden);
        let samples = output.len() / (positions * hidden);
        let (mut states, mut memories) = (vec![T::ZERO; samples * hidden], vec![T::ZERO; samples * hidden]);
        let mut recurrent = vec![T::ZERO; samples * wide];
        for turn in 0..positions {
            for row in recurrent.chunks_exact_mut(wide) {
                row.copy_from_slice(bias);
            }
            if turn > 0 {
                let result = rows_of_mut(&mut recurrent, samples, wide);
                let weight = columns_of(weight, hidden, wide);
                multiply(result, Product::Add, rows_of(&states, samples, hidden), weight);
            }
            let (position, _) = self.sizes.at(turn);
            let rows = states.chunks_exact_mut(hidden).zip(memories.chunks_exact_mut(hidden));
            for (sample, ((hidden, memory), recurrent)) in rows.zip(recurrent.chunks_exact(wide)).enumerate() {
                C::forward(Step {
                    projected: &projected[self.sizes.range(sample, position, wide)],
                    recurrent,
                    hidden: &mut *hidden,
                    memory,
                    saved: &mut saved[self.sizes.range(sample, position, kept)],
                });
                output[self.sizes.range(sample, position, hidden.len())].copy_from_slice(hidden);
            }
        }
    }

    /// The gradient of `projected` of some samples, with which all other slices begin.
    #[inline(always)]
    fn run_back<T: Real>(&self, [gradient, output, saved, weight]: [&[T]; 4], of_projected: &mut [T]) {
        let Sizes { positions, hidden, .. } = self.sizes;
        let (wide, kept) = (C::GATES * hidden, C::SAVED * hidden);
        let samples = of_projected.len() / (positions * wide);
        let (mut of_states, mut of_memories) = (vec![T::ZERO; samples * hidden], vec![T::ZERO; samples * hidden]);
        let mut of_recurrent = vec![T::ZERO; samples * wide];
        let nothing = vec![T::ZERO; kept];
        for turn in (0..positions).rev() {
            let (position, before) = self.sizes.at(turn);
            let rows = of_states.chunks_exact_mut(hidden).zip(of_memories.chunks_exact_mut(hidden));
            for (sample, ((of_hidden, of_memory), of_recurrent)) in
                rows.zip(of_recurrent.chunks_exact_mut(wide)).enumerate()
            {
                let arriving = &gradient[self.sizes.range(sample, position, hidden)];
                of_hidden.iter_mut().zip(arriving).for_each(|(sum, &value)| *sum += value);
                let range = |width| before.map(|before| self.sizes.range(sample, before, width));
                C::backward(StepBack {
                    saved: &saved[self.sizes.range(sample, position, kept)],
                    hidden_before: range(hidden).map_or(&nothing[..hidden], |range| &output[range]),
                    saved_before: range(kept).map_or(&nothing[..], |range| &saved[range]),
                    of_hidden,
                    of_memory,
                    of_projected: &mut of_projected[self.sizes.range(sample, position, wide)],
                    of_recurrent,
                });
            }
            if before.is_some() {
                let result = rows_of_mut(&mut of_states, samples, hidden);
                multiply(result, Product::Add, rows_of(&of_recurrent, samples, wide), rows_of(weight, wide, hidden));
            }
        }
    }
}

impl<C: Cell> Operation<3> for SequenceOp<C> {
    const NAME: &'static str = C::NAME;

    fn forward<T: Real>(&self, inputs: [View<'_>; 3]) -> Result<(Vec<T>, Shape)> {
        let Sizes { batch, positions, hidden, .. } = self.sizes;
        let [projected, weight, bias] = inputs.map(|input| input.values::<T>());
        let (projected, weight, bias) = (projected?, weight?, bias?);
        let steps = batch * positions;
        let (mut output, mut saved) = (zeros(steps * hidden), zeros(steps * C::SAVED * hidden));
        let per_task = self.sizes.samples() * positions;
        for_each_chunk_pair(
            (&mut output, per_task * hidden),
            (&mut saved, per_task * C::SAVED * hidden),
            #[inline(always)]
            |task, output, saved| {
                let projected = &projected[task * per_task * C::GATES * hidden..];
                self.run([projected, &weight, &bias], output, saved);
            },
        );
        self.saved.keep(saved);
        Ok((output, Shape::from((batch, positions, hidden))))
    }

    fn backward<T: Real>(
        &self,
        [projected, weight, _]: [View<'_>; 3],
        output: View<'_>,
        gradient: View<'_>,
        [wanted, of_weight, of_bias]: [bool; 3],
    ) -> Result<Gradients<T, 3>> {
        let Sizes { batch, positions, hidden, .. } = self.sizes;
        let (wide, kept) = (C::GATES * hidden, C::SAVED * hidden);
        let (weight, output, gradient) = (weight.values::<T>()?, output.values::<T>()?, gradient.values::<T>()?);
        let saved = self.saved.get::<T>()?;
        let mut of_projected = zeros(projected.count());
        let per_task = self.sizes.samples() * positions;
        crate::compute::for_each_chunk(
            &mut of_projected,
            per_task * wide,
            #[inline(always)]
            |start, of_projected| {
                let step = start / wide;
                let inputs = [&gradient[step * hidden..], &output[step * hidden..], &saved[step * kept..], &weight];
                self.run_back(inputs, of_projected);
            },
        );
        if !of_weight && !of_bias {
            return Ok([Some(of_projected), None, None]);
        }
        let steps = batch * positions;
        let mut of_recurrent = of_projected.clone();
        for (gradient, saved) in of_recurrent.chunks_mut(wide).zip(saved.chunks(kept)) {
            C::recurrent_gradient(gradient, saved);
        }
        let of_weight = of_weight.then(|| {
            let mut values = zeros(wide * hidden);
            let before = self.sizes.shifted(&output);
            let result = rows_of_mut(&mut values, wide, hidden);
            let of_recurrent = columns_of(&of_recurrent, wide, steps);
            multiply_in_parallel(result, Product::Replace, of_recurrent, rows_of(&before, steps, hidden));
            values
        });
        let of_bias = of_bias.then(|| sum_of_rows(&of_recurrent, wide));
        Ok([wanted.then_some(of_projected), of_weight, of_bias])
    }
}

/// The sums of the columns of a matrix with rows of `width` numbers.
fn sum_of_rows<T: Real>(values: &[T], width: usize) -> Vec<T> {
    column_sums(
        values.len() / width,
        width,
        chunk_for_rows(width),
        #[inline(always)]
        |row, sums: &mut [T]| {
            for (sum, &value) in sums.iter_mut().zip(&values[row * width..]) {
                *sum += value;
            }
        },
    )
}
