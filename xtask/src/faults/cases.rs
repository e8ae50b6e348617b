//! Many cases of one check, worked through side by side.

use std::collections::VecDeque;
use std::io::{IsTerminal as _, Write as _, stderr};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::tally::Tally;

/// What decides how much is tried, and on which program.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    pub(super) program: super::bench::Program,
    pub(super) quick: bool,
    pub(super) seed: u64,
    pub(super) jobs: usize,
    /// Failures after which a check is not worth going on with.
    pub(super) patience: usize,
}

impl Scope {
    /// The full count, or the one for every day.
    pub(super) fn count(&self, full: u64, quick: u64) -> u64 {
        if self.quick { quick } else { full }
    }
}

/// Tries every case; each says in a word how it ended, or what went wrong.
pub(super) fn try_all<C: Send>(
    scope: &Scope,
    what: &str,
    cases: Vec<C>,
    attempt: impl Fn(C) -> Result<String, String> + Sync,
) -> Tally {
    let all = cases.len();
    let queue = Mutex::new(VecDeque::from(cases));
    let tally = Mutex::new(Tally::default());
    let lock = || tally.lock().unwrap_or_else(PoisonError::into_inner);
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    thread::scope(|threads| {
        for _ in 0..scope.jobs.max(1) {
            threads.spawn(|| {
                while lock().failures.len() < scope.patience
                    && let Some(case) = next()
                {
                    let ended = attempt(case);
                    let mut tally = lock();
                    tally.add(ended);
                    show(what, &tally, all);
                }
            });
        }
    });
    clear();
    tally.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// One line that is written over and over, where somebody is looking.
fn show(what: &str, tally: &Tally, all: usize) {
    if stderr().is_terminal() {
        let _ = write!(stderr(), "\r\x1b[K  {what}: {} of {all}, {} failed", tally.tried, tally.failures.len());
    }
}

fn clear() {
    if stderr().is_terminal() {
        let _ = write!(stderr(), "\r\x1b[K");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::bench::Program;

    fn scope(patience: usize) -> Scope {
        Scope { program: Program::default(), quick: true, seed: 1, jobs: 2, patience }
    }

    #[test]
    fn every_case_is_tried_once() {
        let tally = try_all(&scope(10), "numbers", (0..100).collect(), |number: u32| {
            if number == 7 { Err("seven".to_owned()) } else { Ok(["even", "odd"][number as usize % 2].to_owned()) }
        });
        assert_eq!((tally.tried, tally.failures), (100, vec!["seven".to_owned()]));
        assert_eq!(tally.ended.into_iter().collect::<Vec<_>>(), [("even".to_owned(), 50), ("odd".to_owned(), 49)]);
    }

    #[test]
    fn a_hopeless_check_is_cut_short() {
        let tally = try_all(&scope(3), "numbers", (0..1000).collect(), |_: u32| Err("no".to_owned()));
        assert!(tally.failures.len() < 6, "{}", tally.failures.len());
    }
}
