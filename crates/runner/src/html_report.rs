//! `runner report`: one HTML file about many runs.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use rayon::prelude::*;
use serde_json::Value;
use steadfast_experiment::one_line;
use steadfast_report::{Report, RunRecord, page};
use steadfast_state::{Document, write_file};

use crate::args::ColorArg;
use crate::exit_code::Exit;
use crate::grid::remark;
use crate::look::LookArgs;
use crate::number::{bytes, plural};
use crate::run::{Run, Runs};
use crate::selection::SelectArgs;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    runner report                                  every run of results/, into report.html\n  \
    runner report -o paper.html --title 'Digits'   with a name and a heading of its own\n  \
    runner report --filter model_type=CNN --sort val_loss --limit 20\n  \
    runner report old-results --status failed      what failed, in another folder\n\n\
    The file needs no network and no other file; it can be mailed as it is. The same runs give the same bytes.")]
pub(crate) struct ReportArgs {
    /// The folder with the results.
    #[arg(value_name = "RESULTS", default_value = "results")]
    results: PathBuf,
    /// Where the page goes; `-` for standard output.
    #[arg(long, short, value_name = "FILE", default_value = "report.html")]
    output: PathBuf,
    /// What stands above the page [default: the name of the folder].
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    #[command(flatten)]
    select: SelectArgs,
    /// Whether to use colors.
    #[arg(long, value_enum, default_value_t = ColorArg::Auto)]
    color: ColorArg,
}

pub(crate) fn run(arguments: &ReportArgs) -> Exit {
    let ReportArgs { results, output, .. } = arguments;
    let look = LookArgs { json: false, color: arguments.color };
    if !results.is_dir() {
        return look
            .usage_error(&format!("there is no folder `{}`; name the one that --results named", results.display()));
    }
    let runs = match Runs::new(results, look).all() {
        Ok(runs) => runs,
        Err(exit) => return exit,
    };
    let runs = match arguments.select.choose(runs) {
        Ok(runs) => runs,
        Err(message) => return look.usage_error(&message),
    };
    // Most of the time goes into reading many small files.
    let runs: Vec<RunRecord> = runs.into_par_iter().map(|run| record(&run)).collect();
    let count = plural(runs.len() as u64, "run");
    let title = arguments.title.clone().unwrap_or_else(|| title_of(results));
    let program = concat!("Steadfast ", env!("CARGO_PKG_VERSION")).to_owned();
    let page = page(&Report { title, program, runs, ordered: arguments.select.is_sorted() });
    if let Err(error) = deliver(output, page.as_bytes()) {
        look.complain(&error);
        return Exit::Storage;
    }
    if output != Path::new("-") {
        remark(&format!("{}: {count}, {}", output.display(), bytes(page.len() as u64)));
    }
    Exit::Done
}

fn deliver(output: &Path, page: &[u8]) -> Result<(), String> {
    if output == Path::new("-") {
        let mut stdout = io::stdout().lock();
        return match stdout.write_all(page).and_then(|()| stdout.flush()) {
            // Whoever reads has seen enough.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.to_string()),
            _ => Ok(()),
        };
    }
    write_file(output, page).map_err(|error| one_line(&error))
}

fn title_of(results: &Path) -> String {
    let full = results.canonicalize().unwrap_or_else(|_| results.to_owned());
    let name =
        full.file_name().map_or_else(|| results.display().to_string(), |name| name.to_string_lossy().into_owned());
    format!("Runs in {name}")
}

fn record(run: &Run) -> RunRecord {
    RunRecord {
        name: run.name().to_owned(),
        status: run.summary.status.as_str().to_owned(),
        config: run.config().clone(),
        result: run.summary.result.clone().unwrap_or(Value::Null),
        timing: run.document(Document::Timing).unwrap_or(Value::Null),
        environment: run.document(Document::Environment).unwrap_or(Value::Null),
        metrics: run.metrics(),
    }
}
