//! System calls of the runner's main thread: written down, counted, and made to fail one by one.
//!
//! With `--isolation none` all file work is done by that thread, in the same order at every start.

use anyhow::{Context as _, Result, ensure};

use super::bench::Bench;

/// Options that bring all file work to one thread.
pub(super) const ONE_THREAD: [&str; 4] = ["--isolation", "none", "--threads", "1"];

/// The n-th call of a name, in one start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) name: String,
    /// From 1, counted by name.
    pub(super) number: u64,
    /// With arguments, as the tracer showed it.
    pub(super) text: String,
}

/// Every call of a start, in order.
pub(super) fn calls(bench: &Bench, options: &[&str]) -> Result<Vec<Call>> {
    let output = bench.work().join("trace.txt");
    let before = words(&["strace", "-qq", "-o", &output.to_string_lossy(), "-e", "trace=%file,%desc"]);
    let ended = bench.run_behind(&before, options)?;
    ensure!(matches!(ended.code, 0 | 143), "the traced start ended with {}:\n{}", ended.code, ended.stderr);
    let text = fs_err::read_to_string(output).context("the trace cannot be read")?;
    Ok(parse(&text))
}

/// The words before a program that make one of its calls go wrong: `fault` such as `signal=KILL` or `error=EIO`.
pub(super) fn inject(call: &Call, fault: &str, when: &str) -> Vec<String> {
    let (trace, inject) = (format!("trace={}", call.name), format!("inject={}:{fault}:when={when}", call.name));
    words(&["strace", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject])
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// Reads a trace; the start of the program itself is not a call of the program.
fn parse(text: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    for line in text.lines() {
        let Some((name, _)) = line.split_once('(') else { continue };
        if name.is_empty() || name == "execve" || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            continue;
        }
        let number = 1 + calls.iter().filter(|call| call.name == name).count() as u64;
        calls.push(Call { name: name.to_owned(), number, text: line.to_owned() });
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_name() {
        let text = "execve(\"/x\", [\"x\"], 0x7 /* 3 vars */) = 0\n\
            openat(AT_FDCWD, \"a\", O_RDONLY) = 3\n\
            --- SIGCHLD {si_signo=SIGCHLD} ---\n\
            write(3, \"openat(\", 7) = 7\n\
            openat(3, \"b\", O_WRONLY|O_CREAT, 0666) = 4\n\
            +++ exited with 0 +++\n";
        let calls = parse(text);
        let shown = calls.iter().map(|call| format!("{} {}", call.name, call.number)).collect::<Vec<_>>();
        assert_eq!(shown, ["openat 1", "write 1", "openat 2"]);
        let words = inject(&calls[2], "error=EIO", "2+").join(" ");
        assert_eq!(words, "strace -qq -o /dev/null -e trace=openat -e inject=openat:error=EIO:when=2+");
    }
}
