//! Everything that a config can name, as one list made from the tables of the zoo and the registered experiments.

use clap::ValueEnum;
use serde_json::{Value, json};
use steadfast_config::{ConfigManager, ExperimentConfig, Field, Problems, Section as _};
use steadfast_experiment::ExperimentFactory;
use steadfast_zoo::data_config::DataConfig;
use steadfast_zoo::datasets::{BUILTINS, DATASETS};
use steadfast_zoo::metrics::METRICS;
use steadfast_zoo::models::{MODELS, ModelEntry};
use steadfast_zoo::optimizers::OPTIMIZERS;
use steadfast_zoo::schedulers::SCHEDULERS;

/// One of the lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Chapter {
    /// What `model_type` names.
    Models,
    /// What `data.format` and `dataset_path` name.
    Datasets,
    /// What `hyperparams.optimizer` names.
    Optimizers,
    /// What `hyperparams.scheduler` names.
    Schedulers,
    /// What `checkpoint.monitor` names.
    Metrics,
    /// What `experiment` names.
    Experiments,
}

/// Something that a config can name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    /// Names that stand for it with some parameters set.
    pub(crate) aliases: Vec<&'static str>,
    /// One line for people.
    pub(crate) summary: String,
    /// Its parameters.
    pub(crate) fields: Vec<Field>,
}

impl Chapter {
    /// All of them, in the order in which they are shown.
    pub(crate) const ALL: [Self; 6] =
        [Self::Models, Self::Datasets, Self::Optimizers, Self::Schedulers, Self::Metrics, Self::Experiments];

    /// What it is called.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Models => "models",
            Self::Datasets => "datasets",
            Self::Optimizers => "optimizers",
            Self::Schedulers => "schedulers",
            Self::Metrics => "metrics",
            Self::Experiments => "experiments",
        }
    }

    /// The key of a config that names one.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Models => "model_type",
            Self::Datasets => "data.format, or dataset_path for builtin:NAME",
            Self::Optimizers => "hyperparams.optimizer",
            Self::Schedulers => "hyperparams.scheduler",
            Self::Metrics => "checkpoint.monitor, or metrics without val_",
            Self::Experiments => "experiment",
        }
    }

    /// Where the parameters of one are written.
    pub(crate) fn parameters_key(self) -> &'static str {
        match self {
            Self::Models => "model",
            Self::Datasets => "data",
            Self::Optimizers => "hyperparams.optimizer",
            Self::Schedulers => "hyperparams.scheduler",
            Self::Metrics | Self::Experiments => "",
        }
    }

    /// What it holds.
    pub(crate) fn entries(self, factory: &ExperimentFactory) -> Vec<Entry> {
        let entry = |name: &str, summary: &str, fields| Entry {
            name: name.to_owned(),
            aliases: Vec::new(),
            summary: summary.to_owned(),
            fields,
        };
        match self {
            Self::Models => {
                let aliases = |row: &ModelEntry| row.aliases.iter().map(|alias| alias.name).collect();
                let row =
                    |row: &ModelEntry| Entry { aliases: aliases(row), ..entry(row.name, row.summary, (row.fields)()) };
                MODELS.iter().map(row).collect()
            }
            Self::Datasets => datasets(),
            Self::Optimizers => OPTIMIZERS.iter().map(|row| entry(row.name, row.summary, (row.fields)())).collect(),
            Self::Schedulers => SCHEDULERS.iter().map(|row| entry(row.name, row.summary, (row.fields)())).collect(),
            Self::Metrics => metrics(factory),
            Self::Experiments => factory.kinds().map(|kind| entry(kind.name, kind.summary, Vec::new())).collect(),
        }
    }
}

/// The formats, then the data that comes with the program. How data is read is told in one section for all of them.
fn datasets() -> Vec<Entry> {
    let formats = DATASETS.iter().map(|row| Entry {
        name: row.name.to_owned(),
        aliases: Vec::new(),
        summary: row.summary.to_owned(),
        fields: DataConfig::fields(),
    });
    let builtins = BUILTINS.iter().map(|row| Entry {
        name: row.path.to_owned(),
        aliases: Vec::new(),
        summary: row.summary.to_owned(),
        fields: DataConfig::fields(),
    });
    formats.chain(builtins).collect()
}

/// What the standard experiment measures, as it says itself.
fn metrics(factory: &ExperimentFactory) -> Vec<Entry> {
    let text = json!({"name": "any", "model_type": MODELS.first().map(|row| row.name), "dataset_path": "builtin:iris"});
    let Ok(config) = ConfigManager::from_text("any", &text.to_string()) else { return Vec::new() };
    let prepared = factory.prepare(&config, &mut Problems::new());
    let names = prepared.map(|prepared| prepared.metrics).unwrap_or_default();
    names
        .into_iter()
        .map(|name| Entry { summary: metric_summary(&name), name, aliases: Vec::new(), fields: Vec::new() })
        .collect()
}

fn metric_summary(name: &str) -> String {
    let (part, figure) = name.split_once('_').unwrap_or(("", name));
    let part = match part {
        "val" => "in the validation part, after each epoch",
        _ => "in the training part, over an epoch",
    };
    let figure = METRICS.iter().find(|metric| metric.name == figure).map_or(figure, |metric| metric.summary);
    format!("{figure}; {part}")
}

impl Entry {
    /// For programs.
    pub(crate) fn to_json(&self) -> Value {
        json!({"name": self.name, "aliases": self.aliases, "summary": self.summary, "parameters": fields_json(&self.fields)})
    }
}

/// A table of fields for programs.
pub(crate) fn fields_json(fields: &[Field]) -> Value {
    let rows = fields.iter().map(|field| {
        let mut row = json!({
            "key": field.name,
            "type": field.words,
            "required": field.is_required(),
            "default": field.default,
            "range": field.bounds,
            "role": field.role.as_str(),
            "doc": field.doc,
            "schema": field.schema,
        });
        if !field.fields.is_empty() {
            row["fields"] = fields_json(&field.fields);
        }
        row
    });
    rows.collect()
}

/// Every field with its whole path, those of sections inside their section.
pub(crate) fn flattened(fields: &[Field], prefix: &str) -> Vec<(String, Field)> {
    let mut all = Vec::new();
    for field in fields {
        let key = if prefix.is_empty() { field.name.to_owned() } else { format!("{prefix}.{}", field.name) };
        all.push((key.clone(), field.clone()));
        all.extend(flattened(&field.fields, &key));
    }
    all
}

/// The field behind a key of a resolved config, with its doc comment, default and range.
pub(crate) fn field_of(factory: &ExperimentFactory, resolved: &Value, key: &str) -> Option<Field> {
    let within = |fields: &[Field], rest: &str| {
        flattened(fields, "").into_iter().find(|(key, _)| key == rest).map(|(_, field)| field)
    };
    let component = |chapter: Chapter, name: &Value, rest: &str| {
        let name = name.as_str()?;
        let entry = chapter.entries(factory).into_iter().find(|entry| entry.name == name)?;
        within(&entry.fields, rest)
    };
    let hyperparams = &resolved["hyperparams"];
    if let Some(rest) = key.strip_prefix("model.") {
        component(Chapter::Models, &resolved["model_type"], rest)
    } else if let Some(rest) = key.strip_prefix("data.") {
        within(&DataConfig::fields(), rest)
    } else if let Some(rest) = key.strip_prefix("hyperparams.optimizer.") {
        component(Chapter::Optimizers, &hyperparams["optimizer"]["kind"], rest)
    } else if let Some(rest) = key.strip_prefix("hyperparams.scheduler.") {
        component(Chapter::Schedulers, &hyperparams["scheduler"]["kind"], rest)
    } else {
        within(&ExperimentConfig::fields(), key)
    }
}

#[cfg(test)]
mod tests {
    use steadfast_config::suggest;

    use super::*;

    /// Every text that is one deletion, insertion, replacement or swap of neighbors away from `name`.
    fn slips(name: &str) -> Vec<String> {
        let letters: Vec<char> = name.chars().collect();
        let mut slips = Vec::new();
        let mut add = |parts: [&[char]; 3]| slips.push(parts.concat().into_iter().collect::<String>());
        for at in 0..=letters.len() {
            let (before, after) = letters.split_at(at);
            for letter in ('a'..='z').chain('0'..='9') {
                add([before, &[letter], after]);
                if at < letters.len() {
                    add([before, &[letter], &after[1..]]);
                }
            }
            if at < letters.len() {
                add([before, &[], &after[1..]]);
            }
            if at + 1 < letters.len() {
                add([before, &[after[1], after[0]], &after[2..]]);
            }
        }
        slips
    }

    #[test]
    fn nine_of_ten_slips_lead_to_the_right_name() {
        let factory = crate::standard_factory();
        let folded = |name: &str| name.replace(['-', '_'], "").to_lowercase();
        let (mut all, mut found) = (0_u32, 0_u32);
        for chapter in Chapter::ALL {
            let names: Vec<String> = chapter.entries(&factory).into_iter().map(|entry| entry.name).collect();
            let is_known = |slip: &String| names.iter().any(|name| folded(name) == folded(slip));
            for name in &names {
                for slip in slips(name).into_iter().filter(|slip| !is_known(slip)) {
                    all += 1;
                    let near = suggest(&slip, names.iter().map(String::as_str));
                    found += u32::from(near.as_ref() == Some(name));
                }
            }
        }
        let share = f64::from(found) / f64::from(all);
        println!("{found} of {all} slips in known names: {share:.4}");
        assert!(share >= 0.9, "{share}");
    }

    #[test]
    fn everything_that_can_be_named_is_described() {
        let factory = crate::standard_factory();
        for chapter in Chapter::ALL {
            let entries = chapter.entries(&factory);
            assert!(!entries.is_empty(), "{}", chapter.title());
            for entry in entries {
                assert!(!entry.summary.is_empty(), "{}", entry.name);
                let undescribed = flattened(&entry.fields, "").into_iter().find(|(_, field)| field.doc.is_empty());
                assert!(undescribed.is_none(), "{}: {undescribed:?}", entry.name);
            }
        }
    }
}
