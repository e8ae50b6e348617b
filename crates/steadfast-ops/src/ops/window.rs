//! The geometry of a window that moves over an image.

use candle_core::{Result, Tensor, bail};

/// A window moving along one side of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// Length of the side.
    pub(super) input: usize,
    /// Elements that the window takes.
    pub(super) kernel: usize,
    /// How far it moves at each step.
    pub(super) stride: usize,
    /// Elements imagined before and after the side.
    pub(super) padding: usize,
    /// Distance between the elements that it takes.
    pub(super) dilation: usize,
    /// How many positions it has.
    pub(super) output: usize,
}

impl Window {
    /// Computes the number of positions; an error when the window does not fit once.
    pub(super) fn new(input: usize, [kernel, stride, padding, dilation]: [usize; 4], name: &str) -> Result<Self> {
        if kernel == 0 || stride == 0 || dilation == 0 {
            bail!("{name}: kernel {kernel}, stride {stride} and dilation {dilation} must be positive");
        }
        let reach = dilation * (kernel - 1) + 1;
        let padded = input + 2 * padding;
        if padded < reach {
            bail!("{name}: a window of {reach} elements does not fit into {input} with padding {padding}");
        }
        Ok(Self { input, kernel, stride, padding, dilation, output: (padded - reach) / stride + 1 })
    }

    /// Elements at the end of the padded side that no window reaches.
    pub(super) const fn left_over(&self) -> usize {
        let reach = self.dilation * (self.kernel - 1) + 1;
        (self.input + 2 * self.padding - reach) % self.stride
    }

    /// The element that the window at `position` takes as its number `tap`; `None` in the padding.
    #[inline(always)]
    pub(super) fn element(&self, position: usize, tap: usize) -> Option<usize> {
        (position * self.stride + tap * self.dilation).checked_sub(self.padding).filter(|&element| element < self.input)
    }

    /// The positions whose element number `tap` lies inside the side.
    #[inline(always)]
    pub(super) fn inside(&self, tap: usize) -> std::ops::Range<usize> {
        let offset = tap * self.dilation;
        let first = self.padding.saturating_sub(offset).div_ceil(self.stride);
        let end = (self.input + self.padding).saturating_sub(offset).div_ceil(self.stride).min(self.output);
        first.min(end)..end
    }

    /// The elements of the padded side that the windows take as their number `tap`, on the device of `like`.
    fn padded_elements(&self, tap: usize, like: &Tensor) -> Result<Tensor> {
        let elements = (0..self.output).map(|position| u32::try_from(position * self.stride + tap * self.dilation));
        let elements: Vec<u32> = elements.collect::<std::result::Result<_, _>>().map_err(candle_core::Error::wrap)?;
        Tensor::new(elements, like.device())
    }
}

/// The elements of all windows of `x`, `[batch, channels, height, width]`, as
/// `[batch, channels, positions, positions, elements]`, of candle's own operations; `fill` stands in the padding.
pub(super) fn stacked_windows(x: &Tensor, rows: Window, columns: Window, fill: f64) -> Result<Tensor> {
    let padded = padded(&padded(x, 2, rows.padding, fill)?, 3, columns.padding, fill)?;
    let mut windows = Vec::with_capacity(rows.kernel * columns.kernel);
    for row_tap in 0..rows.kernel {
        let taken_rows = padded.index_select(&rows.padded_elements(row_tap, x)?, 2)?;
        for column_tap in 0..columns.kernel {
            windows.push(taken_rows.index_select(&columns.padded_elements(column_tap, x)?, 3)?);
        }
    }
    Tensor::stack(&windows, 4)?.contiguous()
}

fn padded(x: &Tensor, dim: usize, padding: usize, fill: f64) -> Result<Tensor> {
    if padding == 0 {
        return Ok(x.clone());
    }
    let mut dims = x.dims().to_vec();
    dims[dim] = padding;
    let border = Tensor::full(fill, dims, x.device())?.to_dtype(x.dtype())?;
    Tensor::cat(&[&border, x, &border], dim)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_range_inside_is_where_elements_exist(
            input in 1_usize..20,
            kernel in 1_usize..5,
            stride in 1_usize..4,
            padding in 0_usize..5,
            dilation in 1_usize..4,
        ) {
            if let Ok(window) = Window::new(input, [kernel, stride, padding, dilation], "test") {
                for tap in 0..kernel {
                    for position in 0..window.output {
                        let exists = window.element(position, tap).is_some();
                        prop_assert_eq!(exists, window.inside(tap).contains(&position));
                    }
                }
            }
        }
    }

    #[test]
    fn a_window_that_does_not_fit_is_an_error() {
        assert!(Window::new(2, [3, 1, 0, 1], "conv2d").is_err());
        assert!(Window::new(2, [3, 0, 1, 1], "conv2d").is_err());
        assert_eq!(Window::new(28, [3, 1, 1, 1], "conv2d").unwrap().output, 28);
        assert_eq!(Window::new(32, [3, 2, 1, 1], "conv2d").unwrap().output, 16);
    }
}
