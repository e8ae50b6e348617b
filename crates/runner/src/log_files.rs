//! The log of a run as one text: `log.txt` and the full files beside it, read while somebody else writes them.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::plain_file;

/// A file is known by its device and its number there: names move when a log is rotated.
type Identity = (u64, u64);

/// A file of the log, open for reading.
struct Part {
    file: fs_err::File,
    identity: Identity,
}

/// Where somebody who follows a log has got to.
#[derive(Debug)]
pub(crate) struct Follower {
    path: PathBuf,
    file: Option<(fs_err::File, Identity)>,
    /// How far the file was read.
    position: u64,
    /// A line that is still being written.
    begun: Vec<u8>,
}

/// Hands over every line of a log, the oldest first. Stops when the reader has had enough.
pub(crate) fn each_line(path: &Path, mut line: impl FnMut(&str) -> io::Result<()>) -> io::Result<()> {
    for part in parts(path)?.into_iter().rev() {
        let mut reader = BufReader::new(part.file);
        let mut bytes = Vec::new();
        while reader.read_until(b'\n', &mut bytes)? > 0 {
            line(String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']))?;
            bytes.clear();
        }
    }
    Ok(())
}

/// The last lines of a log. Older files are read only where the newer ones do not hold enough.
pub(crate) fn last_lines(path: &Path, number: usize) -> io::Result<Vec<String>> {
    let mut lines = VecDeque::new();
    for part in parts(path)? {
        let wanted = number.saturating_sub(lines.len());
        for line in end_of(part.file, wanted)?.into_iter().rev() {
            lines.push_front(line);
        }
        if lines.len() >= number {
            break;
        }
    }
    Ok(lines.into())
}

/// The last lines of one file, read from its end.
fn end_of(mut file: fs_err::File, number: usize) -> io::Result<Vec<String>> {
    const BLOCK: u64 = 64 * 1024;
    let mut from = file.metadata()?.len();
    let mut bytes: Vec<u8> = Vec::new();
    // One end of line more than lines: the first line found may have lost its beginning.
    while from > 0 && bytes.split(|byte| *byte == b'\n').count() <= number.saturating_add(1) {
        let begin = from.saturating_sub(BLOCK);
        let mut block = Vec::new();
        file.seek(SeekFrom::Start(begin))?;
        (&mut file).take(from - begin).read_to_end(&mut block)?;
        block.extend_from_slice(&bytes);
        bytes = block;
        from = begin;
    }
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    Ok(lines[lines.len().saturating_sub(number)..].iter().map(|line| (*line).to_owned()).collect())
}

impl Follower {
    /// Follows from the beginning of the oldest file: the first call gives everything there is.
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_path_buf(), file: None, position: 0, begun: Vec::new() }
    }

    /// The lines that were completed since the last call, across every rotation in between.
    pub(crate) fn new_lines(&mut self) -> io::Result<Vec<String>> {
        let mut lines = Vec::new();
        self.read_on(&mut lines)?;
        let now = open(&self.path)?;
        let is_same = match (&now, &self.file) {
            (Some(now), Some((_, identity))) => now.identity == *identity,
            // Moved away and not there again: the next call will see.
            (None, _) => true,
            (Some(_), None) => false,
        };
        if is_same {
            return Ok(lines);
        }
        // Something may have been written between the reading above and the rotation.
        self.read_on(&mut lines)?;
        let known = self.file.as_ref().map(|(_, identity)| *identity);
        let newer = parts(&self.path)?.into_iter().take_while(|part| Some(part.identity) != known);
        for part in newer.collect::<Vec<_>>().into_iter().rev() {
            self.file = Some((part.file, part.identity));
            self.position = 0;
            self.read_on(&mut lines)?;
        }
        Ok(lines)
    }

    fn read_on(&mut self, lines: &mut Vec<String>) -> io::Result<()> {
        let Some((file, _)) = &mut self.file else { return Ok(()) };
        if file.metadata()?.len() < self.position {
            // Emptied by hand.
            self.position = 0;
            self.begun.clear();
        }
        file.seek(SeekFrom::Start(self.position))?;
        let mut bytes = Vec::new();
        self.position += file.read_to_end(&mut bytes)? as u64;
        for byte in bytes {
            if byte == b'\n' {
                lines.push(String::from_utf8_lossy(&self.begun).into_owned());
                self.begun.clear();
            } else {
                self.begun.push(byte);
            }
        }
        Ok(())
    }
}

/// The files of a log, the newest first. One that is renamed meanwhile is met twice, and taken once.
fn parts(path: &Path) -> io::Result<Vec<Part>> {
    let mut parts: Vec<Part> = open(path)?.into_iter().collect();
    // One more than there are: a rotation may be going on.
    for number in 1..=oldest(path) + 1 {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        if let Some(part) = open(Path::new(&name))?
            && parts.iter().all(|known| known.identity != part.identity)
        {
            parts.push(part);
        }
    }
    Ok(parts)
}

/// The largest number behind the name of a log; a rotation that was interrupted leaves gaps below it.
fn oldest(path: &Path) -> u32 {
    let prefix = path.file_name().map(|name| format!("{}.", name.to_string_lossy())).unwrap_or_default();
    let entries = path.parent().and_then(|folder| fs_err::read_dir(folder).ok()).into_iter().flatten();
    let number = |name: &str| name.strip_prefix(&prefix)?.parse().ok().filter(|number| *number < 10_000);
    entries.flatten().filter_map(|entry| number(&entry.file_name().to_string_lossy())).max().unwrap_or(0)
}

/// Opens a file of the log; nothing where there is none.
fn open(path: &Path) -> io::Result<Option<Part>> {
    let Some(file) = plain_file::open(path)? else { return Ok(None) };
    let metadata = file.metadata()?;
    Ok(Some(Part { file, identity: (metadata.dev(), metadata.ino()) }))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn append(path: &Path, text: &str) {
        let mut file = fs_err::OpenOptions::new().append(true).create(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn rotate(path: &Path) {
        for number in (1..9).rev() {
            let name = |number: u32| path.with_file_name(format!("log.txt.{number}"));
            if name(number).exists() {
                fs_err::rename(name(number), name(number + 1)).unwrap();
            }
        }
        fs_err::rename(path, path.with_file_name("log.txt.1")).unwrap();
    }

    fn all(path: &Path) -> Vec<String> {
        let mut lines = Vec::new();
        each_line(path, |line| {
            lines.push(line.to_owned());
            Ok(())
        })
        .unwrap();
        lines
    }

    #[test]
    fn rotated_files_are_one_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.txt");
        assert_eq!(all(&path), [""; 0]);
        append(&path, "1\n2\n");
        rotate(&path);
        // A gap in the numbers, as an interrupted rotation leaves it.
        fs_err::rename(folder.path().join("log.txt.1"), folder.path().join("log.txt.3")).unwrap();
        append(&path, "3\n");
        rotate(&path);
        append(&path, "4\nhalf");
        assert_eq!(all(&path), ["1", "2", "3", "4", "half"]);
        assert_eq!(last_lines(&path, 3).unwrap(), ["3", "4", "half"]);
        assert_eq!(last_lines(&path, 9).unwrap(), all(&path));
        assert_eq!(last_lines(&path, 0).unwrap(), [""; 0]);
    }

    #[test]
    fn the_end_of_a_long_file_is_found_from_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.txt");
        let written: Vec<String> = (0..20_000).map(|number| format!("line {number}, größer\n")).collect();
        let text = written.concat();
        append(&path, &text);
        let expected: Vec<&str> = text.lines().collect();
        for number in [1, 2, 5000, 20_000, 30_000] {
            let from = expected.len().saturating_sub(number);
            assert_eq!(last_lines(&path, number).unwrap(), expected[from..], "{number}");
        }
    }

    #[test]
    fn a_follower_loses_no_line_over_rotations() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.txt");
        append(&path, "old\n");
        rotate(&path);
        append(&path, "new\n");
        let mut follower = Follower::new(&path);
        assert_eq!(follower.new_lines().unwrap(), ["old", "new"]);
        assert_eq!(follower.new_lines().unwrap(), [""; 0]);
        append(&path, "1\n2\nhal");
        assert_eq!(follower.new_lines().unwrap(), ["1", "2"]);
        append(&path, "f\n3\n");
        rotate(&path);
        append(&path, "4\n");
        rotate(&path);
        append(&path, "5\n");
        assert_eq!(follower.new_lines().unwrap(), ["half", "3", "4", "5"]);
        rotate(&path);
        // For a moment there is no file of that name.
        assert_eq!(follower.new_lines().unwrap(), [""; 0]);
        append(&path, "6\n");
        assert_eq!(follower.new_lines().unwrap(), ["6"]);
        fs_err::write(&path, "7\n").unwrap();
        append(&path, "8\n");
        assert_eq!(follower.new_lines().unwrap(), ["8"], "emptied and as long as before: only what was added");
    }

    #[test]
    fn links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.txt");
        fs_err::write(folder.path().join("secret"), "secret\n").unwrap();
        std::os::unix::fs::symlink(folder.path().join("secret"), &path).unwrap();
        assert!(last_lines(&path, 5).is_err());
    }
}
