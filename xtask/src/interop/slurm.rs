//! Jobs on a real Slurm of one node.

use anyhow::Result;

use super::check::{Bench, Check, Finding, script};

pub(super) const CHECK: Check = Check {
    name: "slurm",
    summary: "six experiments as an array on a Slurm of one node: interrupted, queued again, compared with a local run",
    python: &[],
    program: Some(("sbatch", "slurm-wlm")),
    run,
};

fn run(bench: &Bench) -> Result<Vec<Finding>> {
    script(bench, "xtask/interop/slurm_check.py")
}
