//! SIGKILL at every file system call: of a first start, of a start that resumes, and of the recovery from a kill.

use std::fmt::Write as _;

use anyhow::Result;

use super::bench::{Bench, Files, reference, small_config};
use super::cases::{Scope, try_all};
use super::dice::Dice;
use super::tally::Tally;
use super::trace::{Call, ONE_THREAD, calls, inject};

/// Steps before a stop in the middle of the second epoch.
const STOP: [&str; 2] = ["--max-steps", "12"];

/// All file work on one thread, and a word for each save.
const TOLD: [&str; 5] = [ONE_THREAD[0], ONE_THREAD[1], ONE_THREAD[2], ONE_THREAD[3], "-v"];

/// Optimizers whose state is saved and restored.
const OPTIMIZERS: [&str; 3] = ["adam", "sgd", "adamw"];

/// A call to be killed at, of the first start or of one that resumes.
#[derive(Debug, Clone)]
struct Case {
    optimizer: &'static str,
    resumes: bool,
    call: Call,
    /// A second kill, in the start after the first.
    second: Option<Call>,
}

/// Every call of a first start and of one that resumes.
pub(super) fn every_call(scope: &Scope) -> Result<Tally> {
    let mut tally = Tally::default();
    let optimizers = if scope.quick { &OPTIMIZERS[..1] } else { &OPTIMIZERS };
    for &optimizer in optimizers {
        let (first, resuming) = traces(scope, optimizer)?;
        let expected = reference(&scope.program, &small_config(optimizer))?;
        let cases = [(first, false), (resuming, true)].into_iter().flat_map(|(calls, resumes)| {
            calls.into_iter().map(move |call| Case { optimizer, resumes, call, second: None })
        });
        tally.merge(try_all(scope, "kill at every call", cases.collect(), |case| attempt(scope, &case, &expected)));
    }
    Ok(tally)
}

/// A kill, and another one while the next start recovers from it.
pub(super) fn double_crashes(scope: &Scope) -> Result<Tally> {
    let optimizer = OPTIMIZERS[0];
    let (first, resuming) = traces(scope, optimizer)?;
    let expected = reference(&scope.program, &small_config(optimizer))?;
    let mut dice = Dice::new(scope.seed, 2);
    let pick = |dice: &mut Dice, calls: &[Call]| calls.get(dice.index(calls.len())).cloned();
    let cases = (0..scope.count(500, 20)).filter_map(|_| {
        let (call, second) = (pick(&mut dice, &first)?, pick(&mut dice, &resuming));
        Some(Case { optimizer, resumes: false, call, second })
    });
    Ok(try_all(scope, "double crash", cases.collect(), |case| attempt(scope, &case, &expected)))
}

/// The calls of a first start, and of one that resumes.
fn traces(scope: &Scope, optimizer: &str) -> Result<(Vec<Call>, Vec<Call>)> {
    let bench = Bench::new(&scope.program, &small_config(optimizer))?;
    let first = calls(&bench, &TOLD)?;
    let bench = Bench::new(&scope.program, &small_config(optimizer))?;
    bench.run(&STOP)?;
    Ok((first, calls(&bench, &TOLD)?))
}

fn attempt(scope: &Scope, case: &Case, expected: &Files) -> Result<String, String> {
    let tried = || -> Result<(Bench, Option<u64>)> {
        let mut acknowledged = None;
        let bench = Bench::new(&scope.program, &small_config(case.optimizer))?;
        if case.resumes {
            bench.run(&STOP)?;
        }
        for call in [Some(&case.call), case.second.as_ref()].into_iter().flatten() {
            let ended = bench.run_behind(&inject(call, "signal=KILL", &call.number.to_string()), &TOLD)?;
            acknowledged = ended.acknowledged().max(acknowledged);
        }
        Ok((bench, acknowledged))
    };
    let (bench, acknowledged) = tried().map_err(|error| format!("{error:#}"))?;
    if acknowledged.is_some() {
        let saved = bench.saved_step().map_err(|error| format!("{error:#}"))?;
        if saved < acknowledged {
            let lost = format!("step {acknowledged:?} was acknowledged, found {saved:?}");
            return Err(format!("{}: {lost}", describe(case)));
        }
    }
    bench.finish(expected).map_err(|failure| format!("{}: {failure}", describe(case)))
}

fn describe(case: &Case) -> String {
    let start = if case.resumes { "a start that resumes" } else { "a first start" };
    let mut text = format!(
        "{}, killed in {start} at {} number {}: {}",
        case.optimizer, case.call.name, case.call.number, case.call.text
    );
    if let Some(second) = &case.second {
        let _ = write!(text, "\nthen at {} number {}: {}", second.name, second.number, second.text);
    }
    text
}
