//! Runs to make pages of, and the data of a page read back.

use serde_json::{Map, Value, json};
use steadfast_report::{Report, RunRecord, page};

/// A run that completed three epochs.
pub(crate) fn run(name: &str, seed: u64, lr: f64) -> RunRecord {
    let loss = |epoch: u64| lr / 3.0 + 1.0 / (epoch + seed % 100 + 1) as f64;
    let row = |epoch: u64| {
        let row = json!({"epoch": epoch, "step": epoch * 7, "train_loss": loss(epoch) / 2.0, "val_loss": loss(epoch), "lr": lr});
        row.as_object().cloned().unwrap_or_default()
    };
    let rows: Vec<Map<String, Value>> = (1..=3).map(row).collect();
    RunRecord {
        name: name.to_owned(),
        status: "completed".to_owned(),
        config: json!({
            "name": name, "seed": seed, "dataset_path": "builtin:iris", "hyperparams": {"epochs": 3, "lr": lr},
            "checkpoint": {"monitor": "val_loss", "mode": "min"},
        }),
        result: json!({
            "name": name, "status": "completed", "epochs": 3, "steps": 21, "best": rows[2], "last": rows[2],
            "config_sha256": "c0", "data_sha256": "d0", "error": null,
            "evaluation": {"accuracy": 0.5, "confusion_matrix": {"classes": ["a", "b"], "counts": [[3, 1], [2, 4]]}},
        }),
        timing: json!({"total_s": 1.5, "starts": 1, "epochs": []}),
        environment: json!({"host": "h", "threads": 2}),
        metrics: rows,
    }
}

pub(crate) fn report(runs: Vec<RunRecord>) -> Report {
    Report { title: "Runs".to_owned(), program: "Steadfast".to_owned(), runs, ordered: false }
}

/// What the script of the page is told.
pub(crate) fn data_of(html: &str) -> Value {
    let (_, rest) = html.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

pub(crate) fn data(runs: Vec<RunRecord>) -> Value {
    data_of(&page(&report(runs)))
}
