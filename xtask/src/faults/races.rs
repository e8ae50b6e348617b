//! Eight starters of one run, and a run folder that is swapped for a link while it is written.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::bench::{Bench, Files, NAME, reference, small_config, wait};
use super::cases::{Scope, try_all};
use super::tally::Tally;
use super::trace::ONE_THREAD;

const STARTERS: usize = 8;

/// Long enough for eight starters to meet.
fn config() -> Value {
    json!({
        "name": NAME,
        "model_type": "MLP",
        "dataset_path": "builtin:digits",
        "model": {"hidden": [32]},
        "hyperparams": {"epochs": 16, "batch_size": 32, "lr": 0.01},
    })
}

/// One writes, the others say who does; the files are those of one run.
pub(super) fn lock_races(scope: &Scope) -> Result<Tally> {
    let expected = reference(&scope.program, &config())?;
    let rounds: Vec<u64> = (0..scope.count(1000, 50)).collect();
    Ok(try_all(scope, "lock races", rounds, |round| {
        race(scope, round, &expected).map_err(|failure| format!("round {round}: {failure:#}"))
    }))
}

fn race(scope: &Scope, round: u64, expected: &Files) -> Result<String> {
    let bench = Bench::new(&scope.program, &config())?;
    // In turn: the run in the starter's own process, and in a worker of its own.
    let options: &[&str] = if round.is_multiple_of(2) { &ONE_THREAD } else { &["--threads", "1"] };
    let mut starters = Vec::new();
    for number in 0..STARTERS {
        let said = bench.work().join(format!("said-{number}.txt"));
        let file = fs_err::File::create(&said)?.into_parts().0;
        starters.push((bench.command(&[], options).stderr(file).spawn()?, said));
    }
    let (mut trained, mut held) = (0, 0);
    for (mut child, said) in starters {
        let status = wait(&mut child, Duration::from_mins(1))?;
        let said = fs_err::read_to_string(said)?;
        match status.code() {
            // Somebody who came when the winner was done.
            Some(0) if said.contains("already complete") || said.contains("resumed") => {}
            Some(0) => trained += 1,
            Some(4) => {
                ensure!(said.contains("held by") || said.contains("process"), "no word on who holds the run:\n{said}");
                held += 1;
            }
            code => anyhow::bail!("a starter ended with {code:?}:\n{said}"),
        }
    }
    ensure!(trained == 1, "{trained} of {STARTERS} starters trained");
    let log = fs_err::read_to_string(bench.folder().join("log.txt"))?;
    let starts = log.lines().filter(|line| line.contains("run: started")).count();
    ensure!(starts == 1, "{starts} runs wrote into one log");
    let files = bench.files();
    ensure!(files.differing(expected).is_empty(), "{} differ", files.differing(expected).join(", "));
    Ok(if held > 0 { "one winner, the others refused".to_owned() } else { "one winner, too quick to meet".to_owned() })
}

/// While a run goes on, its folder is swapped for a link to somewhere else, again and again.
pub(super) fn link_races(scope: &Scope) -> Result<Tally> {
    let expected = reference(&scope.program, &small_config("adam"))?;
    let rounds: Vec<u64> = (0..scope.count(200, 10)).collect();
    Ok(try_all(scope, "link races", rounds, |round| {
        swap(scope, &expected).map_err(|failure| format!("round {round}: {failure:#}"))
    }))
}

fn swap(scope: &Scope, expected: &Files) -> Result<String> {
    let bench = Bench::new(&scope.program, &small_config("adam"))?;
    let outside = bench.work().join("outside");
    fs_err::create_dir_all(outside.join("checkpoints"))?;
    fs_err::write(outside.join("result.json"), "not yours")?;
    fs_err::create_dir_all(bench.results())?;
    let (run, aside) = (bench.folder(), bench.results().join("aside"));
    let done = AtomicBool::new(false);
    let (ended, swaps) = thread::scope(|scope| -> Result<_> {
        let swapper = scope.spawn(|| {
            let mut swaps = 0;
            while !done.load(Ordering::SeqCst) {
                if fs_err::rename(&run, &aside).is_ok() {
                    let _ = std::os::unix::fs::symlink(&outside, &run);
                    thread::sleep(Duration::from_micros(300));
                    let _ = fs_err::remove_file(&run);
                    let _ = fs_err::rename(&aside, &run);
                    swaps += 1;
                }
                thread::sleep(Duration::from_micros(700));
            }
            swaps
        });
        let ended = bench.run(&ONE_THREAD);
        done.store(true, Ordering::SeqCst);
        let swaps = swapper.join().ok().context("the swapper panicked")?;
        Ok((ended?, swaps))
    })?;
    ensure!(ended.is_orderly(), "ended with {}:\n{}", ended.code, ended.stderr);
    let mut names: Vec<_> = fs_err::read_dir(&outside)?.flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    ensure!(names == ["checkpoints", "result.json"], "something was written outside: {names:?}");
    ensure!(fs_err::read(outside.join("result.json"))? == b"not yours", "a file outside was changed");
    ensure!(fs_err::read_dir(outside.join("checkpoints"))?.next().is_none(), "a checkpoint was written outside");
    // Whatever state the swapping left behind, the folder itself goes on.
    if aside.exists() && !run.exists() {
        fs_err::rename(&aside, &run)?;
    }
    bench.finish(expected).map_err(anyhow::Error::msg)?;
    Ok(match (ended.code, swaps) {
        (_, 0) => "never swapped".to_owned(),
        (0, _) => "done all the same".to_owned(),
        _ => "noticed".to_owned(),
    })
}
