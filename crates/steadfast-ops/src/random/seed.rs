//! From a seed, a purpose and indices to the key of a stream.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use sha2::{Digest, Sha256};

use super::{Purpose, Stream};

/// The version of the mapping from seed, purpose, indices and position to numbers.
///
/// It is frozen: the same version gives the same numbers forever, and a change of any of them is a new version.
pub const STREAM_VERSION: u32 = 1;

/// The seed of a run: the one number from which every random number of the run derives.
///
/// ```
/// use steadfast_ops::{Purpose, Seed};
///
/// let seed = Seed::new(7);
/// let order = seed.stream(Purpose::Shuffle, &[3]).permutation(5);
/// assert_eq!(order, seed.stream(Purpose::Shuffle, &[3]).permutation(5));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seed(u64);

impl Seed {
    /// Makes a seed of a number.
    pub const fn new(value: u64) -> Self {
        Self(value)
    }

    /// The number it was made of.
    pub const fn value(self) -> u64 {
        self.0
    }

    /// The stream for `purpose` at `indices` (such as epoch, or epoch and sample), from its beginning.
    pub fn stream(self, purpose: Purpose<'_>, indices: &[u64]) -> Stream {
        self.key(purpose, indices).stream()
    }

    /// The key of that stream, for jumping into it and for filling whole buffers.
    ///
    /// The key is the SHA-256 of: the text `steadfast stream 1`, the seed, the purpose's label and name, and the
    /// indices. Numbers are 64 bits little-endian, and every text and the list of indices are preceded by their length.
    pub fn key(self, purpose: Purpose<'_>, indices: &[u64]) -> StreamKey {
        let mut hash = Sha256::new();
        hash.update(b"steadfast stream 1");
        hash.update(self.0.to_le_bytes());
        for text in [purpose.label(), purpose.name()] {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        hash.update((indices.len() as u64).to_le_bytes());
        for index in indices {
            hash.update(index.to_le_bytes());
        }
        StreamKey(hash.finalize().into())
    }
}

impl From<u64> for Seed {
    fn from(value: u64) -> Self {
        Self(value)
    }
}

/// The key of one stream: 256 bits that fix all its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StreamKey([u8; 32]);

impl StreamKey {
    /// The stream from its beginning.
    pub fn stream(&self) -> Stream {
        self.stream_at(0)
    }

    /// The stream from its 32-bit word number `word`, reached at once whatever the number.
    pub fn stream_at(&self, word: u64) -> Stream {
        let mut generator = ChaCha8Rng::from_seed(self.0);
        generator.set_word_pos(u128::from(word));
        Stream::new(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_key_matters() {
        let seed = Seed::new(1);
        let keys = [
            seed.key(Purpose::Shuffle, &[]),
            seed.key(Purpose::Shuffle, &[0]),
            seed.key(Purpose::Shuffle, &[0, 0]),
            seed.key(Purpose::Split, &[0]),
            seed.key(Purpose::Custom("shuffle"), &[0]),
            seed.key(Purpose::Parameter("a"), &[0]),
            seed.key(Purpose::Parameter("b"), &[0]),
            seed.key(Purpose::Dropout("a"), &[0]),
            Seed::new(2).key(Purpose::Shuffle, &[0]),
        ];
        for (position, key) in keys.iter().enumerate() {
            assert!(!keys[position + 1..].contains(key), "key {position} occurs twice");
        }
    }

    // Made by:
    //   import hashlib, struct
    //   u = lambda v: struct.pack("<Q", v)
    //   print(hashlib.sha256(b"steadfast stream 1" + u(42) + u(9) + b"parameter" + u(9) + b"fc.weight"
    //                        + u(2) + u(3) + u(5)).hexdigest())
    #[test]
    fn the_key_is_the_documented_hash() {
        let key = Seed::new(42).key(Purpose::Parameter("fc.weight"), &[3, 5]);
        let text = key.0.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        assert_eq!(text, "bae0957c969698ef807d78f1a7ca2a64f8e01bf3eb7acfd2b78e3373a00459bb");
    }

    #[test]
    fn a_stream_is_entered_anywhere() {
        let key = Seed::new(9).key(Purpose::Split, &[]);
        let mut from_start = key.stream();
        let words: Vec<u32> = (0..300).map(|_| from_start.next_u32()).collect();
        for start in [0, 1, 15, 16, 63, 64, 65, 255] {
            let mut entered = key.stream_at(start as u64);
            assert_eq!(entered.next_u32(), words[start], "word {start}");
        }
    }
}
