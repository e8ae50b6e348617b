//! Forks, other builds and rebuilt files, through the real program.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::program::{Bench, ended};

#[test]
fn a_fork_starts_from_the_old_state_with_the_new_config() {
    let bench = Bench::new();
    bench.iris("flowers", &json!({}));
    assert_eq!(bench.run(&["configs"]).code, 0);
    let before = bench.files("flowers");
    let fork = ["configs", "--fork", "flowers-slow", "hyperparams.lr=0.001", "hyperparams.epochs=5"];
    let forked = bench.run(&fork);
    assert_eq!(forked.code, 0, "{}", forked.stderr);
    assert!(forked.stderr.contains("forked  from flowers after step 27"), "{}", forked.stderr);
    let result = bench.result("flowers-slow");
    assert_eq!((&result["epochs"], &result["lineage"][0]["name"]), (&json!(5), &json!("flowers")));
    assert_eq!(result["lineage"][0]["changes"].as_array().unwrap().len(), 2, "{result:#}");
    assert_eq!(bench.files("flowers"), before, "the parent is only read");

    let after = bench.files("flowers-slow");
    let again = bench.run(&fork);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert!(again.stderr.contains("already complete"), "{}", again.stderr);
    assert_eq!(bench.files("flowers-slow"), after);
}

#[test]
fn a_fork_that_was_stopped_is_continued_by_the_same_command() {
    let (whole, pieces) = (Bench::new(), Bench::new());
    let fork = ["configs", "--fork", "child", "hyperparams.lr=0.001", "hyperparams.epochs=5"];
    for bench in [&whole, &pieces] {
        bench.iris("flowers", &json!({}));
        assert_eq!(bench.run(&["configs"]).code, 0);
    }
    assert_eq!(whole.run(&fork).code, 0);
    let limited: Vec<&str> = fork.iter().copied().chain(["--max-steps", "4"]).collect();
    assert_eq!(pieces.run(&limited).code, 143);
    assert_eq!(pieces.run(&fork).code, 0);
    assert_eq!(pieces.files("child").differing(&whole.files("child")), [""; 0]);
}

#[test]
fn a_fork_that_cannot_be_is_refused_with_the_reason() {
    let bench = Bench::new();
    bench.iris("flowers", &json!({}));
    bench.iris("others", &json!({}));
    let ended = bench.run(&["configs", "--fork", "child"]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("--fork needs exactly one config, and there are 2 configs"), "{}", ended.stderr);
    assert_eq!(bench.run(&["configs/flowers.json", "--fork", "flowers"]).code, 2);
    assert_eq!(bench.run(&["configs/flowers.json", "--fork", "../x"]).code, 2);

    let nothing = bench.run(&["configs/flowers.json", "--fork", "child"]);
    assert_eq!(nothing.code, 3, "{}", nothing.stderr);
    assert!(nothing.stderr.contains("there is no checkpoint of `flowers` to fork from"), "{}", nothing.stderr);
    assert_eq!(bench.run(&["configs/flowers.json"]).code, 0);
    let other = bench.run(&["configs/flowers.json", "--fork", "child", "hyperparams.epochs=9", "model_type=MLP"]);
    assert_eq!(other.code, 3, "{}", other.stderr);
    assert!(other.stderr.contains("does not fit the new config"), "{}", other.stderr);
}

#[test]
fn another_build_continues_and_leaves_a_mark() {
    let bench = Bench::new();
    let config = bench.iris("flowers", &json!({}));
    assert_eq!(bench.run(&["configs", "--max-steps", "9"]).code, 143);
    assert_eq!(bench.result("flowers").get("byte_identical"), None);

    // The same code in a file with one byte more: another build, as far as anybody can tell.
    let mut program = fs_err::read(env!("CARGO_BIN_EXE_runner")).unwrap();
    program.push(0);
    let other = bench.write("other-build", program);
    fs_err::set_permissions(&other, PermissionsExt::from_mode(0o755)).unwrap();
    let output = Command::new(other).arg(&config).current_dir(bench.path()).output().unwrap();
    let continued = ended(&output);
    assert_eq!(continued.code, 0, "{}", continued.stderr);
    let reason = "continued after step 9 by another build of the program";
    assert!(continued.stderr.contains(reason), "{}", continued.stderr);
    let result = bench.result("flowers");
    assert_eq!((&result["byte_identical"], &result["byte_identical_reason"]), (&json!(false), &json!(reason)));
}

#[test]
fn files_of_a_finished_run_come_back() {
    let bench = Bench::new();
    bench.iris("flowers", &json!({}));
    assert_eq!(bench.run(&["configs"]).code, 0);
    let before = bench.files("flowers");
    let model = bench.results("flowers").join("model_best.safetensors");
    fs_err::OpenOptions::new().append(true).open(&model).unwrap().write_all(b"damage").unwrap();
    fs_err::remove_file(bench.results("flowers").join("metrics.jsonl")).unwrap();
    let result = bench.results("flowers").join("result.json");
    let mut edited: Value = serde_json::from_slice(&fs_err::read(&result).unwrap()).unwrap();
    edited["best"]["val_accuracy"] = json!(1.0);
    fs_err::write(&result, edited.to_string()).unwrap();

    let again = bench.run(&["configs"]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    let told = "made anew from the checkpoint: metrics.jsonl, model_best.safetensors, result.json";
    assert!(again.stderr.contains(told), "{}", again.stderr);
    assert_eq!(bench.files("flowers").differing(&before), [""; 0]);
    assert!(bench.results("flowers").join("result.json.edited-1").exists());

    fs_err::remove_dir_all(bench.results("flowers").join("checkpoints")).unwrap();
    assert_eq!(bench.run(&["configs"]).code, 0, "the models still prove themselves");
    fs_err::write(&model, "damage").unwrap();
    let lost = bench.run(&["configs"]);
    assert_eq!(lost.code, 6, "{}", lost.stderr);
    assert!(lost.stderr.contains("model_best.safetensors is damaged, and there is no checkpoint"), "{}", lost.stderr);
}

#[test]
fn a_finished_run_whose_end_was_damaged_is_trained_to_its_end_again() {
    let bench = Bench::new();
    bench.iris("flowers", &json!({}));
    assert_eq!(bench.run(&["configs"]).code, 0);
    let before = bench.files("flowers");
    let newest = bench.results("flowers").join("checkpoints/step-000000000027.safetensors");
    fs_err::write(&newest, "damage").unwrap();
    let again = bench.run(&["configs"]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert!(again.stderr.contains("resumed with 2 epochs and 18 steps done"), "{}", again.stderr);
    assert_eq!(bench.files("flowers").differing(&before), [""; 0]);
}

/// The size of `model_best.safetensors` and everything else stays below a limit, but a checkpoint does not.
#[test]
fn a_limit_on_file_sizes_is_a_failure_and_not_a_death() {
    let bench = Bench::new();
    bench.iris("flowers", &json!({"model_type": "MLP", "model": {"hidden": [256]}, "failure": {"retries": 1}}));
    let output = Command::new("prlimit")
        .args(["--fsize=8192", env!("CARGO_BIN_EXE_runner"), "configs"])
        .current_dir(bench.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let limited = ended(&output);
    assert_eq!(limited.code, 5, "{}", limited.stderr);
    assert!(limited.stderr.contains("trying again, 1 attempt left"), "{}", limited.stderr);
    assert_eq!(bench.result("flowers")["error"]["class"], "storage");
    let attempts = fs_err::read(bench.results("flowers").join("attempts.json")).unwrap();
    let attempts: Value = serde_json::from_slice(&attempts).unwrap();
    assert_eq!((attempts["failures"].as_array().unwrap().len(), &attempts["closed"]), (2, &json!(true)));
    assert_eq!(bench.run(&["configs"]).code, 0, "the next start counts anew");
}

#[test]
fn a_failure_that_would_come_again_is_not_tried_again() {
    let bench = Bench::new();
    bench.iris("flowers", &json!({"model_type": "MLP", "hyperparams": {"epochs": 3, "lr": 1e30}}));
    let ended = bench.run(&["configs", "--retries", "5"]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("not tried again: a failure of class numeric would come again"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("trying again"), "{}", ended.stderr);
}
