//! Sending runs: once, twice, in pieces, and to servers that are no help.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::{Value, json};
use steadfast_interop::{Mlflow, MlflowError, RunState, TrackedRun};

use crate::server::Server;

fn run(epochs: u64, state: RunState) -> TrackedRun {
    let row = |epoch: u64| {
        let loss = if epoch == 2 { json!("NaN") } else { json!(1.0 / epoch as f64) };
        json!({"epoch": epoch, "step": 7 * epoch, "val_loss": loss}).as_object().cloned().unwrap_or_default()
    };
    let config = json!({"name": "a", "description": "words", "seed": 1, "hyperparams": {"lr": 0.1, "momentum": null}});
    let rows: Vec<_> = (1..=epochs).map(row).collect();
    let times = (1..=epochs).map(|epoch| 1e9 + epoch as f64).collect();
    let result = json!({"best": rows.last(), "config_sha256": "c0", "error": {"class": "numeric", "message": "NaN"}});
    TrackedRun { name: "a".to_owned(), identity: "a-1".to_owned(), state, config, result, rows, times, started: 1e9 }
}

fn mlflow(address: &str) -> Mlflow {
    Mlflow::new(address, "Steadfast", Duration::from_secs(20)).unwrap()
}

#[test]
fn a_run_sent_twice_is_there_once() {
    let server = Server::start();
    let synced = mlflow(&server.address).sync(&run(3, RunState::Completed)).unwrap();
    assert_eq!((synced.created, synced.rows), (true, 3));
    let before = server.memory.lock().unwrap().metrics.len();
    let again = mlflow(&server.address).sync(&run(3, RunState::Completed)).unwrap();
    assert_eq!((again.created, again.rows, again.run_id), (false, 0, synced.run_id));
    let memory = server.memory.lock().unwrap();
    assert_eq!((memory.runs.len(), memory.metrics.len()), (1, before));
    let run = &memory.runs[0];
    assert_eq!(run["info"]["status"], "FINISHED");
    let parameters = json!([{"key": "seed", "value": "1"}, {"key": "hyperparams.lr", "value": "0.1"}]);
    assert_eq!(run["data"]["params"], parameters);
    let tag =
        |key: &str| run["data"]["tags"].as_array().unwrap().iter().find(|tag| tag["key"] == key).cloned().unwrap();
    assert_eq!(tag("mlflow.note.content")["value"], "words");
    assert_eq!(tag("error")["value"], "numeric: NaN");
}

#[test]
fn a_run_that_grows_is_sent_row_by_row() {
    let server = Server::start();
    let mut mlflow = mlflow(&server.address);
    for (epochs, state) in
        [(1, RunState::Running), (2, RunState::Interrupted), (5, RunState::Running), (5, RunState::Completed)]
    {
        mlflow.sync(&run(epochs, state)).unwrap();
    }
    let memory = server.memory.lock().unwrap();
    let of = |key: &str| {
        memory
            .metrics
            .iter()
            .filter(|metric| metric["key"] == key)
            .map(|metric| metric["step"].clone())
            .collect::<Vec<Value>>()
    };
    assert_eq!(of("val_loss"), [7, 14, 21, 28, 35]);
    assert_eq!(of("best_val_loss"), [35]);
    assert_eq!(memory.metrics[3]["value"], "NaN");
    assert_eq!(memory.metrics[0]["timestamp"], 1_000_000_001_000_u64);
    assert_eq!(memory.runs.len(), 1);
}

#[test]
fn what_failed_in_the_middle_is_sent_the_next_time() {
    let server = Server::start();
    let long = run(900, RunState::Completed);
    for failing in ["experiments/create", "runs/create", "runs/log-batch", "metrics/get-history", "runs/update"] {
        server.memory.lock().unwrap().fail_once = Some(failing);
        let _ = mlflow(&server.address).sync(&long);
    }
    mlflow(&server.address).sync(&long).unwrap();
    let memory = server.memory.lock().unwrap();
    assert_eq!(memory.runs.len(), 1);
    let steps: Vec<&Value> =
        memory.metrics.iter().filter(|metric| metric["key"] == "epoch").map(|metric| &metric["step"]).collect();
    assert_eq!(steps, (1..=900).map(|epoch| json!(7 * epoch)).collect::<Vec<_>>().iter().collect::<Vec<_>>());
}

#[test]
fn servers_that_are_no_help_are_errors_with_a_name() {
    let server = Server::start();
    let mut told = Vec::new();
    for (status, body) in
        [(200, "<html>"), (200, "{}"), (500, "a\nb"), (403, r#"{"error_code": "X", "message": "no"}"#)]
    {
        server.memory.lock().unwrap().wrong = Some((status, body.to_owned()));
        let error = mlflow(&server.address).sync(&run(1, RunState::Running)).unwrap_err();
        told.push(error.to_string().replace(&server.address, "http://server"));
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn nobody_waits_for_a_server_that_says_nothing() {
    // Connections are taken by the kernel and never answered.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    let mut mlflow = Mlflow::new(&address, "Steadfast", Duration::from_millis(50)).unwrap();
    assert!(matches!(mlflow.sync(&run(1, RunState::Running)), Err(MlflowError::NoAnswer { .. })));
    drop(silent);
    assert!(matches!(mlflow.sync(&run(1, RunState::Running)), Err(MlflowError::NoAnswer { .. })));
}

#[test]
fn what_is_no_address_is_refused_at_once() {
    for address in ["", "localhost:5000", "https://server", "http://", "http:// x"] {
        let error = Mlflow::new(address, "Steadfast", Duration::from_secs(1)).unwrap_err();
        assert!(matches!(error, MlflowError::Address { .. }), "{address}");
    }
}
