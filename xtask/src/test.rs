//! `cargo xtask test`: the tests in tiers. A slow test belongs to a tier; it is never ignored.

use std::process::ExitCode;

use anyhow::Result;

use crate::arguments::Arguments;
use crate::command::Command;
use crate::process::CommandLine;

pub(crate) const COMMAND: Command = Command {
    name: "test",
    summary: "Runs the tests: the fast tier, or everything",
    words: &["fast", "full"],
    flags: &[],
    examples: &[
        ("test", "the fast tier, `cargo test --workspace`"),
        (
            "test full",
            "the slow tiers too: one thread, many more cases for each property, a minute of fuzzing, 600 kills",
        ),
    ],
    run,
};

/// How much is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tier {
    /// What a developer waits for.
    Fast,
    /// What runs before a release.
    Full,
}

/// One call of cargo within a tier.
pub(crate) struct Stage {
    pub(crate) name: &'static str,
    /// The lowest tier that runs it.
    pub(crate) tier: Tier,
    arguments: &'static [&'static str],
    variables: &'static [(&'static str, &'static str)],
}

/// Cheapest first. A new slow tier is one more entry.
pub(crate) const STAGES: &[Stage] = &[
    Stage { name: "tests", tier: Tier::Fast, arguments: &["test", "--workspace"], variables: &[] },
    Stage {
        name: "one-thread",
        tier: Tier::Full,
        arguments: &["test", "--workspace", "--lib", "--bins", "--tests"],
        variables: &[("RAYON_NUM_THREADS", "1")],
    },
    Stage {
        name: "many-cases",
        tier: Tier::Full,
        arguments: &["test", "--workspace", "--lib", "--bins", "--tests"],
        variables: &[("PROPTEST_CASES", "4096")],
    },
    Stage {
        name: "fuzz",
        tier: Tier::Full,
        arguments: &["test", "--package", "steadfast-config", "--test", "it", "fuzz", "--", "--nocapture"],
        variables: &[("STEADFAST_FUZZ_SECONDS", "60")],
    },
    Stage {
        name: "kill-loop",
        tier: Tier::Full,
        arguments: &["test", "--workspace", "--test", "it", "kill_loop", "--", "--nocapture"],
        variables: &[("STEADFAST_KILLS", "200")],
    },
    Stage {
        name: "sweep-kills",
        tier: Tier::Full,
        arguments: &["test", "--package", "runner", "--test", "it", "sweeps"],
        variables: &[("STEADFAST_SWEEP_KILLS", "20")],
    },
];

impl Stage {
    pub(crate) fn command_line(&self) -> CommandLine {
        let bare = CommandLine::cargo(self.arguments);
        self.variables.iter().fold(bare, |line, (name, value)| line.variable(name, value))
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode> {
    let tier = if arguments.word() == Some("full") { Tier::Full } else { Tier::Fast };
    for stage in STAGES.iter().filter(|stage| stage.tier <= tier) {
        let line = stage.command_line();
        println!("{}: {line}", stage.name);
        if !line.status()?.success() {
            println!("failed: {}, repeat with\n  {line}", stage.name);
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fast_tier_is_the_command_of_the_readme() {
        let fast = STAGES.iter().filter(|stage| stage.tier == Tier::Fast);
        assert_eq!(fast.map(|stage| stage.command_line().to_string()).collect::<Vec<_>>(), ["cargo test --workspace"]);
    }

    #[test]
    fn slow_stages_set_their_variables() {
        let lines = STAGES.iter().map(|stage| stage.command_line().to_string()).collect::<Vec<_>>();
        assert!(lines.iter().any(|line| line.starts_with("PROPTEST_CASES=4096 cargo test")), "{lines:?}");
    }
}
