//! The report in a real browser, with the network off.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::check::{Bench, Check, Finding};
use super::samples;
use crate::process::CommandLine;

pub(super) const CHECK: Check = Check {
    name: "browser",
    summary: "the report in headless Chromium: no request, no error, hover, sort, widths, dark",
    python: &["websocket-client"],
    program: Some(("chromium", "chromium")),
    run,
};

/// How long a report of a thousand runs may take, and how large it may be.
const SLOWEST: Duration = Duration::from_secs(3);
const LARGEST: u64 = 5_000_000;

fn run(bench: &Bench) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (scene, what) in samples::SCENES {
        let results = samples::make(&bench.runner, &bench.folder, scene)?;
        let page = bench.folder.join(format!("{scene}.html"));
        let (runner, from, to) = (bench.runner.to_string_lossy(), results.to_string_lossy(), page.to_string_lossy());
        let line = CommandLine::new(runner, &["report", &from, "-o", &to]);
        let started = Instant::now();
        ensure!(line.status()?.success(), "`{line}` failed");
        if *scene == "thousand" {
            findings.push(measured(started.elapsed(), fs_err::metadata(&page)?.len()));
        }
        let script = "xtask/interop/browser_check.py";
        let check = CommandLine::new(bench.python.to_string_lossy(), &[script, &to, &from, scene]);
        let found = Finding::read_all(&check.capture()?).with_context(|| format!("{scene}: {what}"))?;
        findings
            .extend(found.into_iter().map(|finding| Finding { what: format!("{scene}: {}", finding.what), ..finding }));
    }
    Ok(findings)
}

fn measured(took: Duration, size: u64) -> Finding {
    let seconds = took.as_secs_f64();
    let mut trouble = Vec::new();
    if took > SLOWEST {
        trouble.push(format!("it took {seconds:.2} s"));
    }
    if size > LARGEST {
        trouble.push(format!("it is {size} bytes large"));
    }
    let megabytes = size as f64 / 1e6;
    Finding { what: format!("thousand: made in {seconds:.2} s (< 3 s), {megabytes:.2} MB (< 5 MB)"), count: 2, trouble }
}
