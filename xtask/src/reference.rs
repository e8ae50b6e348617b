//! `cargo xtask reference`: the pages of `docs/reference/`, made by the program from its own tables.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::arguments::Arguments;
use crate::command::{Command, Flag};
use crate::process::CommandLine;
use crate::sweep;
use crate::workspace;

/// Where the pages lie.
const FOLDER: &str = "docs/reference";

/// The pages, by the names that the program knows them by.
const PAGES: &[&str] = &[
    "command-line.md",
    "config.md",
    "config.schema.json",
    "exit-codes.md",
    "results.md",
    "sweep.md",
    "sweep.schema.json",
    "zoo.md",
];

pub(crate) const COMMAND: Command = Command {
    name: "reference",
    summary: "Makes docs/reference/ anew from the program's tables",
    words: &[],
    flags: &[Flag { name: "--check", value: None, doc: "change nothing; fail where a page is not what would be made" }],
    examples: &[("reference", "after a change of a table"), ("reference --check", "what ci runs")],
    run: |arguments| run(arguments),
};

fn run(arguments: &Arguments) -> Result<ExitCode> {
    let is_current = bring_up_to_date(arguments.has("--check"))?;
    Ok(if is_current { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Writes the pages, or only compares them. True if all are now what they should be.
pub(crate) fn bring_up_to_date(only_check: bool) -> Result<bool> {
    let runner = sweep::build_for_tests()?;
    let folder = workspace::root().join(FOLDER);
    let mut stale = Vec::new();
    for page in PAGES {
        let made = CommandLine::new(runner.to_string_lossy(), &["reference", page]).capture()?;
        if differs(&folder.join(page), &made) {
            stale.push(*page);
            if !only_check {
                fs_err::create_dir_all(&folder)?;
                fs_err::write(folder.join(page), made).with_context(|| format!("{page} could not be written"))?;
            }
        }
    }
    println!("{}", verdict(&stale, only_check));
    Ok(stale.is_empty() || !only_check)
}

fn differs(page: &Path, made: &str) -> bool {
    fs_err::read_to_string(page).map_or(true, |found| found != made)
}

fn verdict(stale: &[&str], only_check: bool) -> String {
    let pages = stale.join(", ");
    match (stale, only_check) {
        ([], _) => format!("{FOLDER}: {} pages, all as the program makes them", PAGES.len()),
        (_, true) => format!("{FOLDER}: not as the program makes them: {pages}; run `cargo xtask reference`"),
        (_, false) => format!("{FOLDER}: made anew: {pages}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_was_edited_or_is_missing_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("zoo.md");
        assert!(differs(&page, "# Zoo\n"), "missing");
        fs_err::write(&page, "# Zoo\n").unwrap();
        assert!(!differs(&page, "# Zoo\n"));
        fs_err::write(&page, "# Zoo, edited\n").unwrap();
        assert!(differs(&page, "# Zoo\n"), "edited");
        assert!(verdict(&["zoo.md"], true).contains("cargo xtask reference"));
    }
}
