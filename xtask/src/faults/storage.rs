//! Disks that are full, read-only, broken, frozen or tampered with: each trouble once, from start to end.

use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::bench::{Bench, Ended, Files, Program, busy_config, reference};
use super::cases::{Scope, try_all};
use super::disk::{Disk, fill, run};
use super::tally::Tally;
use super::trace::{ONE_THREAD, calls, inject};

/// Options of a run that is stopped in the middle, with several checkpoints behind it.
const STOP: [&str; 2] = ["--max-steps", "40"];

/// One trouble: how it is made, and what the user must be told.
struct Trouble {
    name: &'static str,
    make: fn(&Program) -> Result<Trial>,
    /// The exit code of the start that meets it.
    code: i32,
    /// Words in what it says.
    says: &'static str,
}

/// A start that met its trouble, and the bench once the trouble is gone.
struct Trial {
    ended: Ended,
    bench: Bench,
    /// Kept mounted until everything is compared.
    _disk: Option<Disk>,
}

const TROUBLES: [Trouble; 16] = [
    Trouble { name: "no room at the start", make: no_room, code: 5, says: "disk full: needs" },
    Trouble { name: "disk full in mid-run", make: full, code: 5, says: "disk full" },
    Trouble { name: "disk full for the log alone", make: full_log, code: 0, says: "log" },
    Trouble { name: "inodes used up in mid-run", make: no_inodes, code: 5, says: "inodes" },
    Trouble { name: "a limit on file sizes", make: file_limit, code: 5, says: "arge" },
    Trouble { name: "a file system that turns read-only", make: fs_error, code: 5, says: "ead-only" },
    Trouble { name: "read-only results", make: read_only, code: 5, says: "ead-only" },
    Trouble { name: "results of somebody else", make: no_rights, code: 5, says: "ermission denied" },
    Trouble { name: "an immutable checkpoint folder", make: immutable, code: 5, says: "checkpoints" },
    Trouble { name: "few file descriptors", make: few_descriptors, code: 5, says: "oo many open files" },
    Trouble { name: "a disk that hangs for a while", make: frozen, code: 0, says: "" },
    Trouble { name: "a checkpoint that cannot be read", make: unreadable, code: 0, says: "damaged checkpoint" },
    Trouble { name: "a run folder that is a link", make: linked_folder, code: 5, says: "symbolic link" },
    Trouble { name: "a checkpoint that is a pipe", make: pipe, code: 0, says: "damaged checkpoint" },
    Trouble { name: "a checkpoint that is a link", make: linked_checkpoint, code: 0, says: "damaged checkpoint" },
    Trouble { name: "no valid checkpoint at all", make: nothing_valid, code: 6, says: "--fresh" },
];

/// Every trouble.
pub(super) fn troubles(scope: &Scope) -> Result<Tally> {
    let expected = reference(&scope.program, &busy_config())?;
    Ok(try_all(scope, "storage troubles", TROUBLES.iter().collect(), |trouble| {
        meet(&scope.program, trouble, &expected).map_err(|failure| format!("{}: {failure:#}", trouble.name))
    }))
}

fn meet(program: &Program, trouble: &Trouble, expected: &Files) -> Result<String> {
    let Trial { ended, bench, _disk } = (trouble.make)(program)?;
    ensure!(ended.code == trouble.code, "ended with {}:\n{}", ended.code, ended.stderr);
    ensure!(ended.stderr.contains(trouble.says), "does not say {:?}:\n{}", trouble.says, ended.stderr);
    ensure!(ended.is_orderly(), "{}", ended.stderr);
    if let Some(told) = ended.acknowledged() {
        let saved = bench.saved_step()?;
        // What was made unreadable is gone back behind; nothing else is.
        ensure!(saved.is_some_and(|saved| saved >= told), "step {told} was acknowledged, found {saved:?}");
    }
    if trouble.code == 6 {
        return Ok("refused".to_owned());
    }
    bench.finish(expected).map_err(anyhow::Error::msg)?;
    Ok(if trouble.code == 0 { "went on".to_owned() } else { "told, and went on afterwards".to_owned() })
}

fn on(disk: &Disk, program: &Program) -> Result<Bench> {
    Bench::with_results(program, &busy_config(), disk.path().join("results"))
}

/// Starts, does something to the disk behind the third save, and waits for the end.
fn struck(bench: &Bench, strike: impl FnOnce() -> Result<()>) -> Result<Ended> {
    let run = bench.listen(&ONE_THREAD)?;
    run.saves(3).context("the run never saved")?;
    strike()?;
    run.finish()
}

fn no_room(program: &Program) -> Result<Trial> {
    let disk = Disk::memory("size=200k")?;
    let bench = on(&disk, program)?;
    let ended = bench.run(&[])?;
    disk.remount("size=64m")?;
    Ok(Trial { ended, bench, _disk: Some(disk) })
}

fn full(program: &Program) -> Result<Trial> {
    let disk = Disk::memory("size=2m")?;
    let bench = on(&disk, program)?;
    let ended = struck(&bench, || fill(&disk.path()))?;
    fs_err::remove_file(disk.path().join("hog"))?;
    Ok(Trial { ended, bench, _disk: Some(disk) })
}

fn full_log(program: &Program) -> Result<Trial> {
    let bench = Bench::new(program, &busy_config())?;
    fs_err::create_dir_all(bench.folder())?;
    let log = bench.folder().join("log.txt");
    fs_err::write(&log, "")?;
    run(Command::new("mount").args(["--bind", "/dev/full"]).arg(&log))?;
    let ended = bench.run(&[]);
    run(Command::new("umount").arg(&log))?;
    Ok(Trial { ended: ended?, bench, _disk: None })
}

fn no_inodes(program: &Program) -> Result<Trial> {
    let disk = Disk::ext4(16, &["-N", "64"], "rw")?;
    let bench = on(&disk, program)?;
    let hogs = disk.path().join("hogs");
    fs_err::create_dir(&hogs)?;
    let ended = struck(&bench, || {
        let mut number = 0;
        while fs_err::write(hogs.join(format!("{number}")), "").is_ok() {
            number += 1;
        }
        Ok(())
    })?;
    fs_err::remove_dir_all(&hogs)?;
    Ok(Trial { ended, bench, _disk: Some(disk) })
}

fn file_limit(program: &Program) -> Result<Trial> {
    let bench = Bench::new(program, &busy_config())?;
    let before = ["prlimit".to_owned(), "--fsize=40000".to_owned()];
    Ok(Trial { ended: bench.run_behind(&before, &[])?, bench, _disk: None })
}

fn fs_error(program: &Program) -> Result<Trial> {
    let disk = Disk::ext4(16, &[], "rw,errors=remount-ro")?;
    let bench = on(&disk, program)?;
    let trigger = format!("/sys/fs/ext4/{}/trigger_fs_error", disk.device()?);
    let ended = struck(&bench, || Ok(fs_err::write(trigger, "1")?))?;
    disk.restart()?;
    Ok(Trial { ended, bench, _disk: Some(disk) })
}

fn read_only(program: &Program) -> Result<Trial> {
    let disk = Disk::ext4(16, &[], "rw")?;
    let bench = on(&disk, program)?;
    bench.run(&STOP)?;
    disk.remount("ro")?;
    let ended = bench.run(&[])?;
    disk.remount("rw")?;
    Ok(Trial { ended, bench, _disk: Some(disk) })
}

fn no_rights(program: &Program) -> Result<Trial> {
    let bench = Bench::new(program, &busy_config())?;
    bench.run(&STOP)?;
    for folder in [bench.work(), bench.results()] {
        run(Command::new("chmod").arg("0755").arg(folder))?;
    }
    // As nobody, who may read and no more; the program itself may lie where nobody comes, so it is copied.
    let copy = bench.work().join("runner");
    fs_err::copy(&program.runner, &copy)?;
    let copied = Program { runner: copy, planted: program.planted };
    let stranger = Bench::with_results(&copied, &busy_config(), bench.results().to_path_buf())?;
    run(Command::new("chmod").arg("0755").arg(stranger.work()))?;
    let before = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"].map(str::to_owned);
    let ended = stranger.run_behind(&before, &[])?;
    Ok(Trial { ended, bench, _disk: None })
}

fn immutable(program: &Program) -> Result<Trial> {
    let disk = Disk::ext4(16, &[], "rw")?;
    let bench = on(&disk, program)?;
    bench.run(&STOP)?;
    let folder = bench.folder().join("checkpoints");
    run(Command::new("chattr").arg("+i").arg(&folder))?;
    let ended = bench.run(&[]);
    run(Command::new("chattr").arg("-i").arg(&folder))?;
    Ok(Trial { ended: ended?, bench, _disk: Some(disk) })
}

fn few_descriptors(program: &Program) -> Result<Trial> {
    let bench = Bench::new(program, &busy_config())?;
    bench.run(&STOP)?;
    let mut last = None;
    // The fewest with which it starts at all, and then one more at a time until it has enough.
    for limit in 4..40 {
        let before = ["prlimit".to_owned(), format!("--nofile={limit}")];
        let ended = bench.run_behind(&before, &ONE_THREAD)?;
        if ended.code == 0 {
            break;
        }
        // Without descriptors the dynamic loader gives up with 127 before the program begins.
        ensure!(
            ended.is_orderly() || ended.code == 127 || ended.code == 70,
            "{limit}: {}\n{}",
            ended.code,
            ended.stderr
        );
        if ended.code == 5 {
            last = Some(ended);
        }
    }
    let ended = last.context("there were always enough, or never")?;
    Ok(Trial { ended, bench, _disk: None })
}

fn frozen(program: &Program) -> Result<Trial> {
    let disk = Disk::ext4(16, &[], "rw")?;
    let bench = on(&disk, program)?;
    let path = disk.path();
    let ended = struck(&bench, || {
        run(Command::new("fsfreeze").arg("-f").arg(&path))?;
        let path = path.clone();
        // A frozen process cannot be killed: the thaw comes from elsewhere, whatever happens here.
        thread::spawn(move || {
            thread::sleep(Duration::from_secs(2));
            let _ = run(Command::new("fsfreeze").arg("-u").arg(path));
        });
        Ok(())
    })?;
    Ok(Trial { ended, bench, _disk: Some(disk) })
}

/// An input/output error on the first read of the newest checkpoint.
fn unreadable(program: &Program) -> Result<Trial> {
    let bench = Bench::new(program, &busy_config())?;
    bench.run(&STOP)?;
    let twin = Bench::new(program, &busy_config())?;
    twin.run(&STOP)?;
    let calls = calls(&twin, &ONE_THREAD)?;
    let opened = calls.iter().position(|call| call.name == "openat" && call.text.contains("\"step-"));
    let mut behind = calls.iter().skip(opened.context("no checkpoint was opened")?);
    let read = behind.find(|call| call.name == "read").context("no checkpoint was read")?;
    let before = inject(read, "error=EIO", &read.number.to_string());
    let ended = bench.run_behind(&before, &ONE_THREAD)?;
    Ok(Trial { ended, bench, _disk: None })
}

fn linked_folder(program: &Program) -> Result<Trial> {
    let bench = Bench::new(program, &busy_config())?;
    let outside = bench.work().join("outside");
    fs_err::create_dir_all(&outside)?;
    fs_err::create_dir_all(bench.results())?;
    fs_err::os::unix::fs::symlink(&outside, bench.folder())?;
    let ended = bench.run(&[])?;
    ensure!(fs_err::read_dir(&outside)?.next().is_none(), "something was written outside");
    fs_err::remove_file(bench.folder())?;
    Ok(Trial { ended, bench, _disk: None })
}

/// What is planted in place of a checkpoint that would be the newest.
fn planted_checkpoint(program: &Program, plant: impl FnOnce(&std::path::Path) -> Result<()>) -> Result<Trial> {
    let bench = Bench::new(program, &busy_config())?;
    bench.run(&STOP)?;
    plant(&bench.folder().join("checkpoints/step-000000000041.safetensors"))?;
    let ended = bench.run(&[])?;
    Ok(Trial { ended, bench, _disk: None })
}

fn pipe(program: &Program) -> Result<Trial> {
    planted_checkpoint(program, |path| run(Command::new("mkfifo").arg(path)))
}

fn linked_checkpoint(program: &Program) -> Result<Trial> {
    planted_checkpoint(program, |path| Ok(fs_err::os::unix::fs::symlink("/etc/passwd", path)?))
}

fn nothing_valid(program: &Program) -> Result<Trial> {
    let bench = Bench::new(program, &busy_config())?;
    bench.run(&STOP)?;
    for entry in fs_err::read_dir(bench.folder().join("checkpoints"))? {
        fs_err::write(entry?.path(), "damaged")?;
    }
    Ok(Trial { ended: bench.run(&[])?, bench, _disk: None })
}
