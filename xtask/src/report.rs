//! The look of every table that is printed here.

use comfy_table::{Cell, CellAlignment, LineStyle, Table, TableStyle};

/// A table with a ruled header and nothing else.
pub(crate) fn table<'title>(titles: impl IntoIterator<Item = &'title str>) -> Table {
    const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('-'));
    let mut table = Table::new();
    table.load_style(STYLE).set_header(titles);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table
}

/// A cell that is read from the right.
pub(crate) fn number(text: impl ToString) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_right_and_lines_end_without_blanks() {
        let mut table = table(["step", "seconds"]);
        table.add_row([Cell::new("fmt"), number("1.5")]);
        table.add_row([Cell::new("clippy"), number("12.0")]);
        assert_eq!(table.trim_fmt(), "step    seconds\n-----------------\nfmt         1.5\nclippy     12.0");
    }
}
