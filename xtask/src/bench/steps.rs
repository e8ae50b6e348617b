//! A training step of four models, ours and eager `PyTorch`'s in turn.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::measure::{Built, json, timed};
use super::table::{Comparison, median};
use crate::workspace;

/// Models with the ratio that must be kept and the one that is aimed at.
const MODELS: [(&str, f64, f64); 4] = [("mlp", 1.3, 2.0), ("cnn", 1.0, 1.5), ("resnet20", 1.0, 1.5), ("gpt", 1.0, 1.5)];

/// Seconds that a step is repeated for.
const SECONDS: &str = "4";

/// Milliseconds of a step of ours, one for each model.
pub(super) fn alone(built: &Built) -> Result<Vec<(&'static str, f64)>> {
    MODELS.iter().map(|(model, ..)| Ok((*model, ours(built, model)?))).collect()
}

/// Rounds of both, in turn.
pub(super) fn against(built: &Built, python: &Path, rounds: usize) -> Result<Vec<Comparison>> {
    let script = workspace::root().join("xtask/peers/torch_steps.py");
    let script = script.to_string_lossy();
    MODELS
        .iter()
        .map(|&(model, floor, target)| {
            let (mut own, mut their) = (Vec::new(), Vec::new());
            for round in 0..rounds {
                own.push(ours(built, model)?);
                let (_, printed) = timed(python, &[&script, model, "2", SECONDS], &workspace::root())?;
                their.push(milliseconds(&printed)?);
                println!("  {model} round {}: {:.2} ms, {:.2} ms", round + 1, own[round], their[round]);
            }
            let ratios = own.iter().zip(&their).map(|(own, their)| their / own).collect();
            let shown = |times: &[f64]| format!("{:.2} ms", median(times));
            Ok(Comparison {
                what: format!("step of {model}"),
                ours: shown(&own),
                theirs: shown(&their),
                ratios,
                floor,
                target,
            })
        })
        .collect()
}

fn ours(built: &Built, model: &str) -> Result<f64> {
    let (_, printed) = timed(&built.step_times, &[model, "2", SECONDS], &workspace::root())?;
    milliseconds(&printed)
}

fn milliseconds(printed: &str) -> Result<f64> {
    json(printed)?["ms_per_step"].as_f64().context("no `ms_per_step` was printed")
}
