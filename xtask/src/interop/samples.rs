//! Results folders to look at: made from one real run, so that every file has the shape that the runner gives it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Map, Value, json};

use crate::process::CommandLine;

/// What each folder is called, and what it shows.
pub(crate) const SCENES: &[(&str, &str)] = &[
    ("none", "a folder without runs"),
    ("one", "a single run"),
    ("six", "six runs of different models"),
    ("seeds", "a sweep of four parameters with three seeds each, some failed"),
    ("thousand", "a thousand runs of a hundred epochs"),
    ("failed", "runs that failed or were stopped"),
    ("hostile", "names and messages that try to be code"),
];

/// Content of the files of a run, by their names.
#[derive(Debug, Clone)]
struct Template {
    config: Value,
    result: Value,
    timing: Value,
    environment: Value,
}

/// One run to be made.
struct Sample {
    name: String,
    choices: Vec<(&'static str, Value)>,
    seed: u64,
    epochs: u64,
    /// How good it gets and how fast.
    floor: f64,
    pace: f64,
    end: End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Completed,
    Failed(&'static str, &'static str),
    Interrupted,
}

/// Makes the folder of one scene under `folder` and says where it lies.
pub(crate) fn make(runner: &Path, folder: &Path, scene: &str) -> Result<PathBuf> {
    let results = folder.join(scene);
    if results.exists() {
        fs_err::remove_dir_all(&results)?;
    }
    fs_err::create_dir_all(&results)?;
    let samples = match scene {
        "none" => Vec::new(),
        "one" => vec![sample("digits-cnn", 1, 0.05, 0.16)],
        "six" => six(),
        "seeds" => sweep(72, 30),
        "thousand" => sweep(1000, 100),
        "failed" => failed(),
        "hostile" => hostile(),
        other => anyhow::bail!("there is no scene `{other}`"),
    };
    if !samples.is_empty() {
        let template = template(runner, folder)?;
        samples.iter().try_for_each(|sample| write(&results, &template, sample))?;
    }
    Ok(results)
}

/// The files of a real run.
fn template(runner: &Path, folder: &Path) -> Result<Template> {
    let results = folder.join("template");
    let run = results.join("digits-cnn");
    if !run.join("result.json").exists() {
        let (runner, results) = (runner.to_string_lossy(), results.to_string_lossy());
        let arguments = ["configs/digits-cnn.json", "hyperparams.epochs=2", "--results", &results, "-q"];
        let status = CommandLine::new(runner, &arguments).status()?;
        ensure!(status.success(), "the run that samples are made from failed");
    }
    let read = |name: &str| -> Result<Value> {
        let path = run.join(name);
        serde_json::from_slice(&fs_err::read(&path)?).with_context(|| path.display().to_string())
    };
    Ok(Template {
        config: read("config.json")?,
        result: read("result.json")?,
        timing: read("timing.json")?,
        environment: read("environment.json")?,
    })
}

fn sample(name: &str, seed: u64, floor: f64, pace: f64) -> Sample {
    Sample { name: name.to_owned(), choices: Vec::new(), seed, epochs: 25, floor, pace, end: End::Completed }
}

fn six() -> Vec<Sample> {
    let rows = [
        ("digits-cnn", "CNN", 0.03, 0.22),
        ("digits-mlp", "MLP", 0.06, 0.15),
        ("digits-resnet", "ResNet", 0.02, 0.12),
        ("digits-vit", "ViT", 0.09, 0.08),
        ("digits-lenet", "LeNet", 0.05, 0.18),
        ("digits-linear", "Linear", 0.16, 0.3),
    ];
    let of = |(name, model, floor, pace): (&str, &'static str, f64, f64)| {
        let choices =
            vec![("/model_type", json!(model)), ("/hyperparams/lr", json!(if floor < 0.05 { 0.001 } else { 0.01 }))];
        Sample { choices, ..sample(name, 0, floor, pace) }
    };
    rows.into_iter().map(of).collect()
}

/// A grid over four parameters, with three seeds of each point; every twenty-fifth run failed.
fn sweep(count: usize, epochs: u64) -> Vec<Sample> {
    let (rates, sizes) = ([0.0003, 0.001, 0.003, 0.01, 0.03], [16, 32, 64, 128]);
    let (kinds, smoothings) = (["adam", "sgd", "adamw"], [0.0, 0.05, 0.1]);
    let of = |number: usize| {
        let (point, seed) = (number / 3, number % 3);
        // A permutation, so that a part of the grid covers all of it.
        let point = point * 7;
        let (rate, size) = (point % rates.len(), point / rates.len() % sizes.len());
        let (kind, smoothing) = (point / 20 % kinds.len(), point / 60 % smoothings.len());
        // Beyond the grid the learning rate goes on, so that every point is another one.
        let lr = rates[rate] * (1.0 + 0.1 * (point / 180) as f64);
        let off = (lr / 0.003_f64).ln().powi(2) * if kinds[kind] == "sgd" { 0.3 } else { 1.0 };
        let floor = 0.04 + 0.02 * off + 0.015 * size as f64 + 0.01 * kind as f64;
        let end = if number % 25 == 19 {
            End::Failed("numeric", "the training loss is NaN at step 1200")
        } else {
            End::Completed
        };
        Sample {
            name: format!("lr{lr:.4}-batch{}-{}-{point:x}-s{seed}", sizes[size], kinds[kind]),
            choices: vec![
                ("/hyperparams/lr", json!(lr)),
                ("/hyperparams/batch_size", json!(sizes[size])),
                ("/hyperparams/optimizer/kind", json!(kinds[kind])),
                ("/hyperparams/label_smoothing", json!(smoothings[smoothing])),
            ],
            seed: seed as u64,
            epochs,
            floor,
            pace: 0.08 + 0.04 / (1.0 + off),
            end,
        }
    };
    (0..count).map(of).collect()
}

fn failed() -> Vec<Sample> {
    let ends = [
        ("diverged", End::Failed("numeric", "the training loss is NaN at step 1200")),
        ("no-data", End::Failed("data", "failed to open `/data/images`: No such file or directory (os error 2)")),
        ("full", End::Failed("storage", "no room in results/full/checkpoints: 48.2 MiB needed, 1.3 MiB free")),
        ("stopped", End::Interrupted),
        ("fine", End::Completed),
    ];
    ends.into_iter().map(|(name, end)| Sample { end, epochs: 12, ..sample(name, 3, 0.06, 0.2) }).collect()
}

fn hostile() -> Vec<Sample> {
    let script = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">";
    let message = "<svg onload=document.title='owned'>\u{2028}--><!-- ]]> ${document.title='owned'} {{7*7}}";
    let row = |name: &str| Sample {
        choices: vec![
            ("/description", json!(script)),
            ("/tags", json!([script, message])),
            ("/model_type", json!(name)),
        ],
        end: End::Failed("other", message),
        ..sample(name, 0, 0.1, 0.2)
    };
    vec![row("plain"), row("other"), Sample { end: End::Completed, ..row("third") }]
}

fn write(results: &Path, template: &Template, sample: &Sample) -> Result<()> {
    let folder = results.join(&sample.name);
    fs_err::create_dir_all(&folder)?;
    let mut config = template.config.clone();
    config["name"] = json!(sample.name);
    config["seed"] = json!(sample.seed);
    config["hyperparams"]["epochs"] = json!(sample.epochs);
    for (key, value) in &sample.choices {
        *config.pointer_mut(key).with_context(|| format!("a config has no {key}"))? = value.clone();
    }
    let rows = rows(sample);
    let document = |name: &str, value: &Value| fs_err::write(folder.join(name), format!("{value:#}\n"));
    let lines: Vec<String> = rows.iter().map(|row| Value::Object(row.clone()).to_string()).collect();
    document("config.json", &config)?;
    document("result.json", &result(template, sample, &rows))?;
    document("timing.json", &timing(template, &rows))?;
    document("environment.json", &template.environment)?;
    fs_err::write(folder.join("metrics.jsonl"), lines.join("\n") + "\n")?;
    Ok(())
}

/// Falling losses with noise, the same for a name and a seed in every process.
fn rows(sample: &Sample) -> Vec<Map<String, Value>> {
    let mut state =
        sample.name.bytes().fold(sample.seed + 1, |state, byte| state.wrapping_mul(31).wrapping_add(byte.into()));
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 31) - 0.5
    };
    let shift = noise() * 0.2;
    let reached = if sample.end == End::Completed { sample.epochs } else { sample.epochs * 2 / 5 };
    let row = |epoch: u64| {
        let decay = (-sample.pace * epoch as f64).exp();
        let floor = sample.floor * (1.0 + shift);
        let train = floor * 0.6 + 2.1 * decay + 0.02 * noise() * (decay + 0.1);
        let val = floor + 2.2 * decay + (0.06 * decay + 0.006) * noise();
        let row = json!({
            "epoch": epoch,
            "step": epoch * 51,
            "train_loss": train.max(1e-4),
            "train_accuracy": (1.0 - train / 3.0).clamp(0.1, 1.0),
            "val_loss": val.max(1e-4),
            "val_accuracy": ((1.0 - val / 2.6) * 360.0).round().clamp(36.0, 360.0) / 360.0,
            "lr": 0.001 * (1.0 + (std::f64::consts::PI * epoch as f64 / sample.epochs as f64).cos()) / 2.0,
        });
        row.as_object().cloned().unwrap_or_default()
    };
    (1..=reached).map(row).collect()
}

fn result(template: &Template, sample: &Sample, rows: &[Map<String, Value>]) -> Value {
    let mut result = template.result.clone();
    let loss = |row: &Map<String, Value>| row["val_loss"].as_f64().unwrap_or(f64::INFINITY);
    let best = rows.iter().min_by(|left, right| loss(left).total_cmp(&loss(right)));
    let (status, error) = match sample.end {
        End::Completed => ("completed", Value::Null),
        End::Failed(class, message) => ("failed", json!({"class": class, "message": message})),
        End::Interrupted => {
            let message = "stopped after step 204; the same command continues";
            ("interrupted", json!({"class": "interrupted", "message": message}))
        }
    };
    let last = rows.last();
    let values = [
        ("name", json!(sample.name)),
        ("status", json!(status)),
        ("error", error),
        ("epochs", json!(rows.len())),
        ("steps", last.map_or(json!(0), |row| row["step"].clone())),
        ("best", json!(best)),
        ("last", json!(last)),
    ];
    for (key, value) in values {
        result[key] = value;
    }
    result
}

fn timing(template: &Template, rows: &[Map<String, Value>]) -> Value {
    let mut timing = template.timing.clone();
    let epoch = |row: &Map<String, Value>| {
        let train = 1.5 + 0.1 * (row["train_loss"].as_f64().unwrap_or(0.0) * 1e4).fract();
        json!({"epoch": row["epoch"], "train_s": train, "validate_s": 0.21, "checkpoint_s": 0.01, "samples_per_s": 1617.0 / train})
    };
    timing["epochs"] = rows.iter().map(epoch).collect();
    timing["total_s"] = json!(1.8 * rows.len() as f64);
    timing
}
