//! A whole experiment from the start of the process to its end: ours and Lightning's in turn.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::measure::{Built, json, timed};
use super::table::{Comparison, Figure, median};
use crate::workspace;

/// Where Debian's package puts the data.
const DATA: &str = "/usr/share/datasets/fashion-mnist";

/// Rounds of one epoch of the CNN with batches of 128: times, and the peak memory of both in one more figure.
pub(super) fn against(built: &Built, python: &Path, rounds: usize) -> Result<Option<(Comparison, Figure)>> {
    if !Path::new(DATA).exists() {
        println!("no whole run: {DATA} is missing (Debian: dataset-fashion-mnist)");
        return Ok(None);
    }
    let config = workspace::root().join("configs/fashion-mnist/cnn.json");
    let script = workspace::root().join("xtask/peers/lightning_run.py");
    let (config, script) = (config.to_string_lossy(), script.to_string_lossy());
    let (mut own, mut their, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let folder = tempfile::tempdir()?;
        let same =
            ["hyperparams.epochs=1", "hyperparams.batch_size=128", "hyperparams.scheduler=constant", "model.dropout=0"];
        let ours = [&["--results", "results", "-q", &config][..], &same[..]].concat();
        own.push(timed(&built.runner, &ours, folder.path())?.0.as_secs_f64());
        let out = folder.path().join("lightning");
        let (took, printed) = timed(python, &[&script, "cnn", "1", "128", &out.to_string_lossy()], folder.path())?;
        their.push(took.as_secs_f64());
        let timing = fs_err::read(folder.path().join("results/fashion-cnn/timing.json"))?;
        let timing: Value = serde_json::from_slice(&timing)?;
        let ours = timing["peak_memory_bytes"].as_f64().context("no peak memory")? / f64::from(1 << 20);
        let theirs = json(&printed)?["peak_rss_mb"].as_f64().context("no peak memory of theirs")?;
        memory.push((ours, theirs));
        println!("  whole run, round {}: {:.2} s, {:.2} s", round + 1, own[round], their[round]);
    }
    let ratios = own.iter().zip(&their).map(|(own, their)| their / own).collect();
    let shown = |times: &[f64]| format!("{:.2} s", median(times));
    let what = "one epoch of Fashion-MNIST, process start to exit".to_owned();
    let ratios = Comparison { what, ours: shown(&own), theirs: shown(&their), ratios, floor: 1.3, target: 2.0 };
    let share = median(&memory.iter().map(|(ours, theirs)| ours / theirs).collect::<Vec<_>>());
    let (ours, theirs) = memory.last().copied().unwrap_or_default();
    let figure = Figure {
        what: "peak memory of that run, of Lightning's".to_owned(),
        measured: format!("{share:.2} ({ours:.0} of {theirs:.0} MiB)"),
        wanted: "< 0.20".to_owned(),
        kept: share < 0.2,
    };
    Ok(Some((ratios, figure)))
}
