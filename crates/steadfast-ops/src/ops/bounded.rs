//! Activations with bounds: the hyperbolic tangent, and the rectifier that ends at six.

use std::marker::PhantomData;

use candle_core::{Result, Shape, Tensor};

use crate::compute::{Gradients, Operation, Real, View, apply_one, mapped, mapped_pairs, runs_here};

/// The hyperbolic tangent of each number, with an absolute error of a few units in the last place of one.
pub fn tanh(x: &Tensor) -> Result<Tensor> {
    if runs_here(&[x]) { apply_one(BoundedOp::<Tanh>(PhantomData), x) } else { x.tanh() }
}

/// `min(max(x, 0), 6)`: `torch.nn.functional.relu6`. The gradient is zero at both ends.
pub fn relu6(x: &Tensor) -> Result<Tensor> {
    if runs_here(&[x]) { apply_one(BoundedOp::<Relu6>(PhantomData), x) } else { x.clamp(0.0, 6.0) }
}

/// A function of one number whose derivative follows from its value.
trait Bounded: Send + Sync + 'static {
    const NAME: &'static str;

    fn value<T: Real>(x: T) -> T;

    fn derivative_at<T: Real>(value: T) -> T;
}

struct Tanh;

impl Bounded for Tanh {
    const NAME: &'static str = "tanh";

    #[inline(always)]
    fn value<T: Real>(x: T) -> T {
        let logistic = T::ONE / (T::ONE + (-(x + x)).exponential());
        logistic + logistic - T::ONE
    }

    #[inline(always)]
    fn derivative_at<T: Real>(value: T) -> T {
        T::ONE - value * value
    }
}

struct Relu6;

impl Bounded for Relu6 {
    const NAME: &'static str = "relu6";

    #[inline(always)]
    fn value<T: Real>(x: T) -> T {
        // Comparisons that are false for NaN, so that it passes through.
        let x = if x < T::ZERO { T::ZERO } else { x };
        let six = T::from_f64(6.0);
        if x > six { six } else { x }
    }

    #[inline(always)]
    fn derivative_at<T: Real>(value: T) -> T {
        if value > T::ZERO && value < T::from_f64(6.0) { T::ONE } else { T::ZERO }
    }
}

struct BoundedOp<B>(PhantomData<B>);

impl<B: Bounded> Operation<1> for BoundedOp<B> {
    const NAME: &'static str = B::NAME;

    fn forward<T: Real>(&self, [x]: [View<'_>; 1]) -> Result<(Vec<T>, Shape)> {
        Ok((mapped(&x.values::<T>()?, B::value), Shape::from(x.dims())))
    }

    fn backward<T: Real>(
        &self,
        _inputs: [View<'_>; 1],
        output: View<'_>,
        gradient: View<'_>,
        _wanted: [bool; 1],
    ) -> Result<Gradients<T, 1>> {
        let (output, gradient) = (output.values::<T>()?, gradient.values::<T>()?);
        let values = mapped_pairs(
            &gradient,
            &output,
            #[inline(always)]
            |gradient, value| gradient * B::derivative_at(value),
        );
        Ok([Some(values)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_inputs, normal};

    #[test]
    fn hyperbolic_tangent() {
        for dims in [&[9][..], &[3, 130, 129]] {
            check(&[dims], &|t| tanh(&t[0]), &|t| t[0].tanh());
        }
    }

    #[test]
    fn rectifier_up_to_six() -> Result<()> {
        for dims in [&[9][..], &[3, 130, 129]] {
            let wide = normal("x", dims).affine(5.0, 1.0)?;
            // Candle's `clamp` has another gradient where it clamps, so the reference is written out.
            check_inputs(&[wide], &|t| relu6(&t[0]), &|t| t[0].relu()? - (&t[0] - 6.0)?.relu()?);
        }
        Ok(())
    }

    #[test]
    fn far_from_zero() -> Result<()> {
        let x = Tensor::new(&[-1e4_f32, -50.0, 50.0, 1e4, f32::NAN], &candle_core::Device::Cpu)?;
        let values = tanh(&x)?.to_vec1::<f32>()?;
        assert_eq!(values[..4], [-1.0, -1.0, 1.0, 1.0]);
        assert!(values[4].is_nan());
        let values = relu6(&x)?.to_vec1::<f32>()?;
        assert_eq!(values[..4], [0.0, 0.0, 6.0, 6.0]);
        assert!(values[4].is_nan());
        Ok(())
    }
}
