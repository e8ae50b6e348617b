//! What can go wrong, each with the place where it did.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::dtype::Dtype;

/// Type, shape and bytes of a tensor that do not fit each other.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TensorError {
    /// The number of bytes is not what type and shape ask for.
    #[error("tensor of type {dtype} and shape {shape:?} needs {expected} bytes, got {found}")]
    Length {
        /// Element type.
        dtype: Dtype,
        /// Length of each axis.
        shape: Vec<usize>,
        /// Bytes that type and shape ask for.
        expected: usize,
        /// Bytes that were given.
        found: usize,
    },
    /// The size in bytes is beyond what this machine can address.
    #[error("tensor of type {dtype} and shape {shape:?} is too large to address")]
    Overflow {
        /// Element type.
        dtype: Dtype,
        /// Length of each axis.
        shape: Vec<usize>,
    },
}

/// Why a value cannot be put into a file that could be read back.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The tensor's name is empty, too long, holds control characters, or belongs to the file format itself.
    #[error("{name:?} cannot name a tensor: {reason}")]
    TensorName {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The state is nested deeper than a reader is willing to follow.
    #[error("state is nested deeper than {limit} levels")]
    TooDeep {
        /// Levels allowed.
        limit: usize,
    },
    /// Names, shapes and state together exceed what a safetensors header may hold.
    #[error("names, shapes and state need a header of {bytes} bytes, at most {limit} are allowed")]
    HeaderTooLarge {
        /// Size of the header in bytes.
        bytes: usize,
        /// Largest header allowed, in bytes.
        limit: usize,
    },
    /// The header could not be built.
    #[error("header cannot be written")]
    Header(#[from] safetensors::SafeTensorError),
    /// A value is not expressible as JSON.
    #[error("state cannot be written as JSON")]
    Json(#[from] serde_json::Error),
}

/// Why a file is not a valid checkpoint, or not a valid model file.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Damage {
    /// A link, a pipe, a device or a folder stands where a file belongs.
    #[error("not a regular file but {0}")]
    NotAFile(&'static str),
    /// The file is shorter than the smallest possible checkpoint.
    #[error("{bytes} bytes are too few for a checkpoint")]
    TooShort {
        /// Size of the file in bytes.
        bytes: u64,
    },
    /// The content is not what was written.
    #[error("checksum {computed:032x} differs from the recorded {recorded:032x}")]
    Checksum {
        /// xxh3-128 of the content as found.
        computed: u128,
        /// xxh3-128 of the content as written.
        recorded: u128,
    },
    /// The disk could not deliver the content.
    #[error("cannot be read")]
    Unreadable(#[source] io::Error),
    /// The content is not a safetensors file.
    #[error("not a safetensors file")]
    Container(#[from] safetensors::SafeTensorError),
    /// The content is a safetensors file, but not one that this program wrote.
    #[error("not laid out as a checkpoint: {0}")]
    Layout(&'static str),
    /// The record inside the header cannot be understood.
    #[error("record in the header is invalid")]
    Record(#[from] serde_json::Error),
    /// A tensor inside does not fit its own description.
    #[error("tensor `{name}` is invalid")]
    Tensor {
        /// Name of the tensor.
        name: String,
        /// What does not fit.
        source: TensorError,
    },
    /// The file's name promises another step than its content.
    #[error("named after step {named}, but holds step {held}")]
    Step {
        /// Step in the file's name.
        named: u64,
        /// Step in the content.
        held: u64,
    },
}

/// A checkpoint file that was passed over during recovery.
#[derive(Debug)]
#[non_exhaustive]
pub struct SkippedGeneration {
    /// Name of the file inside `checkpoints/`.
    pub file: String,
    /// Why it cannot be used.
    pub reason: Damage,
    /// The name under which it was kept aside; nothing when it was left where it is.
    pub kept_as: Option<String>,
}

impl fmt::Display for SkippedGeneration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.file, self.reason)
    }
}

/// Anything that keeps a run folder from being opened, read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StateError {
    /// The name could reach outside the results folder or is not a plain file name.
    #[error(
        "{name:?} cannot name a run: 1 to {limit} letters, digits, `.`, `_` and `-` are allowed, not beginning with a sign, not ending in `.`"
    )]
    Name {
        /// The name.
        name: String,
        /// Longest name allowed, in bytes.
        limit: usize,
    },
    /// Something other than a folder, such as a symbolic link, stands in the way.
    #[error("{} is not a folder but {found}", path.display())]
    NotAFolder {
        /// The place.
        path: PathBuf,
        /// What stands there.
        found: &'static str,
    },
    /// The folder belongs to something else.
    #[error("{} is the folder of {by}", path.display())]
    Taken {
        /// The folder.
        path: PathBuf,
        /// `a run` or `a sweep`.
        by: &'static str,
    },
    /// Another process is writing into this run folder.
    #[error("{} is held by {}", path.display(), holder(*pid, host, since))]
    Held {
        /// The run folder.
        path: PathBuf,
        /// Process that holds the lock, where it left its number.
        pid: Option<u32>,
        /// Name of its machine; empty when unknown.
        host: String,
        /// UTC time since when, RFC 3339; empty when unknown.
        since: String,
    },
    /// There are checkpoints, but none that can be trusted.
    #[error("no valid checkpoint in {}: {}", folder.display(), list(skipped))]
    NoValidCheckpoint {
        /// The checkpoint folder.
        folder: PathBuf,
        /// The files found and what is wrong with each, newest first.
        skipped: Vec<SkippedGeneration>,
    },
    /// The newest checkpoint was written by a later version of this program.
    #[error("{} has format {found}, this program reads up to format {supported}", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Format version of the file.
        found: u64,
        /// Newest format version this program reads.
        supported: u64,
    },
    /// The folder holds checkpoints, and nobody asked for them before writing.
    #[error("{} holds checkpoints that were not read before writing", folder.display())]
    NotRecovered {
        /// The run folder.
        folder: PathBuf,
    },
    /// A checkpoint newer than the one to be written exists.
    #[error("step {step} lies behind the newest checkpoint, {}", newest.display())]
    StepBehind {
        /// Step to be written.
        step: u64,
        /// The newest checkpoint.
        newest: PathBuf,
    },
    /// The file system has too few free bytes.
    #[error("disk full: needs {needed} bytes, has {available} bytes ({})", path.display())]
    DiskFull {
        /// What was to be written.
        path: PathBuf,
        /// Bytes needed.
        needed: u64,
        /// Bytes free for this user.
        available: u64,
    },
    /// The file system has free bytes, but no room for another file.
    #[error("disk full: needs {needed} inodes, has {available} inodes ({})", path.display())]
    NoInodes {
        /// What was to be written.
        path: PathBuf,
        /// Inodes needed.
        needed: u64,
        /// Inodes free for this user.
        available: u64,
    },
    /// The folder was moved, removed or replaced while this process worked in it.
    #[error("{} is no longer the folder that was opened", path.display())]
    Moved {
        /// The run folder.
        path: PathBuf,
    },
    /// The value cannot be written in a way that could be read back.
    #[error("{} cannot be written", path.display())]
    Encode {
        /// What was to be written.
        path: PathBuf,
        /// Why not.
        source: EncodeError,
    },
    /// The file is damaged.
    #[error("{} is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How.
        source: Damage,
    },
    /// The file is larger than this machine's memory, so it can be neither read nor judged here.
    #[error("{} has {bytes} bytes, this machine has a memory of {memory} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Size of the file in bytes.
        bytes: u64,
        /// Memory of the machine in bytes.
        memory: u64,
    },
    /// The file was written and renamed, but the disk did not confirm it.
    #[error("{} was written, but may not survive a power cut", path.display())]
    Uncertain {
        /// The file.
        path: PathBuf,
        /// What the disk answered.
        source: io::Error,
    },
    /// The operating system refused.
    #[error("{}cannot {action} {}", no_room(source), path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the operating system answered.
        source: io::Error,
    },
}

impl StateError {
    /// Wraps an answer of the operating system; for `map_err`.
    pub(crate) fn io<E: Into<io::Error>>(action: &'static str, path: &Path) -> impl FnOnce(E) -> Self {
        move |source| Self::Io { action, path: path.to_path_buf(), source: source.into() }
    }
}

/// What became of a checkpoint that was not simply saved.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SaveError {
    /// Nothing was saved; the checkpoints from before stand untouched.
    #[error("step {step} is not saved")]
    NotCommitted {
        /// Step of the snapshot.
        step: u64,
        /// Why.
        source: Box<StateError>,
    },
    /// The checkpoint is in place and readable now, but the disk did not confirm it.
    /// It and every older one are kept.
    #[error("step {step} is saved as {}, but may not survive a power cut", path.display())]
    Uncertain {
        /// Step of the snapshot.
        step: u64,
        /// The checkpoint.
        path: PathBuf,
        /// What the disk answered.
        source: io::Error,
    },
}

/// What every refusal for lack of room begins with, however small the write was that met it.
fn no_room(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::StorageFull => "disk full: ",
        io::ErrorKind::QuotaExceeded => "quota used up: ",
        _ => "",
    }
}

/// The holder of a lock in words.
fn holder(pid: Option<u32>, host: &str, since: &str) -> String {
    let mut words = pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"));
    if !host.is_empty() {
        words.push_str(" on ");
        words.push_str(host);
    }
    if !since.is_empty() {
        words.push_str(" since ");
        words.push_str(since);
    }
    words
}

/// The files passed over, in one line.
fn list(skipped: &[SkippedGeneration]) -> String {
    let words: Vec<String> = skipped.iter().map(ToString::to_string).collect();
    words.join("; ")
}
