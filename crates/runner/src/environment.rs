//! `environment.json`: where and with what a run was made.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::fingerprint::made_by;

/// Everything about this machine and program that may matter when a run is read later.
pub(crate) fn describe(threads: usize) -> Value {
    json!({
        "program": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "build": made_by().build,
        "os": std::env::consts::OS,
        "arch": std::env::consts::ARCH,
        "host": host(),
        "cpu": cpu(),
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "threads": threads,
        "git": git(),
    })
}

/// The state of the folder the program was started in. Asked once: it does not change what a batch does.
fn git() -> &'static Value {
    static STATE: OnceLock<Value> = OnceLock::new();
    STATE.get_or_init(|| match ask_git(&["rev-parse", "HEAD"]) {
        None => Value::Null,
        Some(commit) => {
            let changes = ask_git(&["status", "--porcelain", "--untracked-files=no"]);
            json!({ "commit": commit, "modified": changes.map(|changes| !changes.is_empty()) })
        }
    })
}

/// What git answers; `None` without git or outside of a repository.
fn ask_git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .args(arguments)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

fn cpu() -> Option<String> {
    let text = fs_err::read_to_string(Path::new("/proc/cpuinfo")).ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim().to_owned())
}
