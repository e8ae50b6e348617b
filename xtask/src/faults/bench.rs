//! A throw-away folder with one config in it, and the runner at work there.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A start that takes longer hangs.
const TIME_LIMIT: Duration = Duration::from_mins(1);

/// The name of the experiment in every bench.
pub(super) const NAME: &str = "run";

/// Files that have to be equal byte by byte however a run was disturbed.
const COMPARED: [&str; 5] =
    ["config.json", "metrics.jsonl", "result.json", "model_best.safetensors", "model_last.safetensors"];

/// The built runner, and which bad variant is switched on in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Program {
    pub(super) runner: PathBuf,
    pub(super) planted: Option<&'static str>,
}

/// A throw-away folder.
pub(super) struct Bench {
    work: TempDir,
    results: PathBuf,
    program: Program,
}

/// How a start ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// The exit code, or minus the number of the signal.
    pub(super) code: i32,
    pub(super) stderr: String,
}

impl Bench {
    /// A bench whose results lie beside its config.
    pub(super) fn new(program: &Program, config: &Value) -> Result<Self> {
        let mut bench = Self::with_results(program, config, PathBuf::new())?;
        bench.results = bench.work.path().join("results");
        Ok(bench)
    }

    /// A bench whose results lie elsewhere, as on a disk of their own.
    pub(super) fn with_results(program: &Program, config: &Value, results: PathBuf) -> Result<Self> {
        let work = tempfile::Builder::new().prefix("steadfast-faults-").tempdir()?;
        fs_err::write(work.path().join("run.json"), format!("{config:#}\n"))?;
        Ok(Self { work, results, program: program.clone() })
    }

    pub(super) fn work(&self) -> &Path {
        self.work.path()
    }

    pub(super) fn results(&self) -> &Path {
        &self.results
    }

    /// The folder of the run.
    pub(super) fn folder(&self) -> PathBuf {
        self.results.join(NAME)
    }

    /// The runner on this bench's config, not started yet; behind `before`, such as a tracer.
    pub(super) fn command(&self, before: &[String], options: &[&str]) -> Command {
        let words = before.iter().map(String::as_str).chain(self.program.runner.to_str());
        let mut words = words.collect::<Vec<_>>().into_iter();
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).args(["run.json", "--results"]).arg(&self.results).args(options);
        self.prepare(&mut command);
        command
    }

    /// The same surroundings for every process.
    fn prepare(&self, command: &mut Command) {
        command
            .current_dir(self.work.path())
            .env_remove("RUST_BACKTRACE")
            .env_remove("RAYON_NUM_THREADS")
            .env("GIT_CEILING_DIRECTORIES", "/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            // Its own group, so that whatever hangs can be ended with all its children.
            .process_group(0);
        if let Some(planted) = self.program.planted {
            command.env("STEADFAST_PLANTED", planted);
        }
    }

    /// Starts, with what it says going to a file.
    pub(super) fn start(&self, before: &[String], options: &[&str]) -> Result<Child> {
        let stderr = fs_err::File::create(self.stderr())?.into_parts().0;
        let mut command = self.command(before, options);
        command.stderr(stderr).spawn().with_context(|| format!("failed to start {command:?}"))
    }

    /// Runs to the end; a start that hangs is killed and ends with code -9.
    pub(super) fn run_behind(&self, before: &[String], options: &[&str]) -> Result<Ended> {
        let mut child = self.start(before, options)?;
        let status = wait(&mut child, TIME_LIMIT)?;
        self.ended(status)
    }

    /// Runs to the end.
    pub(super) fn run(&self, options: &[&str]) -> Result<Ended> {
        self.run_behind(&[], options)
    }

    /// What a process that has ended said.
    pub(super) fn ended(&self, status: ExitStatus) -> Result<Ended> {
        let code = status.code().unwrap_or_else(|| -status.signal().unwrap_or(0));
        Ok(Ended { code, stderr: String::from_utf8_lossy(&fs_err::read(self.stderr())?).into_owned() })
    }

    pub(super) fn stderr(&self) -> PathBuf {
        self.work.path().join("stderr.txt")
    }

    /// The compared files that are there.
    pub(super) fn files(&self) -> Files {
        let read = |name: &'static str| fs_err::read(self.folder().join(name)).ok().map(|bytes| (name, bytes));
        Files(COMPARED.into_iter().filter_map(read).collect())
    }

    /// Steps of the newest valid checkpoint, as `runner list` sees it.
    pub(super) fn saved_step(&self) -> Result<Option<u64>> {
        let mut command = Command::new(&self.program.runner);
        self.prepare(&mut command);
        let output =
            command.args(["list", "--json", "--results"]).arg(&self.results).stdout(Stdio::piped()).output()?;
        let runs: Value = serde_json::from_slice(&output.stdout)
            .with_context(|| format!("`runner list` said {}", String::from_utf8_lossy(&output.stderr)))?;
        Ok(runs.as_array().into_iter().flatten().find(|run| run["name"] == NAME).and_then(|run| run["step"].as_u64()))
    }

    /// Runs undisturbed and compares the end with that of a run that never was disturbed.
    pub(super) fn finish(&self, expected: &Files) -> Result<String, String> {
        let ended = self.run(&[]).map_err(|error| format!("{error:#}"))?;
        if ended.code != 0 {
            return Err(format!("the next start ended with {}:\n{}", ended.code, ended.stderr));
        }
        match self.files().differing(expected).as_slice() {
            [] => Ok(ended.how_it_began().to_owned()),
            differing => Err(format!("{} differ after\n{}", differing.join(", "), ended.stderr)),
        }
    }
}

impl Ended {
    /// Where the start went on from.
    pub(super) fn how_it_began(&self) -> &'static str {
        if self.stderr.contains("resumed") {
            "resumed"
        } else if self.stderr.contains("already complete") {
            "complete"
        } else {
            "from the start"
        }
    }

    /// The last step that was told to be saved; asked for with `-v`.
    pub(super) fn acknowledged(&self) -> Option<u64> {
        self.stderr.lines().filter_map(acknowledged).max()
    }

    /// Whether the program ended as it may when something outside of it fails: with a message and a code of its own.
    pub(super) fn is_orderly(&self) -> bool {
        (0..=6).contains(&self.code) && !self.stderr.contains("panicked")
    }
}

/// The step of a line that says that a checkpoint is safe.
pub(super) fn acknowledged(line: &str) -> Option<u64> {
    let name = line.split("saved step-").nth(1)?;
    name.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

/// The compared files of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Files(BTreeMap<&'static str, Vec<u8>>);

impl Files {
    /// Names of those that differ.
    pub(super) fn differing(&self, other: &Self) -> Vec<&'static str> {
        COMPARED.into_iter().filter(|name| self.0.get(name) != other.0.get(name)).collect()
    }
}

/// The files of a run that nothing disturbs.
pub(super) fn reference(program: &Program, config: &Value) -> Result<Files> {
    reference_with(program, config, &[])
}

/// The same with options.
pub(super) fn reference_with(program: &Program, config: &Value, options: &[&str]) -> Result<Files> {
    let bench = Bench::new(program, config)?;
    let ended = bench.run(options)?;
    anyhow::ensure!(ended.code == 0, "an undisturbed run ended with {}:\n{}", ended.code, ended.stderr);
    let files = bench.files();
    anyhow::ensure!(files.0.len() == COMPARED.len(), "an undisturbed run left only {:?}", files.0.keys());
    Ok(files)
}

/// Three epochs of nine steps, done in a few hundredths of a second.
pub(super) fn small_config(optimizer: &str) -> Value {
    json!({
        "name": NAME,
        "model_type": "Linear",
        "dataset_path": "builtin:iris",
        "hyperparams": {"epochs": 3, "batch_size": 16, "lr": 0.01, "optimizer": optimizer},
    })
}

/// Some two hundred steps with a checkpoint at every few of them, so that whatever happens has something to hit.
pub(super) fn busy_config() -> Value {
    json!({
        "name": NAME,
        "model_type": "MLP",
        "dataset_path": "builtin:digits",
        "model": {"hidden": [128]},
        "hyperparams": {"epochs": 6, "batch_size": 64, "lr": 0.01},
        "checkpoint": {"every_steps": 5},
    })
}

/// A run whose acknowledged saves are heard as they come.
pub(super) struct Heard {
    pub(super) child: Child,
    saves: Receiver<u64>,
    reader: JoinHandle<String>,
}

impl Bench {
    /// Starts with `-v` and listens.
    pub(super) fn listen(&self, options: &[&str]) -> Result<Heard> {
        let mut command = self.command(&[], options);
        let mut child = command.arg("-v").stderr(Stdio::piped()).spawn().context("failed to start the runner")?;
        let (sender, saves) = mpsc::channel();
        let stderr = child.stderr.take().context("no standard error")?;
        let reader = thread::spawn(move || {
            let mut text = String::new();
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if let Some(step) = acknowledged(&line) {
                    let _ = sender.send(step);
                }
                text.push_str(&line);
                text.push('\n');
            }
            text
        });
        Ok(Heard { child, saves, reader })
    }
}

impl Heard {
    /// Waits for so many saves; the step of the last one.
    pub(super) fn saves(&self, number: u64) -> Option<u64> {
        (0..number).map_while(|_| self.saves.recv_timeout(TIME_LIMIT).ok()).last()
    }

    /// The newest save that was heard by now and not asked for.
    pub(super) fn newest(&self) -> Option<u64> {
        self.saves.try_iter().last()
    }

    /// Waits for the end.
    pub(super) fn finish(mut self) -> Result<Ended> {
        let status = wait(&mut self.child, TIME_LIMIT)?;
        let code = status.code().unwrap_or_else(|| -status.signal().unwrap_or(0));
        Ok(Ended { code, stderr: self.reader.join().unwrap_or_default() })
    }
}

/// Waits for the end; after the time limit the whole group is killed.
pub(super) fn wait(child: &mut Child, limit: Duration) -> Result<ExitStatus> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if started.elapsed() > limit {
            if let Some(group) = pid(child) {
                let _ = kill_process_group(group, Signal::KILL);
            }
            return Ok(child.wait()?);
        }
        sleep(Duration::from_millis(1));
    }
}

pub(super) fn pid(child: &Child) -> Option<Pid> {
    Pid::from_raw(i32::try_from(child.id()).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledged_step_is_read_from_its_line() {
        let line = "2026-11-24T00:00:00Z  INFO run: saved step-000000000018.safetensors step=18 bytes=100";
        assert_eq!(acknowledged(line), Some(18));
        assert_eq!(acknowledged("saved step-000000000018-2.safetensors"), Some(18));
        assert_eq!(acknowledged("saving step=18"), None);
    }
}
