//! A data set in memory: inputs and targets of the same samples.

use std::path::Path;

use super::{DataError, Features, Normalization, Targets};

/// Inputs and targets, sample by sample, checked against each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    features: Features,
    targets: Targets,
}

impl Dataset {
    /// Joins inputs and targets of the same samples.
    ///
    /// Refused with [`DataError::Inconsistent`]: different counts, a label without a class name,
    /// target values that are not finite or no full rows.
    pub fn new(features: Features, targets: Targets) -> Result<Self, DataError> {
        targets.check()?;
        if let Targets::NextTokens { context, vocabulary, .. } = &targets
            && (features.sample_shape() != [*context] || features.vocabulary() != Some(vocabulary.len()))
        {
            let problem = format!("next tokens of {context} for samples of shape {:?}", features.sample_shape());
            return Err(DataError::Inconsistent(problem));
        }
        if features.count() != targets.len() {
            let (samples, targets) = (features.count(), targets.len());
            let problem = format!("{samples} samples with {targets} targets");
            return Err(DataError::Inconsistent(problem));
        }
        Ok(Self { features, targets })
    }

    /// How many samples there are, at least one.
    #[expect(clippy::len_without_is_empty, reason = "a data set is never empty")]
    pub fn len(&self) -> usize {
        self.features.count()
    }

    /// The shape of one sample, for example `[4]` or `[1, 28, 28]`.
    pub fn sample_shape(&self) -> &[usize] {
        self.features.sample_shape()
    }

    /// The inputs.
    pub fn features(&self) -> &Features {
        &self.features
    }

    /// The targets.
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// Replaces the content of `out` by the normalized inputs of these samples, one after another.
    ///
    /// This is the only copy on the way from the file to a batch. An index may come twice.
    pub fn fill_batch(
        &self,
        indices: &[usize],
        normalization: &Normalization,
        out: &mut Vec<f32>,
    ) -> Result<(), DataError> {
        self.features.fill_batch(indices, normalization, out)
    }

    /// Replaces the content of `out` by the tokens of these samples, one after another.
    ///
    /// Refused with [`DataError::Inconsistent`] if the samples are not made of tokens.
    pub fn fill_tokens(&self, indices: &[usize], out: &mut Vec<u32>) -> Result<(), DataError> {
        self.features.fill_tokens(indices, out)
    }

    /// Replaces the content of `out` by the class labels of these samples.
    pub fn fill_labels(&self, indices: &[usize], out: &mut Vec<u32>) -> Result<(), DataError> {
        self.targets.fill_labels(indices, out)
    }

    /// Replaces the content of `out` by the tokens that follow those of these samples, row after row.
    pub fn fill_next_tokens(&self, indices: &[usize], out: &mut Vec<u32>) -> Result<(), DataError> {
        self.targets.fill_next_tokens(indices, out)
    }

    /// Replaces the content of `out` by the target values of these samples, row after row.
    pub fn fill_values(&self, indices: &[usize], out: &mut Vec<f32>) -> Result<(), DataError> {
        self.targets.fill_values(indices, out)
    }

    /// A data set of its own, of these samples in this order.
    pub fn select(&self, indices: &[usize]) -> Result<Self, DataError> {
        Self::new(self.features.select(indices)?, self.targets.select(indices)?)
    }

    /// Checks that a model made for this data set can be validated with another one, read from
    /// `path`: the same sample shape, the same meaning of stored numbers, the same kind of
    /// targets, and no class that this data set does not know.
    pub fn check_alike(&self, other: &Self, path: &Path) -> Result<(), DataError> {
        let shape = |set: &Self| format!("samples of shape {:?}", set.sample_shape());
        let scale = |set: &Self| match set.features.vocabulary() {
            Some(vocabulary) => format!("{vocabulary} different tokens"),
            None => format!("numbers of which {} means 1", set.features.full_scale()),
        };
        let unlike = |expected, found| DataError::Unlike { path: path.into(), expected, found };
        for describe in [shape, scale] {
            let (ours, theirs) = (describe(self), describe(other));
            if ours != theirs {
                return Err(unlike(ours, theirs));
            }
        }
        match self.targets.difference(&other.targets) {
            None => Ok(()),
            Some((expected, found)) => Err(unlike(expected, found)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::FeatureValues;
    use super::*;

    fn classified(values: &[f32], width: usize, labels: &[u32], names: &[&str]) -> Dataset {
        let values = FeatureValues::Floats(values.to_vec());
        let class_names = names.iter().map(ToString::to_string).collect();
        let targets = Targets::Classes { labels: labels.to_vec(), class_names };
        Dataset::new(Features::new(values, vec![width]).unwrap(), targets).unwrap()
    }

    #[test]
    fn inputs_and_targets_must_be_equally_many() {
        let features = Features::new(FeatureValues::Floats(vec![1.0, 2.0]), vec![1]).unwrap();
        let targets = Targets::Values { values: vec![1.0], width: 1 };
        let message = Dataset::new(features, targets).unwrap_err().to_string();
        assert_eq!(message, "inconsistent data: 2 samples with 1 targets");
    }

    #[test]
    fn selected_samples_keep_inputs_and_targets_together() {
        let all = classified(&[0.0, 0.5, 1.0, 1.5, 2.0, 2.5], 2, &[0, 1, 0], &["a", "b"]);
        let some = all.select(&[2, 1]).unwrap();
        assert_eq!(some, classified(&[2.0, 2.5, 1.0, 1.5], 2, &[0, 1], &["a", "b"]));
        assert!(all.select(&[3]).is_err());
        assert!(all.select(&[]).is_err());
    }

    #[test]
    fn data_that_cannot_validate_a_model_is_refused() {
        let train = classified(&[0.0, 1.0], 1, &[0, 1], &["a", "b"]);
        train.check_alike(&classified(&[5.0], 1, &[0], &["a"]), Path::new("v")).unwrap();
        let numeric =
            Dataset::new(train.features().clone(), Targets::Values { values: vec![1.0, 2.0], width: 1 }).unwrap();
        let pixels = FeatureValues::Bytes { values: vec![0], full_scale: 255.0 };
        let pixel = Dataset::new(
            Features::new(pixels, vec![1]).unwrap(),
            classified(&[0.0], 1, &[0], &["a"]).targets().clone(),
        )
        .unwrap();
        let refused = |other: &Dataset| {
            let error = train.check_alike(other, Path::new("v")).unwrap_err().to_string();
            error.replace("v does not fit the training data: ", "")
        };
        let cases = [
            (
                classified(&[0.0, 1.0], 2, &[0], &["a", "b"]),
                "expected samples of shape [1], found samples of shape [2]",
            ),
            (pixel, "expected numbers of which 1 means 1, found numbers of which 255 means 1"),
            (classified(&[0.0], 1, &[0], &["a", "c"]), "expected class 1 to be `b`, found class 1 named `c`"),
            (classified(&[0.0], 1, &[2], &["a", "b", "c"]), "expected no more than 2 classes, found class 2 named `c`"),
            (numeric, "expected classes, found values"),
        ];
        for (other, expected) in cases {
            assert_eq!(refused(&other), expected);
        }
    }
}
