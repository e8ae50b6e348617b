//! The random changes to a sample, as a pure function of seed, epoch and sample.

use steadfast_ops::{Purpose, Seed, Stream};

use super::super::features::append;
use super::super::{DataError, FeatureValues, Features, Normalization};
use super::AugmentConfig;
use super::color;
use super::geometry::{Affine, Image, blacken, mirror, shift};
use super::mixup::Mix;

/// Changes samples of an epoch. The same seed, epoch and sample give the same bits, in any order and on any thread.
#[derive(Clone, Debug)]
pub struct Augmentation {
    config: AugmentConfig,
    seed: Seed,
}

impl AugmentConfig {
    /// Checks that these changes can be made to these inputs.
    pub(crate) fn check(&self, features: &Features) -> Result<(), DataError> {
        let refused = |problem: &str| Err(DataError::Setting { key: "augment", problem: problem.to_owned() });
        let shape = features.sample_shape();
        if self.changes_samples() && shape.len() != 3 {
            return refused("only images can be changed");
        }
        if self.mixup.is_some() && features.vocabulary().is_some() {
            return refused("tokens cannot be mixed");
        }
        let colors = [self.brightness, self.contrast, self.saturation, self.hue].iter().any(|size| *size > 0.0);
        if colors && matches!(features.values(), FeatureValues::Floats(_)) {
            return refused("brightness and colors are those of pixels, not of any numbers");
        }
        if (self.saturation > 0.0 || self.hue > 0.0) && shape[0] != 3 {
            return refused("saturation and hue are those of images with 3 channels");
        }
        Ok(())
    }
}

impl Augmentation {
    /// None if nothing is to be changed.
    pub fn new(config: &AugmentConfig, seed: Seed) -> Option<Self> {
        (config.changes_samples() || config.mixup.is_some()).then(|| Self { config: config.clone(), seed })
    }

    /// Changes one sample; `values` are its channels of `height` x `width` pixels on the scale of 0 to 1.
    ///
    /// `scratch` is a place for a copy of them, kept from call to call.
    pub fn apply(
        &self,
        (epoch, sample): (u64, u64),
        (height, width): (usize, usize),
        values: &mut Vec<f32>,
        scratch: &mut Vec<f32>,
    ) {
        if !self.config.changes_samples() || height == 0 || width == 0 {
            return;
        }
        let config = &self.config;
        let mut stream = self.seed.stream(Purpose::Augment, &[epoch, sample]);
        let mut image = Image { height, width, values, scratch };
        if let Some(affine) = draw_affine(config, (height, width), &mut stream) {
            affine.apply(&mut image);
        }
        if config.crop > 0 {
            let down = draw_shift(&mut stream, config.crop);
            let right = draw_shift(&mut stream, config.crop);
            shift(&mut image, down, right);
        }
        if config.flip > 0.0 && stream.chance(config.flip) {
            mirror(&mut image);
        }
        change_colors(config, image.values, height * width, &mut stream);
        if config.cutout > 0 {
            let row = draw_below(&mut stream, height);
            let column = draw_below(&mut stream, width);
            blacken(&mut image, (row, column), config.cutout);
        }
    }

    /// Whether it does more than mixing.
    pub(crate) fn changes_samples(&self) -> bool {
        self.config.changes_samples()
    }

    /// Replaces the content of `out` by these samples, changed for this epoch and then normalized.
    pub(crate) fn fill_batch(
        &self,
        epoch: u64,
        indices: &[usize],
        (features, normalization): (&Features, &Normalization),
        out: &mut Vec<f32>,
    ) -> Result<(), DataError> {
        let affine = normalization.affine(features.channels(), 1.0)?;
        let &[_, height, width] = features.sample_shape() else {
            return Err(DataError::Setting { key: "augment", problem: "only images can be changed".to_owned() });
        };
        out.clear();
        out.reserve(indices.len() * features.sample_len());
        let (mut values, mut scratch) = (Vec::new(), Vec::new());
        for &index in indices {
            features.fill_unit(index, &mut values)?;
            self.apply((epoch, index as u64), (height, width), &mut values, &mut scratch);
            append(&values, &affine, out);
        }
        Ok(())
    }

    /// How the batch of a step is mixed, if it is.
    pub fn mix(&self, epoch: u64, batch: u64, part: u64, samples: usize) -> Option<Mix> {
        let alpha = self.config.mixup?;
        Some(Mix::draw(&mut self.seed.stream(Purpose::Custom("mixup"), &[epoch, batch, part]), alpha, samples))
    }
}

fn symmetric(stream: &mut Stream, size: f64) -> f64 {
    (2.0 * stream.uniform_f64() - 1.0) * size
}

#[expect(clippy::cast_possible_truncation, reason = "below the bound, which is a usize")]
fn draw_below(stream: &mut Stream, bound: usize) -> usize {
    stream.below(bound as u64) as usize
}

/// From -`most` to `most`, both included.
fn draw_shift(stream: &mut Stream, most: usize) -> isize {
    draw_below(stream, 2 * most + 1).cast_signed() - most.cast_signed()
}

fn draw_affine(config: &AugmentConfig, (height, width): (usize, usize), stream: &mut Stream) -> Option<Affine> {
    let sizes = [config.rotate, config.translate, config.scale, config.shear];
    if sizes.iter().all(|size| *size <= 0.0) {
        return None;
    }
    let angle = symmetric(stream, config.rotate);
    let right = (symmetric(stream, config.translate) * width as f64).round();
    let down = (symmetric(stream, config.translate) * height as f64).round();
    let scale = 1.0 + symmetric(stream, config.scale);
    let shear = symmetric(stream, config.shear);
    Some(Affine::new(angle, (right, down), scale, shear))
}

fn change_colors(config: &AugmentConfig, values: &mut [f32], plane: usize, stream: &mut Stream) {
    #[expect(clippy::cast_possible_truncation, reason = "rounded to the precision of the pixels")]
    let mut factor = |size: f64| (size > 0.0).then(|| (1.0 + symmetric(stream, size)) as f32);
    if let Some(factor) = factor(config.brightness) {
        color::brightness(values, factor);
    }
    if let Some(factor) = factor(config.contrast) {
        color::contrast(values, plane, factor);
    }
    if let Some(factor) = factor(config.saturation) {
        color::saturation(values, plane, factor);
    }
    if let Some(factor) = factor(config.hue) {
        color::hue(values, plane, factor - 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn everything() -> AugmentConfig {
        AugmentConfig {
            rotate: 20.0,
            translate: 0.1,
            scale: 0.1,
            shear: 5.0,
            crop: 2,
            flip: 0.5,
            brightness: 0.3,
            contrast: 0.3,
            saturation: 0.3,
            hue: 0.1,
            cutout: 3,
            mixup: Some(0.2),
        }
    }

    fn changed(augmentation: &Augmentation, epoch: u64, sample: u64) -> Vec<u32> {
        let mut values: Vec<f32> = (0..3 * 8 * 6_u16).map(|value| f32::from(value) / 144.0).collect();
        augmentation.apply((epoch, sample), (8, 6), &mut values, &mut Vec::new());
        values.into_iter().map(f32::to_bits).collect()
    }

    #[test]
    fn a_sample_is_changed_in_the_same_way_whatever_came_before() {
        let augmentation = Augmentation::new(&everything(), Seed::new(7)).unwrap();
        let forward: Vec<_> = (0..20).map(|sample| changed(&augmentation, 1, sample)).collect();
        let mut backward: Vec<_> = (0..20).rev().map(|sample| changed(&augmentation.clone(), 1, sample)).collect();
        backward.reverse();
        assert_eq!(forward, backward);
        let on_threads: Vec<_> = std::thread::scope(|scope| {
            let tasks: Vec<_> = (0..20)
                .map(|sample| {
                    scope.spawn({
                        let augmentation = &augmentation;
                        move || changed(augmentation, 1, sample)
                    })
                })
                .collect();
            tasks.into_iter().map(|task| task.join().unwrap()).collect()
        });
        assert_eq!(forward, on_threads);
    }

    #[test]
    fn another_epoch_sample_or_seed_changes_it_otherwise() {
        let augmentation = Augmentation::new(&everything(), Seed::new(7)).unwrap();
        let other = Augmentation::new(&everything(), Seed::new(8)).unwrap();
        let all = [
            changed(&augmentation, 0, 0),
            changed(&augmentation, 0, 1),
            changed(&augmentation, 1, 0),
            changed(&other, 0, 0),
        ];
        let different: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
    }

    #[test]
    fn nothing_is_changed_by_default() {
        assert!(Augmentation::new(&AugmentConfig::default(), Seed::new(7)).is_none());
    }

    #[test]
    fn changes_that_make_no_sense_are_refused() {
        let features = |values, shape: &[usize]| Features::new(values, shape.to_vec()).unwrap();
        let gray = features(FeatureValues::Bytes { values: vec![0; 4], full_scale: 255.0 }, &[1, 2, 2]);
        let table = features(FeatureValues::Floats(vec![0.0; 4]), &[2]);
        let floats = features(FeatureValues::Floats(vec![0.0; 4]), &[1, 2, 2]);
        let tokens = features(FeatureValues::Tokens { values: vec![0; 4], vocabulary: 2 }, &[2]);
        let none = AugmentConfig::default;
        let cases = [
            (AugmentConfig { flip: 0.5, ..none() }, &table),
            (AugmentConfig { mixup: Some(1.0), ..none() }, &tokens),
            (AugmentConfig { contrast: 0.5, ..none() }, &floats),
            (AugmentConfig { hue: 0.1, ..none() }, &gray),
        ];
        let answers: Vec<String> =
            cases.iter().map(|(config, features)| config.check(features).unwrap_err().to_string()).collect();
        insta::assert_snapshot!(answers.join("\n"), @"
        `data.augment`: only images can be changed
        `data.augment`: tokens cannot be mixed
        `data.augment`: brightness and colors are those of pixels, not of any numbers
        `data.augment`: saturation and hue are those of images with 3 channels
        ");
        AugmentConfig { flip: 0.5, mixup: Some(1.0), ..none() }.check(&gray).unwrap();
    }
}
