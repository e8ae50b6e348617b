//! `runner slurm`: the script runs, saves when it is told, queues itself again, and ends with the bytes of a local run.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;
use serde_json::json;

use crate::program::{Bench, Ended, ended, send, wait_for};

/// A cluster that does nothing but remember what it was asked.
struct Cluster {
    bin: PathBuf,
}

impl Cluster {
    fn new(bench: &Bench) -> Self {
        let cluster = Self { bin: bench.path().join("bin") };
        let said = bench.path().join("said");
        let tell = |name: &str| format!("#!/bin/bash\nprintf '%s\\n' {name} \"$@\" >>'{}'\n", said.display());
        cluster.program("sbatch", &format!("{}echo 17\n", tell("sbatch")));
        cluster.program("scontrol", &tell("scontrol"));
        cluster.program("squeue", "#!/bin/bash\necho \"${STATE:-RUNNING}\"\n");
        cluster
    }

    fn program(&self, name: &str, text: &str) {
        fs_err::create_dir_all(&self.bin).unwrap();
        let path = self.bin.join(name);
        fs_err::write(&path, text).unwrap();
        fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn path(&self) -> String {
        format!("{}:{}", self.bin.display(), std::env::var("PATH").unwrap_or_default())
    }

    fn run(&self, bench: &Bench, arguments: &[&str]) -> Ended {
        ended(&bench.command(arguments).env("PATH", self.path()).output().unwrap())
    }

    /// What Slurm does when a job gets its turn.
    fn start(&self, script: &Path, variables: &[(&str, &str)]) -> Child {
        let mut command = Command::new("bash");
        command.arg(script).env("PATH", self.path()).env("SLURM_JOB_ID", "17").env("SLURM_CPUS_PER_TASK", "2");
        command.envs(variables.iter().copied()).current_dir("/").stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }
}

/// Long enough to be interrupted.
fn long() -> serde_json::Value {
    json!({
        "model_type": "MLP",
        "dataset_path": "builtin:digits",
        "model": {"hidden": [64]},
        "hyperparams": {"epochs": 40, "batch_size": 8, "lr": 0.001},
    })
}

fn said(bench: &Bench) -> String {
    fs_err::read_to_string(bench.path().join("said")).unwrap_or_default()
}

fn wait_for_checkpoint(folder: &Path) {
    wait_for("a checkpoint", || {
        let entries = fs_err::read_dir(folder.join("checkpoints")).ok()?;
        entries.flatten().find(|entry| entry.file_name().to_string_lossy().ends_with(".safetensors"))
    });
}

/// Paths that mean something else to a shell that is not careful.
const HOSTILE: &str = "it's $(touch owned) `touch owned` \"x\" %j; *";

#[test]
fn a_job_is_told_saves_is_queued_again_and_ends_like_a_local_run() {
    let (local, bench) = (Bench::new(), Bench::new());
    for bench in [&local, &bench] {
        bench.iris("a-digits", &long());
        bench.iris("b-iris", &json!({}));
    }
    assert_eq!(local.run(&["configs"]).code, 0);
    let cluster = Cluster::new(&bench);
    let submitted = cluster.run(&bench, &["slurm", "configs", "--results", HOSTILE, "--time", "30"]);
    assert_eq!((submitted.code, submitted.stdout.as_str()), (0, "17\n"), "{}", submitted.stderr);
    let folder = bench.path().canonicalize().unwrap().join(HOSTILE).join(".slurm/0001");
    let script = folder.join("job.sh");
    let output = folder.join("job-%j.out").display().to_string().replacen("%j", "%%j", 1);
    let expected = format!("sbatch\n--parsable\n--chdir\n/\n--output\n{output}\n{}\n", script.display());
    assert_eq!(said(&bench), expected);
    // What is edited now changes nothing.
    bench.iris("a-digits", &json!({"seed": 1}));

    let results = bench.path().join(HOSTILE);
    let job = cluster.start(&script, &[]);
    wait_for_checkpoint(&results.join("a-digits"));
    send(&job, Signal::TERM);
    let first = ended(&job.wait_with_output().unwrap());
    assert_eq!(first.code, 143, "{}", first.stderr);
    assert!(said(&bench).ends_with("scontrol\nrequeue\n17\n"), "{}", said(&bench));
    let second = ended(&cluster.start(&script, &[]).wait_with_output().unwrap());
    assert_eq!(second.code, 0, "{}", second.stderr);
    assert!(second.stderr.contains("resumed"), "{}", second.stderr);
    for name in ["a-digits", "b-iris"] {
        let files = steadfast_testkit::RunFiles::read(&results.join(name));
        assert_eq!(files.differing(&local.files(name)), [""; 0], "{name}");
    }
    assert!(!bench.path().join("owned").exists() && !results.join("owned").exists());
    // Done: nothing is queued once more, and nothing is left to submit.
    assert_eq!(said(&bench).matches("requeue").count(), 1);
    bench.iris("a-digits", &long());
    let again = cluster.run(&bench, &["slurm", "configs", "--results", HOSTILE]);
    assert_eq!((again.code, again.stdout.as_str()), (0, ""));
    assert!(again.stderr.contains("nothing is left to do"), "{}", again.stderr);
}

#[test]
fn the_jobs_of_an_array_have_a_config_each_and_a_canceled_one_stays_away() {
    let bench = Bench::new();
    bench.iris("a-digits", &long());
    bench.iris("b-iris", &json!({}));
    let cluster = Cluster::new(&bench);
    let submitted = cluster.run(&bench, &["slurm", "configs", "--array", "--at-most", "1"]);
    assert_eq!(submitted.code, 0, "{}", submitted.stderr);
    let script = bench.results(".slurm/0001/job.sh");
    let task = |number: &str| cluster.start(&script, &[("SLURM_ARRAY_TASK_ID", number), ("STATE", "CANCELLED")]);
    let second = ended(&task("2").wait_with_output().unwrap());
    assert_eq!(second.code, 0, "{}", second.stderr);
    assert!(bench.results("b-iris").exists() && !bench.results("a-digits").exists());
    let first = task("1");
    wait_for_checkpoint(&bench.results("a-digits"));
    send(&first, Signal::TERM);
    assert_eq!(ended(&first.wait_with_output().unwrap()).code, 143);
    assert!(!said(&bench).contains("requeue"), "{}", said(&bench));
    assert_eq!(bench.result("a-digits")["status"], "interrupted");
    // The number of the last job is that of the whole array: alone it would queue all of them again.
    let log = bench.results("a-digits/log.txt");
    for (turn, (array, name)) in [("17", "17_1"), ("16", "17")].into_iter().enumerate() {
        let again = cluster.start(&script, &[("SLURM_ARRAY_JOB_ID", array), ("SLURM_ARRAY_TASK_ID", "1")]);
        wait_for("the next start", || {
            let text = fs_err::read_to_string(&log).unwrap();
            (text.matches("resumed").count() > turn).then_some(())
        });
        send(&again, Signal::TERM);
        assert_eq!(ended(&again.wait_with_output().unwrap()).code, 143);
        assert!(said(&bench).ends_with(&format!("scontrol\nrequeue\n{name}\n")), "{}", said(&bench));
    }
}

#[test]
fn failures_and_runs_of_others_are_not_queued_again() {
    let bench = Bench::new();
    bench.iris("missing", &json!({"dataset_path": "no/such/folder"}));
    let cluster = Cluster::new(&bench);
    assert_eq!(cluster.run(&bench, &["slurm", "configs"]).code, 0);
    let job = ended(&cluster.start(&bench.results(".slurm/0001/job.sh"), &[]).wait_with_output().unwrap());
    assert_eq!(job.code, 1, "{}", job.stderr);
    assert!(!said(&bench).contains("requeue"));
}

#[test]
fn without_sbatch_the_script_is_kept_and_it_is_said_so() {
    let bench = Bench::new();
    bench.iris("flowers", &json!({}));
    let printed = bench.run(&["slurm", "configs", "-n", "--cpus", "2"]);
    assert_eq!(printed.code, 0, "{}", printed.stderr);
    assert!(printed.stdout.starts_with("#!/bin/bash\n#SBATCH --job-name=flowers\n"), "{}", printed.stdout);
    assert!(!bench.path().join("results").exists(), "a dry run writes nothing");
    let refused = ended(&bench.command(&["slurm", "configs", "--cpus", "2"]).env("PATH", "/nowhere").output().unwrap());
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
    let folder = bench.path().canonicalize().unwrap();
    insta::assert_snapshot!(refused.stderr.replace(folder.to_str().unwrap(), "HERE"));
    assert_eq!(fs_err::read_to_string(bench.results(".slurm/0001/job.sh")).unwrap(), printed.stdout);
    assert!(bench.run(&["list"]).stderr.contains("no runs"), "jobs are no runs");
}

#[test]
fn what_cannot_work_is_refused_before_anything_is_written() {
    let bench = Bench::new();
    bench.iris("flowers", &json!({"hyperparams": {"epochs": 0}}));
    bench.iris("good", &json!({}));
    for arguments in [
        &["slurm", "configs"][..],
        &["slurm", "configs", "--time", "1"],
        &["slurm", "configs", "--partition", "a b"],
        &["slurm", "configs", "--at-most", "2"],
        &["slurm", "configs/good.json", "--results", "a\\b"],
    ] {
        assert_eq!(bench.run(arguments).code, 2, "{arguments:?}");
    }
    assert!(!bench.path().join("results").exists() && !bench.path().join("a\\b").exists());
}
