//! Reading the values of candle's tensors, whatever their strides.

use std::borrow::Cow;
use std::sync::OnceLock;

use candle_core::{CpuStorage, Layout, Result, WithDType, bail};

use super::Real;

/// One tensor as an operation sees it: its dimensions, and its values when asked for.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    storage: &'a CpuStorage,
    layout: &'a Layout,
}

impl<'a> View<'a> {
    pub(crate) const fn new(storage: &'a CpuStorage, layout: &'a Layout) -> Self {
        Self { storage, layout }
    }

    /// The dimensions of the tensor.
    pub(crate) fn dims(&self) -> &'a [usize] {
        self.layout.dims()
    }

    /// The number of elements.
    pub(crate) fn count(&self) -> usize {
        self.layout.shape().elem_count()
    }

    /// The length of the last dimension, and the number of rows of that length.
    pub(crate) fn rows_and_width(&self) -> Result<(usize, usize)> {
        match self.dims() {
            [] => bail!("expected at least one dimension"),
            [leading @ .., width] => Ok((leading.iter().product(), *width)),
        }
    }

    /// The values in row-major order: borrowed where they lie so, else gathered into a copy.
    pub(crate) fn values<T: Real>(&self) -> Result<Cow<'a, [T]>> {
        let stored = self.storage.as_slice::<T>()?;
        match self.layout.contiguous_offsets() {
            Some((start, end)) => Ok(Cow::Borrowed(&stored[start..end])),
            None => Ok(Cow::Owned(gather(stored, self.layout))),
        }
    }
}

/// Copies strided values into row-major order, run by run of those that lie together.
fn gather<T: Real>(stored: &[T], layout: &Layout) -> Vec<T> {
    let count = layout.shape().elem_count();
    let mut values = Vec::with_capacity(count);
    let (mut dims, mut strides) = (layout.dims(), layout.stride());
    let mut run = 1;
    while let ([outer_dims @ .., dim], [outer_strides @ .., stride]) = (dims, strides)
        && (*stride == run || *dim == 1)
    {
        run *= dim;
        (dims, strides) = (outer_dims, outer_strides);
    }
    let mut index = vec![0; dims.len()];
    while values.len() < count {
        let offset: usize = index.iter().zip(strides).map(|(index, stride)| index * stride).sum();
        let start = layout.start_offset() + offset;
        values.extend_from_slice(&stored[start..start + run]);
        // Count up, the last dimension fastest.
        for (index, &dim) in index.iter_mut().zip(dims).rev() {
            *index += 1;
            if *index < dim {
                break;
            }
            *index = 0;
        }
    }
    values
}

/// What the forward pass keeps for the backward pass; written once.
#[derive(Default)]
pub(crate) struct Saved(OnceLock<CpuStorage>);

impl Saved {
    /// Keeps the values; a second forward pass of the same operation keeps the first ones, which are equal.
    pub(crate) fn keep<T: WithDType>(&self, values: Vec<T>) {
        let _ = self.0.set(T::to_cpu_storage_owned(values));
    }

    /// The values that were kept.
    pub(crate) fn get<T: WithDType>(&self) -> Result<&[T]> {
        match self.0.get() {
            Some(storage) => storage.as_slice::<T>(),
            None => bail!("the backward pass ran before the forward pass"),
        }
    }
}
