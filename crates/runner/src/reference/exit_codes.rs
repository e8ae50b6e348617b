//! `docs/reference/exit-codes.md`: what the shell is told.

use super::page::table;
use crate::exit_code::Exit;

pub(super) fn page() -> String {
    let rows = Exit::ALL
        .iter()
        .rev()
        .map(|exit| vec![exit.code().to_string(), exit.meaning().to_owned(), exit.remedy().to_owned()]);
    format!(
        "# Exit codes\n\nWhen several things happened in a batch, the one nearest to the bottom is told.\n\n{}",
        table(&["Code", "What it means", "What to do"], rows)
    )
}
