//! Rules for the project as a whole.

use crate::workspace::Package;

use super::finding::Finding;
use super::tree::{Tree, has_extension};

const ARCHITECTURE: &str = "docs/architecture.md";
const CHANGELOG: &str = "CHANGELOG.md";
const LICENSES: &[&str] = &["LICENSE-APACHE", "LICENSE-MIT"];

/// Every crate has one integration binary, so that tests link once.
const INTEGRATION_TEST: &str = "it";

/// Both licenses are there and hold a text.
pub(crate) fn licenses(tree: &Tree) -> Vec<Finding> {
    let missing = LICENSES.iter().filter(|path| tree.text(path).is_none_or(|text| text.trim().is_empty()));
    missing.map(|path| Finding::new(path, 1, "the license text is missing")).collect()
}

/// The change log tells of every version in the workspace.
pub(crate) fn changelog(tree: &Tree, packages: &[Package]) -> Vec<Finding> {
    let Some(text) = tree.text(CHANGELOG) else {
        return vec![Finding::new(CHANGELOG, 1, "there is no change log")];
    };
    let is_told = |version: &str| text.lines().any(|line| line.starts_with('#') && line.contains(version));
    let untold = packages.iter().filter(|package| !is_told(&package.version));
    let message = |package: &Package| format!("no heading for version {} of `{}`", package.version, package.name);
    untold.map(|package| Finding::new(CHANGELOG, 1, message(package))).collect()
}

/// The map of the house names every room.
pub(crate) fn architecture(tree: &Tree, packages: &[Package]) -> Vec<Finding> {
    let Some(text) = tree.text(ARCHITECTURE) else {
        return vec![Finding::new(ARCHITECTURE, 1, "there is no map of the crates")];
    };
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '_';
    let words = text.split(|letter| !is_part(letter)).collect::<Vec<_>>();
    let unnamed = packages.iter().filter(|package| !words.contains(&package.name.as_str()));
    unnamed.map(|package| Finding::new(ARCHITECTURE, 1, format!("crate `{}` is not named", package.name))).collect()
}

/// Every sample config is JSON.
pub(crate) fn configs(tree: &Tree) -> Vec<Finding> {
    let samples = tree.paths().filter(|path| path.starts_with("configs/") && has_extension(path, "json"));
    let broken = samples.filter_map(|path| {
        let parsed = serde_json::from_str::<serde_json::Value>(tree.text(path).unwrap_or_default());
        parsed.err().map(|error| Finding::new(path, error.line().max(1), format!("not valid JSON: {error}")))
    });
    broken.collect()
}

/// Integration tests are one binary, `tests/it/main.rs`.
pub(crate) fn integration_tests(_tree: &Tree, packages: &[Package]) -> Vec<Finding> {
    let named = packages.iter().flat_map(|package| package.integration_tests.iter().map(move |name| (package, name)));
    let others = named.filter(|(_, name)| *name != INTEGRATION_TEST);
    others
        .map(|(package, name)| {
            let message =
                format!("integration test `{name}` is a binary of its own: make it a module of `tests/it/main.rs`");
            Finding::new(&package.manifest, 1, message)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::finding::shown;
    use super::*;

    fn package(name: &str, version: &str) -> Package {
        Package { name: name.to_owned(), version: version.to_owned(), ..Package::default() }
    }

    #[test]
    fn a_missing_or_empty_license_is_found() {
        let found = shown(&licenses(&Tree::planted(&[("LICENSE-MIT", "\n")])));
        assert_eq!(
            found,
            ["LICENSE-APACHE", "LICENSE-MIT"].map(|path| format!("{path}:1: the license text is missing"))
        );
        assert!(licenses(&Tree::planted(&[("LICENSE-MIT", "MIT"), ("LICENSE-APACHE", "Apache")])).is_empty());
    }

    #[test]
    fn a_version_without_a_heading_is_found() {
        let packages = [package("runner", "0.2.0")];
        let tree = Tree::planted(&[(CHANGELOG, "# Changes\n\n## 0.1.0\n\nUnlike 0.2.0.\n")]);
        assert_eq!(shown(&changelog(&tree, &packages)), ["CHANGELOG.md:1: no heading for version 0.2.0 of `runner`"]);
        assert!(changelog(&Tree::planted(&[(CHANGELOG, "## 0.2.0\n")]), &packages).is_empty());
        assert_eq!(changelog(&Tree::default(), &packages).len(), 1);
    }

    #[test]
    fn a_crate_that_is_not_on_the_map_is_found() {
        let packages = [package("steadfast-ops", "1.0.0"), package("runner", "1.0.0")];
        let tree = Tree::planted(&[(ARCHITECTURE, "`steadfast-ops-extra` and (`runner`)\n")]);
        let found = shown(&architecture(&tree, &packages));
        assert_eq!(found, ["docs/architecture.md:1: crate `steadfast-ops` is not named"]);
        assert_eq!(architecture(&Tree::default(), &packages).len(), 1);
    }

    #[test]
    fn a_broken_config_is_found() {
        let files = [("configs/a/b.json", "{\n \"x\": 1,\n}\n"), ("configs/c.json", "{}"), ("other/d.json", "{")];
        let found = shown(&configs(&Tree::planted(&files)));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("configs/a/b.json:3: not valid JSON: trailing comma"), "{found:?}");
    }

    #[test]
    fn a_second_integration_binary_is_found() {
        let mut runner = package("runner", "1.0.0");
        runner.integration_tests = vec!["it".to_owned(), "resume".to_owned()];
        let found = shown(&integration_tests(&Tree::default(), &[runner]));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("`resume`"), "{found:?}");
    }
}
