//! What several tests need: a console that remembers, and logs as lists of lines.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use steadfast_logging::{ConsoleOptions, FileOptions, LineWriter, Logger};
use tracing::Dispatch;

/// A console that remembers its lines.
#[derive(Debug, Clone, Default)]
pub(crate) struct Screen(Arc<Mutex<Vec<String>>>);

impl LineWriter for Screen {
    fn write_line(&self, line: &str) -> io::Result<()> {
        self.0.lock().unwrap().push(line.to_owned());
        Ok(())
    }
}

impl Screen {
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    /// The default console options with this screen as the writer.
    pub(crate) fn options(&self) -> ConsoleOptions {
        ConsoleOptions { writer: Arc::new(self.clone()), ..ConsoleOptions::default() }
    }
}

/// A logger for the test alone, since a process can have only one of its own.
pub(crate) fn logger(console: ConsoleOptions, file: FileOptions) -> (Logger, Dispatch) {
    Logger::builder().console(console).file(file).build()
}

/// The lines of a file, each with its end still on the last one checked.
pub(crate) fn lines_of(path: &Path) -> Vec<String> {
    let content = fs_err::read_to_string(path).unwrap();
    assert!(content.is_empty() || content.ends_with('\n'), "{content:?} ends in the middle of a line");
    content.lines().map(str::to_owned).collect()
}

/// `log.txt.<number>` beside `log.txt`.
pub(crate) fn numbered(path: &Path, number: usize) -> PathBuf {
    PathBuf::from(format!("{}.{number}", path.display()))
}

/// The lines of all files of a log, oldest first.
pub(crate) fn all_lines(path: &Path) -> Vec<String> {
    let full = (1..1_000_000).take_while(|number| numbered(path, *number).exists()).count();
    let older = (1..=full).rev().flat_map(|number| lines_of(&numbered(path, number)));
    older.chain(lines_of(path)).collect()
}

/// A line with its time replaced by a word.
pub(crate) fn without_time(line: &str) -> String {
    let start = line.find("20").unwrap();
    let length = line[start..].find('Z').unwrap() + 1;
    let time = &line[start..start + length];
    let shape: String = time.chars().map(|sign| if sign.is_ascii_digit() { '9' } else { sign }).collect();
    assert_eq!(shape, "9999-99-99T99:99:99.999999Z");
    line.replacen(time, "TIME", 1)
}
