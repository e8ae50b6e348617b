//! The bytes of a checkpoint and of a model file; `docs/design/checkpoint-format.md` draws them.

mod canonical_json;
mod decode;
mod format;
mod layout;

pub(crate) use decode::{Content, decode_checkpoint, decode_model};
pub(crate) use format::{CHECKSUM_BYTES, FORMAT};
pub(crate) use layout::Layout;
