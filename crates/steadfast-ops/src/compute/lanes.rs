//! Vectors as wide as the processor's, for the kernels that compilers do not find by themselves.
//!
//! A kernel is a [`LaneTask`]: written once, for any width and for both types of numbers, and compiled for each kind of
//! processor. [`Real::with_lanes`](super::Real::with_lanes) picks the widest one that is there.

use pulp::Simd;

/// The operations of one kind of vectors.
pub trait Lanes<T>: Copy + Send + Sync {
    /// A vector of numbers.
    type Vector: Copy;
    /// Numbers in a vector.
    const WIDTH: usize;
    /// Vectors that the processor can hold at once.
    const REGISTERS: usize;

    /// The same number everywhere.
    fn splat(self, value: T) -> Self::Vector;

    /// The first [`WIDTH`](Self::WIDTH) of these values; there must be as many.
    fn load(self, values: &[T]) -> Self::Vector;

    /// Writes a vector to the first [`WIDTH`](Self::WIDTH) of these values; there must be as many.
    fn store(self, vector: Self::Vector, values: &mut [T]);

    /// `a * b + c`, rounded once.
    fn multiply_add(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
}

/// Work that is done with some kind of vectors.
pub trait LaneTask<T> {
    /// What comes of it.
    type Output;

    /// Does it. Implementations are `#[inline(always)]`, and so is everything they call, or the vectors go through
    /// memory.
    fn run<L: Lanes<T>>(self, lanes: L) -> Self::Output;
}

/// Numbers in the widest vectors of this processor.
pub(crate) fn lane_width<T: super::Real>() -> usize {
    struct Width;
    impl<T> LaneTask<T> for Width {
        type Output = usize;

        #[inline(always)]
        fn run<L: Lanes<T>>(self, _lanes: L) -> usize {
            L::WIDTH
        }
    }
    T::with_lanes(Width)
}

/// Vectors of `f32`.
#[derive(Clone, Copy)]
pub(super) struct Singles<S>(pub(super) S);

/// Vectors of `f64`.
#[derive(Clone, Copy)]
pub(super) struct Doubles<S>(pub(super) S);

macro_rules! lanes {
    ($lanes:ident, $number:ty, $vector:ident, $width:ident, $splat:ident, $fma:ident, $load:ident, $store:ident) => {
        impl<S: Simd> Lanes<$number> for $lanes<S> {
            type Vector = S::$vector;
            const WIDTH: usize = S::$width;
            const REGISTERS: usize = S::REGISTER_COUNT;

            #[inline(always)]
            fn splat(self, value: $number) -> Self::Vector {
                self.0.$splat(value)
            }

            #[inline(always)]
            fn load(self, values: &[$number]) -> Self::Vector {
                S::$load(values).0[0]
            }

            #[inline(always)]
            fn store(self, vector: Self::Vector, values: &mut [$number]) {
                S::$store(values).0[0] = vector;
            }

            #[inline(always)]
            fn multiply_add(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector {
                self.0.$fma(a, b, c)
            }
        }
    };
}

lanes!(Singles, f32, f32s, F32_LANES, splat_f32s, mul_add_f32s, as_simd_f32s, as_mut_simd_f32s);
lanes!(Doubles, f64, f64s, F64_LANES, splat_f64s, mul_add_f64s, as_simd_f64s, as_mut_simd_f64s);

/// A task with the numbers it is for, as `pulp` dispatches it.
pub(super) struct Dispatched<W>(pub(super) W);

/// Makes `f32` vectors of what `pulp` found.
impl<W: LaneTask<f32>> pulp::WithSimd for Dispatched<(W, f32)> {
    type Output = W::Output;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        self.0.0.run(Singles(simd))
    }
}

/// Makes `f64` vectors of what `pulp` found.
impl<W: LaneTask<f64>> pulp::WithSimd for Dispatched<(W, f64)> {
    type Output = W::Output;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        self.0.0.run(Doubles(simd))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compute::Real;

    /// Adds `factor` times the first numbers to the second ones.
    struct Scaled<'a, T>(T, &'a [T], &'a mut [T]);

    impl<T: Real> LaneTask<T> for Scaled<'_, T> {
        type Output = usize;

        #[inline(always)]
        fn run<L: Lanes<T>>(self, lanes: L) -> usize {
            let Self(factor, first, second) = self;
            for (first, second) in first.chunks_exact(L::WIDTH).zip(second.chunks_exact_mut(L::WIDTH)) {
                let sums = lanes.multiply_add(lanes.splat(factor), lanes.load(first), lanes.load(second));
                lanes.store(sums, second);
            }
            L::WIDTH
        }
    }

    fn check<T: Real>(values: &[T], two: T) {
        let mut sums = values.to_vec();
        let width = T::with_lanes(Scaled(two, values, &mut sums));
        let whole = values.len() / width * width;
        for (index, (&value, &sum)) in values.iter().zip(&sums).enumerate() {
            let expected = if index < whole { two * value + value } else { value };
            assert!(sum == expected, "{index}");
        }
    }

    #[test]
    fn vectors_of_both_kinds() {
        check(&(0..67).map(f64::from).collect::<Vec<_>>(), 2.0);
        check(&(0_u8..67).map(f32::from).collect::<Vec<_>>(), 2.0);
    }
}
