//! What can be wrong with data, each with the place where it was seen.

use std::io;
use std::path::PathBuf;

/// Why data could not be read, split or handed out.
///
/// Byte offsets in gzipped files count the decompressed bytes, as `zcat FILE | xxd` shows them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The operating system refused to list or read.
    #[error("cannot read {path}")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },

    /// Nothing is there.
    #[error("{path} does not exist; looked for {looked_for}")]
    Missing {
        /// The path as it was given.
        path: PathBuf,
        /// What would have been read.
        looked_for: String,
    },

    /// Something is there, but no format recognizes it.
    #[error("{path} is in no known format; looked for {looked_for}; found {found}")]
    Unrecognized {
        /// The folder, or the file.
        path: PathBuf,
        /// What each format would recognize.
        looked_for: String,
        /// What is there: a file, or a folder and what it holds.
        found: String,
    },

    /// A file that belongs to the data set is not in its folder.
    #[error("no {looked_for} in {folder}, which holds {holds}")]
    NotInFolder {
        /// The folder of the data set.
        folder: PathBuf,
        /// The name or names that would do.
        looked_for: String,
        /// What is there instead.
        holds: String,
    },

    /// Two files claim to be the same part of the data set.
    #[error("{folder} holds both `{first}` and `{second}`; keep one of them")]
    Ambiguous {
        /// The folder of the data set.
        folder: PathBuf,
        /// The first name in byte order.
        first: String,
        /// The other name.
        second: String,
    },

    /// No data set of this name is built in.
    #[error("no data set `{name}` is built in; there are {known}")]
    UnknownBuiltin {
        /// The name after `builtin:`.
        name: String,
        /// The names that exist.
        known: String,
    },

    /// The content of a file is not what its format demands.
    #[error("{path}, byte {offset}: expected {expected}, found {found}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where, counted from 0 in the decompressed content.
        offset: u64,
        /// What the format demands there.
        expected: String,
        /// What is there.
        found: String,
    },

    /// The content of a file or of a place in it cannot be used.
    #[error("{path}{place}: {problem}")]
    Content {
        /// The file.
        path: PathBuf,
        /// Where in it, as in `, line 7`; empty for all of it.
        place: String,
        /// What is wrong.
        problem: String,
    },

    /// A key of the `data` section does not fit the data.
    #[error("`data.{key}`: {problem}")]
    Setting {
        /// The key.
        key: &'static str,
        /// Why not.
        problem: String,
    },

    /// A gzip stream is damaged.
    #[error("{path}: the gzip stream is damaged after {offset} decompressed bytes")]
    DamagedGzip {
        /// The file.
        path: PathBuf,
        /// How many bytes could be decompressed.
        offset: u64,
        /// What the decoder said.
        source: io::Error,
    },

    /// The machine has not enough memory for a file.
    #[error("{path}: not enough memory for {bytes} bytes")]
    OutOfMemory {
        /// The file.
        path: PathBuf,
        /// How much was asked for.
        bytes: u64,
    },

    /// Features and targets are not equally many.
    #[error("{features} holds {samples} samples but {targets} holds {labels} targets")]
    CountMismatch {
        /// Where the samples come from.
        features: PathBuf,
        /// How many samples.
        samples: usize,
        /// Where the targets come from.
        targets: PathBuf,
        /// How many targets.
        labels: usize,
    },

    /// Two parts of one experiment do not fit together.
    #[error("{path} does not fit the training data: expected {expected}, found {found}")]
    Unlike {
        /// Where the second part comes from.
        path: PathBuf,
        /// What the training data has.
        expected: String,
        /// What the second part has.
        found: String,
    },

    /// Values, shape or targets contradict each other.
    #[error("inconsistent data: {0}")]
    Inconsistent(String),

    /// A split that would leave a part without samples, or a fraction outside of (0, 1).
    #[error("cannot split off {fraction} of {samples} samples: {reason}")]
    Split {
        /// The fraction asked for.
        fraction: f64,
        /// How many samples there are.
        samples: usize,
        /// What would go wrong.
        reason: &'static str,
    },

    /// An order that does not name each sample exactly once.
    #[error("the order of {samples} samples is no permutation of them")]
    NotAPermutation {
        /// How many samples there are.
        samples: usize,
    },

    /// A sample that does not exist.
    #[error("sample {index} of {samples} does not exist")]
    NoSuchSample {
        /// The index asked for.
        index: usize,
        /// How many samples there are.
        samples: usize,
    },

    /// Means and standard deviations that do not fit the data.
    #[error("the normalization does not fit: {0}")]
    Normalization(String),

    /// Class labels asked of numeric targets, or the other way round.
    #[error("the targets are {found}, not {wanted}")]
    TargetKind {
        /// What was asked for.
        wanted: &'static str,
        /// What the data set has.
        found: &'static str,
    },
}
