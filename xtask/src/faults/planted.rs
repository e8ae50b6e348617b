//! The suite proves itself: bad variants of the runner, each of which a check has to catch.

use anyhow::Result;

use super::bench::Program;
use super::cases::Scope;
use super::tally::Tally;
use super::{kills, power, stops};

/// A bad variant, and the check that is to catch it.
struct Planted {
    /// Value of `STEADFAST_PLANTED`.
    name: &'static str,
    caught_by: &'static str,
    check: fn(&Scope) -> Result<Tally>,
}

const PLANTED: [Planted; 5] = [
    Planted { name: "no-file-fsync", caught_by: "power cuts", check: power::cuts },
    Planted { name: "no-folder-fsync", caught_by: "power cuts", check: power::cuts },
    Planted { name: "write-in-place", caught_by: "kill at every call", check: kills::every_call },
    Planted { name: "hash-order", caught_by: "stop at every step", check: stops::every_step },
    Planted { name: "trust-pointer", caught_by: "kill at every call", check: kills::every_call },
];

/// Runs the quick form of a check on each bad variant. A variant that passes is a failure.
pub(super) fn all(scope: &Scope, runner: &std::path::Path) -> Tally {
    let mut tally = Tally::default();
    for planted in &PLANTED {
        let program = Program { runner: runner.to_path_buf(), planted: Some(planted.name) };
        let scope = Scope { program, quick: true, patience: 1, ..scope.clone() };
        tally.add(match (planted.check)(&scope) {
            Ok(Tally { failures, .. }) if !failures.is_empty() => {
                let how = failures.iter().flat_map(|failure| failure.lines()).next().unwrap_or_default();
                println!("  {} caught by {}: {how}", planted.name, planted.caught_by);
                Ok(format!("caught by {}", planted.caught_by))
            }
            Ok(found) => Err(format!("{} passed {} with {} cases", planted.name, planted.caught_by, found.tried)),
            // The check itself could not be made, which catches nothing.
            Err(error) => Err(format!("{}: {error:#}", planted.name)),
        });
    }
    tally
}
