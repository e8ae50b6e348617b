//! Event files against TensorBoard: its reader, its plugins, its server.

use anyhow::Result;

use super::check::{Bench, Check, Finding, script};

pub(super) const CHECK: Check = Check {
    name: "tensorboard",
    summary: "event files of runs, killed and not, read by TensorBoard itself",
    python: &["tensorboard", "pillow", "setuptools<81"],
    program: None,
    run,
};

fn run(bench: &Bench) -> Result<Vec<Finding>> {
    script(bench, "xtask/interop/tensorboard_check.py")
}
