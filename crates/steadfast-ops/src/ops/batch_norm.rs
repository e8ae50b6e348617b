//! Batch normalization over every dimension but the channels.

use std::sync::Arc;

use candle_core::{Device, Result, Shape, Tensor, bail};

use crate::compute::{
    Gradients, Operation, Real, Saved, View, apply_three, chunk_for_rows, column_sums, computed, runs_here, sum,
    sum_of, sum_of_pairs,
};

/// Mean and variance of each channel, `[channels]` both; the variance is the mean squared distance from the mean.
#[derive(Clone, Debug)]
pub struct ChannelStatistics {
    /// The means.
    pub mean: Tensor,
    /// The variances.
    pub variance: Tensor,
}

/// `(x - mean) / sqrt(variance + epsilon) * weight + bias` with the statistics of this very batch, which are returned
/// too.
///
/// `x` is `[batch, channels, ...]`, `weight` and `bias` are `[channels]`. This is what `torch.nn.functional.batch_norm`
/// does while training.
pub fn batch_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, epsilon: f64) -> Result<(Tensor, ChannelStatistics)> {
    of_batch([x, weight, bias], epsilon, false)
}

/// `max(y, 0)` of what [`batch_norm`] gives: the same as [`relu`](super::relu) behind it, with half the way through
/// memory.
pub fn batch_norm_relu(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    epsilon: f64,
) -> Result<(Tensor, ChannelStatistics)> {
    of_batch([x, weight, bias], epsilon, true)
}

fn of_batch([x, weight, bias]: [&Tensor; 3], epsilon: f64, relu: bool) -> Result<(Tensor, ChannelStatistics)> {
    let channels = check_shapes(x, [weight, bias])?;
    if x.elem_count() <= channels {
        bail!("batch_norm: one value per channel has no variance; the input is {:?}", x.dims());
    }
    if !runs_here(&[x, weight, bias]) {
        let (y, statistics) = composed(x, weight, bias, epsilon)?;
        return Ok((if relu { y.relu()? } else { y }, statistics));
    }
    let statistics = Arc::new(Saved::default());
    let operation = BatchNormOp { epsilon, of_batch: true, relu, statistics: Arc::clone(&statistics) };
    let y = apply_three(operation, [x, weight, bias])?;
    let saved = statistics.get::<f64>()?;
    let tensor = |values: &[f64]| Tensor::new(values, &Device::Cpu)?.to_dtype(x.dtype());
    Ok((y, ChannelStatistics { mean: tensor(&saved[..channels])?, variance: tensor(&saved[channels..])? }))
}

/// The same with given statistics, such as the running ones of a finished model.
///
/// The statistics get no gradient.
pub fn batch_norm_with(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    statistics: &ChannelStatistics,
    epsilon: f64,
) -> Result<Tensor> {
    check_shapes(x, [weight, bias])?;
    check_shapes(x, [&statistics.mean, &statistics.variance])?;
    if !runs_here(&[x, weight, bias]) {
        return normalized(x, weight, bias, statistics, epsilon);
    }
    let values = |tensor: &Tensor| tensor.to_dtype(candle_core::DType::F64)?.to_vec1::<f64>();
    let saved = Saved::default();
    saved.keep([values(&statistics.mean)?, values(&statistics.variance)?].concat());
    apply_three(BatchNormOp { epsilon, of_batch: false, relu: false, statistics: Arc::new(saved) }, [x, weight, bias])
}

fn check_shapes(x: &Tensor, others: [&Tensor; 2]) -> Result<usize> {
    let [_, channels, ..] = *x.dims() else { bail!("batch_norm: the input is {:?}", x.dims()) };
    if others.iter().any(|tensor| tensor.dims() != [channels]) {
        bail!("batch_norm: {channels} channels, but {:?} and {:?}", others[0].dims(), others[1].dims());
    }
    Ok(channels)
}

/// The same of candle's own operations.
fn composed(x: &Tensor, weight: &Tensor, bias: &Tensor, epsilon: f64) -> Result<(Tensor, ChannelStatistics)> {
    let by_channel = x.transpose(0, 1)?.flatten_from(1)?;
    let mean = by_channel.mean(1)?;
    let variance = by_channel.broadcast_sub(&mean.unsqueeze(1)?)?.sqr()?.mean(1)?;
    let y =
        normalized(x, weight, bias, &ChannelStatistics { mean: mean.clone(), variance: variance.clone() }, epsilon)?;
    Ok((y, ChannelStatistics { mean: mean.detach(), variance: variance.detach() }))
}

fn normalized(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    statistics: &ChannelStatistics,
    epsilon: f64,
) -> Result<Tensor> {
    let mut dims = vec![1; x.rank()];
    dims[1] = weight.dim(0)?;
    let column = |tensor: &Tensor| tensor.reshape(dims.as_slice());
    let deviation = statistics.variance.affine(1.0, epsilon)?.sqrt()?;
    x.broadcast_sub(&column(&statistics.mean)?)?
        .broadcast_div(&column(&deviation)?)?
        .broadcast_mul(&column(weight)?)?
        .broadcast_add(&column(bias)?)
}

struct BatchNormOp {
    epsilon: f64,
    /// Whether the statistics are those of the batch, so that they depend on the input.
    of_batch: bool,
    /// Whether negative results become zero.
    relu: bool,
    /// The means of all channels, then their variances, in f64.
    statistics: Arc<Saved>,
}

/// The dimensions as this operation sees them.
#[derive(Clone, Copy)]
struct Planes {
    batch: usize,
    channels: usize,
    plane: usize,
}

impl Planes {
    fn of(dims: &[usize]) -> Self {
        Self { batch: dims[0], channels: dims[1], plane: dims[2..].iter().product() }
    }

    /// Sums over batch and plane of each channel: `sums` numbers each, of which `term(channel, plane range, sums)` adds
    /// those of one plane.
    fn sums(&self, sums: usize, term: impl Fn(usize, std::ops::Range<usize>, &mut [f64]) + Sync) -> Vec<f64> {
        let per_task = chunk_for_rows(self.channels * self.plane);
        column_sums(
            self.batch,
            sums * self.channels,
            per_task,
            #[inline(always)]
            |sample, totals: &mut [f64]| {
                for (channel, totals) in totals.chunks_mut(sums).enumerate() {
                    let start = (sample * self.channels + channel) * self.plane;
                    term(channel, start..start + self.plane, totals);
                }
            },
        )
    }

    /// Elements per channel.
    const fn count(&self) -> f64 {
        (self.batch * self.plane) as f64
    }

    /// All values, of which `work(channel, start, values)` writes those from `start` on, all of one channel.
    fn computed<T: Real>(&self, work: impl Fn(usize, usize, &mut [T]) + Sync) -> Vec<T> {
        computed(
            self.batch * self.channels * self.plane,
            #[inline(always)]
            |start, block| {
                let mut channel = start / self.plane % self.channels;
                let mut within = start % self.plane;
                let (mut rest, mut index) = (block, start);
                while !rest.is_empty() {
                    let (values, next) = rest.split_at_mut((self.plane - within).min(rest.len()));
                    work(channel, index, values);
                    index += values.len();
                    channel = if channel + 1 == self.channels { 0 } else { channel + 1 };
                    (rest, within) = (next, 0);
                }
            },
        )
    }
}

impl BatchNormOp {
    /// Means, and one over the deviations.
    fn mean_and_inverse<T: Real>(&self, channels: usize) -> Result<(Vec<T>, Vec<T>)> {
        let (means, variances) = self.statistics.get::<f64>()?.split_at(channels);
        let inverse = |&variance: &f64| T::from_f64(1.0 / (variance + self.epsilon).sqrt());
        Ok((means.iter().map(|&mean| T::from_f64(mean)).collect(), variances.iter().map(inverse).collect()))
    }
}

/// Means and variances of all channels in one pass over memory.
///
/// Each plane is looked at twice while it is in the cache, for its mean and for the squared distances from it; the
/// planes of a channel are then put together by the formula of Chan, Golub and Leveque, "Algorithms for computing
/// the sample variance" (1983), in f64.
fn statistics<T: Real>(planes: Planes, x: &[T]) -> Vec<f64> {
    let length = planes.plane as f64;
    let sums = planes.sums(
        3,
        #[inline(always)]
        |_, plane, totals| {
            let values = &x[plane];
            let mean = sum(values).to_f64() / length;
            let rounded = T::from_f64(mean);
            let squares = sum_of(
                values,
                #[inline(always)]
                |value| (value - rounded) * (value - rounded),
            );
            totals[0] += mean;
            totals[1] += squares.to_f64();
            totals[2] += mean * mean;
        },
    );
    let channels = sums.as_chunks::<3>().0;
    let means: Vec<f64> = channels.iter().map(|[mean, ..]| mean / planes.batch as f64).collect();
    let variances = channels.iter().zip(&means).map(|([_, within, squares], mean)| {
        let between = length * (squares - planes.batch as f64 * mean * mean);
        (within + between).max(0.0) / planes.count()
    });
    let variances: Vec<f64> = variances.collect();
    [means, variances].concat()
}

impl Operation<3> for BatchNormOp {
    const NAME: &'static str = "batch_norm";

    fn forward<T: Real>(&self, [x, weight, bias]: [View<'_>; 3]) -> Result<(Vec<T>, Shape)> {
        let planes = Planes::of(x.dims());
        let shape = Shape::from(x.dims());
        let (x, weight, bias) = (x.values::<T>()?, weight.values::<T>()?, bias.values::<T>()?);
        if self.of_batch {
            self.statistics.keep(statistics(planes, &x));
        }
        let (means, inverses) = self.mean_and_inverse::<T>(planes.channels)?;
        let values = planes.computed(
            #[inline(always)]
            |channel, start, values: &mut [T]| {
                let (mean, bias, factor) = (means[channel], bias[channel], inverses[channel] * weight[channel]);
                if self.relu {
                    for (value, &x) in values.iter_mut().zip(&x[start..]) {
                        let result = (x - mean) * factor + bias;
                        *value = if result <= T::ZERO { T::ZERO } else { result };
                    }
                } else {
                    for (value, &x) in values.iter_mut().zip(&x[start..]) {
                        *value = (x - mean) * factor + bias;
                    }
                }
            },
        );
        Ok((values, shape))
    }

    fn backward<T: Real>(
        &self,
        [x, weight, bias]: [View<'_>; 3],
        _output: View<'_>,
        gradient: View<'_>,
        wanted: [bool; 3],
    ) -> Result<Gradients<T, 3>> {
        let planes = Planes::of(x.dims());
        let (x, gradient) = (x.values::<T>()?, gradient.values::<T>()?);
        let (weight, bias) = (weight.values::<T>()?, bias.values::<T>()?);
        let (means, inverses) = self.mean_and_inverse::<T>(planes.channels)?;
        let channels: Vec<Channel<T>> = (0..planes.channels)
            .map(|index| Channel {
                mean: means[index],
                inverse: inverses[index],
                factor: inverses[index] * weight[index],
                bias: bias[index],
            })
            .collect();
        // Which results were zeroed is found out anew from the input, which is at hand.
        Ok(if self.relu {
            self.gradients((planes, &channels), [&x, &gradient], wanted, Channel::where_positive)
        } else {
            self.gradients((planes, &channels), [&x, &gradient], wanted, |_, gradient, _| gradient)
        })
    }
}

/// What is known of a channel.
#[derive(Clone, Copy)]
struct Channel<T> {
    mean: T,
    inverse: T,
    factor: T,
    bias: T,
}

impl<T: Real> Channel<T> {
    /// The gradient of a result that was not zeroed.
    #[inline(always)]
    fn where_positive(self, gradient: T, x: T) -> T {
        if (x - self.mean) * self.factor + self.bias <= T::ZERO { T::ZERO } else { gradient }
    }
}

impl BatchNormOp {
    /// The gradients, given how the one of the result before ReLU comes from the one behind it and the input.
    fn gradients<T: Real>(
        &self,
        (planes, channels): (Planes, &[Channel<T>]),
        [x, gradient]: [&[T]; 2],
        [of_x, of_weight, of_bias]: [bool; 3],
        before: impl Fn(Channel<T>, T, T) -> T + Sync,
    ) -> Gradients<T, 3> {
        // For each channel the sum of the gradient, and of the gradient times the normalized input.
        let sums = planes.sums(
            2,
            #[inline(always)]
            |channel, plane, totals| {
                let channel = channels[channel];
                let (gradient, x) = (&gradient[plane.clone()], &x[plane]);
                let total = sum_of_pairs(
                    gradient,
                    x,
                    #[inline(always)]
                    |gradient, x| before(channel, gradient, x),
                );
                let along = sum_of_pairs(
                    gradient,
                    x,
                    #[inline(always)]
                    |gradient, x| before(channel, gradient, x) * (x - channel.mean),
                );
                totals[0] += total.to_f64();
                totals[1] += along.to_f64() * channel.inverse.to_f64();
            },
        );
        let of_x = of_x.then(|| {
            planes.computed(
                #[inline(always)]
                |index, start, values: &mut [T]| {
                    let channel = channels[index];
                    let per_element = |sum: usize| T::from_f64(sums[2 * index + sum] / planes.count());
                    // Given statistics do not depend on the input, so nothing flows back through them.
                    let (offset, along) = if self.of_batch {
                        (per_element(0), per_element(1) * channel.inverse)
                    } else {
                        (T::ZERO, T::ZERO)
                    };
                    let inputs = gradient[start..].iter().zip(&x[start..]);
                    for (value, (&gradient, &x)) in values.iter_mut().zip(inputs) {
                        let gradient = before(channel, gradient, x);
                        *value = channel.factor * (gradient - offset - (x - channel.mean) * along);
                    }
                },
            )
        });
        let every_second = |first: usize| sums.iter().skip(first).step_by(2).map(|&sum| T::from_f64(sum)).collect();
        [of_x, of_weight.then(|| every_second(1)), of_bias.then(|| every_second(0))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_near, check, flat, normal};

    #[test]
    fn statistics_of_the_batch() {
        for dims in [&[4, 3][..], &[1, 2, 5], &[2, 3, 4, 5], &[9, 5, 30, 31]] {
            check(&[dims, &dims[1..2], &dims[1..2]], &|t| Ok(batch_norm(&t[0], &t[1], &t[2], 1e-5)?.0), &|t| {
                Ok(composed(&t[0], &t[1], &t[2], 1e-5)?.0)
            });
        }
    }

    #[test]
    fn with_relu() {
        for dims in [&[4, 3][..], &[2, 3, 4, 5], &[9, 5, 30, 31]] {
            check(&[dims, &dims[1..2], &dims[1..2]], &|t| Ok(batch_norm_relu(&t[0], &t[1], &t[2], 1e-5)?.0), &|t| {
                composed(&t[0], &t[1], &t[2], 1e-5)?.0.relu()
            });
        }
    }

    #[test]
    fn given_statistics() {
        for dims in [&[1, 3][..], &[2, 3, 4, 5]] {
            let statistics = |t: &[Tensor]| {
                let mean = normal("mean", &[3]).to_dtype(t[0].dtype())?;
                Ok::<_, candle_core::Error>(ChannelStatistics { variance: mean.sqr()?, mean })
            };
            check(&[dims, &[3], &[3]], &|t| batch_norm_with(&t[0], &t[1], &t[2], &statistics(t)?, 1e-3), &|t| {
                normalized(&t[0], &t[1], &t[2], &statistics(t)?, 1e-3)
            });
        }
    }

    #[test]
    fn the_statistics_are_returned() -> Result<()> {
        let (x, one) = (normal("x", &[6, 4, 3]), normal("w", &[4]));
        let (_, found) = batch_norm(&x, &one, &one, 1e-5)?;
        let (_, expected) = composed(&x, &one, &one, 1e-5)?;
        assert_near(&flat(&found.mean), &flat(&expected.mean), 1e-12, "mean");
        assert_near(&flat(&found.variance), &flat(&expected.variance), 1e-12, "variance");
        Ok(())
    }

    #[test]
    fn shapes_that_do_not_fit_are_errors() {
        let weight = normal("w", &[3]);
        for dims in [&[3][..], &[1, 3], &[4, 2]] {
            assert!(batch_norm(&normal("x", dims), &weight, &weight, 1e-5).is_err(), "{dims:?}");
        }
    }
}
