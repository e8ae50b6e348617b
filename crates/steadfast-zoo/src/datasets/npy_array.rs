//! One array of `NumPy`: the header of a `.npy` file and the numbers behind it.
//!
//! Source of the format: `numpy.lib.format`, versions 1 to 3.

use super::{FeatureValues, Targets};
use crate::data_config::TargetTask;

const MAGIC: &[u8] = b"\x93NUMPY";

/// More axes than any data of this kind has.
const MAX_AXES: usize = 8;

/// Class labels run from 0 to below this.
const MAX_CLASSES: f64 = 65_536.0;

/// The stored number that means 1.0 in a pixel.
const PIXEL_SCALE: f32 = 255.0;

/// An array of numbers.
#[derive(Debug)]
pub(super) struct Array {
    shape: Vec<usize>,
    element: Element,
    /// The numbers as they are stored, in row-major order.
    bytes: Vec<u8>,
}

/// The type of the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Element {
    kind: Kind,
    size: usize,
    big_endian: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bool,
    Unsigned,
    Signed,
    Float,
}

impl Array {
    /// Takes the content of a file apart.
    pub(super) fn parse(mut file: Vec<u8>) -> Result<Self, String> {
        let (text, start) = header(&file)?;
        let element = Element::parse(&text)?;
        let shape = shape(&text)?;
        match value_of(&text, "fortran_order")? {
            value if value.starts_with("False") => {}
            _ => return Err("columns before rows; save it with numpy.ascontiguousarray".to_owned()),
        }
        let numbers = shape.iter().try_fold(1_usize, |count, &axis| count.checked_mul(axis));
        let wanted = numbers.and_then(|count| count.checked_mul(element.size));
        let found = file.len() - start;
        if wanted != Some(found) {
            let wanted = wanted.map_or_else(|| "more bytes than there can be".to_owned(), |len| format!("{len} bytes"));
            return Err(format!("the header announces {wanted}, and {found} follow"));
        }
        if numbers == Some(0) {
            return Err(format!("an array of shape {shape:?} holds nothing"));
        }
        file.drain(..start);
        Ok(Self { shape, element, bytes: file })
    }

    /// How many samples there are.
    pub(super) fn samples(&self) -> usize {
        self.shape.first().copied().unwrap_or_default()
    }

    fn numbers(&self) -> impl Iterator<Item = f64> {
        self.bytes.chunks_exact(self.element.size).map(|bytes| self.element.decode(bytes))
    }

    /// The numbers as inputs, and the shape of a sample.
    ///
    /// Images get a channel axis if they have none, and it comes first if it is last.
    pub(super) fn features(&self) -> Result<(FeatureValues, Vec<usize>), String> {
        let (shape, channels_last) = match self.shape.get(1..).unwrap_or_default() {
            [] => (vec![1], false),
            &[height, width] => (vec![1, height, width], false),
            &[height, width, channels] if is_channels(channels) && !is_channels(height) => {
                (vec![channels, height, width], true)
            }
            shape => (shape.to_vec(), false),
        };
        let order = |sample: &mut dyn FnMut(usize)| {
            let sample_len: usize = shape.iter().product();
            for start in (0..self.samples()).map(|sample| sample * sample_len) {
                for place in 0..sample_len {
                    let pixels = sample_len / shape[0];
                    let from = if channels_last { place % pixels * shape[0] + place / pixels } else { place };
                    sample(start + from);
                }
            }
        };
        let size = self.element.size;
        if size == 1 && matches!(self.element.kind, Kind::Unsigned | Kind::Bool) {
            let is_pixels = self.element.kind == Kind::Unsigned && shape.len() == 3;
            let mut values = Vec::with_capacity(self.bytes.len());
            order(&mut |place| values.push(self.bytes[place]));
            return Ok((FeatureValues::Bytes { values, full_scale: if is_pixels { PIXEL_SCALE } else { 1.0 } }, shape));
        }
        let mut values = Vec::with_capacity(self.bytes.len() / size);
        let mut bad = None;
        order(&mut |place| {
            let number = self.element.decode(&self.bytes[place * size..][..size]);
            let value = narrow(number);
            if !value.is_finite() {
                bad.get_or_insert((place, number));
            }
            values.push(value);
        });
        match bad {
            None => Ok((FeatureValues::Floats(values), shape)),
            Some((place, number)) => Err(format!("number {place} is {number}, not a finite one in the range of f32")),
        }
    }

    /// The numbers as targets: whole ones are classes, others are values, unless `task` says otherwise.
    pub(super) fn targets(&self, task: TargetTask) -> Result<Targets, String> {
        let width = match self.shape.get(1..).unwrap_or_default() {
            [] => 1,
            [width] => *width,
            _ => return Err(format!("targets of shape {:?}, not one number or one row for each sample", self.shape)),
        };
        let whole = self.element.kind != Kind::Float;
        let is_class = match task {
            TargetTask::Auto => whole && width == 1,
            TargetTask::Classification => true,
            TargetTask::Regression => false,
        };
        if !is_class {
            let values: Vec<f32> = self.numbers().map(narrow).collect();
            return match values.iter().position(|value| !value.is_finite()) {
                None => Ok(Targets::Values { values, width }),
                Some(at) => Err(format!("target {at} is not a finite number in the range of f32")),
            };
        }
        if width != 1 {
            return Err(format!("rows of {width} numbers where each sample should have a class"));
        }
        let labels = self.numbers().enumerate().map(|(at, number)| label(at, number)).collect::<Result<Vec<_>, _>>()?;
        let classes = labels.iter().max().map_or(0, |label| label + 1);
        Ok(Targets::Classes { labels, class_names: (0..classes).map(|class| class.to_string()).collect() })
    }
}

fn is_channels(length: usize) -> bool {
    matches!(length, 1 | 3 | 4)
}

#[expect(clippy::cast_possible_truncation, reason = "rounded to f32 and checked by the caller")]
fn narrow(number: f64) -> f32 {
    number as f32
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number in the range of u32")]
fn label(at: usize, number: f64) -> Result<u32, String> {
    if (0.0..MAX_CLASSES).contains(&number) && number.fract() == 0.0 {
        return Ok(number as u32);
    }
    Err(format!("label {at} is {number}, not a class from 0 to {}", MAX_CLASSES - 1.0))
}

/// The text of the header and where the numbers begin.
fn header(file: &[u8]) -> Result<(String, usize), String> {
    if !file.starts_with(MAGIC) {
        return Err("does not begin with the signature of NumPy".to_owned());
    }
    let cut = || "the header is cut off".to_owned();
    let (start, length) = match file.get(MAGIC.len()).ok_or_else(cut)? {
        1 => {
            let length = file.get(8..10).and_then(<[u8]>::first_chunk::<2>).ok_or_else(cut)?;
            (10, usize::from(u16::from_le_bytes(*length)))
        }
        2 | 3 => {
            let length = file.get(8..12).and_then(<[u8]>::first_chunk::<4>).ok_or_else(cut)?;
            (12, usize::try_from(u32::from_le_bytes(*length)).map_err(|_| cut())?)
        }
        version => return Err(format!("version {version} of the format is not known")),
    };
    let end = start + length;
    let text = file.get(start..end).ok_or_else(cut)?;
    Ok((String::from_utf8_lossy(text).into_owned(), end))
}

/// What follows `'key':` in the header, which is a dictionary of Python.
fn value_of<'a>(text: &'a str, key: &str) -> Result<&'a str, String> {
    let place = ['\'', '"'].iter().find_map(|quote| text.split_once(&format!("{quote}{key}{quote}")));
    let value = place.and_then(|(_, rest)| rest.trim_start().strip_prefix(':'));
    value.map(str::trim_start).ok_or_else(|| format!("no `{key}` in the header"))
}

fn shape(text: &str) -> Result<Vec<usize>, String> {
    let value = value_of(text, "shape")?;
    let inside = value.strip_prefix('(').and_then(|rest| rest.split_once(')')).map(|(inside, _)| inside);
    let inside = inside.ok_or("no shape in the header")?;
    let axes = inside.split(',').map(|axis| axis.trim().trim_end_matches('L')).filter(|axis| !axis.is_empty());
    let shape = axes.map(|axis| axis.parse().map_err(|_| format!("an axis of length `{axis}`")));
    let shape = shape.collect::<Result<Vec<usize>, String>>()?;
    if shape.is_empty() || shape.len() > MAX_AXES {
        return Err(format!("an array with {} axes", shape.len()));
    }
    Ok(shape)
}

impl Element {
    fn parse(text: &str) -> Result<Self, String> {
        let value = value_of(text, "descr")?;
        let quoted = value.strip_prefix(['\'', '"']).and_then(|rest| rest.split_once(['\'', '"']));
        let (name, _) = quoted.ok_or("numbers of a composite type")?;
        let unknown = || format!("numbers of type `{name}` are not read");
        let (order, kind) = name.split_at_checked(1).ok_or_else(unknown)?;
        let (big_endian, kind) = match order {
            ">" => (true, kind),
            "<" | "|" | "=" => (false, kind),
            _ => (false, name),
        };
        let (kind, size) = match kind {
            "b1" | "?" => (Kind::Bool, 1),
            "u1" => (Kind::Unsigned, 1),
            "u2" => (Kind::Unsigned, 2),
            "u4" => (Kind::Unsigned, 4),
            "u8" => (Kind::Unsigned, 8),
            "i1" => (Kind::Signed, 1),
            "i2" => (Kind::Signed, 2),
            "i4" => (Kind::Signed, 4),
            "i8" => (Kind::Signed, 8),
            "f4" => (Kind::Float, 4),
            "f8" => (Kind::Float, 8),
            _ => return Err(unknown()),
        };
        Ok(Self { kind, size, big_endian })
    }

    /// The number in exactly `size` bytes.
    fn decode(self, bytes: &[u8]) -> f64 {
        let mut padded = [0_u8; 8];
        for (at, &byte) in bytes.iter().enumerate() {
            padded[if self.big_endian { bytes.len() - 1 - at } else { at }] = byte;
        }
        let unsigned = u64::from_le_bytes(padded);
        match (self.kind, self.size) {
            (Kind::Float, 4) => {
                let [a, b, c, d, ..] = padded;
                f32::from_le_bytes([a, b, c, d]).into()
            }
            (Kind::Float, _) => f64::from_le_bytes(padded),
            (Kind::Bool | Kind::Unsigned, _) => unsigned as f64,
            (Kind::Signed, size) => {
                let unused = 64 - 8 * size;
                ((unsigned << unused).cast_signed() >> unused) as f64
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A file as `numpy.save` writes it.
    pub(in super::super) fn npy(descr: &str, shape: &str, bytes: &[u8]) -> Vec<u8> {
        let dict = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        file.extend(u16::try_from(dict.len()).unwrap().to_le_bytes());
        file.extend(dict.as_bytes());
        file.extend(bytes);
        file
    }

    #[test]
    fn numbers_of_all_types_are_read() {
        let cases: [(&str, &[u8], f64); 10] = [
            ("|b1", &[1], 1.0),
            ("|u1", &[200], 200.0),
            ("|i1", &[0xFE], -2.0),
            ("<i2", &[0xFE, 0xFF], -2.0),
            (">i2", &[0xFF, 0xFE], -2.0),
            ("<u4", &[1, 0, 0, 0x80], 2_147_483_649.0),
            ("<i8", &(-3_i64).to_le_bytes(), -3.0),
            ("<f4", &1.5_f32.to_le_bytes(), 1.5),
            (">f4", &1.5_f32.to_be_bytes(), 1.5),
            ("<f8", &(-0.1_f64).to_le_bytes(), -0.1),
        ];
        for (descr, bytes, expected) in cases {
            let array = Array::parse(npy(descr, "(1,)", bytes)).unwrap();
            assert_eq!(array.numbers().collect::<Vec<_>>(), [expected], "{descr}");
        }
    }

    #[test]
    fn images_get_their_channels_in_front() {
        let bytes: Vec<u8> = (0..24).collect();
        let read = |shape: &str| Array::parse(npy("|u1", shape, &bytes)).unwrap().features().unwrap();
        let (FeatureValues::Bytes { values, full_scale }, shape) = read("(2, 2, 2, 3)") else { panic!("bytes") };
        assert_eq!((shape, full_scale), (vec![3, 2, 2], 255.0));
        assert_eq!(values[..12], [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]);
        assert_eq!(read("(2, 3, 4)").1, [1, 3, 4]);
        assert_eq!(read("(2, 3, 2, 2)").1, [3, 2, 2]);
        let (FeatureValues::Bytes { full_scale, .. }, shape) = read("(2, 12)") else { panic!("bytes") };
        assert_eq!((shape, full_scale), (vec![12], 1.0));
    }

    #[test]
    fn bad_arrays_are_refused() {
        let nan = f32::NAN.to_le_bytes();
        let features = |file| Array::parse(file).and_then(|array| array.features()).unwrap_err();
        let targets = |file| Array::parse(file).and_then(|array| array.targets(TargetTask::Auto)).unwrap_err();
        let answers = [
            features(b"PK".to_vec()),
            features(npy("|u1", "(3,)", &[1, 2])),
            features(npy("|u1", "(2,)", &[1, 2, 3])),
            features(npy("|u1", "(0, 5)", &[])),
            features(npy("<f4", "(4611686018427387904, 4)", &[])),
            features(npy("<c8", "(1,)", &[0; 8])),
            features(npy("<f4", "()", &[0; 4])),
            features(npy("<f4", "(1,)", &nan)),
            features(npy("|u1", "(3,)", &[1, 2, 3])[..20].to_vec()),
            targets(npy("<i4", "(1,)", &(-1_i32).to_le_bytes())),
            targets(npy("<i4", "(1,)", &70_000_i32.to_le_bytes())),
            targets(npy("|u1", "(1, 1, 1)", &[0])),
        ];
        insta::assert_snapshot!(answers.join("\n"), @"
        does not begin with the signature of NumPy
        the header announces 3 bytes, and 2 follow
        the header announces 2 bytes, and 3 follow
        an array of shape [0, 5] holds nothing
        the header announces more bytes than there can be, and 0 follow
        numbers of type `<c8` are not read
        an array with 0 axes
        number 0 is NaN, not a finite one in the range of f32
        the header is cut off
        label 0 is -1, not a class from 0 to 65535
        label 0 is 70000, not a class from 0 to 65535
        targets of shape [1, 1, 1], not one number or one row for each sample
        ");
    }

    proptest! {
        #[test]
        fn damaged_files_are_refused_or_read(
            flips in prop::collection::vec((0_usize..90, any::<u8>()), 0..5),
            keep in 0_usize..200,
        ) {
            let mut file = npy("<f4", "(2, 3)", &[0x3F; 24]);
            for (at, value) in flips {
                let at = at % file.len();
                file[at] = value;
            }
            file.truncate(keep);
            if let Ok(array) = Array::parse(file) {
                let _ = array.features();
                let _ = array.targets(TargetTask::Auto);
            }
        }
    }
}
