//! `docs/reference/zoo.md`: everything that a config can name.

use std::fmt::Write as _;
use steadfast_experiment::ExperimentFactory;

use super::page::{parameters, table};
use crate::catalog::Chapter;

pub(super) fn page(factory: &ExperimentFactory) -> String {
    let mut text = "# Zoo\n\nEverything that a config can name, as `runner zoo` lists it.\n\
                    Case, `-` and `_` do not matter in names.\n"
        .to_owned();
    for chapter in Chapter::ALL {
        let entries = chapter.entries(factory);
        let title = chapter.title();
        let (first, rest) = title.split_at(1);
        let _ = write!(text, "\n## {}{rest}\n\nNamed in `{}`.\n\n", first.to_uppercase(), chapter.key());
        let rows = entries.iter().map(|entry| vec![format!("`{}`", entry.name), entry.summary.clone()]);
        text.push_str(&table(&["Name", "What it is"], rows));
        // How data is read is one section for all formats, told with the config.
        if chapter == Chapter::Datasets {
            text.push_str(
                "\nHow the data is read is told by the keys of `data`: see [config](config.md#keys-of-data).\n",
            );
            continue;
        }
        for entry in entries.iter().filter(|entry| !entry.fields.is_empty()) {
            let heading = format!("\n### {}\n\nParameters in `{}`.\n\n", entry.name, chapter.parameters_key());
            text.push_str(&heading);
            text.push_str(&parameters(&entry.fields));
        }
    }
    text
}
