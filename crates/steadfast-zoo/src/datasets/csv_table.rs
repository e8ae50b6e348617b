//! Reading the comma-separated tables that this crate carries: a line of column names, then rows
//! of numbers, without quotes or blanks.

use std::path::Path;

use super::DataError;

/// A table of numbers.
#[derive(Debug, PartialEq)]
pub(super) struct CsvTable {
    /// The name of each column, at least one.
    pub(super) columns: Vec<String>,
    /// All rows, one after another.
    pub(super) values: Vec<f32>,
}

impl CsvTable {
    /// Reads the text of a table; `path` names it in errors.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, DataError> {
        let (header, body) = text.split_once('\n').unwrap_or((text, ""));
        let columns: Vec<String> = header.split(',').map(str::to_owned).collect();
        let mut values = Vec::new();
        let mut offset = header.len() + 1;
        for line in body.split_inclusive('\n') {
            let malformed = |expected: String, found: String| DataError::Malformed {
                path: path.to_path_buf(),
                offset: offset as u64,
                expected,
                found,
            };
            let cells = line.trim_end_matches('\n').split(',');
            let before = values.len();
            for cell in cells {
                let number = cell.parse::<f32>().ok().filter(|number| number.is_finite());
                let not_a_number = || malformed("rows of numbers".into(), format!("`{cell}`"));
                values.push(number.ok_or_else(not_a_number)?);
            }
            let found = values.len() - before;
            if found != columns.len() {
                let expected = format!("a row of {} numbers", columns.len());
                return Err(malformed(expected, format!("{found} numbers")));
            }
            offset += line.len();
        }
        Ok(Self { columns, values })
    }

    /// Separates the last column from the others: the inputs, row by row, and the targets.
    pub(super) fn into_inputs_and_target(self) -> (Vec<f32>, Vec<f32>) {
        let width = self.columns.len();
        let inputs = width - 1;
        let rows = || self.values.chunks_exact(width);
        (rows().flat_map(|row| &row[..inputs]).copied().collect(), rows().map(|row| row[inputs]).collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<CsvTable, DataError> {
        CsvTable::parse(Path::new("t.csv"), text)
    }

    #[test]
    fn a_table_is_read_row_by_row() {
        let table = parse("a,b,y\n1,2.5,0\n-3,4e2,1\n").unwrap();
        assert_eq!(table.columns, ["a", "b", "y"]);
        assert_eq!(table.into_inputs_and_target(), (vec![1.0, 2.5, -3.0, 400.0], vec![0.0, 1.0]));
    }

    #[test]
    fn the_place_of_an_error_is_the_start_of_its_row() {
        let cases = [
            ("a,b\n1,2\n3\n", "t.csv, byte 8: expected a row of 2 numbers, found 1 numbers"),
            ("a,b\n1,2,3\n", "t.csv, byte 4: expected a row of 2 numbers, found 3 numbers"),
            ("a,b\n1,x\n", "t.csv, byte 4: expected rows of numbers, found `x`"),
            ("a\n1\n\n", "t.csv, byte 4: expected rows of numbers, found ``"),
            ("a\n1e99\n", "t.csv, byte 2: expected rows of numbers, found `1e99`"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).unwrap_err().to_string(), expected);
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>()) {
            if let Ok(table) = parse(&text) {
                prop_assert_eq!(table.values.len() % table.columns.len(), 0);
            }
        }
    }
}
