//! The header of an IDX file: two zero bytes, the type of the values, the number of axes, and the
//! length of each axis as a big-endian 32-bit number.
//!
//! Every number here comes from a file that nobody has checked. Sizes are computed with checked
//! arithmetic, and nothing is allocated for them.

/// The length of the part that says how long the header is.
pub(super) const MAGIC_LEN: usize = 4;

/// More axes than any data of this kind has.
const MAX_AXES: u8 = 8;

/// The most that a file may announce, 16 GiB.
const MAX_PAYLOAD: u64 = 1 << 34;

/// The type of the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    U8,
    I8,
    I16,
    I32,
    F32,
    F64,
}

impl Element {
    const ALL: [(u8, Self); 6] = [
        (0x08, Self::U8),
        (0x09, Self::I8),
        (0x0B, Self::I16),
        (0x0C, Self::I32),
        (0x0D, Self::F32),
        (0x0E, Self::F64),
    ];

    /// How many bytes one value takes.
    pub(super) fn size(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::I16 => 2,
            Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// Whether values are whole numbers, which can be class labels.
    pub(super) fn is_integer(self) -> bool {
        !matches!(self, Self::F32 | Self::F64)
    }

    /// The first value in these big-endian bytes. `f64` holds every value of every type exactly.
    pub(super) fn decode(self, bytes: &[u8]) -> Option<f64> {
        Some(match self {
            Self::U8 => f64::from(*bytes.first()?),
            Self::I8 => f64::from(i8::from_be_bytes(*bytes.first_chunk()?)),
            Self::I16 => f64::from(i16::from_be_bytes(*bytes.first_chunk()?)),
            Self::I32 => f64::from(i32::from_be_bytes(*bytes.first_chunk()?)),
            Self::F32 => f64::from(f32::from_be_bytes(*bytes.first_chunk()?)),
            Self::F64 => f64::from_be_bytes(*bytes.first_chunk()?),
        })
    }
}

/// A header that has been found plausible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IdxHeader {
    element: Element,
    axes: Vec<usize>,
    payload_len: u64,
}

/// What is wrong with a header, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) offset: u64,
    pub(super) expected: String,
    pub(super) found: String,
}

impl Fault {
    fn new(offset: u64, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { offset, expected: expected.into(), found: found.into() }
    }
}

/// Reads the first four bytes: the type of the values and the number of axes.
pub(super) fn parse_magic(magic: [u8; MAGIC_LEN]) -> Result<(Element, usize), Fault> {
    let [zero, also_zero, code, axes] = magic;
    if (zero, also_zero) != (0, 0) {
        let found = format!("{zero:#04x} {also_zero:#04x}");
        return Err(Fault::new(0, "the bytes 0x00 0x00 of an IDX file or a gzip stream", found));
    }
    let known = Element::ALL.iter().find(|(known, _)| *known == code);
    let Some((_, element)) = known else {
        let expected = "a type of values (0x08, 0x09, 0x0b, 0x0c, 0x0d or 0x0e)";
        return Err(Fault::new(2, expected, format!("{code:#04x}")));
    };
    if !(1..=MAX_AXES).contains(&axes) {
        return Err(Fault::new(3, format!("1 to {MAX_AXES} axes"), axes.to_string()));
    }
    Ok((*element, usize::from(axes)))
}

impl IdxHeader {
    /// Reads the rest of a header: the length of each axis.
    pub(super) fn parse(element: Element, lengths: &[u8]) -> Result<Self, Fault> {
        let mut axes = Vec::new();
        let mut payload_len = element.size() as u64;
        for (position, bytes) in lengths.as_chunks::<4>().0.iter().enumerate() {
            let offset = (MAGIC_LEN + 4 * position) as u64;
            let length = u32::from_be_bytes(*bytes);
            if length == 0 {
                return Err(Fault::new(offset, "an axis of at least length 1", "0"));
            }
            // Both factors are bounded, but not so that the product must fit.
            payload_len = payload_len
                .checked_mul(length.into())
                .filter(|bytes| *bytes <= MAX_PAYLOAD && usize::try_from(*bytes).is_ok())
                .ok_or_else(|| {
                    let found = format!("an axis of length {length} that exceeds this");
                    Fault::new(offset, format!("at most {MAX_PAYLOAD} bytes of values"), found)
                })?;
            axes.push(length as usize);
        }
        Ok(Self { element, axes, payload_len })
    }

    /// The type of the values.
    pub(super) fn element(&self) -> Element {
        self.element
    }

    /// The length of each axis, the first of which counts the samples.
    pub(super) fn axes(&self) -> &[usize] {
        &self.axes
    }

    /// How many bytes the header takes.
    pub(super) fn len(&self) -> u64 {
        (MAGIC_LEN + 4 * self.axes.len()) as u64
    }

    /// How many bytes the values take.
    pub(super) fn payload_len(&self) -> u64 {
        self.payload_len
    }

    /// How many bytes header and values take together.
    pub(super) fn total_len(&self) -> u64 {
        self.len() + self.payload_len
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(bytes: &[u8]) -> Result<IdxHeader, Fault> {
        let (element, axes) = parse_magic(*bytes.first_chunk().unwrap())?;
        IdxHeader::parse(element, &bytes[MAGIC_LEN..][..4 * axes])
    }

    #[test]
    fn a_header_is_read() {
        let header = parse(&[0, 0, 0x0B, 2, 0, 0, 1, 2, 0, 0, 0, 3]).unwrap();
        assert_eq!((header.element(), header.axes()), (Element::I16, &[258, 3][..]));
        assert_eq!((header.len(), header.payload_len()), (12, 2 * 258 * 3));
    }

    #[test]
    fn hostile_headers_are_refused_where_they_lie() {
        let max = [0xFF; 4];
        let cases: [(Vec<u8>, u64, &str); 10] = [
            (vec![0x89, b'P', b'N', b'G'], 0, "0x89 0x50"),
            (vec![0, 1, 8, 1], 0, "0x00 0x01"),
            (vec![0, 0, 0, 1], 2, "0x00"),
            (vec![0, 0, 0x0A, 1], 2, "0x0a"),
            (vec![0, 0, 0xFF, 1], 2, "0xff"),
            (vec![0, 0, 8, 0], 3, "0"),
            (vec![0, 0, 8, 9], 3, "9"),
            ([vec![0, 0, 8, 2], vec![0, 0, 0, 1], vec![0; 4]].concat(), 8, "0"),
            ([vec![0, 0, 0x0E, 1], max.to_vec()].concat(), 4, "an axis of length 4294967295 that exceeds this"),
            ([vec![0, 0, 8, 8], [max; 8].concat()].concat(), 8, "an axis of length 4294967295 that exceeds this"),
        ];
        for (bytes, offset, found) in cases {
            let fault = parse(&bytes).unwrap_err();
            assert_eq!((fault.offset, fault.found.as_str()), (offset, found), "{bytes:?}");
            assert!(!fault.expected.is_empty());
        }
    }

    #[test]
    fn values_of_every_type_are_decoded() {
        let cases: [(Element, &[u8], f64); 7] = [
            (Element::U8, &[0xFF], 255.0),
            (Element::I8, &[0xFF], -1.0),
            (Element::I16, &[0xFF, 0xFE], -2.0),
            (Element::I32, &[0x80, 0, 0, 0], -2_147_483_648.0),
            (Element::I32, &[0x7F, 0xFF, 0xFF, 0xFF], 2_147_483_647.0),
            (Element::F32, &[0xC0, 0x20, 0, 0], -2.5),
            (Element::F64, &[0x3F, 0xB9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9A], 0.1),
        ];
        for (element, bytes, value) in cases {
            assert_eq!(element.size(), bytes.len());
            assert_eq!(element.decode(bytes), Some(value));
            assert_eq!(element.decode(&bytes[1..]), None);
        }
    }

    proptest! {
        #[test]
        fn no_header_panics(bytes in prop::collection::vec(any::<u8>(), 36..40)) {
            if let Ok(header) = parse(&bytes) {
                prop_assert!(header.total_len() <= MAX_PAYLOAD + 36);
            }
        }

        #[test]
        fn no_plausible_header_panics(
            code in prop::sample::select(vec![8_u8, 9, 0x0B, 0x0C, 0x0D, 0x0E]),
            lengths in prop::collection::vec(prop_oneof![0..6_u32, 0..70_000_u32, any::<u32>()], 1..=8),
        ) {
            let axes = u8::try_from(lengths.len()).unwrap();
            let mut bytes = vec![0, 0, code, axes];
            bytes.extend(lengths.iter().flat_map(|length| length.to_be_bytes()));
            let (element, _) = parse_magic([0, 0, code, axes]).unwrap();
            let size = element.size() as u128;
            let exact = lengths.iter().try_fold(size, |len, &axis| len.checked_mul(axis.into()));
            let plausible = exact.filter(|len| (1..=u128::from(MAX_PAYLOAD)).contains(len));
            prop_assert_eq!(parse(&bytes).ok().map(|header| header.payload_len().into()), plausible);
        }
    }
}
