//! Trials that are computed in no time: a curve that falls towards a value which depends on the point.

use serde_json::Value;
use steadfast_sweep::{
    Curve, Distribution, End, Goal, Outcome, Parameter, Point, Sampler, Search, Stopping, Study, Task, TpeSettings,
};

/// Epochs of a whole toy run.
pub(crate) const EPOCHS: u64 = 9;

/// A space of two numbers, a whole number and a choice.
pub(crate) fn space() -> Vec<Parameter> {
    let parameter = |key: &str, distribution| Parameter { key: key.to_owned(), distribution };
    vec![
        parameter("x", Distribution::Uniform { min: -2.0, max: 2.0 }),
        parameter("lr", Distribution::LogUniform { min: 1e-4, max: 1.0 }),
        parameter("depth", Distribution::Int { min: 1, max: 6 }),
        parameter("kind", Distribution::Choice(["a", "b", "c"].map(Value::from).into())),
    ]
}

pub(crate) fn study(sampler: Sampler, stopping: Stopping, n: usize, seed: u64) -> Study {
    Study { sampler, space: space(), exclude: Vec::new(), n, seed, goal: Goal::Minimize, stopping }
}

pub(crate) fn tpe() -> Sampler {
    Sampler::Tpe(TpeSettings::default())
}

/// How good a point is: the less the better, 0 at best.
pub(crate) fn loss(point: &Point) -> f64 {
    let number = |key: &str| point.get(key).and_then(Value::as_f64).unwrap();
    let kind = if point.get("kind").and_then(Value::as_str) == Some("b") { 0.0 } else { 1.0 };
    (number("x") - 1.0).powi(2) + (number("lr").log10() + 2.0).powi(2) + (number("depth") - 4.0).abs() / 4.0 + kind
}

/// What a run of a point leaves when it obeys its halts.
pub(crate) fn run(point: &Point, task: &Task) -> Outcome {
    // Every seventh or so diverges.
    if point.get("lr").and_then(Value::as_f64).unwrap() > 0.5 {
        return Outcome { curves: vec![Curve::default()], end: End::Failed };
    }
    let whole = Curve::new((1..=EPOCHS).map(|epoch| (epoch, loss(point) + 1.0 / epoch as f64)));
    match task.halts.due(&whole, EPOCHS) {
        Some(epoch) if epoch < EPOCHS => Outcome { curves: vec![whole.until(epoch)], end: End::Paused(epoch) },
        _ => Outcome { curves: vec![whole], end: End::Complete },
    }
}

/// Runs a search to its end; every task, in order.
pub(crate) fn finish(search: &mut Search) -> Vec<Task> {
    let mut tasks = Vec::new();
    while let Some(task) = search.next_task() {
        search.tell(task.trial, run(&search.points()[task.trial].clone(), &task));
        tasks.push(task);
        assert!(tasks.len() < 10_000, "the search does not end");
    }
    tasks
}
