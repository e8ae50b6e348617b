//! Dividing data into the parts of an experiment.
//!
//! Nothing here is random: the caller passes an order in, and the same order gives the same parts.
//! Samples keep the order of the file inside each part.

use super::{DataError, Dataset, Targets, fingerprint};

/// The share of the training data that validates when neither the data nor the user says which.
pub const DEFAULT_VALIDATION_FRACTION: f64 = 0.1;

/// What a format reads from a path.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadedData {
    /// The samples to learn from.
    pub train: Dataset,
    /// The samples that the makers of the data, or the config, set apart for validation, if they did.
    pub validation: Option<Dataset>,
    /// The samples that the makers of the data set apart for the end, if they did.
    pub held_out: Option<Dataset>,
    /// The fingerprint of the files, of data that is known by its files.
    pub fingerprint: Option<String>,
}

/// The parts of an experiment, none of them empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// The samples that gradients come from.
    pub train: Dataset,
    /// The samples that choose the best epoch.
    pub validation: Dataset,
    /// The samples that nothing is chosen by.
    pub test: Option<Dataset>,
}

impl LoadedData {
    /// Data of which nothing was set apart.
    pub(super) fn of(train: Dataset) -> Self {
        Self { train, validation: None, held_out: None, fingerprint: None }
    }

    /// Makes the parts of an experiment.
    ///
    /// Samples set apart for validation validate, and held-out samples are the test part. Otherwise, with a fraction,
    /// that share of the training samples validates, and held-out samples are the test part. Without one, held-out
    /// samples validate; if there are none, [`DEFAULT_VALIDATION_FRACTION`] of the training samples do.
    ///
    /// Refused with [`DataError::Setting`]: a fraction of data that has samples set apart for validation.
    ///
    /// `order` is a permutation of the training samples; [`split`] says how it is used.
    pub fn into_split(self, order: &[usize], fraction: Option<f64>) -> Result<Split, DataError> {
        match (fraction, self.validation) {
            (None, Some(validation)) => return Ok(Split { train: self.train, validation, test: self.held_out }),
            (Some(_), Some(_)) => {
                let problem = "the data has a validation part of its own; leave the key out".to_owned();
                return Err(DataError::Setting { key: "validation.split", problem });
            }
            (_, None) => {}
        }
        match (fraction, self.held_out) {
            (None, Some(validation)) => Ok(Split { train: self.train, validation, test: None }),
            (fraction, test) => {
                let fraction = fraction.unwrap_or(DEFAULT_VALIDATION_FRACTION);
                Ok(Split { test, ..split(&self.train, order, fraction)? })
            }
        }
    }

    /// The fingerprint of everything that was read, before any split or limit.
    pub fn fingerprint(&self) -> String {
        if let Some(fingerprint) = &self.fingerprint {
            return fingerprint.clone();
        }
        let others = [("validation", &self.validation), ("held-out", &self.held_out)];
        let mut parts = vec![("train", &self.train)];
        parts.extend(others.into_iter().filter_map(|(name, part)| part.as_ref().map(|part| (name, part))));
        fingerprint(&parts)
    }
}

/// Splits off a share of the samples for validation: `fraction` of them, rounded to the nearest
/// count (half upwards).
///
/// `order` is a permutation of the samples. Samples that come early in it are split off first; for
/// class labels this is done class by class, so that every class has its share in both parts, to
/// within one sample. A class gives away its last sample only if no other class can give one
/// instead. A text is not drawn from: its end is split off.
///
/// Refused with [`DataError::Split`]: a fraction outside of (0, 1), and a count that would leave
/// one of the parts without samples.
pub fn split(dataset: &Dataset, order: &[usize], fraction: f64) -> Result<Split, DataError> {
    check_order(order, dataset.len())?;
    let total = validation_count(dataset.len(), fraction)?;
    let (train, validation) = match dataset.targets() {
        Targets::Classes { labels, class_names } => {
            let mut sizes = vec![0; class_names.len()];
            for &label in labels {
                sizes[label as usize] += 1;
            }
            let mut left = shares(&sizes, total);
            divide(order, |sample| take_one(&mut left[labels[sample] as usize]))
        }
        Targets::Values { .. } => {
            let mut left = total;
            divide(order, |_| take_one(&mut left))
        }
        // A text is cut once: a passage between two that were trained on would be too easy.
        Targets::NextTokens { .. } => {
            let rest = dataset.len() - total;
            ((0..rest).collect(), (rest..dataset.len()).collect())
        }
    };
    let (train, validation) = (dataset.select(&train)?, dataset.select(&validation)?);
    Ok(Split { train, validation, test: None })
}

/// Keeps the samples that come first in `order`, at most `count` of them, at least one.
///
/// `order` is a permutation of the samples.
pub fn limit(dataset: Dataset, order: &[usize], count: usize) -> Result<Dataset, DataError> {
    check_order(order, dataset.len())?;
    if count >= dataset.len() {
        return Ok(dataset);
    }
    let mut kept = order[..count].to_vec();
    kept.sort_unstable();
    dataset.select(&kept)
}

fn check_order(order: &[usize], samples: usize) -> Result<(), DataError> {
    let mut seen = vec![false; samples];
    let fresh = |&index: &usize| seen.get_mut(index).is_some_and(|seen| !std::mem::replace(seen, true));
    if order.len() == samples && order.iter().all(fresh) {
        return Ok(());
    }
    Err(DataError::NotAPermutation { samples })
}

fn validation_count(samples: usize, fraction: f64) -> Result<usize, DataError> {
    let refused = |reason| Err(DataError::Split { fraction, samples, reason });
    if !(fraction > 0.0 && fraction < 1.0) {
        return refused("the fraction must lie between 0 and 1");
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a fraction of a count is a count")]
    let total = (fraction * samples as f64).round() as usize;
    if total == 0 {
        return refused("no sample would be left for validation");
    }
    if total >= samples {
        return refused("no sample would be left for training");
    }
    Ok(total)
}

/// Distributes `total` over classes of these sizes by the method of the largest remainder.
///
/// `total` is less than the sum of the sizes, hence the share of a class, rounded down, always
/// leaves it a sample; only the samples handed out after the rounding could empty it.
fn shares(sizes: &[usize], total: usize) -> Vec<usize> {
    let samples: usize = sizes.iter().sum();
    let exact = |size: usize| (size as u128) * (total as u128);
    let mut shares: Vec<usize> = sizes.iter().map(|&size| (exact(size) / samples as u128) as usize).collect();

    let mut candidates: Vec<usize> = (0..sizes.len()).filter(|&class| shares[class] < sizes[class]).collect();
    candidates.sort_by_key(|&class| {
        let would_be_emptied = shares[class] + 1 == sizes[class];
        let remainder = exact(sizes[class]) % samples as u128;
        // `sort_by_key` is stable: equal classes stay in their order.
        (would_be_emptied, std::cmp::Reverse((remainder, sizes[class])))
    });
    let missing = total - shares.iter().sum::<usize>();
    for class in candidates.into_iter().take(missing) {
        shares[class] += 1;
    }
    shares
}

/// Takes one, if there is one left.
fn take_one(left: &mut usize) -> bool {
    let some = *left > 0;
    *left -= usize::from(some);
    some
}

/// The samples that stay and those that are split off, each in the order of the file.
fn divide(order: &[usize], mut splits_off: impl FnMut(usize) -> bool) -> (Vec<usize>, Vec<usize>) {
    let (mut off, mut stay): (Vec<usize>, Vec<usize>) = order.iter().partition(|&&sample| splits_off(sample));
    off.sort_unstable();
    stay.sort_unstable();
    (stay, off)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{FeatureValues, Features};
    use super::*;

    /// Each sample's only feature is its own number, so that parts can be told apart.
    fn numbered(targets: Targets) -> Dataset {
        let numbers = (0..u16::try_from(targets.len()).unwrap()).map(f32::from).collect();
        let features = Features::new(FeatureValues::Floats(numbers), vec![1]).unwrap();
        Dataset::new(features, targets).unwrap()
    }

    fn classes(labels: &[u32]) -> Dataset {
        let class_names = (0..5).map(|class| class.to_string()).collect();
        numbered(Targets::Classes { labels: labels.to_vec(), class_names })
    }

    fn values(count: usize) -> Dataset {
        numbered(Targets::Values { values: vec![0.5; count], width: 1 })
    }

    fn numbers(dataset: &Dataset) -> Vec<f32> {
        match dataset.features().values() {
            FeatureValues::Floats(numbers) => numbers.clone(),
            _ => panic!("made of floats"),
        }
    }

    fn sizes(dataset: &Dataset) -> Vec<usize> {
        let Targets::Classes { labels, class_names } = dataset.targets() else { panic!("made of classes") };
        (0..class_names.len()).map(|class| labels.iter().filter(|&&label| label as usize == class).count()).collect()
    }

    #[test]
    fn early_samples_of_the_order_validate() {
        let parts = split(&values(5), &[3, 1, 4, 0, 2], 0.4).unwrap();
        assert_eq!(numbers(&parts.validation), [1.0, 3.0]);
        assert_eq!(numbers(&parts.train), [0.0, 2.0, 4.0]);
        assert!(parts.test.is_none());
    }

    #[test]
    fn each_class_gives_its_share() {
        let cases: [(&[usize], usize, &[usize]); 6] = [
            (&[50, 50, 50], 15, &[5, 5, 5]),
            (&[100, 100, 1], 20, &[10, 10, 0]),
            (&[3, 1], 2, &[2, 0]),
            // The exact shares are 2.4 and 0.6, but class 1 would lose its only sample.
            (&[4, 1], 3, &[3, 0]),
            (&[1, 1], 1, &[1, 0]),
            (&[0, 7, 3], 3, &[0, 2, 1]),
        ];
        for (class_sizes, total, expected) in cases {
            assert_eq!(shares(class_sizes, total), expected, "{class_sizes:?} {total}");
        }
    }

    #[test]
    fn a_part_without_samples_is_refused() {
        let cases = [
            (4, 0.1, "cannot split off 0.1 of 4 samples: no sample would be left for validation"),
            (4, 0.9, "cannot split off 0.9 of 4 samples: no sample would be left for training"),
            (1, 0.5, "cannot split off 0.5 of 1 samples: no sample would be left for training"),
            (4, 0.0, "cannot split off 0 of 4 samples: the fraction must lie between 0 and 1"),
            (4, 1.0, "cannot split off 1 of 4 samples: the fraction must lie between 0 and 1"),
            (4, f64::NAN, "cannot split off NaN of 4 samples: the fraction must lie between 0 and 1"),
        ];
        for (count, fraction, expected) in cases {
            let order: Vec<usize> = (0..count).collect();
            let error = split(&values(count), &order, fraction).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn an_order_that_is_no_permutation_is_refused() {
        for order in [&[0, 1][..], &[0, 1, 1], &[0, 1, 3], &[0, 1, 2, 2]] {
            let refused = split(&values(3), order, 0.5);
            assert!(matches!(refused, Err(DataError::NotAPermutation { samples: 3 })), "{order:?}");
            assert!(limit(values(3), order, 2).is_err());
        }
    }

    #[test]
    fn held_out_samples_validate_unless_a_fraction_is_asked_for() {
        let loaded = LoadedData { held_out: Some(values(3)), ..LoadedData::of(values(20)) };
        let order: Vec<usize> = (0..20).collect();

        let parts = loaded.clone().into_split(&order, None).unwrap();
        assert_eq!((parts.train.len(), parts.validation.len(), parts.test), (20, 3, None));

        let parts = loaded.clone().into_split(&order, Some(0.25)).unwrap();
        let test = parts.test.as_ref().map(Dataset::len);
        assert_eq!((parts.train.len(), parts.validation.len(), test), (15, 5, Some(3)));

        let alone = LoadedData { held_out: None, ..loaded };
        let parts = alone.into_split(&order, None).unwrap();
        assert_eq!((parts.train.len(), parts.validation.len(), parts.test), (18, 2, None));
    }

    #[test]
    fn a_limit_keeps_the_first_of_the_order() {
        let order = [3, 1, 4, 0, 2];
        assert_eq!(numbers(&limit(values(5), &order, 2).unwrap()), [1.0, 3.0]);
        assert_eq!(limit(values(5), &order, 5).unwrap(), values(5));
        assert_eq!(limit(values(5), &order, usize::MAX).unwrap(), values(5));
        assert!(limit(values(5), &order, 0).is_err());
    }

    /// Labels of up to five classes and a permutation of the samples.
    fn labelled() -> impl Strategy<Value = (Vec<u32>, Vec<usize>)> {
        prop::collection::vec(0_u32..5, 2..80).prop_flat_map(|labels| {
            let order: Vec<usize> = (0..labels.len()).collect();
            (Just(labels), Just(order).prop_shuffle())
        })
    }

    proptest! {
        #[test]
        fn parts_are_disjoint_complete_and_stratified(
            (labels, order) in labelled(),
            fraction in 0.01_f64..0.99,
        ) {
            let all = classes(&labels);
            let Ok(parts) = split(&all, &order, fraction) else {
                let count = (fraction * labels.len() as f64).round();
                prop_assert!(count < 1.0 || count >= labels.len() as f64);
                return Ok(());
            };
            let mut together = [numbers(&parts.train), numbers(&parts.validation)].concat();
            together.sort_by(f32::total_cmp);
            prop_assert_eq!(together, numbers(&all));

            let share = parts.validation.len() as f64 / labels.len() as f64;
            let (before, after) = (sizes(&all), sizes(&parts.validation));
            for (before, after) in before.iter().zip(&after) {
                prop_assert!((*before as f64 * share - *after as f64).abs() <= 1.0);
            }
            // A class may lose all samples only if every class that still has several had no more
            // to give, that is, gave more than its exact share.
            let emptied = |class: usize| before[class] > 0 && before[class] == after[class];
            if (0..before.len()).any(emptied) {
                for class in 0..before.len() {
                    let left = before[class] - after[class];
                    let exact = before[class] as f64 * share;
                    prop_assert!(left < 2 || after[class] as f64 >= exact.floor());
                }
            }
        }

        #[test]
        fn the_same_order_gives_the_same_parts((labels, order) in labelled()) {
            let all = classes(&labels);
            let once = split(&all, &order, 0.5).unwrap();
            prop_assert_eq!(once, split(&all, &order, 0.5).unwrap());
        }
    }
}
