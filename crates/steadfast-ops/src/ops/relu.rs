//! `max(x, 0)`.

use candle_core::{Result, Shape, Tensor};

use crate::compute::{Gradients, Operation, Real, View, apply_one, mapped, mapped_pairs, runs_here};

/// `max(x, 0)` for each element; NaN stays NaN, and the gradient at zero is zero, both as in `PyTorch`.
pub fn relu(x: &Tensor) -> Result<Tensor> {
    if runs_here(&[x]) { apply_one(ReluOp, x) } else { x.relu() }
}

struct ReluOp;

impl Operation<1> for ReluOp {
    const NAME: &'static str = "relu";

    fn forward<T: Real>(&self, [x]: [View<'_>; 1]) -> Result<(Vec<T>, Shape)> {
        let values = mapped(
            &x.values::<T>()?,
            #[inline(always)]
            |x| if x <= T::ZERO { T::ZERO } else { x },
        );
        Ok((values, Shape::from(x.dims())))
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
            |gradient, output| {
                if output <= T::ZERO { T::ZERO } else { gradient }
            },
        );
        Ok([Some(values)])
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::testing::check;

    #[test]
    fn every_size() {
        for dims in [&[7][..], &[3, 5], &[3, 130, 129]] {
            check(&[dims], &|t| relu(&t[0]), &|t| t[0].relu());
        }
    }

    #[test]
    fn not_a_number_passes_and_zero_has_no_gradient() -> Result<()> {
        let x = candle_core::Var::new(&[f32::NAN, -1.0, 0.0, 2.0], &Device::Cpu)?;
        let y = relu(x.as_tensor())?;
        let values = y.to_vec1::<f32>()?;
        assert!(values[0].is_nan());
        assert_eq!(values[1..], [0.0, 0.0, 2.0]);
        let gradient = y.backward()?.get(x.as_tensor()).map(Tensor::to_vec1::<f32>).transpose()?;
        assert_eq!(gradient, Some(vec![1.0, 0.0, 0.0, 1.0]));
        Ok(())
    }
}
