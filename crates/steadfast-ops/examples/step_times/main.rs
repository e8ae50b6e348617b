//! Milliseconds per training step (forward, backward, Adam) of four models on the CPU.
//!
//! ```text
//! cargo run --release -p steadfast-ops --example step_times -- [MODEL|all] [THREADS] [SECONDS]
//! ```
//!
//! Prints one JSON object per model: the model, its batch, the threads, the steps taken and the median time of a step.
#![expect(clippy::print_stdout, reason = "the numbers are what this program is for")]

mod cnn;
mod gpt;
mod mlp;
mod resnet20;

use std::time::{Duration, Instant};

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::VarBuilder;
use steadfast_ops::{Adam, AdamOptions, NamedGradients, Optimizer, Purpose, Seed, SeededParameters, StepContext};

/// Candle allocates the result of every operation anew; this allocator gives the memory of the last step back at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SEED: Seed = Seed::new(0);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A model with one batch of random data: computes the loss of that batch.
trait Workload {
    fn batch(&self) -> usize;

    fn loss(&self, context: &StepContext) -> Result<Tensor>;
}

const NAMES: [&str; 4] = ["mlp", "cnn", "resnet20", "gpt"];

fn build(name: &str, builder: &VarBuilder<'_>) -> Result<Box<dyn Workload>> {
    match name {
        "mlp" => Ok(Box::new(mlp::Mlp::new(builder)?)),
        "cnn" => Ok(Box::new(cnn::Cnn::new(builder)?)),
        "resnet20" => Ok(Box::new(resnet20::ResNet20::new(builder)?)),
        "gpt" => Ok(Box::new(gpt::Gpt::new(builder)?)),
        other => candle_core::bail!("unknown model `{other}`; there are {}", NAMES.join(", ")),
    }
}

/// Normal numbers.
fn random(name: &str, dims: &[usize]) -> Result<Tensor> {
    let mut values = vec![0.0_f32; dims.iter().product()];
    SEED.key(Purpose::Custom(name), &[]).fill_normal(&mut values, 0.0, 1.0);
    Tensor::from_vec(values, dims, &Device::Cpu)
}

/// Whole numbers below `bound`.
fn random_ids(name: &str, dims: &[usize], bound: u32) -> Result<Tensor> {
    let mut stream = SEED.stream(Purpose::Custom(name), &[]);
    let ids = (0..dims.iter().product()).map(|_: usize| stream.next_u32() % bound).collect();
    Tensor::from_vec(ids, dims, &Device::Cpu)
}

fn measure(name: &str, threads: usize, seconds: f64) -> std::result::Result<(), BoxError> {
    let parameters = SeededParameters::new(SEED);
    let model = build(name, &parameters.var_builder(DType::F32, &Device::Cpu))?;
    let variables = parameters.parameters();
    let mut optimizer = Adam::new(AdamOptions::default());
    let mut step = |number: u64| -> std::result::Result<Duration, BoxError> {
        let start = Instant::now();
        let loss = model.loss(&StepContext::training(SEED, number))?;
        let gradients = NamedGradients::of(&loss, &variables)?;
        optimizer.step(&variables, &gradients, 1e-3)?;
        Ok(start.elapsed())
    };
    for number in 0..5 {
        step(number)?;
    }
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let mut times = Vec::new();
    while Instant::now() < end {
        times.push(step(5 + times.len() as u64)?);
    }
    times.sort_unstable();
    let median = times.get(times.len() / 2).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3);
    println!(
        r#"{{"model": "{name}", "batch": {}, "threads": {threads}, "steps": {}, "ms_per_step": {median:.3}}}"#,
        model.batch(),
        times.len()
    );
    Ok(())
}

fn main() -> std::result::Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |index: usize, default: &str| arguments.get(index).map_or(default, String::as_str).to_owned();
    let (model, threads, seconds) = (argument(0, "all"), argument(1, "2").parse()?, argument(2, "5").parse()?);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    // Inside the pool no step waits for the threads to take notice of new work.
    pool.install(|| {
        let chosen = NAMES.iter().filter(|&&name| model == "all" || model == name);
        let mut names: Vec<&str> = chosen.copied().collect();
        if names.is_empty() {
            names.push(&model);
        }
        names.into_iter().try_for_each(|name| measure(name, threads, seconds))
    })
}
