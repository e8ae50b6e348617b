//! Flipped bits and cut-off files: the checkpoint reader's own tests, with full counts.

use anyhow::{Context as _, Result};

use super::cases::Scope;
use super::tally::Tally;
use crate::process::CommandLine;

/// Every flip and every length is detected, and the checkpoint before is used.
pub(super) fn flips_and_truncations(scope: &Scope) -> Result<Tally> {
    let line = CommandLine::cargo(&["test", "--workspace", "--test", "it", "damage", "--", "--nocapture"])
        .variable("STEADFAST_FLIPS", &scope.count(20_000, 500).to_string())
        .variable("STEADFAST_TRUNCATION_STEP", &scope.count(1, 64).to_string())
        .variable("STEADFAST_SEED", &scope.seed.to_string());
    let output = line.output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut tally = Tally::default();
    for what in ["flipped bits", "cut-off lengths"] {
        let count = counted(&text, what)
            .with_context(|| format!("`{line}` told no {what}:\n{text}\n{}", String::from_utf8_lossy(&output.stderr)));
        match count {
            Ok(count) => tally.add_many(count, &format!("{what} detected")),
            Err(error) => tally.add(Err(format!("{error:#}"))),
        }
    }
    Ok(tally)
}

/// The number in a line such as `500 flipped bits detected`.
fn counted(text: &str, what: &str) -> Option<u64> {
    let ending = format!(" {what} detected");
    text.lines().find_map(|line| line.strip_suffix(&ending)?.split_whitespace().last()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_from_what_the_tests_print() {
        let text = "running 2 tests\ntest a ... 500 flipped bits detected\nok\n1025 cut-off lengths detected\n";
        assert_eq!(counted(text, "flipped bits"), Some(500));
        assert_eq!(counted(text, "cut-off lengths"), Some(1025));
        assert_eq!(counted(text, "lost bytes"), None);
    }
}
