//! Means over a grid of a given size.

use std::ops::Range;

use candle_core::{Result, Shape, Tensor, bail};

use crate::compute::{CHUNK, Gradients, Operation, Real, View, apply_one, for_each_chunk, runs_here, zeros};

/// The means over `height` x `width` windows that cover each plane of `x`, `[batch, channels, rows, columns]`.
///
/// Windows overlap where the grid does not divide the plane, or repeat elements where it is larger.
/// This is `torch.nn.functional.adaptive_avg_pool2d`.
pub fn adaptive_avg_pool2d(x: &Tensor, [height, width]: [usize; 2]) -> Result<Tensor> {
    let (_, _, rows, columns) = x.dims4()?;
    if rows * columns * height * width == 0 {
        bail!("adaptive_avg_pool2d: a grid of {height}x{width} over {rows}x{columns} elements");
    }
    let grid = [Grid { input: rows, output: height }, Grid { input: columns, output: width }];
    if runs_here(&[x]) { apply_one(AdaptiveOp(grid), x) } else { composed(x, grid) }
}

/// The same of candle's own operations.
fn composed(x: &Tensor, [rows, columns]: [Grid; 2]) -> Result<Tensor> {
    let along = |x: &Tensor, grid: Grid, dim: usize| {
        let parts = (0..grid.output).map(|position| {
            let window = grid.window(position);
            x.narrow(dim, window.start, window.len())?.mean_keepdim(dim)
        });
        Tensor::cat(&parts.collect::<Result<Vec<_>>>()?, dim)
    };
    along(&along(x, rows, 2)?, columns, 3)
}

/// One side of a plane and the number of windows along it.
#[derive(Clone, Copy)]
struct Grid {
    input: usize,
    output: usize,
}

impl Grid {
    fn window(self, position: usize) -> Range<usize> {
        position * self.input / self.output..((position + 1) * self.input).div_ceil(self.output)
    }
}

struct AdaptiveOp([Grid; 2]);

impl AdaptiveOp {
    fn planes(&self) -> (usize, usize) {
        let [rows, columns] = self.0;
        (rows.input * columns.input, rows.output * columns.output)
    }

    /// Calls `work(output, input, share)` for every output of a plane and each of its inputs.
    #[inline(always)]
    fn for_each_pair(&self, mut work: impl FnMut(usize, usize, f64)) {
        let [rows, columns] = self.0;
        for row in 0..rows.output {
            let across = rows.window(row);
            for column in 0..columns.output {
                let along = columns.window(column);
                let share = 1.0 / (across.len() * along.len()) as f64;
                for y in across.clone() {
                    for x in along.clone() {
                        work(row * columns.output + column, y * columns.input + x, share);
                    }
                }
            }
        }
    }
}

impl Operation<1> for AdaptiveOp {
    const NAME: &'static str = "adaptive_avg_pool2d";

    fn forward<T: Real>(&self, [x]: [View<'_>; 1]) -> Result<(Vec<T>, Shape)> {
        let (batch, channels) = (x.dims()[0], x.dims()[1]);
        let (from, to) = self.planes();
        let x = x.values::<T>()?;
        let mut values = zeros(batch * channels * to);
        for_each_chunk(&mut values, (CHUNK / from).max(1) * to, |start, part| {
            for (outputs, inputs) in part.chunks_mut(to).zip(x[start / to * from..].chunks(from)) {
                self.for_each_pair(|output, input, share| outputs[output] += inputs[input] * T::from_f64(share));
            }
        });
        let [rows, columns] = self.0;
        Ok((values, Shape::from((batch, channels, rows.output, columns.output))))
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
        let mut values = zeros(x.count());
        for_each_chunk(&mut values, (CHUNK / from).max(1) * from, |start, part| {
            for (inputs, outputs) in part.chunks_mut(from).zip(gradient[start / from * to..].chunks(to)) {
                self.for_each_pair(|output, input, share| inputs[input] += outputs[output] * T::from_f64(share));
            }
        });
        Ok([Some(values)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, normal};

    #[test]
    fn grids_of_every_size() {
        for (dims, [height, width]) in
            [([1, 1, 1, 1], [1, 1]), ([2, 3, 7, 9], [3, 4]), ([1, 2, 2, 3], [5, 5]), ([20, 30, 8, 8], [7, 7])]
        {
            let grid = [Grid { input: dims[2], output: height }, Grid { input: dims[3], output: width }];
            check(&[&dims], &|t| adaptive_avg_pool2d(&t[0], [height, width]), &|t| composed(&t[0], grid));
        }
        assert!(adaptive_avg_pool2d(&normal("x", &[1, 1, 2, 2]), [0, 1]).is_err());
    }
}
