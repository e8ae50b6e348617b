//! What the suite needs of a machine.

use std::process::{Command, Stdio};

/// Tools, and the Debian package that brings each.
const TOOLS: [(&str, &str); 8] = [
    ("strace", "strace"),
    ("mkfs.ext4", "e2fsprogs"),
    ("chattr", "e2fsprogs"),
    ("mount", "mount"),
    ("findmnt", "util-linux"),
    ("prlimit", "util-linux"),
    ("fsfreeze", "util-linux"),
    ("perl", "perl-base"),
];

/// What is missing, and what to do about it; nothing when all is there.
pub(super) fn missing() -> Option<String> {
    let absent: Vec<_> = TOOLS.iter().filter(|(tool, _)| !is_there(tool)).collect();
    if !absent.is_empty() {
        let tools: Vec<_> = absent.iter().map(|(tool, _)| *tool).collect();
        let mut packages: Vec<_> = absent.iter().map(|(_, package)| *package).collect();
        packages.dedup();
        return Some(format!("{} missing: apt-get install {}", tools.join(", "), packages.join(" ")));
    }
    if !rustix::process::geteuid().is_root() {
        return Some("needs root, to mount file systems that may break".to_owned());
    }
    match super::disk::Disk::ext4(8, &[], "rw") {
        Ok(_) => None,
        Err(error) => Some(format!("cannot mount a file system on a file: {error:#}")),
    }
}

fn is_there(tool: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {tool}")]).stdout(Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}
