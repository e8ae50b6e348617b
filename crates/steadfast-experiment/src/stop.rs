//! The request to stop at the next safe point.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether someone has asked the run to stop. Asked before every step, so it must be quick.
pub trait StopSignal {
    /// True from the moment the run shall finish its step, save and return.
    fn requested(&self) -> bool;
}

/// Never stops early.
impl StopSignal for () {
    fn requested(&self) -> bool {
        false
    }
}

/// A flag that a signal handler sets.
impl StopSignal for AtomicBool {
    fn requested(&self) -> bool {
        self.load(Ordering::Relaxed)
    }
}

impl<S: StopSignal + ?Sized> StopSignal for std::sync::Arc<S> {
    fn requested(&self) -> bool {
        (**self).requested()
    }
}
