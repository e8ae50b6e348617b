//! A small file system of its own, on a file: to be filled, broken, frozen, and to lose its power.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use tempfile::TempDir;

/// Cuts the power of an ext4 file system: what is not on the disk by now never gets there. The number is that of
/// `EXT4_IOC_SHUTDOWN`, the flag says that the journal's buffer is lost too.
const CUT: &str = r#"open(F, "<", $ARGV[0]) or die $!; my $flag = pack("L", 2); ioctl(F, 0x8004587D, $flag) or die $!"#;

/// A mounted file system.
pub(super) struct Disk {
    folder: TempDir,
}

impl Disk {
    /// An ext4 file system of this size; `options` go to the program that makes it.
    pub(super) fn ext4(megabytes: u32, options: &[&str], mount: &str) -> Result<Self> {
        let disk = Self { folder: tempfile::Builder::new().prefix("steadfast-disk-").tempdir()? };
        fs_err::File::create(disk.image())?.set_len(u64::from(megabytes) << 20)?;
        fs_err::create_dir(disk.path())?;
        run(Command::new("mkfs.ext4").args(["-q", "-F"]).args(options).arg(disk.image()))?;
        disk.mount(mount)?;
        Ok(disk)
    }

    /// A file system in memory.
    pub(super) fn memory(options: &str) -> Result<Self> {
        let disk = Self { folder: tempfile::Builder::new().prefix("steadfast-disk-").tempdir()? };
        fs_err::create_dir(disk.path())?;
        run(Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(disk.path()))?;
        Ok(disk)
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("disk.img")
    }

    /// Where it is mounted.
    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("mount")
    }

    pub(super) fn mount(&self, options: &str) -> Result<()> {
        run(Command::new("mount").args(["-o", &format!("loop,{options}")]).arg(self.image()).arg(self.path()))
    }

    /// Changes how it is mounted, as `ro`.
    pub(super) fn remount(&self, options: &str) -> Result<()> {
        run(Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(self.path()))
    }

    pub(super) fn cut_power(&self) -> Result<()> {
        run(Command::new("perl").args(["-e", CUT]).arg(self.path()))
    }

    /// Turns it off and on again.
    pub(super) fn restart(&self) -> Result<()> {
        run(Command::new("umount").arg(self.path()))?;
        self.mount("rw")
    }

    /// Name of the loop device, such as `loop0`.
    pub(super) fn device(&self) -> Result<String> {
        let output = Command::new("findmnt").args(["-n", "-o", "SOURCE"]).arg(self.path()).output()?;
        let source = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        ensure!(source.starts_with("/dev/"), "the device of {} is unknown", self.path().display());
        Ok(source.trim_start_matches("/dev/").to_owned())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let path = self.path();
        let unmount = |option: &[&str]| {
            let done = Command::new("umount").args(option).arg(&path).stderr(Stdio::null()).status();
            done.is_ok_and(|status| status.success())
        };
        // Busy for a moment while a killed process goes; then let go of lazily.
        if !unmount(&[]) {
            unmount(&["-l"]);
        }
    }
}

/// Runs a tool; its failure is an error with what it said.
pub(super) fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{} failed: {}", command.get_program().display(), said.trim());
    Ok(())
}

/// Fills a folder's file system to the last byte.
pub(super) fn fill(folder: &Path) -> Result<()> {
    let _ = Command::new("dd")
        .args(["if=/dev/zero", "bs=4096", "oflag=append", "conv=notrunc"])
        .arg(format!("of={}", folder.join("hog").display()))
        .stderr(Stdio::null())
        .status()?;
    Ok(())
}
