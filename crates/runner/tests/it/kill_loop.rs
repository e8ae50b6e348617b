//! The promise: killed at any moment, any number of times, the bytes at the end are the same.

use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};
use steadfast_testkit::Dice;

use crate::program::{Bench, repository, send, worker_of};

const EXPERIMENTS: [&str; 3] = ["digits-cnn", "digits-mlp", "iris-linear"];
const KILLS: u32 = 10;

#[test]
fn the_default_experiments_survive_ten_kills() {
    let configs = repository().join("configs");
    let configs = configs.to_str().unwrap();
    let reference = Bench::new();
    let started = Instant::now();
    assert_eq!(reference.run(&[configs]).code, 0);
    let whole = started.elapsed();

    let bench = Bench::new();
    let seed = std::env::var("STEADFAST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let mut dice = Dice::new(seed);
    let mut kills = 0;
    while kills < KILLS {
        // Ten kills are spread over the run: each start lives for about a sixth of what is needed.
        let life = whole.mul_f64(dice.below(1000) as f64 / 1000.0 / 3.0);
        let mut child = bench.command(&[configs]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        sleep(life);
        if child.try_wait().unwrap().is_some() {
            break;
        }
        kill(&mut dice, &child);
        child.wait().unwrap();
        kills += 1;
    }
    let last = bench.run(&[configs]);
    assert_eq!(last.code, 0, "seed {seed}, after {kills} kills: {}", last.stderr);

    println!("seed {seed}: {kills} kills, {:.1} s for an uninterrupted run", whole.as_secs_f64());
    for name in EXPERIMENTS {
        let files = bench.files(name);
        for file in ["model_last.safetensors", "metrics.jsonl"] {
            println!("{}  {name}/{file}", steadfast_config::sha256_hex(files.get(file).unwrap()));
        }
        assert!(files.is_complete());
        assert_eq!(files.differing(&reference.files(name)), [""; 0], "{name}, seed {seed}");
    }
    assert!(kills >= KILLS / 2, "only {kills} kills: the machine is too fast for this schedule");
}

/// Kills the program, its worker, or both.
fn kill(dice: &mut Dice, child: &std::process::Child) {
    let worker = worker_of(child);
    match (dice.below(3), worker) {
        (0, _) | (_, None) => send(child, Signal::KILL),
        (1, Some(worker)) => {
            // The program would go on with the next experiment: it dies, too, a moment later.
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
