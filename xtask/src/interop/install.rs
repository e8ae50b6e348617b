//! Programs of others, installed where nobody else is touched: a virtual environment under `target`, and Debian packages
//! where this is the administrator's shell.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};

use super::check::Check;
use crate::process::CommandLine;
use crate::workspace;

/// Everything that `checks` need; says what it does.
pub(super) fn all(checks: &[&Check]) -> Result<PathBuf> {
    let venv = workspace::root().join("target/interop/venv");
    let python = venv.join("bin/python");
    if !python.exists() {
        run(&CommandLine::new("python3", &["-m", "venv", &venv.to_string_lossy()]))?;
    }
    let packages: Vec<&str> = checks.iter().flat_map(|check| check.python.iter().copied()).collect();
    if !packages.is_empty() && !are_there(&python, &packages)? {
        let arguments: Vec<&str> = ["-m", "pip", "install", "--quiet"].into_iter().chain(packages).collect();
        run(&CommandLine::new(python.to_string_lossy(), &arguments))?;
    }
    for (program, package) in checks.iter().filter_map(|check| check.program) {
        if !is_on_path(program) {
            install_package(program, package)?;
        }
    }
    Ok(python)
}

fn are_there(python: &Path, packages: &[&str]) -> Result<bool> {
    let arguments: Vec<&str> = ["-m", "pip", "show", "--quiet"].into_iter().chain(packages.iter().copied()).collect();
    Ok(CommandLine::new(python.to_string_lossy(), &arguments).output()?.status.success())
}

fn install_package(program: &str, package: &str) -> Result<()> {
    if !rustix::process::getuid().is_root() {
        bail!("`{program}` is missing; as administrator: apt-get install {package}");
    }
    run(&CommandLine::new("apt-get", &["update", "-qq"]))?;
    let install = CommandLine::new("apt-get", &["install", "-y", "-qq", package]);
    run(&install.variable("DEBIAN_FRONTEND", "noninteractive"))
}

fn run(line: &CommandLine) -> Result<()> {
    println!("{line}");
    let status = line.status()?;
    ensure!(status.success(), "`{line}` failed: {status}");
    Ok(())
}

/// Where a program lies, as a shell would find it.
fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
