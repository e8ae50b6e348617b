//! Where the workspace is and what cargo knows of it.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::process::CommandLine;

/// The folder of the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    // The variable is read at run time first: a binary from a shared target folder may come from another clone.
    let manifest_folder = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let manifest_folder = PathBuf::from(manifest_folder);
    manifest_folder.parent().map_or_else(|| manifest_folder.clone(), Path::to_path_buf)
}

/// The workspace's own packages and its target folder.
#[derive(Debug, Default)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) target_folder: PathBuf,
}

/// One package of the workspace.
#[derive(Debug, Clone, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Relative to the root, with `/`.
    pub(crate) manifest: String,
    pub(crate) dependencies: Vec<Dependency>,
    /// The names of its integration test binaries.
    pub(crate) integration_tests: Vec<String>,
}

/// One edge out of a package, to any package.
#[derive(Debug, Clone)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// A `dev-dependency`; build dependencies count as normal ones.
    pub(crate) dev: bool,
}

/// Asks cargo for the workspace's packages, without resolving what they depend on.
pub(crate) fn metadata() -> Result<Metadata> {
    let text = CommandLine::cargo(&["metadata", "--format-version", "1", "--no-deps"]).capture()?;
    let json = serde_json::from_str::<Value>(&text).context("`cargo metadata` wrote no JSON")?;
    let packages = array(&json["packages"]).iter().map(|package| read_package(package, &root())).collect();
    Ok(Metadata { packages, target_folder: PathBuf::from(text_of(&json["target_directory"])) })
}

fn read_package(json: &Value, root: &Path) -> Package {
    let manifest = Path::new(json["manifest_path"].as_str().unwrap_or_default());
    Package {
        name: text_of(&json["name"]),
        version: text_of(&json["version"]),
        manifest: manifest.strip_prefix(root).unwrap_or(manifest).to_string_lossy().replace('\\', "/"),
        dependencies: array(&json["dependencies"])
            .iter()
            .map(|dependency| Dependency { name: text_of(&dependency["name"]), dev: dependency["kind"] == "dev" })
            .collect(),
        integration_tests: array(&json["targets"])
            .iter()
            .filter(|target| array(&target["kind"]).iter().any(|kind| kind == "test"))
            .map(|target| text_of(&target["name"]))
            .collect(),
    }
}

fn array(json: &Value) -> &[Value] {
    json.as_array().map_or(&[], Vec::as_slice)
}

fn text_of(json: &Value) -> String {
    json.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_knows_this_package() {
        let metadata = metadata().unwrap();
        let own = metadata.packages.iter().find(|package| package.name == "xtask").unwrap();
        assert_eq!(own.manifest, "xtask/Cargo.toml");
        assert_eq!(own.version, env!("CARGO_PKG_VERSION"));
        assert!(own.dependencies.iter().any(|dependency| dependency.name == "anyhow" && !dependency.dev));
        assert!(metadata.target_folder.is_absolute());
    }

    #[test]
    fn dev_dependencies_and_integration_tests_are_told_apart() {
        let json = serde_json::json!({
            "name": "a", "version": "1.2.3", "manifest_path": "/r/crates/a/Cargo.toml",
            "dependencies": [{"name": "b", "kind": null}, {"name": "c", "kind": "dev"}, {"name": "d", "kind": "build"}],
            "targets": [{"kind": ["lib"], "name": "a"}, {"kind": ["test"], "name": "it"}],
        });
        let package = read_package(&json, Path::new("/r"));
        let dev = package.dependencies.iter().map(|dependency| dependency.dev).collect::<Vec<_>>();
        assert_eq!(dev, [false, true, false]);
        assert_eq!(package.integration_tests, ["it"]);
        assert_eq!(package.manifest, "crates/a/Cargo.toml");
    }
}
