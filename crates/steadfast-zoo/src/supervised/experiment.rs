//! Supervised learning as the training loop sees it.

use candle_core::Device;
use steadfast_config::ExperimentConfig;
use steadfast_experiment::{
    DataSummary, Experiment, ExperimentError, ExperimentState, Metrics, ModelSummary, Position, StepReport, StopSignal,
};
use steadfast_ops::{Purpose, Seed, SeededParameters, StepContext};

use super::batches::Batches;
use super::feed::{Feed, Ingredients};
use super::kind::Named;
use super::network::{DTYPE, Network};
use super::step::Step;
use super::task::{Task, Totals};
use crate::data_config::DataConfig;
use crate::datasets::{self, Augmentation, Dataset, Split};
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
    task: Task,
    batches: Batches,
    training: Feed,
    validating: Feed,
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
        let Loaded { split, task, batches, training, .. } = loaded;
        let prepared = training.step(at.epoch * batches.per_epoch() + at.batch)?;
        let step = Step { recipe, task: *task, data: &split.train, at };
        let totals = step.run(network, &prepared, lr)?;
        let (loss, figure) = totals.means();
        let metrics = vec![("train_loss", loss), (task.figure_names().0, figure)];
        Ok(StepReport { samples: totals.samples, lr, metrics })
    }

    fn validate(&mut self, _at: Position, stop: &dyn StopSignal) -> Result<Option<Metrics>, ExperimentError> {
        let (_, loaded, network) = self.parts()?;
        let data = &loaded.split.validation;
        let mut totals = Totals::default();
        for step in 0..data.len().div_ceil(VALIDATION_BATCH) as u64 {
            if stop.requested() {
                return Ok(None);
            }
            for batch in loaded.validating.step(step)? {
                let targets = loaded.task.targets(data, &batch.indices, &batch.input).map_err(ExperimentError::data)?;
                let output = network.forward(&batch.input, &StepContext::evaluation())?;
                let output = loaded.task.rows(&output).map_err(ExperimentError::compute)?;
                totals.add(loaded.task.totals(&output, &targets).map_err(ExperimentError::compute)?);
            }
        }
        loaded.validating.rest();
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
    let order = |part: u64, samples| recipe.seed.stream(Purpose::Split, &[part]).permutation(samples);
    let prepared = datasets::prepare(recipe.dataset_path.as_ref(), &recipe.data, order)?;
    let datasets::PreparedData { split, normalization, sha256 } = prepared;
    let task = Task::of(split.train.targets(), recipe.model.1.task());
    if task == Task::Classification && split.train.targets().outputs() < 2 {
        let problem = format!("{} holds a single class, and two are needed to tell apart", recipe.dataset_path);
        return Err(datasets::DataError::Inconsistent(problem));
    }
    let batches = Batches::new(recipe.seed, split.train.len(), recipe.batch_size * recipe.accumulate_steps);
    let training = Feed::new(Ingredients {
        features: split.train.features().clone(),
        normalization: normalization.clone(),
        augmentation: Augmentation::new(&recipe.data.augment, recipe.seed),
        batches: batches.clone(),
        batch_size: recipe.batch_size,
        steps: recipe.epochs.saturating_mul(batches.per_epoch()),
    });
    let validation = split.validation.features();
    let validating = Feed::new(Ingredients {
        features: validation.clone(),
        normalization,
        augmentation: None,
        batches: Batches::in_order(validation.count(), VALIDATION_BATCH),
        batch_size: VALIDATION_BATCH,
        steps: validation.count().div_ceil(VALIDATION_BATCH) as u64,
    });
    Ok((Loaded { split, task, batches, training, validating }, sha256))
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
