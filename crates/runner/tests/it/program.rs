//! Starting the real binary in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use steadfast_testkit::RunFiles;

/// The repository's own configs.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A folder with configs and results.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
}

/// What a finished program printed, and its exit code; -1 for a signal.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file and returns its name.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(&path, text).unwrap();
        path
    }

    /// Writes a config that trains in well under a second; `fields` are merged into it.
    pub(crate) fn iris(&self, name: &str, fields: &Value) -> PathBuf {
        let mut config = serde_json::json!({
            "name": name,
            "model_type": "Linear",
            "dataset_path": "builtin:iris",
            "hyperparams": {"epochs": 3, "batch_size": 16, "lr": 0.01},
        });
        for (key, value) in fields.as_object().unwrap() {
            config[key] = value.clone();
        }
        self.write(&format!("configs/{name}.json"), format!("{config:#}\n"))
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_runner"));
        command
            .current_dir(self.path())
            .args(arguments)
            .env_remove("RAYON_NUM_THREADS")
            .env("RAYON_NUM_THREADS", "2")
            .stdin(Stdio::null());
        command
    }

    /// Runs to the end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        ended(&self.command(arguments).output().unwrap())
    }

    /// Starts and does not wait.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    pub(crate) fn results(&self, name: &str) -> PathBuf {
        self.path().join("results").join(name)
    }

    pub(crate) fn files(&self, name: &str) -> RunFiles {
        RunFiles::read(&self.results(name))
    }

    pub(crate) fn result(&self, name: &str) -> Value {
        serde_json::from_slice(&fs_err::read(self.results(name).join("result.json")).unwrap()).unwrap()
    }
}

pub(crate) fn ended(output: &Output) -> Ended {
    Ended {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Sends a signal to a process that was started here.
pub(crate) fn send(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// The worker of a running program, once there is one.
pub(crate) fn worker_of(child: &Child) -> Option<Pid> {
    let path = format!("/proc/{0}/task/{0}/children", child.id());
    let text = fs_err::read_to_string(path).ok()?;
    Pid::from_raw(text.split_whitespace().next()?.parse().ok()?)
}

/// Waits until something is true; gives up after a minute.
pub(crate) fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited too long for {what}");
        sleep(Duration::from_millis(2));
    }
}

/// Replaces what differs from run to run.
pub(crate) fn stable(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let mut kept = Vec::with_capacity(words.len());
        for (index, word) in words.iter().enumerate() {
            let next = words.get(index + 1).copied().unwrap_or_default();
            let is_number = word.chars().all(|c| c.is_ascii_digit() || c == ',' || c == '.') && !word.is_empty();
            kept.push(if is_number && matches!(next, "s" | "s," | "samples/s" | "min") { "N" } else { word });
        }
        out.push_str(kept.join(" ").trim_end());
        out.push('\n');
    }
    out
}
