//! Which random changes are made to training samples, and how large they may be.

use steadfast_config::{above, section};

section! {
    /// Random changes to training images, made in the order of this table; nothing is changed by default.
    pub struct AugmentConfig {
        /// Rotates by an angle of up to so many degrees, either way.
        trajectory rotate: f64 = 0.0, 0.0..=180.0;
        /// Moves by up to this share of height and width, each way.
        trajectory translate: f64 = 0.0, 0.0..=1.0;
        /// Scales by a factor of up to 1 plus this, or down to 1 less this.
        trajectory scale: f64 = 0.0, 0.0..=0.9;
        /// Shears along the rows by an angle of up to so many degrees, either way.
        trajectory shear: f64 = 0.0, 0.0..=80.0;
        /// Adds so many black pixels on each side and cuts the former size out at a random place.
        trajectory crop: usize = 0, 0..=1024;
        /// Mirrors left and right with this probability.
        trajectory flip: f64 = 0.0, 0.0..=1.0;
        /// Multiplies pixels by 1 plus or minus up to this.
        trajectory brightness: f64 = 0.0, 0.0..=1.0;
        /// Moves pixels from or to the mean of the image's gray by a factor of 1 plus or minus up to this.
        trajectory contrast: f64 = 0.0, 0.0..=1.0;
        /// Moves colors from or to gray by a factor of 1 plus or minus up to this.
        trajectory saturation: f64 = 0.0, 0.0..=1.0;
        /// Turns the hue by up to this share of the color circle, either way.
        trajectory hue: f64 = 0.0, 0.0..=0.5;
        /// Blackens a square of this side at a random place, which may lie partly outside.
        trajectory cutout: usize = 0, 0..=4096;
        /// Mixes each batch with itself in another order, by a weight drawn from Beta(a, a) with this a.
        trajectory mixup: Option<f64> = None, above(0.0);
    }
}

impl AugmentConfig {
    /// Whether any sample can come out changed, mixing aside.
    pub(crate) fn changes_samples(&self) -> bool {
        let sizes = [
            self.rotate,
            self.translate,
            self.scale,
            self.shear,
            self.flip,
            self.brightness,
            self.contrast,
            self.saturation,
            self.hue,
        ];
        self.crop > 0 || self.cutout > 0 || sizes.iter().any(|size| *size > 0.0)
    }
}
