//! What all images of a set are brought to: how many channels, which height and width, and how.

use super::super::DataError;
use super::decode::{Picture, decode};
use super::header::Header;
use super::resize::resize;
use crate::data_config::{DataConfig, Fit, ImageSize};

/// The side of images that differ in size, unless most are smaller.
const USUAL_SIDE: usize = 224;

/// Up to this side, images of one size stay as they are.
const LARGEST_KEPT_SIDE: usize = 512;

/// What an image becomes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Plan {
    pub(super) channels: usize,
    pub(super) size: ImageSize,
    fit: Fit,
}

impl Plan {
    /// Takes what the config says, and for the rest looks at the images.
    pub(super) fn new(headers: &[Header], config: &DataConfig) -> Result<Self, DataError> {
        let all_gray = headers.iter().all(|header| header.gray);
        let channels = config.channels.unwrap_or(if all_gray { 1 } else { 3 });
        let size = config.image_size.unwrap_or_else(|| usual_size(headers));
        let plan = Self { channels, size, fit: config.fit };
        if headers.is_empty() {
            return Err(DataError::Inconsistent("a set of no images".to_owned()));
        }
        Ok(plan)
    }

    /// How many bytes an image becomes.
    pub(super) fn sample_len(&self) -> usize {
        self.channels * self.size.height * self.size.width
    }

    /// Appends an image, channel by channel.
    pub(super) fn append(&self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let header = Header::read(bytes)?;
        let picture = self.fitted(decode(bytes, header, self.channels)?);
        if self.channels == 1 {
            out.extend_from_slice(&picture.pixels);
            return Ok(());
        }
        for channel in 0..self.channels {
            out.extend(picture.pixels.iter().skip(channel).step_by(self.channels));
        }
        Ok(())
    }

    fn fitted(&self, picture: Picture) -> Picture {
        let ImageSize { height, width } = self.size;
        if (picture.width, picture.height) == (width, height) {
            return picture;
        }
        let (scaled_width, scaled_height) = match self.fit {
            Fit::Stretch => (width, height),
            // The side that is too long for the shape stands over.
            Fit::Crop if picture.width * height >= picture.height * width => {
                (height * picture.width / picture.height, height)
            }
            Fit::Crop => (width, width * picture.height / picture.width),
        };
        let (left, top) = (half(scaled_width - width), half(scaled_height - height));
        resize(picture, (scaled_width, scaled_height), left..left + width, top..top + height)
    }
}

/// Half of it, and where that is no whole number the even one of both neighbors, as Python's `round` does it.
fn half(length: usize) -> usize {
    let lower = length / 2;
    if length % 2 == 1 && lower % 2 == 1 { lower + 1 } else { lower }
}

/// The size of all images if there is one, else a square.
fn usual_size(headers: &[Header]) -> ImageSize {
    if let Some(first) = headers.first()
        && first.width.max(first.height) <= LARGEST_KEPT_SIDE
        && headers.iter().all(|header| (header.width, header.height) == (first.width, first.height))
    {
        return ImageSize { height: first.height, width: first.width };
    }
    let mut shorter: Vec<usize> = headers.iter().map(|header| header.width.min(header.height)).collect();
    shorter.sort_unstable();
    let side = shorter.get(shorter.len() / 2).copied().unwrap_or(1).min(USUAL_SIDE);
    ImageSize { height: side, width: side }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::fixture::{bytes, file, fixtures, png, side};
    use super::*;

    fn made(plan: Plan, file: &[u8]) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        plan.append(file, &mut out)?;
        Ok(out)
    }

    fn plan(channels: usize, height: usize, width: usize, fit: Fit) -> Plan {
        Plan { channels, size: ImageSize { height, width }, fit }
    }

    fn largest_difference(ours: &[u8], theirs: &[u8]) -> u8 {
        assert_eq!(ours.len(), theirs.len());
        ours.iter().zip(theirs).map(|(ours, theirs)| ours.abs_diff(*theirs)).max().unwrap_or(0)
    }

    #[test]
    fn files_are_decoded_as_pillow_decodes_them() {
        for entry in fixtures()["decoded"].as_array().unwrap() {
            let (height, width) = (side(&entry["height"]), side(&entry["width"]));
            let name = entry["name"].as_str().unwrap();
            // The inverse cosine transform of JPEG is not fixed to the bit.
            let allowed = if name.starts_with("jpeg") { 3 } else { 0 };
            for (channels, expected) in [(1, "gray"), (3, "color")] {
                let made = made(plan(channels, height, width, Fit::Crop), &bytes(&entry["file"])).unwrap();
                let difference = largest_difference(&made, &bytes(&entry[expected]));
                assert!(difference <= allowed, "{name} {expected}: {difference}");
            }
        }
    }

    #[test]
    fn stretched_images_equal_those_of_pillow() {
        for entry in fixtures()["resized"].as_array().unwrap() {
            let plan = plan(3, side(&entry["height"]), side(&entry["width"]), Fit::Stretch);
            assert_eq!(made(plan, &file("color")).unwrap(), bytes(&entry["values"]), "{}", entry["height"]);
        }
    }

    #[test]
    fn cropped_images_equal_those_of_torchvision() {
        for entry in fixtures()["cropped"].as_array().unwrap() {
            let side = side(&entry["side"]);
            let made = made(plan(3, side, side, Fit::Crop), &file("color")).unwrap();
            assert_eq!(made, bytes(&entry["values"]), "{side}");
        }
    }

    fn header(width: usize, height: usize, gray: bool) -> Header {
        Header { kind: super::super::header::Kind::Png, width, height, gray }
    }

    #[test]
    fn size_and_channels_follow_from_the_images() {
        let planned = |headers: &[Header]| {
            let plan = Plan::new(headers, &DataConfig::default()).unwrap();
            (plan.channels, plan.size.height, plan.size.width)
        };
        assert_eq!(planned(&[header(28, 20, true), header(28, 20, true)]), (1, 20, 28));
        assert_eq!(planned(&[header(28, 20, true), header(28, 20, false)]), (3, 20, 28));
        assert_eq!(planned(&[header(40, 30, true), header(50, 60, true), header(90, 10, true)]), (1, 30, 30));
        assert_eq!(planned(&[header(4000, 3000, false); 3]), (3, 224, 224));
        assert!(Plan::new(&[], &DataConfig::default()).is_err());
        let given =
            DataConfig { channels: Some(1), image_size: Some(ImageSize { height: 3, width: 5 }), ..Default::default() };
        let plan = Plan::new(&[header(9, 9, false)], &given).unwrap();
        assert_eq!((plan.channels, plan.size.height, plan.size.width), (1, 3, 5));
    }

    #[test]
    fn extreme_shapes_become_images_of_the_size() {
        for (width, height) in [(1, 1), (1, 700), (700, 1), (2, 3)] {
            for fit in [Fit::Crop, Fit::Stretch] {
                let image = png(width, height, 1, |_| 77);
                assert_eq!(made(plan(1, 6, 4, fit), &image).unwrap(), [77; 24]);
            }
        }
    }

    proptest! {
        #[test]
        fn damaged_files_are_refused_or_decoded(
            which in 0_usize..8,
            flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
            keep in any::<prop::sample::Index>(),
            cut in any::<bool>(),
        ) {
            let fixtures = fixtures();
            let mut file = bytes(&fixtures["decoded"][which]["file"]);
            for (at, value) in flips {
                let at = at.index(file.len());
                file[at] = value;
            }
            if cut {
                file.truncate(keep.index(file.len()));
            }
            if let Ok(made) = made(plan(3, 5, 5, Fit::Crop), &file) {
                prop_assert_eq!(made.len(), 75);
            }
        }

        #[test]
        fn a_file_that_is_cut_off_is_seen_from_its_header(which in 0_usize..8, keep in any::<prop::sample::Index>()) {
            let fixtures = fixtures();
            let file = bytes(&fixtures["decoded"][which]["file"]);
            prop_assert!(Header::read(&file).is_ok());
            prop_assert!(Header::read(&file[..keep.index(file.len())]).is_err());
        }

        #[test]
        fn any_bytes_are_refused_or_decoded(bytes in prop::collection::vec(any::<u8>(), 0..200), jpeg in any::<bool>()) {
            let start: &[u8] = if jpeg { &[0xFF, 0xD8, 0xFF] } else { b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" };
            let _ = made(plan(3, 5, 5, Fit::Crop), &[start, &bytes].concat());
        }
    }
}
