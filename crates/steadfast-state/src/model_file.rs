//! Model weights for everybody: plain safetensors files, equal bytes for equal weights.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::commit::{AllowOverwrite, commit, replace};
use crate::container::{Layout, decode_model};
use crate::directory::Directory;
use crate::document::read_optional;
use crate::error::{EncodeError, StateError};
use crate::reading::{open_regular, read_whole};
use crate::space;
use crate::tensor_data::TensorMap;

/// A model file of a run folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelFile {
    /// `model_best.safetensors`: the weights with the best monitored metric.
    Best,
    /// `model_last.safetensors`: the weights at the end.
    Last,
}

impl ModelFile {
    /// Name of the file inside the run folder.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Best => "model_best.safetensors",
            Self::Last => "model_last.safetensors",
        }
    }
}

/// A model file as it lies on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exported {
    /// SHA-256 of the file in lower-case hexadecimal, as `sha256sum` prints it.
    pub sha256: String,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Whether the file had to be written; a file with these bytes is left alone.
    pub written: bool,
}

/// Reads a plain safetensors file from anywhere.
///
/// # Errors
/// When it is not a regular file, not a valid safetensors file, or holds element types other than [`crate::Dtype`].
pub fn read_model(path: &Path) -> Result<TensorMap, StateError> {
    let (directory, name) = place(path)?;
    read(&directory, name)
}

/// The bytes of a plain safetensors file with these tensors.
pub fn model_bytes(tensors: &TensorMap) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = Vec::new();
    // Writing to a vector cannot fail.
    let _ = Layout::model(tensors)?.write_to(&mut bytes);
    Ok(bytes)
}

/// Makes a file of these bytes, anywhere: it is there whole or not at all, and what was there before is replaced.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), StateError> {
    let (directory, name) = place(path)?;
    replace(&directory, name, bytes)
}

/// The folder that a file lies in, and its name there.
fn place(path: &Path) -> Result<(Directory, &str), StateError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let not_a_file = || StateError::io("use", path)(io::Error::from(io::ErrorKind::InvalidInput));
    let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(not_a_file)?;
    Ok((Directory::open(folder)?, name))
}

/// Reads a model file inside a folder.
pub(crate) fn read(directory: &Directory, name: &str) -> Result<TensorMap, StateError> {
    let bytes = read_whole(directory, name).map_err(|error| error.into_state_error(directory, name))?;
    decode_model(&bytes).map_err(|source| StateError::Damaged { path: directory.path().join(name), source })
}

/// SHA-256 of a model file in lower-case hexadecimal; nothing when there is none.
pub(crate) fn sha256(directory: &Directory, file: ModelFile) -> Result<Option<String>, StateError> {
    let bytes = read_optional(directory, file.file_name())?;
    Ok(bytes.map(|bytes| hexadecimal(&Sha256::digest(&bytes))))
}

/// Writes a model file, unless it has these bytes already.
pub(crate) fn export(directory: &Directory, file: ModelFile, tensors: &TensorMap) -> Result<Exported, StateError> {
    let name = file.file_name();
    let layout =
        Layout::model(tensors).map_err(|source| StateError::Encode { path: directory.path().join(name), source })?;
    let bytes = layout.length();
    let old = open_regular(directory, name).ok().filter(|(_, size)| *size == bytes).map(|(file, _)| file);
    let mut witness = Witness { hash: Sha256::new(), old, piece: Vec::new() };
    layout.write_to(&mut witness).map_err(StateError::io("read", &directory.path().join(name)))?;
    let written = witness.old.is_none();
    if written {
        space::require(directory, name, bytes)?;
        commit(directory, name, AllowOverwrite, bytes, |target| layout.write_to(target))
            .map_err(|error| error.into_state_error(directory, name))?;
    }
    Ok(Exported { sha256: hexadecimal(&witness.hash.finalize()), bytes, written })
}

/// Hashes what is written to it, and compares it with an old file as long as that agrees.
struct Witness<R> {
    hash: Sha256,
    old: Option<R>,
    piece: Vec<u8>,
}

impl<R: Read> Write for Witness<R> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hash.update(bytes);
        if let Some(old) = &mut self.old {
            self.piece.resize(bytes.len(), 0);
            // An old file that cannot be read is as good as another one: it will be replaced.
            if old.read_exact(&mut self.piece).is_err() || self.piece != bytes {
                self.old = None;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use safetensors::SafeTensors;

    use super::{ModelFile, export, read_model};
    use crate::directory::Directory;
    use crate::tensor_data::{TensorData, TensorMap};

    fn weights(bias: f32) -> TensorMap {
        [("fc.weight", vec![2, 3], [1.5; 6].to_vec()), ("fc.bias", vec![2], vec![bias, -0.0])]
            .into_iter()
            .map(|(name, shape, values)| (name.to_owned(), TensorData::from_f32(shape, &values).unwrap()))
            .collect()
    }

    #[test]
    fn an_export_is_a_plain_file_that_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let directory = Directory::open(folder.path()).unwrap();
        let exported = export(&directory, ModelFile::Best, &weights(1.0)).unwrap();
        let path = folder.path().join("model_best.safetensors");
        let bytes = fs_err::read(&path).unwrap();
        assert_eq!(bytes.len() as u64, exported.bytes);
        let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
        assert_eq!(*metadata.metadata(), None);
        assert_eq!(read_model(&path).unwrap(), weights(1.0));
        let sum = std::process::Command::new("sha256sum").arg(&path).output().unwrap();
        assert!(String::from_utf8(sum.stdout).unwrap().starts_with(&exported.sha256));
    }

    #[test]
    fn the_same_bytes_are_not_written_twice() {
        let folder = tempfile::tempdir().unwrap();
        let directory = Directory::open(folder.path()).unwrap();
        let first = export(&directory, ModelFile::Last, &weights(1.0)).unwrap();
        let again = export(&directory, ModelFile::Last, &weights(1.0)).unwrap();
        assert_eq!((first.written, again.written), (true, false));
        assert_eq!(first.sha256, again.sha256);
        let other = export(&directory, ModelFile::Last, &weights(2.0)).unwrap();
        assert!(other.written);
        assert_ne!(first.sha256, other.sha256);
        assert_eq!(export(&directory, ModelFile::Last, &weights(1.0)).unwrap().sha256, first.sha256);
    }
}
