//! Power cuts: an ext4 file system that loses everything not yet on its disk, at random times and right behind a save.

use std::thread;
use std::time::Duration;

use anyhow::Result;
use rustix::process::{Signal, kill_process};

use super::bench::{Bench, Files, Heard, busy_config, pid, reference};
use super::cases::{Scope, try_all};
use super::dice::Dice;
use super::disk::Disk;
use super::tally::Tally;
use super::trace::ONE_THREAD;

/// When the power goes.
#[derive(Debug, Clone, Copy)]
enum Cut {
    /// The moment a save is acknowledged: the so-and-so-manieth.
    BehindSave(u64),
    /// After so many milliseconds.
    After(u64),
}

/// Cuts, remounts, and looks for what was acknowledged.
pub(super) fn cuts(scope: &Scope) -> Result<Tally> {
    let expected = reference(&scope.program, &busy_config())?;
    let mut dice = Dice::new(scope.seed, 5);
    let cases = (0..scope.count(300, 20)).map(|number| match number % 2 {
        0 => Cut::BehindSave(1 + dice.below(16)),
        _ => Cut::After(dice.below(600)),
    });
    Ok(try_all(scope, "power cuts", cases.collect(), |cut| {
        attempt(scope, cut, &expected).map_err(|failure| format!("{cut:?}: {failure}"))
    }))
}

fn attempt(scope: &Scope, cut: Cut, expected: &Files) -> Result<String, String> {
    let error = |error: anyhow::Error| format!("{error:#}");
    let disk = Disk::ext4(32, &[], "rw").map_err(error)?;
    let bench = Bench::with_results(&scope.program, &busy_config(), disk.path().join("results")).map_err(error)?;
    let told = run_until(&bench, &disk, cut).map_err(error)?;
    disk.restart().map_err(error)?;
    let saved = bench.saved_step().map_err(error)?;
    if told.is_some_and(|told| saved.is_none_or(|saved| saved < told)) {
        return Err(format!("step {told:?} was acknowledged before the cut, found {saved:?} behind it"));
    }
    bench.finish(expected)
}

/// Runs until the power goes. Returns the last step that was acknowledged before.
fn run_until(bench: &Bench, disk: &Disk, cut: Cut) -> Result<Option<u64>> {
    let run = bench.listen(&ONE_THREAD)?;
    let mut told = None;
    match cut {
        Cut::BehindSave(number) => told = run.saves(number),
        Cut::After(milliseconds) => thread::sleep(Duration::from_millis(milliseconds)),
    }
    // Whatever it would do next would help to bring the last save to the disk.
    send(&run, Signal::STOP);
    told = run.newest().or(told);
    disk.cut_power()?;
    send(&run, Signal::KILL);
    run.finish()?;
    Ok(told)
}

fn send(run: &Heard, signal: Signal) {
    if let Some(process) = pid(&run.child) {
        let _ = kill_process(process, signal);
    }
}
