//! A server on this machine that remembers what a tracking server would remember.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

/// What the server was told, and how it answers.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) experiments: Vec<String>,
    /// `{"info": ..., "data": ...}` as the interface shows runs.
    pub(crate) runs: Vec<Value>,
    /// Every value of every metric, with the run.
    pub(crate) metrics: Vec<Value>,
    /// Requests of each method so far.
    pub(crate) requests: Vec<String>,
    /// Instead of an answer: a status and a body.
    pub(crate) wrong: Option<(u16, String)>,
    /// Requests of this method fail once.
    pub(crate) fail_once: Option<&'static str>,
}

pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) memory: Arc<Mutex<Memory>>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let memory = Arc::new(Mutex::new(Memory::default()));
        let shared = Arc::clone(&memory);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let _ = serve(&stream, &shared);
            }
        });
        Self { address, memory }
    }
}

/// One request to a connection: simple, and the client does not mind.
fn serve(stream: &TcpStream, memory: &Mutex<Memory>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace().skip(1);
    let target = words.next().unwrap_or_default().to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 || header.trim().is_empty() {
            break;
        }
        if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let (status, answer) = answer(&mut memory.lock().unwrap(), &target, &body);
    let mut stream = stream;
    write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}", answer.len())
}

fn answer(memory: &mut Memory, target: &str, body: &Value) -> (u16, String) {
    if let Some((status, text)) = &memory.wrong {
        return (*status, text.clone());
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let method = path.strip_prefix("/api/2.0/mlflow/").unwrap_or(path).to_owned();
    memory.requests.push(method.clone());
    if memory.fail_once.is_some_and(|failing| failing == method) {
        memory.fail_once = None;
        return (503, "busy".to_owned());
    }
    let missing =
        || (404, json!({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such experiment"}).to_string());
    let answer = match method.as_str() {
        "experiments/get-by-name" if memory.experiments.is_empty() => return missing(),
        "experiments/get-by-name" => json!({"experiment": {"experiment_id": "7"}}),
        "experiments/create" => {
            memory.experiments.push(body["name"].as_str().unwrap().to_owned());
            json!({"experiment_id": "7"})
        }
        "runs/search" => {
            let filter = body["filter"].as_str().unwrap();
            let wanted = filter.split('\'').nth(1).unwrap();
            let has = |run: &&Value| run["data"]["tags"].as_array().unwrap().iter().any(|tag| tag["value"] == wanted);
            json!({"runs": memory.runs.iter().filter(has).collect::<Vec<_>>()})
        }
        "runs/create" => {
            let id = format!("run-{}", memory.runs.len());
            let info = json!({"run_id": id, "status": "RUNNING", "run_name": body["run_name"]});
            let run = json!({"info": info, "data": {"tags": body["tags"], "params": [], "metrics": []}});
            memory.runs.push(run.clone());
            json!({"run": run})
        }
        "runs/log-batch" => log_batch(memory, body),
        "runs/update" => {
            let run = memory.runs.iter_mut().find(|run| run["info"]["run_id"] == body["run_id"]).unwrap();
            run["info"]["status"] = body["status"].clone();
            json!({})
        }
        "metrics/get-history" => {
            let key = query.split('&').find_map(|pair| pair.strip_prefix("metric_key=")).unwrap();
            json!({"metrics": memory.metrics.iter().filter(|metric| metric["key"] == key).collect::<Vec<_>>()})
        }
        other => return (404, format!("what is {other}?")),
    };
    (200, answer.to_string())
}

fn log_batch(memory: &mut Memory, body: &Value) -> Value {
    let run = memory.runs.iter_mut().find(|run| run["info"]["run_id"] == body["run_id"]).unwrap();
    let entries = |key: &str| body[key].as_array().cloned().unwrap_or_default();
    assert!(entries("metrics").len() <= 1000 && entries("params").len() <= 100, "more than a server takes");
    for key in ["params", "tags", "metrics"] {
        let there = run["data"][key].as_array_mut().unwrap();
        for entry in entries(key) {
            let old = there.iter().position(|other| other["key"] == entry["key"]);
            assert!(key != "params" || old.is_none(), "parameters are written once");
            if let Some(old) = old {
                there.remove(old);
            }
            there.push(entry);
        }
    }
    memory.metrics.extend(entries("metrics"));
    json!({})
}
