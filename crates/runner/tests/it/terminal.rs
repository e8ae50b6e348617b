//! What is printed on a terminal keeps within its width, whatever that is.

use std::io::Read;
use std::process::Stdio;

use serde_json::json;

use crate::program::Bench;
use crate::pty::terminal;

/// Runs the program with both outputs on a terminal of so many columns. Returns its exit code and what was shown.
fn on_terminal(bench: &Bench, columns: u16, arguments: &[&str]) -> (i32, String) {
    let (mut ours, theirs) = terminal(columns);
    let mut command = bench.command(arguments);
    command.env_remove("NO_COLOR").env("TERM", "xterm-256color").env_remove("COLUMNS");
    command.stdout(Stdio::from(theirs.try_clone().unwrap())).stderr(Stdio::from(theirs));
    let mut child = command.spawn().unwrap();
    // The command holds the other end, too; once it is gone, the end of the program ends the reading.
    drop(command);
    let mut shown = Vec::new();
    // On Linux the reader of a terminal that nobody writes to any more gets an error instead of an end.
    let _ = ours.read_to_end(&mut shown);
    (child.wait().unwrap().code().unwrap_or(-1), String::from_utf8_lossy(&shown).into_owned())
}

/// Takes out what only colors or moves.
fn without_escapes(text: &str) -> String {
    let mut plain = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' {
            // `ESC [ ... letter`
            letters.by_ref().skip(1).find(char::is_ascii_alphabetic);
        } else if letter != '\r' {
            plain.push(letter);
        }
    }
    plain
}

fn runs() -> Bench {
    let bench = Bench::new();
    let words = "a description of many words, so that it does not fit into any narrow terminal and has to be wrapped";
    bench.iris("first-of-them", &json!({"description": words, "tags": ["flowers", "small"]}));
    let sgd = json!({"epochs": 3, "batch_size": 16, "lr": 0.1, "optimizer": "sgd", "momentum": 0.9});
    bench.iris("second", &json!({"hyperparams": sgd}));
    bench.iris("third-missing", &json!({"dataset_path": "no/such/folder"}));
    assert_eq!(bench.run(&["configs", "--threads", "1"]).code, 1);
    bench
}

#[test]
fn tables_keep_within_the_terminal() {
    let bench = runs();
    let verbs: [&[&str]; 9] = [
        &["list"],
        &["show", "first-of-them"],
        &["show", "third-missing"],
        &["compare"],
        &["diff", "first-of-them", "second"],
        &["best"],
        &["explain", "configs/second.json"],
        &["zoo"],
        &["zoo", "models", "ResNet"],
    ];
    for columns in [40, 60, 80, 120] {
        for verb in verbs {
            let (code, shown) = on_terminal(&bench, columns, verb);
            assert_eq!(code, 0, "{verb:?}: {shown}");
            assert!(shown.contains('\u{1b}'), "{verb:?} is not colored");
            for line in without_escapes(&shown).lines() {
                // A word that is wider than the terminal, such as a path, stays in one piece, so that it can be copied.
                let longest = line.split_whitespace().map(|word| word.chars().count()).max().unwrap_or(0);
                let width = line.chars().count();
                assert!(width <= columns.into() || longest + 24 > columns.into(), "{verb:?} at {columns}: {line:?}");
            }
        }
    }
}

#[test]
fn no_color_is_respected() {
    let bench = runs();
    let (code, shown) = on_terminal(&bench, 80, &["list", "--color", "never"]);
    assert_eq!((code, shown.contains('\u{1b}')), (0, false), "{shown:?}");
}

#[test]
fn a_bar_is_drawn_and_taken_away() {
    let bench = Bench::new();
    bench.iris("long", &json!({"hyperparams": {"epochs": 3000, "batch_size": 16, "lr": 0.01}}));
    let (code, shown) = on_terminal(&bench, 80, &["configs"]);
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains('━'), "no bar: {shown}");
    let last = without_escapes(&shown);
    assert!(!last.lines().last().unwrap().contains('━'), "{last}");
}
