//! TensorBoard and MLflow while runs go on: a thread beside the queue that reads what was saved and passes it on.
//!
//! The training never waits for it and never hears of it. What waits to be told is a set of names, so the queue is no
//! longer than the batch; whoever comes late is told everything at once, since telling a run twice changes nothing.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use steadfast_experiment::{Event, Observer, one_line};
use steadfast_interop::Mlflow;
use steadfast_state::StateManager;

use crate::console::Console;
use crate::tracked;

/// How long one request to a server may take.
const REQUEST_LIMIT: Duration = Duration::from_secs(5);

/// After a failure a server is left alone for so long.
const PAUSE: Duration = Duration::from_secs(15);

/// A run that saves all the time is told no more often than this.
const INTERVAL: Duration = Duration::from_secs(1);

/// How long the end of the batch waits for what is still to be told.
const LAST_WORDS: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Args)]
pub(crate) struct TrackerArgs {
    /// Write event files for TensorBoard while training; then: `tensorboard --logdir results`.
    #[arg(long)]
    pub(crate) tensorboard: bool,
    /// Tell a tracking server of MLflow, such as `http://localhost:5000`; a run never waits for it.
    #[arg(long, value_name = "URL")]
    pub(crate) mlflow: Option<String>,
    /// The experiment of MLflow that runs go into.
    #[arg(long, value_name = "NAME", default_value = "Steadfast")]
    pub(crate) mlflow_experiment: String,
}

impl TrackerArgs {
    /// What cannot work, before anything is run.
    pub(crate) fn problem(&self) -> Option<String> {
        let server = self.server()?;
        server.err().map(|error| format!("--mlflow: {error}"))
    }

    fn server(&self) -> Option<Result<Mlflow, steadfast_interop::MlflowError>> {
        self.mlflow.as_ref().map(|url| Mlflow::new(url, &self.mlflow_experiment, REQUEST_LIMIT))
    }
}

/// Everybody who is told.
#[derive(Debug)]
pub(crate) struct Trackers {
    arguments: TrackerArgs,
    state: StateManager,
    console: Console,
    queue: Arc<Queue>,
    ended: Mutex<Option<mpsc::Receiver<()>>>,
}

/// Names of runs of which there is news.
#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    news: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    names: BTreeSet<String>,
    closing: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Trackers {
    pub(crate) fn new(arguments: &TrackerArgs, state: StateManager, console: Console) -> Self {
        let queue = Arc::new(Queue::default());
        Self { arguments: arguments.clone(), state, console, queue, ended: Mutex::new(None) }
    }

    /// Passes events on, and remembers when there is something to tell.
    pub(crate) fn watching<'a>(&'a self, name: &'a str, next: &'a mut dyn Observer) -> Watch<'a> {
        Watch { trackers: self.are_told_of(name).then_some(self), name, next }
    }

    /// A run that has an event file keeps it, whether it was asked for again or not.
    fn are_told_of(&self, name: &str) -> bool {
        self.arguments.tensorboard || self.arguments.mlflow.is_some() || tracked::has_events(&self.state, name)
    }

    /// There is news of a run.
    pub(crate) fn changed(&self, name: &str) {
        if self.are_told_of(name) {
            self.push(name);
        }
    }

    fn push(&self, name: &str) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if ended.is_none() {
            *ended = self.start();
        }
        self.queue.lock().names.insert(name.to_owned());
        self.queue.news.notify_one();
    }

    fn start(&self) -> Option<mpsc::Receiver<()>> {
        let mlflow = self.arguments.server().and_then(Result::ok);
        let teller = Teller {
            state: self.state.clone(),
            console: self.console.clone(),
            tensorboard: self.arguments.tensorboard,
            server: mlflow.map(|client| Server { client, failed_at: None, late: BTreeSet::new() }),
            url: self.arguments.mlflow.clone().unwrap_or_default(),
            has_complained: false,
        };
        let queue = Arc::clone(&self.queue);
        let (sender, receiver) = mpsc::channel();
        let tell = move || {
            teller.run(&queue);
            drop(sender);
        };
        // Without the thread nobody is told, and the runs go on.
        thread::Builder::new().name("trackers".to_owned()).spawn(tell).ok().map(|_| receiver)
    }

    /// Tells what is left, but does not wait for ever.
    pub(crate) fn finish(&self) {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.queue.lock().closing = true;
        self.queue.news.notify_one();
        let Some(ended) = ended else { return };
        if ended.recv_timeout(LAST_WORDS) == Err(mpsc::RecvTimeoutError::Timeout) {
            let url = self.arguments.mlflow.clone().unwrap_or_default();
            self.console.problem(&format!("  not everything has reached {url}; {}", later(&url)));
        }
    }
}

/// What can be done when a server is not there.
fn later(url: &str) -> String {
    format!("`runner export mlflow --url {url}` sends what is missing")
}

/// Stands between a run and its observer.
pub(crate) struct Watch<'a> {
    trackers: Option<&'a Trackers>,
    name: &'a str,
    next: &'a mut dyn Observer,
}

impl Observer for Watch<'_> {
    fn notice(&mut self, event: &Event) {
        self.next.notice(event);
        if let (Some(trackers), Event::Started { .. } | Event::Saved { .. }) = (self.trackers, event) {
            trackers.push(self.name);
        }
    }
}

/// The thread's own.
struct Teller {
    state: StateManager,
    console: Console,
    tensorboard: bool,
    server: Option<Server>,
    url: String,
    has_complained: bool,
}

struct Server {
    client: Mlflow,
    failed_at: Option<Instant>,
    /// Runs that it does not know of yet.
    late: BTreeSet<String>,
}

impl Teller {
    fn run(mut self, queue: &Queue) {
        loop {
            let (names, closing) = wait(queue);
            for name in &names {
                self.tell(name, closing);
            }
            if closing {
                return self.close();
            }
            rest(queue);
        }
    }

    fn tell(&mut self, name: &str, closing: bool) {
        let run = match tracked::read(&self.state, name) {
            Ok(Some(run)) => run,
            Ok(None) => return,
            Err(error) => return self.complain(&one_line(&error)),
        };
        if (self.tensorboard || tracked::has_events(&self.state, name))
            && let Err(error) = tracked::write_events(&self.state, name, &run)
        {
            self.complain(&format!("no event file for TensorBoard: {}", one_line(&error)));
        }
        let Some(server) = &mut self.server else { return };
        let is_resting = server.failed_at.is_some_and(|at| at.elapsed() < PAUSE);
        if is_resting && !closing {
            server.late.insert(name.to_owned());
            return;
        }
        match server.client.sync(&run) {
            Ok(_) => {
                server.failed_at = None;
                server.late.remove(name);
            }
            Err(error) => {
                server.failed_at = Some(Instant::now());
                server.late.insert(name.to_owned());
                let remark = format!("MLflow: {}; the run goes on, {}", one_line(&error), later(&self.url));
                self.complain(&remark);
            }
        }
    }

    /// Once more for those that a server that was away has missed.
    fn close(&mut self) {
        let late = self.server.as_mut().map(|server| std::mem::take(&mut server.late)).unwrap_or_default();
        for name in late {
            self.tell(&name, true);
            if self.server.as_ref().is_some_and(|server| !server.late.is_empty()) {
                return;
            }
        }
    }

    /// Once is enough: it is nobody's work that fails here.
    fn complain(&mut self, message: &str) {
        if !std::mem::replace(&mut self.has_complained, true) {
            self.console.problem(&format!("  {} {message}", self.console.style().warn("not told")));
        }
    }
}

/// Lets news gather, unless the batch is over.
fn rest(queue: &Queue) {
    let until = Instant::now() + INTERVAL;
    let mut waiting = queue.lock();
    while !waiting.closing {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        waiting = queue.news.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner).0;
    }
}

/// Waits for news. Whoever closes gets the rest at once.
fn wait(queue: &Queue) -> (BTreeSet<String>, bool) {
    let mut waiting = queue.lock();
    while waiting.names.is_empty() && !waiting.closing {
        waiting = queue.news.wait(waiting).unwrap_or_else(PoisonError::into_inner);
    }
    (std::mem::take(&mut waiting.names), waiting.closing)
}
