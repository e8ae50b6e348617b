//! `docs/reference/config.md`: every key of a config.

use steadfast_config::{ExperimentConfig, Field, Role, Section as _};
use steadfast_zoo::data_config::DataConfig;

use super::page::table;
use crate::catalog::flattened;
use crate::zoo::default;

pub(super) fn page() -> String {
    let fields = ExperimentConfig::fields();
    let mut text = format!("# Config\n\n{}\n", ExperimentConfig::doc());
    text.push_str(
        "One JSON file is one experiment; `name`, `model_type` and `dataset_path` must be given, everything else has a \
         default.\nUnknown keys are errors.\n`runner explain <file>` shows the complete config and where each value comes \
         from, [config.schema.json](config.schema.json) tells an editor.\n\n",
    );
    text.push_str(
        "The last column says what a change means for a run that has begun: `trajectory` decides numbers, so it is \
         refused; `policy` may change at any time; `horizon` may grow (see [guarantees](../concepts/guarantees.md)).\n\n",
    );
    text.push_str(
        "Beside these keys, a file may have `$schema`, which only editors read, and `extends`: a path or a list of paths, \
         relative to the file, that it is merged over by JSON Merge Patch (RFC 7396).\n\n",
    );
    text.push_str(&section("## All keys", &fields, ""));
    let summary = DataConfig::summary();
    text.push_str(&section(&format!("\n## Keys of `data`\n\n{summary}"), &DataConfig::fields(), "data"));
    text.push_str(
        "\nThe keys of `model`, `hyperparams.optimizer` and `hyperparams.scheduler` are those of what they name: see \
         [zoo](zoo.md).\n",
    );
    text
}

fn section(heading: &str, fields: &[Field], prefix: &str) -> String {
    let rows = flattened(fields, prefix).into_iter().map(|(key, field)| {
        let default = default(&field);
        let default = if default.is_empty() || default == "required" { default } else { format!("`{default}`") };
        let kind = match &field.bounds {
            Some(bounds) => format!("{}, {bounds}", field.words),
            None => field.words.clone(),
        };
        vec![format!("`{key}`"), kind, default, field.doc.clone(), role(&field).to_owned()]
    });
    format!("{heading}\n\n{}", table(&["Key", "Type", "Default", "Meaning", "Change"], rows))
}

/// The fields inside a section have roles of their own.
fn role(field: &Field) -> &'static str {
    if field.fields.is_empty() { Role::as_str(field.role) } else { "" }
}
