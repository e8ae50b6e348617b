//! `runner evaluate`: every metric of a trained model on a part of its data.

use std::io::{Write, stdout};

use clap::{Args, ValueEnum};
use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Map, json};
use steadfast_experiment::{Evaluation, ExperimentFactory, Part};

use crate::console::Console;
use crate::exit_code::Exit;
use crate::number::{metric, plural};
use crate::trained::{Ended, ModelArgs, Trained, failed};

/// More classes than this are not drawn; `--json` has them all.
const DRAWN_CLASSES: usize = 20;

#[derive(Debug, Args)]
pub(crate) struct EvaluateArgs {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// The part of the data.
    #[arg(long, value_enum, default_value_t = SplitArg::Validation)]
    pub(crate) split: SplitArg,
    /// Print the metrics as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SplitArg {
    /// What gradients came from.
    Train,
    /// What chose the best epoch.
    Validation,
    /// What nothing was chosen by.
    Test,
}

/// Measures and prints.
pub(crate) fn run(factory: &ExperimentFactory, arguments: &EvaluateArgs) -> Exit {
    let console = Console::new(arguments.model.output);
    match evaluate(factory, arguments, &console) {
        Ok(text) => {
            let _ = writeln!(stdout().lock(), "{text}");
            Exit::Done
        }
        Err(ended) => ended.tell(&console),
    }
}

fn evaluate(factory: &ExperimentFactory, arguments: &EvaluateArgs, console: &Console) -> Result<String, Ended> {
    let Trained { name, mut experiment, result, weights } = Trained::find(factory, &arguments.model, console)?;
    let part = part(arguments.split);
    let data = experiment.load_data().map_err(|error| failed(&error))?;
    if result.and_then(|result| result.data_sha256).is_some_and(|trained| trained != data.sha256) {
        let warning = console.style().warn("warning:");
        console.problem(&format!("{warning} the data is not the data that `{name}` was trained with"));
    }
    experiment.build_model().map_err(|error| failed(&error))?;
    let inference = experiment.inference().ok_or_else(|| {
        Ended::new(Exit::Usage, format!("the experiment of `{name}` can train and validate, but not evaluate"))
    })?;
    inference.load_weights(&weights).map_err(|error| failed(&error))?;
    let evaluation = inference.evaluate(part, &()).map_err(|error| failed(&error))?;
    // Nobody asks it to stop.
    let evaluation = evaluation.ok_or_else(|| Ended::new(Exit::Internal, "the evaluation stopped by itself"))?;
    Ok(if arguments.json { as_json(&name, part, &evaluation) } else { as_text(&name, part, &evaluation) })
}

fn part(split: SplitArg) -> Part {
    match split {
        SplitArg::Train => Part::Train,
        SplitArg::Validation => Part::Validation,
        SplitArg::Test => Part::Test,
    }
}

fn as_json(name: &str, part: Part, evaluation: &Evaluation) -> String {
    let mut metrics = Map::new();
    evaluation.metrics.write_into(&mut metrics);
    let mut value = json!({"name": name, "split": part.name(), "samples": evaluation.samples, "metrics": metrics});
    if let Some((classes, counts)) = &evaluation.confusion {
        value["confusion_matrix"] = json!({"classes": classes, "counts": counts});
    }
    format!("{value:#}")
}

fn as_text(name: &str, part: Part, evaluation: &Evaluation) -> String {
    let mut table = plain_table();
    table.set_header(["metric", "value"]);
    for (name, value) in evaluation.metrics.iter() {
        table.add_row([name.to_owned(), metric(value)]);
    }
    align(&mut table);
    let samples = plural(evaluation.samples, "sample");
    let mut text = format!("{name}: {samples} of {}\n\n{}", part.name(), table.trim_fmt());
    if let Some((classes, counts)) = &evaluation.confusion {
        text.push_str("\n\n");
        text.push_str(&confusion(classes, counts));
    }
    text
}

fn confusion(classes: &[String], counts: &[Vec<u64>]) -> String {
    if classes.len() > DRAWN_CLASSES {
        return format!("the confusion matrix of {} classes is in the output of --json", classes.len());
    }
    let mut table = plain_table();
    table.set_header(std::iter::once("is \\ taken for").chain(classes.iter().map(String::as_str)));
    for (class, counts) in classes.iter().zip(counts) {
        table.add_row(std::iter::once(class.clone()).chain(counts.iter().map(u64::to_string)));
    }
    align(&mut table);
    table.trim_fmt()
}

fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table
}

fn align(table: &mut Table) {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_classes_are_not_drawn() {
        let classes: Vec<String> = (0..21).map(|class| class.to_string()).collect();
        let text = confusion(&classes, &vec![vec![0; 21]; 21]);
        assert_eq!(text, "the confusion matrix of 21 classes is in the output of --json");
    }
}
