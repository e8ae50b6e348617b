//! What the sequence operation asks of one kind of cell.

use crate::compute::Real;

/// One step of one sample, forward.
pub(super) struct Step<'a, T> {
    /// What the input gives to the gates, `[GATES * hidden]`.
    pub(super) projected: &'a [T],
    /// What the previous hidden state gives to them, bias included, `[GATES * hidden]`.
    pub(super) recurrent: &'a [T],
    /// The previous hidden state, to be replaced.
    pub(super) hidden: &'a mut [T],
    /// The previous memory, to be replaced; a cell without one leaves it alone.
    pub(super) memory: &'a mut [T],
    /// What the backward pass needs, `[SAVED * hidden]`.
    pub(super) saved: &'a mut [T],
}

/// One step of one sample, backward.
pub(super) struct StepBack<'a, T> {
    /// What the forward pass saved.
    pub(super) saved: &'a [T],
    /// The hidden state before the step.
    pub(super) hidden_before: &'a [T],
    /// What the forward pass saved at the step before; zeros at the first one.
    pub(super) saved_before: &'a [T],
    /// The gradient of the hidden state; to be replaced by what goes to the previous one beside the gates.
    pub(super) of_hidden: &'a mut [T],
    /// The gradient of the memory; to be replaced by that of the previous one.
    pub(super) of_memory: &'a mut [T],
    /// The gradient of `projected`, to be written.
    pub(super) of_projected: &'a mut [T],
    /// The gradient of `recurrent`, to be written.
    pub(super) of_recurrent: &'a mut [T],
}

/// The arithmetic of one kind of cell.
pub(super) trait Cell: Send + Sync + 'static {
    /// The name in error messages.
    const NAME: &'static str;
    /// Numbers that the input gives per hidden number.
    const GATES: usize;
    /// Numbers that the backward pass needs per hidden number.
    const SAVED: usize;

    /// Computes the next hidden state.
    fn forward<T: Real>(step: Step<'_, T>);

    /// Carries the gradient back through one step.
    fn backward<T: Real>(step: StepBack<'_, T>);

    /// The gradient of `recurrent` from that of `projected`, in place.
    fn recurrent_gradient<T: Real>(of_projected: &mut [T], saved: &[T]);
}

/// The `index`-th run of `width` numbers.
#[inline(always)]
pub(super) fn part<T>(values: &[T], index: usize, width: usize) -> &[T] {
    &values[index * width..][..width]
}

/// `1 / (1 + e^-x)`.
#[inline(always)]
pub(super) fn logistic<T: Real>(x: T) -> T {
    T::ONE / (T::ONE + (-x).exponential())
}

/// The hyperbolic tangent, with an absolute error of a few units in the last place of one.
#[inline(always)]
pub(super) fn tangent<T: Real>(x: T) -> T {
    let logistic = logistic(x + x);
    logistic + logistic - T::ONE
}
