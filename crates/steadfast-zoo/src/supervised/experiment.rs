//! Supervised learning as the training loop sees it.

use std::error::Error as _;

use candle_core::Device;
use serde_json::Value;
use steadfast_config::{ExperimentConfig, InitFromConfig};
use steadfast_experiment::{
    DataSummary, Experiment, ExperimentError, ExperimentState, Inference, LoopSettings, Metrics, ModelSummary, Monitor,
    Part, Position, StepReport, StopSignal,
};
use steadfast_ops::{Purpose, Seed, SeededParameters, StepContext};

use super::batches::Batches;
use super::feed::{Feed, Ingredients};
use super::insistence::Insistence;
use super::kind::Named;
use super::network::{DTYPE, Network};
use super::preprocessing::Preprocessing;
use super::step::Step;
use super::target_scale::TargetScale;
use super::task::{Task, Totals};
use crate::data_config::DataConfig;
use crate::datasets::{self, Augmentation, Dataset, Normalization, Split};
use crate::metrics::{Evidence, Selection, report};
use crate::models::{InitReport, ModelConfig, check_model, load_initial};
use crate::optimizers::OptimizerConfig;
use crate::schedulers::{Moment, Plateau, Scheduler, warmup};

/// Where the state of a schedule that watches a metric stands in the saved state.
const PLATEAU: &str = "plateau";

/// Everything a config says about a supervised experiment, checked.
#[derive(Debug)]
pub(super) struct Recipe {
    pub(super) seed: Seed,
    insistence: Insistence,
    dataset_path: String,
    data: DataConfig,
    model: Named<dyn ModelConfig>,
    init_from: InitFromConfig,
    optimizer: Box<dyn OptimizerConfig>,
    scheduler: Box<dyn Scheduler>,
    /// Metrics that are asked for by name.
    asked: Vec<String>,
    /// Figures that something depends on.
    watched: Vec<String>,
    monitor: Monitor,
    epochs: u64,
    pub(super) batch_size: usize,
    pub(super) accumulate_steps: usize,
    lr: f64,
    warmup_steps: u64,
    ema_decay: Option<f64>,
    pub(super) grad_clip_norm: Option<f64>,
    pub(super) grad_clip_value: Option<f64>,
    pub(super) label_smoothing: f64,
}

impl Recipe {
    pub(super) fn new(
        config: &ExperimentConfig,
        insistence: Insistence,
        data: DataConfig,
        model: Named<dyn ModelConfig>,
        (optimizer, scheduler): (Box<dyn OptimizerConfig>, Box<dyn Scheduler>),
    ) -> Self {
        let hyperparams = &config.hyperparams;
        let LoopSettings { monitor, early_stopping, .. } = LoopSettings::from(config);
        let asked = config.metrics.iter().map(|name| name.value.clone()).collect();
        let mut watched = vec![monitor.metric.clone()];
        watched.extend(early_stopping.map(|wanted| wanted.monitor.metric));
        let plateau = scheduler.plateau().and_then(|plateau| plateau.monitor.as_ref());
        watched.extend(plateau.map(|name| name.value.clone()));
        Self {
            seed: Seed::new(config.seed),
            insistence,
            dataset_path: config.dataset_path.to_string(),
            data,
            model,
            init_from: config.init_from.clone(),
            optimizer,
            scheduler,
            asked,
            watched,
            monitor,
            epochs: hyperparams.epochs,
            batch_size: hyperparams.batch_size,
            accumulate_steps: hyperparams.accumulate_steps,
            lr: hyperparams.lr,
            warmup_steps: hyperparams.warmup_steps,
            ema_decay: hyperparams.ema_decay,
            grad_clip_norm: hyperparams.grad_clip_norm,
            grad_clip_value: hyperparams.grad_clip_value,
            label_smoothing: hyperparams.label_smoothing,
        }
    }
}

/// The data in memory and how it is cut.
struct Loaded {
    split: Split,
    normalization: Normalization,
    scale: TargetScale,
    task: Task,
    batches: Batches,
    training: Feed,
    selection: Selection,
}

/// A supervised experiment.
pub(super) struct Supervised {
    recipe: Recipe,
    loaded: Option<Loaded>,
    preprocessing: Option<Preprocessing>,
    network: Option<Network>,
    plateau: Option<Plateau>,
    /// What the last validation saw.
    seen: Option<Evidence>,
    /// Why there are no weights to start from. It does not matter to a run that has a state.
    not_started: Option<ExperimentError>,
}

impl Supervised {
    pub(super) fn new(recipe: Recipe) -> Self {
        let plateau = recipe.scheduler.plateau();
        let plateau = plateau.map(|config| Plateau::new(config, recipe.lr, &recipe.monitor));
        Self { recipe, loaded: None, preprocessing: None, network: None, plateau, seen: None, not_started: None }
    }

    /// Builds the model from the shape of its ends. Returns how many trainable numbers it has, and what it starts from.
    pub(super) fn build(
        &mut self,
        preprocessing: Preprocessing,
        start: Option<&InitFromConfig>,
    ) -> Result<(u64, Option<String>), ExperimentError> {
        let Recipe { seed, model: Named(_, config), optimizer, ema_decay, .. } = &self.recipe;
        let shape = preprocessing.model_shape();
        check_model(&**config, &shape).map_err(|message| ExperimentError::Config { message })?;
        let parameters = SeededParameters::new(*seed);
        let builder = parameters.var_builder(DTYPE, &Device::Cpu);
        let model = config.build(&shape, builder).map_err(ExperimentError::compute)?;
        let count = parameters.parameter_count() as u64;
        // The network takes over what the weights are now.
        let started = start.map(|start| from_file(&parameters, start)).transpose();
        self.network = Some(Network::new(parameters, model, optimizer.build(), *ema_decay));
        self.preprocessing = Some(preprocessing);
        let started = started.unwrap_or_else(|error| {
            self.not_started = Some(error);
            None
        });
        Ok((count, started.flatten()))
    }

    /// What a part of the data shows of the weights that are validated; nothing if `stop` was asked for.
    pub(super) fn measure(
        &mut self,
        part: Part,
        keep_scores: bool,
        stop: &dyn StopSignal,
    ) -> Result<Option<Evidence>, ExperimentError> {
        let batch_size = self.batch_size()?;
        let (_, loaded, network) = self.parts()?;
        let Loaded { split, normalization, scale, task, .. } = loaded;
        let data = match part {
            Part::Train => &split.train,
            Part::Validation => &split.validation,
            Part::Test => split.test.as_ref().ok_or_else(no_test_part)?,
        };
        let mut evidence = task.evidence(&split.train, keep_scores);
        let mut feed = in_order(data, normalization, batch_size);
        network.with_validated_weights(|network| {
            for step in 0..data.len().div_ceil(batch_size) as u64 {
                if stop.requested() {
                    return Ok(None);
                }
                for batch in feed.step(step)? {
                    let targets = task.targets(data, &batch.indices, &batch.input).map_err(ExperimentError::data)?;
                    let output = network.forward(&batch.input, &StepContext::evaluation())?;
                    let rows = task.rows(&output).and_then(|rows| scale.unscaled(&rows));
                    let rows = rows.map_err(ExperimentError::compute)?;
                    Task::record(&mut evidence, &rows, &targets).map_err(ExperimentError::compute)?;
                }
            }
            Ok(Some(evidence))
        })
    }

    fn parts(&mut self) -> Result<(&Recipe, &mut Loaded, &mut Network), ExperimentError> {
        match (&mut self.loaded, &mut self.network) {
            (Some(loaded), Some(network)) => Ok((&self.recipe, loaded, network)),
            _ => Err(ExperimentError::compute("the data or the model was used before it was there")),
        }
    }

    fn network(&self) -> Result<&Network, ExperimentError> {
        self.network.as_ref().ok_or_else(not_built)
    }

    pub(super) fn network_mut(&mut self) -> Result<&mut Network, ExperimentError> {
        self.network.as_mut().ok_or_else(not_built)
    }

    /// How many samples go through the model at once where no gradients are needed: no more than in a step of training,
    /// so that whatever trains in this machine's memory validates in it, too.
    pub(super) fn batch_size(&self) -> Result<usize, ExperimentError> {
        Ok(self.built()?.0.batch_size().min(self.recipe.batch_size))
    }

    /// The model and what it takes.
    pub(super) fn built(&self) -> Result<(&Preprocessing, &Network), ExperimentError> {
        Ok((self.preprocessing.as_ref().ok_or_else(not_built)?, self.network()?))
    }
}

/// Sets the weights that a file holds. Returns what became of them, if there is a file.
fn from_file(parameters: &SeededParameters, start: &InitFromConfig) -> Result<Option<String>, ExperimentError> {
    let Some(path) = &start.path else { return Ok(None) };
    let report = load_initial(parameters, path.as_ref(), start.strict);
    report.as_ref().map(InitReport::to_string).map(Some).map_err(|error| {
        let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
        ExperimentError::Config { message: format!("`init_from`: {error}{cause}") }
    })
}

fn not_built() -> ExperimentError {
    ExperimentError::compute("the model was used before it was built")
}

fn no_test_part() -> ExperimentError {
    let message =
        "this data has no test part: what its makers held out validates, unless `data.validation` says otherwise";
    ExperimentError::Data(message.into())
}

impl Experiment for Supervised {
    fn load_data(&mut self) -> Result<DataSummary, ExperimentError> {
        let (loaded, sha256) = load(&self.recipe)?;
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
        let loaded = self.loaded.as_ref();
        let loaded = loaded.ok_or_else(|| ExperimentError::compute("the model was built before the data was read"))?;
        let Loaded { split, normalization, scale, task, .. } = loaded;
        let preprocessing = Preprocessing::of(&split.train, *task, normalization, scale);
        let start = self.recipe.init_from.clone();
        let (parameters, started) = self.build(preprocessing, Some(&start))?;
        let started = started.map(|report| format!(", started from weights: {report}")).unwrap_or_default();
        Ok(ModelSummary { parameters, description: format!("{}{started}", self.recipe.model.0) })
    }

    fn train_step(&mut self, at: Position) -> Result<StepReport, ExperimentError> {
        if let Some(error) = self.not_started.take() {
            return Err(error);
        }
        let plateau = self.plateau.as_ref().map_or(1.0, Plateau::factor);
        let (recipe, loaded, network) = self.parts()?;
        let moment = moment(recipe, &loaded.batches, at);
        let lr = recipe.lr * plateau * warmup(&*recipe.scheduler, recipe.warmup_steps, moment);
        let Loaded { split, scale, task, batches, training, .. } = loaded;
        let prepared = training.step(at.epoch * batches.per_epoch() + at.batch)?;
        let step = Step { recipe, task: *task, data: &split.train, scale, at };
        let totals: Totals = step.run(network, &prepared, lr)?;
        let (loss, figure) = totals.means();
        let metrics = vec![("train_loss", loss), (task.training_figure(), figure)];
        Ok(StepReport { samples: totals.samples, lr, metrics })
    }

    fn validate(&mut self, _at: Position, stop: &dyn StopSignal) -> Result<Option<Metrics>, ExperimentError> {
        let keep_scores = self.parts()?.1.selection.needs_scores();
        let seen = self.measure(Part::Validation, keep_scores, stop)?;
        let metrics = seen.as_ref().map(|seen| Ok(self.parts()?.1.selection.measure(seen))).transpose();
        self.seen = seen;
        metrics
    }

    fn end_epoch(&mut self, metrics: &Metrics) -> Result<(), ExperimentError> {
        let Some(plateau) = &mut self.plateau else { return Ok(()) };
        let value = metrics.get(plateau.metric()).ok_or_else(|| ExperimentError::Config {
            message: format!("there is no metric `{}` for the scheduler to watch", plateau.metric()),
        })?;
        plateau.observe(value);
        Ok(())
    }

    fn details(&self) -> Option<Value> {
        let selection = &self.loaded.as_ref()?.selection;
        let classes = self.preprocessing.as_ref()?.classes.as_deref().unwrap_or_default();
        Some(report(self.seen.as_ref()?, selection, classes))
    }

    fn preprocessing(&self) -> Option<Value> {
        self.preprocessing.as_ref()?.to_json()
    }

    fn inference(&mut self) -> Option<&mut dyn Inference> {
        Some(self)
    }

    fn save(&self) -> Result<ExperimentState, ExperimentError> {
        let mut state = self.network()?.save()?;
        if let Some(plateau) = &self.plateau {
            state.extra[PLATEAU] = plateau.save().map_err(ExperimentError::compute)?;
        }
        Ok(state)
    }

    fn restore(&mut self, state: ExperimentState) -> Result<(), ExperimentError> {
        let mut plateau = self.plateau.clone();
        // A run forked from one with another schedule begins its own.
        if let (Some(plateau), Some(saved)) = (&mut plateau, state.extra.get(PLATEAU)) {
            let refused =
                |error: serde_json::Error| ExperimentError::State { message: format!("`{PLATEAU}`: {error}") };
            plateau.restore(saved).map_err(refused)?;
        }
        self.network_mut()?.restore(&state)?;
        self.plateau = plateau;
        self.not_started = None;
        Ok(())
    }
}

/// Reads the data and divides it as the recipe says. Returns its fingerprint, too.
fn load(recipe: &Recipe) -> Result<(Loaded, String), ExperimentError> {
    let order = |part: u64, samples| recipe.seed.stream(Purpose::Split, &[part]).permutation(samples);
    let prepared = datasets::prepare(recipe.dataset_path.as_ref(), &recipe.data, order);
    let datasets::PreparedData { split, normalization, sha256 } = prepared.map_err(ExperimentError::data)?;
    let train = &split.train;
    let task = Task::of(train.targets(), recipe.model.1.task());
    if task == Task::Classification && train.targets().outputs() < 2 {
        let problem = format!("{} holds a single class, and two are needed to tell apart", recipe.dataset_path);
        return Err(ExperimentError::data(datasets::DataError::Inconsistent(problem)));
    }
    recipe.insistence.check(task, train.sample_shape(), &recipe.dataset_path)?;
    let scale = match task {
        Task::Regression if recipe.data.normalize_targets => TargetScale::measure(train.targets()),
        _ => TargetScale::default(),
    };
    let selection = select(recipe, train, task)?;
    let batches = Batches::new(recipe.seed, train.len(), recipe.batch_size * recipe.accumulate_steps);
    let training = Feed::new(Ingredients {
        features: train.features().clone(),
        normalization: normalization.clone(),
        augmentation: Augmentation::new(&recipe.data.augment, recipe.seed),
        batches: batches.clone(),
        batch_size: recipe.batch_size,
        steps: recipe.epochs.saturating_mul(batches.per_epoch()),
    });
    Ok((Loaded { split, normalization, scale, task, batches, training, selection }, sha256))
}

/// The metrics that are measured, all of which must have a meaning for the data.
fn select(recipe: &Recipe, train: &Dataset, task: Task) -> Result<Selection, ExperimentError> {
    let (asked, watched) = (recipe.asked.iter().map(String::as_str), recipe.watched.iter().map(String::as_str));
    let watched = watched.filter(|name| name.starts_with("val_"));
    Selection::new(&task.evidence(train, false), asked, watched).map_err(|(name, known)| {
        let message = format!("the metric `{name}` has no meaning for this data; there is: {}", known.join(", "));
        ExperimentError::Config { message }
    })
}

/// Hands out a part of the data in its own order.
pub(super) fn in_order(data: &Dataset, normalization: &Normalization, batch_size: usize) -> Feed {
    Feed::new(Ingredients {
        features: data.features().clone(),
        normalization: normalization.clone(),
        augmentation: None,
        batches: Batches::in_order(data.len(), batch_size),
        batch_size,
        steps: data.len().div_ceil(batch_size) as u64,
    })
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

/// Where a step stands for the learning-rate schedule.
fn moment(recipe: &Recipe, batches: &Batches, at: Position) -> Moment {
    Moment { step: at.step, steps: recipe.epochs.saturating_mul(batches.per_epoch()), epoch: at.epoch }
}
