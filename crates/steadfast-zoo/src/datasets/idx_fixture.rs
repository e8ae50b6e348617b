//! Writing IDX files, for the tests of their reader.

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

/// An IDX file: a type of values, the length of each axis, and the values as big-endian bytes.
pub(super) fn idx(element: u8, axes: &[u32], values: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, element, u8::try_from(axes.len()).unwrap()];
    file.extend(axes.iter().flat_map(|length| length.to_be_bytes()));
    file.extend_from_slice(values);
    file
}

/// The same, gzipped.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Writes a file and returns its path.
pub(super) fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs_err::write(&path, bytes).unwrap();
    path
}
