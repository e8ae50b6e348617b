//! The text of the batch script.
//!
//! Slurm sends TERM to the script alone, a minute ahead of the limit; the script passes it on and waits, the runner saves
//! and ends with "interrupted, resumable", and the script queues its job again. Everything that comes from a user and is
//! not a plain word stands in single quotes, where a shell reads nothing into it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use super::options::{AHEAD_S, TimeLimit, Word};

/// What a job asks Slurm for.
#[derive(Debug, Clone, Default)]
pub(super) struct Wishes<'a> {
    pub(super) time: Option<&'a TimeLimit>,
    pub(super) partition: Option<&'a Word>,
    pub(super) account: Option<&'a Word>,
    pub(super) mem: Option<&'a Word>,
    pub(super) cpus: Option<u16>,
}

/// An array has a job for each config, all of them at a time or only so many.
#[derive(Debug, Clone, Copy)]
pub(super) struct Array {
    pub(super) jobs: usize,
    pub(super) at_most: Option<u32>,
}

/// Where everything is, as absolute paths.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places<'a> {
    pub(super) runner: &'a Path,
    /// Where the command was given: paths to data are relative to it.
    pub(super) working: &'a Path,
    pub(super) results: &'a Path,
    /// Where this script and its configs are.
    pub(super) folder: &'a Path,
}

/// The name under which the config of a job of an array is kept; counted from one.
pub(super) fn config_name(number: usize) -> String {
    format!("{number:05}.json")
}

/// The script.
pub(super) fn script(name: &Word, wishes: &Wishes<'_>, array: Option<Array>, places: Places<'_>) -> Vec<u8> {
    let mut text = b"#!/bin/bash\n".to_vec();
    for option in options(name, wishes, array) {
        text.extend(format!("#SBATCH --{option}\n").bytes());
    }
    text.extend(b"\n# Made by `runner slurm`. The configs beside it are frozen: what is edited elsewhere changes nothing here.\n");
    let targets = if array.is_some() {
        "$folder/configs/$(printf '%05d' \"$SLURM_ARRAY_TASK_ID\").json"
    } else {
        "$folder/configs"
    };
    let variables = [
        ("runner", places.runner),
        ("working", places.working),
        ("results", places.results),
        ("folder", places.folder),
    ];
    for (variable, path) in variables {
        text.extend(format!("{variable}=").bytes());
        text.extend(quoted(path.as_os_str()));
        text.push(b'\n');
    }
    text.extend(format!("targets=\"{targets}\"\n").bytes());
    text.extend(BODY.bytes());
    text
}

fn options(name: &Word, wishes: &Wishes<'_>, array: Option<Array>) -> Vec<String> {
    let mut options = vec![format!("job-name={name}"), "nodes=1".to_owned(), "ntasks=1".to_owned()];
    options.extend(wishes.cpus.map(|cpus| format!("cpus-per-task={cpus}")));
    options.extend(wishes.mem.map(|mem| format!("mem={mem}")));
    options.extend(wishes.time.map(|time| format!("time={time}")));
    options.extend(wishes.partition.map(|partition| format!("partition={partition}")));
    options.extend(wishes.account.map(|account| format!("account={account}")));
    if let Some(Array { jobs, at_most }) = array {
        let at_most = at_most.map_or_else(String::new, |jobs| format!("%{jobs}"));
        options.push(format!("array=1-{jobs}{at_most}"));
    }
    options.extend([format!("signal=B:TERM@{AHEAD_S}"), "requeue".into(), "open-mode=append".into()]);
    options
}

/// Where Slurm puts the output of a job. A path is a pattern there, in which a percent sign stands for itself only twice,
/// and in which a backslash cannot stand at all; then there is none.
pub(super) fn output_pattern(folder: &Path, is_array: bool) -> Option<OsString> {
    let bytes = folder.as_os_str().as_bytes();
    if bytes.contains(&b'\\') {
        return None;
    }
    let mut pattern: Vec<u8> = Vec::new();
    for byte in bytes {
        pattern.extend(if *byte == b'%' { &b"%%"[..] } else { std::slice::from_ref(byte) });
    }
    pattern.extend(if is_array { &b"/job-%A_%a.out"[..] } else { b"/job-%j.out" });
    Some(OsString::from_vec(pattern))
}

const BODY: &str = r#"
# Slurm tells this script alone. The runner is told by it, finishes the step, saves and ends.
told=
child=
trap 'told=1; again=1; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null' TERM

cd -- "$working" || exit 2
export RAYON_NUM_THREADS="${SLURM_CPUS_PER_TASK:-${SLURM_CPUS_ON_NODE:-1}}"
"$runner" run --results "$results" -- "$targets" </dev/null &
child=$!
[ -z "$told" ] || kill -TERM "$child" 2>/dev/null

# The signal ends `wait` ahead of the runner, so it is asked until nothing came in between.
again=1
code=0
while [ -n "$again" ]; do
    again=
    wait "$child"
    last=$?
    # 127 or -1: the runner ended in the very moment of the signal, and the shell has lost its code. Then the one before,
    # which is that of the signal, stands: the next turn finds out how far everything is.
    case $last in
        -1 | 127) ;;
        *) code=$last ;;
    esac
done

# 130 and 143: interrupted, everything is saved, the same command continues. Anything else needs a person, or nothing.
# The last job of an array has the number of the whole array, which alone would mean all of its jobs.
job="${SLURM_JOB_ID:-}"
[ -z "$job" ] || [ "$job" != "${SLURM_ARRAY_JOB_ID:-}" ] || job="${job}_${SLURM_ARRAY_TASK_ID:-}"
if [ -n "$job" ] && { [ "$code" -eq 130 ] || [ "$code" -eq 143 ]; }; then
    # A job that was canceled is not running any more, and shall not come back.
    state=$(squeue --noheader --jobs "$job" --format %T 2>/dev/null || echo RUNNING)
    if [ "$state" = RUNNING ]; then
        echo "interrupted and saved; queued again"
        scontrol requeue "$job"
    fi
fi
exit "$code"
"#;

/// A word of a shell that stands for exactly these bytes.
pub(super) fn quoted(text: &OsStr) -> Vec<u8> {
    let mut word = vec![b'\''];
    for byte in text.as_bytes() {
        match byte {
            b'\'' => word.extend(br"'\''"),
            byte => word.push(*byte),
        }
    }
    word.push(b'\'');
    word
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn places(folder: &str) -> Places<'_> {
        Places {
            runner: Path::new("/opt/steadfast/runner"),
            working: Path::new("/cluster/ada/digits"),
            results: Path::new("/cluster/ada/digits/results"),
            folder: Path::new(folder),
        }
    }

    fn word(text: &str) -> Word {
        text.parse().unwrap()
    }

    #[test]
    fn the_script_of_a_job() {
        let places = places("/cluster/ada/digits/results/.slurm/0001");
        let text = script(&word("digits-cnn"), &Wishes::default(), None, places);
        insta::assert_snapshot!(String::from_utf8(text).unwrap());
    }

    #[test]
    fn the_head_of_an_array() {
        let time = "2:00:00".parse().unwrap();
        let (partition, account, mem) = (word("gpu,long"), word("vision"), word("8G"));
        let wishes = Wishes {
            time: Some(&time),
            partition: Some(&partition),
            account: Some(&account),
            mem: Some(&mem),
            cpus: Some(4),
        };
        let array = Array { jobs: 6, at_most: Some(2) };
        let text = script(&word("steadfast"), &wishes, Some(array), places("/cluster/o'hara/a b/$(reboot)\n`x`"));
        let text = String::from_utf8(text).unwrap();
        insta::assert_snapshot!(text.split("\n# Slurm tells").next().unwrap());
    }

    #[test]
    fn a_percent_sign_in_a_path_is_no_pattern() {
        let pattern = |folder: &str, is_array| output_pattern(Path::new(folder), is_array);
        assert_eq!(pattern("/a b/50%j", false).unwrap(), "/a b/50%%j/job-%j.out");
        assert_eq!(pattern("/a", true).unwrap(), "/a/job-%A_%a.out");
        assert_eq!(pattern("/a\\b", true), None);
    }

    #[test]
    fn a_shell_reads_nothing_into_a_quoted_word() {
        for hostile in ["a b", "it's", "''", "$(echo x)", "`echo x`", "\\", "a\nb", "\"", "-n", "*", "é", "!!", "~"] {
            let line = [b"printf %s ".to_vec(), quoted(OsStr::new(hostile))].concat();
            let output = Command::new("bash").arg("-c").arg(OsStr::from_bytes(&line)).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stdout), hostile);
        }
    }
}
