//! The inputs of training without a model, to measure how fast data is read.

use std::path::Path;

use candle_core::Tensor;
use steadfast_experiment::ExperimentError;
use steadfast_ops::{Purpose, Seed};

use super::batches::Batches;
use super::feed::{Feed, Ingredients};
use crate::data_config::DataConfig;
use crate::datasets::{Augmentation, prepare};

/// Hands out the inputs that a training run with these settings would see, step by step.
pub struct InputReader {
    feed: Feed,
    steps_per_epoch: u64,
}

impl InputReader {
    /// Reads what lies at a path as a run over so many epochs would.
    pub fn open(
        path: &Path,
        config: &DataConfig,
        (seed, batch_size, epochs): (u64, usize, u64),
    ) -> Result<Self, ExperimentError> {
        let seed = Seed::new(seed);
        let order = |part: u64, samples| seed.stream(Purpose::Split, &[part]).permutation(samples);
        let data = prepare(path, config, order).map_err(ExperimentError::data)?;
        let features = data.split.train.features().clone();
        let batches = Batches::new(seed, features.count(), batch_size);
        let steps_per_epoch = batches.per_epoch();
        let feed = Feed::new(Ingredients {
            features,
            normalization: data.normalization,
            augmentation: Augmentation::new(&config.augment, seed),
            batches,
            batch_size,
            steps: epochs.saturating_mul(steps_per_epoch),
        });
        Ok(Self { feed, steps_per_epoch })
    }

    /// How many steps an epoch has.
    pub fn steps_per_epoch(&self) -> u64 {
        self.steps_per_epoch
    }

    /// The inputs of a step, `[batch, ...sample shape]`; steps are counted over all epochs.
    pub fn step(&mut self, step: u64) -> Result<Vec<Tensor>, ExperimentError> {
        Ok(self.feed.step(step)?.into_iter().map(|batch| batch.input).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datasets::AugmentConfig;

    fn bits(reader: &mut InputReader, step: u64) -> Vec<u32> {
        let inputs = reader.step(step).unwrap();
        let values = inputs.iter().flat_map(|input| input.flatten_all().unwrap().to_vec1::<f32>().unwrap());
        values.map(f32::to_bits).collect()
    }

    /// Digits, changed at random: batches are prepared on other threads.
    fn changed_digits() -> InputReader {
        let augment = AugmentConfig { rotate: 10.0, crop: 1, flip: 0.5, mixup: Some(0.4), ..AugmentConfig::default() };
        let config = DataConfig { augment, ..DataConfig::default() };
        InputReader::open(Path::new("builtin:digits"), &config, (3, 100, 3)).unwrap()
    }

    #[test]
    fn threads_change_no_bit_and_any_step_can_come_next() {
        let mut straight = changed_digits();
        let steps = 3 * straight.steps_per_epoch();
        let expected: Vec<_> = (0..steps).map(|step| bits(&mut straight, step)).collect();
        assert_ne!(expected[0], expected[usize::try_from(straight.steps_per_epoch()).unwrap()]);
        let mut jumping = changed_digits();
        for step in [20, 21, 3, 4, 4, steps - 1, 0] {
            assert_eq!(bits(&mut jumping, step), expected[usize::try_from(step).unwrap()], "{step}");
        }
    }

    #[test]
    fn an_image_that_goes_bad_is_reported_at_its_step() {
        let folder = tempfile::tempdir().unwrap();
        let png = |value: u8| {
            let mut file = Vec::new();
            let mut encoder = png::Encoder::new(&mut file, 2, 2);
            encoder.set_color(png::ColorType::Grayscale);
            encoder.write_header().unwrap().write_image_data(&[value; 4]).unwrap();
            file
        };
        for (class, number) in [("a", 1), ("a", 2), ("a", 3), ("b", 1), ("b", 2), ("b", 3)] {
            let path = folder.path().join(class).join(format!("{number}.png"));
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, png(number)).unwrap();
        }
        let config = DataConfig { cache: 0, ..DataConfig::default() };
        let mut reader = InputReader::open(folder.path(), &config, (1, 10, 5)).unwrap();
        assert_eq!(reader.step(0).unwrap()[0].dims(), [5, 1, 2, 2]);
        for class in ["a", "b"] {
            for number in 1..=3 {
                fs_err::write(folder.path().join(format!("{class}/{number}.png")), b"gone").unwrap();
            }
        }
        // Two steps may have been prepared before the files were changed.
        let errors: Vec<String> = (1..5).filter_map(|step| reader.step(step).err()).map(|e| format!("{e:?}")).collect();
        assert!(errors.iter().any(|error| error.contains("has changed since the start")), "{errors:?}");
    }
}
