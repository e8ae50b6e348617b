//! Supervised learning as the training loop sees it.

use candle_core::Device;
use steadfast_config::ExperimentConfig;
use steadfast_experiment::{
    DataSummary, Experiment, ExperimentError, ExperimentState, Metrics, ModelSummary, Position, StepReport, StopSignal,
};
use steadfast_ops::{Purpose, Seed, SeededParameters, StepContext};

use super::batches::Batches;
use super::kind::Named;
use super::network::{DTYPE, Network};
use super::step::{Step, input};
use super::task::{Task, Totals};
use crate::data_config::{DataConfig, DataFormat, Normalize};
use crate::datasets::{self, Dataset, Format, Normalization, Split};
use crate::models::{ModelConfig, ModelShape, check_model};
use crate::optimizers::OptimizerConfig;
use crate::schedulers::{Moment, Scheduler, warmup};

/// Validation needs no gradients, so its batches can be larger.
const VALIDATION_BATCH: usize = 256;

/// Everything a config says about a supervised experiment, checked.
#[derive(Debug)]
pub(super) struct Recipe {
    pub(super) seed: Seed,
    dataset_path: String,
    data: DataConfig,
    model: Named<dyn ModelConfig>,
    optimizer: Box<dyn OptimizerConfig>,
    scheduler: Box<dyn Scheduler>,
    epochs: u64,
    pub(super) batch_size: usize,
    pub(super) accumulate_steps: usize,
    lr: f64,
    warmup_steps: u64,
    pub(super) grad_clip_norm: Option<f64>,
    pub(super) label_smoothing: f64,
}

impl Recipe {
    pub(super) fn new(
        config: &ExperimentConfig,
        data: DataConfig,
        model: Named<dyn ModelConfig>,
        optimizer: Box<dyn OptimizerConfig>,
        scheduler: Box<dyn Scheduler>,
    ) -> Self {
        let hyperparams = &config.hyperparams;
        Self {
            seed: Seed::new(config.seed),
            dataset_path: config.dataset_path.to_string(),
            data,
            model,
            optimizer,
            scheduler,
            epochs: hyperparams.epochs,
            batch_size: hyperparams.batch_size,
            accumulate_steps: hyperparams.accumulate_steps,
            lr: hyperparams.lr,
            warmup_steps: hyperparams.warmup_steps,
            grad_clip_norm: hyperparams.grad_clip_norm,
            label_smoothing: hyperparams.label_smoothing,
        }
    }
}

/// The data in memory and how it is cut.
struct Loaded {
    split: Split,
    normalization: Normalization,
    task: Task,
    batches: Batches,
}

/// A supervised experiment.
pub(super) struct Supervised {
    recipe: Recipe,
    loaded: Option<Loaded>,
    network: Option<Network>,
}

impl Supervised {
    pub(super) fn new(recipe: Recipe) -> Self {
        Self { recipe, loaded: None, network: None }
    }

    fn parts(&mut self) -> Result<(&Recipe, &mut Loaded, &mut Network), ExperimentError> {
        match (&mut self.loaded, &mut self.network) {
            (Some(loaded), Some(network)) => Ok((&self.recipe, loaded, network)),
            _ => Err(ExperimentError::compute("the data or the model was used before it was there")),
        }
    }

    fn network(&self) -> Result<&Network, ExperimentError> {
        self.network.as_ref().ok_or_else(|| ExperimentError::compute("the model was used before it was built"))
    }
}

impl Experiment for Supervised {
    fn load_data(&mut self) -> Result<DataSummary, ExperimentError> {
        let (loaded, sha256) = load(&self.recipe).map_err(ExperimentError::data)?;
        let (train, validation) = (&loaded.split.train, &loaded.split.validation);
        let summary = DataSummary {
            train_samples: train.len() as u64,
            validation_samples: validation.len() as u64,
            steps_per_epoch: loaded.batches.per_epoch(),
            sha256,
            description: describe(&self.recipe.dataset_path, &loaded),
        };
        self.loaded = Some(loaded);
        Ok(summary)
    }

    fn build_model(&mut self) -> Result<ModelSummary, ExperimentError> {
        let recipe = &self.recipe;
        let loaded = self.loaded.as_ref();
        let loaded = loaded.ok_or_else(|| ExperimentError::compute("the model was built before the data was read"))?;
        let shape = model_shape(&loaded.split.train, loaded.task);
        let Named(model_name, config) = &recipe.model;
        check_model(&**config, &shape).map_err(|message| ExperimentError::Config { message })?;
        let parameters = SeededParameters::new(recipe.seed);
        let builder = parameters.var_builder(DTYPE, &Device::Cpu);
        let model = config.build(&shape, builder).map_err(ExperimentError::compute)?;
        let count = parameters.parameter_count() as u64;
        self.network = Some(Network::new(parameters, model, recipe.optimizer.build()));
        Ok(ModelSummary { parameters: count, description: (*model_name).to_owned() })
    }

    fn train_step(&mut self, at: Position) -> Result<StepReport, ExperimentError> {
        let (recipe, loaded, network) = self.parts()?;
        let lr = recipe.lr * warmup(&*recipe.scheduler, recipe.warmup_steps, moment(recipe, &loaded.batches, at));
        let Loaded { split, normalization, task, batches } = loaded;
        let indices = batches.batch(at.epoch, at.batch);
        let step = Step { recipe, task: *task, data: &split.train, normalization, at };
        let totals = step.run(network, indices, lr)?;
        let (loss, figure) = totals.means();
        let metrics = vec![("train_loss", loss), (task.figure_names().0, figure)];
        Ok(StepReport { samples: totals.samples, lr, metrics })
    }

    fn validate(&mut self, _at: Position, stop: &dyn StopSignal) -> Result<Option<Metrics>, ExperimentError> {
        let (_, loaded, network) = self.parts()?;
        let data = &loaded.split.validation;
        let indices: Vec<usize> = (0..data.len()).collect();
        let mut totals = Totals::default();
        for batch in indices.chunks(VALIDATION_BATCH) {
            if stop.requested() {
                return Ok(None);
            }
            let input = input(data, &loaded.normalization, batch)?;
            let targets = loaded.task.targets(data, batch, &input).map_err(ExperimentError::data)?;
            let output = network.forward(&input, &StepContext::evaluation())?;
            let output = loaded.task.rows(&output).map_err(ExperimentError::compute)?;
            totals.add(loaded.task.totals(&output, &targets).map_err(ExperimentError::compute)?);
        }
        let (loss, figure) = totals.means();
        Ok(Some([("val_loss", loss), (loaded.task.figure_names().1, figure)].into_iter().collect()))
    }

    fn save(&self) -> Result<ExperimentState, ExperimentError> {
        self.network()?.save()
    }

    fn restore(&mut self, state: ExperimentState) -> Result<(), ExperimentError> {
        let (_, _, network) = self.parts()?;
        network.restore(&state)
    }
}

/// Reads the data and divides it as the recipe says. Returns its fingerprint, too.
fn load(recipe: &Recipe) -> Result<(Loaded, String), datasets::DataError> {
    let format = match recipe.data.format {
        DataFormat::Auto => None,
        DataFormat::Idx => Some(Format::Idx),
    };
    let read = datasets::load(recipe.dataset_path.as_ref(), format)?;
    let sha256 = read.fingerprint();
    let order = |part: u64, samples| recipe.seed.stream(Purpose::Split, &[part]).permutation(samples);
    let samples = read.train.len();
    let mut split = read.into_split(&order(0, samples), recipe.data.validation.split)?;
    if let Some(count) = recipe.data.limit_train {
        let samples = split.train.len();
        split.train = datasets::limit(split.train, &order(1, samples), count)?;
    }
    if let Some(count) = recipe.data.limit_validation {
        let samples = split.validation.len();
        split.validation = datasets::limit(split.validation, &order(2, samples), count)?;
    }
    let normalization = match recipe.data.normalize {
        Normalize::Standard => Normalization::measure(split.train.features()),
        Normalize::None => Normalization::identity(),
    };
    let task = Task::of(split.train.targets(), recipe.model.1.task());
    let batches = Batches::new(recipe.seed, split.train.len(), recipe.batch_size * recipe.accumulate_steps);
    Ok((Loaded { split, normalization, task, batches }, sha256))
}

fn describe(path: &str, loaded: &Loaded) -> String {
    let train = &loaded.split.train;
    let shape: Vec<String> = train.sample_shape().iter().map(ToString::to_string).collect();
    let outputs = train.targets().outputs();
    let target = match loaded.task {
        Task::Classification => format!("{outputs} classes"),
        Task::Regression => format!("{outputs} values"),
        Task::NextToken => format!("the next of {outputs} tokens"),
        Task::Reconstruction => "the inputs themselves".to_owned(),
    };
    format!(
        "{path}: {} train, {} validation, inputs {}, {target}",
        train.len(),
        loaded.split.validation.len(),
        shape.join("x")
    )
}

/// What the data asks of a model that has this to learn.
fn model_shape(train: &Dataset, task: Task) -> ModelShape {
    let features = train.features();
    let outputs = match task {
        Task::Reconstruction => features.sample_len(),
        Task::Classification | Task::Regression | Task::NextToken => train.targets().outputs(),
    };
    let each_position = task == Task::NextToken;
    ModelShape { sample: features.sample_shape().to_vec(), vocabulary: features.vocabulary(), outputs, each_position }
}

/// Where a step stands for the learning-rate schedule.
fn moment(recipe: &Recipe, batches: &Batches, at: Position) -> Moment {
    Moment { step: at.step, steps: recipe.epochs.saturating_mul(batches.per_epoch()) }
}
