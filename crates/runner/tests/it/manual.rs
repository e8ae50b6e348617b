//! What shells and `man` are told: the scripts and the page, as they are printed.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::program::Bench;

fn printed(arguments: &[&str]) -> String {
    let ended = Bench::new().run(arguments);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    ended.stdout
}

#[test]
fn the_page_of_the_manual() {
    insta::assert_snapshot!("man", printed(&["man"]));
}

#[test]
fn the_script_for_fish() {
    insta::assert_snapshot!("completions_fish", printed(&["completions", "fish"]));
}

#[test]
fn every_shell_has_a_script_with_every_verb() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = printed(&["completions", shell]);
        for verb in ["check", "list", "compare", "verify-resume", "predict", "completions"] {
            assert!(script.contains(verb), "{shell} does not know {verb}");
        }
        assert!(!script.contains("worker"), "{shell} completes what is not for people");
    }
}

#[test]
fn bash_takes_its_script_and_completes_verbs() {
    let script = printed(&["completions", "bash"]);
    let ask = "\nCOMP_WORDS=(runner verify)\nCOMP_CWORD=1\n_runner runner verify runner\necho \"${COMPREPLY[@]}\"\n";
    let Ok(mut bash) = Command::new("bash").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() else {
        println!("bash is missing: its script is only printed");
        return;
    };
    bash.stdin.take().unwrap().write_all(format!("{script}{ask}").as_bytes()).unwrap();
    let answer = bash.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&answer.stdout).trim(), "verify-resume");
}
