//! The runs of a proof: one whole, the others killed.

use std::path::{Path, PathBuf};
use std::time::Instant;

use indicatif::ProgressBar;
use serde_json::Value;
use steadfast_experiment::{Event, FailureClass, Observer, RunResult, StopSignal, one_line};
use steadfast_state::StateManager;
use tempfile::TempDir;

use super::compare::{Compared, compare};
use super::outcome::{Outcome, Verdict};
use super::schedule::{KINDS, Schedule};
use crate::args::{ResumeMode, VerifyArgs};
use crate::batch::Queued;
use crate::console::Console;
use crate::exit_code::Exit;
use crate::fingerprint::made_by;
use crate::message::{Ending, Request};
use crate::number::{duration, plural};
use crate::process::Launcher;
use crate::signals::Stop;
use crate::step_watch::{Strike, has_unfinished_write};

/// Runs may end before all their kills came; more than this many runs is a sign that none ever hits.
const MOST_RUNS: u64 = 1000;

/// Everything that a proof works with.
pub(super) struct Proof<'a> {
    pub(super) launcher: Launcher<'a>,
    pub(super) environment: Value,
    pub(super) arguments: &'a VerifyArgs,
    pub(super) console: Console,
    pub(super) stop: Stop,
}

/// Why a proof ends early.
type Early = Verdict;

/// What a worker said of its saves.
#[derive(Debug, Default)]
struct Saves {
    started_at: Option<u64>,
    acknowledged: Option<u64>,
}

impl Observer for Saves {
    fn notice(&mut self, event: &Event) {
        match event {
            Event::Started { step, .. } => self.started_at = Some(*step),
            Event::Saved { step, .. } => self.acknowledged = Some(*step),
            _ => {}
        }
    }
}

impl Proof<'_> {
    /// Proves one experiment.
    pub(super) fn of(&self, queued: &Queued) -> Outcome {
        let mut outcome = Outcome {
            name: queued.name().to_owned(),
            steps: 0,
            kills: [0; KINDS.len()],
            inside_writes: 0,
            runs: 0,
            verdict: Verdict::Stopped,
        };
        let verdict = match tempfile::Builder::new().prefix("steadfast-verify-").tempdir() {
            Ok(folder) => self.prove(queued, folder, &mut outcome),
            Err(error) => Err(failed(format!("no throw-away folder: {error}"), Exit::Storage)),
        };
        outcome.verdict = verdict.unwrap_or_else(|early| early);
        outcome
    }

    fn prove(&self, queued: &Queued, folder: TempDir, outcome: &mut Outcome) -> Result<Verdict, Early> {
        let whole = folder.path().join("whole");
        let started = Instant::now();
        let result = self.run_whole(queued, &whole)?;
        let time = started.elapsed();
        outcome.steps = result.steps;
        self.console.line(&format!("  whole   {} in {}", plural(result.steps, "step"), duration(time)));
        let mut schedule = Schedule::new(self.arguments.seed, self.arguments.kills, result.steps, time);
        let bar = self.console.bar(self.arguments.kills.into());
        let mut compared = Vec::new();
        while outcome.kills.iter().sum::<u64>() < self.arguments.kills.into() {
            outcome.runs += 1;
            if outcome.runs > MOST_RUNS {
                return Err(failed("the runs end before any kill reaches them".to_owned(), Exit::Failed));
            }
            let killed = folder.path().join(format!("killed-{}", outcome.runs));
            self.run_with_kills(queued, &killed, (&mut schedule, &bar), outcome)?;
            compared = compare_runs(queued, &whole, &killed)?;
            if compared.iter().any(|file| file.difference.is_some()) {
                break;
            }
        }
        bar.finish_and_clear();
        if compared.iter().all(|file| file.difference.is_none()) {
            return Ok(Verdict::Identical(compared));
        }
        let again = folder.path().join("whole-again");
        self.run_whole(queued, &again)?;
        let reproducible = compare_runs(queued, &whole, &again)?.iter().all(|file| file.difference.is_none());
        Ok(Verdict::Differs { files: compared, reproducible, kept: folder.keep() })
    }

    /// One start after another, each but the last with a kill.
    fn run_with_kills(
        &self,
        queued: &Queued,
        results: &Path,
        (schedule, bar): (&mut Schedule, &ProgressBar),
        outcome: &mut Outcome,
    ) -> Result<(), Early> {
        let mut safe = None;
        loop {
            let done = outcome.kills.iter().sum::<u64>();
            let kill = (done < self.arguments.kills.into()).then(|| schedule.kill(done, safe.unwrap_or(0)));
            let (ending, saves) = self.start(queued, results, kill.map(|kill| kill.strike))?;
            check_acknowledged(safe, &saves)?;
            safe = saves.acknowledged.or(safe);
            match (ending, kill) {
                (Ending::Ran { result }, _) if result.is_completed() => return Ok(()),
                // Stopped by SIGTERM, or killed: both as wanted.
                (Ending::Ran { .. } | Ending::Failed { class: FailureClass::Killed, .. }, Some(kill)) => {
                    if let Some(count) = outcome.kills.get_mut(kill.kind) {
                        *count += 1;
                    }
                    let checkpoints = results.join(queued.name()).join("checkpoints");
                    outcome.inside_writes += u64::from(has_unfinished_write(&checkpoints));
                    bar.inc(1);
                    bar.set_message(format!("kill {} of {}", done + 1, self.arguments.kills));
                    tracing::info!(strike = ?kill.strike, safe, "struck down");
                }
                (ending, _) => return Err(unwanted(ending)),
            }
        }
    }

    fn run_whole(&self, queued: &Queued, results: &Path) -> Result<RunResult, Early> {
        match self.start(queued, results, None)?.0 {
            Ending::Ran { result } if result.is_completed() => Ok(*result),
            ending => Err(unwanted(ending)),
        }
    }

    fn start(&self, queued: &Queued, results: &Path, strike: Option<Strike>) -> Result<(Ending, Saves), Early> {
        let request = Request {
            config: queued.config().clone(),
            supervisor: std::process::id(),
            results: PathBuf::from(results),
            sweep: None,
            halting: None,
            resume: ResumeMode::Auto,
            brief: None,
            max_steps: None,
            strike,
            environment: self.environment.clone(),
            made_by: made_by().clone(),
            parent: None,
            log: self.launcher.log,
        };
        let mut saves = Saves::default();
        let ending = self.launcher.run_process(&request, &mut saves, &self.stop);
        if self.stop.requested() { Err(Verdict::Stopped) } else { Ok((ending, saves)) }
    }
}

fn compare_runs(queued: &Queued, whole: &Path, other: &Path) -> Result<Vec<Compared>, Early> {
    compare(queued.name(), &StateManager::new(whole), &StateManager::new(other))
        .map_err(|error| failed(one_line(&error), Exit::Storage))
}

/// A save that was acknowledged is there at the next start.
fn check_acknowledged(safe: Option<u64>, saves: &Saves) -> Result<(), Early> {
    match (safe, saves.started_at) {
        (Some(safe), Some(started)) if started < safe => {
            let reason = format!("step {safe} was acknowledged as saved, but the next start began at step {started}");
            Err(failed(reason, Exit::Internal))
        }
        _ => Ok(()),
    }
}

fn failed(reason: String, exit: Exit) -> Early {
    Verdict::Failed { reason, exit }
}

fn unwanted(ending: Ending) -> Early {
    match ending {
        Ending::Failed { class: FailureClass::Storage, reason } => failed(reason, Exit::Storage),
        Ending::Failed { reason, .. } => failed(reason, Exit::Failed),
        Ending::Refused { reason } => failed(reason, Exit::ResumeRefused),
        Ending::Held { reason } => failed(reason, Exit::Held),
        Ending::NoValidCheckpoint { reason } => failed(reason, Exit::NoValidCheckpoint),
        Ending::Ran { .. } => failed("the run was stopped by somebody else".to_owned(), Exit::Failed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_acknowledgement_is_a_failure() {
        let started = |step| Saves { started_at: Some(step), acknowledged: None };
        assert!(check_acknowledged(Some(5), &started(5)).is_ok());
        assert!(check_acknowledged(None, &started(0)).is_ok());
        assert!(check_acknowledged(Some(5), &Saves::default()).is_ok(), "killed before it could say");
        assert!(check_acknowledged(Some(5), &started(4)).is_err());
    }
}
