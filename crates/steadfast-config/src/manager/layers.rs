//! What a config was put together from, layer by layer, to show where a value comes from.

use std::path::Path;

use super::extends::Resolver;
use super::overrides::parse_overrides;
use crate::node::Node;
use crate::problem::Problems;

/// How many layers are told of one config. Files may extend each other in so many ways that nobody wants to see all.
const MAX_LAYERS: usize = 1_000;

/// One text that a config was put together from: a file, or an override from the command line.
#[derive(Debug, Clone)]
pub struct Layer {
    /// What it says, without `extends` and `$schema`; every value knows its place.
    pub node: Node,
    /// Whether it stands on the command line. There, `null` is a value; in a file it takes the key away.
    pub is_override: bool,
}

/// The layers of a config in the order in which each is merged over those before it.
pub(super) fn layers(file: &Path, overrides: &[String]) -> Vec<Layer> {
    // Whatever is wrong with them has been reported by whoever loaded the config.
    let mut problems = Problems::new();
    let mut layers = Vec::new();
    collect(&mut Resolver::new(&mut problems), file, 0, &mut layers);
    let overrides = parse_overrides(overrides, &mut problems);
    layers.extend(overrides.iter().map(|change| Layer { node: change.as_node(), is_override: true }));
    layers
}

fn collect(resolver: &mut Resolver<'_>, file: &Path, depth: usize, layers: &mut Vec<Layer>) {
    if depth > super::extends::MAX_CHAIN || layers.len() >= MAX_LAYERS {
        return;
    }
    let Some((node, bases)) = resolver.parts(file) else { return };
    for base in bases {
        collect(resolver, &base, depth + 1, layers);
    }
    if layers.len() < MAX_LAYERS {
        layers.push(Layer { node, is_override: false });
    }
}
