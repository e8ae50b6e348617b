//! The bytes of a checkpoint and of a model file; `docs/design/checkpoint-format.md` draws them.

mod canonical_json;
mod decode;
mod layout;

pub(crate) use decode::{Content, decode_checkpoint, decode_model};
pub(crate) use layout::{CHECKSUM_BYTES, Layout};

/// Version of the checkpoint format that this program writes, and the newest that it reads.
pub(crate) const FORMAT: u64 = 1;

/// The only key of the header's metadata; with two the order of their map would show in the bytes.
const RECORD_KEY: &str = "steadfast";

/// Names from here on belong to the format: tilde is the last printable ASCII character.
const RESERVED_FROM: &str = "~";

/// Tensor that holds the metrics history.
const METRICS_NAME: &str = "~metrics.jsonl";

/// Tensor that holds the checksum; it sorts behind every other name a checkpoint can hold.
const CHECKSUM_NAME: &str = "~xxh3_128";
