//! Every file in `tests/fixtures/bad` is refused, and every complaint stands exactly where the mistake is.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use steadfast_config::{ConfigManager, ConfigReport, Problem, Problems};

/// Name of the file, and line and column of each of its problems.
const EXPECTED: [(&str, &[(usize, usize)]); 118] = [
    ("backslash-path", &[(4, 22), (4, 27)]),
    ("bad-unicode-escape", &[(5, 22)]),
    ("batch-size-huge", &[(6, 19)]),
    ("batch-size-negative", &[(6, 19)]),
    ("blank", &[(3, 3)]),
    ("brace-too-many", &[(7, 1)]),
    ("brackets-crossed", &[(5, 20)]),
    ("byte-order-mark-inside", &[(5, 3)]),
    ("checkpoint-never", &[(5, 34)]),
    ("checkpoint-zero", &[(5, 34)]),
    ("colon-missing", &[(2, 10)]),
    ("comment-block", &[(5, 3)]),
    ("comment-hash", &[(5, 13)]),
    ("comment-line", &[(2, 3)]),
    ("curly-quotes", &[(2, 3)]),
    ("data-text", &[(5, 11)]),
    ("dataset-builtin-nameless", &[(4, 19)]),
    ("dataset-path-empty", &[(4, 19)]),
    ("device-number", &[(5, 13)]),
    ("device-unknown", &[(5, 13)]),
    ("double-comma-list", &[(5, 16)]),
    ("double-comma-object", &[(4, 34)]),
    ("duplicate-key", &[(7, 3)]),
    ("duplicate-key-escaped", &[(6, 3)]),
    ("duplicate-key-nested", &[(7, 5)]),
    ("early-stopping-empty", &[(6, 23)]),
    ("early-stopping-flag", &[(6, 23)]),
    ("empty", &[(1, 1)]),
    ("epochs-fraction", &[(6, 15)]),
    ("epochs-zero", &[(6, 15)]),
    ("equals-sign", &[(5, 10)]),
    ("extends-bad-base", &[(3, 11)]),
    ("extends-broken-base", &[(4, 1)]),
    ("extends-circle", &[(2, 14)]),
    ("extends-empty", &[(5, 14)]),
    ("extends-folder", &[(5, 14)]),
    ("extends-itself", &[(5, 14)]),
    ("extends-list-number", &[(5, 34)]),
    ("extends-missing", &[(5, 14)]),
    ("extends-number", &[(5, 14)]),
    ("half-a-character", &[(5, 19)]),
    ("hyperparams-list", &[(5, 18)]),
    ("infinity", &[(6, 11)]),
    ("keep-one", &[(5, 26)]),
    ("label-smoothing-text", &[(6, 24)]),
    ("lr-list", &[(6, 11)]),
    ("lr-negative", &[(6, 11)]),
    ("lr-too-large", &[(6, 11)]),
    ("lr-too-small", &[(6, 11)]),
    ("lr-zero", &[(6, 11)]),
    (
        "many-problems",
        &[(1, 1), (2, 3), (3, 17), (6, 11), (7, 5), (8, 19), (9, 18), (10, 5), (12, 13), (13, 26), (13, 37)],
    ),
    ("missing-comma-list", &[(5, 15)]),
    ("missing-comma-object", &[(2, 17)]),
    ("missing-everything", &[(1, 1), (1, 1), (1, 1)]),
    ("missing-name", &[(1, 1)]),
    ("mode-typo", &[(5, 26)]),
    ("model-list", &[(5, 12)]),
    ("momentum-one", &[(6, 17)]),
    ("name-device", &[(2, 11)]),
    ("name-dot", &[(2, 11)]),
    ("name-empty", &[(2, 11)]),
    ("name-escape-code", &[(2, 11)]),
    ("name-long", &[(2, 11)]),
    ("name-number", &[(2, 11)]),
    ("name-path", &[(2, 11)]),
    ("name-space", &[(2, 11)]),
    ("no-break-space", &[(5, 10)]),
    ("not-a-number", &[(6, 11)]),
    ("not-utf8", &[(2, 15)]),
    ("null-character", &[(5, 20)]),
    ("null-for-number", &[(6, 11)]),
    ("number-as-text", &[(6, 11)]),
    ("number-dot-first", &[(6, 11)]),
    ("number-dot-last", &[(6, 11)]),
    ("number-hexadecimal", &[(5, 11)]),
    ("number-leading-zero", &[(5, 11)]),
    ("number-plus", &[(5, 11)]),
    ("number-two-dots", &[(6, 11)]),
    ("number-underscore", &[(6, 19)]),
    ("on-failure-typo", &[(5, 29)]),
    ("optimizer-kind-number", &[(6, 27)]),
    ("optimizer-number", &[(6, 18)]),
    ("optimizer-type", &[(6, 19)]),
    ("optimizer-without-kind", &[(6, 18)]),
    ("place-after-byte-order-mark", &[(1, 10)]),
    ("place-after-non-ascii", &[(1, 38)]),
    ("place-after-tabs", &[(5, 10)]),
    ("place-of-far-apart-keys", &[(1, 738)]),
    ("place-on-long-line", &[(1, 3375)]),
    ("place-with-crlf", &[(6, 11)]),
    ("python-words", &[(6, 21), (7, 46)]),
    ("retries-many", &[(5, 26)]),
    ("root-list", &[(1, 1)]),
    ("root-text", &[(1, 1)]),
    ("seed-negative", &[(5, 11)]),
    ("seed-too-large", &[(5, 11)]),
    ("single-quotes", &[(5, 3), (5, 12)]),
    ("tab-in-text", &[(5, 20)]),
    ("tags-mixed", &[(5, 17), (5, 20)]),
    ("tags-text", &[(5, 11)]),
    ("too-deep", &[(1, 133)]),
    ("trailing-comma-list", &[(5, 20)]),
    ("trailing-comma-object", &[(4, 33)]),
    ("two-documents", &[(2, 1)]),
    ("unclosed-list", &[(6, 1)]),
    ("unclosed-object", &[(6, 1)]),
    ("unclosed-text", &[(2, 11)]),
    ("unknown-key", &[(5, 3)]),
    ("unknown-key-control", &[(5, 3)]),
    ("unknown-key-elsewhere", &[(5, 3)]),
    ("unknown-key-far", &[(5, 3)]),
    ("unknown-key-nested", &[(6, 5)]),
    ("unknown-key-synonym", &[(6, 5)]),
    ("unquoted-key", &[(5, 3)]),
    ("unquoted-text", &[(3, 17)]),
    ("utf16", &[(1, 1)]),
    ("value-missing", &[(6, 11)]),
    ("web-page", &[(1, 1)]),
];

/// All problems of one file, warnings included.
pub(crate) fn report(name: &str) -> ConfigReport {
    let file = Path::new("tests/fixtures/bad").join(name).with_extension("json");
    let mut problems = Problems::new();
    let configs = ConfigManager::read(&[file], &[], &mut problems);
    assert!(problems.has_errors(), "{name} was accepted: {configs:?}");
    problems.into_report()
}

fn names_in_folder() -> Vec<String> {
    let entries = fs_err::read_dir("tests/fixtures/bad").unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.is_file());
    let mut names: Vec<_> = files.map(|path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

#[test]
fn the_table_names_every_file() {
    let table: Vec<_> = EXPECTED.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names_in_folder(), table);
}

#[test]
fn every_mistake_is_found_at_its_place() {
    let place = |problem: &Problem| problem.span().map(|span| (span.line(), span.column())).unwrap();
    let found: BTreeMap<_, Vec<_>> =
        EXPECTED.iter().map(|(name, _)| (*name, report(name).problems().map(place).collect())).collect();
    let expected: BTreeMap<_, Vec<_>> = EXPECTED.iter().map(|(name, places)| (*name, places.to_vec())).collect();
    let wrong: Vec<_> = expected
        .iter()
        .filter(|(name, places)| found[*name] != **places)
        .map(|(name, places)| format!("{name}: expected {places:?}, found {:?}\n{:#}", found[name], report(name)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_complaint_reads_well() {
    let mut listing = String::new();
    for (name, _) in EXPECTED {
        writeln!(listing, "{:#}\n", report(name)).unwrap();
    }
    insta::assert_snapshot!(listing);
}

#[test]
fn nothing_that_is_printed_can_steer_a_terminal() {
    for (name, _) in EXPECTED {
        let report = report(name);
        for text in [format!("{report:#}"), report.to_json().to_string(), super::diagnostics::render(&report)] {
            let bad = text.chars().find(|c| c.is_control() && *c != '\n');
            assert_eq!(bad, None, "{name}: {text}");
        }
    }
}
