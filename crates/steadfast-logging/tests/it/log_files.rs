//! Files: rotation, going on, threads, and everything that may go wrong with them.

use std::os::unix::fs::symlink;
use std::path::Path;

use proptest::prelude::*;
use steadfast_logging::{ConsoleOptions, FileOptions, LogFile, Logger, LoggingError, Rotation};
use tracing::Dispatch;

use crate::support::{Screen, all_lines, lines_of, logger, numbered};

struct Fixture {
    folder: tempfile::TempDir,
    screen: Screen,
    logger: Logger,
    dispatch: Dispatch,
}

impl Fixture {
    fn new() -> Self {
        let screen = Screen::default();
        // Events stay away from this console, so that what it shows are reports about logging itself.
        let console = ConsoleOptions { filter: "off".parse().unwrap(), ..screen.options() };
        let (logger, dispatch) = logger(console, FileOptions::default());
        Self { folder: tempfile::tempdir().unwrap(), screen, logger, dispatch }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("log.txt")
    }

    fn attach(&self, max_bytes: u64, keep: usize) -> LogFile {
        self.logger.attach(self.path(), Rotation { max_bytes, keep }).unwrap()
    }

    fn log(&self, text: &str) {
        tracing::dispatcher::with_default(&self.dispatch, || tracing::info!("{text}"));
    }
}

/// What stands behind the time, the level and the target.
fn texts(lines: &[String]) -> Vec<&str> {
    lines.iter().map(|line| line.split_once("log_files: ").unwrap().1).collect()
}

fn size(path: &Path) -> u64 {
    fs_err::metadata(path).unwrap().len()
}

#[test]
fn a_second_run_goes_on_behind_the_first() {
    let fixture = Fixture::new();
    fixture.log("before");
    let log = fixture.attach(1000, 2);
    fixture.log("first");
    drop(log);
    fixture.log("between");
    let log = fixture.attach(1000, 2);
    assert_eq!(log.path(), fixture.path());
    fixture.log("second");
    log.fsync().unwrap();
    assert_eq!(texts(&lines_of(&fixture.path())), ["first", "second"]);
}

#[test]
fn one_file_at_a_time() {
    let fixture = Fixture::new();
    let _log = fixture.attach(1000, 2);
    let other = fixture.folder.path().join("other.txt");
    let error = fixture.logger.attach(&other, Rotation::default()).unwrap_err();
    assert!(matches!(error, LoggingError::AlreadyAttached { .. }), "{error}");
    assert!(!other.exists());
}

#[test]
fn the_newest_full_file_has_the_lowest_number() {
    let fixture = Fixture::new();
    let _log = fixture.attach(150, 3);
    for number in 0..10 {
        fixture.log(&number.to_string());
    }
    let files: Vec<Vec<String>> = (1..=3).map(|number| lines_of(&numbered(&fixture.path(), number))).collect();
    let flat: Vec<&str> = files.iter().flat_map(|lines| texts(lines)).collect();
    assert_eq!(flat.len(), 6, "two lines to a file: {flat:?}");
    assert_eq!(texts(&all_lines(&fixture.path())), ["2", "3", "4", "5", "6", "7", "8", "9"]);
    assert!(!numbered(&fixture.path(), 4).exists());
}

#[test]
fn fewer_files_are_kept_after_the_limit_is_lowered() {
    let fixture = Fixture::new();
    let log = fixture.attach(1, 5);
    (0..6).for_each(|number| fixture.log(&number.to_string()));
    drop(log);
    assert!(numbered(&fixture.path(), 5).exists());
    let _log = fixture.attach(1, 2);
    fixture.log("6");
    assert_eq!(texts(&all_lines(&fixture.path())), ["4", "5", "6"]);
    assert!((3..=5).all(|number| !numbered(&fixture.path(), number).exists()));
}

/// A process killed between two renames leaves a gap: nothing is thrown away to fill it.
#[test]
fn a_gap_left_by_a_kill_costs_no_line() {
    let fixture = Fixture::new();
    let log = fixture.attach(1, 4);
    (0..4).for_each(|number| fixture.log(&number.to_string()));
    drop(log);
    // Rotating 3 | 2 1 0 was interrupted after the first rename.
    fs_err::rename(numbered(&fixture.path(), 3), numbered(&fixture.path(), 4)).unwrap();
    let _log = fixture.attach(1, 4);
    fixture.log("4");
    assert_eq!(texts(&all_lines(&fixture.path())), ["0", "1", "2", "3", "4"]);
}

#[test]
fn a_line_torn_by_a_power_cut_does_not_swallow_the_next() {
    let fixture = Fixture::new();
    fs_err::write(fixture.path(), "torn li").unwrap();
    let _log = fixture.attach(1000, 2);
    fixture.log("whole");
    let lines = lines_of(&fixture.path());
    assert_eq!(lines[0], "torn li");
    assert_eq!(texts(&lines[1..]), ["whole"]);
}

#[test]
fn a_file_removed_or_emptied_by_hand_is_begun_again() {
    let fixture = Fixture::new();
    let _log = fixture.attach(1000, 2);
    fixture.log("first");
    fs_err::remove_file(fixture.path()).unwrap();
    fixture.log("second");
    assert_eq!(texts(&lines_of(&fixture.path())), ["second"]);
    fs_err::OpenOptions::new().write(true).truncate(true).open(fixture.path()).unwrap();
    fixture.log("third");
    assert_eq!(texts(&lines_of(&fixture.path())), ["third"]);
    assert!(fixture.screen.lines().is_empty());
}

#[test]
fn a_folder_that_vanishes_is_reported_once_and_fails_nothing() {
    let fixture = Fixture::new();
    let folder = fixture.folder.path().join("run");
    fs_err::create_dir(&folder).unwrap();
    let _log = fixture.logger.attach(folder.join("log.txt"), Rotation::default()).unwrap();
    fixture.log("first");
    fs_err::remove_dir_all(&folder).unwrap();
    (0..5).for_each(|_| fixture.log("lost"));
    let reports = fixture.screen.lines();
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(reports[0].contains(" WARN the log file was removed and cannot be made again: "), "{reports:?}");
    fs_err::create_dir(&folder).unwrap();
    fixture.log("back");
    assert_eq!(texts(&lines_of(&folder.join("log.txt"))), ["back"]);
}

/// A folder standing under the number that a full file needs keeps every rename from working, for root as well.
#[test]
fn a_failed_rotation_is_reported_once_and_the_full_file_is_written_on() {
    let fixture = Fixture::new();
    let _log = fixture.attach(1, 1);
    let obstacle = numbered(&fixture.path(), 1);
    fs_err::create_dir(&obstacle).unwrap();
    (0..5).for_each(|number| fixture.log(&number.to_string()));
    assert_eq!(texts(&lines_of(&fixture.path())), ["0", "1", "2", "3", "4"]);
    let reports = fixture.screen.lines();
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(reports[0].contains(" WARN the log file is not rotated: "), "{reports:?}");
    // Once the way is free, rotation goes on by itself.
    fs_err::remove_dir(&obstacle).unwrap();
    fixture.log("5");
    assert_eq!(texts(&lines_of(&fixture.path())), ["5"]);
    assert_eq!(fixture.screen.lines().len(), 1);
}

/// `/dev/full` would be simpler, but it is no regular file and refused for that.
#[test]
fn a_full_disk_is_reported_once_and_fails_nothing() {
    let fixture = Fixture::new();
    let disk = tempfile::tempdir().unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=4k", "tmpfs"])
        .arg(disk.path())
        .stderr(std::process::Stdio::null())
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        return not_checked("a full disk", "mounting a small file system needs root");
    }
    let path = disk.path().join("log.txt");
    let log = fixture.logger.attach(&path, Rotation::default()).unwrap();
    let text = "x".repeat(1000);
    (0..20).for_each(|_| fixture.log(&text));
    let reports = fixture.screen.lines();
    let emptied = fs_err::OpenOptions::new().write(true).truncate(true).open(&path).map(drop);
    fixture.log("after");
    let lines = fs_err::read_to_string(&path).unwrap();
    drop(log);
    std::process::Command::new("umount").arg(disk.path()).status().unwrap();
    emptied.unwrap();
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(reports[0].contains(" WARN log lines are lost: "), "{reports:?}");
    assert!(lines.ends_with(" after\n"), "{lines:?}");
}

#[expect(clippy::print_stderr, reason = "a check that was not made must not look like one that passed")]
fn not_checked(what: &str, why: &str) {
    eprintln!("not checked here: {what}: {why}");
}

#[test]
fn links_and_pipes_are_refused_without_waiting() {
    let fixture = Fixture::new();
    let outside = fixture.folder.path().join("outside");
    fs_err::write(&outside, "precious\n").unwrap();
    symlink(&outside, fixture.path()).unwrap();
    let refused = || fixture.logger.attach(fixture.path(), Rotation::default()).unwrap_err();
    assert!(matches!(refused(), LoggingError::NotAFile { .. }));
    fs_err::remove_file(fixture.path()).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        fixture.path(),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    assert!(matches!(refused(), LoggingError::NotAFile { .. }));
    let missing = fixture.folder.path().join("missing/log.txt");
    let error = fixture.logger.attach(&missing, Rotation::default()).unwrap_err();
    assert!(matches!(error, LoggingError::Open(_)), "{error}");
    assert_eq!(fs_err::read_to_string(&outside).unwrap(), "precious\n");
}

/// A link that takes the place of the file while it is written is not followed either.
#[test]
fn a_link_planted_later_is_not_followed() {
    let fixture = Fixture::new();
    let outside = fixture.folder.path().join("outside");
    fs_err::write(&outside, "precious\n").unwrap();
    let _log = fixture.attach(1000, 2);
    fixture.log("first");
    fs_err::remove_file(fixture.path()).unwrap();
    symlink(&outside, fixture.path()).unwrap();
    fixture.log("second");
    assert_eq!(fs_err::read_to_string(&outside).unwrap(), "precious\n");
    assert_eq!(fixture.screen.lines().len(), 1);
}

#[test]
fn lines_of_many_threads_arrive_whole_and_all() {
    let fixture = Fixture::new();
    let log = fixture.attach(4000, 1000);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let fixture = &fixture;
            scope.spawn(move || {
                for line in 0..100 {
                    fixture.log(&format!("thread {thread} line {line}"));
                }
            });
        }
    });
    drop(log);
    let lines = all_lines(&fixture.path());
    for thread in 0..8 {
        let beginning = format!("thread {thread} ");
        let own: Vec<&str> = texts(&lines).into_iter().filter(|text| text.starts_with(&beginning)).collect();
        let expected: Vec<String> = (0..100).map(|line| format!("thread {thread} line {line}")).collect();
        assert_eq!(own, expected);
    }
    assert_eq!(lines.len(), 800);
}

/// The one test that installs: a process has one logger, and events of threads that know nothing of it arrive.
#[test]
fn an_installed_logger_hears_every_thread() {
    let screen = Screen::default();
    let logger = Logger::builder().console(screen.options()).install().unwrap();
    let error = Logger::builder().install().unwrap_err();
    assert!(matches!(error, LoggingError::AlreadyInstalled(_)), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.txt");
    let _log = logger.attach(&path, Rotation::default()).unwrap();
    std::thread::spawn(|| tracing::info!(target: "elsewhere", "from a worker")).join().unwrap();
    let lines = lines_of(&path);
    assert!(lines.iter().any(|line| line.ends_with("INFO elsewhere: from a worker")), "{lines:?}");
    assert!(screen.lines().iter().any(|line| line.ends_with("INFO from a worker")));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever the limit and however often the file is attached anew: the files hold the newest lines, whole and in order.
    #[test]
    fn rotation_never_splits_or_loses_a_line(
        max_bytes in 1_u64..600,
        keep in 1_usize..5,
        runs in prop::collection::vec(prop::collection::vec(0_usize..120, 0..12), 1..4),
    ) {
        let fixture = Fixture::new();
        let mut expected = Vec::new();
        for lengths in runs {
            let log = fixture.attach(max_bytes, keep);
            for length in lengths {
                let text = format!("{}{}", expected.len(), "x".repeat(length));
                fixture.log(&text);
                expected.push(text);
            }
            drop(log);
        }
        let lines = all_lines(&fixture.path());
        let found = texts(&lines);
        prop_assert_eq!(&found[..], &expected[expected.len() - found.len()..]);
        // Lines go only with the oldest of all files, so with room left nothing is missing.
        let full = (1..=keep).filter(|number| numbered(&fixture.path(), *number).exists()).count();
        prop_assert!(found.len() == expected.len() || full == keep);
        prop_assert!(!numbered(&fixture.path(), keep + 1).exists());
        for path in (1..=full).map(|number| numbered(&fixture.path(), number)).chain([fixture.path()]) {
            let lines = lines_of(&path).len();
            prop_assert!(size(&path) <= max_bytes || lines == 1, "{} lines in {} bytes", lines, size(&path));
        }
        prop_assert!(fixture.screen.lines().is_empty());
    }
}
