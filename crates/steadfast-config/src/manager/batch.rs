//! Loads a batch: finds the files, merges them, applies the overrides, reads the configs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::discovery::config_files;
use super::extends::{EXTENDS, Resolver, SCHEMA};
use super::layers::{Layer, layers};
use super::overrides::{parse_overrides, set_value};
use crate::experiment::{ExperimentConfig, RunName};
use crate::node::Node;
use crate::parser::parse;
use crate::path::JsonPath;
use crate::problem::Problems;
use crate::report::ConfigReport;
use crate::source::{Source, Span};
use crate::wording::{name, path_name};

/// How many experiments a batch may have.
pub const MAX_EXPERIMENTS: usize = 10_000;

/// The entry to this crate for a program: paths and overrides in, checked configs out.
///
/// ```
/// use steadfast_config::ConfigManager;
///
/// let text = r#"{"name": "exp1", "model_type": "ResNet", "dataset_path": "/data/images",
///                "hyperparams": {"lr": 0.01, "batch_size": 32}}"#;
/// let config = ConfigManager::from_text("exp1.json", text)?;
/// assert_eq!(config.name.as_str(), "exp1");
/// assert_eq!(config.hyperparams.lr, 0.01);
/// assert_eq!(config.hyperparams.epochs, 10);
/// # Ok::<(), steadfast_config::ConfigReport>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ConfigManager;

/// A config before it is read: merged and with its overrides, each value still knowing its place.
#[derive(Debug, Clone)]
pub struct ConfigTree {
    /// The file that was named on the command line.
    pub file: PathBuf,
    /// The merged tree, without `extends` and `$schema`.
    pub root: Node,
}

impl ConfigManager {
    /// Loads the configs that `paths` stand for, every one of them changed by `overrides`.
    ///
    /// A path is a file, or a folder: its `*.json` in byte order of their names.
    /// Files starting with a dot and sub-folders are left alone.
    ///
    /// # Errors
    /// All problems of all files. Warnings alone are no error; use [`ConfigManager::read`] to see them.
    pub fn load(paths: &[PathBuf], overrides: &[String]) -> Result<Vec<ExperimentConfig>, ConfigReport> {
        let mut problems = Problems::new();
        let configs = Self::read(paths, overrides, &mut problems);
        problems.finish(configs)
    }

    /// Like [`ConfigManager::load`], but adds to `problems`, so that more checks can follow before all is reported.
    ///
    /// Configs that could not be read are left out; the others may still break a rule,
    /// so ask `problems` before using anything.
    pub fn read(paths: &[PathBuf], overrides: &[String], problems: &mut Problems) -> Vec<ExperimentConfig> {
        Self::configs(&Self::trees(paths, overrides, problems), problems)
    }

    /// Reads the configs of a batch from their trees, and holds their names against each other.
    pub fn configs(trees: &[ConfigTree], problems: &mut Problems) -> Vec<ExperimentConfig> {
        let configs = trees.iter().filter_map(|tree| ExperimentConfig::from_tree(&tree.root, problems)).collect();
        check_names(trees, problems);
        configs
    }

    /// The merged trees before they are read, to show where each value comes from.
    pub fn trees(paths: &[PathBuf], overrides: &[String], problems: &mut Problems) -> Vec<ConfigTree> {
        let overrides = parse_overrides(overrides, problems);
        let files = config_files(paths, MAX_EXPERIMENTS, problems);
        for file in &files {
            problems.announce(file.display().to_string());
        }
        let mut resolver = Resolver::new(problems);
        let mut trees: Vec<_> = files
            .into_iter()
            .filter_map(|file| resolver.resolve(&file).map(|root| ConfigTree { file, root }))
            .collect();
        for tree in &mut trees {
            for change in &overrides {
                change.apply(&mut tree.root, problems);
            }
        }
        trees
    }

    /// The tree that a value of another file stands for: a path relative to that file, or an object, which may itself
    /// extend files. `None` after a problem.
    pub fn base(value: &Node, file: &Path, problems: &mut Problems) -> Option<Node> {
        Resolver::new(problems).base(value, file)
    }

    /// Changes a tree by overrides, as [`ConfigManager::trees`] does.
    pub fn change(root: &mut Node, overrides: &[String], problems: &mut Problems) {
        for change in parse_overrides(overrides, problems) {
            change.apply(root, problems);
        }
    }

    /// Puts a value where a dotted key leads to, as an override would; problems point at `key_span`.
    pub fn set(root: &mut Node, key: &str, key_span: &Span, value: &Node, problems: &mut Problems) {
        set_value(root, key, key_span, value, problems);
    }

    /// What the config in `file` is put together from: the files that it extends, in the order in which they are merged,
    /// the file itself, and the overrides. Problems are not told here; load the config first.
    pub fn layers(file: &Path, overrides: &[String]) -> Vec<Layer> {
        layers(file, overrides)
    }

    /// Reads one config that is complete in itself, such as the `config.json` of a run.
    ///
    /// # Errors
    /// All problems of the text; `extends` is one, since a text has no folder.
    pub fn from_text(name: &str, text: &str) -> Result<ExperimentConfig, ConfigReport> {
        let mut problems = Problems::new();
        let source = Source::new(name, text);
        let config = parse(&source, &mut problems).and_then(|mut root| {
            root.remove(SCHEMA);
            if let Some(extends) = root.remove(EXTENDS) {
                problems.error(&extends.key_span, "`extends` works in files only").at(&JsonPath::root().key(EXTENDS));
            }
            ExperimentConfig::from_tree(&root, &mut problems)
        });
        match config {
            Some(config) => problems.finish(config),
            None => Err(problems.into_report()),
        }
    }
}

/// Reports names that two configs share, ignoring case. Names that are wrong in themselves have been reported.
fn check_names(trees: &[ConfigTree], problems: &mut Problems) {
    let mut first_uses: BTreeMap<String, (&ConfigTree, &Node)> = BTreeMap::new();
    for tree in trees {
        let Some(node) = tree.root.get("name") else { continue };
        let Some(run_name) = node.as_str().and_then(|text| text.parse::<RunName>().ok()) else {
            continue;
        };
        let Some((first_tree, first)) = first_uses.get(&run_name.folded()) else {
            first_uses.insert(run_name.folded(), (tree, node));
            continue;
        };
        let one_place = first.span == node.span;
        let help = if first_tree.file == tree.file {
            format!("the file {} was named twice", path_name(&tree.file))
        } else if one_place && node.span.source().path().is_none() {
            "an override of `name` gives every config the same one".to_owned()
        } else if one_place {
            let files = (path_name(&first_tree.file), path_name(&tree.file));
            format!("{} and {} both get it from here: give each a name of its own", files.0, files.1)
        } else {
            "give each experiment a name of its own; case does not count".to_owned()
        };
        let message = format!("the name {} is used twice in this batch", name(run_name.as_str()));
        let problem = problems.error(&node.span, message);
        problem.at(&JsonPath::root().key("name")).help(help);
        if !one_place {
            problem.note(&first.span, "first used here");
        }
    }
}
