//! `runner explain`: the resolved config, and where each of its values comes from.

use clap::Args;
use serde_json::{Value, json};
use std::fmt::Write as _;
use steadfast_config::{ConfigManager, ConfigTree, ExperimentConfig, Problems, suggest};
use steadfast_experiment::{ExperimentFactory, RunPlan};

use crate::args::{OutputArgs, split_targets};
use crate::batch;
use crate::catalog::field_of;
use crate::console::Console;
use crate::exit_code::Exit;
use crate::grid::{Cell, Column, Grid, Look, say, say_json, terminal_width, wrap};
use crate::look::LookArgs;
use crate::origin::{From, History, Value as Leaf, leaves};
use crate::report;
use crate::style::Style;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    runner explain configs/digits-cnn.json                              every value and its origin\n  \
    runner explain configs/digits-cnn.json hyperparams.lr               one value, and all that was said about it\n  \
    runner explain configs/digits-cnn.json hyperparams.lr hyperparams.lr=0.1   the same with an override")]
pub(crate) struct ExplainArgs {
    /// A config file, a key or section of it, and overrides such as `hyperparams.lr=0.01`.
    #[arg(value_name = "PATH [KEY] [KEY=VALUE]", required = true)]
    targets: Vec<String>,
    #[command(flatten)]
    look: LookArgs,
}

/// One config that could be read.
struct Explained {
    plan: RunPlan,
    history: History,
}

pub(crate) fn run(factory: &ExperimentFactory, arguments: &ExplainArgs) -> Exit {
    let look = arguments.look;
    let (named, overrides) = split_targets(&arguments.targets);
    let (paths, keys) = named.split_at(1.min(named.len()));
    if keys.len() > 1 {
        return look.usage_error("explain takes one path and one key");
    }
    let key = keys.first().map(|key| key.to_string_lossy().into_owned());
    let targets: Vec<String> =
        paths.iter().map(|path| path.to_string_lossy().into_owned()).chain(overrides.iter().cloned()).collect();
    // All problems are reported as `check` does.
    if let Err(report) = batch::load(factory, &targets) {
        report::show(&report, &Console::new(OutputArgs::of_color(look.color)));
        return Exit::Usage;
    }
    let trees = ConfigManager::trees(paths, &overrides, &mut Problems::new());
    let configs: Vec<Explained> = trees.iter().filter_map(|tree| explain(factory, tree, &overrides)).collect();
    match key {
        None => show_all(&configs, look),
        Some(key) => show_key(factory, &configs, &key, look),
    }
}

fn explain(factory: &ExperimentFactory, tree: &ConfigTree, overrides: &[String]) -> Option<Explained> {
    let mut problems = Problems::new();
    let config = ExperimentConfig::from_tree(&tree.root, &mut problems)?;
    let plan = RunPlan::new(&config, &factory.prepare(&config, &mut problems)?);
    Some(Explained { plan, history: History::new(ConfigManager::layers(&tree.file, overrides)) })
}

fn show_all(configs: &[Explained], look: LookArgs) -> Exit {
    if look.json {
        let configs = configs.iter().map(|config| {
            let values = leaves(&config.plan.resolved).into_iter().map(|leaf| as_json(config, &leaf));
            json!({"name": config.plan.name, "values": values.collect::<Value>()})
        });
        say_json(&configs.collect());
        return Exit::Done;
    }
    let style = look.style();
    for config in configs {
        let heading = style.bold(&config.plan.name);
        say(&format!("{heading}\n{}\n", table(config, &leaves(&config.plan.resolved), style)));
    }
    Exit::Done
}

fn show_key(factory: &ExperimentFactory, configs: &[Explained], key: &str, look: LookArgs) -> Exit {
    let mut all = Vec::new();
    for config in configs {
        let every = leaves(&config.plan.resolved);
        let inside = format!("{key}.");
        let found: Vec<Leaf> =
            every.iter().filter(|leaf| leaf.key == key || leaf.key.starts_with(&inside)).cloned().collect();
        if found.is_empty() {
            return unknown_key(&every, config, key, look);
        }
        match (look.json, found.as_slice()) {
            (true, found) => all.extend(found.iter().map(|leaf| as_json(config, leaf))),
            (false, [only]) if only.key == key => say(&one_value(factory, config, only, look.style())),
            (false, several) => {
                say(&format!("{}\n{}\n", look.style().bold(&config.plan.name), table(config, several, look.style())));
            }
        }
    }
    if look.json {
        say_json(&all.into());
    }
    Exit::Done
}

fn unknown_key(every: &[Leaf], config: &Explained, key: &str, look: LookArgs) -> Exit {
    let last = |key: &str| key.rsplit('.').next().unwrap_or(key).to_owned();
    let keys = every.iter().map(|leaf| leaf.key.as_str());
    let inside = every.iter().find(|leaf| last(&leaf.key) == last(key)).map(|leaf| leaf.key.clone());
    let near = inside.or_else(|| suggest(key, keys)).or_else(|| {
        let lasts: Vec<String> = every.iter().map(|leaf| last(&leaf.key)).collect();
        let near = suggest(&last(key), lasts.iter().map(String::as_str))?;
        every.iter().find(|leaf| last(&leaf.key) == near).map(|leaf| leaf.key.clone())
    });
    let help = near
        .map_or_else(|| "`runner explain PATH` shows all of them".to_owned(), |near| format!("did you mean `{near}`?"));
    look.usage_error(&format!("`{}` has no key `{key}`; {help}", config.plan.name))
}

fn as_json(config: &Explained, leaf: &Leaf) -> Value {
    let origin = config.history.of(&leaf.key);
    let said = origin.said.iter().map(|said| json!({"place": said.place, "what": said.what, "value": said.value}));
    json!({
        "config": config.plan.name,
        "key": leaf.key,
        "value": leaf.value,
        "from": origin.from.name(),
        "place": origin.place(),
        "said": said.collect::<Value>(),
    })
}

/// A line for each value; those that somebody wrote stand out.
fn table(config: &Explained, leaves: &[Leaf], style: Style) -> String {
    let mut grid = Grid::new(vec![Column::left("key"), Column::left("value"), Column::prose("from")]);
    for leaf in leaves {
        let origin = config.history.of(&leaf.key);
        let look = if origin.from == From::Default { Look::Dim } else { Look::Bold };
        grid.row(vec![
            Cell::new(&leaf.key).look(if look == Look::Dim { Look::Dim } else { Look::Plain }),
            Cell::new(leaf.value.to_string()).look(look),
            Cell::new(origin.in_words()).look(if look == Look::Dim { Look::Dim } else { Look::Good }),
        ]);
    }
    grid.render(terminal_width(), style)
}

/// Everything there is to know about one value.
fn one_value(factory: &ExperimentFactory, config: &Explained, leaf: &Leaf, style: Style) -> String {
    let origin = config.history.of(&leaf.key);
    let field = field_of(factory, &config.plan.resolved, &leaf.key);
    let mut text = format!("{} = {}", leaf.key, style.bold(&leaf.value));
    if let Some(field) = &field {
        let range = field.bounds.as_ref().map(|bounds| format!(", {bounds}")).unwrap_or_default();
        let width = terminal_width().unwrap_or(100).saturating_sub(2);
        let doc = wrap(&field.doc.replace('\n', " "), width).join("\n  ");
        let _ = write!(text, "\n\n  {doc}\n  {}", style.dim(format!("{}{range}", field.words)));
    }
    let mut grid = Grid::new(vec![Column::left("where"), Column::left("what"), Column::prose("")]);
    if let Some(default) = field.as_ref().and_then(|field| field.default.clone()) {
        let used = if origin.from == From::Default { "<- in force" } else { "" };
        let cells = [Cell::new("default"), Cell::new(default.to_string()), Cell::new(used).look(Look::Good)];
        grid.row(cells.map(|cell| if used.is_empty() { cell.look(Look::Dim) } else { cell }).into());
    }
    let last = origin.said.len();
    for (number, said) in origin.said.iter().enumerate() {
        let in_force = number + 1 == last && origin.from != From::Default;
        let what = said.value.as_ref().map_or_else(|| said.what.clone(), |value| format!("{value}{}", said.note()));
        let cells = [Cell::new(&said.place), Cell::new(what), Cell::new(if in_force { "<- in force" } else { "" })];
        let look = if in_force { Look::Good } else { Look::Dim };
        grid.row(cells.map(|cell| cell.look(look)).into());
    }
    format!("{text}\n\n{}\n", grid.render(terminal_width(), style))
}
