//! `docs/reference/sweep.md`: every key of a sweep file.

use std::fmt::Write as _;

use steadfast_config::Section as _;

use super::page::{parameters, table};
use crate::sweep::{PRUNERS, Range, SEARCHES, SweepConfig, Way};

pub(super) fn page() -> String {
    let mut text = format!("# Sweep file\n\n{}\n", SweepConfig::doc());
    text.push_str(
        "One JSON file is one sweep; `name` and `base` must be given, and something that varies.\n\
         Unknown keys are errors.\n\
         `$schema` and `extends` work as in a config; [sweep.schema.json](sweep.schema.json) tells an editor.\n\
         What is varied is named by the key of a config, as in `hyperparams.lr`.\n\n\
         ## All keys\n\n",
    );
    text.push_str(&parameters(&SweepConfig::fields()));
    let _ = write!(text, "\n## What `space` draws from\n\n{}\n\n{}", Range::doc(), parameters(&Range::fields()));
    text.push_str(&ways("search", &SEARCHES));
    text.push_str(&ways("prune", &PRUNERS));
    text.push_str("\n## What a sweep leaves\n\n");
    text.push_str(&table(
        &["File", "What it holds"],
        LEFT.iter().map(|(file, what)| vec![format!("`{file}`"), (*what).to_owned()]),
    ));
    let rows = BOARD.iter().map(|(key, what)| vec![format!("`{key}`"), (*what).to_owned()]);
    let _ = write!(text, "\n## Keys of `leaderboard.json`\n\n{}", table(&["Key", "Meaning"], rows));
    text
}

/// The files in the folder of a sweep.
const LEFT: &[(&str, &str)] = &[
    ("sweep.json", "the plan: the sweep file with every default, and the names of the runs known beforehand"),
    ("leaderboard.json", "what came of it, the best first"),
    ("<values>@<fingerprint>", "a folder for each run, as that of any other run"),
    (".sweep", "the mark of a sweep, and its lock"),
];

/// The keys of the leaderboard.
const BOARD: &[(&str, &str)] = &[
    ("sweep", "the sweep"),
    ("metric", "what decides"),
    ("mode", "`min` or `max`"),
    ("trials", "points in all"),
    ("finished", "whether nothing is left to do"),
    ("rows[].place", "from 1; trials that came to their end first, then those that were stopped late, then by value"),
    ("rows[].trial", "the number of the point, in the order in which they are run"),
    ("rows[].status", "`completed`, `stopped` or `failed`"),
    ("rows[].epochs", "epochs that count"),
    ("rows[].value", "mean over the seeds of the best value of each run"),
    ("rows[].deviation", "standard deviation of a sample over the seeds; `null` for one seed"),
    ("rows[].point", "what was set"),
    ("rows[].runs", "for each seed: `run`, `seed`, `status`, `epochs`, `best_epoch`, `value`"),
];

fn ways(key: &str, ways: &[Way]) -> String {
    let mut text = format!("\n## What `{key}` can name\n");
    for (name, summary, fields) in ways {
        let _ = write!(text, "\n### {name}\n\n{}\n\n{}", summary(), parameters(&fields()));
    }
    text
}
