//! A damaged checkpoint is detected, whatever the damage, and the one before it is used.
//!
//! The small checkpoints of other tests are damaged at every bit; these are larger, and the counts come from outside.

use steadfast_state::{Snapshot, TensorData};

use crate::support::{RUN, Results, flip, snapshot};

/// A number from the environment.
fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(default)
}

/// A checkpoint of a little over 64 KiB.
fn large(step: u64) -> Snapshot {
    let mut state = snapshot(step);
    let values: Vec<f32> = (0..16_384_u16).map(|index| f32::from(index) * 0.37 + step as f32).collect();
    state.tensors.insert("model.large".to_owned(), TensorData::from_f32(vec![128, 128], &values).unwrap());
    state
}

fn two_checkpoints(results: &Results) {
    let mut run = results.open();
    run.save(&large(1)).unwrap();
    run.save(&large(2)).unwrap();
}

fn newest_step(results: &Results) -> Option<u64> {
    results.manager().peek(RUN).unwrap().snapshot.map(|snapshot| snapshot.step)
}

#[test]
fn damage_by_flipped_bits() {
    let results = Results::new();
    two_checkpoints(&results);
    let path = results.checkpoint(2);
    let bits = usize::try_from(fs_err::metadata(&path).unwrap().len()).unwrap() * 8;
    let (flips, seed) = (setting("STEADFAST_FLIPS", 500), setting("STEADFAST_SEED", 1));
    // Steps of the golden section reach every part of the file evenly, and no bit twice before all were reached.
    let stride = (bits * 618 / 1000) | 1;
    for number in 0..flips {
        let bit = (seed * 7919 + number * stride) % bits;
        flip(&path, bit);
        assert_eq!(newest_step(&results), Some(1), "bit {bit}");
        flip(&path, bit);
    }
    assert_eq!(newest_step(&results), Some(2), "whole again");
    println!("\n{flips} flipped bits detected");
}

#[test]
fn damage_by_cutting_off() {
    let results = Results::new();
    two_checkpoints(&results);
    let path = results.checkpoint(2);
    let whole = fs_err::read(&path).unwrap();
    assert!(whole.len() > 64 * 1024);
    let step = setting("STEADFAST_TRUNCATION_STEP", 64).max(1);
    // From the end, each time a little shorter.
    let file = fs_err::OpenOptions::new().write(true).open(&path).unwrap();
    let lengths: Vec<usize> = (0..=64 * 1024).step_by(step).collect();
    for length in lengths.iter().rev() {
        file.set_len(*length as u64).unwrap();
        assert_eq!(newest_step(&results), Some(1), "{length} bytes");
    }
    fs_err::write(&path, &whole).unwrap();
    assert_eq!(newest_step(&results), Some(2), "whole again");
    println!("\n{} cut-off lengths detected", lengths.len());
}
