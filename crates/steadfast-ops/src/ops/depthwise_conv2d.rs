//! The convolution of each channel with a kernel of its own.

use candle_core::{Result, Shape, Tensor, bail};

use super::window::Window;
use crate::compute::{
    CHUNK, Gradients, Operation, Real, View, apply_two, for_each_chunk, map_in_order, runs_here, sum_of_pairs, zeros,
};

/// The convolution of each channel of `x` with its own kernel: [`conv2d`](crate::conv2d) with as many groups as
/// channels, without the matrix products that are only waste there.
///
/// `x` is `[batch, channels, height, width]`, `weight` is `[channels, 1, kernel, kernel]`.
pub fn depthwise_conv2d(x: &Tensor, weight: &Tensor, stride: usize, padding: usize) -> Result<Tensor> {
    let (batch, channels, height, width) = x.dims4()?;
    let (filters, one, kernel_height, kernel_width) = weight.dims4()?;
    if (filters, one) != (channels, 1) {
        bail!("depthwise_conv2d: the input is {:?}, but the weight is {:?}", x.dims(), weight.dims());
    }
    let rows = Window::new(height, [kernel_height, stride, padding, 1], "depthwise_conv2d")?;
    let columns = Window::new(width, [kernel_width, stride, padding, 1], "depthwise_conv2d")?;
    if runs_here(&[x, weight]) {
        apply_two(DepthwiseOp { batch, channels, rows, columns }, x, weight)
    } else {
        x.conv2d(weight, padding, stride, 1, channels)
    }
}

struct DepthwiseOp {
    batch: usize,
    channels: usize,
    rows: Window,
    columns: Window,
}

/// One row of an input plane and one of an output plane that some tap of the kernel joins.
struct Line {
    tap: usize,
    /// The elements of the input row, every `stride`-th of which is taken.
    input: std::ops::Range<usize>,
    output: std::ops::Range<usize>,
}

impl DepthwiseOp {
    const fn input_plane(&self) -> usize {
        self.rows.input * self.columns.input
    }

    const fn output_plane(&self) -> usize {
        self.rows.output * self.columns.output
    }

    const fn taps(&self) -> usize {
        self.rows.kernel * self.columns.kernel
    }

    /// Calls `work` with every line of one plane, in a fixed order.
    #[inline(always)]
    fn for_each_line(&self, mut work: impl FnMut(Line)) {
        for row in 0..self.rows.output {
            for row_tap in 0..self.rows.kernel {
                let Some(source) = self.rows.element(row, row_tap) else { continue };
                for column_tap in 0..self.columns.kernel {
                    let inside = self.columns.inside(column_tap);
                    if inside.is_empty() {
                        continue;
                    }
                    let Some(first) = self.columns.element(inside.start, column_tap) else { continue };
                    let start = source * self.columns.input + first;
                    let reach = (inside.len() - 1) * self.columns.stride + 1;
                    let output = row * self.columns.output + inside.start..row * self.columns.output + inside.end;
                    let tap = row_tap * self.columns.kernel + column_tap;
                    work(Line { tap, input: start..start + reach, output });
                }
            }
        }
    }

    /// Planes per task.
    fn planes(&self) -> usize {
        (CHUNK / self.input_plane().max(1)).max(1)
    }

    fn input_gradient<T: Real>(&self, weight: &[T], gradient: &[T]) -> Vec<T> {
        let (from, to, taps) = (self.input_plane(), self.output_plane(), self.taps());
        let mut values = zeros(self.batch * self.channels * from);
        for_each_chunk(
            &mut values,
            self.planes() * from,
            #[inline(always)]
            |start, part| {
                for (index, plane) in part.chunks_mut(from).enumerate() {
                    let index = start / from + index;
                    let weight = &weight[index % self.channels * taps..][..taps];
                    let gradient = &gradient[index * to..][..to];
                    self.for_each_line(
                        #[inline(always)]
                        |line| {
                            let factor = weight[line.tap];
                            let (cells, gradient) = (&mut plane[line.input], &gradient[line.output]);
                            if self.columns.stride == 1 {
                                for (cell, &gradient) in cells.iter_mut().zip(gradient) {
                                    *cell += factor * gradient;
                                }
                            } else {
                                for (cell, &gradient) in cells.iter_mut().step_by(self.columns.stride).zip(gradient) {
                                    *cell += factor * gradient;
                                }
                            }
                        },
                    );
                }
            },
        );
        values
    }

    /// One task per channel, which adds up the samples in order.
    fn weight_gradient<T: Real>(&self, x: &[T], gradient: &[T]) -> Vec<T> {
        let (from, to) = (self.input_plane(), self.output_plane());
        let sums = map_in_order(
            self.channels,
            #[inline(always)]
            |channel| {
                let mut sums = vec![T::ZERO; self.taps()];
                let mut taken = vec![T::ZERO; self.columns.output];
                for sample in 0..self.batch {
                    let index = sample * self.channels + channel;
                    let (x, gradient) = (&x[index * from..][..from], &gradient[index * to..][..to]);
                    self.for_each_line(
                        #[inline(always)]
                        |line| {
                            let gradient = &gradient[line.output];
                            let inputs = &x[line.input];
                            let product = |x: T, gradient: T| x * gradient;
                            sums[line.tap] += if self.columns.stride == 1 {
                                sum_of_pairs(inputs, gradient, product)
                            } else {
                                let every = inputs.iter().step_by(self.columns.stride);
                                taken.iter_mut().zip(every).for_each(|(taken, &x)| *taken = x);
                                sum_of_pairs(&taken[..gradient.len()], gradient, product)
                            };
                        },
                    );
                }
                sums
            },
        );
        sums.concat()
    }
}

impl Operation<2> for DepthwiseOp {
    const NAME: &'static str = "depthwise_conv2d";

    fn forward<T: Real>(&self, [x, weight]: [View<'_>; 2]) -> Result<(Vec<T>, Shape)> {
        let (from, to, taps) = (self.input_plane(), self.output_plane(), self.taps());
        let (x, weight) = (x.values::<T>()?, weight.values::<T>()?);
        let mut values = zeros(self.batch * self.channels * to);
        for_each_chunk(
            &mut values,
            self.planes() * to,
            #[inline(always)]
            |start, part| {
                for (index, plane) in part.chunks_mut(to).enumerate() {
                    let index = start / to + index;
                    let weight = &weight[index % self.channels * taps..][..taps];
                    let x = &x[index * from..][..from];
                    self.for_each_line(
                        #[inline(always)]
                        |line| {
                            let factor = weight[line.tap];
                            let (cells, inputs) = (&mut plane[line.output], &x[line.input]);
                            if self.columns.stride == 1 {
                                for (cell, &x) in cells.iter_mut().zip(inputs) {
                                    *cell += factor * x;
                                }
                            } else {
                                for (cell, &x) in cells.iter_mut().zip(inputs.iter().step_by(self.columns.stride)) {
                                    *cell += factor * x;
                                }
                            }
                        },
                    );
                }
            },
        );
        Ok((values, Shape::from((self.batch, self.channels, self.rows.output, self.columns.output))))
    }

    fn backward<T: Real>(
        &self,
        [x, weight]: [View<'_>; 2],
        _output: View<'_>,
        gradient: View<'_>,
        [of_x, of_weight]: [bool; 2],
    ) -> Result<Gradients<T, 2>> {
        let (x, weight, gradient) = (x.values::<T>()?, weight.values::<T>()?, gradient.values::<T>()?);
        Ok([
            of_x.then(|| self.input_gradient(&weight, &gradient)),
            of_weight.then(|| self.weight_gradient(&x, &gradient)),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::{Conv2dOptions, conv2d};
    use crate::testing::{check, normal};

    #[test]
    fn as_a_convolution_with_groups() {
        for (x, kernel, [stride, padding]) in [
            ([1, 1, 1, 1], 3, [1, 1]),
            ([2, 3, 5, 7], 3, [1, 1]),
            ([3, 6, 7, 6], 3, [2, 1]),
            ([2, 4, 9, 8], 2, [3, 0]),
            ([9, 70, 12, 13], 3, [1, 1]),
            ([9, 70, 12, 13], 3, [2, 1]),
        ] {
            let options = Conv2dOptions { stride, padding, groups: x[1], ..Conv2dOptions::default() };
            check(&[&x, &[x[1], 1, kernel, kernel]], &|t| depthwise_conv2d(&t[0], &t[1], stride, padding), &|t| {
                conv2d(&t[0], &t[1], None, options)
            });
        }
    }

    #[test]
    fn shapes_that_do_not_fit_are_errors() {
        let x = normal("x", &[1, 4, 5, 5]);
        assert!(depthwise_conv2d(&x, &normal("w", &[4, 1, 3, 3]), 1, 1).is_ok());
        assert!(depthwise_conv2d(&x, &normal("w", &[3, 1, 3, 3]), 1, 1).is_err());
        assert!(depthwise_conv2d(&x, &normal("w", &[4, 2, 3, 3]), 1, 1).is_err());
        assert!(depthwise_conv2d(&x, &normal("w", &[4, 1, 3, 3]), 0, 1).is_err());
        assert!(depthwise_conv2d(&x, &normal("w", &[4, 1, 9, 9]), 1, 1).is_err());
    }
}
