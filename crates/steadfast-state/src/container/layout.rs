//! Where every byte of a file goes, decided before the first one is written.

use std::io::{self, Write};

use safetensors::tensor::{Metadata, TensorInfo};
use xxhash_rust::xxh3::Xxh3Default;

use super::canonical_json::to_canonical_json;
use super::format::{CHECKSUM_BYTES, CHECKSUM_NAME, FORMAT, METRICS_NAME, RECORD_KEY, RESERVED_FROM};
use crate::dtype::Dtype;
use crate::error::EncodeError;
use crate::snapshot::Snapshot;
use crate::tensor_data::TensorMap;

/// Largest header, in bytes; the same limit as in the `safetensors` crate.
const HEADER_LIMIT: usize = 100_000_000;

/// Longest name of a tensor, in bytes.
const NAME_LIMIT: usize = 1024;

/// Hashed and written piece by piece, so that a piece is still in the processor's cache when it is written.
const PIECE: usize = 256 * 1024;

/// Pieces smaller than this are gathered before they are handed to the operating system.
const GATHER: usize = 64 * 1024;

struct Entry<'a> {
    name: &'a str,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: &'a [u8],
}

/// A file that is yet to be written: its header, and the tensors in the order of the file.
///
/// Holds no copy of a tensor.
pub(crate) struct Layout<'a> {
    header: Vec<u8>,
    parts: Vec<&'a [u8]>,
    sealed: bool,
}

impl<'a> Layout<'a> {
    /// A checkpoint: state and metrics history in one file, sealed with a checksum.
    pub(crate) fn checkpoint(snapshot: &'a Snapshot, metrics: &'a [u8]) -> Result<Self, EncodeError> {
        Self::with_record(&snapshot.tensors, metrics, record(snapshot)?)
    }

    /// A checkpoint whose record is text already.
    pub(super) fn with_record(tensors: &'a TensorMap, metrics: &'a [u8], record: String) -> Result<Self, EncodeError> {
        let mut entries = entries(tensors, true)?;
        entries.push(Entry { name: METRICS_NAME, dtype: Dtype::U8, shape: vec![metrics.len()], bytes: metrics });
        let placeholder = &[0; CHECKSUM_BYTES];
        entries.push(Entry { name: CHECKSUM_NAME, dtype: Dtype::U8, shape: vec![CHECKSUM_BYTES], bytes: placeholder });
        let header = header(&mut entries, Some(record))?;
        // The checksum sorts last, and its bytes are known only when all others are written.
        entries.pop();
        Ok(Self { header, parts: entries.into_iter().map(|entry| entry.bytes).collect(), sealed: true })
    }

    /// A plain model file: tensors and nothing else.
    pub(crate) fn model(tensors: &'a TensorMap) -> Result<Self, EncodeError> {
        let mut entries = entries(tensors, false)?;
        let header = header(&mut entries, None)?;
        Ok(Self { header, parts: entries.into_iter().map(|entry| entry.bytes).collect(), sealed: false })
    }

    /// Length of the file in bytes.
    pub(crate) fn length(&self) -> u64 {
        let seal = if self.sealed { CHECKSUM_BYTES } else { 0 };
        let parts: u64 = self.parts.iter().map(|part| part.len() as u64).sum();
        self.header.len() as u64 + parts + seal as u64
    }

    /// The bytes before the first tensor: length of the header, header, padding.
    pub(super) fn header(&self) -> &[u8] {
        &self.header
    }

    /// The checksum that [`Self::write_to`] would write, without writing.
    pub(crate) fn checksum(&self) -> u128 {
        let mut hasher = Xxh3Default::new();
        hasher.update(&self.header);
        self.parts.iter().for_each(|part| hasher.update(part));
        hasher.digest128()
    }

    /// Writes the whole file.
    pub(crate) fn write_to(&self, sink: impl Write) -> io::Result<()> {
        let mut sink = io::BufWriter::with_capacity(GATHER, sink);
        let mut hasher = Xxh3Default::new();
        for part in std::iter::once(self.header.as_slice()).chain(self.parts.iter().copied()) {
            for piece in part.chunks(PIECE) {
                if self.sealed {
                    hasher.update(piece);
                }
                sink.write_all(piece)?;
            }
        }
        if self.sealed {
            // Most significant byte first, the canonical form that `xxh128sum` prints.
            sink.write_all(&hasher.digest128().to_be_bytes())?;
        }
        sink.flush()
    }
}

/// The record as JSON text: keys sorted, so that equal states give equal text.
fn record(snapshot: &Snapshot) -> Result<String, EncodeError> {
    let state = to_canonical_json(&snapshot.state)?;
    let step = snapshot.step;
    Ok(format!(
        r#"{{"checksum":"{CHECKSUM_NAME}","format":{FORMAT},"metrics":"{METRICS_NAME}","state":{state},"step":{step}}}"#
    ))
}

fn entries(tensors: &TensorMap, reserve: bool) -> Result<Vec<Entry<'_>>, EncodeError> {
    tensors
        .iter()
        .map(|(name, tensor)| {
            check_name(name, reserve)?;
            Ok(Entry { name, dtype: tensor.dtype(), shape: tensor.shape().to_vec(), bytes: tensor.bytes() })
        })
        .collect()
}

fn check_name(name: &str, reserve: bool) -> Result<(), EncodeError> {
    let refuse = |reason| Err(EncodeError::TensorName { name: name.to_owned(), reason });
    if name.is_empty() {
        refuse("it is empty")
    } else if name.len() > NAME_LIMIT {
        refuse("it is longer than 1024 bytes")
    } else if name == "__metadata__" {
        refuse("safetensors keeps this name for itself")
    } else if name.chars().any(char::is_control) {
        refuse("it holds control characters")
    } else if reserve && name >= RESERVED_FROM {
        refuse("names that sort at or behind `~` belong to the checkpoint format")
    } else {
        Ok(())
    }
}

/// Puts the entries into the order of the file and builds everything before the first tensor.
///
/// The order and the text are those of `safetensors::serialize`: types by falling alignment, then names.
fn header(entries: &mut [Entry<'_>], record: Option<String>) -> Result<Vec<u8>, EncodeError> {
    entries.sort_by(|left, right| {
        let by_type = right.dtype.to_safetensors().cmp(&left.dtype.to_safetensors());
        by_type.then_with(|| left.name.cmp(right.name))
    });
    #[cfg(feature = "planted-faults")]
    if record.is_none() {
        crate::planted::disorder(entries, |entry| entry.name);
    }
    let mut offset = 0;
    let infos = entries
        .iter()
        .map(|entry| {
            let start = offset;
            offset += entry.bytes.len();
            let data_offsets = (start, offset);
            let info = TensorInfo { dtype: entry.dtype.to_safetensors(), shape: entry.shape.clone(), data_offsets };
            (entry.name.to_owned(), info)
        })
        .collect();
    let metadata = record.map(|record| [(RECORD_KEY.to_owned(), record)].into_iter().collect());
    let mut text = serde_json::to_vec(&Metadata::new(metadata, infos)?)?;
    text.resize(text.len().next_multiple_of(8), b' ');
    if text.len() > HEADER_LIMIT {
        return Err(EncodeError::HeaderTooLarge { bytes: text.len(), limit: HEADER_LIMIT });
    }
    let mut header = (text.len() as u64).to_le_bytes().to_vec();
    header.append(&mut text);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use safetensors::SafeTensors;
    use safetensors::tensor::TensorView;
    use serde_json::json;

    use super::{CHECKSUM_NAME, Layout, METRICS_NAME};
    use crate::dtype::Dtype;
    use crate::snapshot::Snapshot;
    use crate::tensor_data::{TensorData, TensorMap};

    fn one_of_each_type() -> TensorMap {
        Dtype::ALL
            .into_iter()
            .flat_map(|dtype| {
                let tensor = TensorData::new(dtype, vec![3], vec![7; 3 * dtype.size()]).unwrap();
                [format!("}}last {dtype}"), format!("A.{dtype}")].map(|name| (name, tensor.clone()))
            })
            .collect()
    }

    fn bytes_of(layout: &Layout<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        layout.write_to(&mut bytes).unwrap();
        assert_eq!(bytes.len() as u64, layout.length());
        bytes
    }

    #[test]
    fn the_checksum_is_last_in_the_order_of_the_safetensors_crate() {
        let snapshot = Snapshot { step: 3, state: json!({"epoch": 1}), tensors: one_of_each_type() };
        let bytes = bytes_of(&Layout::checkpoint(&snapshot, b"{}\n").unwrap());
        let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
        let names = metadata.offset_keys();
        assert_eq!(names[names.len() - 2..], [METRICS_NAME, CHECKSUM_NAME]);
        let info = metadata.info(CHECKSUM_NAME).unwrap();
        assert_eq!(info.data_offsets, (metadata.data_len() - 16, metadata.data_len()));
        let computed = xxhash_rust::xxh3::xxh3_128(&bytes[..bytes.len() - 16]);
        assert_eq!(bytes[bytes.len() - 16..], computed.to_be_bytes());
    }

    /// The header is ours, so it is held against the one that the `safetensors` crate writes for the same content.
    #[test]
    fn files_are_those_of_the_safetensors_crate() {
        let tensors = one_of_each_type();
        let views = |tensors: &TensorMap| -> BTreeMap<String, (safetensors::Dtype, Vec<usize>, Vec<u8>)> {
            let parts = |tensor: &TensorData| {
                (tensor.dtype().to_safetensors(), tensor.shape().to_vec(), tensor.bytes().to_vec())
            };
            tensors.iter().map(|(name, tensor)| (name.clone(), parts(tensor))).collect()
        };
        let serialize = |parts: &BTreeMap<String, (safetensors::Dtype, Vec<usize>, Vec<u8>)>, record| {
            let views = parts.iter().map(|(name, (dtype, shape, bytes))| {
                (name.as_str(), TensorView::new(*dtype, shape.clone(), bytes).unwrap())
            });
            safetensors::serialize(views, record).unwrap()
        };
        assert_eq!(bytes_of(&Layout::model(&tensors).unwrap()), serialize(&views(&tensors), None));

        let snapshot = Snapshot { step: 3, state: json!({"b": 1.5, "a": "é\n"}), tensors };
        let ours = bytes_of(&Layout::checkpoint(&snapshot, b"{}\n").unwrap());
        let (_, metadata) = SafeTensors::read_metadata(&ours).unwrap();
        let mut parts = views(&snapshot.tensors);
        parts.insert(METRICS_NAME.to_owned(), (safetensors::Dtype::U8, vec![3], b"{}\n".to_vec()));
        let seal = ours[ours.len() - 16..].to_vec();
        parts.insert(CHECKSUM_NAME.to_owned(), (safetensors::Dtype::U8, vec![16], seal));
        assert_eq!(ours, serialize(&parts, metadata.metadata().clone()));
    }

    #[test]
    fn names_that_belong_to_the_format_are_refused() {
        let tensor = TensorData::new(Dtype::U8, vec![], vec![1]).unwrap();
        let longest = "n".repeat(1024);
        for (name, in_checkpoint, in_model) in [
            ("", false, false),
            ("__metadata__", false, false),
            ("a\nb", false, false),
            (&"n".repeat(1025), false, false),
            ("~xxh3_128", false, true),
            ("λ", false, true),
            ("a~λ", true, true),
            (&longest, true, true),
        ] {
            let tensors = TensorMap::from([(name.to_owned(), tensor.clone())]);
            assert_eq!(Layout::model(&tensors).is_ok(), in_model, "{name:?}");
            let snapshot = Snapshot { step: 0, state: json!(null), tensors };
            assert_eq!(Layout::checkpoint(&snapshot, b"").is_ok(), in_checkpoint, "{name:?}");
        }
    }
}
