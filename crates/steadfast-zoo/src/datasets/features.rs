//! The inputs of all samples, as compact as they were stored.
//!
//! The first axis of a sample is its *channel* axis: the columns of a table, the color planes of
//! an image. Normalization treats each channel on its own.

use std::sync::Arc;

use super::{DataError, LazyImages, Normalization};

/// The values of all samples, one after another, each sample in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub enum FeatureValues {
    /// Small whole numbers, such as pixels. They stay bytes until a batch is made.
    Bytes {
        /// The stored numbers.
        values: Vec<u8>,
        /// The stored number that means 1.0: 255 for ordinary pixels.
        full_scale: f32,
    },
    /// Numbers that mean themselves.
    Floats(Vec<f32>),
    /// Numbers of words or characters in a vocabulary.
    Tokens {
        /// The stored numbers, each below `vocabulary`.
        values: Vec<u32>,
        /// How many different tokens there are.
        vocabulary: usize,
    },
    /// Pixels, of which 255 means 1, that are decoded when they are wanted.
    Images(LazyImages),
}

/// The inputs of all samples of a data set, all of one shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    /// Shared, because batches are prepared on other threads.
    values: Arc<FeatureValues>,
    sample_shape: Vec<usize>,
    sample_len: usize,
    count: usize,
}

impl Features {
    /// Takes values that are samples of this shape, for example `[4]` or `[1, 28, 28]`.
    ///
    /// Refused with [`DataError::Inconsistent`]: a shape without an axis or with an axis of
    /// length 0, values that are no whole number of samples, no sample at all, numbers that are
    /// not finite, a full scale that is not positive.
    pub fn new(values: FeatureValues, sample_shape: Vec<usize>) -> Result<Self, DataError> {
        let total = values.check().map_err(DataError::Inconsistent)?;
        let product = sample_shape.iter().try_fold(1_usize, |len, &axis| len.checked_mul(axis));
        match product {
            Some(sample_len) if sample_len > 0 && !sample_shape.is_empty() => {
                let count = total / sample_len;
                if count == 0 || count * sample_len != total {
                    let problem = format!("{total} values for samples of shape {sample_shape:?}");
                    return Err(DataError::Inconsistent(problem));
                }
                Ok(Self { values: Arc::new(values), sample_shape, sample_len, count })
            }
            _ => Err(DataError::Inconsistent(format!("samples of shape {sample_shape:?}"))),
        }
    }

    /// How many samples there are, at least one.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The shape of one sample.
    pub fn sample_shape(&self) -> &[usize] {
        &self.sample_shape
    }

    /// How many numbers one sample has.
    pub fn sample_len(&self) -> usize {
        self.sample_len
    }

    /// The length of the first axis of a sample.
    pub fn channels(&self) -> usize {
        self.sample_shape[0]
    }

    /// The stored values.
    pub fn values(&self) -> &FeatureValues {
        &self.values
    }

    /// The stored number that means 1.0.
    pub fn full_scale(&self) -> f32 {
        match *self.values {
            FeatureValues::Bytes { full_scale, .. } => full_scale,
            FeatureValues::Images(_) => 255.0,
            FeatureValues::Floats(_) | FeatureValues::Tokens { .. } => 1.0,
        }
    }

    /// How many different tokens there are, if the samples are made of tokens.
    pub fn vocabulary(&self) -> Option<usize> {
        match *self.values {
            FeatureValues::Tokens { vocabulary, .. } => Some(vocabulary),
            FeatureValues::Bytes { .. } | FeatureValues::Floats(_) | FeatureValues::Images(_) => None,
        }
    }

    /// Gathers and normalizes these samples; see [`super::Dataset::fill_batch`].
    pub(crate) fn fill_batch(
        &self,
        indices: &[usize],
        normalization: &Normalization,
        out: &mut Vec<f32>,
    ) -> Result<(), DataError> {
        let affine = normalization.affine(self.channels(), self.full_scale())?;
        out.clear();
        out.reserve(indices.len() * self.sample_len);
        match &*self.values {
            FeatureValues::Images(images) => {
                let mut pixels = Vec::with_capacity(self.sample_len);
                for &index in indices {
                    pixels.clear();
                    images.append(index, &mut pixels)?;
                    append(&pixels, &affine, out);
                }
            }
            FeatureValues::Bytes { values, .. } => {
                for &index in indices {
                    append(self.sample(values, index)?, &affine, out);
                }
            }
            FeatureValues::Floats(values) => {
                for &index in indices {
                    append(self.sample(values, index)?, &affine, out);
                }
            }
            FeatureValues::Tokens { .. } => {
                return Err(DataError::Inconsistent("tokens where numbers are wanted".to_owned()));
            }
        }
        Ok(())
    }

    /// Replaces the content of `out` by one sample on the scale before normalization, which for pixels is 0 to 1.
    pub(crate) fn fill_unit(&self, index: usize, out: &mut Vec<f32>) -> Result<(), DataError> {
        self.fill_batch(&[index], &Normalization::identity(), out)
    }

    /// Whether a sample has to be decoded each time that it is wanted.
    pub(crate) fn is_lazy(&self) -> bool {
        matches!(*self.values, FeatureValues::Images(_))
    }

    /// Gathers the tokens of these samples; see [`super::Dataset::fill_tokens`].
    pub(crate) fn fill_tokens(&self, indices: &[usize], out: &mut Vec<u32>) -> Result<(), DataError> {
        let FeatureValues::Tokens { values, .. } = &*self.values else {
            return Err(DataError::Inconsistent("numbers where tokens are wanted".to_owned()));
        };
        *out = self.gather(values, indices)?;
        Ok(())
    }

    /// A copy of these samples, in this order.
    pub(super) fn select(&self, indices: &[usize]) -> Result<Self, DataError> {
        let values = match &*self.values {
            FeatureValues::Images(images) => {
                if let Some(&index) = indices.iter().find(|&&index| index >= self.count) {
                    return Err(DataError::NoSuchSample { index, samples: self.count });
                }
                FeatureValues::Images(images.select(indices))
            }
            FeatureValues::Bytes { values, full_scale } => {
                FeatureValues::Bytes { values: self.gather(values, indices)?, full_scale: *full_scale }
            }
            FeatureValues::Floats(values) => FeatureValues::Floats(self.gather(values, indices)?),
            FeatureValues::Tokens { values, vocabulary } => {
                FeatureValues::Tokens { values: self.gather(values, indices)?, vocabulary: *vocabulary }
            }
        };
        Self::new(values, self.sample_shape.clone())
    }

    fn gather<T: Copy>(&self, values: &[T], indices: &[usize]) -> Result<Vec<T>, DataError> {
        let mut gathered = Vec::with_capacity(indices.len() * self.sample_len);
        for &index in indices {
            gathered.extend_from_slice(self.sample(values, index)?);
        }
        Ok(gathered)
    }

    fn sample<'a, T>(&self, values: &'a [T], index: usize) -> Result<&'a [T], DataError> {
        if index >= self.count {
            return Err(DataError::NoSuchSample { index, samples: self.count });
        }
        Ok(&values[index * self.sample_len..][..self.sample_len])
    }
}

impl FeatureValues {
    /// The number of values, or what is wrong with them.
    fn check(&self) -> Result<usize, String> {
        match self {
            Self::Bytes { values, full_scale } => {
                if *full_scale > 0.0 && full_scale.is_finite() {
                    Ok(values.len())
                } else {
                    Err(format!("a full scale of {full_scale}"))
                }
            }
            Self::Floats(values) => match values.iter().position(|value| !value.is_finite()) {
                None => Ok(values.len()),
                Some(at) => Err(format!("value {at} is {}", values[at])),
            },
            Self::Tokens { values, vocabulary } => match values.iter().find(|&&token| token as usize >= *vocabulary) {
                None => Ok(values.len()),
                Some(token) => Err(format!("token {token} in a vocabulary of {vocabulary}")),
            },
            Self::Images(images) => Ok(images.count() * images.sample_len()),
        }
    }
}

/// How the stored numbers of one channel become inputs: `(stored - shift) * factor`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Affine {
    pub(super) shift: f32,
    pub(super) factor: f32,
}

impl Affine {
    fn apply(self, stored: f32) -> f32 {
        (stored - self.shift) * self.factor
    }
}

/// Appends one normalized sample. `affine` has one entry for each channel of the sample.
pub(super) fn append<T: Copy + Into<f32>>(sample: &[T], affine: &[Affine], out: &mut Vec<f32>) {
    let channel_len = sample.len() / affine.len();
    if channel_len == 1 {
        out.extend(sample.iter().zip(affine).map(|(&stored, map)| map.apply(stored.into())));
        return;
    }
    for (channel, map) in sample.chunks_exact(channel_len).zip(affine) {
        out.extend(channel.iter().map(|&stored| map.apply(stored.into())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(values: &[u8], full_scale: f32) -> FeatureValues {
        FeatureValues::Bytes { values: values.to_vec(), full_scale }
    }

    #[test]
    fn contradictions_are_found() {
        let huge = usize::MAX;
        let cases = [
            (bytes(&[1, 2, 3], 255.0), vec![2], "3 values for samples of shape [2]"),
            (bytes(&[], 255.0), vec![2], "0 values for samples of shape [2]"),
            (bytes(&[1, 2], 255.0), vec![], "samples of shape []"),
            (bytes(&[1, 2], 255.0), vec![0, 2], "samples of shape [0, 2]"),
            (bytes(&[1], 0.0), vec![1], "a full scale of 0"),
            (bytes(&[1], f32::NAN), vec![1], "a full scale of NaN"),
            (FeatureValues::Floats(vec![1.0, f32::INFINITY]), vec![1], "value 1 is inf"),
        ];
        for (values, shape, expected) in cases {
            let message = Features::new(values, shape).unwrap_err().to_string();
            assert_eq!(message, format!("inconsistent data: {expected}"));
        }
        assert!(Features::new(bytes(&[1, 2], 1.0), vec![huge, huge]).is_err());
    }

    #[test]
    fn images_are_normalized_channel_by_channel() {
        // Two samples of two channels of two pixels; 0..=10 means 0..=1.
        let features = Features::new(bytes(&[0, 10, 5, 5, 10, 0, 0, 5], 10.0), vec![2, 2]).unwrap();
        let normalization = Normalization::given(vec![0.5, 0.0], vec![0.25, 0.5]).unwrap();
        let mut out = vec![7.0; 3];
        features.fill_batch(&[1, 0], &normalization, &mut out).unwrap();
        assert_eq!(out, [2.0, -2.0, 0.0, 1.0, -2.0, 2.0, 1.0, 1.0]);
    }

    #[test]
    fn tables_are_normalized_column_by_column() {
        let values = FeatureValues::Floats(vec![1.0, 100.0, 3.0, 300.0]);
        let features = Features::new(values, vec![2]).unwrap();
        let normalization = Normalization::given(vec![2.0, 200.0], vec![1.0, 50.0]).unwrap();
        let mut out = Vec::new();
        features.fill_batch(&[0, 1, 1], &normalization, &mut out).unwrap();
        assert_eq!(out, [-1.0, -2.0, 1.0, 2.0, 1.0, 2.0]);
    }

    #[test]
    fn without_normalization_numbers_mean_themselves_and_pixels_lie_in_the_unit_interval() {
        let floats = Features::new(FeatureValues::Floats(vec![0.1, -7.5]), vec![2]).unwrap();
        let mut out = Vec::new();
        floats.fill_batch(&[0], &Normalization::identity(), &mut out).unwrap();
        assert_eq!(out, [0.1, -7.5]);

        let pixels: Vec<u8> = (0..=255).collect();
        let image = Features::new(bytes(&pixels, 255.0), vec![1, 16, 16]).unwrap();
        image.fill_batch(&[0], &Normalization::identity(), &mut out).unwrap();
        assert_eq!((out[0], out[255]), (0.0, 1.0));
        for (pixel, value) in pixels.iter().zip(&out) {
            assert!((f64::from(*pixel) / 255.0 - f64::from(*value)).abs() < 1e-7);
        }
    }

    #[test]
    fn a_sample_that_does_not_exist_is_an_error() {
        let features = Features::new(bytes(&[1, 2], 255.0), vec![1]).unwrap();
        for index in [2, usize::MAX] {
            let wanted = [0, index];
            let filled = features.fill_batch(&wanted, &Normalization::identity(), &mut Vec::new());
            assert!(matches!(filled, Err(DataError::NoSuchSample { samples: 2, .. })));
            assert!(features.select(&wanted).is_err());
        }
    }
}
