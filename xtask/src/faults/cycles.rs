//! SIGKILL at random moments, to the runner, its worker, or both.

use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Result;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::bench::{Bench, Files, NAME, pid, reference, wait};
use super::cases::{Scope, try_all};
use super::dice::Dice;
use super::tally::Tally;

/// Kills after which a run is left to come to its end, if it has not before.
const KILLS_A_RUN: u64 = 10;

fn config() -> Value {
    json!({
        "name": NAME,
        "model_type": "MLP",
        "dataset_path": "builtin:digits",
        "model": {"hidden": [64]},
        "hyperparams": {"epochs": 6, "batch_size": 32, "lr": 0.01},
        "checkpoint": {"every_steps": 20},
    })
}

/// Kills, restarts and compares until all kills are done.
pub(super) fn random_kills(scope: &Scope) -> Result<Tally> {
    let expected = reference(&scope.program, &config())?;
    let started = Instant::now();
    reference(&scope.program, &config())?;
    let whole = started.elapsed();
    let kills = scope.count(2000, 50);
    let runs: Vec<u64> = (0..kills.div_ceil(KILLS_A_RUN)).collect();
    let runs = try_all(scope, "random kills, in runs", runs, |run| {
        kill_and_finish(scope, run, whole, &expected).map(|kills| kills.to_string())
    });
    // A run can come to its end before all its kills: the kills are counted, not the runs.
    let mut tally = Tally { failures: runs.failures, ..Tally::default() };
    for (done, runs) in runs.ended {
        tally.add_many(done.parse::<u64>().unwrap_or(0) * runs, "killed");
    }
    Ok(tally)
}

fn kill_and_finish(scope: &Scope, run: u64, whole: Duration, expected: &Files) -> Result<u64, String> {
    let mut dice = Dice::new(scope.seed, 1000 + run);
    let mut done = 0;
    while done < KILLS_A_RUN {
        let bench = Bench::new(&scope.program, &config()).map_err(|error| format!("{error:#}"))?;
        done += kill_often(&bench, &mut dice, whole, KILLS_A_RUN - done).map_err(|error| format!("{error:#}"))?;
        let place = |failure| format!("seed {}, run {run}, after {done} kills: {failure}", scope.seed);
        bench.finish(expected).map_err(place)?;
    }
    Ok(done)
}

/// Kills at most `most` starts; fewer if one of them comes to its end.
fn kill_often(bench: &Bench, dice: &mut Dice, whole: Duration, most: u64) -> Result<u64> {
    for kills in 0..most {
        let mut child = bench.start(&[], &[])?;
        let (started, life) = (Instant::now(), whole.mul_f64(dice.below(1000) as f64 / 1000.0));
        while started.elapsed() < life {
            if child.try_wait()?.is_some() {
                return Ok(kills);
            }
            sleep(Duration::from_micros(200));
        }
        kill(dice, &child);
        wait(&mut child, Duration::from_mins(1))?;
    }
    Ok(most)
}

fn kill(dice: &mut Dice, child: &Child) {
    let send = |process: Option<Pid>| process.map(|process| kill_process(process, Signal::KILL));
    let (runner, worker) = (pid(child), worker_of(child));
    match dice.below(3) {
        0 => {
            send(runner);
        }
        1 => {
            send(worker);
            sleep(Duration::from_millis(dice.below(30)));
            send(runner);
        }
        _ => {
            send(runner);
            send(worker);
        }
    }
}

/// The process that trains.
fn worker_of(child: &Child) -> Option<Pid> {
    let text = fs_err::read_to_string(format!("/proc/{0}/task/{0}/children", child.id())).ok()?;
    Pid::from_raw(text.split_whitespace().next()?.parse().ok()?)
}
