//! What safety costs: saving a checkpoint against writing the same bytes, and finding the newest checkpoint again.
//!
//! ```text
//! cargo run --release -p steadfast-state --example save_cost -- [MEGABYTES] [ROUNDS] [FOLDER]
//! ```

#![expect(clippy::print_stdout, reason = "the numbers are what this program is for")]

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use steadfast_state::{RunFolder, Snapshot, StateManager, TensorData, TensorMap};

/// Tensors in the measured state: a mid-sized network with two moments for each parameter.
const TENSORS: usize = 180;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let megabytes: usize = arguments.next().map_or(Ok(100), |text| text.parse())?;
    let rounds: u64 = arguments.next().map_or(Ok(7), |text| text.parse())?;
    let folder = match arguments.next() {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };

    let mut run = StateManager::new(folder.path().join("results")).open("cost")?;
    let tensors = tensors(megabytes)?;
    // Every kind of write goes to the same disk in every round, so that a slow minute of the disk hits all alike.
    let mut plain_times = Vec::new();
    let mut hash_times = Vec::new();
    let mut save_times = Vec::new();
    let mut find_times = Vec::new();
    // Every kind of write goes to the same disk in every round, so that a slow minute of the disk hits all alike.
    for step in 0..=rounds {
        let state = serde_json::json!({ "epoch": step });
        let snapshot = Snapshot { step, state, tensors: tensors.clone() };
        let (save_time, checkpoint) = time(|| run.save(&snapshot).map(|saved| saved.path))?;
        let bytes = fs_err::read(checkpoint)?;
        let (plain_time, ()) = time(|| write_plainly(&folder.path().join("plain"), &bytes))?;
        let (hash_time, _) = time(|| Ok::<_, Box<dyn Error>>(xxhash_rust::xxh3::xxh3_128(&bytes)))?;
        let (find_time, ()) = time(|| find(&mut run, step))?;
        // The first round is a warm-up, and the only one whose checkpoint is read back.
        if step > 0 {
            plain_times.push(plain_time);
            hash_times.push(hash_time);
            save_times.push(save_time);
            find_times.push(find_time);
        }
    }

    println!("{megabytes} MB, {TENSORS} tensors, {rounds} rounds      median   fastest   (ms)");
    report("write + fsync", &mut plain_times);
    report("save", &mut save_times);
    report("checksum alone", &mut hash_times);
    report("find and verify", &mut find_times);
    let ratio = |at: fn(&[Duration]) -> f64| at(&save_times) / at(&plain_times);
    println!("save / (write + fsync)          {:>9.2} {:>9.2}", ratio(median), ratio(fastest));
    Ok(())
}

fn tensors(megabytes: usize) -> Result<TensorMap, Box<dyn Error>> {
    let elements = megabytes * 1_000_000 / 4 / TENSORS;
    (0..TENSORS)
        .map(|index| {
            let values: Vec<f32> = (0..elements).map(|element| (element + index) as f32 * 0.1).collect();
            Ok((format!("layer{index:03}.weight"), TensorData::from_f32(vec![elements], &values)?))
        })
        .collect()
}

fn write_plainly(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if path.exists() {
        fs_err::remove_file(path)?;
    }
    let mut file = fs_err::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn find(run: &mut RunFolder, step: u64) -> Result<(), Box<dyn Error>> {
    let found = run.latest()?.snapshot.map(|snapshot| snapshot.step);
    if found == Some(step) { Ok(()) } else { Err("the newest checkpoint was not found".into()) }
}

fn time<T, E: Into<Box<dyn Error>>>(work: impl FnOnce() -> Result<T, E>) -> Result<(Duration, T), Box<dyn Error>> {
    let start = Instant::now();
    let value = work().map_err(Into::into)?;
    Ok((start.elapsed(), value))
}

fn report(what: &str, times: &mut [Duration]) {
    times.sort_unstable();
    println!("{what:<31} {:>9.1} {:>9.1}", median(times), fastest(times));
}

/// The middle one of sorted times, in milliseconds.
fn median(times: &[Duration]) -> f64 {
    times.get(times.len() / 2).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
}

/// The first one of sorted times, in milliseconds.
fn fastest(times: &[Duration]) -> f64 {
    times.first().map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
}
