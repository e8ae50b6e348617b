//! The bytes of a file, plain or gzipped, counted as they are read.
//!
//! Whether a file is gzipped is seen from its first bytes, not from its name: browsers and
//! download tools decompress without renaming.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::DataError;

/// How much memory is asked for at a time while nobody knows whether a stream holds what it
/// announces.
const CHUNK: usize = 1 << 20;

const GZIP_MAGIC: [u8; 2] = [0x1F, 0x8B];

/// The most that one byte of a gzip stream can become: 258 bytes for two bits.
const MAX_GZIP_RATIO: u64 = 1032;

/// A file that is read from start to end.
pub(super) struct ByteSource {
    path: PathBuf,
    input: Box<dyn Read>,
    file_len: u64,
    is_gzip: bool,
    offset: u64,
}

impl ByteSource {
    /// Opens a file.
    pub(super) fn open(path: &Path) -> Result<Self, DataError> {
        let refused = |source| DataError::Read { path: path.to_path_buf(), source };
        // Asked before opening, because opening a pipe would wait for a writer.
        let metadata = fs_err::metadata(path).map_err(refused)?;
        if !metadata.is_file() {
            return Err(refused(io::Error::new(ErrorKind::InvalidInput, "not a regular file")));
        }
        let mut file = BufReader::new(fs_err::File::open(path).map_err(refused)?);
        let is_gzip = file.fill_buf().map_err(refused)?.starts_with(&GZIP_MAGIC);
        let input: Box<dyn Read> = if is_gzip { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        let path = path.to_path_buf();
        Ok(Self { path, input, file_len: metadata.len(), is_gzip, offset: 0 })
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// How many decompressed bytes have been read.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// An error at a byte of this file.
    pub(super) fn malformed(&self, offset: u64, expected: impl Into<String>, found: impl Into<String>) -> DataError {
        let (expected, found) = (expected.into(), found.into());
        DataError::Malformed { path: self.path.clone(), offset, expected, found }
    }

    /// Checks, before anything is read or allocated for it, that the file can hold as many bytes
    /// as its header announces.
    pub(super) fn check_len(&self, announced: u64) -> Result<(), DataError> {
        if self.is_gzip {
            let most = self.file_len.saturating_mul(MAX_GZIP_RATIO);
            if announced > most {
                let expected = format!("the {announced} bytes that the header announces");
                let found = format!("a gzip stream that can hold {most} at the most");
                return Err(self.malformed(self.offset, expected, found));
            }
        } else if announced > self.file_len {
            return Err(self.ended(self.file_len, announced));
        } else if announced < self.file_len {
            let more = self.file_len - announced;
            let found = format!("{more} more bytes");
            return Err(self.malformed(announced, "the end of the file", found));
        }
        Ok(())
    }

    /// Fills the buffer. `announced` is the length that the whole file should have.
    pub(super) fn fill(&mut self, buffer: &mut [u8], announced: u64) -> Result<(), DataError> {
        let mut rest = buffer;
        while !rest.is_empty() {
            match self.read(rest)? {
                0 => return Err(self.ended(self.offset, announced)),
                read => rest = &mut rest[read..],
            }
        }
        Ok(())
    }

    /// Reads this many bytes into memory. `announced` is the length that the whole file should
    /// have; the caller has put it to [`Self::check_len`].
    pub(super) fn read_vec(&mut self, len: usize, announced: u64) -> Result<Vec<u8>, DataError> {
        let mut bytes = Vec::new();
        // A plain file is as long as it says. A gzip stream may still end early, so its memory
        // grows with what has really been read.
        let first = if self.is_gzip { len.min(CHUNK) } else { len };
        bytes.try_reserve_exact(first).map_err(|_| self.out_of_memory(len))?;
        while bytes.len() < len {
            let start = bytes.len();
            let step = CHUNK.min(len - start);
            bytes.try_reserve(step).map_err(|_| self.out_of_memory(len))?;
            bytes.resize(start + step, 0);
            self.fill(&mut bytes[start..], announced)?;
        }
        Ok(bytes)
    }

    /// Reads the rest of the file, which may hold at most so many bytes. Memory grows with what has really been read.
    pub(super) fn read_all(mut self, most: u64) -> Result<Vec<u8>, DataError> {
        let mut bytes = Vec::new();
        if !self.is_gzip {
            self.check_at_most(self.file_len, most)?;
            let len = usize::try_from(self.file_len).unwrap_or(usize::MAX);
            bytes.try_reserve_exact(len).map_err(|_| self.out_of_memory(len))?;
        }
        let mut block = vec![0; 1 << 16];
        loop {
            let read = self.read(&mut block)?;
            if read == 0 {
                return Ok(bytes);
            }
            self.check_at_most(self.offset, most)?;
            bytes.try_reserve(read).map_err(|_| self.out_of_memory(bytes.len() + read))?;
            bytes.extend_from_slice(&block[..read]);
        }
    }

    fn check_at_most(&self, len: u64, most: u64) -> Result<(), DataError> {
        if len > most {
            return Err(self.malformed(most, "the end of the file", "more bytes than this format may have"));
        }
        Ok(())
    }

    /// Checks that nothing follows. For a gzip stream this also verifies its checksum.
    pub(super) fn expect_end(&mut self) -> Result<(), DataError> {
        let end = self.offset;
        match self.read(&mut [0])? {
            0 => Ok(()),
            _ => Err(self.malformed(end, "the end of the data", "more bytes")),
        }
    }

    /// An error for memory that the system does not give.
    pub(super) fn out_of_memory(&self, bytes: usize) -> DataError {
        DataError::OutOfMemory { path: self.path.clone(), bytes: bytes as u64 }
    }

    fn ended(&self, offset: u64, announced: u64) -> DataError {
        self.malformed(offset, format!("{announced} bytes in all"), "the end of the data")
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, DataError> {
        loop {
            match self.input.read(buffer) {
                Ok(read) => {
                    self.offset += read as u64;
                    return Ok(read);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(source) => return Err(self.read_error(source)),
            }
        }
    }

    /// The decoder reports damage as invalid or missing input, the operating system never does.
    fn read_error(&self, source: io::Error) -> DataError {
        let path = self.path.clone();
        let damage = [ErrorKind::InvalidInput, ErrorKind::InvalidData, ErrorKind::UnexpectedEof];
        if self.is_gzip && damage.contains(&source.kind()) {
            DataError::DamagedGzip { path, offset: self.offset, source }
        } else {
            DataError::Read { path, source }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        let error = ByteSource::open(folder.path()).err().unwrap();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(source, "not a regular file");
        assert!(ByteSource::open(&folder.path().join("none")).is_err());
    }

    #[test]
    fn more_than_a_gzip_stream_can_hold_is_refused_before_reading() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bomb.gz");
        fs_err::write(&path, [&GZIP_MAGIC[..], &[0; 98]].concat()).unwrap();
        let source = ByteSource::open(&path).unwrap();
        source.check_len(100 * MAX_GZIP_RATIO).unwrap();
        let error = source.check_len(100 * MAX_GZIP_RATIO + 1).unwrap_err().to_string();
        assert!(error.ends_with("found a gzip stream that can hold 103200 at the most"), "{error}");
    }
}
