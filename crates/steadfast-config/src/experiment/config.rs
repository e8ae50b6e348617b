//! One experiment: the whole config.

use super::checkpoint::CheckpointConfig;
use super::dataset_path::DatasetPath;
use super::device::Device;
use super::failure::FailureConfig;
use super::hyperparams::Hyperparams;
use super::init_from::InitFromConfig;
use super::run_name::RunName;
use crate::node::Node;
use crate::path::JsonPath;
use crate::problem::Problems;
use crate::section;
use crate::section::{Located, Section as _};
use crate::source::Source;

section! {
    /// One experiment: what is trained, on what, how, and how the run is kept.
    pub struct ExperimentConfig {
        /// Name of the run and of its folder: letters, digits, `.`, `_` and `-`; unique in a batch ignoring case.
        policy name: Located<RunName>;
        /// What it is about, for people.
        policy description: String = String::new();
        /// Words to find it by, for people.
        policy tags: Vec<String> = Vec::new();
        /// Which kind of experiment runs it.
        trajectory experiment: Located<String> = Located::by_default("supervised".to_owned());
        /// Which model is trained.
        trajectory model_type: Located<String>;
        /// Parameters of the model; which ones there are depends on `model_type`.
        trajectory model: Node = nothing();
        /// Weights that training starts from instead of random ones.
        trajectory init_from: InitFromConfig = InitFromConfig::default();
        /// The data: a folder or file, or `builtin:NAME`. A relative path is relative to the working folder.
        trajectory dataset_path: Located<DatasetPath>;
        /// How the data is read, split and changed; which keys there are depends on its format.
        trajectory data: Node = nothing();
        /// How the model is trained.
        trajectory hyperparams: Hyperparams = Hyperparams::default();
        /// What each validation measures beside the standard metrics of its task, such as `f1_macro`.
        trajectory metrics: Vec<Located<String>> = Vec::new();
        /// Every random number of the run derives from it.
        trajectory seed: u64 = 0;
        /// Where the numbers are computed: `cpu`, `cuda`, `cuda:N` or `metal`.
        trajectory device: Located<Device> = Located::by_default(Device::Cpu);
        /// When the state is saved, and which model counts as the best.
        trajectory checkpoint: CheckpointConfig = CheckpointConfig::default();
        /// What happens when the experiment fails.
        policy failure: FailureConfig = FailureConfig::default();
    }
}

impl ExperimentConfig {
    /// Reads a tree from which `extends` and `$schema` have already been taken.
    ///
    /// Unlike [`Section::read`](crate::Section::read) it lets a `model` or `data` that was left out
    /// point at the value that decides what should stand in it.
    pub fn from_tree(root: &Node, problems: &mut Problems) -> Option<Self> {
        let mut config = Self::read(root, &JsonPath::root(), problems)?;
        if root.get("model").is_none() {
            config.model.span = config.model_type.span.clone();
        }
        if root.get("data").is_none() {
            config.data.span = config.dataset_path.span.clone();
        }
        config.place_defaults();
        Some(config)
    }

    /// Tells values that no file mentions where they would stand.
    fn place_defaults(&mut self) {
        let root = JsonPath::root();
        let hyperparams = root.key("hyperparams");
        self.experiment.path = root.key("experiment");
        self.device.path = root.key("device");
        self.hyperparams.optimizer.path = hyperparams.key("optimizer");
        self.hyperparams.scheduler.path = hyperparams.key("scheduler");
        self.checkpoint.monitor.path = root.key("checkpoint").key("monitor");
    }

    /// The text that names the run: the file of the experiment.
    pub fn source(&self) -> &Source {
        self.name.span.source()
    }
}

/// The parameters of something that takes none.
fn nothing() -> Node {
    Node::empty_object(Source::new("<default>", "{}").whole())
}
