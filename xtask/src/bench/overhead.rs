//! What the program costs beside the training: starting, looping, checking, listing.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::measure::{Built, timed};
use super::table::{Figure, median};
use crate::workspace;

/// Configs to check and runs to list.
const MANY: usize = 1000;

/// Every figure, each the median of five.
pub(super) fn figures(built: &Built) -> Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    Ok(vec![
        start(built, folder.path())?,
        step(built, folder.path())?,
        help(built, folder.path())?,
        check(built, folder.path())?,
        list(built, folder.path())?,
        growth(built, folder.path())?,
    ])
}

/// Peak memory of a run of many steps against that of a short one: what is left behind by each step would show.
fn growth(built: &Built, folder: &Path) -> Result<Figure> {
    let config = workspace::root().join("configs/digits-cnn.json");
    let config = config.to_string_lossy();
    let peak = |steps: &str| -> Result<f64> {
        let arguments =
            [&config, "hyperparams.epochs=1000", "--results", "grown", "--fresh", "--max-steps", steps, "-q"];
        timed(&built.runner, &arguments, folder)?;
        let timing = fs_err::read(folder.join("grown/digits-cnn/timing.json"))?;
        let timing: Value = serde_json::from_slice(&timing)?;
        timing["peak_memory_bytes"].as_f64().context("no peak memory")
    };
    let (short, long) = (peak("200")?, peak("2200")?);
    let megabytes = |bytes: f64| bytes / f64::from(1 << 20);
    Ok(Figure {
        what: "peak memory after 2,200 steps, of that after 200".to_owned(),
        measured: format!("{:.2} ({:.0} of {:.0} MiB)", long / short, megabytes(long), megabytes(short)),
        wanted: "< 1.05".to_owned(),
        kept: long < 1.05 * short,
    })
}

/// From the start of the process to its end, with one step and a checkpoint in between.
fn start(built: &Built, folder: &Path) -> Result<Figure> {
    write(folder, "start.json", &config("start"))?;
    let arguments = ["start.json", "--results", "started", "--fresh", "--max-steps", "1", "-q"];
    let time = five(|| Ok(timed(&built.runner, &arguments, folder)?.0))?;
    Ok(figure("process start to exit, one step and its checkpoint", time, 50.0))
}

/// What the loop adds to a step: an experiment whose step does nothing at all.
fn step(built: &Built, folder: &Path) -> Result<Figure> {
    let steps = 2_000_000_u32;
    let idle = json!({
        "name": "idle", "experiment": "idle", "model_type": "None", "dataset_path": "none",
        "hyperparams": {"epochs": 1, "batch_size": steps},
    });
    write(folder, "idle.json", &idle)?;
    let mut times = Vec::new();
    for _ in 0..5 {
        timed(&built.idle, &["idle.json", "--fresh", "-q"], folder)?;
        let timing: Value = serde_json::from_slice(&fs_err::read(folder.join("results/idle/timing.json"))?)?;
        let seconds = |key: &str| timing[key].as_f64().with_context(|| format!("no `{key}`"));
        times.push((seconds("total_s")? - seconds("prepare_s")?) / f64::from(steps) * 1e6);
    }
    let micros = median(&times);
    Ok(Figure {
        what: "added to a step by the loop".to_owned(),
        measured: format!("{micros:.2} us"),
        wanted: "< 2 us".to_owned(),
        kept: micros < 2.0,
    })
}

fn help(built: &Built, folder: &Path) -> Result<Figure> {
    let time = five(|| Ok(timed(&built.runner, &["--help"], folder)?.0))?;
    Ok(figure("--help", time, 20.0))
}

fn check(built: &Built, folder: &Path) -> Result<Figure> {
    for number in 0..MANY {
        write(&folder.join("many"), &format!("{number:04}.json"), &config(&format!("run-{number:04}")))?;
    }
    let time = five(|| Ok(timed(&built.runner, &["check", "many", "--static"], folder)?.0))?;
    Ok(figure("check of 1,000 configs", time, 1000.0))
}

fn list(built: &Built, folder: &Path) -> Result<Figure> {
    write(folder, "one.json", &config("one"))?;
    timed(&built.runner, &["one.json", "--results", "listed", "-q"], folder)?;
    for number in 1..MANY {
        let copy = folder.join(format!("listed/run-{number:04}"));
        copy_all(&folder.join("listed/one"), &copy)?;
    }
    let time = five(|| Ok(timed(&built.runner, &["list", "--results", "listed"], folder)?.0))?;
    Ok(figure("list over 1,000 finished runs", time, 500.0))
}

fn config(name: &str) -> Value {
    json!({
        "name": name, "model_type": "Linear", "dataset_path": "builtin:iris",
        "hyperparams": {"epochs": 2, "batch_size": 16, "lr": 0.01},
    })
}

fn write(folder: &Path, name: &str, config: &Value) -> Result<()> {
    fs_err::create_dir_all(folder)?;
    Ok(fs_err::write(folder.join(name), format!("{config:#}\n"))?)
}

fn copy_all(from: &Path, to: &Path) -> Result<()> {
    fs_err::create_dir_all(to)?;
    for entry in fs_err::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_all(&entry.path(), &target)?;
        } else {
            fs_err::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// The median of five.
fn five(mut measure: impl FnMut() -> Result<Duration>) -> Result<f64> {
    let times = (0..5).map(|_| Ok(measure()?.as_secs_f64() * 1e3)).collect::<Result<Vec<_>>>()?;
    Ok(median(&times))
}

fn figure(what: &str, milliseconds: f64, limit: f64) -> Figure {
    Figure {
        what: what.to_owned(),
        measured: format!("{milliseconds:.1} ms"),
        wanted: format!("< {limit:.0} ms"),
        kept: milliseconds < limit,
    }
}
