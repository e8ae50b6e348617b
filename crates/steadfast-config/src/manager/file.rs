//! Reads a file without trusting it: it may be huge, a pipe, or no text at all.

use std::fs::Metadata;
use std::io::Read as _;
use std::path::Path;

use crate::parser::MAX_BYTES;
use crate::problem::Problem;
use crate::source::Source;

/// The byte order mark of UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a config file.
///
/// Nothing is opened that is not a regular file (opening a pipe would wait for a writer),
/// and never more than [`MAX_BYTES`] and one byte are read.
///
/// # Errors
/// A problem that names the file, or the place in it that is not text.
pub(super) fn read_source(path: &Path) -> Result<Source, Box<Problem>> {
    let metadata = fs_err::metadata(path).map_err(|error| unreadable(path, error))?;
    check_kind(path, &metadata)?;
    let bytes = read_bounded(path)?;
    let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes);
    match std::str::from_utf8(text) {
        Ok(text) => Ok(Source::file(path, text)),
        Err(error) => Err(not_utf8(path, text, error.valid_up_to())),
    }
}

fn check_kind(path: &Path, metadata: &Metadata) -> Result<(), Box<Problem>> {
    let message = if metadata.is_dir() {
        "this is a folder, not a file".to_owned()
    } else if !metadata.is_file() {
        "this is not a regular file but a pipe, a socket or a device".to_owned()
    } else if metadata.len() > MAX_BYTES as u64 {
        too_long(&format!("{} bytes", metadata.len()))
    } else {
        return Ok(());
    };
    Err(Box::new(Problem::file(path, message)))
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, Box<Problem>> {
    let limit = MAX_BYTES as u64 + 1;
    let file = fs_err::File::open(path).map_err(|error| unreadable(path, error))?;
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes).map_err(|error| unreadable(path, error))?;
    // The file may have grown since it was looked at, and some files do not tell their length.
    if bytes.len() > MAX_BYTES {
        return Err(Box::new(Problem::file(path, too_long("more"))));
    }
    Ok(bytes)
}

fn too_long(found: &str) -> String {
    format!("a config has at most {MAX_BYTES} bytes (1 MiB), this file has {found}")
}

fn unreadable(path: &Path, error: std::io::Error) -> Box<Problem> {
    let message = match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "the file may not be read by this user".to_owned(),
        kind => format!("the file cannot be read: {kind}"),
    };
    let mut problem = Problem::file(path, message);
    problem.cause(error);
    Box::new(problem)
}

fn not_utf8(path: &Path, bytes: &[u8], valid_up_to: usize) -> Box<Problem> {
    let source = Source::file(path, String::from_utf8_lossy(bytes));
    let byte = bytes[valid_up_to];
    let utf16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    let help = if utf16 { "the file looks like UTF-16: save it as UTF-8" } else { "save the file as UTF-8" };
    let message = format!("the byte 0x{byte:02X} is not part of any UTF-8 character");
    let mut problem = Problem::error(&source.span(valid_up_to..valid_up_to + 1), message);
    problem.help(help);
    Box::new(problem)
}
