//! The gradient of the weight: each weight's input times each output's gradient, summed over all elements.

use super::forward::Tile;
use super::outer::{OuterSums, TAPS};
use super::scratch::Scratch;
use crate::compute::{Real, lane_width, vectorized};
use crate::ops::conv2d::geometry::Geometry;

/// What is the same for every sample.
pub(in crate::ops::conv2d) struct WeightGradientPlan<'a> {
    geometry: &'a Geometry,
    tiles: Vec<Tile>,
    /// Outputs and taps of a group, filled up to what the kernel takes.
    outputs: usize,
    taps: usize,
}

impl<'a> WeightGradientPlan<'a> {
    pub(in crate::ops::conv2d) fn new<T: Real>(geometry: &'a Geometry) -> Self {
        let width = lane_width::<T>();
        let taps = geometry.depth().next_multiple_of(TAPS);
        let mut tiles = Tile::all(geometry, geometry.rows_per_copy(), width);
        for tile in &mut tiles {
            tile.offsets.resize(taps, 0);
        }
        Self { geometry, tiles, outputs: geometry.group_outputs().next_multiple_of(width), taps }
    }

    /// Sums of nothing, for all groups: `[groups, taps, outputs]`.
    pub(in crate::ops::conv2d) fn zeros<T: Real>(&self) -> Vec<T> {
        vec![T::ZERO; self.geometry.groups * self.taps * self.outputs]
    }

    /// Adds one sample.
    pub(in crate::ops::conv2d) fn add<T: Real>(
        &self,
        input: &[T],
        gradient: &[T],
        sums: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        let geometry = self.geometry;
        let inputs = geometry.group_inputs() * geometry.input_plane();
        let outputs = geometry.group_outputs() * geometry.output_plane();
        let groups = input.chunks_exact(inputs.max(1)).zip(gradient.chunks_exact(outputs.max(1)));
        for ((input, gradient), sums) in groups.zip(sums.chunks_exact_mut((self.taps * self.outputs).max(1))) {
            for tile in &self.tiles {
                scratch.lay_out(tile.index, tile.source.length(input.len(), 0));
                let Scratch { source, other: turned, .. } = &mut *scratch;
                vectorized(
                    #[inline(always)]
                    || {
                        tile.source.copy(input, source);
                        self.turn(tile, gradient, turned);
                    },
                );
                T::with_lanes(OuterSums {
                    source,
                    offsets: &tile.offsets,
                    stride: tile.source.columns.length,
                    gradient: turned,
                    columns: geometry.columns.output,
                    outputs: self.outputs,
                    sums,
                });
            }
        }
    }

    /// The gradients of a tile with the outputs of each element side by side.
    #[inline(always)]
    fn turn<T: Real>(&self, tile: &Tile, gradient: &[T], turned: &mut Vec<T>) {
        let elements = tile.rows.len() * self.geometry.columns.output;
        let start = tile.rows.start * self.geometry.columns.output;
        turned.resize(elements * self.outputs, T::ZERO);
        let plane = self.geometry.output_plane();
        for (block, lines) in turned.chunks_mut(SIDE * self.outputs).enumerate() {
            let begin = start + block * SIDE;
            let count = lines.len() / self.outputs;
            for (first, planes) in gradient.chunks(SIDE * plane).enumerate() {
                let mut corner = [[T::ZERO; SIDE]; SIDE];
                for (row, plane) in corner.iter_mut().zip(planes.chunks_exact(plane)) {
                    let values = &plane[begin..begin + count];
                    match values.first_chunk::<SIDE>() {
                        Some(values) => *row = *values,
                        None => row[..count].copy_from_slice(values),
                    }
                }
                let corner = transposed(corner);
                for (line, values) in lines.chunks_exact_mut(self.outputs).zip(&corner) {
                    let line = &mut line[first * SIDE..];
                    match line.first_chunk_mut::<SIDE>() {
                        Some(line) => *line = *values,
                        None => line.copy_from_slice(&values[..line.len()]),
                    }
                }
            }
        }
    }

    /// The weight's gradient of finished sums: `[outputs, inputs * taps]` for each group.
    pub(in crate::ops::conv2d) fn finish<T: Real>(&self, sums: &[T]) -> Vec<T> {
        let mut values = Vec::with_capacity(self.geometry.weights());
        for sums in sums.chunks_exact((self.taps * self.outputs).max(1)) {
            for output in 0..self.geometry.group_outputs() {
                values.extend((0..self.geometry.depth()).map(|tap| sums[tap * self.outputs + output]));
            }
        }
        values
    }
}

/// Elements and outputs that are transposed at once.
const SIDE: usize = 16;

/// The transpose, by four rounds of interleaving each row with the one half the rows further: whole vectors at a time.
#[inline(always)]
fn transposed<T: Real>(mut rows: [[T; SIDE]; SIDE]) -> [[T; SIDE]; SIDE] {
    let mut rounds = SIDE;
    while rounds > 1 {
        let mut next = rows;
        for row in 0..SIDE / 2 {
            for column in 0..SIDE / 2 {
                next[2 * row][2 * column] = rows[row][column];
                next[2 * row][2 * column + 1] = rows[row + SIDE / 2][column];
                next[2 * row + 1][2 * column] = rows[row][column + SIDE / 2];
                next[2 * row + 1][2 * column + 1] = rows[row + SIDE / 2][column + SIDE / 2];
            }
        }
        rows = next;
        rounds /= 2;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transpose_has_rows_for_columns() {
        let mut rows = [[0.0_f32; SIDE]; SIDE];
        for (row, values) in rows.iter_mut().enumerate() {
            for (column, value) in values.iter_mut().enumerate() {
                *value = (row * SIDE + column) as f32;
            }
        }
        let turned = transposed(rows);
        for row in 0..SIDE {
            for column in 0..SIDE {
                assert_eq!(turned[column][row].to_bits(), rows[row][column].to_bits());
            }
        }
    }
}
