//! `runner logs`: all of it, the end of it, and what is still being written.

use std::process::Stdio;

use rustix::process::Signal;
use serde_json::json;

use crate::program::{Bench, ended, send, wait_for};

fn long() -> serde_json::Value {
    json!({"hyperparams": {"epochs": 100_000, "batch_size": 16, "lr": 0.001}})
}

#[test]
fn the_log_is_printed_whole_or_from_its_end() {
    let bench = Bench::new();
    bench.iris("flowers", &json!({}));
    assert_eq!(bench.run(&["configs"]).code, 0);
    let folder = bench.results("flowers");
    let written = fs_err::read_to_string(folder.join("log.txt")).unwrap();
    assert_eq!(bench.run(&["logs", "flowers"]).stdout, written);
    let last: Vec<&str> = written.lines().rev().take(2).collect();
    let shown = bench.run(&["logs", "results/flowers/", "--lines", "2"]);
    assert_eq!(shown.stdout, format!("{}\n{}\n", last[1], last[0]));
    // As if it had been rotated, and somebody had put something into it that steers terminals.
    fs_err::write(folder.join("log.txt.1"), "first\u{1b}[2J\r\n").unwrap();
    let shown = bench.run(&["logs", "flowers"]);
    assert_eq!(shown.stdout, format!("first\\u{{1b}}[2J\n{written}"));
}

#[test]
fn a_name_that_does_not_exist_gets_the_nearest() {
    let bench = Bench::new();
    bench.iris("flowers", &json!({}));
    assert_eq!(bench.run(&["configs"]).code, 0);
    let refused = bench.run(&["logs", "flower"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(refused.stderr, @"error: there is no run `flower` in results; did you mean `flowers`?");
}

#[test]
fn a_log_is_followed_until_its_run_ends() {
    let bench = Bench::new();
    bench.iris("flowers", &long());
    let run = bench.start(&["configs"]);
    wait_for("a log", || bench.results("flowers").join("log.txt").exists().then_some(()));
    let follower = bench.start(&["logs", "flowers", "-f"]);
    wait_for("an epoch", || bench.results("flowers").join("metrics.jsonl").exists().then_some(()));
    send(&run, Signal::TERM);
    assert_eq!(run.wait_with_output().unwrap().status.code(), Some(143));
    let told = ended(&follower.wait_with_output().unwrap());
    assert_eq!(told.code, 0, "{}", told.stderr);
    assert_eq!(told.stdout, bench.run(&["logs", "flowers"]).stdout);
    // A run that is over is not waited for.
    let again = bench.run(&["logs", "flowers", "-f", "--lines", "1"]);
    assert_eq!((again.code, again.stdout.lines().count()), (0, 1));
}

#[test]
fn ctrl_c_and_a_closed_pipe_end_the_following_and_not_the_run() {
    let bench = Bench::new();
    bench.iris("flowers", &long());
    let run = bench.start(&["configs"]);
    wait_for("a log", || bench.run(&["logs", "flowers", "--lines", "1"]).stdout.contains('\n').then_some(()));
    let mut follower = bench.command(&["logs", "flowers", "-f"]);
    let mut follower = follower.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    // Its first line tells that it listens.
    let mut first = [0];
    std::io::Read::read_exact(follower.stdout.as_mut().unwrap(), &mut first).unwrap();
    send(&follower, Signal::INT);
    assert_eq!(follower.wait().unwrap().code(), Some(0));
    let mut closed = bench.command(&["logs", "flowers", "-f"]);
    let mut closed = closed.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    drop(closed.stdout.take());
    assert_eq!(closed.wait().unwrap().code(), Some(0));
    let listed = bench.run(&["list"]).stdout;
    assert!(listed.contains("running"), "{listed}");
    send(&run, Signal::TERM);
    run.wait_with_output().unwrap();
}
