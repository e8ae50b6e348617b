//! How much memory this process has used.

/// Largest resident memory so far in bytes, where the system tells.
pub(crate) fn peak() -> Option<u64> {
    let status = fs_err::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_uses_some() {
        assert!(super::peak().is_some_and(|bytes| bytes > 100_000));
    }
}
