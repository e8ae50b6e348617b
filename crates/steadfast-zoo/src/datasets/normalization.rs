//! Bringing inputs to mean 0 and standard deviation 1.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::features::Affine;
use super::{DataError, FeatureValues, Features, LazyImages};

/// How many images that are not in memory are decoded to be measured.
pub const MEASURED_IMAGES: usize = 10_000;

/// The mean and the standard deviation that are taken out of each channel of the inputs.
///
/// The channels are the columns of a table and the color planes of an image. Both numbers are on
/// the scale of the inputs before normalization, which for pixels is 0 to 1, so that published
/// values (0.2860 and 0.3530 for Fashion-MNIST) can be used as they are.
///
/// It is stored with a model (as `{"mean": [..], "std": [..]}`, both empty for
/// [`identity`](Self::identity)), because whoever applies the model needs the same numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct Normalization {
    mean: Vec<f64>,
    std: Vec<f64>,
}

/// [`Normalization`] as it stands in a file, not checked yet.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    mean: Vec<f64>,
    std: Vec<f64>,
}

impl TryFrom<Written> for Normalization {
    type Error = DataError;

    fn try_from(written: Written) -> Result<Self, DataError> {
        if written.mean.is_empty() && written.std.is_empty() {
            return Ok(Self::identity());
        }
        Self::given(written.mean, written.std)
    }
}

impl Normalization {
    /// Leaves the inputs as they are.
    pub fn identity() -> Self {
        Self { mean: Vec::new(), std: Vec::new() }
    }

    /// Takes these means and standard deviations, one for each channel, or one for all channels.
    pub fn given(mean: Vec<f64>, std: Vec<f64>) -> Result<Self, DataError> {
        let problem = if mean.is_empty() || mean.len() != std.len() {
            format!("{} means and {} standard deviations", mean.len(), std.len())
        } else if let Some(bad) = mean.iter().find(|mean| !mean.is_finite()) {
            format!("a mean of {bad}")
        } else if let Some(bad) = std.iter().find(|std| !(std.is_finite() && **std > 0.0)) {
            format!("a standard deviation of {bad}")
        } else {
            return Ok(Self { mean, std });
        };
        Err(DataError::Normalization(problem))
    }

    /// Measures these inputs, which should be the training part only.
    ///
    /// The standard deviation is that of the samples themselves (divided by n, not n - 1). A
    /// channel that never changes gets a standard deviation of 1, so that it becomes 0 everywhere.
    /// Bytes are summed in integers and numbers in `f64` in the order of the samples: the result
    /// has the same bits each time.
    ///
    /// Of images that do not fit into memory, [`MEASURED_IMAGES`] are looked at, at even distances.
    pub fn measure(features: &Features) -> Result<Self, DataError> {
        let channels = features.channels();
        let channel_len = features.sample_len() / channels;
        let moments: Vec<(f64, f64)> = match features.values() {
            FeatureValues::Bytes { values, full_scale } => {
                scaled(byte_sums(values, channels, channel_len).moments(), *full_scale)
            }
            FeatureValues::Images(images) => scaled(image_sums(images, channels)?.moments(), features.full_scale()),
            FeatureValues::Floats(values) => float_moments(values, channels, channel_len),
            FeatureValues::Tokens { .. } => return Ok(Self::identity()),
        };
        let positive = |std: f64| if std > 0.0 { std } else { 1.0 };
        Ok(Self {
            mean: moments.iter().map(|&(mean, _)| mean).collect(),
            std: moments.iter().map(|&(_, std)| positive(std)).collect(),
        })
    }

    /// The mean of each channel; empty when nothing is taken out.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The standard deviation of each channel; empty when nothing is taken out.
    pub fn std(&self) -> &[f64] {
        &self.std
    }

    /// The map from stored numbers to inputs for each channel.
    pub(super) fn affine(&self, channels: usize, full_scale: f32) -> Result<Vec<Affine>, DataError> {
        let full_scale = f64::from(full_scale);
        let map =
            |mean: f64, std: f64| Affine { shift: narrow(mean * full_scale), factor: narrow(1.0 / (std * full_scale)) };
        match (self.mean.as_slice(), self.std.as_slice()) {
            ([], _) => Ok(vec![map(0.0, 1.0); channels]),
            (&[mean], &[std]) => Ok(vec![map(mean, std); channels]),
            (means, stds) if means.len() == channels => {
                Ok(means.iter().zip(stds).map(|(&mean, &std)| map(mean, std)).collect())
            }
            (means, _) => {
                let problem = format!("{} means for {channels} channels", means.len());
                Err(DataError::Normalization(problem))
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "inputs are f32, rounding to it is the point")]
fn narrow(value: f64) -> f32 {
    value as f32
}

fn scaled(moments: Vec<(f64, f64)>, full_scale: f32) -> Vec<(f64, f64)> {
    let full_scale = f64::from(full_scale);
    moments.into_iter().map(|(mean, std)| (mean / full_scale, std / full_scale)).collect()
}

/// Exact sums over bytes: of each channel its sum and the sum of its squares.
struct Sums {
    channels: Vec<(u64, u64)>,
    /// How many bytes each channel had.
    count: u64,
}

impl Sums {
    fn new(channels: usize) -> Self {
        Self { channels: vec![(0, 0); channels], count: 0 }
    }

    fn plus(mut self, other: &Self) -> Self {
        self.count += other.count;
        for ((sum, squares), (more, more_squares)) in self.channels.iter_mut().zip(&other.channels) {
            *sum += more;
            *squares += more_squares;
        }
        self
    }

    /// Mean and standard deviation of each channel.
    fn moments(self) -> Vec<(f64, f64)> {
        let count = u128::from(self.count);
        let moments = |(sum, squares): (u64, u64)| {
            let (sum, squares) = (u128::from(sum), u128::from(squares));
            // n * sum of squares - (sum)^2 is exact, and 0 exactly when all bytes are equal.
            let spread = count * squares - sum * sum;
            (sum as f64 / count as f64, (spread as f64).sqrt() / count as f64)
        };
        self.channels.into_iter().map(moments).collect()
    }
}

/// Sums over images that are decoded for it, on all processors; whole numbers have the same sum in any order.
fn image_sums(images: &LazyImages, channels: usize) -> Result<Sums, DataError> {
    let count = images.count();
    let looked_at = count.min(MEASURED_IMAGES);
    let measured: Vec<Result<Sums, DataError>> = (0..looked_at)
        .into_par_iter()
        .map(|number| {
            let mut pixels = Vec::with_capacity(images.sample_len());
            images.append(number * count / looked_at, &mut pixels)?;
            Ok(byte_sums(&pixels, channels, images.sample_len() / channels))
        })
        .collect();
    measured.into_iter().try_fold(Sums::new(channels), |sums, more| Ok(sums.plus(&more?)))
}

/// Sums over bytes, channel by channel.
fn byte_sums(values: &[u8], channels: usize, channel_len: usize) -> Sums {
    let mut sums = vec![(0_u64, 0_u64); channels];
    for sample in values.chunks_exact(channels * channel_len) {
        for (channel, (sum, squares)) in sample.chunks_exact(channel_len).zip(&mut sums) {
            // 65,536 squares of a byte still fit into 32 bits, which the processor adds fastest.
            for block in channel.chunks(1 << 16) {
                *sum += u64::from(block.iter().map(|&byte| u32::from(byte)).sum::<u32>());
                let square = |&byte: &u8| u32::from(byte) * u32::from(byte);
                *squares += u64::from(block.iter().map(square).sum::<u32>());
            }
        }
    }
    Sums { channels: sums, count: (values.len() / channels) as u64 }
}

/// Mean and standard deviation of each channel of numbers, in two passes.
///
/// A sum of fewer than 2^29 equal `f32` is exact in `f64` (24 + 29 digits), hence a constant
/// channel has a variance of exactly 0.
fn float_moments(values: &[f32], channels: usize, channel_len: usize) -> Vec<(f64, f64)> {
    let count = (values.len() / channels) as f64;
    let average = |term: &dyn Fn(usize, f64) -> f64| {
        let mut sums = vec![0.0_f64; channels];
        for sample in values.chunks_exact(channels * channel_len) {
            for (channel, numbers) in sample.chunks_exact(channel_len).enumerate() {
                for &number in numbers {
                    sums[channel] += term(channel, number.into());
                }
            }
        }
        sums.into_iter().map(|sum| sum / count).collect::<Vec<f64>>()
    };
    let mean = average(&|_, number| number);
    let variance = average(&|channel, number| (number - mean[channel]).powi(2));
    mean.iter().copied().zip(variance.into_iter().map(f64::sqrt)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(values: &[u8], full_scale: f32, shape: &[usize]) -> Features {
        let values = FeatureValues::Bytes { values: values.to_vec(), full_scale };
        Features::new(values, shape.to_vec()).unwrap()
    }

    fn floats(values: &[f32], shape: &[usize]) -> Features {
        Features::new(FeatureValues::Floats(values.to_vec()), shape.to_vec()).unwrap()
    }

    #[test]
    fn moments_equal_those_computed_by_hand() {
        // Channel 0 holds 0, 2, 4, 10: mean 4, variance (16 + 4 + 0 + 36) / 4 = 14.
        // Channel 1 holds 5, 5, 5, 5.
        let measured = Normalization::measure(&bytes(&[0, 2, 5, 5, 4, 10, 5, 5], 2.0, &[2, 2])).unwrap();
        assert_eq!(measured.mean(), [2.0, 2.5]);
        assert_eq!(measured.std(), [14.0_f64.sqrt() / 2.0, 1.0]);

        let measured = Normalization::measure(&floats(&[0.0, 2.0, 5.0, 5.0, 4.0, 10.0, 5.0, 5.0], &[2, 2])).unwrap();
        assert_eq!(measured.mean(), [4.0, 5.0]);
        assert_eq!(measured.std(), [14.0_f64.sqrt(), 1.0]);
    }

    #[test]
    fn a_constant_column_becomes_zero_whatever_its_value() {
        let features = floats(&[0.1, 1e8].repeat(777), &[2]);
        let measured = Normalization::measure(&features).unwrap();
        assert_eq!(measured.std(), [1.0, 1.0]);
        let mut out = Vec::new();
        features.fill_batch(&[0, 1, 2], &measured, &mut out).unwrap();
        assert_eq!(out, [0.0; 6]);
    }

    #[test]
    fn a_large_mean_does_not_swallow_the_spread() {
        // The mean of the squares minus the square of the mean would give 32 here.
        let measured = Normalization::measure(&floats(&[1e9, 1e9 + 64.0, 1e9 + 64.0], &[1])).unwrap();
        let expected = 64.0 * 2.0_f64.sqrt() / 3.0;
        assert!((measured.std()[0] - expected).abs() < 1e-6, "{:?}", measured.std());
    }

    #[test]
    fn given_numbers_are_checked() {
        let cases: [(&[f64], &[f64], &str); 6] = [
            (&[], &[], "0 means and 0 standard deviations"),
            (&[0.0], &[1.0, 1.0], "1 means and 2 standard deviations"),
            (&[f64::NAN], &[1.0], "a mean of NaN"),
            (&[0.0], &[0.0], "a standard deviation of 0"),
            (&[0.0], &[-1.0], "a standard deviation of -1"),
            (&[0.0], &[f64::INFINITY], "a standard deviation of inf"),
        ];
        for (mean, std, expected) in cases {
            let error = Normalization::given(mean.to_vec(), std.to_vec()).unwrap_err();
            assert_eq!(error.to_string(), format!("the normalization does not fit: {expected}"));
        }
        let two = Normalization::given(vec![0.0; 2], vec![1.0; 2]).unwrap();
        let error = two.affine(3, 1.0).unwrap_err().to_string();
        assert_eq!(error, "the normalization does not fit: 2 means for 3 channels");
        let one = Normalization::given(vec![0.5], vec![0.25]).unwrap();
        assert_eq!(one.affine(3, 2.0).unwrap(), [Affine { shift: 1.0, factor: 2.0 }; 3]);
    }

    #[test]
    fn the_written_form_is_checked_on_the_way_back() {
        for normalization in [Normalization::identity(), Normalization::given(vec![0.1, 0.3], vec![0.7, 1e-7]).unwrap()]
        {
            let text = serde_json::to_string(&normalization).unwrap();
            assert_eq!(serde_json::from_str::<Normalization>(&text).unwrap(), normalization);
        }
        for bad in [r#"{"mean":[0],"std":[0]}"#, r#"{"mean":[],"std":[1]}"#, r#"{"mean":[0]}"#] {
            assert!(serde_json::from_str::<Normalization>(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn measured_channels_come_out_with_mean_zero_and_deviation_one(
            values in prop::collection::vec(any::<u8>(), 1..40),
            channels in 1_usize..4,
        ) {
            // Each channel of each sample is the same row, so all channels must agree.
            let row: Vec<u8> = (0..channels).flat_map(|_| values.clone()).collect();
            let features = bytes(&row, 255.0, &[channels, values.len()]);
            let mut out = Vec::new();
            features.fill_batch(&[0], &Normalization::measure(&features).unwrap(), &mut out).unwrap();
            let constant = values.iter().all(|value| *value == values[0]);
            for channel in out.chunks(values.len()) {
                let count = channel.len() as f64;
                let mean = channel.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
                let square = channel.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / count;
                prop_assert!(mean.abs() < 1e-3, "{mean}");
                prop_assert!((square - f64::from(u8::from(!constant))).abs() < 1e-3, "{square}");
            }
        }

        #[test]
        fn bytes_and_the_same_numbers_as_floats_measure_alike(
            values in prop::collection::vec(any::<u8>(), 1..60),
        ) {
            let exact = Normalization::measure(&bytes(&values, 1.0, &[1])).unwrap();
            let wide: Vec<f32> = values.iter().map(|&value| value.into()).collect();
            let summed = Normalization::measure(&floats(&wide, &[1])).unwrap();
            prop_assert!((exact.mean()[0] - summed.mean()[0]).abs() < 1e-9);
            prop_assert!((exact.std()[0] - summed.std()[0]).abs() < 1e-9);
        }
    }
}
