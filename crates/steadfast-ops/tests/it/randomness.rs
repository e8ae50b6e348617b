//! The frozen numbers of stream version 1: a change here breaks every saved run.
//!
//! The words were printed by an implementation of its own, in Python, and not by this crate:
//!
//! ```python
//! import hashlib, math, struct
//! def key(seed, label, name, indices):
//!     u = lambda v: struct.pack("<Q", v)
//!     texts = b"".join(u(len(t)) + t for t in (label, name))
//!     content = b"steadfast stream 1" + u(seed) + texts + u(len(indices)) + b"".join(map(u, indices))
//!     return hashlib.sha256(content).digest()
//! def block(key, n):
//!     start = [*struct.unpack("<4I", b"expand 32-byte k"), *struct.unpack("<8I", key), n % 2**32, n >> 32, 0, 0]
//!     x = start[:]
//!     def quarter(a, b, c, d):
//!         for to, by, turned, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
//!             x[to] = (x[to] + x[by]) % 2**32
//!             x[turned] ^= x[to]
//!             x[turned] = (x[turned] << bits | x[turned] >> 32 - bits) % 2**32
//!     for _ in range(4):
//!         for i in range(4): quarter(i, 4 + i, 8 + i, 12 + i)
//!         for i in range(4): quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
//!     return [(a + b) % 2**32 for a, b in zip(x, start)]
//! k = key(42, b"custom", b"golden", [1, 2])
//! word = lambda i: block(k, i // 16)[i % 16]
//! pair = lambda i: word(i) | word(i + 1) << 32
//! unit = lambda i: (pair(i) >> 11) / 2**53
//! print([word(i) for i in range(4)], pair(1_000_000), word(1 << 40))
//! print([(word(i) >> 8) / 2**24 for i in range(3)], [unit(2 * i) for i in range(3)])
//! print([-1 + 2 / 2**32 * word(i) for i in range(4)])
//! for i in (0, 4):
//!     radius, angle = math.sqrt(-2 * math.log(1 - unit(i))), math.tau * unit(i + 2)
//!     print(radius * math.cos(angle), radius * math.sin(angle))
//! position, order = 0, list(range(12))
//! for last in range(11, 0, -1):
//!     while (product := pair(position) * (last + 1)) % 2**64 < 2**64 % (last + 1): position += 2
//!     order[last], order[product >> 64] = order[product >> 64], order[last]
//!     position += 2
//! print(order)
//! ```

use steadfast_ops::{Purpose, STREAM_VERSION, Seed, StreamKey};

/// One stream for all golden values.
fn key() -> StreamKey {
    Seed::new(42).key(Purpose::Custom("golden"), &[1, 2])
}

#[test]
fn the_version_is_one() {
    assert_eq!(STREAM_VERSION, 1);
}

#[test]
fn words() {
    let mut stream = key().stream();
    let words: Vec<u32> = (0..4).map(|_| stream.next_u32()).collect();
    assert_eq!(words, [2_756_210_374, 3_413_105_743, 1_540_229_211, 3_913_422_101]);
    assert_eq!(key().stream_at(1_000_000).next_u64(), 9_014_065_069_382_684_592);
    // The counter goes on beyond 2^32 words.
    assert_eq!(key().stream_at(1 << 40).next_u32(), 2_533_600_768);
}

#[test]
fn uniform_numbers() {
    let mut stream = key().stream();
    let single: Vec<f32> = (0..3).map(|_| stream.uniform_f32()).collect();
    assert_eq!(single, [0.641_730_2, 0.794_675_6, 0.358_612_54]);
    let mut stream = key().stream();
    let double: Vec<f64> = (0..3).map(|_| stream.uniform_f64()).collect();
    assert_eq!(double, [0.794_675_607_150_823_3, 0.911_164_586_748_604_8, 0.194_040_701_710_665_56]);
    let mut values = [0.0_f64; 4];
    key().fill_uniform(&mut values, -1.0, 1.0);
    let expected =
        [0.283_460_470_847_785_5, 0.589_351_214_002_817_9, -0.282_774_882_856_756_45, 0.822_329_173_330_217_6];
    assert_eq!(values.map(f64::to_bits), expected.map(f64::to_bits));
}

/// The bits of normal numbers depend on the logarithm and the cosine used, so these are this crate's; the test after
/// this one holds them against Python's numbers.
#[test]
fn normal_numbers() {
    let mut values = [0.0_f64; 4];
    key().fill_normal(&mut values, 0.0, 1.0);
    let bits = values.map(f64::to_bits);
    assert_eq!(bits, [0x3ff8_264a_e2a3_06c0, 0xbfee_2879_8e2b_652d, 0xbfc7_03ef_69ac_642c, 0x3fe4_3754_78df_c1f6]);
}

#[test]
fn normal_numbers_are_those_of_box_and_muller() {
    let mut values = [0.0_f64; 4];
    key().fill_normal(&mut values, 10.0, 2.0);
    let expected =
        [1.509_348_759_937_367_4, -0.942_440_774_607_495_5, -0.179_807_592_962_590_75, 0.631_754_146_654_258_2];
    for (value, expected) in values.iter().zip(expected) {
        assert!((value - (10.0 + 2.0 * expected)).abs() < 1e-14, "{value} instead of {}", 10.0 + 2.0 * expected);
    }
}

#[test]
fn permutations() {
    let order = key().stream().permutation(12);
    assert_eq!(order, [0, 8, 11, 6, 4, 3, 5, 7, 2, 1, 10, 9]);
}
