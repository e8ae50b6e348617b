//! Which files the paths of a command line stand for.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::problem::{Problem, Problems};
use crate::suggest::suggest;
use crate::wording::path_name;

/// How many neighbors are looked at for a suggestion.
const NEIGHBOR_LIMIT: usize = 1_000;

/// The config files that `paths` stand for: a file is itself, a folder its `*.json` in byte order of their names.
///
/// Sub-folders and hidden files are left alone. Finding more than `limit` files is an error.
pub(super) fn config_files(paths: &[PathBuf], limit: usize, problems: &mut Problems) -> Vec<PathBuf> {
    if paths.is_empty() {
        problems
            .push(Problem::general("no config was named"))
            .help("name a config file, or a folder that holds `*.json` files");
    }
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(files_in(path, limit, problems));
        } else if path.exists() {
            files.push(path.clone());
        } else {
            no_such_path(path, problems);
        }
        if files.len() > limit {
            let message = format!("a batch has at most {limit} experiments, but there are more files than that");
            problems.push(Problem::file(path, message)).help("split the batch over several folders");
            return Vec::new();
        }
    }
    files
}

fn files_in(folder: &Path, limit: usize, problems: &mut Problems) -> Vec<PathBuf> {
    let entries = match fs_err::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            problems.push(Problem::file(folder, "the folder cannot be read")).cause(error);
            return Vec::new();
        }
    };
    let mut files = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) => files.extend(Some(entry.path()).filter(|path| is_config(path))),
            Err(error) => {
                problems.push(Problem::file(folder, "the folder cannot be read to its end")).cause(error);
                return Vec::new();
            }
        }
        if files.len() > limit {
            break;
        }
    }
    files.sort_by(|left, right| file_name(left).as_encoded_bytes().cmp(file_name(right).as_encoded_bytes()));
    if files.is_empty() {
        let problem = problems.push(Problem::file(folder, "the folder holds no `*.json` file"));
        problem.help(match folder_with_configs(folder) {
            Some(inner) => {
                format!("sub-folders are not entered: name {} itself", path_name(&inner))
            }
            None => "put config files into it, or name another folder".to_owned(),
        });
    }
    files
}

/// A visible `*.json` that is not a folder.
fn is_config(path: &Path) -> bool {
    let hidden = file_name(path).as_encoded_bytes().starts_with(b".");
    !hidden && path.extension() == Some(OsStr::new("json")) && !path.is_dir()
}

fn file_name(path: &Path) -> &OsStr {
    path.file_name().unwrap_or_default()
}

/// The first sub-folder that would have been worth naming.
fn folder_with_configs(folder: &Path) -> Option<PathBuf> {
    let mut folders: Vec<_> = children(folder).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders.into_iter().find(|folder| children(folder).any(|path| is_config(&path)))
}

fn no_such_path(path: &Path, problems: &mut Problems) {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let neighbors: Vec<_> = children(parent).filter_map(|path| path.file_name()?.to_str().map(str::to_owned)).collect();
    let wanted = file_name(path).to_string_lossy();
    let near = suggest(&wanted, neighbors.iter().map(String::as_str));
    let help = near.map_or_else(
        || "a relative path starts at the working folder".to_owned(),
        |near| format!("did you mean {}?", path_name(&path.with_file_name(near))),
    );
    problems.push(Problem::file(path, "there is no such file or folder")).help(help);
}

/// What a folder holds, for suggestions: what cannot be read is not suggested.
fn children(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs_err::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).take(NEIGHBOR_LIMIT)
}
