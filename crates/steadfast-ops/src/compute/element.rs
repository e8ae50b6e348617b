//! The numbers that the kernels are written for: f32 for training, f64 for checking gradients.

use candle_core::WithDType;
use faer::traits::ComplexField;

use super::exponential;
use super::lanes::{Dispatched, LaneTask};

/// A floating-point number that the operations compute with on the CPU: `f32` or `f64`.
///
/// Every kernel is written once for both: training runs in f32, and the same code in f64 is what the gradient checks
/// hold against finite differences.
pub trait Real: WithDType + ComplexField + std::ops::Neg<Output = Self> {
    /// Zero.
    const ZERO: Self;
    /// One.
    const ONE: Self;
    /// Below every other number.
    const LOWEST: Self;

    /// The exponential function, to within two units in the last place.
    ///
    /// For f32 it is pure arithmetic, so the same bits everywhere and in every vector width; numbers that are not
    /// numbers stay so.
    #[must_use]
    fn exponential(self) -> Self;

    /// The error function, with an absolute error below 5e-7 in f32.
    #[must_use]
    fn error_function(self) -> Self;

    /// The natural logarithm.
    #[must_use]
    fn logarithm(self) -> Self;

    /// The square root.
    #[must_use]
    fn square_root(self) -> Self;

    /// Whether it is not a number.
    fn not_a_number(self) -> bool;

    /// Does some work with the widest vectors of this processor.
    #[doc(hidden)]
    fn with_lanes<W: LaneTask<Self>>(work: W) -> W::Output;
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const LOWEST: Self = Self::NEG_INFINITY;

    #[inline(always)]
    fn exponential(self) -> Self {
        exponential::exponential(self)
    }

    #[inline(always)]
    fn error_function(self) -> Self {
        exponential::error_function(self)
    }

    #[inline(always)]
    fn logarithm(self) -> Self {
        libm::logf(self)
    }

    #[inline(always)]
    fn square_root(self) -> Self {
        self.sqrt()
    }

    #[inline(always)]
    fn not_a_number(self) -> bool {
        self.is_nan()
    }

    #[inline]
    fn with_lanes<W: LaneTask<Self>>(work: W) -> W::Output {
        pulp::Arch::new().dispatch(Dispatched((work, 0.0_f32)))
    }
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const LOWEST: Self = Self::NEG_INFINITY;

    #[inline]
    fn exponential(self) -> Self {
        libm::exp(self)
    }

    #[inline]
    fn error_function(self) -> Self {
        libm::erf(self)
    }

    #[inline]
    fn logarithm(self) -> Self {
        libm::log(self)
    }

    #[inline]
    fn square_root(self) -> Self {
        self.sqrt()
    }

    #[inline]
    fn not_a_number(self) -> bool {
        self.is_nan()
    }

    #[inline]
    fn with_lanes<W: LaneTask<Self>>(work: W) -> W::Output {
        pulp::Arch::new().dispatch(Dispatched((work, 0.0_f64)))
    }
}
