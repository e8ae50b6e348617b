//! The verb: checks, freezes, submits.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use steadfast_experiment::{ExperimentFactory, one_line};
use steadfast_state::StateManager;

use super::folder;
use super::options::{TimeLimit, Word};
use super::script::{Array, Places, Wishes, output_pattern, quoted, script};
use crate::args::{ColorArg, OutputArgs};
use crate::batch::{self, Queued};
use crate::console::Console;
use crate::exit_code::Exit;
use crate::forecast::Forecast;
use crate::grid::{printable, say};
use crate::number::plural;
use crate::report;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    runner slurm configs/ --time 2:00:00 --cpus 8          one job, the experiments one after another\n  \
    runner slurm configs/ --array --at-most 4 --time 30    a job for each experiment, four at a time\n  \
    runner slurm configs/ -n                               print the script; nothing is written or submitted\n\n\
    A minute ahead of its limit, and when it is preempted, a job saves and queues itself again, until everything is done.\n\
    The configs are frozen beside the script, in results/.slurm/: editing them later changes nothing.\n\
    Other wishes go through the variables of sbatch, as in SBATCH_QOS=low or SBATCH_GPUS=1.\n\
    Exit codes: 0 submitted or nothing to do, 2 usage or config error, or no sbatch, 3 a resume would be refused")]
pub(crate) struct SlurmArgs {
    /// Config files, folders of them, and overrides such as `hyperparams.lr=0.01`.
    #[arg(value_name = "PATH|KEY=VALUE", required = true)]
    targets: Vec<String>,
    /// Where results are kept; all jobs share it.
    #[arg(long, value_name = "DIR", default_value = "results")]
    results: PathBuf,
    /// A job for each experiment instead of one job for all.
    #[arg(long)]
    array: bool,
    /// So many jobs of the array at a time.
    #[arg(long, value_name = "N", requires = "array", value_parser = clap::value_parser!(u32).range(1..))]
    at_most: Option<u32>,
    /// Time limit of a job, as Slurm writes it; what is not done by then goes on in the next turn.
    #[arg(long, value_name = "TIME")]
    time: Option<TimeLimit>,
    /// Partitions that it may run in.
    #[arg(long, value_name = "NAMES")]
    partition: Option<Word>,
    /// CPU cores of a job, and threads for computing.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    cpus: Option<u16>,
    /// Memory of a job, such as `8G`.
    #[arg(long, value_name = "SIZE")]
    mem: Option<Word>,
    /// Account that is charged.
    #[arg(long, value_name = "NAME")]
    account: Option<Word>,
    /// Print the script, and stop.
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Whether to use colors.
    #[arg(long, value_enum, default_value_t = ColorArg::Auto)]
    color: ColorArg,
}

/// Paths that hold on every node, whatever folder a job starts in.
struct Here {
    runner: PathBuf,
    working: PathBuf,
    results: PathBuf,
}

impl Here {
    fn new(results: &Path) -> io::Result<Self> {
        let results = std::path::absolute(results)?;
        Ok(Self { runner: std::env::current_exe()?, working: std::env::current_dir()?, results })
    }

    fn places<'a>(&'a self, folder: &'a Path) -> Places<'a> {
        Places { runner: &self.runner, working: &self.working, results: &self.results, folder }
    }
}

/// Checks every config as a run would, and leaves the rest to Slurm. Nothing is computed here.
pub(crate) fn run(factory: &ExperimentFactory, arguments: &SlurmArgs) -> Exit {
    let console = Console::new(OutputArgs::of_color(arguments.color));
    let loaded = match batch::load(factory, &arguments.targets) {
        Ok(loaded) => loaded,
        Err(problems) => {
            report::show(&problems, &console);
            return Exit::Usage;
        }
    };
    if let Some(warnings) = &loaded.warnings {
        report::show(warnings, &console);
    }
    let queue = match still_to_do(loaded.queue, &arguments.results, &console) {
        Ok(queue) => queue,
        Err(exit) => return exit,
    };
    submit(&queue, arguments, &console).unwrap_or_else(|error| {
        complain(&console, &one_line(&error));
        Exit::Storage
    })
}

/// Leaves out what is complete; what would be refused on the node is refused here.
fn still_to_do(mut queue: Vec<Queued>, results: &Path, console: &Console) -> Result<Vec<Queued>, Exit> {
    let state = StateManager::new(results);
    let mut refused = false;
    let all = queue.len();
    queue.retain(|queued| match Forecast::of(&state, queued) {
        Forecast::AlreadyComplete => false,
        Forecast::Refused(changes) => {
            refused = true;
            complain(console, &format!("{} would be refused: {changes}", queued.name()));
            true
        }
        _ => true,
    });
    if refused {
        return Err(Exit::ResumeRefused);
    }
    if queue.len() < all {
        let complete = plural((all - queue.len()) as u64, "experiment");
        console.line(&console.style().dim(format!("already complete and left out: {complete}")));
    }
    if queue.is_empty() {
        console.line("nothing is left to do");
        return Err(Exit::Done);
    }
    Ok(queue)
}

fn submit(queue: &[Queued], arguments: &SlurmArgs, console: &Console) -> io::Result<Exit> {
    let here = Here::new(&arguments.results)?;
    let array = arguments.array.then_some(Array { jobs: queue.len(), at_most: arguments.at_most });
    let wishes = Wishes {
        time: arguments.time.as_ref(),
        partition: arguments.partition.as_ref(),
        account: arguments.account.as_ref(),
        mem: arguments.mem.as_ref(),
        cpus: arguments.cpus,
    };
    let name = job_name(queue)?;
    let text = |folder: &Path| script(&name, &wishes, array, here.places(folder));
    if arguments.dry_run {
        io::stdout().lock().write_all(&text(&folder::next(&here.results)))?;
        return Ok(Exit::Done);
    }
    if output_pattern(&here.results, false).is_none() {
        complain(console, "Slurm cannot write below a path with a backslash; --results names another one");
        return Ok(Exit::Usage);
    }
    let folder = folder::write(&here.results, queue, text)?;
    let how = if arguments.array { "a job each" } else { "one after another" };
    let what = format!("{}, {how}", plural(queue.len() as u64, "experiment"));
    let output = output_pattern(&folder, arguments.array).unwrap_or_else(|| "/dev/null".into());
    Ok(hand_over(&folder, output, &what, console))
}

/// What the job is called in `squeue`.
fn job_name(queue: &[Queued]) -> io::Result<Word> {
    let name = if let [only] = queue { only.name() } else { "steadfast" };
    name.parse().map_err(io::Error::other)
}

/// Gives the script to `sbatch`. Its number goes to standard output, for other scripts.
fn hand_over(folder: &Path, output: OsString, what: &str, console: &Console) -> Exit {
    let job = folder.join("job.sh").into_os_string();
    // The script goes where it has to by itself; Slurm would read patterns into the path.
    let arguments = ["--parsable", "--chdir", "/", "--output"].map(OsString::from).into_iter().chain([output, job]);
    let arguments: Vec<OsString> = arguments.collect();
    let outcome = Command::new("sbatch").args(&arguments).stdin(Stdio::null()).stderr(Stdio::piped()).output();
    let by_hand = format!("it is kept; by hand: {}", in_words(&arguments));
    match outcome {
        Ok(output) if output.status.success() => {
            let answer = String::from_utf8_lossy(&output.stdout);
            // `NUMBER;CLUSTER` where there are several clusters.
            let number = printable(answer.trim().split(';').next().unwrap_or_default());
            console.line(&format!("job {number}: {what}; script, configs and output in {}", shown(folder)));
            say(&number);
            Exit::Done
        }
        Ok(output) => {
            let words = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
            complain(console, &format!("sbatch did not take the job: {words}"));
            console.line(&by_hand);
            Exit::Usage
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            complain(console, "there is no `sbatch` here, so nothing was submitted; -n prints the script alone");
            console.line(&by_hand);
            Exit::Usage
        }
        Err(error) => {
            complain(console, &format!("sbatch could not be started: {error}"));
            console.line(&by_hand);
            Exit::Usage
        }
    }
}

/// A command as it can be pasted into a shell.
fn in_words(arguments: &[OsString]) -> String {
    let is_plain = |word: &OsString| {
        word.to_str()
            .is_some_and(|word| word.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_./".contains(letter)))
    };
    let word = |word: &OsString| {
        if is_plain(word) {
            word.to_string_lossy().into_owned()
        } else {
            String::from_utf8_lossy(&quoted(word)).into_owned()
        }
    };
    printable(&["sbatch".to_owned()].into_iter().chain(arguments.iter().map(word)).collect::<Vec<_>>().join(" "))
}

fn shown(path: &Path) -> String {
    printable(&path.display().to_string())
}

fn complain(console: &Console, message: &str) {
    console.problem(&format!("{} {}", console.style().bad("error:"), printable(message)));
}
