//! Runs on one page and in the forms of others.

use serde_json::{Value, json};

use crate::program::Bench;

/// Two runs that completed and one that cannot.
fn trained() -> Bench {
    let bench = Bench::new();
    bench.iris("a-s0", &json!({}));
    bench.iris("a-s1", &json!({"seed": 1}));
    bench.iris("broken", &json!({"dataset_path": "no/such/folder"}));
    bench.run(&["configs"]);
    bench
}

/// What the script of a page is told.
fn data(page: &str) -> Value {
    let (_, rest) = page.split_once("id=\"data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn a_report_tells_what_stands_in_the_results() {
    let bench = trained();
    let ended = bench.run(&["report"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (0, ""), "{}", ended.stderr);
    assert!(ended.stderr.starts_with("report.html: 3 runs, "), "{}", ended.stderr);
    let page = fs_err::read_to_string(bench.path().join("report.html")).unwrap();
    let told = data(&page);
    for row in told["runs"].as_array().unwrap() {
        let result = bench.result(row["name"].as_str().unwrap());
        for key in ["status", "epochs", "steps", "best", "last", "error", "config_sha256", "data_sha256"] {
            assert_eq!(row.get(key).unwrap_or(&Value::Null), &result[key], "{key} of {}", row["name"]);
        }
    }
    assert_eq!(told["groups"], json!(["a", "broken"]));
    assert_eq!(bench.run(&["report", "results", "-o", "-"]).stdout, page, "the same runs give the same bytes");
}

#[test]
fn a_report_is_about_the_runs_that_were_asked_for() {
    let bench = trained();
    let page = bench.run(&["report", "-o", "-", "--status", "failed", "--title", "What <failed>"]).stdout;
    assert!(page.contains("<title>What &lt;failed&gt;</title>"));
    assert_eq!(data(&page)["runs"].as_array().map(Vec::len), Some(1));
    for (arguments, told) in [
        (&["report", "nowhere"][..], "there is no folder `nowhere`"),
        (&["report", "--filter", "lrr=1"], "did you mean `lr`?"),
        (&["report", "--status", "good"], "possible values"),
    ] {
        let ended = bench.run(arguments);
        assert_eq!(ended.code, 2, "{arguments:?}");
        assert!(ended.stderr.contains(told), "{arguments:?}: {}", ended.stderr);
    }
    let ended = bench.run(&["report", "-o", "no/such/folder/report.html"]);
    assert_eq!(ended.code, 5, "{}", ended.stderr);
}

#[test]
fn tables_hold_every_digit() {
    let bench = trained();
    let table = bench.run(&["export", "csv"]).stdout;
    let mut lines = table.lines();
    let place = lines.next().unwrap().split(',').position(|name| name == "best.val_loss").unwrap();
    let found: Value = serde_json::from_str(lines.next().unwrap().split(',').nth(place).unwrap()).unwrap();
    assert_eq!(found, bench.result("a-s0")["best"]["val_loss"]);
    let history = bench.run(&["export", "csv", "a-s0", "--history"]).stdout;
    assert_eq!(history.lines().count(), 1 + 3);
    let page = bench.run(&["export", "markdown", "--status", "completed"]).stdout;
    assert!(page.starts_with("| run | status | seed | epoch | val_loss |"), "{page}");
    assert_eq!(page.lines().count(), 4);
    assert_eq!(bench.run(&["export", "csv", "-o", "runs.csv"]).stdout, "");
    assert_eq!(fs_err::read_to_string(bench.path().join("runs.csv")).unwrap(), table);
}

#[test]
fn event_files_change_no_byte_of_a_run_and_are_continued() {
    let bench = Bench::new();
    bench.iris("plain", &json!({"hyperparams": {"epochs": 6, "batch_size": 16}}));
    let without = bench.run(&["configs", "--results", "without"]);
    assert_eq!(without.code, 0);
    assert_eq!(bench.run(&["configs", "--tensorboard", "--max-steps", "20"]).code, 143);
    let file = bench.results("plain").join("tensorboard/events.out.tfevents.steadfast");
    let first = fs_err::read(&file).unwrap();
    // Without the switch: a run that has the file keeps it.
    assert_eq!(bench.run(&["configs"]).code, 0);
    let second = fs_err::read(&file).unwrap();
    assert!(second.starts_with(&first) && second.len() > first.len(), "{} then {}", first.len(), second.len());
    let plain = steadfast_testkit::RunFiles::read(&bench.path().join("without/plain"));
    assert_eq!(plain.differing(&bench.files("plain")), [""; 0]);
    // Nothing is new.
    assert_eq!(bench.run(&["export", "tensorboard"]).code, 0);
    assert_eq!(fs_err::read(&file).unwrap(), second);
    assert_eq!(bench.run(&["export", "tensorboard", "-o", "events"]).code, 0);
    assert!(bench.path().join("events/plain/events.out.tfevents.steadfast").exists());
    assert!(!bench.path().join("without/plain/tensorboard").exists());
}

#[test]
fn a_server_that_is_not_there_is_one_line_and_no_failure() {
    let bench = Bench::new();
    bench.iris("a", &json!({}));
    bench.iris("b", &json!({}));
    // Nobody listens on port 9, the old discard service.
    let ended = bench.run(&["configs", "--mlflow", "http://127.0.0.1:9"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("MLflow").count(), 1, "{}", ended.stderr);
    let ended = bench.run(&["export", "mlflow", "--url", "http://127.0.0.1:9"]);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("2 runs not sent, the same command goes on"), "{}", ended.stderr);
}

#[test]
fn what_means_nothing_is_refused_before_anything_is_done() {
    let bench = trained();
    for (arguments, told) in [
        (&["export", "mlflow"][..], "--url http://localhost:5000"),
        (&["export", "mlflow", "--url", "localhost:5000"], "it has to begin with http://"),
        (&["export", "csv", "--url", "http://x"], "--url is for mlflow alone"),
        (&["export", "markdown", "--history"], "--history is for csv alone"),
        (&["export", "csv", "a-s3"], "did you mean `a-s"),
        (&["configs", "--mlflow", "https://server"], "TLS is not spoken here"),
    ] {
        let ended = bench.run(arguments);
        assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(told), "{arguments:?}: {}", ended.stderr);
    }
}

#[test]
fn runs_of_a_sweep_are_told_under_its_name() {
    let bench = Bench::new();
    let base = json!({"model_type": "Linear", "dataset_path": "builtin:iris", "hyperparams": {"epochs": 2}});
    let sweep = json!({"name": "grid", "base": base, "grid": {"hyperparams.lr": [0.1, 0.01]}, "seeds": [0, 1]});
    bench.write("grid.json", sweep.to_string());
    let ended = bench.run(&["sweep", "grid.json", "--tensorboard"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let told = data(&bench.run(&["report", "-o", "-"]).stdout);
    assert_eq!(told["groups"].as_array().map(Vec::len), Some(2), "{}", told["groups"]);
    let names: Vec<&str> = told["runs"].as_array().unwrap().iter().filter_map(|run| run["name"].as_str()).collect();
    assert_eq!(names.len(), 4);
    for name in names {
        assert!(name.starts_with("grid/"), "{name}");
        let file = bench.results(name).join("tensorboard/events.out.tfevents.steadfast");
        let before = fs_err::read(&file).unwrap();
        assert_eq!(bench.run(&["export", "tensorboard", name]).code, 0);
        assert_eq!(fs_err::read(&file).unwrap(), before, "{name}: nothing is new");
    }
    let table = bench.run(&["export", "csv"]).stdout;
    assert_eq!(table.lines().skip(1).filter(|line| line.starts_with("grid/")).count(), 4, "{table}");
    assert_eq!(bench.run(&["sweep", "grid.json", "--mlflow", "https://server"]).code, 2);
}
