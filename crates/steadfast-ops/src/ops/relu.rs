//! `max(x, 0)`.

use candle_core::{Result, Shape, Tensor};

use crate::compute::{
    CHUNK, Gradients, Operation, Real, View, apply_one, for_each_chunk, runs_here,
};

/// `max(x, 0)` for each element; NaN stays NaN, and the gradient at zero is zero, both as in `PyTorch`.
pub fn relu(x: &Tensor) -> Result<Tensor> {
    if runs_here(&[x]) { apply_one(ReluOp, x) } else { x.relu() }
}

struct ReluOp;

impl Operation<1> for ReluOp {
    const NAME: &'static str = "relu";

    fn forward<T: Real>(&self, [x]: [View<'_>; 1]) -> Result<(Vec<T>, Shape)> {
        let mut values = x.values::<T>()?.into_owned();
        for_each_chunk(
            &mut values,
            CHUNK,
            #[inline(always)]
            |_, chunk| {
                for value in chunk {
                    *value = if *value <= T::ZERO { T::ZERO } else { *value };
                }
            },
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
        let output = output.values::<T>()?;
        let mut values = gradient.values::<T>()?.into_owned();
        for_each_chunk(
            &mut values,
            CHUNK,
            #[inline(always)]
            |start, chunk| {
                for (value, &output) in chunk.iter_mut().zip(&output[start..]) {
                    *value = if output <= T::ZERO { T::ZERO } else { *value };
                }
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
