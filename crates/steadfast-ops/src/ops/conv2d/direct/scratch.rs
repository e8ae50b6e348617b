//! Memory that a thread uses for one sample after another.

use crate::compute::Real;

/// Two buffers, which grow to what the largest tile needs.
pub(in crate::ops::conv2d) struct Scratch<T> {
    /// The copy of some channels.
    pub(super) source: Vec<T>,
    /// Which layout the copy has, if any; its zeros need not be written again.
    pub(super) laid_out: Option<usize>,
    /// What is made on the way to the result.
    pub(super) other: Vec<T>,
}

impl<T: Real> Scratch<T> {
    /// Makes the copy zeros, where it was not laid out in the same way before.
    pub(super) fn lay_out(&mut self, layout: usize, length: usize) {
        if self.laid_out != Some(layout) {
            self.source.clear();
            self.source.resize(length, T::ZERO);
            self.laid_out = Some(layout);
        }
    }
}

impl<T> Default for Scratch<T> {
    fn default() -> Self {
        Self { source: Vec::new(), laid_out: None, other: Vec::new() }
    }
}
