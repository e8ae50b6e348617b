//! Gaussian error linear units.

use candle_core::{Result, Shape, Tensor};

use crate::compute::{Gradients, Operation, Real, View, apply_one, mapped, mapped_pairs, runs_here};

/// `x * F(x)` with the distribution function F of the standard normal distribution.
///
/// This is `torch.nn.functional.gelu`.
pub fn gelu(x: &Tensor) -> Result<Tensor> {
    if runs_here(&[x]) { apply_one(ExactGelu, x) } else { x.gelu_erf() }
}

/// The approximation of [`gelu`] by a hyperbolic tangent that GPT-2 uses.
///
/// `0.5 x (1 + tanh(u))` with `u = sqrt(2 / pi) (x + 0.044715 x^3)`; this is
/// `torch.nn.functional.gelu(approximate="tanh")`.
pub fn gelu_tanh(x: &Tensor) -> Result<Tensor> {
    if runs_here(&[x]) { apply_one(TanhGelu, x) } else { x.gelu() }
}

/// A function of one number with its derivative.
trait Curve: Send + Sync + 'static {
    const NAME: &'static str;

    fn value<T: Real>(x: T) -> T;

    fn derivative<T: Real>(x: T) -> T;
}

struct ExactGelu;

impl Curve for ExactGelu {
    const NAME: &'static str = "gelu";

    #[inline(always)]
    fn value<T: Real>(x: T) -> T {
        x * normal_distribution(x)
    }

    #[inline(always)]
    fn derivative<T: Real>(x: T) -> T {
        // The density of the normal distribution is the derivative of its distribution function.
        let density = (T::from_f64(-0.5) * x * x).exponential() * T::from_f64(0.398_942_280_401_432_7);
        normal_distribution(x) + x * density
    }
}

#[inline(always)]
fn normal_distribution<T: Real>(x: T) -> T {
    let half = T::from_f64(0.5);
    half + half * (x * T::from_f64(std::f64::consts::FRAC_1_SQRT_2)).error_function()
}

struct TanhGelu;

impl Curve for TanhGelu {
    const NAME: &'static str = "gelu_tanh";

    #[inline(always)]
    fn value<T: Real>(x: T) -> T {
        x * gate(x)
    }

    #[inline(always)]
    fn derivative<T: Real>(x: T) -> T {
        let gate = gate(x);
        let slope = T::from_f64(TWICE_ROOT) * (T::ONE + T::from_f64(3.0 * CUBIC) * x * x);
        gate + x * gate * (T::ONE - gate) * slope
    }
}

/// `2 sqrt(2 / pi)`.
const TWICE_ROOT: f64 = 1.595_769_121_605_730_8;
const CUBIC: f64 = 0.044_715;

/// `0.5 (1 + tanh(u))`, written as the logistic function of `2 u`: the sum would lose all digits where the tangent is
/// near minus one.
#[inline(always)]
fn gate<T: Real>(x: T) -> T {
    let twice = T::from_f64(TWICE_ROOT) * (x + T::from_f64(CUBIC) * x * x * x);
    T::ONE / (T::ONE + (-twice).exponential())
}

impl<C: Curve> Operation<1> for C {
    const NAME: &'static str = C::NAME;

    fn forward<T: Real>(&self, [x]: [View<'_>; 1]) -> Result<(Vec<T>, Shape)> {
        let values = mapped(&x.values::<T>()?, C::value);
        Ok((values, Shape::from(x.dims())))
    }

    fn backward<T: Real>(
        &self,
        [x]: [View<'_>; 1],
        _output: View<'_>,
        gradient: View<'_>,
        _wanted: [bool; 1],
    ) -> Result<Gradients<T, 1>> {
        let (x, gradient) = (x.values::<T>()?, gradient.values::<T>()?);
        let values = mapped_pairs(
            &gradient,
            &x,
            #[inline(always)]
            |gradient, x| gradient * C::derivative(x),
        );
        Ok([Some(values)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    // Candle's own functions differentiate with constants of few digits, so the references are written out.

    fn exact_reference(t: &[Tensor]) -> Result<Tensor> {
        t[0].mul(&t[0].affine(std::f64::consts::FRAC_1_SQRT_2, 0.0)?.erf()?.affine(0.5, 0.5)?)
    }

    fn tanh_reference(t: &[Tensor]) -> Result<Tensor> {
        let x = &t[0];
        let inner = (x + x.powf(3.0)?.affine(CUBIC, 0.0)?)?.affine(TWICE_ROOT / 2.0, 0.0)?;
        x * inner.tanh()?.affine(0.5, 0.5)?
    }

    #[test]
    fn exact() {
        for dims in [&[9][..], &[3, 130, 129]] {
            check(&[dims], &|t| gelu(&t[0]), &exact_reference);
        }
    }

    #[test]
    fn by_hyperbolic_tangent() {
        for dims in [&[9][..], &[3, 130, 129]] {
            check(&[dims], &|t| gelu_tanh(&t[0]), &tanh_reference);
        }
    }

    #[test]
    fn far_from_zero() -> Result<()> {
        let x = Tensor::new(&[-1e4_f32, -30.0, 30.0, 1e4], &candle_core::Device::Cpu)?;
        for function in [gelu, gelu_tanh] {
            assert_eq!(function(&x)?.to_vec1::<f32>()?, [0.0, 0.0, 30.0, 1e4]);
        }
        Ok(())
    }
}
