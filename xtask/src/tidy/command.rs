//! The command: reads the tree once, runs every check over it, reports everything at once.

use std::process::ExitCode;

use anyhow::Result;

use crate::command::Command;
use crate::process::CommandLine;
use crate::workspace::{self, Package};

use super::finding::Finding;
use super::tree::Tree;
use super::{arrows, documents, project, sources, text};

pub(crate) const COMMAND: Command = Command {
    name: "tidy",
    summary: "Checks what no compiler does: crate arrows, file names and lengths, links, paths, licenses",
    words: &[],
    flags: &[],
    examples: &[("tidy", "every finding in committed and uncommitted files, as path:line: what is wrong")],
    run: |_| Ok(if run()? { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
};

/// A check's name and what it looks at.
struct Check {
    name: &'static str,
    rule: Rule,
}

enum Rule {
    /// Looks at files alone.
    Files(fn(&Tree) -> Vec<Finding>),
    /// Looks at the packages too.
    Packages(fn(&Tree, &[Package]) -> Vec<Finding>),
}

const CHECKS: &[Check] = &[
    Check { name: "arrows", rule: Rule::Packages(arrows::check) },
    Check { name: "architecture", rule: Rule::Packages(project::architecture) },
    Check { name: "changelog", rule: Rule::Packages(project::changelog) },
    Check { name: "configs", rule: Rule::Files(project::configs) },
    Check { name: "integration-tests", rule: Rule::Packages(project::integration_tests) },
    Check { name: "licenses", rule: Rule::Files(project::licenses) },
    Check { name: "module-docs", rule: Rule::Files(sources::module_docs) },
    Check { name: "length", rule: Rule::Files(sources::length) },
    Check { name: "names", rule: Rule::Files(sources::names) },
    Check { name: "tables-of-contents", rule: Rule::Files(sources::tables_of_contents) },
    Check { name: "exports", rule: Rule::Files(sources::exports) },
    Check { name: "marks", rule: Rule::Files(sources::marks) },
    Check { name: "trailing-whitespace", rule: Rule::Files(text::trailing_whitespace) },
    Check { name: "machine-paths", rule: Rule::Files(text::machine_paths) },
    Check { name: "links", rule: Rule::Files(documents::links) },
    Check { name: "paths", rule: Rule::Files(documents::paths) },
];

/// Prints every finding; true when there is none.
pub(crate) fn run() -> Result<bool> {
    let tree = Tree::read()?;
    let packages = workspace::metadata()?.packages;
    let mut findings = examine(&tree, &packages);
    findings.extend(stale_lock()?.map(|finding| ("lock", finding)));
    for (check, finding) in &findings {
        println!("{finding} [{check}]");
    }
    let (files, checks) = (tree.paths().count(), CHECKS.len() + 1);
    match findings.len() {
        0 => println!("tidy: {files} files, {checks} checks, nothing found"),
        count => println!("tidy: {files} files, {checks} checks, {count} found"),
    }
    Ok(findings.is_empty())
}

/// What every check finds, in order of the places.
fn examine(tree: &Tree, packages: &[Package]) -> Vec<(&'static str, Finding)> {
    let all = CHECKS.iter().flat_map(|check| {
        let findings = match check.rule {
            Rule::Files(rule) => rule(tree),
            Rule::Packages(rule) => rule(tree, packages),
        };
        findings.into_iter().map(|finding| (check.name, finding))
    });
    let mut findings = all.collect::<Vec<_>>();
    findings.sort_by(|(_, left), (_, right)| left.cmp(right));
    findings
}

/// `Cargo.lock` is committed, so it must say what the manifests say.
fn stale_lock() -> Result<Option<Finding>> {
    let output = CommandLine::cargo(&["metadata", "--format-version", "1", "--locked"]).output()?;
    let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Ok((!output.status.success()).then(|| Finding::new("Cargo.lock", 1, complaint)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::workspace::Dependency;

    #[test]
    fn every_check_of_the_table_finds_its_planted_fault() {
        let source = concat!("use a; \n// TO", "DO\npub use a::*;\nfn f() {\n1;\n2;\n3;\n4;\n}\n// /ro", "ot/\n");
        let long = "\n".repeat(601);
        let tree = Tree::planted(&[
            ("crates/a/src/mod.rs", source),
            ("crates/a/src/utils.rs", &long),
            ("configs/a.json", "{"),
            ("docs/a.md", "[a](gone.md) `crates/gone.rs`\n"),
        ]);
        let package = Package {
            name: "runner".to_owned(),
            version: "9.9.9".to_owned(),
            manifest: "crates/runner/Cargo.toml".to_owned(),
            dependencies: vec![Dependency { name: "candle-core".to_owned(), dev: false }],
            integration_tests: vec!["other".to_owned()],
        };
        let findings = examine(&tree, &[package]);
        let fired = findings.iter().map(|(check, _)| *check).collect::<BTreeSet<_>>();
        assert_eq!(fired, CHECKS.iter().map(|check| check.name).collect::<BTreeSet<_>>());
        assert!(findings.is_sorted_by_key(|(_, finding)| finding.clone()));
    }

    #[test]
    fn a_clean_tree_has_no_findings() {
        let tree = Tree::planted(&[
            ("crates/runner/src/lib.rs", "//! The runner.\n"),
            ("docs/architecture.md", "# Map\n`runner`\n"),
            ("CHANGELOG.md", "## 1.0.0\n"),
            ("LICENSE-MIT", "MIT"),
            ("LICENSE-APACHE", "Apache"),
        ]);
        let package = Package {
            name: "runner".to_owned(),
            version: "1.0.0".to_owned(),
            manifest: "crates/runner/Cargo.toml".to_owned(),
            ..Package::default()
        };
        assert_eq!(examine(&tree, &[package]), []);
    }
}
