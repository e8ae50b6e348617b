//! What models of images ask of the data.

use super::ModelShape;

/// Sides below this are those of small images, such as those of MNIST and CIFAR.
pub(super) const LARGE: usize = 64;

/// An image: its channels, its height and its width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) channels: usize,
    pub(super) height: usize,
    pub(super) width: usize,
}

impl Image {
    /// The image that a sample is, or the reason why it is none, which names the model.
    pub(super) fn of(shape: &ModelShape, model: &str) -> Result<Self, String> {
        match shape.sample[..] {
            [channels, height, width] if shape.vocabulary.is_none() && channels * height * width > 0 => {
                Ok(Self { channels, height, width })
            }
            _ if shape.vocabulary.is_some() => Err(format!("{model} takes images, but the samples here are tokens")),
            _ => Err(format!(
                "{model} takes images of [channels, height, width], but a sample here has the shape {:?}",
                shape.sample
            )),
        }
    }

    /// The shorter side.
    pub(super) fn side(&self) -> usize {
        self.height.min(self.width)
    }
}
