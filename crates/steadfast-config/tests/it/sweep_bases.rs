//! Configs that another file names or holds, and values that are put into them.

use std::fmt::Write as _;
use std::path::Path;

use proptest::prelude::*;
use steadfast_config::{ConfigManager, JsonPath, Node, Problems, Source, parse};

/// A text as a tree.
fn tree(text: &str) -> Node {
    let mut problems = Problems::new();
    let node = parse(&Source::new("sweep.json", text), &mut problems).unwrap();
    assert!(!problems.has_errors());
    node
}

/// The base that a value stands for, or what is wrong with it.
fn base(folder: &Path, value: &str) -> Result<String, String> {
    let mut problems = Problems::new();
    let base = ConfigManager::base(&tree(value), &folder.join("sweeps/a.json"), &mut problems);
    let report = problems.into_report();
    if report.has_errors() {
        return Err(format!("{report:#}").replace(&format!("{}/", folder.display()), ""));
    }
    Ok(base.unwrap().to_json().to_string())
}

#[test]
fn a_base_is_a_file_or_stands_in_place() {
    let folder = tempfile::tempdir().unwrap();
    fs_err::create_dir(folder.path().join("sweeps")).unwrap();
    fs_err::write(folder.path().join("b.json"), r#"{"$schema": "x", "seed": 1, "model": {"hidden": [8]}}"#).unwrap();
    assert_eq!(base(folder.path(), r#""../b.json""#).unwrap(), r#"{"seed":1,"model":{"hidden":[8]}}"#);
    let extending = r#"{"extends": "../b.json", "seed": 2}"#;
    assert_eq!(base(folder.path(), extending).unwrap(), r#"{"seed":2,"model":{"hidden":[8]}}"#);
    let mut told = String::new();
    for bad in [r#""../c.json""#, "3", r#"{"extends": "c.json"}"#] {
        let _ = writeln!(told, "{}", base(folder.path(), bad).unwrap_err());
    }
    insta::assert_snapshot!(told, @r#"
    sweep.json:1:1: error: base: there is no file `sweeps/../c.json`
      help: the path is relative to the file that names it
    sweep.json:1:1: error: expected an object, found the number 3
      help: a config is an object: `{"name": ..., ...}`
    sweep.json:1:13: error: extends: cannot extend `sweeps/c.json`: there is no such file
      help: the path is relative to the file that names it
    "#);
}

#[test]
fn a_value_goes_where_its_key_leads() {
    let mut root = tree(r#"{"hyperparams": {"optimizer": "adam"}, "list": [1]}"#);
    let mut problems = Problems::new();
    let span = tree("0").span;
    for (key, value) in [("hyperparams.optimizer.beta1", "0.5"), ("hyperparams.lr", "0.1"), ("seed", "null")] {
        ConfigManager::set(&mut root, key, &span, &tree(value), &mut problems);
    }
    assert!(!problems.has_errors());
    let expected = r#"{"hyperparams":{"optimizer":{"kind":"adam","beta1":0.5},"lr":0.1},"list":[1],"seed":null}"#;
    assert_eq!(root.to_json().to_string(), expected);
    for bad in ["", ".", "a..b", "a b", "extends", "$schema", "list.x", "\u{1b}"] {
        let mut problems = Problems::new();
        ConfigManager::set(&mut root, bad, &span, &tree("1"), &mut problems);
        assert!(problems.has_errors(), "{bad:?}");
    }
    assert_eq!(root.to_json().to_string(), expected);
}

proptest! {
    #[test]
    fn no_key_makes_it_panic(key in ".{0,40}", text in "[a-z]{0,8}") {
        let mut root = tree(r#"{"a": {"b": "c"}, "d": [1]}"#);
        let span = tree("0").span;
        ConfigManager::set(&mut root, &key, &span, &tree(&format!("{text:?}")), &mut Problems::new());
        let _ = JsonPath::root().key(&key);
    }
}
