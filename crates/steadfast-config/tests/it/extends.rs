//! Files that build on other files.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use steadfast_config::{ConfigManager, ExperimentConfig, Node, Problems};

/// A folder with files in it.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }
    folder
}

/// The configs of the folder, or what is wrong with them; the folder itself is left out of the text.
fn load(folder: &Path) -> Result<Vec<ExperimentConfig>, String> {
    let shorten = |text: String| text.replace(&format!("{}/", folder.display()), "");
    ConfigManager::load(&[folder.to_owned()], &[]).map_err(|report| shorten(format!("{report:#}")))
}

const FULL: &str = r#"{"name": "base", "model_type": "MLP", "dataset_path": "x"}"#;

#[test]
fn bases_are_merged_in_order_and_the_file_itself_last() {
    let files = [PathBuf::from("tests/fixtures/good/extends.json")];
    let config = ConfigManager::load(&files, &[]).unwrap().remove(0);
    assert_eq!(config.dataset_path.as_str(), "second");
    assert_eq!(config.seed, 9);
    assert_eq!(config.tags, ["first"]);
    assert_eq!(config.hyperparams.epochs, 4);
    assert_eq!(config.hyperparams.lr.to_bits(), 0.5_f64.to_bits());
    assert_eq!(config.hyperparams.momentum, None);
}

#[test]
fn every_value_says_which_file_it_came_from() {
    let mut problems = Problems::new();
    let files = [PathBuf::from("tests/fixtures/good/extends.json")];
    let tree = ConfigManager::trees(&files, &["seed=3".to_owned()], &mut problems).remove(0);
    let from = |node: Option<&Node>| node.unwrap().span.source().name().rsplit('/').next().unwrap().to_owned();
    assert_eq!(from(tree.root.get("model_type")), "first.json");
    assert_eq!(from(tree.root.get("dataset_path")), "second.json");
    assert_eq!(from(tree.root.get("name")), "extends.json");
    assert_eq!(from(tree.root.get("seed")), "<override seed=3>");
    assert_eq!(from(tree.root.get("hyperparams").unwrap().get("epochs")), "second.json");
}

#[test]
fn a_problem_in_a_base_is_reported_once_for_all_that_extend_it() {
    let extending = |name: &str| format!(r#"{{"extends": "bases/base.json", "name": "{name}"}}"#);
    let (a, b) = (extending("a"), extending("b"));
    let base = r#"{"model_type": "MLP", "dataset_path": "x", "seeed": 3}"#;
    let folder = folder(&[("a.json", &a), ("b.json", &b), ("bases/base.json", base)]);
    insta::assert_snapshot!(load(folder.path()).unwrap_err(), @r#"
    bases/base.json:1:44: error: seeed: unknown key `seeed`
      help: did you mean `seed`?
    "#);
}

#[test]
fn a_missing_key_is_missed_in_the_file_that_was_named() {
    let folder = folder(&[
        ("a.json", "{\n  \"extends\": \"bases/base.json\"\n}"),
        ("bases/base.json", r#"{"model_type": "MLP", "dataset_path": "x"}"#),
    ]);
    let error = load(folder.path()).unwrap_err();
    assert!(error.starts_with("a.json:1:1: error: name: the key `name` is missing"), "{error}");
}

#[test]
fn a_circle_is_reported_once_however_it_is_entered() {
    let folder = folder(&[
        ("a.json", r#"{"extends": "b.json"}"#),
        ("b.json", r#"{"extends": "c.json"}"#),
        ("c.json", r#"{"extends": ["x/../b.json"]}"#),
        ("x/none.txt", ""),
    ]);
    insta::assert_snapshot!(load(folder.path()).unwrap_err(), @r#"
    c.json:1:14: error: extends: this file ends up extending itself
      help: the circle is b.json -> c.json -> x/../b.json
    "#);
}

#[test]
fn a_diamond_is_no_circle() {
    let folder = folder(&[
        ("a.json", r#"{"extends": ["bases/left.json", "bases/right.json"], "name": "a"}"#),
        ("bases/left.json", r#"{"extends": "root.json", "seed": 1}"#),
        ("bases/right.json", r#"{"extends": "root.json", "tags": ["right"]}"#),
        ("bases/root.json", FULL),
    ]);
    let config = load(folder.path()).unwrap().remove(0);
    assert_eq!((config.seed, config.tags), (1, vec!["right".to_owned()]));
}

#[test]
fn chains_and_lists_have_limits() {
    let chain = |length: usize| {
        let folder = folder(&[("last.json.base", FULL)]);
        for link in 0..length {
            let next = if link + 1 == length { "last.json.base".to_owned() } else { format!("{}.base", link + 1) };
            let name = if link == 0 { "start.json".to_owned() } else { format!("{link}.base") };
            fs_err::write(folder.path().join(name), format!(r#"{{"extends": "{next}"}}"#)).unwrap();
        }
        load(folder.path())
    };
    assert!(chain(15).is_ok());
    assert!(chain(16).unwrap_err().contains("more than 16 files extend each other in a chain"));

    let many = format!(r#"{{"extends": [{}"x"]}}"#, r#""x", "#.repeat(64));
    let folder = folder(&[("a.json", &many)]);
    assert!(load(folder.path()).unwrap_err().contains("a file extends at most 64 files directly, this one 65"));
}

#[test]
fn a_diamond_of_diamonds_costs_no_more_than_its_files() {
    let folder = folder(&[("bases/0.json", FULL)]);
    for level in 1..14 {
        let below = level - 1;
        let mut text = "{\"extends\": [".to_owned();
        for copy in 0..40 {
            write!(text, "{}\"{below}.json\"", if copy == 0 { "" } else { ", " }).unwrap();
        }
        fs_err::write(folder.path().join(format!("bases/{level}.json")), text + "]}").unwrap();
    }
    fs_err::write(folder.path().join("a.json"), r#"{"extends": "bases/13.json"}"#).unwrap();
    assert_eq!(load(folder.path()).unwrap().len(), 1);
}

#[test]
fn layers_come_in_the_order_in_which_they_are_merged() {
    let folder = folder(&[
        ("a.json", r#"{"extends": ["b.json", "c.json"], "seed": 3, "$schema": "s.json"}"#),
        ("b.json", r#"{"extends": "d.json", "seed": 2}"#),
        ("c.json", r#"{"name": "c"}"#),
        ("d.json", r#"{"seed": 1}"#),
    ]);
    let layers = ConfigManager::layers(&folder.path().join("a.json"), &["hyperparams.lr=0.5".to_owned()]);
    let shown: Vec<String> = layers.iter().map(|layer| layer.node.to_json().to_string()).collect();
    let expected =
        [r#"{"seed":1}"#, r#"{"seed":2}"#, r#"{"name":"c"}"#, r#"{"seed":3}"#, r#"{"hyperparams":{"lr":0.5}}"#];
    assert_eq!(shown, expected);
    assert_eq!(layers.iter().filter(|layer| layer.is_override).count(), 1);
}

#[test]
fn layers_of_a_circle_come_to_an_end() {
    let folder = folder(&[
        ("a.json", r#"{"extends": ["b.json", "b.json"]}"#),
        ("b.json", r#"{"extends": ["a.json", "a.json"]}"#),
    ]);
    assert!(ConfigManager::layers(&folder.path().join("a.json"), &[]).len() <= 1_000);
}
