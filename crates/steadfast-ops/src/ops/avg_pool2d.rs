//! Means over windows and over whole planes.

use candle_core::{Result, Shape, Tensor, bail};

use super::window::{Window, stacked_windows};
use crate::compute::{CHUNK, Gradients, Operation, Real, View, apply_one, for_each_chunk, runs_here, sum, zeros};

/// The mean of each `kernel` x `kernel` window of the planes of `x`, `[batch, channels, height, width]`.
///
/// Padding counts as zeros. This is `torch.nn.functional.avg_pool2d`.
pub fn avg_pool2d(x: &Tensor, kernel: usize, stride: usize, padding: usize) -> Result<Tensor> {
    let (_, _, height, width) = x.dims4()?;
    if padding > kernel / 2 {
        bail!("avg_pool2d: padding {padding} is more than half of the kernel {kernel}");
    }
    let rows = Window::new(height, [kernel, stride, padding, 1], "avg_pool2d")?;
    let columns = Window::new(width, [kernel, stride, padding, 1], "avg_pool2d")?;
    if runs_here(&[x]) {
        apply_one(AvgPoolOp { rows, columns }, x)
    } else {
        stacked_windows(x, rows, columns, 0.0)?.mean(4)
    }
}

/// The mean of each plane: from `[batch, channels, height, width]` to `[batch, channels]`.
pub fn global_mean(x: &Tensor) -> Result<Tensor> {
    let (_, _, height, width) = x.dims4()?;
    if height * width == 0 {
        bail!("global_mean: the mean of no elements");
    }
    if runs_here(&[x]) { apply_one(GlobalMeanOp, x) } else { x.flatten_from(2)?.mean(2) }
}

struct AvgPoolOp {
    rows: Window,
    columns: Window,
}

impl AvgPoolOp {
    /// Calls `work(output, input)` with the places of every output and each of its inputs within their planes.
    #[inline(always)]
    fn for_each_pair(&self, mut work: impl FnMut(usize, usize)) {
        for row in 0..self.rows.output {
            for column in 0..self.columns.output {
                for y in (0..self.rows.kernel).filter_map(|tap| self.rows.element(row, tap)) {
                    for x in (0..self.columns.kernel).filter_map(|tap| self.columns.element(column, tap)) {
                        work(row * self.columns.output + column, y * self.columns.input + x);
                    }
                }
            }
        }
    }

    const fn planes(&self) -> (usize, usize) {
        (self.rows.input * self.columns.input, self.rows.output * self.columns.output)
    }

    fn share<T: Real>(&self) -> T {
        T::from_f64(1.0 / (self.rows.kernel * self.columns.kernel) as f64)
    }
}

impl Operation<1> for AvgPoolOp {
    const NAME: &'static str = "avg_pool2d";

    fn forward<T: Real>(&self, [x]: [View<'_>; 1]) -> Result<(Vec<T>, Shape)> {
        let (batch, channels) = (x.dims()[0], x.dims()[1]);
        let (from, to) = self.planes();
        let x = x.values::<T>()?;
        let share = self.share::<T>();
        let mut values = zeros(batch * channels * to);
        let task = (CHUNK / from.max(1)).max(1) * to;
        for_each_chunk(
            &mut values,
            task,
            #[inline(always)]
            |start, planes| {
                let inputs = x[start / to * from..].chunks(from);
                for (outputs, inputs) in planes.chunks_mut(to).zip(inputs) {
                    self.for_each_pair(
                        #[inline(always)]
                        |output, input| outputs[output] += inputs[input],
                    );
                    for output in outputs.iter_mut() {
                        *output *= share;
                    }
                }
            },
        );
        Ok((values, Shape::from((batch, channels, self.rows.output, self.columns.output))))
    }

    fn backward<T: Real>(
        &self,
        [x]: [View<'_>; 1],
        _output: View<'_>,
        gradient: View<'_>,
        _wanted: [bool; 1],
    ) -> Result<Gradients<T, 1>> {
        let (from, to) = self.planes();
        let gradient = gradient.values::<T>()?;
        let share = self.share::<T>();
        let mut values = zeros(x.count());
        let task = (CHUNK / from.max(1)).max(1) * from;
        for_each_chunk(
            &mut values,
            task,
            #[inline(always)]
            |start, planes| {
                let outputs = gradient[start / from * to..].chunks(to);
                for (inputs, outputs) in planes.chunks_mut(from).zip(outputs) {
                    self.for_each_pair(
                        #[inline(always)]
                        |output, input| inputs[input] += share * outputs[output],
                    );
                }
            },
        );
        Ok([Some(values)])
    }
}

struct GlobalMeanOp;

impl Operation<1> for GlobalMeanOp {
    const NAME: &'static str = "global_mean";

    fn forward<T: Real>(&self, [x]: [View<'_>; 1]) -> Result<(Vec<T>, Shape)> {
        let (batch, channels) = (x.dims()[0], x.dims()[1]);
        let plane: usize = x.dims()[2..].iter().product();
        let x = x.values::<T>()?;
        let count = T::from_f64(plane as f64);
        let mut values = vec![T::ZERO; batch * channels];
        for_each_chunk(
            &mut values,
            (CHUNK / plane).max(1),
            #[inline(always)]
            |start, means| {
                for (mean, plane) in means.iter_mut().zip(x[start * plane..].chunks(plane)) {
                    *mean = sum(plane) / count;
                }
            },
        );
        Ok((values, Shape::from((batch, channels))))
    }

    fn backward<T: Real>(
        &self,
        [x]: [View<'_>; 1],
        _output: View<'_>,
        gradient: View<'_>,
        _wanted: [bool; 1],
    ) -> Result<Gradients<T, 1>> {
        let plane: usize = x.dims()[2..].iter().product();
        let gradient = gradient.values::<T>()?;
        let share = T::from_f64(1.0 / plane as f64);
        let mut values = zeros(x.count());
        for_each_chunk(
            &mut values,
            (CHUNK / plane).max(1) * plane,
            #[inline(always)]
            |start, planes| {
                for (values, &gradient) in planes.chunks_mut(plane).zip(&gradient[start / plane..]) {
                    values.fill(gradient * share);
                }
            },
        );
        Ok([Some(values)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    #[test]
    fn windows_of_every_shape() {
        for (dims, [kernel, stride, padding]) in [
            ([2, 3, 4, 6], [2, 2, 0]),
            ([1, 1, 5, 7], [3, 2, 1]),
            ([3, 2, 7, 5], [3, 1, 0]),
            ([2, 40, 30, 30], [2, 2, 0]),
        ] {
            let windows = |t: &[Tensor]| {
                let (_, _, height, width) = t[0].dims4()?;
                let rows = Window::new(height, [kernel, stride, padding, 1], "test")?;
                stacked_windows(&t[0], rows, Window::new(width, [kernel, stride, padding, 1], "test")?, 0.0)?.mean(4)
            };
            check(&[&dims], &|t| avg_pool2d(&t[0], kernel, stride, padding), &windows);
        }
    }

    #[test]
    fn whole_planes() {
        for dims in [[1, 1, 1, 1], [2, 3, 5, 7], [20, 30, 8, 8]] {
            check(&[&dims], &|t| global_mean(&t[0]), &|t| t[0].flatten_from(2)?.mean(2));
        }
    }
}
