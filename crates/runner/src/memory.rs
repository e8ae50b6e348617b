//! How much memory this process has used, and how much there is.

use rustix::process::{Resource, Rlimit, setrlimit};

/// Largest resident memory so far in bytes, where the system tells.
pub(crate) fn peak() -> Option<u64> {
    let status = fs_err::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Memory that can be had without pushing others out, in bytes, where the system tells.
pub(crate) fn available() -> Option<u64> {
    let text = fs_err::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Address space that a process takes without using it: arenas of the allocator, stacks of threads.
const UNUSED: u64 = 8 << 30;

/// Refuses this process more memory than there is now: an allocation beyond it fails at once, and nobody else suffers.
pub(crate) fn stay_within_available() {
    let Some(available) = available() else { return };
    let limit = Some(available.saturating_add(UNUSED));
    // Where the system does not know such a limit, things are as they were.
    let _ = setrlimit(Resource::As, Rlimit { current: limit, maximum: limit });
}

/// How readily the system ends this process when memory runs out, from -1000 to 1000.
const EXPENDABLE: &str = "800";

/// Asks the system to end this process first when memory runs out: not the program that watches over it, and not what
/// else runs on the machine.
pub(crate) fn go_first() {
    // Where the system does not know such a wish, things are as they were.
    let _ = fs_err::write("/proc/self/oom_score_adj", EXPENDABLE);
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_uses_some() {
        assert!(super::peak().is_some_and(|bytes| bytes > 100_000));
    }
}
