//! How fast the inputs of training are read from a folder, epoch by epoch.
//!
//! `cargo run -p steadfast-zoo --example image_folder_rate -- FOLDER EPOCHS CACHE_MIB`
//!
//! The first epoch includes everything from listing the files on. `xtask/peers/image_folder.py` is the other side.

#![expect(clippy::print_stdout, reason = "its output is the measurement")]

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use steadfast_zoo::InputReader;
use steadfast_zoo::data_config::DataConfig;

const BATCH: usize = 64;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, epochs, cache] = arguments.as_slice() else {
        return Err("usage: image_folder_rate FOLDER EPOCHS CACHE_MIB".into());
    };
    let epochs: u64 = epochs.parse()?;
    let mut config = DataConfig { cache: cache.parse()?, ..DataConfig::default() };
    config.validation.split = Some(0.001);
    let mut start = Instant::now();
    let mut reader = InputReader::open(Path::new(folder), &config, (0, BATCH, epochs))?;
    let steps = reader.steps_per_epoch();
    for epoch in 0..epochs {
        let mut samples = 0;
        for step in epoch * steps..(epoch + 1) * steps {
            for input in reader.step(step)? {
                samples += input.dim(0)?;
            }
        }
        let rate = samples as f64 / start.elapsed().as_secs_f64();
        println!(r#"{{"reader": "steadfast", "epoch": {}, "samples_per_s": {rate:.0}}}"#, epoch + 1);
        start = Instant::now();
    }
    Ok(())
}
