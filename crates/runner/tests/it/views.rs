//! The verbs that look at results and configs: what they print, for people and for programs.

use serde_json::{Value, json};

use crate::program::{Bench, stable};

/// Three finished runs and one that failed.
fn bench() -> Bench {
    let bench = Bench::new();
    bench.iris("a-slow", &json!({"description": "the first one", "tags": ["flowers", "small"]}));
    bench.iris("b-fast", &json!({"hyperparams": {"epochs": 3, "batch_size": 16, "lr": 0.05}}));
    let sgd = json!({"epochs": 3, "batch_size": 16, "lr": 0.1, "optimizer": "sgd", "momentum": 0.9});
    bench.iris("c-sgd", &json!({"hyperparams": sgd}));
    bench.iris("d-missing", &json!({"dataset_path": "no/such/folder"}));
    assert_eq!(bench.run(&["configs", "--threads", "1"]).code, 1);
    bench
}

/// What a successful command prints.
fn printed(bench: &Bench, arguments: &[&str]) -> String {
    let ended = bench.run(arguments);
    assert_eq!(ended.code, 0, "{arguments:?}: {}", ended.stderr);
    assert!(!ended.stdout.contains('\u{1b}'), "colors in a pipe");
    stable(&ended.stdout)
}

fn without_clocks(text: &str) -> String {
    // Formats that are looked for become more.
    let known = |line: &str| line.split("; looked for").next().unwrap_or_default().to_owned();
    text.lines().filter(|line| !line.starts_with(" time ")).map(known).collect::<Vec<_>>().join("\n")
}

fn names(bench: &Bench, arguments: &[&str]) -> Vec<String> {
    printed(bench, arguments).lines().map(str::to_owned).collect()
}

#[test]
fn results_are_shown_compared_and_chosen() {
    let bench = bench();
    insta::assert_snapshot!("show", without_clocks(&printed(&bench, &["show", "a-slow"])));
    insta::assert_snapshot!("show_failed", without_clocks(&printed(&bench, &["show", "d-missing"])));
    insta::assert_snapshot!("compare", printed(&bench, &["compare"]));
    insta::assert_snapshot!("compare_two", printed(&bench, &["compare", "a-slow", "results/b-fast"]));
    insta::assert_snapshot!("diff", printed(&bench, &["diff", "a-slow", "c-sgd"]));
    insta::assert_snapshot!("best", printed(&bench, &["best"]));
    insta::assert_snapshot!("best_by_accuracy", printed(&bench, &["best", "--metric", "val_accuracy", "--limit", "1"]));
    insta::assert_snapshot!("list_by_lr", printed(&bench, &["list", "--sort", "-lr", "--status", "completed"]));
}

#[test]
fn lists_are_filtered_sorted_and_cut() {
    let bench = bench();
    let list = |more: &[&str]| names(&bench, &[&["list", "--names"], more].concat());
    assert_eq!(list(&["--sort", "-hyperparams.lr"]), ["c-sgd", "b-fast", "a-slow", "d-missing"]);
    assert_eq!(list(&["--sort", "lr", "--limit", "1"]), ["a-slow"]);
    assert_eq!(list(&["--filter", "optimizer.kind=SGD"]), ["c-sgd"], "a key in full or its last parts");
    assert_eq!(list(&["--filter", "lr>=0.05", "--filter", "momentum!=0.9"]), ["b-fast"]);
    assert_eq!(list(&["--filter", "tags=small"]), ["a-slow"]);
    assert_eq!(list(&["--status", "failed"]), ["d-missing"]);
    assert_eq!(names(&bench, &["best", "--names", "--limit", "1", "--mode", "max", "--metric", "lr"]).len(), 1);
    let wrong = bench.run(&["list", "--sort", "val_acuracy"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("did you mean `val_accuracy`?"), "{}", wrong.stderr);
    let wrong = bench.run(&["show", "a-slw"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("did you mean `a-slow`?"), "{}", wrong.stderr);
    let wrong = bench.run(&["best", "--metric", "val_los"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("did you mean `val_loss`?"), "{}", wrong.stderr);
}

#[test]
fn every_table_is_there_for_programs() {
    let bench = bench();
    let commands: [&[&str]; 11] = [
        &["list"],
        &["show", "a-slow"],
        &["compare"],
        &["diff", "a-slow", "b-fast"],
        &["best"],
        &["explain", "configs"],
        &["explain", "configs/a-slow.json", "hyperparams"],
        &["zoo"],
        &["zoo", "models"],
        &["zoo", "optimizers", "adam"],
        &["check", "configs/a-slow.json", "--static"],
    ];
    for command in commands {
        let text = bench.run(&[command, &["--json"]].concat()).stdout;
        let value: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{command:?}: {error}\n{text}"));
        assert!(value.as_array().is_none_or(|list| !list.is_empty()), "{command:?}");
    }
    let changes: Value = serde_json::from_str(&bench.run(&["diff", "a-slow", "b-fast", "--json"]).stdout).unwrap();
    assert!(changes["changes"].as_array().unwrap().iter().any(|change| change["key"] == "hyperparams.lr"));
}

#[test]
fn a_run_is_held_against_its_edited_config() {
    let bench = Bench::new();
    bench.iris("flowers", &json!({}));
    bench.run(&["configs"]);
    bench.iris("flowers", &json!({"seed": 7}));
    let text = printed(&bench, &["diff", "flowers", "configs/flowers.json"]);
    insta::assert_snapshot!(text);
}

#[test]
fn a_config_explains_itself() {
    let bench = Bench::new();
    bench.write(
        "configs/base/all.json",
        "{\"seed\": 1,\n \"hyperparams\": {\"lr\": 0.1, \"optimizer\": {\"kind\": \"sgd\", \"momentum\": 0.5}}}",
    );
    let config = json!({
        "extends": "base/all.json",
        "name": "mine",
        "model_type": "mlp",
        "dataset_path": "builtin:iris",
        "seed": null,
        "hyperparams": {"lr": 0.2, "momentum": 0.9},
    });
    bench.write("configs/mine.json", format!("{config:#}\n"));
    let explain = |more: &[&str]| printed(&bench, &[&["explain", "configs/mine.json"], more].concat());
    let all = explain(&[]);
    assert!(all.lines().count() > 35);
    let written: Vec<_> = all.lines().filter(|line| !line.ends_with(" default")).collect();
    insta::assert_snapshot!("explain_all", written.join("\n"));
    insta::assert_snapshot!("explain_lr", explain(&["hyperparams.lr", "hyperparams.lr=0.3"]));
    insta::assert_snapshot!("explain_seed", explain(&["seed"]));
    insta::assert_snapshot!("explain_momentum", explain(&["hyperparams.optimizer.momentum"]));
    insta::assert_snapshot!("explain_section", explain(&["hyperparams.optimizer"]));
    let wrong = bench.run(&["explain", "configs/mine.json", "lr"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("did you mean `hyperparams.lr`?"), "{}", wrong.stderr);
}

#[test]
fn the_zoo_is_listed_and_each_entry_explained() {
    let bench = Bench::new();
    let all = printed(&bench, &["zoo"]);
    for word in [
        "models",
        "MLP",
        "datasets",
        "builtin:iris",
        "optimizers",
        "adamw",
        "schedulers",
        "cosine",
        "metrics",
        "val_loss",
    ] {
        assert!(all.contains(word), "{word}");
    }
    insta::assert_snapshot!("zoo_cosine", printed(&bench, &["zoo", "schedulers", "cosine"]));
    let wrong = bench.run(&["zoo", "models", "MLPP"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("did you mean `MLP`?"), "{}", wrong.stderr);
}

#[test]
fn shells_and_man_are_told_of_every_verb() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = printed(&bench, &["completions", shell]);
        for word in ["verify-resume", "explain", "retry-failed", "fast-dev-run"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
        assert!(!script.contains("-a \"worker\""), "{shell}: hidden verbs stay hidden");
    }
    let page = bench.run(&["man"]).stdout;
    assert!(page.starts_with(".ie") || page.contains(".TH runner"), "{page}");
    assert!(page.contains("RUNNER EXPLAIN") && !page.contains("RUNNER WORKER"));
}

#[test]
fn a_mistyped_verb_is_no_missing_file() {
    let ended = Bench::new().run(&["lst"]);
    assert_eq!(ended.code, 2);
    insta::assert_snapshot!(ended.stderr, @"error: there is no command and no file `lst`; did you mean `runner list`?");
}

#[test]
fn colors_are_for_terminals_that_want_them() {
    let bench = Bench::new();
    bench.iris("flowers", &json!({}));
    bench.run(&["configs"]);
    let colored = |arguments: &[&str]| bench.run(arguments).stdout.contains('\u{1b}');
    assert!(!colored(&["list"]) && !colored(&["list", "--color", "never"]));
    assert!(colored(&["list", "--color", "always"]) && colored(&["zoo", "--color", "always"]));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let bench = Bench::new();
    let script = format!("{} zoo | head -n 1", env!("CARGO_BIN_EXE_runner"));
    let output = std::process::Command::new("bash")
        .args(["-o", "pipefail", "-c", &script])
        .current_dir(bench.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}
