//! `max(x + y, 0)`: the end of a residual block, in one pass.

use candle_core::{Result, Shape, Tensor};

use super::{add, relu};
use crate::compute::{Gradients, Operation, Real, View, apply_two, mapped_pairs, runs_here};

/// `max(x + y, 0)` of two tensors of the same shape; the same as `relu(add(x, y))`, with half the way through memory.
pub fn add_relu(x: &Tensor, y: &Tensor) -> Result<Tensor> {
    if x.dims() == y.dims() && runs_here(&[x, y]) { apply_two(AddReluOp, x, y) } else { relu(&add(x, y)?) }
}

struct AddReluOp;

impl Operation<2> for AddReluOp {
    const NAME: &'static str = "add_relu";
    const ALIKE: bool = true;

    fn forward<T: Real>(&self, [x, y]: [View<'_>; 2]) -> Result<(Vec<T>, Shape)> {
        let values = mapped_pairs(
            &x.values::<T>()?,
            &y.values::<T>()?,
            #[inline(always)]
            |x, y| {
                let sum = x + y;
                if sum <= T::ZERO { T::ZERO } else { sum }
            },
        );
        Ok((values, Shape::from(x.dims())))
    }

    fn backward<T: Real>(
        &self,
        _inputs: [View<'_>; 2],
        output: View<'_>,
        gradient: View<'_>,
        [of_x, of_y]: [bool; 2],
    ) -> Result<Gradients<T, 2>> {
        let values = mapped_pairs(
            &gradient.values::<T>()?,
            &output.values::<T>()?,
            #[inline(always)]
            |gradient, output| {
                if output <= T::ZERO { T::ZERO } else { gradient }
            },
        );
        Ok(match (of_x, of_y) {
            (true, true) => [Some(values.clone()), Some(values)],
            (true, false) => [Some(values), None],
            (false, true) => [None, Some(values)],
            (false, false) => [None, None],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, normal};

    #[test]
    fn is_both_in_one() {
        for dims in [&[1][..], &[3, 5], &[2, 3, 40, 50]] {
            check(&[dims, dims], &|t| add_relu(&t[0], &t[1]), &|t| (&t[0] + &t[1])?.relu());
        }
    }

    #[test]
    fn other_shapes_are_added_as_before() -> Result<()> {
        let sum = add_relu(&normal("x", &[2, 3]), &normal("y", &[3]))?;
        assert_eq!(sum.to_vec2::<f64>()?, relu(&add(&normal("x", &[2, 3]), &normal("y", &[3]))?)?.to_vec2::<f64>()?);
        Ok(())
    }

    /// In a graph of ours both inputs get the gradient, also where one of them is used elsewhere.
    #[test]
    fn one_gradient_for_both() -> Result<()> {
        use candle_core::Var;
        let (x, y) = (Var::from_tensor(&normal("x", &[4, 6]))?, Var::from_tensor(&normal("y", &[4, 6]))?);
        let target = normal("target", &[4, 6]);
        let ours = crate::ops::mse(&add(&add_relu(&x, &y)?, &x)?, &target)?;
        let theirs = (((&*x + &*y)?.relu()? + &*x)? - &target)?.sqr()?.mean_all()?;
        let (mut found, expected) = (crate::compute::backward(&ours)?, theirs.backward()?);
        for var in [&x, &y] {
            let found = crate::testing::flat(&found.remove(var)?.expect("a gradient"));
            let expected = crate::testing::flat(expected.get(var).expect("a gradient"));
            crate::testing::assert_near(&found, &expected, 1e-12, "gradient");
        }
        Ok(())
    }
}
