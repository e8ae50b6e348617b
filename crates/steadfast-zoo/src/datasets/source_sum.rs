//! The fingerprint of data that is known by its files: the sum over the lines that `sha256sum` prints for them.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::DataError;
use super::fingerprint::hex;

/// Collects the files of a data set.
#[derive(Default)]
pub(super) struct SourceSum(Vec<(String, [u8; 32])>);

impl SourceSum {
    /// Adds a file by its name and the SHA-256 of its content.
    pub(super) fn add(&mut self, name: &str, digest: &[u8; 32]) {
        self.0.push((name.to_owned(), *digest));
    }

    /// The SHA-256 of all lines in byte order of the names, in lower-case hexadecimal.
    pub(super) fn finish(mut self) -> String {
        self.0.sort_unstable();
        let mut hasher = Sha256::new();
        for (name, digest) in &self.0 {
            hasher.update(format!("{}  {name}\n", hex(digest)));
        }
        hex(&hasher.finalize())
    }
}

/// The SHA-256 of a file's content.
pub(super) fn file_digest(path: &Path) -> Result<[u8; 32], DataError> {
    let refused = |source| DataError::Read { path: path.to_path_buf(), source };
    let mut file = fs_err::File::open(path).map_err(refused)?;
    let mut hasher = Sha256::new();
    let mut block = vec![0; 1 << 16];
    loop {
        match std::io::Read::read(&mut file, &mut block) {
            Ok(0) => return Ok(hasher.finalize().into()),
            Ok(read) => hasher.update(&block[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(source) => return Err(refused(source)),
        }
    }
}
