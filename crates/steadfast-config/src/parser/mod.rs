//! JSON text to a [`Node`](crate::Node) tree: strict RFC 8259, with places, and with more than one complaint per text.

mod cursor;
mod document;
mod number;
mod text;
mod word;

pub use document::parse;
pub(crate) use document::parse_part;

/// Deepest nesting of lists and objects.
pub(crate) const MAX_DEPTH: usize = 128;

/// Most values in one text: keeps the memory of a hostile one below 64 MiB.
pub(crate) const MAX_VALUES: usize = 100_000;

/// Longest text that is parsed, in bytes.
pub const MAX_BYTES: usize = 1 << 20;
