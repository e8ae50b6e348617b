//! Every command in the README, the guides and the concepts is run, as it stands there.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::{Bench, repository};

/// How the pages call the program.
const RUNNER: &str = "cargo run --release -p runner -- ";

/// Commands that are run elsewhere: by the tests of the example, and by the checks that run these tests.
const ELSEWHERE: [&str; 2] = ["cargo test --workspace", "cargo run --release -p own-experiment -- "];

/// The lines of all `sh` blocks of a page.
fn commands(page: &Path) -> Vec<String> {
    let text = fs_err::read_to_string(page).unwrap();
    let mut inside = false;
    let mut commands = Vec::new();
    for line in text.lines() {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            command if inside && !command.trim().is_empty() => commands.push(command.to_owned()),
            _ => {}
        }
    }
    commands
}

fn pages() -> Vec<PathBuf> {
    let folders = ["docs/guides", "docs/concepts"].map(|folder| fs_err::read_dir(repository().join(folder)).unwrap());
    let mut pages: Vec<PathBuf> = folders.into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    pages.push(repository().join("README.md"));
    pages.sort();
    pages
}

#[test]
fn every_command_works() {
    let mut run = 0;
    for page in pages() {
        // One folder a page: its commands follow each other.
        let bench = Bench::new();
        copy(&repository().join("configs"), &bench.path().join("configs"));
        for command in commands(&page) {
            if ELSEWHERE.iter().any(|known| command.starts_with(known)) {
                continue;
            }
            let arguments = command.strip_prefix(RUNNER);
            let arguments = arguments.unwrap_or_else(|| panic!("{}: nobody runs `{command}`", page.display()));
            let words: Vec<&str> = arguments.split_whitespace().map(|word| word.trim_matches('\'')).collect();
            let ended = bench.run(&words);
            assert_eq!(ended.code, 0, "{}: {command}\n{}", page.display(), ended.stderr);
            run += 1;
        }
    }
    assert!(run >= 40, "only {run} commands were found");
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-r").args([from, to]).status().unwrap().success());
}
