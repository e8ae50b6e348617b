//! This test binary started once more, in the role of another process.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use steadfast_state::{SaveError, Snapshot, StateManager};

use crate::support::{RUN, snapshot};

const ROLE: &str = "STEADFAST_TEST_ROLE";
const RESULTS: &str = "STEADFAST_TEST_RESULTS";
const SUPERVISOR: &str = "STEADFAST_TEST_SUPERVISOR";

/// Marks the lines that are for the parent among those of the test harness.
const MARK: &str = "@@ ";

/// Plays the role that the environment names; without one there is nothing to play.
#[test]
fn role() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let results = std::env::var(RESULTS).unwrap();
    let mut manager = StateManager::new(results).with_orphan_grace(Duration::from_secs(20));
    if let Ok(supervisor) = std::env::var(SUPERVISOR) {
        manager = manager.with_supervisor(supervisor.parse().unwrap());
    }
    match role.as_str() {
        "hold" => hold(&manager),
        "save" => save(&manager),
        "save-until-sure" => save_until_sure(&manager),
        "save-forever" => save_forever(&manager),
        "shuffled" => shuffled(&manager),
        other => panic!("no role {other}"),
    }
}

#[expect(clippy::print_stdout, reason = "the parent reads it")]
fn say(words: impl std::fmt::Display) {
    println!("{MARK}{words}");
}

/// Takes the run and keeps it until standard input ends.
fn hold(manager: &StateManager) {
    match manager.open(RUN) {
        Ok(run) => {
            say("won");
            std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
            drop(run);
        }
        Err(error) => say(error),
    }
}

/// Goes on by one step.
fn save(manager: &StateManager) {
    let mut run = match manager.open(RUN) {
        Ok(run) => run,
        Err(error) => return say(format_args!("not opened: {error}")),
    };
    let step = match run.latest() {
        Ok(recovery) => recovery.snapshot.map_or(0, |snapshot| snapshot.step + 1),
        Err(error) => return say(format_args!("not recovered: {error}")),
    };
    if run.append_metrics([("step", step)].into_iter().collect::<steadfast_state::MetricsRow>()).is_err() {
        say("metrics not written");
    }
    match run.save(&snapshot(step)) {
        Ok(saved) => say(format_args!("saved {}", saved.step)),
        Err(SaveError::NotCommitted { .. }) => say("not committed"),
        Err(SaveError::Uncertain { .. }) => say("uncertain"),
        Err(error) => say(error),
    }
}

/// Goes on by one step; when it is uncertain whether that is safe, saves the same state once more.
fn save_until_sure(manager: &StateManager) {
    let Ok(mut run) = manager.open(RUN) else { return say("not opened") };
    let step = run.latest().unwrap().snapshot.map_or(0, |snapshot| snapshot.step + 1);
    if let Err(SaveError::Uncertain { .. }) = run.save(&snapshot(step)) {
        let saved = run.save(&snapshot(step)).unwrap();
        say(format_args!("at last {} {}", saved.written, saved.path.file_name().unwrap().display()));
    } else {
        say("at once");
    }
}

/// Goes on step by step until killed.
fn save_forever(manager: &StateManager) {
    let mut run = manager.open(RUN).unwrap();
    let start = run.latest().unwrap().snapshot.map_or(0, |snapshot| snapshot.step);
    for step in start + 1.. {
        run.append_metrics([("step", step)].into_iter().collect::<steadfast_state::MetricsRow>()).unwrap();
        run.save(&snapshot(step)).unwrap();
        say(step);
    }
}

/// Saves a state that was put together in another order than the parent's.
fn shuffled(manager: &StateManager) {
    manager.open(RUN).unwrap().save(&many_keys(|keys| keys.reverse())).unwrap();
    say("saved");
}

/// A state with many keys and tensors, put together in the order that `arrange` makes.
pub(crate) fn many_keys(arrange: impl Fn(&mut Vec<u64>)) -> Snapshot {
    let mut keys: Vec<u64> = (0..40).collect();
    arrange(&mut keys);
    let mut whole = snapshot(5);
    let mut state = serde_json::Map::new();
    for key in keys {
        state.insert(format!("key{key}"), serde_json::json!({"value": key as f64 / 3.0}));
        let tensor = whole.tensors["model.fc.weight"].clone();
        whole.tensors.insert(format!("tensor{key}"), tensor);
    }
    whole.state = state.into();
    whole
}

/// Another process in a role.
pub(crate) struct Other {
    process: Child,
    lines: BufReader<ChildStdout>,
}

/// Prepares this binary for a role; the command may be wrapped before it is started.
pub(crate) fn command(role: &str, results: &Path, wrapper: &[&str]) -> Command {
    let own = std::env::current_exe().unwrap();
    let mut command = match wrapper {
        [] => Command::new(own),
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments).arg(own);
            command
        }
    };
    command.args(["child::role", "--exact", "--nocapture", "--test-threads=1"]);
    command.env(ROLE, role).env(RESULTS, results).env_remove(SUPERVISOR);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

impl Other {
    pub(crate) fn start(role: &str, results: &Path) -> Self {
        Self::from_command(&mut command(role, results, &[]))
    }

    /// Starts a worker that believes to work for the process with this number.
    pub(crate) fn start_worker(role: &str, results: &Path, supervisor: u32) -> Self {
        Self::from_command(command(role, results, &[]).env(SUPERVISOR, supervisor.to_string()))
    }

    pub(crate) fn from_command(command: &mut Command) -> Self {
        let mut process = command.spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap());
        Self { process, lines }
    }

    /// The next thing it says; nothing once it has ended.
    pub(crate) fn next_words(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            // The harness prints the name of the test without a line end in front of what the test prints.
            if let Some((_, words)) = line.trim_end().split_once(MARK) {
                return Some(words.to_owned());
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// `kill -9`, and waits for the end.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Ends its standard input and waits for it.
    pub(crate) fn finish(mut self) {
        drop(self.process.stdin.take());
        self.process.wait().unwrap();
    }
}
