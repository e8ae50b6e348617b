//! Convolution without a column matrix.
//!
//! The column matrix of a 3x3 kernel holds every input nine times. Here the input is copied once, with its padding
//! around it, so that the elements which one weight meets lie in a row: the result is a sum of shifted rows, and a tile
//! of it stays in the processor's registers while all weights pass by.
//!
//! - [`correlate`]: many results from shifted rows; the forward pass and the gradient of the input.
//! - [`outer`]: sums of products over all elements; the gradient of the weight.
//! - [`source`]: the copy. A stride takes it apart into phases, whose rows lie together.
//! - [`layout`]: which elements of the copy make which of the result.

mod correlate;
mod forward;
mod input_gradient;
mod layout;
mod outer;
mod scratch;
mod source;
mod weight_gradient;

pub(super) use forward::ForwardPlan;
pub(super) use input_gradient::InputGradientPlan;
pub(super) use scratch::Scratch;
pub(super) use weight_gradient::WeightGradientPlan;
