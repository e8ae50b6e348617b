//! The gradient of the input: what every output passes back along its weights.
//!
//! With a stride, the elements of the padded input fall into phases that meet different weights, and each phase is a
//! convolution of its own with stride one: element `q` of phase `r` gets the gradients `q - tap / stride` of those taps
//! whose offset leaves the remainder `r`.

use std::ops::Range;

use super::correlate::{Correlation, PackedWeights};
use super::layout::Layout;
use super::scratch::Scratch;
use super::source::{Side, Source};
use crate::compute::{Real, lane_width, vectorized};
use crate::ops::conv2d::geometry::Geometry;
use crate::ops::window::Window;

/// The elements of one phase along one side, and the taps that they meet.
struct PhaseSide {
    /// Which elements of the phase lie inside the input.
    elements: Range<usize>,
    /// Each tap, and how far before the element its gradient lies.
    taps: Vec<(usize, usize)>,
    phase: usize,
}

impl PhaseSide {
    fn all(window: &Window) -> Vec<Self> {
        let side = |phase: usize| {
            let begin = window.padding.saturating_sub(phase).div_ceil(window.stride);
            let end = (window.input + window.padding).saturating_sub(phase).div_ceil(window.stride);
            let taps = (0..window.kernel).map(|tap| (tap, Side::tap(window, tap)));
            let taps = taps.filter(|(_, (of, _))| *of == phase).map(|(tap, (_, before))| (tap, before)).collect();
            Self { elements: begin..end.max(begin), taps, phase }
        };
        (0..window.stride).map(side).collect()
    }

    /// How many zeros there must be before the first gradient.
    fn before(&self) -> usize {
        self.taps.iter().map(|(_, before)| before.saturating_sub(self.elements.start)).max().unwrap_or(0)
    }

    /// Where the gradient of a tap lies for the first element, behind so many zeros.
    fn place(&self, before: usize, padding: usize) -> usize {
        self.elements.start + padding - before
    }

    /// How many gradients and zeros it takes, behind so many zeros.
    fn reach(&self, padding: usize) -> usize {
        self.taps.iter().map(|&(_, before)| self.place(before, padding) + self.elements.len()).max().unwrap_or(0)
    }
}

/// One phase of the input.
struct Phase<T> {
    rows: Range<usize>,
    columns: Range<usize>,
    phases: [usize; 2],
    offsets: Vec<usize>,
    layout: Layout,
    /// For each group and each part of its channels.
    weights: Vec<PackedWeights<T>>,
}

/// What is the same for every sample.
pub(in crate::ops::conv2d) struct InputGradientPlan<'a, T> {
    geometry: &'a Geometry,
    source: Source,
    phases: Vec<Phase<T>>,
    /// Parts of the channels of a group.
    parts: usize,
    width: usize,
}

impl<'a, T: Real> InputGradientPlan<'a, T> {
    pub(in crate::ops::conv2d) fn new(geometry: &'a Geometry, weight: &[T]) -> Self {
        let (rows, columns) = (PhaseSide::all(&geometry.rows), PhaseSide::all(&geometry.columns));
        let source = |window: &Window, sides: &[PhaseSide]| {
            let padding = sides.iter().map(PhaseSide::before).max().unwrap_or(0);
            let length = sides.iter().map(|side| side.reach(padding)).max().unwrap_or(0);
            Side { input: window.output, stride: 1, padding, length }
        };
        let source =
            Source { rows: source(&geometry.rows, &rows), columns: source(&geometry.columns, &columns), first: 0 };
        let width = lane_width::<T>();
        let parts = geometry.group_inputs().div_ceil(geometry.channels_per_task());
        let mut plan = Self { geometry, source, phases: Vec::new(), parts, width };
        for row in &rows {
            for column in &columns {
                let used = !row.taps.is_empty() && !column.taps.is_empty();
                if used && !row.elements.is_empty() && !column.elements.is_empty() {
                    plan.phases.push(plan.phase(row, column, weight));
                }
            }
        }
        plan
    }

    fn phase(&self, row: &PhaseSide, column: &PhaseSide, weight: &[T]) -> Phase<T> {
        let (geometry, source) = (self.geometry, &self.source);
        let taps: Vec<(usize, usize)> = row
            .taps
            .iter()
            .flat_map(|&(row_tap, row_before)| {
                column.taps.iter().map(move |&(column_tap, column_before)| {
                    let at = row.place(row_before, source.rows.padding) * source.columns.length
                        + column.place(column_before, source.columns.padding);
                    (row_tap * geometry.columns.kernel + column_tap, at)
                })
            })
            .collect();
        let outputs = geometry.group_outputs();
        let offsets = (0..outputs).flat_map(|output| taps.iter().map(move |(_, at)| output * source.channel() + at));
        let channels = geometry.channels_per_task();
        let mut weights = Vec::new();
        for weight in weight.chunks_exact((outputs * geometry.depth()).max(1)) {
            for first in (0..geometry.group_inputs()).step_by(channels) {
                let count = channels.min(geometry.group_inputs() - first);
                weights.push(PackedWeights::new(count, outputs * taps.len(), |channel, index| {
                    let (output, tap) = (index / taps.len(), taps[index % taps.len()].0);
                    weight[output * geometry.depth() + (first + channel) * geometry.taps() + tap]
                }));
            }
        }
        let (rows, columns) = (row.elements.clone(), column.elements.clone());
        Phase {
            offsets: offsets.collect(),
            layout: Layout::new([rows.len(), columns.len()], source.columns.length, self.width),
            weights,
            rows,
            columns,
            phases: [row.phase, column.phase],
        }
    }

    /// The gradient of the channels of one part of one group of one sample; `gradient` is that of the group's outputs.
    pub(in crate::ops::conv2d) fn run(
        &self,
        [group, part]: [usize; 2],
        gradient: &[T],
        planes: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        let slack = self.phases.iter().map(|phase| phase.layout.reach(self.width)).max().unwrap_or(0);
        scratch.lay_out(0, self.source.length(gradient.len(), slack));
        let Scratch { source, other: result, .. } = scratch;
        vectorized(
            #[inline(always)]
            || self.source.copy(gradient, source),
        );
        let input_plane = self.geometry.input_plane();
        for phase in &self.phases {
            let length = phase.layout.length;
            let correlation = |result, plane| Correlation {
                source,
                offsets: &phase.offsets,
                weights: &phase.weights[group * self.parts + part],
                bias: None,
                layout: &phase.layout,
                result,
                plane,
            };
            if self.source_is_whole(phase) && length == input_plane {
                T::with_lanes(correlation(planes, input_plane));
                continue;
            }
            result.resize(planes.len() / input_plane.max(1) * length, T::ZERO);
            T::with_lanes(correlation(result, length));
            for (plane, result) in planes.chunks_exact_mut(input_plane).zip(result.chunks_exact(length.max(1))) {
                self.place(phase, result, plane);
            }
        }
    }

    /// Whether the phase is all of the input.
    fn source_is_whole(&self, phase: &Phase<T>) -> bool {
        phase.rows.len() == self.geometry.rows.input && phase.columns.len() == self.geometry.columns.input
    }

    /// Brings a phase of one channel to where its elements belong.
    fn place(&self, phase: &Phase<T>, result: &[T], plane: &mut [T]) {
        let Geometry { rows, columns, .. } = self.geometry;
        let [row_phase, column_phase] = phase.phases;
        let first = phase.columns.start * columns.stride + column_phase - columns.padding;
        for (row, values) in phase.rows.clone().zip(result.chunks(phase.layout.stride)) {
            let row = row * rows.stride + row_phase - rows.padding;
            let line = &mut plane[row * columns.input + first..(row + 1) * columns.input];
            let values = &values[..phase.columns.len()];
            if columns.stride == 1 {
                line.copy_from_slice(values);
            } else {
                for (cell, &value) in line.iter_mut().step_by(columns.stride).zip(values) {
                    *cell = value;
                }
            }
        }
    }
}
