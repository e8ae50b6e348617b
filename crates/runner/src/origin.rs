//! Where a value of a resolved config comes from: all that was said about it, and what of it is in force.

use serde_json::Value as Json;
use steadfast_config::{Layer, Node, Value as NodeValue};

/// Keys that may stand in `hyperparams` instead of in the section of the optimizer.
const SHORTHANDS_OF: &str = "hyperparams.optimizer.";

/// One value of a resolved config.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Value {
    /// The way to it, as in `hyperparams.optimizer.beta1`.
    pub(crate) key: String,
    pub(crate) value: Json,
}

/// What decided a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    Default,
    File,
    Override,
    /// A key of `hyperparams` that stands for one of the optimizer.
    Shorthand,
}

impl From {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::File => "file",
            Self::Override => "override",
            Self::Shorthand => "shorthand",
        }
    }
}

/// One thing that was said about a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Said {
    /// `configs/a.json:6:11`, or `command line`.
    pub(crate) place: String,
    /// `set`, `taken away`, `replaced`, or the shorthand.
    pub(crate) what: String,
    pub(crate) value: Option<Json>,
    from: From,
}

impl Said {
    /// What is worth saying beside the value.
    pub(crate) fn note(&self) -> String {
        if self.from == From::Shorthand { format!("  (as {})", self.what) } else { String::new() }
    }
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Origin {
    pub(crate) from: From,
    /// Everything that was said about it, the last one in force unless it is the default.
    pub(crate) said: Vec<Said>,
}

impl Origin {
    /// Where the value in force was written.
    pub(crate) fn place(&self) -> Option<&str> {
        let last = self.said.last().filter(|_| self.from != From::Default)?;
        Some(&last.place)
    }

    /// `default`, `configs/a.json:6:11`, `configs/a.json:7:16 as hyperparams.momentum`.
    pub(crate) fn in_words(&self) -> String {
        match (self.from, self.said.last()) {
            (From::Shorthand, Some(said)) => format!("{} as {}", said.place, said.what),
            (From::File | From::Override, Some(said)) => said.place.clone(),
            _ => "default".to_owned(),
        }
    }
}

/// All layers of one config.
#[derive(Debug)]
pub(crate) struct History {
    layers: Vec<Layer>,
}

impl History {
    pub(crate) fn new(layers: Vec<Layer>) -> Self {
        Self { layers }
    }

    /// Where the value under `key` comes from.
    pub(crate) fn of(&self, key: &str) -> Origin {
        let mut own = self.direct(key);
        let Some(short) = key.strip_prefix(SHORTHANDS_OF).filter(|rest| !rest.contains('.')) else { return own };
        let name = format!("hyperparams.{short}");
        let shorthand = self.direct(&name);
        // A shorthand is the last word, but only if it says something.
        if let Some(said) =
            shorthand.said.last().filter(|said| said.value.as_ref().is_some_and(|value| !value.is_null()))
        {
            own.said.push(Said { what: name, from: From::Shorthand, ..said.clone() });
            own.from = From::Shorthand;
        }
        own
    }

    fn direct(&self, key: &str) -> Origin {
        let keys: Vec<&str> = key.split('.').collect();
        let mut said: Vec<Said> = Vec::new();
        let mut in_force = None;
        for layer in &self.layers {
            let from = if layer.is_override { From::Override } else { From::File };
            match look_up(&layer.node, &keys) {
                Found::Value(node) if matches!(node.value, NodeValue::Null) && !layer.is_override => {
                    said.push(Said { place: place(node), what: "taken away".to_owned(), value: None, from });
                    in_force = None;
                }
                Found::Value(node) => {
                    said.push(Said { place: place(node), what: "set".to_owned(), value: Some(node.to_json()), from });
                    in_force = Some(from);
                }
                Found::Instead(node) if in_force.is_some() => {
                    said.push(Said { place: place(node), what: "replaced as a whole".to_owned(), value: None, from });
                    in_force = None;
                }
                Found::Instead(_) | Found::Nothing => {}
            }
        }
        Origin { from: in_force.unwrap_or(From::Default), said }
    }
}

/// What a layer says about a key.
enum Found<'a> {
    Value(&'a Node),
    /// Something on the way to it that is no object.
    Instead(&'a Node),
    Nothing,
}

fn look_up<'a>(mut node: &'a Node, keys: &[&str]) -> Found<'a> {
    for (depth, key) in keys.iter().enumerate() {
        match &node.value {
            NodeValue::Object(_) => {}
            // `"optimizer": "adam"` says what `kind` is.
            NodeValue::String(_) if *key == "kind" && depth + 1 == keys.len() => return Found::Value(node),
            _ => return Found::Instead(node),
        }
        let Some(next) = node.get(key) else { return Found::Nothing };
        node = next;
    }
    Found::Value(node)
}

/// `configs/a.json:6:11`.
fn place(node: &Node) -> String {
    let source = node.span.source();
    match source.path() {
        Some(_) => format!("{}:{}:{}", source.name(), node.span.line(), node.span.column()),
        None => "command line".to_owned(),
    }
}

/// Every value of a resolved config; lists and empty objects are values.
pub(crate) fn leaves(resolved: &Json) -> Vec<Value> {
    let mut all = Vec::new();
    collect(resolved, String::new(), &mut all);
    all
}

fn collect(value: &Json, key: String, all: &mut Vec<Value>) {
    match value {
        Json::Object(members) if !members.is_empty() => {
            for (name, value) in members {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                collect(value, key, all);
            }
        }
        value => all.push(Value { key, value: value.clone() }),
    }
}
