//! One tensor in a `.npy` file, as numpy reads and writes it.
//!
//! The format is described in `numpy.lib.format`: a magic, a version, and a header that is a Python dictionary with the
//! keys `descr`, `fortran_order` and `shape`. Big-endian numbers, objects and column-major order are refused.

use steadfast_state::{Dtype, TensorData};

const MAGIC: &[u8] = b"\x93NUMPY";

/// What follows the header begins at a multiple of this.
const ALIGNMENT: usize = 64;

/// Element types and what numpy calls them.
const TYPES: [(&str, Dtype); 10] = [
    ("|u1", Dtype::U8),
    ("|i1", Dtype::I8),
    ("<i2", Dtype::I16),
    ("<u2", Dtype::U16),
    ("<i4", Dtype::I32),
    ("<u4", Dtype::U32),
    ("<f4", Dtype::F32),
    ("<f8", Dtype::F64),
    ("<i8", Dtype::I64),
    ("<u8", Dtype::U64),
];

/// Reads the whole content of a file.
pub(crate) fn read(bytes: &[u8]) -> Result<TensorData, String> {
    let short = || "the file ends inside its header".to_owned();
    let rest = bytes.strip_prefix(MAGIC).ok_or("it does not begin as a .npy file does")?;
    let (version, rest) = rest.split_first_chunk::<2>().ok_or_else(short)?;
    let (length, rest) = match version[0] {
        1 => rest.split_first_chunk::<2>().map(|(length, rest)| (usize::from(u16::from_le_bytes(*length)), rest)),
        2 | 3 => rest.split_first_chunk::<4>().map(|(length, rest)| (u32::from_le_bytes(*length) as usize, rest)),
        other => return Err(format!("version {other} of the format is not known")),
    }
    .ok_or_else(short)?;
    let (header, content) = rest.split_at_checked(length).ok_or_else(short)?;
    let header = std::str::from_utf8(header).map_err(|_| "the header is no text".to_owned())?;
    let (dtype, shape) = parse(header)?;
    TensorData::new(dtype, shape, content.to_vec()).map_err(|error| error.to_string())
}

/// The whole content of a file.
pub(crate) fn write(tensor: &TensorData) -> Vec<u8> {
    let descr = TYPES.iter().find(|(_, dtype)| *dtype == tensor.dtype()).map_or("|V1", |(descr, _)| descr);
    let lengths: Vec<String> = tensor.shape().iter().map(ToString::to_string).collect();
    // A tuple of one has a comma of its own.
    let shape = if let [only] = lengths.as_slice() { format!("{only},") } else { lengths.join(", ") };
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}");
    let before = MAGIC.len() + 2 + 2;
    let padding = (before + header.len() + 1).next_multiple_of(ALIGNMENT) - (before + header.len() + 1);
    header.extend(std::iter::repeat_n(' ', padding));
    header.push('\n');
    let mut bytes = MAGIC.to_vec();
    bytes.extend([1, 0]);
    // A shape of a few numbers is far from 64 KiB.
    bytes.extend(u16::try_from(header.len()).unwrap_or(u16::MAX).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(tensor.bytes());
    bytes
}

/// Element type and shape.
fn parse(header: &str) -> Result<(Dtype, Vec<usize>), String> {
    let descr = value(header, "descr")?.trim_start_matches(['\'', '"']);
    let descr = descr.split(['\'', '"']).next().unwrap_or_default();
    let dtype = TYPES.iter().find(|(known, _)| *known == descr).map(|(_, dtype)| *dtype);
    let dtype = dtype.ok_or_else(|| format!("elements of type `{}` are not supported", descr.escape_default()))?;
    if !value(header, "fortran_order")?.starts_with("False") {
        return Err("the array is in column-major order; save it with numpy.ascontiguousarray".to_owned());
    }
    let shape = value(header, "shape")?;
    let inside = shape.strip_prefix('(').and_then(|rest| rest.split_once(')')).map(|(inside, _)| inside);
    let inside = inside.ok_or("the header has no shape")?;
    let lengths = inside.split(',').map(str::trim).filter(|length| !length.is_empty()).map(str::parse::<usize>);
    let shape = lengths.collect::<Result<_, _>>().map_err(|_| "the header has no shape of whole numbers".to_owned())?;
    Ok((dtype, shape))
}

/// What follows a key of the dictionary.
fn value<'h>(header: &'h str, key: &str) -> Result<&'h str, String> {
    let quoted = [format!("'{key}':"), format!("\"{key}\":")];
    let found = quoted.iter().find_map(|quoted| header.split_once(quoted.as_str()));
    found.map(|(_, rest)| rest.trim_start()).ok_or_else(|| format!("the header has no `{key}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> TensorData {
        TensorData::from_f32(vec![2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap()
    }

    #[test]
    fn what_is_written_comes_back() {
        for shape in [vec![], vec![6], vec![2, 3], vec![1, 2, 3, 1], vec![0, 5]] {
            let count: usize = shape.iter().product();
            let tensor = TensorData::new(Dtype::I64, shape, vec![7; 8 * count]).unwrap();
            let bytes = write(&tensor);
            assert_eq!(read(&bytes).unwrap(), tensor);
            let header = bytes.len() - tensor.bytes().len();
            assert_eq!(header % ALIGNMENT, 0);
        }
    }

    #[test]
    fn the_header_is_that_of_numpy() {
        // import io, numpy as np
        // f = io.BytesIO(); np.save(f, np.array([[1, 2, 3], [4, 5, 6]], "<f4")); print(f.getvalue()[:70])
        let bytes = write(&example());
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
        assert_eq!(&bytes[..10], b"\x93NUMPY\x01\x00v\x00");
        assert_eq!(bytes[10..128].trim_ascii_end(), header.as_bytes());
        let one = write(&TensorData::from_f32(vec![1], &[0.0]).unwrap());
        assert!(String::from_utf8_lossy(&one).contains("'shape': (1,), }"));
    }

    #[test]
    fn what_cannot_be_read_is_refused_and_never_panics() {
        let good = write(&example());
        for end in 0..good.len() {
            assert!(read(&good[..end]).is_err(), "{end}");
        }
        for (from, to, expected) in [
            ("<f4", ">f4", "elements of type `>f4` are not supported"),
            ("False", "True ", "the array is in column-major order; save it with numpy.ascontiguousarray"),
            ("(2, 3)", "(2,-3)", "the header has no shape of whole numbers"),
            ("(2, 3)", "(9, 9)", "tensor of type f32 and shape [9, 9] needs 324 bytes, got 24"),
            ("'shape'", "'shapf'", "the header has no `shape`"),
        ] {
            let at = good.windows(from.len()).position(|part| part == from.as_bytes()).unwrap();
            let mut bad = good.clone();
            bad[at..at + to.len()].copy_from_slice(to.as_bytes());
            assert_eq!(read(&bad).unwrap_err(), expected);
        }
    }
}
