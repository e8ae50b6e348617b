//! Tables of runs: CSV for spreadsheets and programs, Markdown for people.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::leaves::{leaves, plain};
use crate::run::{TrackedRun, number};

/// Keys that differ between any two runs and say nothing.
const SELF_EVIDENT: [&str; 2] = ["name", "description"];

/// One line per run: how it stands, its whole config, and the figures of its best and its last epoch.
pub fn runs_csv(runs: &[TrackedRun]) -> String {
    let rows = runs.iter().map(|run| {
        let mut row: Vec<(String, String)> = vec![
            ("name".to_owned(), run.name.clone()),
            ("status".to_owned(), run.state.as_str().to_owned()),
            (
                "error".to_owned(),
                run.error().map_or_else(String::new, |(class, message)| format!("{class}: {message}")),
            ),
        ];
        for key in ["epochs", "steps", "parameters"] {
            row.push((key.to_owned(), run.result.get(key).map_or_else(String::new, plain)));
        }
        for which in ["best", "last"] {
            let figures = run.figures(which).into_iter().flatten();
            row.extend(figures.map(|(name, value)| (format!("{which}.{name}"), plain(value))));
        }
        let config = leaves(&run.config).into_iter().filter(|(key, _)| key != "name");
        row.extend(config.map(|(key, value)| (format!("config.{key}"), plain(value))));
        for key in ["config_sha256", "data_sha256", "model_best_sha256", "model_last_sha256"] {
            row.push((key.to_owned(), run.result.get(key).map_or_else(String::new, plain)));
        }
        row
    });
    to_csv(rows.collect())
}

/// One line per run and epoch: the rows of `metrics.jsonl`.
pub fn history_csv(runs: &[TrackedRun]) -> String {
    let rows = runs.iter().flat_map(|run| {
        run.rows.iter().map(|row| {
            let name = [("name".to_owned(), run.name.clone())];
            name.into_iter().chain(row.iter().map(|(key, value)| (key.clone(), plain(value)))).collect()
        })
    });
    to_csv(rows.collect())
}

/// Rows of named cells as one table: columns in the order in which they are first met.
fn to_csv(rows: Vec<Vec<(String, String)>>) -> String {
    let mut names: Vec<String> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for (name, _) in rows.iter().flatten() {
        places.entry(name.clone()).or_insert_with(|| {
            names.push(name.clone());
            names.len() - 1
        });
    }
    if names.is_empty() {
        return String::new();
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Into memory, and all records have the same length: nothing can go wrong.
    let _infallible = writer.write_record(&names);
    for row in rows {
        let mut cells = vec![String::new(); names.len()];
        for (name, value) in row {
            cells[places[&name]] = value;
        }
        let _infallible = writer.write_record(&cells);
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// The parameters that differ, and the figures of the best epoch, as a table for a README or a pull request.
pub fn markdown(runs: &[TrackedRun]) -> String {
    let configs: Vec<BTreeMap<String, &Value>> =
        runs.iter().map(|run| leaves(&run.config).into_iter().collect()).collect();
    let mut keys: Vec<String> = Vec::new();
    for (key, _) in runs.iter().flat_map(|run| leaves(&run.config)) {
        let differs = || configs.iter().any(|config| config.get(&key) != configs[0].get(&key));
        if !keys.contains(&key) && !SELF_EVIDENT.contains(&key.as_str()) && differs() {
            keys.push(key);
        }
    }
    let mut metrics: Vec<&String> = Vec::new();
    for (name, value) in runs.iter().filter_map(|run| run.figures("best")).flatten() {
        if name.starts_with("val_") && number(value).is_some() && !metrics.contains(&name) {
            metrics.push(name);
        }
    }
    let head = ["run", "status"].into_iter().chain(keys.iter().map(String::as_str)).chain(["epoch"]);
    let head: Vec<String> = head.chain(metrics.iter().map(|name| name.as_str())).map(cell).collect();
    let rule = head.iter().enumerate().map(|(place, _)| if place > 1 + keys.len() { "---:" } else { "---" });
    let mut lines = vec![line(&head), line(&rule.map(str::to_owned).collect::<Vec<_>>())];
    for (run, config) in runs.iter().zip(&configs) {
        let settings = keys.iter().map(|key| config.get(key).map_or_else(String::new, |value| cell(plain(value))));
        let figure =
            |name: &str| run.figures("best").and_then(|best| best.get(name)).map_or_else(String::new, figure_text);
        let mut cells = vec![cell(&run.name), run.state.as_str().to_owned()];
        cells.extend(settings);
        cells.push(figure("epoch"));
        cells.extend(metrics.iter().map(|name| figure(name)));
        lines.push(line(&cells));
    }
    lines.join("\n") + "\n"
}

fn line(cells: &[String]) -> String {
    format!("| {} |", cells.join(" | "))
}

/// Numbers with four digits after the point, as far as that says something.
fn figure_text(value: &Value) -> String {
    match number(value) {
        Some(figure) if !value.is_u64() => match figure.abs() {
            size if size != 0.0 && !(1e-3..1e5).contains(&size) => format!("{figure:.2e}"),
            _ => format!("{figure:.4}"),
        },
        _ => cell(plain(value)),
    }
}

/// A text that stays inside its cell and is no markup.
fn cell(text: impl AsRef<str>) -> String {
    let mut safe = String::new();
    let mut rest = text.as_ref().chars().peekable();
    let mut before = ' ';
    while let Some(character) = rest.next() {
        let is_inside = before.is_alphanumeric() && rest.peek().is_some_and(|next| next.is_alphanumeric());
        before = character;
        match character {
            // Inside a word it means nothing.
            '_' if is_inside => safe.push('_'),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '$' => safe.extend(['\\', character]),
            '<' => safe.push_str("&lt;"),
            '&' => safe.push_str("&amp;"),
            character if character.is_control() => safe.push(' '),
            character => safe.push(character),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::run::RunState;

    fn run(name: &str, lr: f64, loss: f64) -> TrackedRun {
        let row = json!({"epoch": 1, "step": 7, "val_loss": loss});
        TrackedRun {
            name: name.to_owned(),
            state: RunState::Completed,
            config: json!({"name": name, "seed": 0, "hyperparams": {"lr": lr, "hidden": [1, 2]}}),
            result: json!({"epochs": 1, "steps": 7, "best": row, "last": row, "config_sha256": "c0"}),
            rows: row.as_object().cloned().into_iter().collect(),
            ..TrackedRun::default()
        }
    }

    #[test]
    fn tables_of_two_runs() {
        let mut failed = run("b", 0.2, 0.25);
        failed.state = RunState::Failed;
        failed.result["error"] = json!({"class": "numeric", "message": "loss is NaN, \"again\""});
        let runs = [run("a", 0.1, 1.0 / 3.0), failed];
        insta::assert_snapshot!(runs_csv(&runs));
        insta::assert_snapshot!(history_csv(&runs));
        insta::assert_snapshot!(markdown(&runs));
        assert_eq!(runs_csv(&[]), "");
    }

    proptest! {
        /// What is written is what is read, whatever somebody wrote into a config.
        #[test]
        fn csv_gives_every_text_back(text in "\\PC*[,\"\n\r|]*") {
            let mut odd = run("a", 0.1, 0.5);
            odd.config["description"] = json!(text);
            let table = runs_csv(&[odd]);
            let mut reader = csv::Reader::from_reader(table.as_bytes());
            let place = reader.headers().unwrap().iter().position(|name| name == "config.description").unwrap();
            let record = reader.records().next().unwrap().unwrap();
            prop_assert_eq!(&record[place], &text);
        }

        #[test]
        fn a_row_of_markdown_stays_a_row(text in "[|`*<>_\\\\\n\ra-z]{0,12}") {
            let mut odd = run("a", 0.1, 0.5);
            odd.config["model_type"] = json!(text);
            let table = markdown(&[run("b", 0.1, 0.5), odd]);
            let bars = |line: &str| line.replace("\\\\", "").replace("\\|", "").matches('|').count();
            prop_assert_eq!(table.lines().count(), 4);
            prop_assert!(table.lines().all(|line| bars(line) == bars(table.lines().next().unwrap())), "{}", table);
        }
    }
}
