//! `runner zoo`: everything that a config can name, with its parameters, their defaults and their ranges.

use clap::Args;
use serde_json::{Map, Value, json};
use steadfast_config::{Field, suggest};
use steadfast_experiment::ExperimentFactory;

use crate::catalog::{Chapter, Entry, flattened};
use crate::exit_code::Exit;
use crate::grid::{Cell, Column, Grid, Look, headline, say, say_json, terminal_width, titled};
use crate::look::LookArgs;
use crate::style::Style;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    runner zoo                      everything, one line each\n  \
    runner zoo models               the models\n  \
    runner zoo optimizers adam      the parameters of Adam, with defaults and ranges\n  \
    runner zoo models --json        the same for programs")]
pub(crate) struct ZooArgs {
    /// Which list.
    #[arg(value_enum)]
    chapter: Option<Chapter>,
    /// One entry of it, with all of its parameters.
    name: Option<String>,
    #[command(flatten)]
    look: LookArgs,
}

pub(crate) fn run(factory: &ExperimentFactory, arguments: &ZooArgs) -> Exit {
    let style = arguments.look.style();
    let chapters = arguments.chapter.map_or_else(|| Chapter::ALL.to_vec(), |chapter| vec![chapter]);
    if let (Some(chapter), Some(name)) = (arguments.chapter, &arguments.name) {
        return show_one(factory, (chapter, name), arguments.look);
    }
    if arguments.look.json {
        let listed = |chapter: &Chapter| chapter.entries(factory).iter().map(Entry::to_json).collect::<Value>();
        let all: Map<_, _> = chapters.iter().map(|chapter| (chapter.title().to_owned(), listed(chapter))).collect();
        say_json(&arguments.chapter.map_or_else(|| Value::Object(all.clone()), |only| all[only.title()].clone()));
        return Exit::Done;
    }
    let pages: Vec<String> = chapters.iter().map(|chapter| page(*chapter, factory, style)).collect();
    say(&pages.join("\n\n"));
    Exit::Done
}

/// One list: its heading and a line for each entry.
fn page(chapter: Chapter, factory: &ExperimentFactory, style: Style) -> String {
    let entries = chapter.entries(factory);
    let mut grid = Grid::new(vec![Column::left(""), Column::prose("")]);
    for entry in &entries {
        grid.row(vec![Cell::new(&entry.name).look(Look::Bold), Cell::new(&entry.summary)]);
    }
    let key = (chapter.key(), Look::Dim);
    let heading = titled(chapter.title(), Look::Good, key, terminal_width(), style);
    format!("{heading}\n{}", grid.render(terminal_width(), style))
}

fn show_one(factory: &ExperimentFactory, (chapter, name): (Chapter, &str), look: LookArgs) -> Exit {
    let entries = chapter.entries(factory);
    let folded = |text: &str| text.replace(['-', '_'], "").to_lowercase();
    let Some(entry) = entries.iter().find(|entry| folded(&entry.name) == folded(name)) else {
        let names = entries.iter().map(|entry| entry.name.as_str());
        let help = suggest(name, names.clone()).map_or_else(
            || format!("there is: {}", names.collect::<Vec<_>>().join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        return look.usage_error(&format!("there is no `{name}` among the {}; {help}", chapter.title()));
    };
    if look.json {
        say_json(&entry.to_json());
        return Exit::Done;
    }
    let style = look.style();
    let mut text = headline(&entry.name, Look::Bold, &entry.summary, style);
    if !entry.fields.is_empty() {
        let table = parameters(&entry.fields).render(terminal_width(), style);
        text = format!(
            "{text}\n\n{}\n{table}",
            style.dim(format!("parameters, written in `{}`", chapter.parameters_key()))
        );
    }
    if let Some(example) = example(chapter, entry) {
        text = format!("{text}\n\n{}\n  {example}", style.dim("as in"));
    }
    say(&text);
    Exit::Done
}

/// The piece of a config that names this entry with its defaults.
fn example(chapter: Chapter, entry: &Entry) -> Option<Value> {
    let defaults: Map<String, Value> =
        entry.fields.iter().filter_map(|field| Some((field.name.to_owned(), field.default.clone()?))).collect();
    let component = |key: &str| {
        let mut object = json!({"kind": entry.name});
        object.as_object_mut()?.extend(defaults.clone());
        Some(json!({"hyperparams": {key: object}}))
    };
    match chapter {
        Chapter::Models => Some(json!({"model_type": entry.name, "model": defaults})),
        Chapter::Optimizers => component("optimizer"),
        Chapter::Schedulers => component("scheduler"),
        Chapter::Datasets if entry.name.contains(':') => Some(json!({"dataset_path": entry.name})),
        Chapter::Datasets => Some(json!({"data": {"format": entry.name}})),
        Chapter::Metrics => Some(json!({"checkpoint": {"monitor": entry.name}})),
        Chapter::Experiments => Some(json!({"experiment": entry.name})),
    }
}

/// A table of parameters.
pub(crate) fn parameters(fields: &[Field]) -> Grid {
    let columns = ["key", "type", "default", "range"].map(Column::left).into_iter();
    let mut grid = Grid::new(columns.chain([Column::prose("meaning")]).collect());
    for (key, field) in flattened(fields, "") {
        grid.row(vec![
            Cell::new(key).look(Look::Bold),
            Cell::new(&field.words),
            Cell::new(default(&field)),
            Cell::new(field.bounds.as_deref().unwrap_or_default()),
            Cell::new(field.doc.replace('\n', " ")),
        ]);
    }
    grid
}

/// A default as it is shown: those inside a section are shown there.
pub(crate) fn default(field: &Field) -> String {
    match &field.default {
        None => "required".to_owned(),
        Some(_) if !field.fields.is_empty() => String::new(),
        Some(value) => value.to_string(),
    }
}
