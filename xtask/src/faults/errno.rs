//! An error from every call that writes: once, and from then on for ever.

use anyhow::Result;

use super::bench::{Bench, Ended, Files, reference, small_config};
use super::cases::{Scope, try_all};
use super::tally::Tally;
use super::trace::{Call, ONE_THREAD, calls, inject};

/// Errors that a disk, a file system or the kernel can answer with.
const ERRORS: [&str; 5] = ["EIO", "ENOSPC", "EROFS", "EMFILE", "EINTR"];

/// Calls that change something on disk. Opening counts where it makes or changes a file.
const WRITING: [&str; 17] = [
    "write",
    "pwrite64",
    "writev",
    "fsync",
    "fdatasync",
    "fallocate",
    "ftruncate",
    "mkdir",
    "mkdirat",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "linkat",
    "rmdir",
    "flock",
];

/// A call that is interrupted for ever cannot be: whoever is interrupted tries again, as the standard library does. So
/// many times in a row stand for it.
const BURST: u64 = 50;

#[derive(Debug, Clone)]
struct Case {
    call: Call,
    error: &'static str,
    for_ever: bool,
}

/// Every writing call with every error, once and for ever.
pub(super) fn every_writing_call(scope: &Scope) -> Result<Tally> {
    let config = small_config("adam");
    let bench = Bench::new(&scope.program, &config)?;
    let options: Vec<&str> = ONE_THREAD.into_iter().chain(["-v"]).collect();
    let expected = reference(&scope.program, &config)?;
    let mut cases = Vec::new();
    for call in calls(&bench, &options)?.into_iter().filter(is_writing) {
        for error in ERRORS {
            cases.extend([false, true].map(|for_ever| Case { call: call.clone(), error, for_ever }));
        }
    }
    if scope.quick {
        let offset = usize::try_from(scope.seed % 10)?;
        cases = cases.into_iter().skip(offset).step_by(10).collect();
    }
    Ok(try_all(scope, "errors", cases, |case| attempt(scope, &case, &options, &expected)))
}

/// Real short writes: a limit on the size of files, at many sizes. The kernel writes what fits and counts it, and
/// refuses the next call.
pub(super) fn short_writes(scope: &Scope) -> Result<Tally> {
    let config = small_config("adam");
    let expected = reference(&scope.program, &config)?;
    let limits: Vec<u64> = (0..scope.count(400, 40)).map(|number| 1 + number * scope.count(16, 160)).collect();
    Ok(try_all(scope, "short writes", limits, |limit| {
        let bench = Bench::new(&scope.program, &config).map_err(|error| format!("{error:#}"))?;
        // The file that takes standard error must not fail, so the tool says nothing there: the log is quiet.
        let before = ["prlimit".to_owned(), format!("--fsize={limit}")];
        let options: Vec<&str> = ONE_THREAD.into_iter().chain(["-q"]).collect();
        let ended = bench.run_behind(&before, &options).map_err(|error| format!("{error:#}"))?;
        judge(&bench, &ended, &expected).map_err(|failure| format!("files of at most {limit} bytes: {failure}"))
    }))
}

fn is_writing(call: &Call) -> bool {
    let makes = || ["O_CREAT", "O_WRONLY", "O_RDWR", "O_APPEND"].iter().any(|flag| call.text.contains(flag));
    WRITING.contains(&call.name.as_str()) || (call.name == "openat" && makes())
}

fn attempt(scope: &Scope, case: &Case, options: &[&str], expected: &Files) -> Result<String, String> {
    let number = case.call.number;
    let when = match (case.for_ever, case.error) {
        (false, _) => number.to_string(),
        (true, "EINTR") => format!("{number}..{}", number + BURST),
        (true, _) => format!("{number}+"),
    };
    let bench = Bench::new(&scope.program, &small_config("adam")).map_err(|error| format!("{error:#}"))?;
    let before = inject(&case.call, &format!("error={}", case.error), &when);
    let ended = bench.run_behind(&before, options).map_err(|error| format!("{error:#}"))?;
    judge(&bench, &ended, expected)
        .map_err(|failure| format!("{} at {} when={when}: {}\n{failure}", case.error, case.call.name, case.call.text))
}

/// An orderly end, nothing acknowledged lost, and the same bytes once the fault is gone.
fn judge(bench: &Bench, ended: &Ended, expected: &Files) -> Result<String, String> {
    // Nothing but storage has failed, so nothing else may be said.
    if !ended.is_orderly() || !matches!(ended.code, 0 | 5) {
        return Err(format!("ended with {}:\n{}", ended.code, ended.stderr));
    }
    if let Some(acknowledged) = ended.acknowledged() {
        let saved = bench.saved_step().map_err(|error| format!("{error:#}"))?;
        if saved.is_none_or(|saved| saved < acknowledged) {
            return Err(format!("step {acknowledged} was acknowledged, found {saved:?}:\n{}", ended.stderr));
        }
    }
    if ended.code == 0 && bench.files().differing(expected) != [""; 0] {
        return Err(format!("ended well, but with other files:\n{}", ended.stderr));
    }
    bench.finish(expected)?;
    Ok(if ended.code == 0 { "done all the same".to_owned() } else { "storage errors".to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changes_a_disk_counts_as_writing() {
        let call = |name: &str, text: &str| Call { name: name.to_owned(), number: 1, text: text.to_owned() };
        assert!(is_writing(&call("openat", "openat(3, \"a\", O_WRONLY|O_CREAT|O_EXCL, 0666) = 4")));
        assert!(!is_writing(&call("openat", "openat(3, \"a\", O_RDONLY|O_CLOEXEC) = 4")));
        assert!(is_writing(&call("fsync", "fsync(4) = 0")));
        assert!(!is_writing(&call("read", "read(4) = 0")));
    }
}
