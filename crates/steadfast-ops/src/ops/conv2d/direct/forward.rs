//! The forward pass.

use std::ops::Range;

use rayon::prelude::*;

use super::correlate::{Correlation, PackedWeights};
use super::layout::Layout;
use super::scratch::Scratch;
use super::source::{Side, Source};
use crate::compute::{Real, computed_by_parts, lane_width, vectorized, zeros};
use crate::ops::conv2d::geometry::Geometry;

/// What is the same for every sample.
pub(in crate::ops::conv2d) struct ForwardPlan<'a, T> {
    geometry: &'a Geometry,
    /// For each group.
    weights: Vec<PackedWeights<T>>,
    bias: Option<&'a [T]>,
    tiles: Vec<Tile>,
    width: usize,
}

/// Some rows of the output.
pub(super) struct Tile {
    /// Its number.
    pub(super) index: usize,
    pub(super) rows: Range<usize>,
    pub(super) source: Source,
    /// Where the first element of each input channel and tap lies.
    pub(super) offsets: Vec<usize>,
    pub(super) layout: Layout,
}

impl Tile {
    /// The tiles of a convolution, of at most so many rows.
    pub(super) fn all(geometry: &Geometry, rows: usize, width: usize) -> Vec<Self> {
        let starts = (0..geometry.rows.output).step_by(rows.max(1));
        let ranges = starts.map(|start| start..(start + rows).min(geometry.rows.output));
        ranges.enumerate().map(|tile| Self::new(geometry, tile, width)).collect()
    }

    fn new(geometry: &Geometry, (index, rows): (usize, Range<usize>), width: usize) -> Self {
        let columns = 0..geometry.columns.output;
        let source = Source {
            rows: Side::of_windows(&geometry.rows, &rows),
            columns: Side::of_windows(&geometry.columns, &columns),
            first: rows.start,
        };
        let mut offsets = Vec::with_capacity(geometry.depth());
        for channel in 0..geometry.group_inputs() {
            for row_tap in 0..geometry.rows.kernel {
                for column_tap in 0..geometry.columns.kernel {
                    let (row, column) = (Side::tap(&geometry.rows, row_tap), Side::tap(&geometry.columns, column_tap));
                    offsets.push(channel * source.channel() + source.place(row, column));
                }
            }
        }
        let layout = Layout::new([rows.len(), columns.len()], source.columns.length, width);
        Self { index, rows, source, offsets, layout }
    }
}

impl<'a, T: Real> ForwardPlan<'a, T> {
    pub(in crate::ops::conv2d) fn new(geometry: &'a Geometry, weight: &[T], bias: Option<&'a [T]>) -> Self {
        let (outputs, depth) = (geometry.group_outputs(), geometry.depth());
        let pack = |weight: &[T]| PackedWeights::new(outputs, depth, |output, tap| weight[output * depth + tap]);
        let weights = weight.chunks_exact((outputs * depth).max(1)).map(pack).collect();
        let width = lane_width::<T>();
        Self { geometry, weights, bias, tiles: Tile::all(geometry, geometry.rows_per_copy(), width), width }
    }

    /// The result for all samples of `x`.
    pub(in crate::ops::conv2d) fn run(&self, x: &[T]) -> Vec<T> {
        let geometry = self.geometry;
        let count = geometry.batch * geometry.output_sample();
        if let [tile] = self.tiles.as_slice() {
            return computed_by_parts(
                count,
                geometry.output_sample(),
                Scratch::default,
                |scratch, sample, output: &mut [T]| {
                    let input = &x[sample * geometry.input_sample()..(sample + 1) * geometry.input_sample()];
                    self.whole(tile, input, output, scratch);
                },
            );
        }
        let mut values = zeros(count);
        let samples = values.chunks_mut(geometry.output_sample().max(1)).zip(x.chunks(geometry.input_sample().max(1)));
        let tasks = samples
            .flat_map(|(output, input)| self.pieces(output).map(move |(tile, pieces)| (tile, input, pieces)))
            .collect::<Vec<_>>();
        tasks.into_par_iter().for_each_init(Scratch::default, |scratch, (tile, input, mut pieces)| {
            self.part(tile, input, &mut pieces, scratch);
        });
        values
    }

    /// The rows of each tile, channel by channel.
    fn pieces<'o>(&self, output: &'o mut [T]) -> impl Iterator<Item = (&Tile, Vec<&'o mut [T]>)> {
        let mut pieces: Vec<Vec<&mut [T]>> = self.tiles.iter().map(|_| Vec::new()).collect();
        for mut plane in output.chunks_exact_mut(self.geometry.output_plane().max(1)) {
            for (tile, pieces) in self.tiles.iter().zip(&mut pieces) {
                let (piece, rest) = plane.split_at_mut(tile.rows.len() * self.geometry.columns.output);
                pieces.push(piece);
                plane = rest;
            }
        }
        self.tiles.iter().zip(pieces)
    }

    /// All rows of one sample.
    fn whole(&self, tile: &Tile, input: &[T], output: &mut [T], scratch: &mut Scratch<T>) {
        let plane = self.geometry.output_plane();
        if tile.layout.length != plane {
            let mut pieces: Vec<&mut [T]> = output.chunks_exact_mut(plane.max(1)).collect();
            self.part(tile, input, &mut pieces, scratch);
            return;
        }
        let outputs = self.geometry.group_outputs() * plane;
        for (group, output) in output.chunks_exact_mut(outputs.max(1)).enumerate() {
            self.group(tile, (group, input), output, scratch);
        }
    }

    /// Some rows of one sample, through a copy.
    fn part(&self, tile: &Tile, input: &[T], pieces: &mut [&mut [T]], scratch: &mut Scratch<T>) {
        let (outputs, length) = (self.geometry.group_outputs(), tile.layout.length);
        let mut result = std::mem::take(&mut scratch.other);
        result.resize(outputs * length, T::ZERO);
        for (group, pieces) in pieces.chunks_exact_mut(outputs.max(1)).enumerate() {
            self.group(tile, (group, input), &mut result, scratch);
            for (piece, result) in pieces.iter_mut().zip(result.chunks_exact(length.max(1))) {
                let rows = piece.chunks_exact_mut(self.geometry.columns.output);
                for (row, values) in rows.zip(result.chunks(tile.layout.stride)) {
                    row.copy_from_slice(&values[..row.len()]);
                }
            }
        }
        scratch.other = result;
    }

    /// The outputs of one group, in the layout of the tile.
    fn group(&self, tile: &Tile, (group, input): (usize, &[T]), result: &mut [T], scratch: &mut Scratch<T>) {
        let inputs = self.geometry.group_inputs() * self.geometry.input_plane();
        let input = &input[group * inputs..(group + 1) * inputs];
        scratch.lay_out(tile.index, tile.source.length(input.len(), tile.layout.reach(self.width)));
        let source = &mut scratch.source;
        vectorized(
            #[inline(always)]
            || tile.source.copy(input, source),
        );
        let outputs = self.geometry.group_outputs();
        T::with_lanes(Correlation {
            source,
            offsets: &tile.offsets,
            weights: &self.weights[group],
            bias: self.bias.map(|bias| &bias[group * outputs..(group + 1) * outputs]),
            layout: &tile.layout,
            result,
            plane: tile.layout.length,
        });
    }
}
