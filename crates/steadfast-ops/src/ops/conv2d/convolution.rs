//! The forward pass, and the operation as candle sees it.

use candle_core::{Result, Shape, Tensor, bail};
use faer::MatMut;
use faer::reborrow::ReborrowMut;
use rayon::prelude::*;

use super::geometry::Geometry;
use super::{direct, gradients};
use crate::compute::{
    Gradients, Operation, Product, Real, View, apply_three, apply_two, multiply, rows_of, rows_of_mut, runs_here, zeros,
};
use crate::ops::window::{Window, stacked_windows};

/// How the kernel of a convolution moves over its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2dOptions {
    /// How far the kernel moves at each step, along both sides.
    pub stride: usize,
    /// Zeros imagined around the input, on all four sides.
    pub padding: usize,
    /// Distance between the elements that the kernel takes.
    pub dilation: usize,
    /// Channels are divided into this many groups that do not see each other.
    pub groups: usize,
}

impl Default for Conv2dOptions {
    fn default() -> Self {
        Self { stride: 1, padding: 0, dilation: 1, groups: 1 }
    }
}

/// The convolution (in truth the cross-correlation, as everywhere in machine learning) of `x` with `weight`.
///
/// `x` is `[batch, in, height, width]`, `weight` is `[out, in / groups, kernel height, kernel width]`, `bias` is
/// `[out]`. This is `torch.nn.functional.conv2d` with the same stride, padding and dilation along both sides.
pub fn conv2d(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, options: Conv2dOptions) -> Result<Tensor> {
    let geometry = Geometry::new(x.dims(), weight.dims(), options)?;
    if let Some(bias) = bias
        && bias.dims() != [geometry.out_channels]
    {
        bail!("conv2d: the bias is {:?}, but the weight is {:?}", bias.dims(), weight.dims());
    }
    match bias {
        Some(bias) if runs_here(&[x, weight, bias]) => apply_three(Conv2dOp(geometry), [x, weight, bias]),
        None if runs_here(&[x, weight]) => apply_two(Conv2dOp(geometry), x, weight),
        _ => composed(&geometry, x, weight, bias),
    }
}

/// The same of candle's own operations.
fn composed(geometry: &Geometry, x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let y = if geometry.rows.left_over() == geometry.columns.left_over() {
        let Window { stride, padding, dilation, .. } = geometry.rows;
        x.conv2d(weight, padding, stride, dilation, geometry.groups)?
    } else {
        windowed(geometry, x, weight)?
    };
    match bias {
        Some(bias) => y.broadcast_add(&bias.reshape((1, (), 1, 1))?),
        None => Ok(y),
    }
}

/// The same as products with stacked windows: slower than candle's convolution, whose backward pass fails (seen in
/// 0.11.1) where the last stride leaves over more elements at one side of the image than at the other.
fn windowed(geometry: &Geometry, x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    let Geometry { batch, groups, rows, columns, .. } = *geometry;
    let windows = stacked_windows(x, rows, columns, 0.0)?;
    let windows =
        windows.reshape((batch, groups, geometry.group_inputs(), geometry.output_plane(), geometry.taps()))?;
    let windows =
        windows.permute((0, 1, 3, 2, 4))?.reshape((batch, groups, geometry.output_plane(), geometry.depth()))?;
    let weight = weight.reshape((1, groups, geometry.group_outputs(), geometry.depth()))?.transpose(2, 3)?;
    let products = windows.broadcast_matmul(&weight)?.transpose(2, 3)?;
    products.reshape((batch, geometry.out_channels, rows.output, columns.output))
}

struct Conv2dOp(Geometry);

impl Conv2dOp {
    fn forward<T: Real>(&self, x: View<'_>, weight: View<'_>, bias: Option<View<'_>>) -> Result<(Vec<T>, Shape)> {
        let geometry = &self.0;
        let (x, weight) = (x.values::<T>()?, weight.values::<T>()?);
        let bias = bias.map(|bias| bias.values::<T>()).transpose()?;
        let values = if geometry.is_pointwise() {
            pointwise(geometry, &x, &weight, bias.as_deref())
        } else {
            direct::ForwardPlan::new(geometry, &weight, bias.as_deref()).run(&x)
        };
        let shape = (geometry.batch, geometry.out_channels, geometry.rows.output, geometry.columns.output);
        Ok((values, Shape::from(shape)))
    }
}

/// The convolution whose kernel is one element: a product of matrices for each sample.
fn pointwise<T: Real>(geometry: &Geometry, x: &[T], weight: &[T], bias: Option<&[T]>) -> Vec<T> {
    let mut values = zeros(geometry.batch * geometry.output_sample());
    let elements_per_tile = geometry.elements_per_tile();
    let mut tasks = Vec::new();
    for (sample, output) in values.chunks_exact_mut(geometry.output_sample().max(1)).enumerate() {
        let mut rest = rows_of_mut(output, geometry.out_channels, geometry.output_plane());
        let mut start = 0;
        while rest.ncols() > 0 {
            let elements = elements_per_tile.min(rest.ncols());
            let (tile, beside) = rest.split_at_col_mut(elements);
            tasks.push((sample, start, tile));
            (rest, start) = (beside, start + elements);
        }
    }
    tasks.into_par_iter().for_each(|(sample, start, output)| {
        let input = &x[sample * geometry.input_sample()..(sample + 1) * geometry.input_sample()];
        pointwise_tile(geometry, (input, weight, bias), start, output);
    });
    values
}

/// The elements of one sample from `start` on; `output` is `[out channels, elements]`.
fn pointwise_tile<T: Real>(
    geometry: &Geometry,
    (input, weight, bias): (&[T], &[T], Option<&[T]>),
    start: usize,
    mut output: MatMut<'_, T>,
) {
    let (elements, depth, outputs) = (output.ncols(), geometry.depth(), geometry.group_outputs());
    let mode = if let Some(bias) = bias {
        for (channel, &value) in bias.iter().enumerate() {
            output.rb_mut().row_mut(channel).fill(value);
        }
        Product::Add
    } else {
        Product::Replace
    };
    for group in 0..geometry.groups {
        let planes = &input[group * depth * geometry.input_plane()..(group + 1) * depth * geometry.input_plane()];
        let weight = rows_of(&weight[group * outputs * depth..(group + 1) * outputs * depth], outputs, depth);
        let result = output.rb_mut().subrows_mut(group * outputs, outputs);
        multiply(result, mode, weight, rows_of(planes, depth, geometry.input_plane()).subcols(start, elements));
    }
}

impl Operation<2> for Conv2dOp {
    const NAME: &'static str = "conv2d";

    fn forward<T: Real>(&self, [x, weight]: [View<'_>; 2]) -> Result<(Vec<T>, Shape)> {
        self.forward(x, weight, None)
    }

    fn backward<T: Real>(
        &self,
        [x, weight]: [View<'_>; 2],
        _output: View<'_>,
        gradient: View<'_>,
        [of_x, of_weight]: [bool; 2],
    ) -> Result<Gradients<T, 2>> {
        let gradient = gradient.values::<T>()?;
        Ok([
            of_x.then(|| gradients::of_input(&self.0, weight, &gradient)).transpose()?,
            of_weight.then(|| gradients::of_weight(&self.0, x, &gradient)).transpose()?,
        ])
    }
}

impl Operation<3> for Conv2dOp {
    const NAME: &'static str = "conv2d";

    fn forward<T: Real>(&self, [x, weight, bias]: [View<'_>; 3]) -> Result<(Vec<T>, Shape)> {
        self.forward(x, weight, Some(bias))
    }

    fn backward<T: Real>(
        &self,
        [x, weight, _]: [View<'_>; 3],
        _output: View<'_>,
        gradient: View<'_>,
        [of_x, of_weight, of_bias]: [bool; 3],
    ) -> Result<Gradients<T, 3>> {
        let gradient = gradient.values::<T>()?;
        Ok([
            of_x.then(|| gradients::of_input(&self.0, weight, &gradient)).transpose()?,
            of_weight.then(|| gradients::of_weight(&self.0, x, &gradient)).transpose()?,
            of_bias.then(|| gradients::of_bias(&self.0, &gradient)),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, normal};

    fn options([stride, padding, dilation, groups]: [usize; 4]) -> Conv2dOptions {
        Conv2dOptions { stride, padding, dilation, groups }
    }

    fn check_conv(x: [usize; 4], weight: [usize; 4], settings: [usize; 4]) {
        let options = options(settings);
        let geometry = Geometry::new(&x, &weight, options).unwrap();
        check(&[&x, &weight, &[weight[0]]], &|t| conv2d(&t[0], &t[1], Some(&t[2]), options), &|t| {
            composed(&geometry, &t[0], &t[1], Some(&t[2]))
        });
        check(&[&x, &weight], &|t| conv2d(&t[0], &t[1], None, options), &|t| windowed(&geometry, &t[0], &t[1]));
    }

    #[test]
    fn kernels_and_odd_sizes() {
        check_conv([2, 3, 5, 7], [4, 3, 3, 3], [1, 1, 1, 1]);
        check_conv([1, 1, 4, 4], [1, 1, 3, 3], [1, 0, 1, 1]);
        check_conv([3, 2, 6, 5], [5, 2, 2, 4], [1, 2, 1, 1]);
        check_conv([1, 2, 3, 3], [3, 2, 3, 3], [1, 3, 1, 1]);
    }

    #[test]
    fn strides_and_dilations() {
        check_conv([2, 3, 9, 8], [4, 3, 3, 3], [2, 1, 1, 1]);
        check_conv([1, 2, 11, 10], [3, 2, 3, 3], [3, 2, 1, 1]);
        check_conv([2, 2, 9, 10], [3, 2, 3, 3], [1, 2, 2, 1]);
        check_conv([1, 1, 12, 13], [2, 1, 3, 2], [2, 3, 3, 1]);
    }

    #[test]
    fn groups_and_single_elements() {
        check_conv([2, 4, 5, 6], [6, 2, 3, 3], [1, 1, 1, 2]);
        check_conv([3, 6, 7, 7], [6, 1, 3, 3], [2, 1, 1, 6]);
        check_conv([2, 5, 4, 3], [7, 5, 1, 1], [1, 0, 1, 1]);
        check_conv([2, 4, 4, 5], [6, 2, 1, 1], [1, 0, 1, 2]);
        check_conv([2, 4, 5, 5], [3, 4, 1, 1], [2, 0, 1, 1]);
    }

    #[test]
    fn large_enough_to_be_divided() {
        check_conv([20, 16, 30, 30], [32, 16, 3, 3], [1, 1, 1, 1]);
        check_conv([1, 16, 40, 40], [16, 16, 3, 3], [1, 1, 1, 1]);
        check_conv([3, 24, 17, 33], [25, 24, 3, 3], [2, 1, 1, 1]);
    }

    #[test]
    fn shapes_that_do_not_fit_are_errors() {
        let (x, weight) = (normal("x", &[1, 4, 5, 5]), normal("w", &[6, 2, 3, 3]));
        let run = |settings, bias: Option<&Tensor>| conv2d(&x, &weight, bias, options(settings));
        assert!(run([1, 1, 1, 2], None).is_ok());
        for settings in [[1, 1, 1, 1], [1, 1, 1, 0], [0, 1, 1, 2], [1, 1, 0, 2], [1, 0, 3, 2]] {
            assert!(run(settings, None).is_err(), "{settings:?}");
        }
        assert!(run([1, 1, 1, 2], Some(&normal("b", &[5]))).is_err());
        assert!(conv2d(&normal("x", &[4, 5, 5]), &weight, None, options([1, 1, 1, 2])).is_err());
    }
}
