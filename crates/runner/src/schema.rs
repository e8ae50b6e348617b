//! `runner schema`: the JSON Schema (draft-07) of a config, made from the same tables that read one.

use clap::Args;
use serde_json::{Map, Value, json};
use steadfast_config::{ExperimentConfig, Section as _, object_schema};
use steadfast_experiment::ExperimentFactory;
use steadfast_zoo::data_config::DataConfig;

use crate::catalog::{Chapter, Entry};
use crate::exit_code::Exit;
use crate::grid::say_json;
use crate::sweep::{PRUNERS, SEARCHES, SweepConfig, Way};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    runner schema > experiment.schema.json\n\n\
    runner schema --sweep > sweep.schema.json\n\n\
    A config that begins with {\"$schema\": \"experiment.schema.json\", ...} is completed and explained by editors.")]
pub(crate) struct SchemaArgs {
    /// The schema of a sweep file instead.
    #[arg(long)]
    sweep: bool,
}

pub(crate) fn run(factory: &ExperimentFactory, arguments: &SchemaArgs) -> Exit {
    say_json(&if arguments.sweep { sweep_schema() } else { schema(factory) });
    Exit::Done
}

/// The kind of experiment whose parts are those of the zoo.
const STANDARD: &str = "supervised";

/// The schema of a config.
pub(crate) fn schema(factory: &ExperimentFactory) -> Value {
    let mut root = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Steadfast experiment",
        "description": ExperimentConfig::doc(),
    });
    let mut object = object_schema(&ExperimentConfig::fields());
    let required = object["required"].take();
    let (models, kinds) = (Chapter::Models.entries(factory), Chapter::Experiments.entries(factory));
    let (optimizers, schedulers) = (Chapter::Optimizers.entries(factory), Chapter::Schedulers.entries(factory));
    let mut definitions = Map::new();
    for (prefix, entries) in [("model", &models), ("optimizer", &optimizers), ("scheduler", &schedulers)] {
        definitions.extend(entries.iter().map(|entry| (definition(prefix, &entry.name), parameters(prefix, entry))));
    }
    extend(&mut object["properties"]["model_type"], open_names(&models));
    extend(&mut object["properties"]["experiment"], names(&kinds));
    extend(&mut object["properties"]["data"], json!({"type": "object"}));
    let hyperparams = &mut object["properties"]["hyperparams"]["properties"];
    for (key, entries) in [("optimizer", &optimizers), ("scheduler", &schedulers)] {
        if let Some(property) = hyperparams[key].as_object_mut() {
            property.remove("anyOf");
        }
        extend(
            &mut hyperparams[key],
            component(json!([names(entries), {"type": "string"}]), &open_names(entries), Vec::new()),
        );
    }
    let monitor = &mut object["properties"]["checkpoint"]["properties"]["monitor"];
    extend(monitor, open_names(&Chapter::Metrics.entries(factory)));
    first_members(&mut object["properties"], file_keys());
    let standard = json!({
        "if": {"properties": {"experiment": {"const": STANDARD}}},
        "then": {
            "properties": {
                "model_type": {"anyOf": strict_names(&models)},
                "data": object_schema(&DataConfig::fields()),
                "hyperparams": {"properties": {
                    "optimizer": strict_component("optimizer", &optimizers),
                    "scheduler": strict_component("scheduler", &schedulers),
                }},
            },
            "allOf": models.iter().map(model_rule).collect::<Value>(),
        },
    });
    // A file that extends others may leave anything to them.
    let complete = json!({"if": {"not": {"required": ["extends"]}}, "then": {"required": required}});
    extend(&mut root, object);
    if let Some(root) = root.as_object_mut() {
        root.remove("required");
    }
    extend(&mut root, json!({"allOf": [complete, standard], "definitions": definitions}));
    root
}

/// The schema of a sweep file.
pub(crate) fn sweep_schema() -> Value {
    let mut root = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Steadfast sweep",
        "description": SweepConfig::doc(),
    });
    let mut object = object_schema(&SweepConfig::fields());
    let required = object["required"].take();
    let properties = &mut object["properties"];
    extend(&mut properties["base"], json!({"anyOf": [{"type": "string", "minLength": 1}, {"type": "object"}]}));
    for (key, ways, may_be_null) in [("search", &SEARCHES[..], false), ("prune", &PRUNERS[..], true)] {
        if let Some(property) = properties[key].as_object_mut() {
            property.remove("anyOf");
        }
        extend(&mut properties[key], ways_schema(ways, may_be_null));
    }
    first_members(properties, file_keys());
    let complete = json!({"if": {"not": {"required": ["extends"]}}, "then": {"required": required}});
    extend(&mut root, object);
    if let Some(root) = root.as_object_mut() {
        root.remove("required");
    }
    extend(&mut root, json!({"allOf": [complete]}));
    root
}

/// A name, or an object with `kind` and the parameters of that kind.
fn ways_schema(ways: &[Way], may_be_null: bool) -> Value {
    let names: Vec<&str> = ways.iter().map(|(name, ..)| *name).collect();
    let docs: Vec<String> = ways.iter().map(|(_, summary, _)| summary()).collect();
    let objects = ways.iter().map(|(name, summary, fields)| {
        let mut object = object_schema(&fields());
        let mut kind = Map::new();
        kind.insert("kind".to_owned(), json!({"description": summary(), "const": name}));
        first_members(&mut object["properties"], kind);
        extend(&mut object, json!({"required": ["kind"]}));
        object
    });
    let null = may_be_null.then(|| json!({"type": "null"}));
    let names = json!({"enum": names, "enumDescriptions": docs});
    json!({"anyOf": std::iter::once(names).chain(objects).chain(null).collect::<Value>()})
}

/// What a file may hold beside the config itself.
fn file_keys() -> Map<String, Value> {
    let mut keys = Map::new();
    keys.insert("$schema".to_owned(), json!({"type": "string", "description": "For editors; otherwise ignored."}));
    let path = json!({"type": "string", "minLength": 1});
    keys.insert(
        "extends".to_owned(),
        json!({
            "description": "A path, or a list of them, relative to this file: it is merged over those files, in their \
                            order, by JSON Merge Patch (RFC 7396).",
            "anyOf": [path, {"type": "array", "items": path, "maxItems": 64}],
        }),
    );
    keys
}

fn first_members(object: &mut Value, mut first: Map<String, Value>) {
    if let Some(members) = object.as_object_mut() {
        first.append(members);
        *members = first;
    }
}

fn extend(target: &mut Value, more: Value) {
    if let (Value::Object(target), Value::Object(more)) = (target, more) {
        target.extend(more);
    }
}

/// The names, each with its line for people.
fn names(entries: &[Entry]) -> Value {
    let (names, docs): (Vec<_>, Vec<_>) = entries.iter().map(|entry| (&entry.name, &entry.summary)).unzip();
    json!({"enum": names, "enumDescriptions": docs})
}

/// The names for an editor to offer; others are for other experiments.
fn open_names(entries: &[Entry]) -> Value {
    json!({"anyOf": [names(entries), {"type": "string"}]})
}

/// The names in any spelling that is understood, as alternatives.
fn strict_names(entries: &[Entry]) -> Value {
    std::iter::once(names(entries)).chain(entries.iter().flat_map(spellings)).collect()
}

/// Patterns for the name of a component and for its aliases.
fn spellings(entry: &Entry) -> impl Iterator<Item = Value> {
    let names = std::iter::once(entry.name.as_str()).chain(entry.aliases.iter().copied());
    names.map(|name| json!({"type": "string", "pattern": spelling(name)}))
}

/// A pattern for a name in any case, with `-` and `_` anywhere.
fn spelling(name: &str) -> String {
    let letters = name.chars().filter(|letter| !matches!(letter, '-' | '_')).map(|letter| {
        let (lower, upper) = (letter.to_ascii_lowercase(), letter.to_ascii_uppercase());
        if lower == upper { format!("{letter}[-_]*") } else { format!("[{upper}{lower}][-_]*") }
    });
    format!("^[-_]*{}$", letters.collect::<String>())
}

fn definition(prefix: &str, name: &str) -> String {
    format!("{prefix}-{name}")
}

fn reference(prefix: &str, name: &str) -> Value {
    json!({"$ref": format!("#/definitions/{}", definition(prefix, name))})
}

/// The parameters of one component; for all but models, its `kind` stands beside them.
fn parameters(prefix: &str, entry: &Entry) -> Value {
    let mut object = object_schema(&entry.fields);
    object["description"] = entry.summary.clone().into();
    if prefix != "model" {
        let mut kind = Map::new();
        kind.insert("kind".to_owned(), json!({"description": entry.summary, "pattern": spelling(&entry.name)}));
        first_members(&mut object["properties"], kind);
    }
    object
}

/// `model` is as `model_type` says.
fn model_rule(entry: &Entry) -> Value {
    json!({
        "if": {
            "properties": {"model_type": {"anyOf": spellings(entry).collect::<Value>()}},
            "required": ["model_type"],
        },
        "then": {"properties": {"model": reference("model", &entry.name)}},
    })
}

/// A name, or an object with `kind` and the parameters of that kind.
fn strict_component(prefix: &str, entries: &[Entry]) -> Value {
    let rules = entries.iter().map(|entry| {
        json!({
            "if": {"properties": {"kind": {"pattern": spelling(&entry.name)}}},
            "then": reference(prefix, &entry.name),
        })
    });
    component(strict_names(entries), &json!({"anyOf": strict_names(entries)}), rules.collect())
}

fn component(mut alternatives: Value, kind: &Value, rules: Vec<Value>) -> Value {
    let mut object = json!({"type": "object", "required": ["kind"], "properties": {"kind": kind}});
    if !rules.is_empty() {
        object["allOf"] = rules.into();
    }
    if let Some(alternatives) = alternatives.as_array_mut() {
        alternatives.push(object);
    }
    json!({"anyOf": alternatives})
}
