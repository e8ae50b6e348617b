//! Dropping random elements while training.

use candle_core::{Result, Shape, Tensor, bail};

use crate::compute::{CHUNK, Gradients, Operation, Real, View, apply_one, computed, for_each_chunk, runs_here};
use crate::random::StreamKey;

/// Sets each element to zero with probability `probability` and scales the others by `1 / (1 - probability)`.
///
/// Which elements are dropped is a function of `key` and the element's position alone, so the mask is not stored but
/// made again in the backward pass. `probability` lies in `0.0..=1.0`.
pub fn dropout(x: &Tensor, probability: f64, key: &StreamKey) -> Result<Tensor> {
    if !(0.0..=1.0).contains(&probability) {
        bail!("dropout: the probability is {probability}, but must lie between 0 and 1");
    }
    if probability == 0.0 {
        return Ok(x.clone());
    }
    let operation = DropoutOp { keep: 1.0 - probability, key: *key };
    if runs_here(&[x]) {
        return apply_one(operation, x);
    }
    let mut mask = vec![0.0_f32; x.elem_count()];
    operation.mask(&mut mask);
    x.mul(&Tensor::from_vec(mask, x.shape(), x.device())?.to_dtype(x.dtype())?)
}

struct DropoutOp {
    keep: f64,
    key: StreamKey,
}

impl DropoutOp {
    fn mask<T: Real>(&self, mask: &mut [T]) {
        for_each_chunk(mask, CHUNK, |start, chunk| {
            self.key.keep_mask(start, chunk, self.keep, self.scale());
        });
    }

    fn scale<T: Real>(&self) -> T {
        if self.keep > 0.0 { T::from_f64(1.0 / self.keep) } else { T::ZERO }
    }

    fn masked<T: Real>(&self, values: &[T]) -> Vec<T> {
        computed(values.len(), |start, block| {
            self.key.keep_mask(start, block, self.keep, self.scale());
            for (masked, &value) in block.iter_mut().zip(&values[start..]) {
                *masked *= value;
            }
        })
    }
}

impl Operation<1> for DropoutOp {
    const NAME: &'static str = "dropout";

    fn forward<T: Real>(&self, [x]: [View<'_>; 1]) -> Result<(Vec<T>, Shape)> {
        Ok((self.masked(&x.values::<T>()?), Shape::from(x.dims())))
    }

    fn backward<T: Real>(
        &self,
        _inputs: [View<'_>; 1],
        _output: View<'_>,
        gradient: View<'_>,
        _wanted: [bool; 1],
    ) -> Result<Gradients<T, 1>> {
        Ok([Some(self.masked(&gradient.values::<T>()?))])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Seed};
    use crate::testing::{check, normal};

    fn key(step: u64) -> StreamKey {
        Seed::new(5).key(Purpose::Dropout("drop"), &[step])
    }

    #[test]
    fn every_size() {
        for dims in [&[7][..], &[3, 5], &[3, 130, 129]] {
            let masked = |t: &[Tensor]| {
                let mut mask = vec![0.0_f64; t[0].elem_count()];
                DropoutOp { keep: 0.7, key: key(2) }.mask(&mut mask);
                t[0].mul(&Tensor::from_vec(mask, t[0].shape(), t[0].device())?)
            };
            check(&[dims], &|t| dropout(&t[0], 0.3, &key(2)), &masked);
        }
    }

    #[test]
    fn the_mask_belongs_to_the_step() -> Result<()> {
        let x = Tensor::ones((1000,), candle_core::DType::F32, &candle_core::Device::Cpu)?;
        let run = |step| dropout(&x, 0.5, &key(step))?.to_vec1::<f32>();
        assert_eq!(run(3)?, run(3)?);
        assert_ne!(run(3)?, run(4)?);
        assert!(run(3)?.iter().all(|value| [0.0, 2.0].contains(value)));
        Ok(())
    }

    #[test]
    fn nothing_and_everything_can_be_dropped() -> Result<()> {
        let x = normal("x", &[50]);
        assert_eq!(dropout(&x, 0.0, &key(0))?.to_vec1::<f64>()?, x.to_vec1::<f64>()?);
        assert_eq!(dropout(&x, 1.0, &key(0))?.to_vec1::<f64>()?, [0.0; 50]);
        assert!(dropout(&x, -0.1, &key(0)).is_err() && dropout(&x, f64::NAN, &key(0)).is_err());
        Ok(())
    }
}
