//! A worker process: started, listened to, and understood when it dies.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::{env, io};

use rustix::process::Pid;
use steadfast_experiment::{ExperimentFactory, FailureClass, Observer};

use crate::console::Console;
use crate::message::{Ending, LogRequest, Message, Request};
use crate::signals::Stop;
use crate::worker;

/// How experiments are started.
#[derive(Debug, Clone)]
pub(crate) struct Launcher<'a> {
    pub(crate) factory: &'a ExperimentFactory,
    pub(crate) console: Console,
    pub(crate) threads: usize,
    pub(crate) log: LogRequest,
}

impl Launcher<'_> {
    /// Runs the experiment in this process.
    pub(crate) fn run_here(&self, request: &Request, observer: &mut dyn Observer, stop: &Stop) -> Ending {
        worker::run(self.factory, request, observer, stop)
    }

    /// Runs the experiment in a process of its own, so that whatever kills it kills nothing else.
    pub(crate) fn run_process(&self, request: &Request, observer: &mut dyn Observer, stop: &Stop) -> Ending {
        let child = match self.start(request) {
            Ok(child) => child,
            Err(error) => {
                let reason = format!("the worker process could not be started: {error}");
                return Ending::Failed { class: FailureClass::Other, reason };
            }
        };
        stop.watch(i32::try_from(child.id()).ok().and_then(Pid::from_raw));
        let ending = self.listen(child, observer, stop);
        stop.watch(None);
        ending
    }

    fn start(&self, request: &Request) -> io::Result<Child> {
        let program: PathBuf = env::current_exe()?;
        let mut child = Command::new(program)
            .arg("worker")
            // Read once by the thread pool; candle would otherwise read /proc/cpuinfo for every product.
            .env("RAYON_NUM_THREADS", self.threads.to_string())
            // candle's own second pool would otherwise spin beside the one that computes.
            .env("CANDLE_BARRIER_POOL_SPIN_LIMIT", "1")
            // Memory that one step gives back is what the next one asks for: it stays for ten seconds (in milliseconds).
            .env("MIMALLOC_PURGE_DELAY", "10000")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Its own group: Ctrl-C at the terminal reaches the supervisor only, which passes it on.
            .process_group(0)
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // A worker that died already is understood by its exit status.
            let _ = stdin.write_all(&serde_json::to_vec(request)?);
        }
        Ok(child)
    }

    /// Shows what the worker says until it ends.
    fn listen(&self, mut child: Child, observer: &mut dyn Observer, stop: &Stop) -> Ending {
        let complaints = child.stderr.take().map(|stderr| self.pass_on(stderr));
        let mut ending = None;
        if let Some(stdout) = child.stdout.take() {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                match serde_json::from_str(&line) {
                    Ok(Message::Event { event }) => observer.notice(&event),
                    Ok(Message::Ended { ending: told }) => ending = Some(told),
                    // An experiment that prints: shown, not understood.
                    Err(_) => self.console.line(&line),
                }
            }
        }
        // The number may be given to another process once this one is waited for.
        stop.watch(None);
        let status = child.wait();
        let last_words = complaints.and_then(|complaints| complaints.recv().ok()).unwrap_or_default();
        ending.unwrap_or_else(|| unexpected_end(status.ok(), &last_words))
    }

    /// Shows the worker's standard error above the bar; the receiver gets its last line at the end.
    fn pass_on(&self, stderr: impl io::Read + Send + 'static) -> mpsc::Receiver<String> {
        let (sender, receiver) = mpsc::channel();
        let console = self.console.clone();
        let passing = move || {
            let mut last = String::new();
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                console.problem(&line);
                if !line.trim().is_empty() {
                    last = line;
                }
            }
            // Nobody waits if the supervisor is quitting.
            let _ = sender.send(last);
        };
        // Without the thread the lines are lost, not the run.
        let _ = thread::Builder::new().name("worker-stderr".to_owned()).spawn(passing);
        receiver
    }
}

/// What it means that a worker ended without a word.
fn unexpected_end(status: Option<ExitStatus>, last_words: &str) -> Ending {
    let words = if last_words.is_empty() { String::new() } else { format!(": {last_words}") };
    let (class, reason) = match status.and_then(|status| status.signal()) {
        Some(9) => (FailureClass::Killed, format!("the process was killed by signal 9 (out of memory?){words}")),
        Some(6) if last_words.contains("memory allocation") => {
            (FailureClass::OutOfMemory, format!("memory ran out{words}"))
        }
        Some(signal) => (FailureClass::Killed, format!("the process was killed by signal {signal}{words}")),
        None => {
            let code = status.and_then(|status| status.code()).map_or("unknown".to_owned(), |code| code.to_string());
            (FailureClass::Other, format!("the worker process ended with code {code} and no result{words}"))
        }
    };
    Ending::Failed { class, reason }
}
