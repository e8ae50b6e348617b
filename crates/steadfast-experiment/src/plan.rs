//! A checked config as the loop needs it.

use serde_json::Value;
use steadfast_config::{ExperimentConfig, config_json_bytes, sha256_hex};

use crate::{LoopSettings, Prepared};

/// What is to be run: the loop's settings and the complete config that the results shall carry.
#[derive(Debug, Clone)]
pub struct RunPlan {
    /// Name of the experiment and of its folder.
    pub name: String,
    /// What the loop is told to do.
    pub settings: LoopSettings,
    /// The complete config with all defaults.
    pub resolved: Value,
    /// The same as the bytes of `config.json`.
    pub config_json: Vec<u8>,
    /// SHA-256 of these bytes.
    pub config_sha256: String,
    /// See [`Prepared::depends_on_epochs`].
    pub depends_on_epochs: bool,
}

impl RunPlan {
    /// Combines a config with what its experiment made of its sections.
    pub fn new(config: &ExperimentConfig, prepared: &Prepared) -> Self {
        let resolved = config.resolved(&prepared.parts);
        let config_json = config_json_bytes(&resolved);
        Self {
            name: config.name.to_string(),
            settings: LoopSettings::from(config),
            config_sha256: sha256_hex(&config_json),
            resolved,
            config_json,
            depends_on_epochs: prepared.depends_on_epochs,
        }
    }
}
