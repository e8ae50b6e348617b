//! Reading one IDX file: its header, then exactly the values that it announces.

use std::path::Path;

use super::byte_source::ByteSource;
use super::idx_header::{Element, Fault, IdxHeader, MAGIC_LEN, parse_magic};
use super::{DataError, FeatureValues, Features, Targets};

/// How many bytes of values are decoded at a time; a multiple of the size of every type.
const BLOCK: usize = 1 << 16;

/// Class labels run from 0 to below this.
const MAX_CLASSES: u32 = 1 << 16;

/// The stored number that means 1.0 in a pixel.
const PIXEL_SCALE: f32 = 255.0;

/// An open IDX file whose header has been read and held against the length of the file.
pub(super) struct IdxFile {
    source: ByteSource,
    header: IdxHeader,
}

impl IdxFile {
    /// Opens a file and reads its header.
    pub(super) fn open(path: &Path) -> Result<Self, DataError> {
        let mut source = ByteSource::open(path)?;
        let mut magic = [0; MAGIC_LEN];
        source.fill(&mut magic, MAGIC_LEN as u64)?;
        let (element, axes) = parse_magic(magic).map_err(|fault| at(&source, fault))?;
        let lengths = source.read_vec(4 * axes, (MAGIC_LEN + 4 * axes) as u64)?;
        let header = IdxHeader::parse(element, &lengths).map_err(|fault| at(&source, fault))?;
        source.check_len(header.total_len())?;
        Ok(Self { source, header })
    }

    /// How many samples the header announces.
    pub(super) fn samples(&self) -> usize {
        self.header.axes()[0]
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        self.source.path()
    }

    /// Reads the values as the inputs of samples.
    ///
    /// Images without a channel axis get one. Bytes of images are pixels, and mean 0 to 1; all
    /// other numbers mean themselves.
    pub(super) fn read_features(mut self) -> Result<Features, DataError> {
        let shape = match &self.header.axes()[1..] {
            [] => vec![1],
            [height, width] => vec![1, *height, *width],
            shape => shape.to_vec(),
        };
        let values = if self.header.element() == Element::U8 {
            let full_scale = if shape.len() == 3 { PIXEL_SCALE } else { 1.0 };
            FeatureValues::Bytes { values: self.read_bytes()?, full_scale }
        } else {
            FeatureValues::Floats(self.read_floats()?)
        };
        Features::new(values, shape)
    }

    /// Reads the values as targets: whole numbers are classes, others are values.
    ///
    /// Classes are named by their number, up to the largest that occurs.
    pub(super) fn read_targets(mut self) -> Result<Targets, DataError> {
        let axes = self.header.axes().len();
        if self.header.element().is_integer() {
            if axes != 1 {
                return Err(self.source.malformed(3, "1 axis of class labels", axes.to_string()));
            }
            let labels = self.read_labels()?;
            let classes = labels.iter().max().map_or(0, |label| label + 1);
            let class_names = (0..classes).map(|class| class.to_string()).collect();
            return Ok(Targets::Classes { labels, class_names });
        }
        let width = match &self.header.axes()[1..] {
            [] => 1,
            [width] => *width,
            _ => {
                let expected = "1 or 2 axes of target values";
                return Err(self.source.malformed(3, expected, axes.to_string()));
            }
        };
        Ok(Targets::Values { values: self.read_floats()?, width })
    }

    fn read_bytes(&mut self) -> Result<Vec<u8>, DataError> {
        let total = self.header.total_len();
        let bytes = self.source.read_vec(self.payload_len(), total)?;
        self.source.expect_end()?;
        Ok(bytes)
    }

    fn read_floats(&mut self) -> Result<Vec<f32>, DataError> {
        self.read_values("a finite number in the range of f32", |value| {
            #[expect(clippy::cast_possible_truncation, reason = "rounded to f32 and checked")]
            let value = value as f32;
            value.is_finite().then_some(value)
        })
    }

    fn read_labels(&mut self) -> Result<Vec<u32>, DataError> {
        let expected = format!("a class label from 0 to {}", MAX_CLASSES - 1);
        self.read_values(&expected, |value| {
            let in_range = (0.0..f64::from(MAX_CLASSES)).contains(&value);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a whole number in the range of u32"
            )]
            in_range.then_some(value as u32)
        })
    }

    /// Reads all values, converting each one; `None` is an error at its place.
    fn read_values<T>(&mut self, expected: &str, convert: impl Fn(f64) -> Option<T>) -> Result<Vec<T>, DataError> {
        let (element, total) = (self.header.element(), self.header.total_len());
        let mut values = Vec::new();
        let mut left = self.payload_len();
        while left > 0 {
            let start = self.source.offset();
            let block = self.source.read_vec(left.min(BLOCK), total)?;
            let count = block.len() / element.size();
            let refused = |_| self.source.out_of_memory(count * size_of::<T>());
            values.try_reserve(count).map_err(refused)?;
            for (position, bytes) in block.chunks_exact(element.size()).enumerate() {
                let value = element.decode(bytes).unwrap_or(f64::NAN);
                let offset = start + (position * element.size()) as u64;
                let wrong = || self.source.malformed(offset, expected, in_digits(value));
                values.push(convert(value).ok_or_else(wrong)?);
            }
            left -= block.len();
        }
        self.source.expect_end()?;
        Ok(values)
    }

    fn payload_len(&self) -> usize {
        // The header has been refused if this does not fit.
        usize::try_from(self.header.payload_len()).unwrap_or(usize::MAX)
    }
}

fn at(source: &ByteSource, fault: Fault) -> DataError {
    source.malformed(fault.offset, fault.expected, fault.found)
}

/// A value as a person would write it, without hundreds of zeros.
fn in_digits(value: f64) -> String {
    if value.abs() < 1e15 { value.to_string() } else { format!("{value:e}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::idx_fixture::{gzip, idx, write};
    use super::*;

    /// Reads these bytes as a file of inputs.
    fn features(bytes: &[u8]) -> Result<Features, DataError> {
        let folder = tempfile::tempdir().unwrap();
        IdxFile::open(&write(folder.path(), "file", bytes))?.read_features()
    }

    /// Reads these bytes as a file of targets.
    fn targets(bytes: &[u8]) -> Result<Targets, DataError> {
        let folder = tempfile::tempdir().unwrap();
        IdxFile::open(&write(folder.path(), "file", bytes))?.read_targets()
    }

    /// The place and the finding of a [`DataError::Malformed`].
    fn place(error: DataError) -> (u64, String, String) {
        match error {
            DataError::Malformed { offset, expected, found, .. } => (offset, expected, found),
            other => panic!("{other}"),
        }
    }

    fn bytes(values: &[u8], full_scale: f32, shape: &[usize]) -> Features {
        let values = FeatureValues::Bytes { values: values.to_vec(), full_scale };
        Features::new(values, shape.to_vec()).unwrap()
    }

    #[test]
    fn the_shape_of_a_sample_follows_from_the_axes() {
        let values: Vec<u8> = (0..24).collect();
        let cases: [(&[u32], f32, &[usize]); 5] = [
            (&[24], 1.0, &[1]),
            (&[6, 4], 1.0, &[4]),
            (&[2, 3, 4], 255.0, &[1, 3, 4]),
            (&[2, 3, 2, 2], 255.0, &[3, 2, 2]),
            (&[2, 3, 2, 1, 2], 1.0, &[3, 2, 1, 2]),
        ];
        for (axes, full_scale, shape) in cases {
            let expected = bytes(&values, full_scale, shape);
            assert_eq!(features(&idx(8, axes, &values)).unwrap(), expected);
        }
    }

    #[test]
    fn numbers_of_every_type_become_floats() {
        let cases: [(u8, &[u8], [f32; 2]); 5] = [
            (0x09, &[0xFF, 5], [-1.0, 5.0]),
            (0x0B, &[0xFF, 0xFE, 1, 0], [-2.0, 256.0]),
            (0x0C, &[0, 1, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF], [65536.0, -1.0]),
            (0x0D, &[0xC0, 0x20, 0, 0, 0x3F, 0, 0, 0], [-2.5, 0.5]),
            (0x0E, &[0xC0, 4, 0, 0, 0, 0, 0, 0, 0x3F, 0xE0, 0, 0, 0, 0, 0, 0], [-2.5, 0.5]),
        ];
        for (element, values, expected) in cases {
            let read = features(&gzip(&idx(element, &[2], values))).unwrap();
            assert_eq!(read.values(), &FeatureValues::Floats(expected.to_vec()));
        }
    }

    #[test]
    fn a_file_cut_anywhere_is_an_error() {
        let whole = idx(8, &[2, 2, 3], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        for len in 0..whole.len() {
            let (offset, expected, found) = place(features(&whole[..len]).unwrap_err());
            assert_eq!((offset, found.as_str()), (len as u64, "the end of the data"));
            let in_all = if len < 4 {
                4
            } else if len < 16 {
                16
            } else {
                28
            };
            assert_eq!(expected, format!("{in_all} bytes in all"));
        }
        let zipped = gzip(&whole);
        for len in 0..zipped.len() {
            let error = features(&zipped[..len]).unwrap_err();
            let is_damage = matches!(error, DataError::DamagedGzip { offset: 0..=28, .. });
            assert!(is_damage || len < 2, "{len}: {error}");
        }
        assert_eq!(features(&zipped).unwrap(), features(&whole).unwrap());
    }

    #[test]
    fn a_stream_that_ends_before_the_announced_values_is_an_error() {
        let whole = idx(8, &[4, 1000], &[7; 4000]);
        for len in [16, 17, 2000, 4011] {
            let (offset, expected, found) = place(features(&gzip(&whole[..len])).unwrap_err());
            assert_eq!((offset, found.as_str()), (len as u64, "the end of the data"));
            assert_eq!(expected, "4012 bytes in all");
        }
    }

    #[test]
    fn bytes_after_the_announced_values_are_an_error() {
        let longer = [idx(8, &[2, 2], &[1, 2, 3, 4]), vec![0; 3]].concat();
        assert_eq!(place(features(&longer).unwrap_err()), (16, "the end of the file".into(), "3 more bytes".into()));
        assert_eq!(
            place(features(&gzip(&longer)).unwrap_err()),
            (16, "the end of the data".into(), "more bytes".into())
        );
        let zipped = gzip(&idx(8, &[2, 2], &[1, 2, 3, 4]));
        let error = features(&[zipped, b"junk".to_vec()].concat()).unwrap_err();
        assert!(matches!(error, DataError::DamagedGzip { offset: 16, .. }), "{error}");
    }

    #[test]
    fn a_flipped_byte_in_a_gzip_stream_never_alters_the_data() {
        let whole = idx(8, &[4, 5], &[3; 20]);
        let (zipped, expected) = (gzip(&whole), features(&whole).unwrap());
        for position in 0..zipped.len() {
            let mut damaged = zipped.clone();
            damaged[position] ^= 0x55;
            // Some bytes mean nothing to the data, such as the time in the header of the stream.
            let harmless = position < 10;
            assert!(features(&damaged).map_or(true, |read| harmless && read == expected));
        }
    }

    #[test]
    fn announced_sizes_are_held_against_the_file() {
        let huge = idx(8, &[1 << 17, 1 << 17], &[0; 64]);
        assert_eq!(place(features(&huge).unwrap_err()).0, huge.len() as u64);
        let error = features(&gzip(&huge)).unwrap_err().to_string();
        assert!(error.contains("expected the 17179869196 bytes that the header announces"), "{error}");
    }

    #[test]
    fn targets_are_classes_or_values() {
        let names = |count: u32| (0..count).map(|class| class.to_string()).collect();
        let classes = targets(&idx(8, &[3], &[2, 0, 1])).unwrap();
        assert_eq!(classes, Targets::Classes { labels: vec![2, 0, 1], class_names: names(3) });
        let wide = targets(&idx(0x0C, &[1], &[0, 0, 1, 0])).unwrap();
        assert_eq!(wide, Targets::Classes { labels: vec![256], class_names: names(257) });
        let halves = [0x3F, 0, 0, 0].repeat(4);
        for (axes, width) in [(&[4][..], 1), (&[2, 2][..], 2)] {
            let values = targets(&idx(0x0D, axes, &halves)).unwrap();
            assert_eq!(values, Targets::Values { values: vec![0.5; 4], width });
        }
    }

    #[test]
    fn impossible_values_are_named_with_their_place() {
        let nan = [0x7F, 0xC0, 0, 0];
        let beyond_f32 = 1e300_f64.to_be_bytes();
        let cases = [
            (targets(&idx(9, &[3], &[0, 5, 0xFF])), 10, "a class label from 0 to 65535", "-1"),
            (targets(&idx(0x0C, &[2], &[0, 0, 0, 0, 0, 1, 0, 0])), 12, "a class label from 0 to 65535", "65536"),
            (targets(&idx(8, &[1, 1], &[0])), 3, "1 axis of class labels", "2"),
            (targets(&idx(0x0D, &[1, 1, 1], &[0; 4])), 3, "1 or 2 axes of target values", "3"),
            (targets(&idx(0x0D, &[2], &[[0; 4], nan].concat())), 12, "a finite number in the range of f32", "NaN"),
            (targets(&idx(0x0E, &[1], &beyond_f32)), 8, "a finite number in the range of f32", "1e300"),
        ];
        for (read, offset, expected, found) in cases {
            let wanted = (offset, expected.to_owned(), found.to_owned());
            assert_eq!(place(read.unwrap_err()), wanted);
        }
    }

    #[test]
    fn values_longer_than_a_block_keep_their_places() {
        let mut values: Vec<u8> = (0..40_000_u16).flat_map(|n| (n % 1000).to_be_bytes()).collect();
        let file = idx(0x0B, &[40_000], &values);
        let Targets::Classes { labels, .. } = targets(&file).unwrap() else { panic!("no classes") };
        assert!((0..40_000).all(|n| labels[n as usize] == n % 1000));
        // The first byte of value 39,999 makes it negative.
        values[79_998] = 0x80;
        let (offset, ..) = place(targets(&gzip(&idx(0x0B, &[40_000], &values))).unwrap_err());
        assert_eq!(offset, 8 + 79_998);
    }

    /// The lengths of the axes of a small file, and its values.
    fn small() -> impl Strategy<Value = (Vec<u32>, Vec<u8>)> {
        prop::collection::vec(1_u32..5, 1..=5).prop_flat_map(|axes| {
            let len = axes.iter().product::<u32>() as usize;
            (Just(axes), prop::collection::vec(any::<u8>(), len))
        })
    }

    proptest! {
        #[test]
        fn what_was_written_is_read((axes, values) in small(), zipped: bool) {
            let file = idx(8, &axes, &values);
            let read = features(&if zipped { gzip(&file) } else { file }).unwrap();
            prop_assert_eq!(read.count(), axes[0] as usize);
            let FeatureValues::Bytes { values: read, .. } = read.values() else {
                panic!("not bytes")
            };
            prop_assert_eq!(read, &values);
        }

        #[test]
        fn floats_that_were_written_are_read(
            values in prop::collection::vec(prop::num::f32::NORMAL, 1..20),
        ) {
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_be_bytes()).collect();
            let axes = [u32::try_from(values.len()).unwrap()];
            let read = features(&idx(0x0D, &axes, &bytes)).unwrap();
            prop_assert_eq!(read.values(), &FeatureValues::Floats(values));
        }

        #[test]
        fn no_bytes_panic(
            head in prop::sample::select(vec![
                vec![], vec![0, 0, 8, 1], vec![0, 0, 8, 3], vec![0, 0, 0x0D, 2, 0, 0, 0, 1],
                vec![0x1F, 0x8B], vec![0x1F, 0x8B, 8, 0],
            ]),
            tail in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            let file = [head, tail].concat();
            for bytes in [gzip(&file), file] {
                let _ = features(&bytes);
                let _ = targets(&bytes);
            }
        }
    }
}
