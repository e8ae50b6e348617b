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
        const SIDE: usize = 16;
        let elements = tile.rows.len() * self.geometry.columns.output;
        let start = tile.rows.start * self.geometry.columns.output;
        turned.resize(elements * self.outputs, T::ZERO);
        let plane = self.geometry.output_plane();
        for (block, lines) in turned.chunks_mut(SIDE * self.outputs).enumerate() {
            for (first, planes) in gradient.chunks(SIDE * plane).enumerate() {
                let mut corner = [[T::ZERO; SIDE]; SIDE];
                let begin = start + block * SIDE;
                let count = lines.len() / self.outputs;
                for (output, plane) in planes.chunks_exact(plane).enumerate() {
                    let values = &plane[begin..begin + count];
                    for (line, &value) in corner.iter_mut().zip(values) {
                        line[output] = value;
                    }
                }
                for (line, values) in lines.chunks_exact_mut(self.outputs).zip(&corner) {
                    let line = &mut line[first * SIDE..];
                    let count = line.len().min(SIDE);
                    line[..count].copy_from_slice(&values[..count]);
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
