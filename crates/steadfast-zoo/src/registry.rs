//! Finding a component by its name, and saying what else there is if there is none.

use steadfast_config::{JsonPath, Problems, Span, suggest};

/// The row of `table` that `name` means: equal but for case, `-` and `_`.
pub(crate) fn find<'t, T>(table: &'t [T], name: &str, name_of: impl Fn(&T) -> &'static str) -> Option<&'t T> {
    let wanted = folded(name);
    table.iter().find(|row| folded(name_of(row)) == wanted)
}

/// Reports a name that no row has.
pub(crate) fn report_unknown(
    problems: &mut Problems,
    (span, path): (&Span, &JsonPath),
    (noun, name): (&str, &str),
    known: &[&str],
) {
    let help = match suggest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there is: {}", known.join(", ")),
    };
    problems.error(span, format!("there is no {noun} `{name}`")).at(path).help(help);
}

fn folded(name: &str) -> String {
    name.chars().filter(|character| !matches!(character, '-' | '_')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_dashes_do_not_matter() {
        let table = ["ResNet", "MLP"];
        let found = |name| find(&table, name, |row| row).copied();
        assert_eq!(found("res-net"), Some("ResNet"));
        assert_eq!(found("mlp"), Some("MLP"));
        assert_eq!(found("mlpp"), None);
    }
}
