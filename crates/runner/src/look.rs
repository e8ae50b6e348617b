//! What every verb that only looks at something can be told.

use std::io::{stderr, stdout};

use clap::Args;

use crate::args::ColorArg;
use crate::exit_code::Exit;
use crate::grid::{printable, remark};
use crate::style::Style;

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct LookArgs {
    /// Print JSON, for programs.
    #[arg(long)]
    pub(crate) json: bool,
    /// Whether to use colors.
    #[arg(long, value_enum, default_value_t = ColorArg::Auto)]
    pub(crate) color: ColorArg,
}

impl LookArgs {
    /// How standard output is colored.
    pub(crate) fn style(self) -> Style {
        Style::choose(self.color, &stdout())
    }

    /// Says what is wrong with the command line.
    pub(crate) fn usage_error(self, message: &str) -> Exit {
        self.complain(message);
        Exit::Usage
    }

    /// Says on standard error what is wrong.
    pub(crate) fn complain(self, message: &str) {
        let style = Style::choose(self.color, &stderr());
        remark(&format!("{} {}", style.bad("error:"), printable(message)));
    }
}
