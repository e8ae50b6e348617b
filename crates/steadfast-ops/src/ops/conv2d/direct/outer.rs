//! Sums of products over all elements: `sums[tap][output] += sum over p of source[offset[tap] + p] * gradient[p][output]`.

use crate::compute::{LaneTask, Lanes, Real};

/// Taps that are summed together.
pub(super) const TAPS: usize = 12;

/// Sums of products, with the gradients of all outputs of one element side by side.
pub(super) struct OuterSums<'a, T> {
    pub(super) source: &'a [T],
    /// Where the first element of each tap lies in the source; a multiple of [`TAPS`] of them.
    pub(super) offsets: &'a [usize],
    /// Elements from one row of the source to the next.
    pub(super) stride: usize,
    /// `[rows * columns, outputs]`.
    pub(super) gradient: &'a [T],
    pub(super) columns: usize,
    /// A multiple of the vectors' width.
    pub(super) outputs: usize,
    /// `[taps, outputs]`.
    pub(super) sums: &'a mut [T],
}

impl<T: Real> LaneTask<T> for OuterSums<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(mut self, lanes: L) {
        let mut output = 0;
        while output + 2 * L::WIDTH <= self.outputs {
            if L::REGISTERS >= 32 {
                self.outputs::<L, TAPS, 2>(lanes, output);
            } else {
                self.outputs::<L, { TAPS / 2 }, 2>(lanes, output);
            }
            output += 2 * L::WIDTH;
        }
        if output < self.outputs {
            self.outputs::<L, TAPS, 1>(lanes, output);
        }
    }
}

impl<T: Real> OuterSums<'_, T> {
    /// The sums of `VECTORS` vectors of outputs, `TOGETHER` taps at a time.
    #[inline(always)]
    fn outputs<L: Lanes<T>, const TOGETHER: usize, const VECTORS: usize>(&mut self, lanes: L, first: usize) {
        let (blocks, _) = self.offsets.as_chunks::<TOGETHER>();
        for (offsets, lines) in blocks.iter().zip(self.sums.chunks_exact_mut(TOGETHER * self.outputs)) {
            let mut sums = [[lanes.splat(T::ZERO); VECTORS]; TOGETHER];
            for (sums, line) in sums.iter_mut().zip(lines.chunks_exact(self.outputs)) {
                for (vector, sum) in sums.iter_mut().enumerate() {
                    *sum = lanes.load(&line[first + vector * L::WIDTH..][..L::WIDTH]);
                }
            }
            let rows = self.gradient.chunks_exact(self.columns * self.outputs);
            for (row, gradient) in rows.enumerate() {
                let mut inputs = [&[] as &[T]; TOGETHER];
                for (input, &offset) in inputs.iter_mut().zip(offsets) {
                    *input = &self.source[offset + row * self.stride..][..self.columns];
                }
                sums = add_row(lanes, &inputs, (gradient, self.outputs, first), sums);
            }
            for (sums, line) in sums.iter().zip(lines.chunks_exact_mut(self.outputs)) {
                for (vector, &sum) in sums.iter().enumerate() {
                    lanes.store(sum, &mut line[first + vector * L::WIDTH..][..L::WIDTH]);
                }
            }
        }
    }
}

/// Adds one row. The sums are passed by value so that they stay in registers.
#[inline(always)]
fn add_row<T: Real, L: Lanes<T>, const TOGETHER: usize, const VECTORS: usize>(
    lanes: L,
    inputs: &[&[T]; TOGETHER],
    (gradient, outputs, first): (&[T], usize, usize),
    mut sums: [[L::Vector; VECTORS]; TOGETHER],
) -> [[L::Vector; VECTORS]; TOGETHER] {
    for (column, gradient) in gradient.chunks_exact(outputs).enumerate() {
        let gradient = &gradient[first..][..VECTORS * L::WIDTH];
        let mut vectors = [lanes.splat(T::ZERO); VECTORS];
        for (vector, values) in vectors.iter_mut().zip(gradient.chunks_exact(L::WIDTH)) {
            *vector = lanes.load(values);
        }
        for (sums, input) in sums.iter_mut().zip(inputs) {
            let input = lanes.splat(input[column]);
            for (sum, &vector) in sums.iter_mut().zip(&vectors) {
                *sum = lanes.multiply_add(input, vector, *sum);
            }
        }
    }
    sums
}
