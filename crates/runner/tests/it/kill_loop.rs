//! The promise: killed at any moment, any number of times, the bytes at the end are the same.

#![expect(clippy::print_stdout, reason = "the hashes are shown with --nocapture")]

use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};
use steadfast_testkit::{Dice, RunFiles};

use crate::program::{Bench, repository, send, worker_of};

/// A number from the environment.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(default)
}

/// Another seed kills at other moments.
fn seed() -> u64 {
    setting("STEADFAST_SEED", 1)
}

/// Kills of each experiment.
fn wanted_kills() -> u64 {
    setting("STEADFAST_KILLS", 10)
}

#[test]
fn digits_cnn_survives_kills() {
    survive("digits-cnn");
}

#[test]
fn digits_mlp_survives_kills() {
    survive("digits-mlp");
}

#[test]
fn iris_linear_survives_kills() {
    survive("iris-linear");
}

/// Trains one of the default experiments without interruption, then kills it again and again, and compares the bytes.
fn survive(name: &str) {
    let config = repository().join(format!("configs/{name}.json"));
    let config = config.to_str().unwrap();
    let reference = Bench::new();
    let started = Instant::now();
    assert_eq!(reference.run(&[config]).code, 0);
    let mut whole = started.elapsed();
    let expected = reference.files(name);
    assert!(expected.is_complete());

    let mut dice = Dice::new(seed());
    let (mut kills, mut runs) = (0, 0);
    // A run that comes to its end between two kills is compared, and another one takes its place.
    while kills < wanted_kills() {
        let bench = Bench::new();
        let (killed, uninterrupted) = kill_until_done(&bench, config, &mut dice, whole, wanted_kills() - kills);
        // A busy machine made the reference slow: kills aimed at its length would miss the runs.
        whole = whole.min(uninterrupted.unwrap_or(whole));
        kills += killed;
        runs += 1;
        let last = bench.run(&[config]);
        assert_eq!(last.code, 0, "seed {}, after {kills} kills: {}", seed(), last.stderr);
        assert_eq!(bench.files(name).differing(&expected), [""; 0], "{name}, seed {}", seed());
    }
    println!("{name}: {kills} kills in {runs} runs, seed {}; every run ended with", seed());
    print_hashes(name, &expected);
}

/// Starts and kills at random moments, at most `most` times, until a start comes to its end. Returns the kills, and
/// the time of a run that was not killed at all.
fn kill_until_done(
    bench: &Bench,
    config: &str,
    dice: &mut Dice,
    whole: Duration,
    most: u64,
) -> (u64, Option<Duration>) {
    for kills in 0..most {
        let mut child = bench.command(&[config]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let (started, life) = (Instant::now(), whole.mul_f64(dice.below(1000) as f64 / 1000.0));
        while started.elapsed() < life {
            if child.try_wait().unwrap().is_some() {
                return (kills, (kills == 0).then(|| started.elapsed()));
            }
            sleep(Duration::from_millis(1));
        }
        kill(dice, &child);
        child.wait().unwrap();
    }
    (most, None)
}

/// Kills the program, its worker, or both.
fn kill(dice: &mut Dice, child: &Child) {
    let worker = worker_of(child);
    match (dice.below(3), worker) {
        (0, _) | (_, None) => send(child, Signal::KILL),
        (1, Some(worker)) => {
            // The program would say that the worker was killed, and end: it dies a moment later.
            let _ = kill_process(worker, Signal::KILL);
            sleep(Duration::from_millis(dice.below(30)));
            send(child, Signal::KILL);
        }
        (_, Some(worker)) => {
            send(child, Signal::KILL);
            let _ = kill_process(worker, Signal::KILL);
        }
    }
}

fn print_hashes(name: &str, files: &RunFiles) {
    for file in ["model_last.safetensors", "metrics.jsonl"] {
        println!("{}  {name}/{file}", steadfast_config::sha256_hex(files.get(file).unwrap()));
    }
}
