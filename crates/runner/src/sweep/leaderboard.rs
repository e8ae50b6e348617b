//! What came of a sweep, the best first: a table for people, a document for programs.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use steadfast_sweep::{End, Goal, Point, Search, Standing, deviation};

use super::names::Labels;
use super::record::Record;
use crate::grid::{Cell, Column, Grid, Look};
use crate::number::metric as figure;
use crate::style::Style;
use crate::table::shown;

/// What is known of each run, by trial and by the place of its seed.
pub(super) type Records = BTreeMap<(usize, usize), (String, Record)>;

/// A trial in the order of the leaderboard.
struct Line {
    trial: usize,
    standing: Standing,
    /// Deviation of the values of its seeds.
    deviation: Option<f64>,
    epochs: u64,
    runs: Vec<Value>,
    first_run: String,
}

/// Everything that is known of a sweep. It holds no time, host or path, so that equal sweeps have equal files.
pub(super) struct Leaderboard {
    sweep: String,
    metric: String,
    goal: Goal,
    wanted: usize,
    is_finished: bool,
    lines: Vec<Line>,
    points: Vec<Point>,
}

/// What a leaderboard is made from.
pub(super) struct Facts<'a> {
    pub(super) sweep: &'a str,
    pub(super) metric: &'a str,
    pub(super) search: &'a Search,
    pub(super) records: &'a Records,
    pub(super) seeds: &'a [Option<u64>],
    /// Whether nothing is left to do.
    pub(super) is_finished: bool,
}

impl Leaderboard {
    pub(super) fn of(facts: &Facts<'_>) -> Self {
        let study = facts.search.study();
        let lines = facts.search.ranking().into_iter().map(|(trial, standing)| line(facts, trial, standing)).collect();
        Self {
            sweep: facts.sweep.to_owned(),
            metric: facts.metric.to_owned(),
            goal: study.goal,
            wanted: facts.search.points().len().max(study.n),
            is_finished: facts.is_finished,
            lines,
            points: facts.search.points().to_vec(),
        }
    }

    pub(super) fn to_json(&self) -> Value {
        let rows = self.lines.iter().enumerate().map(|(place, line)| {
            json!({
                "place": place + 1,
                "trial": line.trial + 1,
                "status": status(line.standing.end),
                "epochs": line.epochs,
                "value": line.standing.value,
                "deviation": line.deviation,
                "point": point_json(&self.points[line.trial]),
                "runs": line.runs,
            })
        });
        json!({
            "sweep": self.sweep,
            "metric": self.metric,
            "mode": if self.goal == Goal::Minimize { "min" } else { "max" },
            "trials": self.wanted,
            "finished": self.is_finished,
            "rows": rows.collect::<Value>(),
        })
    }

    /// The table: only the parameters that differ, and the figures.
    pub(super) fn render(&self, labels: &Labels, limit: usize, width: Option<usize>, style: Style) -> String {
        let limit = limit.max(1);
        let point = |line: &Line| &self.points[line.trial];
        let keys: Vec<(&str, &str)> = labels
            .all()
            .filter(|(key, _)| {
                let mut values = self.lines.iter().map(|line| point(line).get(key));
                let first = values.next().flatten();
                self.lines.len() == 1 || values.any(|value| value != first)
            })
            .collect();
        let has_deviation = self.lines.iter().any(|line| line.deviation.is_some());
        let mut columns = vec![Column::right("#")];
        columns.extend(keys.iter().map(|(_, label)| Column::right(*label)));
        columns.push(Column::right(&self.metric));
        columns.extend(has_deviation.then(|| Column::right("±")));
        columns.extend([Column::right("epochs"), Column::left("status")]);
        let mut grid = Grid::new(columns);
        for (place, line) in self.lines.iter().enumerate().take(limit) {
            let look = if place == 0 && line.standing.end == End::Complete { Look::Good } else { Look::Plain };
            let mut cells = vec![Cell::new((place + 1).to_string()).look(Look::Dim)];
            cells.extend(keys.iter().map(|(key, _)| Cell::new(point(line).get(key).map_or(String::new(), shown))));
            cells.push(Cell::new(line.standing.value.map_or(String::new(), figure)).look(look));
            cells.extend(has_deviation.then(|| Cell::new(line.deviation.map_or(String::new(), figure))));
            cells.push(Cell::new(line.epochs.to_string()));
            let look = match line.standing.end {
                End::Complete => Look::Good,
                End::Paused(_) => Look::Dim,
                End::Failed => Look::Bad,
            };
            cells.push(Cell::new(status(line.standing.end)).look(look));
            grid.row(cells);
        }
        let mut parts = vec![format!("{}, {}", style.bold(&self.sweep), self.progress()), grid.render(width, style)];
        if self.lines.len() > limit {
            parts.push(style.dim(format!("and {} more", self.lines.len() - limit)));
        }
        if let Some(best) = self.lines.first().filter(|line| line.standing.value.is_some()) {
            parts.push(format!("best: {}", best.first_run));
        }
        parts.join("\n")
    }

    /// `12 of 20 trials, the least val_loss first`.
    fn progress(&self) -> String {
        let first = if self.goal == Goal::Minimize { "least" } else { "largest" };
        let (known, wanted) = (self.lines.len(), self.wanted);
        let count = if known == wanted { format!("{wanted} trials") } else { format!("{known} of {wanted} trials") };
        let end = if self.is_finished { "" } else { ", not finished" };
        format!("{count}, the {first} {} first{end}", self.metric)
    }
}

fn line(facts: &Facts<'_>, trial: usize, standing: Standing) -> Line {
    let goal = facts.search.study().goal;
    let mut values = Vec::new();
    let mut runs = Vec::new();
    let (mut epochs, mut first_run) = (0, String::new());
    for (index, seed) in facts.seeds.iter().enumerate() {
        let Some((name, record)) = facts.records.get(&(trial, index)) else { continue };
        let best = record.curve.best(u64::MAX, goal);
        values.extend(best.map(|(_, value)| value));
        epochs = epochs.max(record.epochs);
        let name = format!("{}/{name}", facts.sweep);
        runs.push(json!({
            "run": name,
            "seed": seed,
            "status": status(record.end),
            "epochs": record.epochs,
            "best_epoch": best.map(|(epoch, _)| epoch),
            "value": best.map(|(_, value)| value),
        }));
        if first_run.is_empty() {
            first_run = name;
        }
    }
    let deviation = standing.value.and_then(|_| deviation(&values));
    Line { trial, standing, deviation, epochs, runs, first_run }
}

fn point_json(point: &Point) -> Value {
    point.settings().iter().cloned().collect::<Map<_, _>>().into()
}

fn status(end: End) -> &'static str {
    match end {
        End::Complete => "completed",
        End::Paused(_) => "stopped",
        End::Failed => "failed",
    }
}
