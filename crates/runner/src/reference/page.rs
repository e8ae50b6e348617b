//! Which pages there are, and the verb that prints one.

use clap::{Args, ValueEnum};
use steadfast_config::Field;
use steadfast_experiment::ExperimentFactory;

use crate::catalog::flattened;
use crate::exit_code::Exit;
use crate::grid::say;
use crate::schema::{schema, sweep_schema};
use crate::zoo::default;

/// Said at the top of every page.
const MADE: &str = "<!-- Made by `cargo xtask reference` from the program's own tables; do not edit. -->";

#[derive(Debug, Args)]
pub(crate) struct ReferenceArgs {
    #[arg(value_enum)]
    page: Page,
}

/// A page, by the name of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Page {
    #[value(name = "config.md")]
    Config,
    #[value(name = "config.schema.json")]
    Schema,
    #[value(name = "command-line.md")]
    CommandLine,
    #[value(name = "exit-codes.md")]
    ExitCodes,
    #[value(name = "results.md")]
    Results,
    #[value(name = "sweep.md")]
    Sweep,
    #[value(name = "sweep.schema.json")]
    SweepSchema,
    #[value(name = "zoo.md")]
    Zoo,
}

pub(crate) fn run(factory: &ExperimentFactory, arguments: &ReferenceArgs) -> Exit {
    let body = match arguments.page {
        Page::Config => super::config::page(),
        Page::CommandLine => super::command_line::page(),
        Page::ExitCodes => super::exit_codes::page(),
        Page::Results => super::results::page(),
        Page::Sweep => super::sweep::page(),
        Page::SweepSchema => {
            say(&format!("{:#}", sweep_schema()));
            return Exit::Done;
        }
        Page::Zoo => super::zoo::page(factory),
        Page::Schema => {
            say(&format!("{:#}", schema(factory)));
            return Exit::Done;
        }
    };
    let (title, rest) = body.split_once('\n').unwrap_or((&body, ""));
    say(&format!("{title}\n\n{MADE}\n{}", rest.trim_end()));
    Exit::Done
}

/// A table of Markdown.
pub(super) fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = line(&header.iter().map(|title| (*title).to_owned()).collect::<Vec<_>>());
    text.push_str(&line(&vec!["---".to_owned(); header.len()]));
    for row in rows {
        let row: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect();
        text.push_str(&line(&row));
    }
    text
}

/// The parameters of something.
pub(super) fn parameters(fields: &[Field]) -> String {
    let rows = flattened(fields, "").into_iter().map(|(key, field)| {
        let default = default(&field);
        let default = if default.is_empty() || default == "required" { default } else { format!("`{default}`") };
        vec![
            format!("`{key}`"),
            field.words.clone(),
            default,
            field.bounds.clone().unwrap_or_default(),
            field.doc.clone(),
        ]
    });
    table(&["Key", "Type", "Default", "Range", "Meaning"], rows)
}
