//! The sizes of one convolution, and how its work is divided.

use candle_core::{Result, bail};

use super::Conv2dOptions;
use crate::ops::window::Window;

/// Elements of the column matrix that one task works on: 256 KiB of f32, so that it stays in the second-level cache.
const COLUMN_ELEMENTS: usize = 1 << 16;
/// Elements of the input and the output that one task works on where the input is copied: 1 MiB of f32.
const COPY_ELEMENTS: usize = 1 << 18;
/// Tasks wanted at least where the batch alone does not give as many.
const TASKS: usize = 8;
/// Partial weight gradients are summed from at most this many groups of samples.
const SAMPLE_GROUPS: usize = 16;
/// Partial weight gradients hold at most this many elements together.
const PARTIAL_ELEMENTS: usize = 1 << 25;

/// The sizes of one convolution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Geometry {
    pub(super) batch: usize,
    pub(super) in_channels: usize,
    pub(super) out_channels: usize,
    pub(super) groups: usize,
    pub(super) rows: Window,
    pub(super) columns: Window,
}

impl Geometry {
    pub(super) fn new(x: &[usize], weight: &[usize], options: Conv2dOptions) -> Result<Self> {
        let Conv2dOptions { stride, padding, dilation, groups } = options;
        let (&[batch, in_channels, height, width], &[out_channels, inner, kernel_height, kernel_width]) = (x, weight)
        else {
            bail!("conv2d: the input is {x:?} and the weight is {weight:?}, but both must have four dimensions");
        };
        let divides = groups > 0 && out_channels % groups == 0 && inner * groups == in_channels;
        if !divides {
            bail!("conv2d: the input is {x:?}, but the weight is {weight:?} for {groups} groups");
        }
        let rows = Window::new(height, [kernel_height, stride, padding, dilation], "conv2d")?;
        let columns = Window::new(width, [kernel_width, stride, padding, dilation], "conv2d")?;
        Ok(Self { batch, in_channels, out_channels, groups, rows, columns })
    }

    /// Input channels per group.
    pub(super) const fn group_inputs(&self) -> usize {
        self.in_channels / self.groups
    }

    /// Output channels per group.
    pub(super) const fn group_outputs(&self) -> usize {
        self.out_channels / self.groups
    }

    /// Weights per input channel and output channel.
    pub(super) const fn taps(&self) -> usize {
        self.rows.kernel * self.columns.kernel
    }

    /// Rows of the column matrix of one group: the inputs of one output element.
    pub(super) const fn depth(&self) -> usize {
        self.group_inputs() * self.taps()
    }

    /// Elements of one channel of the input.
    pub(super) const fn input_plane(&self) -> usize {
        self.rows.input * self.columns.input
    }

    /// Elements of one channel of the output.
    pub(super) const fn output_plane(&self) -> usize {
        self.rows.output * self.columns.output
    }

    /// Elements of one sample of the input.
    pub(super) const fn input_sample(&self) -> usize {
        self.in_channels * self.input_plane()
    }

    /// Elements of one sample of the output.
    pub(super) const fn output_sample(&self) -> usize {
        self.out_channels * self.output_plane()
    }

    /// Weights in all.
    pub(super) const fn weights(&self) -> usize {
        self.out_channels * self.depth()
    }

    /// Whether the column matrix would be the input itself.
    pub(super) fn is_pointwise(&self) -> bool {
        let unit = |window: &Window| (window.kernel, window.stride, window.padding);
        matches!((unit(&self.rows), unit(&self.columns)), ((1, 1, 0), (1, 1, 0)))
    }

    /// Output rows per tile, so that the column matrix of one tile stays in the cache.
    pub(super) fn rows_per_tile(&self) -> usize {
        let per_row = self.depth() * self.columns.output;
        let fitting = (COLUMN_ELEMENTS / per_row.max(1)).clamp(1, self.rows.output.max(1));
        // A small batch is cut finer than the cache asks for, so that there is work for several threads.
        let tiles = TASKS.div_ceil(self.batch.max(1));
        fitting.min(self.rows.output.div_ceil(tiles)).max(1)
    }

    /// Output rows per tile, so that the copied input of one tile stays in the cache.
    pub(super) fn rows_per_copy(&self) -> usize {
        let per_row = (self.group_inputs() + self.group_outputs()) * self.columns.input * self.rows.stride;
        let fitting = (COPY_ELEMENTS / per_row.max(1)).clamp(4, self.rows.output.max(4));
        // A small batch is cut finer than the cache asks for, so that there is work for several threads.
        let tiles = TASKS.div_ceil(self.batch.max(1));
        fitting.min(self.rows.output.div_ceil(tiles)).max(1)
    }

    /// Output elements per tile where the kernel is one element.
    pub(super) fn elements_per_tile(&self) -> usize {
        let tiles = TASKS.div_ceil(self.batch.max(1));
        let fitting = (COLUMN_ELEMENTS / self.depth().max(1)).max(self.columns.output);
        fitting.min(self.output_plane().div_ceil(tiles)).max(1)
    }

    /// Input channels per task of the input's gradient: all channels of a group, or fewer where the batch is small.
    pub(super) fn channels_per_task(&self) -> usize {
        let tasks_per_group = TASKS.div_ceil((self.batch * self.groups).max(1));
        self.group_inputs().div_ceil(tasks_per_group).max(1)
    }

    /// Samples per partial sum of the weight's gradient.
    pub(super) fn samples_per_group(&self) -> usize {
        let groups = (PARTIAL_ELEMENTS / self.weights().max(1)).clamp(1, SAMPLE_GROUPS);
        self.batch.div_ceil(groups).max(1)
    }
}
