//! Configs with mistakes that only the zoo can see: each is found at its line and column, by the program as it is built.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::program::{Bench, repository};

/// Name of the file, and line and column of each of its mistakes.
const EXPECTED: [(&str, &[(u64, u64)]); 49] = [
    ("byte-order-mark", &[(1, 43)]),
    ("data-format-typo", &[(5, 22)]),
    ("data-format-unknown", &[(5, 22)]),
    ("data-key-unknown", &[(5, 12)]),
    ("data-limit-zero", &[(5, 27)]),
    ("data-normalize", &[(5, 25)]),
    ("data-split-text", &[(5, 36)]),
    ("data-split-too-large", &[(5, 36)]),
    ("data-validation-key", &[(5, 27)]),
    ("device-not-built-in", &[(5, 13)]),
    ("early-stopping-metric", &[(5, 64)]),
    ("escaped-name", &[(5, 32)]),
    ("experiment-typo", &[(5, 17)]),
    ("experiment-unknown", &[(5, 17)]),
    ("model-and-monitors", &[(3, 17), (5, 64), (6, 29)]),
    ("model-empty", &[(3, 17)]),
    ("model-parameter-element", &[(5, 27)]),
    ("model-parameter-negative", &[(6, 16)]),
    ("model-parameter-null", &[(5, 24)]),
    ("model-parameter-of-another", &[(5, 13)]),
    ("model-parameter-range", &[(5, 24)]),
    ("model-parameter-text", &[(5, 27)]),
    ("model-parameter-type", &[(5, 23)]),
    ("model-parameter-unknown", &[(5, 13)]),
    ("model-two-mistakes", &[(5, 13), (5, 36)]),
    ("model-typo", &[(3, 17)]),
    ("model-unknown", &[(3, 17)]),
    ("monitor-typo", &[(5, 29)]),
    ("monitor-unknown", &[(5, 29)]),
    ("non-ascii-before", &[(5, 41)]),
    ("one-line", &[(1, 36)]),
    ("optimizer-eps-zero", &[(5, 57)]),
    ("optimizer-kind-typo", &[(5, 41)]),
    ("optimizer-nesterov-alone", &[(5, 41)]),
    ("optimizer-parameter-of-another", &[(5, 49)]),
    ("optimizer-parameter-range", &[(5, 58)]),
    ("optimizer-parameter-type", &[(5, 60)]),
    ("optimizer-parameter-unknown", &[(5, 49)]),
    ("optimizer-shorthand-without-use", &[(5, 32)]),
    ("optimizer-typo", &[(5, 32)]),
    ("optimizer-unknown", &[(5, 32)]),
    ("scheduler-parameter-of-none", &[(5, 53)]),
    ("scheduler-parameter-range", &[(5, 65)]),
    ("scheduler-parameter-unknown", &[(5, 51)]),
    ("scheduler-typo", &[(5, 32)]),
    ("scheduler-unknown", &[(5, 32)]),
    ("several-sections", &[(5, 24), (7, 5), (8, 27)]),
    ("tabs-before", &[(5, 14)]),
    ("windows-line-ends", &[(3, 17)]),
];

#[test]
fn every_mistake_is_found_at_its_place() {
    let folder = repository().join("crates/runner/tests/fixtures/bad");
    let ended = Bench::new().run(&["check", &folder.to_string_lossy(), "--json"]);
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    let answer: Value = serde_json::from_str(&ended.stdout).unwrap();
    let mut found: BTreeMap<String, Vec<(u64, u64)>> = BTreeMap::new();
    for problem in answer["problems"].as_array().unwrap().iter().filter(|problem| problem["severity"] == "error") {
        let name = problem["file"].as_str().unwrap().rsplit('/').next().unwrap().trim_end_matches(".json").to_owned();
        let number = |key: &str| problem[key].as_u64().unwrap();
        found.entry(name).or_default().push((number("line"), number("column")));
    }
    let expected: BTreeMap<String, Vec<(u64, u64)>> =
        EXPECTED.iter().map(|(name, places)| ((*name).to_owned(), places.to_vec())).collect();
    assert_eq!(found, expected);
}

#[test]
fn the_report_of_all_of_them_reads_well() {
    let bench = Bench::new();
    let folder = repository().join("crates/runner/tests/fixtures/bad");
    let files = ["several-sections", "non-ascii-before", "tabs-before"];
    for name in files {
        bench.write(&format!("bad/{name}.json"), fs_err::read(folder.join(format!("{name}.json"))).unwrap());
    }
    insta::assert_snapshot!(bench.run(&["check", "bad"]).stderr);
}
