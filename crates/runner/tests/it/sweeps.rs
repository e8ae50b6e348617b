//! Sweeps: what is run, what came of it, and that no kill changes either.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};
use steadfast_testkit::{Dice, RunFiles};

use crate::program::{Bench, Ended, send, stable, worker_of};

/// Kills of each sweep.
fn wanted_kills() -> u64 {
    std::env::var("STEADFAST_SWEEP_KILLS").ok().and_then(|number| number.parse().ok()).unwrap_or(4)
}

/// A sweep file over a base that trains in no time; `fields` are merged into it.
fn sweep(bench: &Bench, name: &str, fields: &Value) -> String {
    let mut sweep = json!({
        "name": name,
        "base": {
            "model_type": "Linear",
            "dataset_path": "builtin:iris",
            "hyperparams": {"epochs": 4, "batch_size": 16, "lr": 0.01},
        },
    });
    for (key, value) in fields.as_object().unwrap() {
        sweep[key] = value.clone();
    }
    bench.write(&format!("sweeps/{name}.json"), format!("{sweep:#}\n")).to_str().unwrap().to_owned()
}

fn grid() -> Value {
    json!({"grid": {"hyperparams.lr": [0.1, 0.01], "hyperparams.optimizer": ["adam", "sgd"]}, "seeds": [0, 1]})
}

fn halving() -> Value {
    json!({
        "space": {"hyperparams.lr": {"log_uniform": [1e-3, 0.3]}, "hyperparams.batch_size": [8, 16, 32]},
        "search": "sobol", "n": 6, "prune": {"kind": "halving", "first": 1, "factor": 2},
    })
}

fn learning() -> Value {
    json!({
        "space": {"hyperparams.lr": {"log_uniform": [1e-3, 0.3]}, "hyperparams.weight_decay": {"log_uniform": [1e-6, 0.1]}},
        "search": {"kind": "tpe", "startup": 4}, "n": 10, "prune": {"kind": "median", "warmup_trials": 2},
    })
}

fn board(bench: &Bench, name: &str) -> String {
    fs_err::read_to_string(bench.results(name).join("leaderboard.json")).unwrap()
}

/// A text without the fingerprints in names of runs: those change with every default that a config gets.
fn plain(text: &str) -> String {
    let mut parts = text.split('@');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| format!("{text}@FINGERPRINT{}", part.get(8..).unwrap_or_default()))
}

/// Every run of a sweep by its name.
fn runs(bench: &Bench, name: &str) -> BTreeMap<String, RunFiles> {
    let entries = fs_err::read_dir(bench.results(name)).unwrap().map(|entry| entry.unwrap().path());
    let folders = entries.filter(|path| path.join("config.json").is_file());
    folders.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), RunFiles::read(&path))).collect()
}

#[test]
fn what_a_user_sees() {
    let bench = Bench::new();
    let file = sweep(&bench, "flowers", &grid());
    let ended = bench.run(&["sweep", &file]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    insta::assert_snapshot!("sweep_table", plain(&ended.stdout));
    insta::assert_snapshot!("sweep_leaderboard", plain(&board(&bench, "flowers")));
    let plan = fs_err::read_to_string(bench.results("flowers").join("sweep.json")).unwrap();
    insta::assert_snapshot!("sweep_plan", plain(&plan));
    let again = bench.run(&["sweep", &file]);
    assert_eq!((again.code, &again.stdout), (0, &ended.stdout));
    insta::assert_snapshot!("sweep_again", plain(&stable(&again.stderr)));
    insta::assert_snapshot!("sweep_forecast", plain(&bench.run(&["sweep", &file, "--dry-run"]).stderr));
    let json: Value = serde_json::from_str(&bench.run(&["sweep", &file, "--json"]).stdout).unwrap();
    assert_eq!(json[0].to_string(), serde_json::from_str::<Value>(&board(&bench, "flowers")).unwrap().to_string());
}

#[test]
fn those_who_look_at_results_see_the_runs_of_sweeps() {
    let bench = Bench::new();
    let file = sweep(&bench, "flowers", &json!({"grid": {"hyperparams.lr": [0.1, 0.01]}}));
    bench.iris("plain", &json!({}));
    bench.run(&["configs"]);
    bench.run(&["sweep", &file]);
    let names: Vec<String> = bench.run(&["list", "--names"]).stdout.lines().map(str::to_owned).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!(names[0], "plain");
    assert!(names[1].starts_with("flowers/lr-0.01@") && names[2].starts_with("flowers/lr-0.1@"), "{names:?}");
    let best = bench.run(&["best", "--limit", "1", "--names"]).stdout;
    let folder = format!("results/{}", best.trim());
    for name in [best.trim(), &folder] {
        let shown = bench.run(&["show", name]);
        assert!(shown.code == 0 && shown.stdout.starts_with(best.trim()), "{}", shown.stderr);
        assert_eq!(bench.run(&["evaluate", name]).code, 0, "{name}");
    }
    let compared = bench.run(&["compare", &names[1], &names[2]]);
    assert!(compared.stdout.contains("lr-0.1@"), "{}", compared.stdout);
    let unknown = bench.run(&["show", "flowers/lr-0.1"]);
    assert!(unknown.code == 2 && unknown.stderr.contains("did you mean"), "{}", unknown.stderr);
}

#[test]
fn n_is_a_total_and_nothing_is_repeated() {
    let bench = Bench::new();
    let file = sweep(&bench, "drawn", &json!({"space": {"hyperparams.lr": {"log_uniform": [1e-3, 0.3]}}, "n": 2}));
    assert_eq!(bench.run(&["sweep", &file]).code, 0);
    let before = runs(&bench, "drawn");
    let more = bench.run(&["sweep", &file, "n=3"]);
    assert!(more.stderr.contains("changed since the last start: n;"), "{}", more.stderr);
    assert_eq!(more.stderr.matches("already complete").count(), 2, "{}", more.stderr);
    let after = runs(&bench, "drawn");
    assert_eq!((before.len(), after.len()), (2, 3));
    assert!(before.iter().all(|(name, files)| after.get(name) == Some(files)));
}

#[test]
fn the_winner_of_a_search_is_what_it_is_alone() {
    let bench = Bench::new();
    for (name, fields) in [("halved", halving()), ("learnt", learning())] {
        let file = sweep(&bench, name, &fields);
        let ended = bench.run(&["sweep", &file]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let board: Value = serde_json::from_str(&board(&bench, name)).unwrap();
        assert_eq!(board["rows"][0]["status"], "completed");
        assert!(board["rows"].as_array().unwrap().iter().any(|row| row["status"] == "stopped"), "{board:#}");
        let winner = board["rows"][0]["runs"][0]["run"].as_str().unwrap();
        let alone = Bench::new();
        let config = bench.path().join("results").join(winner).join("config.json");
        assert_eq!(alone.run(&[config.to_str().unwrap()]).code, 0);
        let run = winner.split('/').next_back().unwrap();
        let swept = RunFiles::read(&bench.path().join("results").join(winner));
        assert!(swept.is_complete());
        assert_eq!(alone.files(run).differing(&swept), [""; 0], "{winner}");
    }
}

#[test]
fn a_run_that_was_stopped_goes_on_from_its_own_checkpoint() {
    let bench = Bench::new();
    let file = sweep(&bench, "halved", &halving());
    let ended = bench.run(&["sweep", &file]);
    assert_eq!(
        ended.stderr.matches("paused").count(),
        9,
        "six at the first rung, three at the second: {}",
        ended.stderr
    );
    assert_eq!(ended.stderr.matches("resumed with").count(), 4, "{}", ended.stderr);
    // Without pruning the same command takes all of them to their end, from where they are.
    let whole = bench.run(&["sweep", &file, "prune=null"]);
    assert_eq!(whole.code, 0, "{}", whole.stderr);
    assert_eq!(whole.stderr.matches("resumed with").count(), 5, "{}", whole.stderr);
    assert!(bench.run(&["sweep", &file]).stdout == ended.stdout, "and the search itself stays what it was");
}

#[test]
fn a_grid_survives_kills() {
    survive("flowers", &grid());
}

#[test]
fn halving_survives_kills() {
    survive("halved", &halving());
}

#[test]
fn a_search_that_learns_survives_kills() {
    survive("learnt", &learning());
}

/// Runs a sweep without interruption, then kills it again and again, and compares leaderboards and runs.
fn survive(name: &str, fields: &Value) {
    let reference = Bench::new();
    let started = Instant::now();
    let expected = reference.run(&["sweep", &sweep(&reference, name, fields)]);
    assert_eq!(expected.code, 0, "{}", expected.stderr);
    let whole = started.elapsed();
    let (mut dice, mut kills) = (Dice::new(7), 0);
    // A sweep that comes to its end between two kills is compared, and another one takes its place.
    while kills < wanted_kills() {
        let bench = Bench::new();
        let file = sweep(&bench, name, fields);
        while kills < wanted_kills() && was_killed(&bench, &file, &mut dice, whole) {
            kills += 1;
        }
        let last = bench.run(&["sweep", &file]);
        assert_eq!(last.code, 0, "after {kills} kills: {}", last.stderr);
        assert_eq!(last.stdout, expected.stdout);
        assert_eq!(board(&bench, name), board(&reference, name));
        let (runs, expected) = (runs(&bench, name), runs(&reference, name));
        assert_eq!(runs.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        for (run, files) in &runs {
            assert_eq!(files.differing(&expected[run]), [""; 0], "{run}");
        }
    }
}

/// Starts a sweep and kills it somewhere, half of the time with its worker; false if it came to its end before.
fn was_killed(bench: &Bench, file: &str, dice: &mut Dice, whole: Duration) -> bool {
    let mut child = bench.command(&["sweep", file]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let (started, life) = (Instant::now(), whole.mul_f64(dice.below(700) as f64 / 1000.0));
    while started.elapsed() < life {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        sleep(Duration::from_millis(1));
    }
    let worker = worker_of(&child).filter(|_| dice.below(2) == 0);
    send(&child, Signal::KILL);
    if let Some(worker) = worker {
        let _ = kill_process(worker, Signal::KILL);
    }
    child.wait().unwrap();
    true
}

#[test]
fn a_failure_is_a_result_or_waits_for_the_next_start() {
    let bench = Bench::new();
    let diverging = json!({
        "base": {"model_type": "MLP", "dataset_path": "builtin:iris", "hyperparams": {"epochs": 2, "optimizer": "sgd"}},
        "grid": {"hyperparams.lr": [0.01, 1e30]},
    });
    let file = sweep(&bench, "diverging", &diverging);
    let ended = bench.run(&["sweep", &file]);
    assert_eq!(ended.code, 1);
    insta::assert_snapshot!("sweep_with_a_failure", plain(&ended.stdout));
    let again = bench.run(&["sweep", &file]);
    assert!(again.code == 0 && again.stdout == ended.stdout, "it would diverge again: {}", again.stderr);
    assert_eq!(bench.run(&["sweep", &file, "--retry-failed"]).code, 1);

    let missing = json!({"grid": {"dataset_path": ["builtin:iris", "data"]}, "base": {"model_type": "Linear"}});
    let file = sweep(&bench, "missing", &missing);
    assert_eq!(bench.run(&["sweep", &file]).code, 1);
    assert!(board(&bench, "missing").contains("\"failed\""));
    assert_eq!(bench.run(&["sweep", &file, "--fail-fast", "--fresh"]).code, 1);
    assert!(bench.results("missing.old-1").exists(), "nothing is deleted");
}

#[test]
fn bad_sweeps_are_refused_before_anything_runs() {
    let bench = Bench::new();
    bench.write("base.json", r#"{"model_type": "MLP", "dataset_path": "builtin:iris"}"#);
    let bad = [
        ("unknown-key", json!({"gird": {"seed": [1]}})),
        ("nothing-varies", json!({})),
        ("a-key-of-the-config", json!({"grid": {"hyperparams.learning_rate": [0.1], "model.hiden": [[8]]}})),
        ("a-value-of-the-config", json!({"grid": {"hyperparams.lr": [0.1, -1, "fast"], "model_type": ["MLP", "MPL"]}})),
        ("zip", json!({"zip": {"hyperparams.lr": [0.1, 0.2], "hyperparams.batch_size": [8]}})),
        ("range", json!({"space": {"hyperparams.lr": {"log_uniform": [0, 1]}, "seed": {"int": [3, 1]}}, "n": 3})),
        ("ranges", json!({"space": {"hyperparams.lr": {"uniform": [0.1, 1], "int": [1, 3]}}, "n": 3})),
        ("no-n", json!({"space": {"hyperparams.lr": [0.1, 0.2]}})),
        ("both", json!({"grid": {"seed": [1, 2]}, "space": {"hyperparams.lr": [0.1, 0.2]}, "n": 2})),
        ("search", json!({"space": {"hyperparams.lr": [0.1, 0.2]}, "n": 2, "search": "tpee", "prune": "halvign"})),
        ("search-key", json!({"space": {"hyperparams.lr": [0.1]}, "n": 2, "search": {"kind": "tpe", "starup": 3}})),
        ("metric", json!({"grid": {"seed": [1, 2]}, "metric": "val_acuracy"})),
        ("names", json!({"grid": {"name": ["a", "b"]}, "seeds": [1, 1]})),
        ("exclude", json!({"grid": {"seed": [1, 2]}, "exclude": [{"sed": 1}]})),
        ("all-excluded", json!({"grid": {"seed": [1, 2]}, "exclude": [{"seed": 1}, {"seed": 2}]})),
        (
            "too-many",
            json!({"grid": {"seed": (0..200).collect::<Vec<_>>(), "hyperparams.epochs": (1..100).collect::<Vec<_>>()}}),
        ),
        ("one-run-twice", json!({"grid": {"model_type": ["MLP", "mlp"]}})),
        ("rungs", json!({"space": {"hyperparams.lr": [0.1, 0.2]}, "n": 2, "prune": {"kind": "halving", "first": 50}})),
        ("no-base", json!({"grid": {"seed": [1, 2]}, "base": "../bsae.json"})),
    ];
    let mut told = String::new();
    for (name, fields) in bad {
        let mut sweep = json!({"name": name, "base": "../base.json"});
        sweep.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        bench.write(&format!("sweeps/{name}.json"), sweep.to_string());
        let Ended { code, stderr, .. } = bench.run(&["sweep", &format!("sweeps/{name}.json")]);
        assert_eq!(code, 2, "{name}: {stderr}");
        told.push_str(&stderr);
    }
    insta::assert_snapshot!("bad_sweeps", told);
    assert!(!bench.path().join("results").exists());
}

#[test]
fn a_config_is_no_sweep_and_a_sweep_no_config() {
    let bench = Bench::new();
    let config = bench.iris("plain", &json!({}));
    let ended = bench.run(&["sweep", config.to_str().unwrap()]);
    assert!(ended.code == 2 && ended.stderr.contains("not a sweep"), "{}", ended.stderr);
    let file = sweep(&bench, "flowers", &grid());
    let ended = bench.run(&[&file]);
    assert!(ended.code == 2 && ended.stderr.contains("runner sweep"), "{}", ended.stderr);
    // In a folder, too: one problem for each sweep file, beside those of the configs.
    bench.write("mixed/a.json", fs_err::read(bench.path().join(&file)).unwrap());
    bench.write("mixed/b.json", r#"{"name": "b", "model_type": "Liner", "dataset_path": "builtin:iris"}"#);
    let ended = bench.run(&["check", "mixed", "--static"]);
    assert!(ended.code == 2 && ended.stderr.contains("2 problems in 2 files"), "{}", ended.stderr);
    assert!(ended.stderr.contains("runner sweep") && ended.stderr.contains("`Linear`"), "{}", ended.stderr);
}

#[test]
fn a_folder_belongs_to_one_thing() {
    let bench = Bench::new();
    let file = sweep(&bench, "flowers", &json!({"grid": {"hyperparams.lr": [0.1]}}));
    bench.iris("flowers", &json!({}));
    bench.run(&["configs"]);
    let ended = bench.run(&["sweep", &file]);
    assert!(ended.code == 5 && ended.stderr.contains("is the folder of a run"), "{}", ended.stderr);
    bench.iris("leaves", &json!({}));
    let file = sweep(&bench, "leaves", &json!({"grid": {"hyperparams.lr": [0.1]}}));
    assert_eq!(bench.run(&["sweep", &file]).code, 0);
    let ended = bench.run(&["configs/leaves.json"]);
    assert!(ended.stderr.contains("is the folder of a sweep"), "{}", ended.stderr);
}

#[test]
fn no_link_leads_a_sweep_out_of_the_results() {
    let bench = Bench::new();
    let file = sweep(&bench, "flowers", &json!({"grid": {"hyperparams.lr": [0.1]}}));
    fs_err::create_dir_all(bench.path().join("results")).unwrap();
    fs_err::create_dir_all(bench.path().join("elsewhere")).unwrap();
    symlink(bench.path().join("elsewhere"), bench.results("flowers")).unwrap();
    let ended = bench.run(&["sweep", &file]);
    assert!(ended.code == 5 && ended.stderr.contains("a symbolic link"), "{}", ended.stderr);
    assert_eq!(fs_err::read_dir(bench.path().join("elsewhere")).unwrap().count(), 0);
    assert_eq!(bench.run(&["list"]).code, 0);
}

#[test]
fn two_programs_do_not_work_on_one_sweep() {
    let bench = Bench::new();
    let fields = json!({"grid": {"hyperparams.lr": [0.1, 0.01]}, "base": {
        "model_type": "MLP", "dataset_path": "builtin:digits", "hyperparams": {"epochs": 2000},
    }});
    let file = sweep(&bench, "long", &fields);
    let mut child = bench.command(&["sweep", &file]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    crate::program::wait_for("the first run", || {
        Path::new(&bench.results("long")).join("sweep.json").exists().then_some(())
    });
    let ended = bench.run(&["sweep", &file]);
    assert!(ended.code == 4 && ended.stderr.contains("is held by"), "{}", ended.stderr);
    send(&child, Signal::TERM);
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert!(board(&bench, "long").contains("\"finished\": false"));
}
