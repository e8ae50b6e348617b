//! From the bytes of a file back to what was written, or to the reason why not.

use safetensors::SafeTensors;
use serde::Deserialize;
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_128;

use super::format::{CHECKSUM_BYTES, CHECKSUM_NAME, FORMAT, METRICS_NAME, RECORD_KEY};
use super::layout::Layout;
use crate::dtype::Dtype;
use crate::error::Damage;
use crate::snapshot::Snapshot;
use crate::tensor_data::{TensorData, TensorMap};

/// Length of the header's length and of the smallest header.
const SMALLEST: usize = 8 + 8 + CHECKSUM_BYTES;

/// What a whole, undamaged file holds.
#[derive(Debug)]
pub(crate) enum Content {
    /// A checkpoint.
    Checkpoint {
        /// The training state.
        snapshot: Snapshot,
        /// The whole metrics history up to that state.
        metrics: Vec<u8>,
    },
    /// A checkpoint of a format that came after this program.
    Newer {
        /// Its format version.
        format: u64,
    },
}

/// What the record inside the header says beyond what the file shows by itself.
#[derive(Deserialize)]
struct Record {
    state: Value,
    step: u64,
}

/// The part of the record that no later format may change.
#[derive(Deserialize)]
struct Version {
    format: u64,
}

/// Takes a checkpoint apart; every bit of it must be as it was written.
pub(crate) fn decode_checkpoint(bytes: &[u8]) -> Result<Content, Damage> {
    verify_checksum(bytes)?;
    let file = SafeTensors::deserialize(bytes)?;
    let (_, metadata) = SafeTensors::read_metadata(bytes)?;
    let record = match metadata.metadata() {
        Some(map) if map.len() == 1 => map.get(RECORD_KEY),
        _ => None,
    };
    let record = record.ok_or(Damage::Layout("the header has no record"))?;
    let version: Version = serde_json::from_str(record)?;
    if version.format > FORMAT {
        return Ok(Content::Newer { format: version.format });
    }
    let Record { state, step } = serde_json::from_str(record)?;
    let mut tensors = tensors_of(&file)?;
    let metrics = take_bytes(&mut tensors, METRICS_NAME)?;
    take_bytes(&mut tensors, CHECKSUM_NAME)?;
    // One content has one file: whatever else a header could say (twice the same name, other offsets, another place for
    // the checksum) is ruled out by building it again. The record is taken as it is: how a number is
    // spelled may differ between versions of the JSON library, and old checkpoints stay readable.
    let again = Layout::with_record(&tensors, &metrics, record.clone());
    let canonical = again.is_ok_and(|again| bytes.starts_with(again.header()) && bytes.len() as u64 == again.length());
    if !canonical {
        return Err(Damage::Layout("the header is not in its canonical form"));
    }
    Ok(Content::Checkpoint { snapshot: Snapshot { step, state, tensors }, metrics })
}

/// Takes any plain safetensors file apart.
pub(crate) fn decode_model(bytes: &[u8]) -> Result<TensorMap, Damage> {
    tensors_of(&SafeTensors::deserialize(bytes)?)
}

fn verify_checksum(bytes: &[u8]) -> Result<(), Damage> {
    let too_short = || Damage::TooShort { bytes: bytes.len() as u64 };
    if bytes.len() < SMALLEST {
        return Err(too_short());
    }
    let (content, seal) = bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or_else(too_short)?;
    let (computed, recorded) = (xxh3_128(content), u128::from_be_bytes(*seal));
    if computed == recorded { Ok(()) } else { Err(Damage::Checksum { computed, recorded }) }
}

fn tensors_of(file: &SafeTensors<'_>) -> Result<TensorMap, Damage> {
    file.iter()
        .map(|(name, view)| {
            let dtype = Dtype::from_safetensors(view.dtype())
                .ok_or(Damage::Layout("a tensor has an element type that is not supported"))?;
            let tensor = TensorData::new(dtype, view.shape().to_vec(), view.data().to_vec())
                .map_err(|source| Damage::Tensor { name: name.to_owned(), source })?;
            Ok((name.to_owned(), tensor))
        })
        .collect()
}

fn take_bytes(tensors: &mut TensorMap, name: &str) -> Result<Vec<u8>, Damage> {
    let tensor = tensors.remove(name).ok_or(Damage::Layout("the metrics history or the checksum is missing"))?;
    Ok(tensor.into_parts().2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use xxhash_rust::xxh3::xxh3_128;

    use super::{Content, decode_checkpoint, decode_model};
    use crate::container::Layout;
    use crate::dtype::Dtype;
    use crate::error::Damage;
    use crate::snapshot::Snapshot;
    use crate::tensor_data::{TensorData, TensorMap};

    fn small() -> Vec<u8> {
        let tensors = TensorMap::from([
            ("w".to_owned(), TensorData::from_f32(vec![2], &[1.0, -2.0]).unwrap()),
            ("n".to_owned(), TensorData::new(Dtype::U8, vec![0, 3], vec![]).unwrap()),
        ]);
        encode(&Snapshot { step: 7, state: json!({"epoch": 1}), tensors }, b"{\"loss\":1}\n")
    }

    fn encode(snapshot: &Snapshot, metrics: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        Layout::checkpoint(snapshot, metrics).unwrap().write_to(&mut bytes).unwrap();
        bytes
    }

    /// Gives altered bytes a fitting checksum: what an attacker would do, and what no accident does.
    fn reseal(bytes: &mut [u8]) {
        let (content, seal) = bytes.split_last_chunk_mut::<16>().unwrap();
        *seal = xxh3_128(content).to_be_bytes();
    }

    /// The small checkpoint with one piece of its header exchanged for another of any length.
    fn with_header_edit(from: &str, to: &str) -> Vec<u8> {
        let bytes = small();
        let length = usize::try_from(u64::from_le_bytes(*bytes.first_chunk().unwrap())).unwrap();
        let header = std::str::from_utf8(&bytes[8..8 + length]).unwrap();
        assert!(header.contains(from), "{header}");
        let header = header.replace(from, to);
        let mut edited = (header.len() as u64).to_le_bytes().to_vec();
        edited.extend_from_slice(header.as_bytes());
        edited.extend_from_slice(&bytes[8 + length..]);
        reseal(&mut edited);
        edited
    }

    #[test]
    fn every_truncation_is_detected() {
        let bytes = small();
        assert!(decode_checkpoint(&bytes).is_ok());
        for length in 0..bytes.len() {
            assert!(decode_checkpoint(&bytes[..length]).is_err(), "{length} of {}", bytes.len());
        }
    }

    #[test]
    fn every_flipped_bit_is_detected() {
        let mut bytes = small();
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(decode_checkpoint(&bytes).is_err(), "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        assert!(decode_checkpoint(&bytes).is_ok());
    }

    #[test]
    fn anything_appended_is_detected() {
        let mut bytes = small();
        bytes.push(0);
        assert!(decode_checkpoint(&bytes).is_err());
        reseal(&mut bytes);
        assert!(decode_checkpoint(&bytes).is_err());
    }

    #[test]
    fn zeros_are_not_a_checkpoint() {
        for length in [0, 8, 31, 32, 4096] {
            let mut bytes = vec![0; length];
            assert!(decode_checkpoint(&bytes).is_err());
            if length >= 16 {
                reseal(&mut bytes);
                assert!(decode_checkpoint(&bytes).is_err());
            }
        }
    }

    #[test]
    fn a_forged_checksum_does_not_make_another_header_valid() {
        assert!(decode_checkpoint(&with_header_edit("7", "7")).is_ok());
        for (from, to) in [
            // Twice the same name; a second key in the metadata; no record; a number that overflows.
            (",\"n\"", ",\"w\""),
            ("\"__metadata__\":{", "\"__metadata__\":{\"other\":\"x\","),
            ("\"steadfast\"", "\"someone\""),
            ("\"shape\":[0,3]", "\"shape\":[0,18446744073709551615]"),
            ("\"shape\":[0,3]", "\"shape\":[0,99999999999999999999]"),
            // Overlap, gap, other type, other place and other name of the checksum.
            ("\"data_offsets\":[0,8]", "\"data_offsets\":[0,4]"),
            ("\"F32\"", "\"F64\""),
            ("\"F32\"", "\"I32\",\"x\":1"),
            ("~xxh3_128\":{", "~xxh3_127\":{"),
            ("~metrics.jsonl\":{", "a.jsonl\":{"),
            // Another spelling of the same header, other white space included.
            ("\"dtype\":\"F32\"", "\"dtype\": \"F32\""),
            // A record without a step.
            ("step", "stop"),
        ] {
            let bytes = with_header_edit(from, to);
            let outcome = decode_checkpoint(&bytes);
            let same_kind = matches!(outcome, Ok(Content::Checkpoint { .. }));
            assert!(!same_kind, "{from} -> {to}: {outcome:?}");
        }
    }

    #[test]
    fn a_header_longer_than_the_file_allocates_nothing() {
        for length in [u64::MAX, 1 << 63, 1 << 40, 100_000_001] {
            let mut bytes = small();
            bytes[..8].copy_from_slice(&length.to_le_bytes());
            reseal(&mut bytes);
            assert!(matches!(decode_checkpoint(&bytes), Err(Damage::Container(_))), "{length}");
        }
    }

    #[test]
    fn a_later_format_is_told_from_damage() {
        let newer = with_header_edit(r#"\"format\":1"#, r#"\"format\":2,\"more\":[]"#);
        assert!(matches!(decode_checkpoint(&newer), Ok(Content::Newer { format: 2 })));
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(|number| serde_json::Number::from_f64(number).map_or(Value::Null, Value::Number)),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn tensor() -> impl Strategy<Value = TensorData> {
        let shape = prop::collection::vec(0_usize..5, 0..4);
        (prop::sample::select(Dtype::ALL.as_slice()), shape).prop_flat_map(|(dtype, shape)| {
            let length = shape.iter().product::<usize>() * dtype.size();
            let bytes = prop::collection::vec(any::<u8>(), length);
            bytes.prop_map(move |bytes| TensorData::new(dtype, shape.clone(), bytes).unwrap())
        })
    }

    fn snapshot() -> impl Strategy<Value = Snapshot> {
        let tensors = prop::collection::btree_map("[ -}]([ -~]|[à-ÿ]){0,12}", tensor(), 0..8);
        (any::<u64>(), json_value(), tensors).prop_map(|(step, state, tensors)| Snapshot { step, state, tensors })
    }

    /// Bits of every number, since `==` takes -0.0 for 0.0.
    fn bits(value: &Value, into: &mut Vec<u64>) {
        match value {
            Value::Number(number) => into.extend(number.as_f64().map(f64::to_bits)),
            Value::Array(items) => items.iter().for_each(|item| bits(item, into)),
            Value::Object(members) => members.values().for_each(|member| bits(member, into)),
            _ => {}
        }
    }

    proptest! {
        #[test]
        fn what_was_written_comes_back(original in snapshot(), metrics: Vec<u8>) {
            let bytes = encode(&original, &metrics);
            let Ok(Content::Checkpoint { snapshot, metrics: rows }) = decode_checkpoint(&bytes) else {
                panic!("not decoded");
            };
            prop_assert_eq!(&snapshot, &original);
            prop_assert_eq!(rows, metrics.clone());
            let (mut before, mut after) = (vec![], vec![]);
            bits(&original.state, &mut before);
            bits(&snapshot.state, &mut after);
            prop_assert_eq!(before, after);
            prop_assert_eq!(encode(&snapshot, &metrics), bytes);
        }

        #[test]
        fn a_model_file_comes_back(tensors in prop::collection::btree_map("[a-zλ.]{1,8}", tensor(), 0..8)) {
            let mut bytes = Vec::new();
            Layout::model(&tensors).unwrap().write_to(&mut bytes).unwrap();
            prop_assert_eq!(decode_model(&bytes).unwrap(), tensors);
        }

        #[test]
        fn no_bytes_make_it_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(decode_checkpoint(&bytes).is_err());
            let _ = decode_model(&bytes);
            if bytes.len() >= 16 {
                reseal(&mut bytes);
                prop_assert!(decode_checkpoint(&bytes).is_err());
            }
        }

        #[test]
        fn no_forged_edit_makes_it_panic(place in 0_usize..600, byte: u8) {
            let mut bytes = small();
            let place = place % bytes.len();
            bytes[place] = byte;
            reseal(&mut bytes);
            // An edit of the content itself makes a valid checkpoint of another content: no more than that.
            if let Ok(Content::Checkpoint { snapshot, metrics }) = decode_checkpoint(&bytes) {
                let again = decode_checkpoint(&encode(&snapshot, &metrics));
                let Ok(Content::Checkpoint { snapshot: same, .. }) = again else { panic!("{again:?}") };
                prop_assert_eq!(same, snapshot);
            }
        }
    }
}
