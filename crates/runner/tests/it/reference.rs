//! The reference tells of everything that a run leaves.

use serde_json::{Value, json};

use crate::program::{Bench, repository};

fn page() -> String {
    Bench::new().run(&["reference", "results.md"]).stdout
}

/// The keys of a JSON file of a run.
fn keys(bench: &Bench, file: &str) -> Vec<String> {
    let bytes = fs_err::read(bench.results("flowers").join(file)).unwrap();
    let value: Value = serde_json::from_slice(&bytes).unwrap();
    value.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn every_file_and_every_key_is_told() {
    let bench = Bench::new();
    bench.iris("flowers", &json!({}));
    bench.run(&["configs"]);
    let page = page();
    let entries = fs_err::read_dir(bench.results("flowers")).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.extend(keys(&bench, "result.json"));
    names.extend(keys(&bench, "timing.json"));
    for name in names {
        assert!(page.contains(&format!("| `{name}` |")), "{name} is not in results.md");
    }
}

#[test]
fn the_pages_in_the_repository_are_those_of_the_program() {
    let folder = repository().join("docs/reference");
    let mut names: Vec<String> =
        fs_err::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    assert!(names.len() >= 8, "only {names:?}");
    for name in names {
        let made = Bench::new().run(&["reference", &name]).stdout;
        let found = fs_err::read_to_string(folder.join(&name)).unwrap_or_default();
        assert!(made == found, "docs/reference/{name} is not what the program makes: run `cargo xtask reference`");
    }
}
