//! `runner completions` and `runner man`: what shells and `man` want to know of the command line.

use std::io::{Write, stdout};

use clap::{Args, Command, CommandFactory as _};
use clap_complete::{Shell, generate};
use clap_mangen::Man;

use crate::args::Cli;
use crate::exit_code::Exit;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    runner completions bash > ~/.local/share/bash-completion/completions/runner\n  \
    runner completions zsh > ~/.zfunc/_runner\n  \
    runner completions fish > ~/.config/fish/completions/runner.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script.
pub(crate) fn completions(arguments: &CompletionsArgs) -> Exit {
    let mut script = Vec::new();
    generate(arguments.shell, &mut visible(), "runner", &mut script);
    print(&script)
}

/// Prints the page, in the language of `man`: the program, then its verbs.
pub(crate) fn man() -> Exit {
    let mut command = visible();
    command.build();
    let mut page = Vec::new();
    // Writing to memory does not fail.
    let _ = Man::new(command.clone()).render(&mut page);
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
        let title = format!(".SH RUNNER {}\n", verb.get_name().to_uppercase());
        let _ = page.write_all(title.as_bytes());
        let man = Man::new(verb.clone());
        let _ = man.render_synopsis_section(&mut page);
        let _ = man.render_description_section(&mut page);
        let _ = man.render_options_section(&mut page);
    }
    print(&page)
}

/// The command line without the verbs that are for the program's own use.
fn visible() -> Command {
    let whole = Cli::command();
    let verbs = whole.get_subcommands().filter(|verb| !verb.is_hide_set()).cloned();
    let about = whole.get_about().cloned().unwrap_or_default();
    Command::new("runner")
        .version(env!("CARGO_PKG_VERSION"))
        .about(about)
        .args(whole.get_arguments().cloned())
        .args_conflicts_with_subcommands(true)
        .subcommands(verbs)
}

fn print(bytes: &[u8]) -> Exit {
    let _ = stdout().lock().write_all(bytes);
    Exit::Done
}
