//! The fingerprint of data: equal content, equal fingerprint, wherever and however it is stored.
//!
//! SHA-256 over a description in text, one fact a line, followed by the numbers as they lie in
//! memory (bytes, or little-endian `f32` and `u32`). The description fixes the length of what
//! follows, so no two different data sets give the same bytes. `docs/data.md` repeats it in Python.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::{Dataset, FeatureValues, Features, Targets};

/// How many numbers are turned into bytes at a time.
const CHUNK: usize = 4096;

/// The SHA-256 of these named parts, in lower-case hexadecimal.
pub fn fingerprint(parts: &[(&str, &Dataset)]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(b"steadfast data 1\n");
    for (name, dataset) in parts {
        hasher.update(description(name, dataset));
        match dataset.features().values() {
            FeatureValues::Bytes { values, .. } => hasher.update(values),
            FeatureValues::Floats(values) => update(&mut hasher, values, f32::to_le_bytes),
            FeatureValues::Tokens { values, .. } => update(&mut hasher, values, u32::to_le_bytes),
            FeatureValues::Images(images) => images.digests().for_each(|digest| hasher.update(digest)),
        }
        match dataset.targets() {
            Targets::Classes { labels, .. } => update(&mut hasher, labels, u32::to_le_bytes),
            Targets::Values { values, .. } => update(&mut hasher, values, f32::to_le_bytes),
            Targets::NextTokens { values, .. } => update(&mut hasher, values, u32::to_le_bytes),
        }
    }
    hex(&hasher.finalize())
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut digits, byte| {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

fn description(name: &str, dataset: &Dataset) -> String {
    let mut text = format!("part {name}\nsamples {}\n", dataset.len());
    text.push_str(&features_line(dataset.features()));
    match dataset.targets() {
        Targets::Values { width, .. } => {
            let _ = writeln!(text, "targets f32 x {width}");
        }
        Targets::Classes { class_names, .. } => {
            let _ = writeln!(text, "targets u32 of {} classes", class_names.len());
            for name in class_names {
                // With its length, a name that holds a line break cannot pose as two.
                let _ = writeln!(text, "class {}:{name}", name.len());
            }
        }
        Targets::NextTokens { context, vocabulary, .. } => {
            let _ = writeln!(text, "targets next u32 x {context} of {} tokens", vocabulary.len());
            for name in vocabulary {
                let _ = writeln!(text, "token {}:{name}", name.len());
            }
        }
    }
    text
}

fn features_line(features: &Features) -> String {
    let shape: Vec<String> = features.sample_shape().iter().map(ToString::to_string).collect();
    let shape = shape.join(" x ");
    match features.values() {
        FeatureValues::Bytes { full_scale, .. } => {
            format!("features u8 / {full_scale} x {shape}\n")
        }
        FeatureValues::Images(_) => format!("features images x {shape}\n"),
        FeatureValues::Floats(_) => format!("features f32 x {shape}\n"),
        FeatureValues::Tokens { vocabulary, .. } => format!("features u32 of {vocabulary} tokens x {shape}\n"),
    }
}

/// Hashes numbers as little-endian bytes, a chunk at a time.
fn update<T: Copy>(hasher: &mut Sha256, values: &[T], to_bytes: impl Fn(T) -> [u8; 4]) {
    let mut bytes = Vec::with_capacity(4 * CHUNK);
    for chunk in values.chunks(CHUNK) {
        bytes.clear();
        bytes.extend(chunk.iter().flat_map(|&value| to_bytes(value)));
        hasher.update(&bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dataset(values: FeatureValues, shape: &[usize], targets: Targets) -> Dataset {
        Dataset::new(Features::new(values, shape.to_vec()).unwrap(), targets).unwrap()
    }

    fn classes(labels: &[u32], names: &[&str]) -> Targets {
        let class_names = names.iter().map(ToString::to_string).collect();
        Targets::Classes { labels: labels.to_vec(), class_names }
    }

    fn bytes(values: &[u8], full_scale: f32) -> FeatureValues {
        FeatureValues::Bytes { values: values.to_vec(), full_scale }
    }

    // printf 'steadfast data 1\npart train\nsamples 2\nfeatures u8 / 255 x 1 x 1 x 2\n
    // targets u32 of 2 classes\nclass 3:cat\nclass 3:dog\n\1\2\3\4\1\0\0\0\0\0\0\0' | sha256sum
    // (in one line).
    #[test]
    fn the_fingerprint_equals_the_sum_of_the_documented_bytes() {
        let pets = dataset(bytes(&[1, 2, 3, 4], 255.0), &[1, 1, 2], classes(&[1, 0], &["cat", "dog"]));
        assert_eq!(
            fingerprint(&[("train", &pets)]),
            "c5a1fb1ec7e7fd981285b668a6323813ba697749b97a6f55acc7f4947e410edc"
        );
    }

    #[test]
    fn every_difference_shows() {
        let labels = || classes(&[0, 1], &["a", "b"]);
        let base = || bytes(&[1, 2, 3, 4], 255.0);
        let floats = FeatureValues::Floats(vec![1.0, 2.0, 3.0, 4.0]);
        let sets = [
            dataset(base(), &[2], labels()),
            dataset(base(), &[2, 1], labels()),
            dataset(base(), &[1, 2], labels()),
            dataset(bytes(&[1, 2, 3, 5], 255.0), &[2], labels()),
            dataset(bytes(&[1, 2, 3, 4], 16.0), &[2], labels()),
            dataset(floats, &[2], labels()),
            dataset(base(), &[2], classes(&[1, 0], &["a", "b"])),
            dataset(base(), &[2], classes(&[0, 1], &["a", "c"])),
            dataset(base(), &[2], classes(&[0, 1], &["a", "b", "c"])),
            dataset(base(), &[2], classes(&[0, 1], &["a", "b\nclass 1:c"])),
            dataset(base(), &[2], Targets::Values { values: vec![0.0, 1.0], width: 1 }),
            dataset(base(), &[2], Targets::Values { values: vec![0.0; 4], width: 2 }),
        ];
        let mut seen: Vec<String> = sets.iter().map(|set| fingerprint(&[("train", set)])).collect();
        seen.push(fingerprint(&[("held-out", &sets[0])]));
        seen.push(fingerprint(&[("train", &sets[0]), ("held-out", &sets[0])]));
        let different: std::collections::BTreeSet<_> = seen.iter().collect();
        assert_eq!(different.len(), seen.len());
    }

    #[test]
    fn long_data_is_hashed_to_the_last_number() {
        let numbers = |last: f32| {
            let mut values = vec![0.5; 2 * CHUNK + 1];
            values.push(last);
            let count = values.len();
            let targets = Targets::Values { values: values.clone(), width: 1 };
            let set = dataset(FeatureValues::Floats(values), &[1], targets);
            assert_eq!(set.len(), count);
            fingerprint(&[("train", &set)])
        };
        assert_eq!(numbers(1.0), numbers(1.0));
        assert_ne!(numbers(1.0), numbers(1.5));
    }
}
