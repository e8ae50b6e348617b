//! The constants of the checkpoint format; a change to any of them is a new version.

/// Version of the checkpoint format that this program writes, and the newest that it reads.
pub(crate) const FORMAT: u64 = 1;

/// Bytes of the checksum at the end of a checkpoint.
pub(crate) const CHECKSUM_BYTES: usize = 16;

/// The only key of the header's metadata; with two the order of their map would show in the bytes.
pub(super) const RECORD_KEY: &str = "steadfast";

/// Names from here on belong to the format: tilde is the last printable ASCII character.
pub(super) const RESERVED_FROM: &str = "~";

/// Tensor that holds the metrics history.
pub(super) const METRICS_NAME: &str = "~metrics.jsonl";

/// Tensor that holds the checksum; it sorts behind every other name a checkpoint can hold.
pub(super) const CHECKSUM_NAME: &str = "~xxh3_128";
