//! The greatest element of each window.

use candle_core::{Result, Shape, Tensor, bail};

use super::window::{Window, stacked_windows};
use crate::compute::{
    CHUNK, Gradients, Operation, Real, Saved, View, apply_one, for_each_chunk, for_each_chunk_pair, runs_here, zeros,
};

/// The greatest element of each `kernel` x `kernel` window of the planes of `x`, `[batch, channels, height, width]`.
///
/// Padding never wins; where several elements are equally great the first one gets the gradient; NaN wins over all.
/// This is `torch.nn.functional.max_pool2d` without dilation and ceiling mode.
pub fn max_pool2d(x: &Tensor, kernel: usize, stride: usize, padding: usize) -> Result<Tensor> {
    let (_, _, height, width) = x.dims4()?;
    if padding > kernel / 2 {
        bail!("max_pool2d: padding {padding} is more than half of the kernel {kernel}");
    }
    if u32::try_from(height * width).is_err() {
        bail!("max_pool2d: planes of {height} x {width} are too large");
    }
    let rows = Window::new(height, [kernel, stride, padding, 1], "max_pool2d")?;
    let columns = Window::new(width, [kernel, stride, padding, 1], "max_pool2d")?;
    if runs_here(&[x]) {
        apply_one(MaxPoolOp { rows, columns, winners: Saved::default() }, x)
    } else {
        composed(x, rows, columns)
    }
}

/// The same of candle's own operations.
fn composed(x: &Tensor, rows: Window, columns: Window) -> Result<Tensor> {
    let windows = stacked_windows(x, rows, columns, f64::NEG_INFINITY)?;
    let winners = windows.argmax_keepdim(4)?;
    windows.gather(&winners, 4)?.squeeze(4)
}

struct MaxPoolOp {
    rows: Window,
    columns: Window,
    /// For each output the place of its winner within the input plane, as u32.
    winners: Saved,
}

impl MaxPoolOp {
    const fn input_plane(&self) -> usize {
        self.rows.input * self.columns.input
    }

    const fn output_plane(&self) -> usize {
        self.rows.output * self.columns.output
    }

    /// Planes per task.
    fn planes_per_task(&self) -> usize {
        (CHUNK / self.input_plane().max(1)).max(1)
    }

    /// Whether the windows are 2 x 2, side by side and all inside: the usual case.
    fn is_halving(&self) -> bool {
        let halving = |window: &Window| (window.kernel, window.stride, window.padding) == (2, 2, 0);
        halving(&self.rows) && halving(&self.columns)
    }

    /// [`Self::pool_plane`] for the usual case, without any branch.
    #[inline(always)]
    fn halve_plane<T: Real>(&self, plane: &[T], outputs: &mut [T], winners: &mut [u32]) {
        let (width, half) = (self.columns.input, self.columns.output);
        let results = outputs.chunks_exact_mut(half).zip(winners.chunks_exact_mut(half));
        for ((row, (outputs, winners)), pair) in results.enumerate().zip(plane.chunks_exact(2 * width)) {
            let (upper, lower) = pair.split_at(width);
            let first = 2 * row * width;
            let windows = upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0);
            for (column, ((output, winner), (upper, lower))) in outputs.iter_mut().zip(winners).zip(windows).enumerate()
            {
                let corner = first + 2 * column;
                let mut best = (upper[0], corner);
                for next in [(upper[1], corner + 1), (lower[0], corner + width), (lower[1], corner + width + 1)] {
                    best = if next.0 > best.0 || next.0.not_a_number() { next } else { best };
                }
                (*output, *winner) = (best.0, place(best.1));
            }
        }
    }

    #[inline(always)]
    fn pool_plane<T: Real>(&self, plane: &[T], outputs: &mut [T], winners: &mut [u32]) {
        let width = self.columns.input;
        for row in 0..self.rows.output {
            for column in 0..self.columns.output {
                let (mut best, mut winner) = (T::LOWEST, None);
                for y in (0..self.rows.kernel).filter_map(|tap| self.rows.element(row, tap)) {
                    for x in (0..self.columns.kernel).filter_map(|tap| self.columns.element(column, tap)) {
                        let value = plane[y * width + x];
                        if value > best || value.not_a_number() || winner.is_none() {
                            best = value;
                            winner = Some(y * width + x);
                        }
                    }
                }
                outputs[row * self.columns.output + column] = best;
                winners[row * self.columns.output + column] = place(winner.unwrap_or(0));
            }
        }
    }
}

/// A place within a plane as it is stored.
#[expect(clippy::cast_possible_truncation, reason = "`max_pool2d` refuses planes of 2^32 elements and more")]
const fn place(index: usize) -> u32 {
    index as u32
}

impl Operation<1> for MaxPoolOp {
    const NAME: &'static str = "max_pool2d";

    fn forward<T: Real>(&self, [x]: [View<'_>; 1]) -> Result<(Vec<T>, Shape)> {
        let (batch, channels) = (x.dims()[0], x.dims()[1]);
        let x = x.values::<T>()?;
        let (from, to, planes) = (self.input_plane(), self.output_plane(), self.planes_per_task());
        let mut values = zeros(batch * channels * to);
        let mut winners = vec![0_u32; values.len()];
        for_each_chunk_pair(
            (&mut values, planes * to),
            (&mut winners, planes * to),
            #[inline(always)]
            |task, values, winners| {
                let inputs = x[task * planes * from..].chunks(from);
                for ((plane, values), winners) in inputs.zip(values.chunks_mut(to)).zip(winners.chunks_mut(to)) {
                    if self.is_halving() {
                        self.halve_plane(plane, values, winners);
                    } else {
                        self.pool_plane(plane, values, winners);
                    }
                }
            },
        );
        self.winners.keep(winners);
        Ok((values, Shape::from((batch, channels, self.rows.output, self.columns.output))))
    }

    fn backward<T: Real>(
        &self,
        [x]: [View<'_>; 1],
        _output: View<'_>,
        gradient: View<'_>,
        _wanted: [bool; 1],
    ) -> Result<Gradients<T, 1>> {
        let winners = self.winners.get::<u32>()?;
        let gradient = gradient.values::<T>()?;
        let (from, to) = (self.input_plane(), self.output_plane());
        let mut values = zeros(x.count());
        for_each_chunk(&mut values, self.planes_per_task() * from, |start, planes| {
            for (plane, values) in planes.chunks_mut(from).enumerate() {
                let outputs = (start / from + plane) * to..(start / from + plane + 1) * to;
                for (&winner, &value) in winners[outputs.clone()].iter().zip(&gradient[outputs]) {
                    values[winner as usize] += value;
                }
            }
        });
        Ok([Some(values)])
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::testing::check;

    #[test]
    fn every_shape_of_window() {
        for (dims, [kernel, stride, padding]) in [
            ([2, 3, 4, 6], [2, 2, 0]),
            ([2, 2, 5, 7], [2, 2, 0]),
            ([1, 1, 5, 7], [3, 2, 1]),
            ([3, 2, 7, 5], [3, 1, 0]),
            ([1, 2, 9, 4], [2, 3, 1]),
            ([2, 40, 30, 30], [2, 2, 0]),
        ] {
            let windows = |t: &[Tensor]| {
                let (_, _, height, width) = t[0].dims4()?;
                let rows = Window::new(height, [kernel, stride, padding, 1], "test")?;
                composed(&t[0], rows, Window::new(width, [kernel, stride, padding, 1], "test")?)
            };
            check(&[&dims], &|t| max_pool2d(&t[0], kernel, stride, padding), &windows);
        }
    }

    #[test]
    fn the_first_of_equals_wins_and_not_a_number_wins_over_all() -> Result<()> {
        let x = candle_core::Var::new(&[[[[1.0_f32, 1.0, 5.0, f32::NAN], [1.0, 0.0, 2.0, 3.0]]]], &Device::Cpu)?;
        let y = max_pool2d(x.as_tensor(), 2, 2, 0)?;
        let values = y.flatten_all()?.to_vec1::<f32>()?;
        assert!(values[1].is_nan());
        assert_eq!(values[..1], [1.0]);
        let store = y.backward()?;
        let gradient = store.get(x.as_tensor()).unwrap().flatten_all()?.to_vec1::<f32>()?;
        assert_eq!(gradient, [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
        Ok(())
    }

    #[test]
    fn windows_that_do_not_fit_are_errors() -> Result<()> {
        let x = Tensor::zeros((1, 1, 2, 2), candle_core::DType::F32, &Device::Cpu)?;
        assert!(
            max_pool2d(&x, 3, 1, 0).is_err() && max_pool2d(&x, 2, 1, 2).is_err() && max_pool2d(&x, 2, 0, 0).is_err()
        );
        Ok(())
    }
}
