//! Exports against a server of MLflow.

use anyhow::Result;

use super::check::{Bench, Check, Finding, script};

pub(super) const CHECK: Check = Check {
    name: "mlflow",
    summary: "runs sent to an `mlflow server`: live, killed, twice, and to no server at all",
    python: &["mlflow"],
    program: None,
    run,
};

fn run(bench: &Bench) -> Result<Vec<Finding>> {
    script(bench, "xtask/interop/mlflow_check.py")
}
