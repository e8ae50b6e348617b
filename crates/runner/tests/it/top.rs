//! `runner top` on a real terminal: it shows what runs, leaves with a key, and gives the terminal back as it was.

use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::thread;

use rustix::process::Signal;
use rustix::termios::{LocalModes, tcgetattr};
use serde_json::json;

use crate::program::{Bench, send, wait_for};
use crate::pty::terminal;

/// A terminal and the program on it.
struct Screen {
    ours: fs_err::File,
    theirs: OwnedFd,
    child: Child,
    shown: mpsc::Receiver<Vec<u8>>,
    text: String,
}

impl Screen {
    fn start(bench: &Bench, arguments: &[&str]) -> Self {
        let (ours, theirs, child) = on_a_terminal(bench, arguments);
        let mut reading = ours.try_clone().unwrap();
        let (sender, shown) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = reading.read(&mut bytes) {
                let _ = sender.send(bytes[..read].to_vec());
            }
        });
        Self { ours, theirs, child, shown, text: String::new() }
    }

    fn wait_for(&mut self, what: &str) {
        wait_for(what, || {
            self.text.extend(self.shown.try_iter().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
            self.text.contains(what).then_some(())
        });
    }

    fn is_raw(&self) -> bool {
        !tcgetattr(&self.theirs).unwrap().local_modes.contains(LocalModes::ICANON | LocalModes::ECHO)
    }
}

/// The program on a new terminal: the near end, the far end, and the process.
fn on_a_terminal(bench: &Bench, arguments: &[&str]) -> (fs_err::File, OwnedFd, Child) {
    let (ours, theirs) = terminal(80);
    let end = || Stdio::from(theirs.try_clone().unwrap());
    let mut command = bench.command(arguments);
    command.env_remove("NO_COLOR").env("TERM", "xterm-256color").stdin(end()).stdout(end()).stderr(end());
    let child = command.spawn().unwrap();
    (ours, theirs, child)
}

const ENTERED: &str = "\u{1b}[?1049h";
const LEFT: &str = "\u{1b}[?1049l";

#[test]
fn it_shows_a_run_and_leaves_it_alone() {
    let bench = Bench::new();
    bench.iris("flowers", &json!({"hyperparams": {"epochs": 100_000, "batch_size": 16, "lr": 0.001}}));
    bench.iris("last", &json!({}));
    let run = bench.start(&["configs", "-q"]);
    wait_for("an epoch", || bench.results("flowers").join("metrics.jsonl").exists().then_some(()));
    for leave in ["q", "\u{3}"] {
        let mut screen = Screen::start(&bench, &["top"]);
        for what in [ENTERED, "flowers", "samples/s", "waiting", "loss", "quit"] {
            screen.wait_for(what);
        }
        assert!(screen.is_raw());
        screen.ours.write_all(leave.as_bytes()).unwrap();
        screen.wait_for(LEFT);
        assert_eq!(screen.child.wait().unwrap().code(), Some(0));
        assert!(!screen.is_raw());
    }
    let mut screen = Screen::start(&bench, &["top"]);
    screen.wait_for("quit");
    send(&screen.child, Signal::TERM);
    screen.wait_for(LEFT);
    assert_eq!(screen.child.wait().unwrap().code(), Some(0));
    let listed = bench.run(&["list"]).stdout;
    assert!(listed.contains("running"), "{listed}");
    send(&run, Signal::TERM);
    assert_eq!(run.wait_with_output().unwrap().status.code(), Some(143));
    let left: Vec<_> =
        fs_err::read_dir(bench.path().join("results")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["flowers"], "nothing is left beside the runs");
}

#[test]
fn off_a_terminal_it_says_what_to_use() {
    let ended = Bench::new().run(&["top"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(ended.stderr, @"error: `top` needs a terminal; `runner list` prints the same once");
}

#[test]
fn the_runs_of_a_sweep_wait_in_its_queue() {
    let bench = Bench::new();
    let base = json!({"model_type": "Linear", "dataset_path": "builtin:iris",
        "hyperparams": {"epochs": 100_000, "batch_size": 16, "lr": 0.001}});
    let sweep = json!({"name": "rates", "base": base, "grid": {"hyperparams.lr": [0.1, 0.01]}});
    bench.write("rates.json", format!("{sweep:#}\n"));
    let run = bench.start(&["sweep", "rates.json", "-q"]);
    wait_for("a run", || bench.results("rates").join("sweep.json").exists().then_some(()));
    let mut screen = Screen::start(&bench, &["top"]);
    // Both in the list on the left, and the first one on the right.
    for what in ["1 running", "1 waiting", "rates/lr-0.1", "rates/lr-0.01", "samples/s"] {
        screen.wait_for(what);
    }
    screen.ours.write_all(b"q").unwrap();
    screen.wait_for(LEFT);
    send(&run, Signal::TERM);
    assert_eq!(run.wait_with_output().unwrap().status.code(), Some(143));
    let names = fs_err::read_dir(bench.path().join("results")).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.collect::<Vec<_>>(), ["rates"]);
}

#[test]
fn it_ends_with_its_terminal() {
    let bench = Bench::new();
    let (mut ours, theirs, mut child) = on_a_terminal(&bench, &["top"]);
    let (mut text, mut bytes) = (String::new(), [0; 4096]);
    while !text.contains("quit") {
        let read = ours.read(&mut bytes).unwrap();
        text.push_str(&String::from_utf8_lossy(&bytes[..read]));
    }
    drop((ours, theirs));
    let ended = wait_for("the end", || child.try_wait().unwrap());
    assert_eq!(ended.code(), Some(0));
}
