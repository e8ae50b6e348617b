//! The built runner: the only way in which this tool touches the product.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::process::CommandLine;

/// The profile in which the tests are built too.
pub(super) const DEVELOPMENT: &str = "dev";

/// Builds the runner and says where it lies.
pub(super) fn build(profile: &str) -> Result<PathBuf> {
    // Alone, the runner gets other features of its dependencies than beside the tests, so that most of the workspace
    // would be compiled once more.
    let mut words = match profile {
        DEVELOPMENT => vec!["test", "--workspace", "--no-run"],
        other => vec!["build", "--package", "runner", "--bin", "runner", "--profile", other],
    };
    words.extend(["--message-format", "json-render-diagnostics"]);
    let line = CommandLine::cargo(&words);
    executable(&line.capture()?).with_context(|| format!("`{line}` named no executable"))
}

/// Builds the runner that the tests use.
pub(crate) fn build_for_tests() -> Result<PathBuf> {
    build(DEVELOPMENT)
}

/// The runner's path among cargo's messages; its unit tests are executables too.
pub(crate) fn executable(messages: &str) -> Option<PathBuf> {
    let artifacts = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let is_program = |message: &Value| {
        let target = &message["target"];
        target["name"] == "runner" && target["kind"][0] == "bin" && message["profile"]["test"] == false
    };
    artifacts.filter(is_program).find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

/// Runs one sweep.
pub(super) fn sweep(runner: &Path, words: &[String], results: &Path) -> Result<ExitStatus> {
    let results = results.to_string_lossy();
    let mut all = vec!["sweep", "--results", &results];
    all.extend(words.iter().map(String::as_str));
    let line = CommandLine::new(runner.to_string_lossy(), &all);
    println!("{line}");
    line.status()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_found_among_cargos_messages() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"serde","kind":["lib"]},"executable":null}
{"reason":"compiler-artifact","target":{"name":"runner","kind":["lib"]},"profile":{"test":true},"executable":"/t/dev/deps/runner-1"}
{"reason":"compiler-artifact","target":{"name":"runner","kind":["bin"]},"profile":{"test":true},"executable":"/t/dev/deps/runner-2"}
{"reason":"compiler-artifact","target":{"name":"runner","kind":["bin"]},"profile":{"test":false},"executable":"/t/release/runner"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages), Some(PathBuf::from("/t/release/runner")));
        assert_eq!(executable(r#"{"reason":"build-finished","success":true}"#), None);
    }
}
