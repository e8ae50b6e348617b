//! The frame of an event file: length, checksum of the length, bytes, checksum of the bytes.

use crate::crc32c::masked;

/// Bytes around a record.
const HEAD: usize = 12;
const TAIL: usize = 4;

/// Adds one record.
pub(crate) fn push(file: &mut Vec<u8>, record: &[u8]) {
    let length = (record.len() as u64).to_le_bytes();
    file.extend(length);
    file.extend(masked(&length).to_le_bytes());
    file.extend(record);
    file.extend(masked(record).to_le_bytes());
}

/// The records that prove themselves, from the beginning of the file on, each with the place where it ends. What follows
/// the first one that does not is what a kill left.
pub(crate) fn read(file: &[u8]) -> Vec<(&[u8], usize)> {
    let mut records = Vec::new();
    let mut at = 0;
    while let Some((record, end)) = next(file, at) {
        records.push((record, end));
        at = end;
    }
    records
}

fn next(file: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let head = file.get(at..at.checked_add(HEAD)?)?;
    let length = u64::from_le_bytes(head[..8].try_into().ok()?);
    let sum = |bytes: &[u8]| Some(u32::from_le_bytes(bytes.try_into().ok()?));
    if sum(&head[8..])? != masked(&head[..8]) {
        return None;
    }
    let from = at + HEAD;
    let to = from.checked_add(usize::try_from(length).ok()?)?;
    let record = file.get(from..to)?;
    let end = to.checked_add(TAIL)?;
    (sum(file.get(to..end)?)? == masked(record)).then_some((record, end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// However a file is cut, the records before the cut come back whole.
        #[test]
        fn a_cut_costs_what_was_behind_it(records in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8), cut in any::<prop::sample::Index>()) {
            let mut file = Vec::new();
            let mut ends = vec![0];
            for record in &records {
                push(&mut file, record);
                ends.push(file.len());
            }
            let cut = cut.index(file.len() + 1);
            let found = read(&file[..cut]);
            let whole = ends.iter().filter(|end| **end <= cut).count() - 1;
            prop_assert_eq!(found.len(), whole);
            for ((bytes, end), (record, expected)) in found.iter().zip(records.iter().zip(&ends[1..])) {
                prop_assert_eq!(bytes, &record.as_slice());
                prop_assert_eq!(end, expected);
            }
        }

        #[test]
        fn whatever_stands_there_is_no_trouble(file in prop::collection::vec(any::<u8>(), 0..200)) {
            read(&file);
        }
    }

    #[test]
    fn a_flipped_bit_ends_the_file() {
        let mut file = Vec::new();
        push(&mut file, b"one");
        push(&mut file, b"two");
        for place in 19..file.len() {
            let mut broken = file.clone();
            broken[place] ^= 4;
            assert_eq!(read(&broken).len(), 1, "{place}");
        }
    }
}
