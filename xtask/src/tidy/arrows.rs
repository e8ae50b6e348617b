//! The picture of the crates in `docs/architecture.md`, held against what the manifests say.

use crate::workspace::Package;

use super::finding::Finding;
use super::tree::Tree;

/// Each crate of the picture and the arrows out of it.
const PICTURE: &[(&str, &[&str])] = &[
    ("steadfast-config", &[]),
    ("steadfast-state", &[]),
    ("steadfast-logging", &[]),
    ("steadfast-testkit", &[]),
    ("steadfast-ops", &[]),
    ("steadfast-report", &[]),
    ("steadfast-interop", &[]),
    ("steadfast-sweep", &[]),
    ("steadfast-experiment", &["steadfast-config", "steadfast-state"]),
    ("steadfast-zoo", &["steadfast-config", "steadfast-experiment", "steadfast-ops", "steadfast-state"]),
    (
        "runner",
        &[
            "steadfast-config",
            "steadfast-experiment",
            "steadfast-interop",
            "steadfast-logging",
            "steadfast-report",
            "steadfast-state",
            "steadfast-sweep",
            "steadfast-zoo",
        ],
    ),
    ("xtask", &[]),
];

/// Only the tests of other crates may need it.
const TESTKIT: &str = "steadfast-testkit";

/// The rooms in which candle may be named.
const CANDLE_ROOMS: &[&str] = &["steadfast-ops", "steadfast-zoo"];

/// Examples stand outside: they may use everything that a user's crate may.
const EXAMPLES: &str = "examples/";

/// Every edge between packages that the picture does not have, and every crate that it does not know.
pub(crate) fn check(tree: &Tree, packages: &[Package]) -> Vec<Finding> {
    packages.iter().flat_map(|package| check_package(tree, package)).collect()
}

fn check_package(tree: &Tree, package: &Package) -> Vec<Finding> {
    if !is_drawn(&package.name) && !package.manifest.starts_with(EXAMPLES) {
        let message = format!("crate `{}` is not in the picture: draw it there and in xtask's copy", package.name);
        return vec![Finding::new(&package.manifest, 1, message)];
    }
    let manifest = tree.text(&package.manifest).unwrap_or_default();
    let complaints = package.dependencies.iter().filter_map(|dependency| {
        let complaint = complaint(package, &dependency.name, dependency.dev)?;
        Some(Finding::new(&package.manifest, line_of(manifest, &dependency.name), complaint))
    });
    complaints.collect()
}

/// Why `package` may not depend on `target`; nothing when it may.
fn complaint(package: &Package, target: &str, dev: bool) -> Option<String> {
    let name = package.name.as_str();
    if target.starts_with("candle-") && !CANDLE_ROOMS.contains(&name) {
        return Some(format!("`{name}` may not name `{target}`: tensors live in {}", CANDLE_ROOMS.join(" and ")));
    }
    if !is_drawn(target) {
        return None;
    }
    if target == TESTKIT {
        let allowed = dev && name != "xtask";
        return (!allowed).then(|| format!("`{TESTKIT}` is for the tests of other crates: a dev-dependency only"));
    }
    let allowed = match PICTURE.iter().find(|(drawn, _)| *drawn == name) {
        Some((_, arrows)) => arrows.contains(&target),
        None => target != "xtask",
    };
    (!allowed).then(|| format!("no arrow leads from `{name}` to `{target}`"))
}

fn is_drawn(name: &str) -> bool {
    PICTURE.iter().any(|(drawn, _)| *drawn == name)
}

/// The first line of the manifest that opens with the dependency's name.
fn line_of(manifest: &str, name: &str) -> usize {
    let opens = |line: &str| {
        line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '=', '.']))
            || line.strip_suffix(']').is_some_and(|header| header.ends_with(&format!(".{name}")))
    };
    manifest.lines().position(opens).map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::super::finding::shown;
    use super::*;
    use crate::workspace::Dependency;

    /// What a package with one dependency is told.
    fn complaints(manifest: &str, name: &str, target: &str, dev: bool) -> Vec<String> {
        let package = Package {
            name: name.to_owned(),
            manifest: manifest.to_owned(),
            dependencies: vec![Dependency { name: target.to_owned(), dev }],
            ..Package::default()
        };
        let text = format!("[package]\nname = \"{name}\"\n\n[dependencies]\n{target} = {{ workspace = true }}\n");
        shown(&check(&Tree::planted(&[(manifest, &text)]), &[package]))
    }

    #[test]
    fn an_edge_that_is_not_drawn_fails_at_its_line() {
        assert_eq!(
            complaints("crates/steadfast-config/Cargo.toml", "steadfast-config", "steadfast-state", false),
            ["crates/steadfast-config/Cargo.toml:5: no arrow leads from `steadfast-config` to `steadfast-state`"]
        );
    }

    #[test]
    fn every_forbidden_edge_is_found() {
        for (name, target, dev) in [
            ("steadfast-experiment", "steadfast-ops", false),
            ("steadfast-experiment", "steadfast-zoo", true),
            ("steadfast-ops", "steadfast-config", false),
            ("steadfast-zoo", "runner", false),
            ("steadfast-sweep", "steadfast-config", false),
            ("steadfast-experiment", "steadfast-sweep", true),
            ("steadfast-zoo", "steadfast-logging", true),
            ("runner", "steadfast-ops", false),
            ("runner", "candle-core", false),
            ("runner", "candle-nn", true),
            ("steadfast-experiment", "candle-core", true),
            ("runner", "steadfast-testkit", false),
            ("xtask", "steadfast-state", false),
            ("xtask", "steadfast-testkit", true),
        ] {
            let manifest = format!("crates/{name}/Cargo.toml");
            assert_eq!(complaints(&manifest, name, target, dev).len(), 1, "{name} -> {target}");
        }
        assert_eq!(complaints("examples/own/Cargo.toml", "own", "candle-core", false).len(), 1);
        assert_eq!(complaints("examples/own/Cargo.toml", "own", "steadfast-testkit", false).len(), 1);
    }

    #[test]
    fn drawn_edges_and_foreign_crates_pass() {
        for (name, target, dev) in [
            ("steadfast-experiment", "steadfast-state", false),
            ("steadfast-zoo", "candle-core", false),
            ("steadfast-ops", "candle-nn", true),
            ("runner", "steadfast-zoo", false),
            ("runner", "steadfast-testkit", true),
            ("steadfast-config", "serde", false),
        ] {
            let manifest = format!("crates/{name}/Cargo.toml");
            assert_eq!(complaints(&manifest, name, target, dev), [""; 0], "{name} -> {target}");
        }
        assert_eq!(complaints("examples/own/Cargo.toml", "own", "runner", false), [""; 0]);
    }

    #[test]
    fn a_crate_that_nobody_drew_is_found() {
        let found = complaints("crates/steadfast-extra/Cargo.toml", "steadfast-extra", "serde", false);
        assert!(found[0].contains("`steadfast-extra` is not in the picture"), "{found:?}");
    }

    #[test]
    fn a_dependency_in_its_own_table_is_found_too() {
        assert_eq!(line_of("[dependencies]\na-b = \"1\"\n[dependencies.a]\n", "a"), 3);
        assert_eq!(line_of("a.workspace = true\n", "a"), 1);
    }
}
