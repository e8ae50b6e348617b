//! Paths, folders and files of every kind.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use steadfast_config::{ConfigManager, ExperimentConfig, MAX_BYTES, Problems, Severity};

fn config(name: &str) -> String {
    format!(r#"{{"name": "{name}", "model_type": "MLP", "dataset_path": "x"}}"#)
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }
    folder
}

/// The configs under `names` in `folder`, or what is wrong; the folder itself is left out of the text.
fn load(folder: &Path, names: &[&str]) -> Result<Vec<ExperimentConfig>, String> {
    let paths: Vec<_> = names.iter().map(|name| folder.join(name)).collect();
    let shorten = |text: String| text.replace(&format!("{}/", folder.display()), "");
    ConfigManager::load(&paths, &[]).map_err(|report| shorten(format!("{report:#}")))
}

#[test]
fn a_folder_stands_for_its_json_files_in_byte_order() {
    let names = ["b", "a10", "a2", "B", "ä", "z"];
    let texts: Vec<_> =
        names.iter().enumerate().map(|(n, name)| (format!("{name}.json"), config(&format!("n{n}")))).collect();
    let mut files: Vec<_> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let inner = config("inner");
    files.extend([("inner/c.json", inner.as_str()), (".hidden.json", "{"), ("notes.txt", "no"), ("d.JSON", "no")]);
    let folder = folder(&files);
    fs_err::create_dir(folder.path().join("folder.json")).unwrap();
    let configs = load(folder.path(), &[""]).unwrap();
    let order: Vec<_> = configs.iter().map(|config| config.source().path().unwrap().file_stem().unwrap()).collect();
    assert_eq!(order, ["B", "a10", "a2", "b", "z", "ä"]);
}

#[test]
fn paths_keep_their_order_and_files_need_no_ending() {
    let folder = folder(&[("b.json", &config("b")), ("a", &config("a"))]);
    let configs = load(folder.path(), &["b.json", "a"]).unwrap();
    let names: Vec<_> = configs.iter().map(|config| config.name.as_str()).collect();
    assert_eq!(names, ["b", "a"]);
}

#[test]
fn paths_that_lead_nowhere() {
    let folder =
        folder(&[("digits.json", &config("a")), ("empty/notes.txt", ""), ("outer/inner/a.json", &config("b"))]);
    insta::assert_snapshot!(load(folder.path(), &["digit.json", "empty", "outer", "absent/x.json"]).unwrap_err(), @r"
    digit.json: error: there is no such file or folder
      help: did you mean `digits.json`?
    empty: error: the folder holds no `*.json` file
      help: put config files into it, or name another folder
    outer: error: the folder holds no `*.json` file
      help: sub-folders are not entered: name `outer/inner` itself
    absent/x.json: error: there is no such file or folder
      help: a relative path starts at the working folder
    ");
    assert_eq!(
        format!("{:#}", ConfigManager::load(&[], &[]).unwrap_err()),
        "error: no config was named\n  help: name a config file, or a folder that holds `*.json` files"
    );
}

#[test]
fn names_are_unique_ignoring_case() {
    let folder = folder(&[("a.json", &config("Exp")), ("b.json", &config("exP")), ("c.json", &config("other"))]);
    insta::assert_snapshot!(load(folder.path(), &[""]).unwrap_err(), @r"
    b.json:1:10: error: name: the name `exP` is used twice in this batch
      help: give each experiment a name of its own; case does not count
    ");
    insta::assert_snapshot!(load(folder.path(), &["c.json", "c.json"]).unwrap_err(), @r"
    c.json:1:10: error: name: the name `other` is used twice in this batch
      help: the file `c.json` was named twice
    ");
    let extending = r#"{"extends": "../c.json"}"#;
    fs_err::create_dir(folder.path().join("sub")).unwrap();
    fs_err::write(folder.path().join("sub/d.json"), extending).unwrap();
    fs_err::write(folder.path().join("sub/e.json"), extending).unwrap();
    insta::assert_snapshot!(load(folder.path(), &["sub"]).unwrap_err(), @r"
    sub/../c.json:1:10: error: name: the name `other` is used twice in this batch
      help: `sub/d.json` and `sub/e.json` both get it from here: give each a name of its own
    ");
    let paths = [folder.path().join("a.json"), folder.path().join("c.json")];
    let report = ConfigManager::load(&paths, &["name=same".to_owned()]).unwrap_err();
    insta::assert_snapshot!(format!("{report:#}"), @r"
    <override name=same>:1:6: error: name: the name `same` is used twice in this batch
      help: an override of `name` gives every config the same one
    ");
}

#[test]
fn all_problems_of_all_files_are_reported_together() {
    let folder = folder(&[("a.json", "{"), ("b.json", r#"{"name": "b", "lr": 1}"#), ("c.json", &config("c"))]);
    insta::assert_snapshot!(load(folder.path(), &["", "absent"]).unwrap_err(), @r#"
    a.json:1:2: error: expected `}`, found the end of the text
      help: the `{` in line 1, column 1 is still open
    b.json:1:1: error: model_type: the key `model_type` is missing
      help: add `"model_type": ...` with text
    b.json:1:1: error: dataset_path: the key `dataset_path` is missing
      help: add `"dataset_path": ...` with a path or `builtin:NAME`
    b.json:1:15: error: lr: unknown key `lr`
      help: did you mean `lr`? It belongs inside `hyperparams`
    absent: error: there is no such file or folder
      help: a relative path starts at the working folder
    "#);
}

#[test]
fn a_file_of_any_size_is_refused_without_being_read() {
    let folder = folder(&[]);
    let path = folder.path().join("huge.json");
    // A sparse file: a terabyte could be neither read nor held in memory.
    fs_err::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    let error = load(folder.path(), &["huge.json"]).unwrap_err();
    assert_eq!(
        error,
        "huge.json: error: a config has at most 1048576 bytes (1 MiB), this file has 1099511627776 bytes"
    );
}

#[test]
fn a_file_of_a_mebibyte_is_read() {
    let body = config("big");
    let padded = |length: usize| format!("{body}{}", " ".repeat(length - body.len()));
    let folder = folder(&[("fits.json", &padded(MAX_BYTES)), ("over.json", &padded(MAX_BYTES + 1))]);
    assert!(load(folder.path(), &["fits.json"]).is_ok());
    assert!(load(folder.path(), &["over.json"]).is_err());
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_never_opened() {
    let folder = folder(&[]);
    let pipe = folder.path().join("pipe.json");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let expected = "error: this is not a regular file but a pipe, a socket or a device";
    assert_eq!(load(folder.path(), &["pipe.json"]).unwrap_err(), format!("pipe.json: {expected}"));
    // In a folder as well, where nobody named it.
    assert_eq!(load(folder.path(), &[""]).unwrap_err(), format!("pipe.json: {expected}"));
    let report = ConfigManager::load(&[PathBuf::from("/dev/zero")], &[]).unwrap_err();
    assert_eq!(format!("{report:#}"), format!("/dev/zero: {expected}"));
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_and_a_dead_one_is_missing() {
    let folder = folder(&[("real", &config("linked"))]);
    std::os::unix::fs::symlink(folder.path().join("real"), folder.path().join("link.json")).unwrap();
    assert_eq!(load(folder.path(), &[""]).unwrap().len(), 1);
    std::os::unix::fs::symlink(folder.path().join("gone"), folder.path().join("dead.json")).unwrap();
    assert_eq!(load(folder.path(), &[""]).unwrap_err(), "dead.json: error: there is no such file");
}

#[test]
fn a_batch_has_at_most_ten_thousand_experiments() {
    let folder = folder(&[]);
    for number in 0..=10_000 {
        fs_err::write(folder.path().join(format!("{number}.json")), "").unwrap();
    }
    insta::assert_snapshot!(load(folder.path(), &["."]).unwrap_err(), @r"
    .: error: a batch has at most 10000 experiments, but there are more files than that
      help: split the batch over several folders
    ");
}

#[test]
fn a_batch_has_at_most_64_mebibytes() {
    let folder = folder(&[]);
    for number in 10..90 {
        let file = fs_err::File::create(folder.path().join(format!("{number}.json"))).unwrap();
        file.set_len(MAX_BYTES as u64).unwrap();
    }
    let report = load(folder.path(), &[""]).unwrap_err();
    let last: Vec<_> = report.lines().rev().take(2).collect();
    assert_eq!(last[1], "74.json: error: from here on the batch has more than 67108864 bytes (64 MiB)");
    assert_eq!(last[0], "  help: split the batch over several folders");
}

#[test]
fn names_with_escape_codes_are_escaped() {
    let folder = folder(&[("\u{1b}[2J.json", "{")]);
    let error = load(folder.path(), &[""]).unwrap_err();
    assert!(error.starts_with("\\u001b[2J.json:1:2: error:"), "{error:?}");
}

#[test]
fn warnings_are_seen_by_those_who_ask() {
    let text = r#"{"name": "a", "model_type": "MLP", "dataset_path": "x", "checkpoint": {"monitor": "val_accuracy"}}"#;
    let folder = folder(&[("a.json", text)]);
    assert_eq!(load(folder.path(), &[""]).unwrap().len(), 1);
    let mut problems = Problems::new();
    ConfigManager::read(&[folder.path().to_owned()], &[], &mut problems);
    let warning = problems.iter().next().unwrap();
    assert_eq!((warning.severity(), warning.path().to_string().as_str()), (Severity::Warning, "checkpoint.mode"));
    assert_eq!(warning.span().unwrap().text(), "\"val_accuracy\"");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>(), text in super::json_values::json_text(), mark: bool) {
        let folder = folder(&[]);
        let mark = if mark { "\u{feff}" } else { "" };
        fs_err::write(folder.path().join("a.json"), bytes).unwrap();
        fs_err::write(folder.path().join("b.json"), format!("{mark}{text}")).unwrap();
        let report = ConfigManager::load(&[folder.path().to_owned()], &[]).unwrap_err();
        prop_assert!(report.problems().len() >= 2);
        super::diagnostics::render(&report);
        report.to_json();
    }
}

#[test]
fn a_text_in_memory_cannot_extend_a_file() {
    let report = ConfigManager::from_text("t", r#"{"extends": "a.json", "$schema": "x"}"#).unwrap_err();
    assert!(format!("{report:#}").contains("t:1:2: error: extends: `extends` works in files only"));
}
