//! From a path to the parts of an experiment, as the `data` section of a config says it.

use std::path::Path;

use super::{DataError, Normalization, Source, Split, limit, load};
use crate::data_config::{DataConfig, Normalize};

/// Data that is ready for training.
#[derive(Clone, Debug, PartialEq)]
pub struct PreparedData {
    /// The parts.
    pub split: Split,
    /// What is taken out of their inputs.
    pub normalization: Normalization,
    /// The fingerprint of everything that was read, before any split or limit.
    pub sha256: String,
}

/// Reads, divides, limits and measures data.
///
/// `order` gives a permutation of so many samples for a purpose: 0 to split them, 1 to limit those that train, 2 to
/// limit those that validate.
pub fn prepare(
    path: &Path,
    config: &DataConfig,
    order: impl Fn(u64, usize) -> Vec<usize>,
) -> Result<PreparedData, DataError> {
    let validation = config.validation.path.as_deref().map(Path::new);
    let data = load(&Source { path, validation, config })?;
    let sha256 = data.fingerprint();
    let samples = data.train.len();
    let mut split = data.into_split(&order(0, samples), config.validation.split)?;
    if let Some(count) = config.limit_train {
        let samples = split.train.len();
        split.train = limit(split.train, &order(1, samples), count)?;
    }
    if let Some(count) = config.limit_validation {
        let samples = split.validation.len();
        split.validation = limit(split.validation, &order(2, samples), count)?;
    }
    let features = split.train.features();
    config.augment.check(features)?;
    let normalization = match &config.normalize {
        Normalize::Standard => Normalization::measure(features)?,
        Normalize::None => Normalization::identity(),
        Normalize::Given(given) => {
            let given = Normalization::given(given.mean.clone(), given.std.clone())?;
            given.affine(features.channels(), 1.0)?;
            given
        }
    };
    Ok(PreparedData { split, normalization, sha256 })
}
