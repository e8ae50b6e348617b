//! From a point to a run: the base with the point's values, checked like any config.

use std::collections::BTreeMap;

use serde_json::Value;
use steadfast_config::{ConfigManager, ExperimentConfig, Node, Problems, RunName, Span};
use steadfast_experiment::{ExperimentFactory, RunPlan};
use steadfast_sweep::Point;

use super::file::SweepConfig;
use super::keyed::node_at;
use super::names::{Labels, run_name};
use crate::batch::Queued;

/// Makes the runs of one sweep. Everything it needs is in memory, so that editing a file changes nothing any more.
pub(super) struct Expander<'a> {
    factory: &'a ExperimentFactory,
    base: Node,
    sweep: RunName,
    sweep_span: Span,
    places: BTreeMap<String, Place>,
    labels: Labels,
}

/// Where a key and its values stand in the sweep file.
#[derive(Debug, Clone)]
struct Place {
    key: Span,
    values: Vec<(Value, Span)>,
    /// For values that are drawn.
    range: Span,
}

/// One run, checked.
pub(super) struct Expanded {
    pub(super) queued: Queued,
    pub(super) config: ExperimentConfig,
    /// What its validation measures.
    pub(super) metrics: Vec<String>,
}

impl<'a> Expander<'a> {
    pub(super) fn new(factory: &'a ExperimentFactory, config: &SweepConfig, base: Node) -> Self {
        let places = places(config);
        let labels = Labels::new(keys(config));
        let (sweep, sweep_span) = (config.name.value.clone(), config.name.span.clone());
        Self { factory, base, sweep, sweep_span, places, labels }
    }

    pub(super) fn labels(&self) -> &Labels {
        &self.labels
    }

    /// The run of a point with a seed, or with that of the base.
    pub(super) fn expand(&self, point: &Point, seed: Option<u64>, problems: &mut Problems) -> Option<Expanded> {
        let mut root = self.base.clone();
        for (key, value) in point.settings() {
            let (key_span, span) = self.place_of(key, value);
            ConfigManager::set(&mut root, key, key_span, &node_at(value, span), problems);
        }
        let mut set = |key: &str, value: Value| {
            ConfigManager::set(&mut root, key, &self.sweep_span, &node_at(&value, &self.sweep_span), problems);
        };
        // Any name that is one; the true one holds a fingerprint of what follows from the config.
        set("name", self.sweep.as_str().into());
        if let Some(seed) = seed {
            set("seed", seed.into());
        }
        let mut config = ExperimentConfig::from_tree(&root, problems)?;
        let prepared = self.factory.prepare(&config, problems)?;
        config.name.value = run_name(&self.labels, point, seed, &config.resolved(&prepared.parts))?;
        let queued = Queued {
            plan: RunPlan::new(&config, &prepared),
            on_failure: config.failure.on_failure,
            retries: config.failure.retries,
            halting: None,
        };
        Some(Expanded { queued, config, metrics: prepared.metrics })
    }

    fn place_of(&self, key: &str, value: &Value) -> (&Span, &Span) {
        let Some(place) = self.places.get(key) else { return (&self.sweep_span, &self.sweep_span) };
        let written = place.values.iter().find(|(own, _)| own == value);
        (&place.key, written.map_or(&place.range, |(_, span)| span))
    }
}

/// Every key that the sweep varies.
pub(super) fn keys(config: &SweepConfig) -> impl Iterator<Item = &str> {
    let written = config.grid.entries.iter().chain(&config.zip.entries).map(|entry| entry.key.as_str());
    let listed = config.list.iter().flat_map(|point| &point.entries).map(|entry| entry.key.as_str());
    written.chain(listed).chain(config.space.entries.iter().map(|entry| entry.key.as_str()))
}

fn places(config: &SweepConfig) -> BTreeMap<String, Place> {
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    let mut add = |key: &str, key_span: &Span, range: &Span, values: Vec<(Value, Span)>| {
        let place = Place { key: key_span.clone(), values: Vec::new(), range: range.clone() };
        places.entry(key.to_owned()).or_insert(place).values.extend(values);
    };
    for entry in config.grid.entries.iter().chain(&config.zip.entries) {
        let values = entry.value.iter().map(|value| (value.0.to_json(), value.0.span.clone()));
        add(&entry.key, &entry.key_span, &entry.span, values.collect());
    }
    for entry in config.list.iter().flat_map(|point| &point.entries) {
        add(&entry.key, &entry.key_span, &entry.span, vec![(entry.value.0.to_json(), entry.span.clone())]);
    }
    for entry in &config.space.entries {
        add(&entry.key, &entry.key_span, &entry.span, Vec::new());
    }
    places
}
