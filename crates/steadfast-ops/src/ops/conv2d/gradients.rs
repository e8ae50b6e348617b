//! The backward passes of the convolution.

use candle_core::Result;
use faer::MatRef;
use rayon::prelude::*;

use super::geometry::Geometry;
use super::{columns, direct};
use crate::compute::{
    Product, Real, View, add_into, computed_by_parts, map_in_order, multiply, rows_of, rows_of_mut, sum, vectorized,
    zeros,
};

/// With fewer outputs in a group the vectors of its weight's gradient would be mostly empty.
const FEWEST_OUTPUTS: usize = 4;

/// The gradient of the input: what every output passes back along its weights.
pub(super) fn of_input<T: Real>(geometry: &Geometry, weight: View<'_>, gradient: &[T]) -> Result<Vec<T>> {
    let weight = weight.values::<T>()?;
    Ok(if geometry.is_pointwise() {
        of_input_pointwise(geometry, &weight, gradient)
    } else {
        of_input_direct(geometry, &weight, gradient)
    })
}

/// The gradient of the input where the kernel is one element: a product of matrices for each sample.
fn of_input_pointwise<T: Real>(geometry: &Geometry, weight: &[T], gradient: &[T]) -> Vec<T> {
    let mut values = zeros(geometry.batch * geometry.input_sample());
    let group_input = geometry.group_inputs() * geometry.input_plane();
    let channels = geometry.channels_per_task();
    let mut tasks = Vec::new();
    for (block, planes) in values.chunks_exact_mut(group_input.max(1)).enumerate() {
        let parts = planes.chunks_mut((channels * geometry.input_plane()).max(1));
        tasks.extend(parts.enumerate().map(|(part, planes)| (block, part * channels, planes)));
    }
    tasks.into_par_iter().for_each(|(block, channel, planes)| {
        let (sample, group) = (block / geometry.groups, block % geometry.groups);
        let gradient = group_gradient(geometry, gradient, sample, group);
        let count = planes.len() / geometry.input_plane().max(1);
        let weight = group_weight(geometry, weight, group).subcols(channel, count);
        multiply(rows_of_mut(planes, count, gradient.ncols()), Product::Replace, weight.transpose(), gradient);
    });
    values
}

/// The gradient of the input for other kernels.
fn of_input_direct<T: Real>(geometry: &Geometry, weight: &[T], gradient: &[T]) -> Vec<T> {
    let plan = direct::InputGradientPlan::new(geometry, weight);
    let group_output = geometry.group_outputs() * geometry.output_plane();
    let group_input = geometry.group_inputs() * geometry.input_plane();
    let part = geometry.channels_per_task() * geometry.input_plane();
    let parts = group_input.div_ceil(part.max(1)).max(1);
    if parts > 1 {
        let mut values = zeros(geometry.batch * geometry.input_sample());
        let blocks =
            values.par_chunks_exact_mut(group_input.max(1)).zip(gradient.par_chunks_exact(group_output.max(1)));
        blocks.enumerate().for_each(|(block, (planes, gradient))| {
            planes.par_chunks_mut(part).enumerate().for_each(|(index, planes)| {
                plan.run([block % geometry.groups, index], gradient, planes, &mut direct::Scratch::default());
            });
        });
        return values;
    }
    let count = geometry.batch * geometry.input_sample();
    computed_by_parts(count, group_input, direct::Scratch::default, |scratch, block, planes: &mut [T]| {
        let gradient = &gradient[block * group_output..(block + 1) * group_output];
        plan.run([block % geometry.groups, 0], gradient, planes, scratch);
    })
}

/// The gradient of the weight: summed over samples within fixed groups, and the groups added in order.
pub(super) fn of_weight<T: Real>(geometry: &Geometry, x: View<'_>, gradient: &[T]) -> Result<Vec<T>> {
    let x = x.values::<T>()?;
    if !geometry.is_pointwise() && geometry.group_outputs() >= FEWEST_OUTPUTS {
        return Ok(of_weight_direct(geometry, &x, gradient));
    }
    let samples = geometry.samples_per_group();
    let mut parts = map_in_order(geometry.batch.div_ceil(samples), |part| {
        let mut sums = vec![T::ZERO; geometry.weights()];
        let mut scratch = Vec::new();
        for sample in part * samples..((part + 1) * samples).min(geometry.batch) {
            add_sample(geometry, &x, gradient, sample, (&mut sums, &mut scratch));
        }
        sums
    })
    .into_iter();
    let mut total = parts.next().unwrap_or_else(|| vec![T::ZERO; geometry.weights()]);
    for part in parts {
        add_into(&mut total, &part);
    }
    Ok(total)
}

/// The same from shifted rows.
fn of_weight_direct<T: Real>(geometry: &Geometry, x: &[T], gradient: &[T]) -> Vec<T> {
    let plan = direct::WeightGradientPlan::new::<T>(geometry);
    let samples = geometry.samples_per_group();
    let mut parts = map_in_order(geometry.batch.div_ceil(samples), |part| {
        let mut sums = plan.zeros();
        let mut scratch = direct::Scratch::default();
        for sample in part * samples..((part + 1) * samples).min(geometry.batch) {
            let input = &x[sample * geometry.input_sample()..(sample + 1) * geometry.input_sample()];
            let gradient = &gradient[sample * geometry.output_sample()..(sample + 1) * geometry.output_sample()];
            plan.add(input, gradient, &mut sums, &mut scratch);
        }
        sums
    })
    .into_iter();
    let mut total = parts.next().unwrap_or_else(|| plan.zeros());
    for part in parts {
        add_into(&mut total, &part);
    }
    plan.finish(&total)
}

/// Adds the weight's gradient of one sample to `sums`.
fn add_sample<T: Real>(
    geometry: &Geometry,
    x: &[T],
    gradient: &[T],
    sample: usize,
    (sums, scratch): (&mut [T], &mut Vec<T>),
) {
    let (depth, outputs) = (geometry.depth(), geometry.group_outputs());
    let group_input = geometry.group_inputs() * geometry.input_plane();
    for (group, sums) in sums.chunks_exact_mut((outputs * depth).max(1)).enumerate() {
        let block = sample * geometry.groups + group;
        let planes = &x[block * group_input..(block + 1) * group_input];
        let gradient = group_gradient(geometry, gradient, sample, group);
        if geometry.is_pointwise() {
            let columns = rows_of(planes, depth, geometry.input_plane());
            multiply(rows_of_mut(sums, outputs, depth), Product::Add, gradient, columns.transpose());
            continue;
        }
        for tile in tiles(geometry) {
            let (start, elements) = (tile.start * geometry.columns.output, tile.len() * geometry.columns.output);
            scratch.resize(depth * elements, T::ZERO);
            vectorized(
                #[inline(always)]
                || columns::gather(geometry, planes, &tile, scratch),
            );
            let columns = rows_of(scratch, depth, elements);
            let gradient = gradient.subcols(start, elements);
            multiply(rows_of_mut(sums, outputs, depth), Product::Add, gradient, columns.transpose());
        }
    }
}

/// The gradient of the bias: the sum over everything but the channels.
pub(super) fn of_bias<T: Real>(geometry: &Geometry, gradient: &[T]) -> Vec<T> {
    let plane = geometry.output_plane();
    map_in_order(
        geometry.out_channels,
        #[inline(always)]
        |channel| {
            (0..geometry.batch).fold(T::ZERO, |total, sample| {
                let start = (sample * geometry.out_channels + channel) * plane;
                total + sum(&gradient[start..start + plane])
            })
        },
    )
}

fn tiles(geometry: &Geometry) -> impl Iterator<Item = std::ops::Range<usize>> {
    let (rows, step) = (geometry.rows.output, geometry.rows_per_tile());
    (0..rows).step_by(step).map(move |start| start..(start + step).min(rows))
}

/// The weight of one group, `[outputs, depth]`.
fn group_weight<'a, T>(geometry: &Geometry, weight: &'a [T], group: usize) -> MatRef<'a, T> {
    let size = geometry.group_outputs() * geometry.depth();
    rows_of(&weight[group * size..(group + 1) * size], geometry.group_outputs(), geometry.depth())
}

/// The gradient of the outputs of one group of one sample, `[outputs, output plane]`.
fn group_gradient<'a, T>(geometry: &Geometry, gradient: &'a [T], sample: usize, group: usize) -> MatRef<'a, T> {
    let size = geometry.group_outputs() * geometry.output_plane();
    let block = sample * geometry.groups + group;
    rows_of(&gradient[block * size..(block + 1) * size], geometry.group_outputs(), geometry.output_plane())
}
