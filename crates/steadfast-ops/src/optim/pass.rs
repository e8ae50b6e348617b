//! One pass over a parameter, its gradient and the tensors that an optimizer keeps for it.

use candle_core::{DType, Device, Result, Tensor, Var, bail};
use rayon::prelude::*;

use super::update::{Writable, read, write};
use crate::compute::{CHUNK, Real, runs_here, vectorized};

/// What an optimizer does to one number of a parameter.
///
/// The rule sees each element by itself, so the bits do not depend on how the elements are divided among threads.
pub(super) trait Rule<const N: usize>: Sync {
    /// The parameter and the kept numbers after a step, from those before it and the gradient as it is used.
    fn element<T: Real>(&self, parameter: T, kept: [T; N], gradient: T) -> (T, [T; N]);
}

/// Applies a rule to all elements of `var` and `kept`, in place.
///
/// `scale` is what the gradient is multiplied by. Away from the CPU, and for other element types, the numbers travel to
/// the CPU as f32 and back.
pub(super) fn apply<const N: usize>(
    var: &Var,
    kept: &[Tensor; N],
    (gradient, scale): (&Tensor, f64),
    rule: &impl Rule<N>,
) -> Result<()> {
    match var.dtype() {
        DType::F32 if runs_here(&[var, gradient]) => in_place::<f32, N>(var, kept, (gradient, scale), rule),
        DType::F64 if runs_here(&[var, gradient]) => in_place::<f64, N>(var, kept, (gradient, scale), rule),
        _ => by_way_of_the_cpu(var, kept, (gradient, scale), rule),
    }
}

fn in_place<T: Real + Writable, const N: usize>(
    parameter: &Tensor,
    kept: &[Tensor; N],
    (gradient, scale): (&Tensor, f64),
    rule: &impl Rule<N>,
) -> Result<()> {
    write(parameter, |parameters: &mut [T]| {
        write_all(kept, Vec::with_capacity(N), &mut |kept: Vec<&mut [T]>| {
            let Ok(kept) = <[&mut [T]; N]>::try_from(kept) else { bail!("a kept tensor was not reached") };
            read(gradient, |gradients: &[T]| {
                over_all(&mut *parameters, kept, (gradients, T::from_f64(scale)), rule);
            })
        })
    })
}

/// Calls `work` with the values of all `tensors`, to be changed in place.
fn write_all<T: Writable>(
    tensors: &[Tensor],
    reached: Vec<&mut [T]>,
    work: &mut dyn FnMut(Vec<&mut [T]>) -> Result<()>,
) -> Result<()> {
    match tensors {
        [] => work(reached),
        [next, rest @ ..] => write(next, |values: &mut [T]| {
            let mut all = reached;
            all.push(values);
            write_all(rest, all, work)
        }),
    }
}

fn over_all<T: Real, const N: usize>(
    parameters: &mut [T],
    kept: [&mut [T]; N],
    (gradients, scale): (&[T], T),
    rule: &impl Rule<N>,
) {
    if parameters.len() <= CHUNK {
        vectorized(
            #[inline(always)]
            || over_chunk(parameters, kept, (gradients, scale), rule),
        );
        return;
    }
    let mut kept = kept.map(|values| values.chunks_mut(CHUNK));
    let tasks: Vec<_> = parameters
        .chunks_mut(CHUNK)
        .zip(gradients.chunks(CHUNK))
        .map(|(parameters, gradients)| {
            // Kept tensors have the shape of the parameter, so none of them ends before it.
            (parameters, kept.each_mut().map(|chunks| chunks.next().unwrap_or_default()), gradients)
        })
        .collect();
    tasks.into_par_iter().for_each(|(parameters, kept, gradients)| {
        vectorized(
            #[inline(always)]
            || over_chunk(parameters, kept, (gradients, scale), rule),
        );
    });
}

#[inline(always)]
fn over_chunk<T: Real, const N: usize>(
    parameters: &mut [T],
    mut kept: [&mut [T]; N],
    (gradients, scale): (&[T], T),
    rule: &impl Rule<N>,
) {
    let count = parameters.len().min(gradients.len());
    let kept = kept.each_mut().map(|values| &mut values[..count]);
    for index in 0..count {
        let before = std::array::from_fn(|slot| kept[slot][index]);
        let (parameter, after) = rule.element(parameters[index], before, gradients[index] * scale);
        parameters[index] = parameter;
        for slot in 0..N {
            kept[slot][index] = after[slot];
        }
    }
}

fn by_way_of_the_cpu<const N: usize>(
    var: &Var,
    kept: &[Tensor; N],
    (gradient, scale): (&Tensor, f64),
    rule: &impl Rule<N>,
) -> Result<()> {
    let here = |tensor: &Tensor| tensor.to_device(&Device::Cpu)?.to_dtype(DType::F32)?.copy();
    let parameter = here(var)?;
    let mut copies = Vec::with_capacity(N);
    for tensor in kept {
        copies.push(here(tensor)?);
    }
    let Ok(copies) = <[Tensor; N]>::try_from(copies) else { bail!("a kept tensor was not copied") };
    in_place::<f32, N>(&parameter, &copies, (&here(gradient)?, scale), rule)?;
    for (tensor, copy) in kept.iter().zip(&copies) {
        tensor.slice_set(&copy.to_dtype(tensor.dtype())?.to_device(tensor.device())?.contiguous()?, 0, 0)?;
    }
    var.set(&parameter.to_dtype(var.dtype())?.to_device(var.device())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_near, flat, normal};

    /// Something that mixes everything.
    struct Mix;

    impl Rule<2> for Mix {
        fn element<T: Real>(&self, parameter: T, [first, second]: [T; 2], gradient: T) -> (T, [T; 2]) {
            (parameter - gradient * second, [first + gradient, second + first])
        }
    }

    fn run(dtype: DType, count: usize) -> Result<Vec<f64>> {
        let tensor = |name: &str| normal(name, &[count]).to_dtype(dtype)?.copy();
        let var = Var::from_tensor(&tensor("p")?)?;
        let kept = [tensor("a")?, tensor("b")?];
        for _ in 0..2 {
            apply(&var, &kept, (&tensor("g")?, 0.5), &Mix)?;
        }
        let all = [var.as_detached_tensor(), kept[0].clone(), kept[1].clone()];
        Ok(all.iter().flat_map(flat).collect())
    }

    #[test]
    fn chunks_and_other_types_make_no_difference() -> Result<()> {
        for count in [1, 40, CHUNK + 3] {
            let exact = run(DType::F64, count)?;
            assert_near(&run(DType::F32, count)?, &exact, 1e-5, "f32");
            assert_near(&run(DType::F16, count)?, &exact, 2e-2, "by way of the CPU");
        }
        Ok(())
    }
}
