//! What a user sees: the rendered diagnostics of a few typical mistakes, and their form for programs.

use std::path::PathBuf;

use miette::{GraphicalReportHandler, GraphicalTheme};
use steadfast_config::{ConfigManager, ConfigReport, Problems};

use super::bad_files::report;

/// The report as it is drawn on a terminal without colors.
pub(crate) fn render(report: &ConfigReport) -> String {
    let mut drawn = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(100)
        .render_report(&mut drawn, report)
        .unwrap();
    // Trailing blanks are drawn, but nobody sees them, and editors remove them from snapshots.
    drawn.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

macro_rules! drawn {
    ($($test:ident = $file:literal;)*) => {$(
        #[test]
        fn $test() {
            insta::assert_snapshot!(render(&report($file)));
        }
    )*};
}

drawn! {
    many_problems_at_once = "many-problems";
    a_number_in_quotes = "number-as-text";
    a_value_out_of_range = "momentum-one";
    a_key_that_belongs_elsewhere = "unknown-key-elsewhere";
    a_key_given_twice = "duplicate-key";
    keys_far_apart_on_one_line = "place-of-far-apart-keys";
    a_long_line = "place-on-long-line";
    text_that_is_not_ascii = "place-after-non-ascii";
    windows_line_ends = "place-with-crlf";
    tabs = "place-after-tabs";
    an_unclosed_object = "unclosed-object";
    an_empty_file = "empty";
    a_file_that_is_not_utf8 = "not-utf8";
    an_escape_code_in_a_key = "unknown-key-control";
    a_circle_of_files = "extends-circle";
    python_words = "python-words";
}

#[test]
fn places_in_two_files_and_a_path_that_leads_nowhere() {
    let paths = ["tests/fixtures/batches/same-name", "tests/fixtures/batches/same-nam"].map(PathBuf::from);
    let mut problems = Problems::new();
    ConfigManager::read(&paths, &["hyperparams.lr=[1,".to_owned()], &mut problems);
    insta::assert_snapshot!(render(&problems.into_report()));
}

#[test]
fn problems_for_programs() {
    insta::assert_json_snapshot!(report("many-problems").to_json());
}

#[test]
fn the_heading_counts_problems_and_files() {
    assert_eq!(report("many-problems").to_string(), "11 problems in 1 file");
    assert_eq!(report("seed-negative").to_string(), "1 problem in 1 file");
}
