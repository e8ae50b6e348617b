//! Trains a small perceptron to tell two intertwined spirals apart, and shows that it can stop and go on exactly.
//!
//! ```text
//! cargo run -p steadfast-ops --example train_mlp
//! ```
//!
//! The program trains for 40 epochs in one go, and once more in two halves with a fresh model and a fresh optimizer in
//! between; the parameters are the same to the last bit, although every epoch shuffles and every step drops elements.
#![expect(clippy::print_stdout, reason = "the progress is what this program is for")]

use std::collections::BTreeMap;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::VarBuilder;
use steadfast_ops::{
    Adam, AdamOptions, Dropout, Linear, NamedGradients, Optimizer, OptimizerState, Purpose, Seed, SeededParameters,
    StepContext, cross_entropy, relu,
};

const SEED: Seed = Seed::new(2024);
const EPOCHS: u64 = 40;
const SAMPLES: usize = 2000;
const BATCH: usize = 50;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Points of the plane, `[samples, 2]`, and the spiral each belongs to.
struct Spirals {
    points: Tensor,
    classes: Tensor,
}

impl Spirals {
    fn new(part: &str) -> Result<Self> {
        let mut stream = SEED.stream(Purpose::Custom(part), &[]);
        let (mut points, mut classes) = (Vec::new(), Vec::new());
        for sample in 0..SAMPLES {
            let class = sample % 2;
            let turn = 0.5 + 2.5 * stream.uniform_f64();
            let angle = std::f64::consts::PI * (turn + class as f64);
            let (noise_x, noise_y) = stream.normal_pair();
            points.extend([turn * angle.cos() + 0.05 * noise_x, turn * angle.sin() + 0.05 * noise_y]);
            classes.push(u32::from(class == 1));
        }
        Ok(Self {
            points: Tensor::from_vec(points, (SAMPLES, 2), &Device::Cpu)?.to_dtype(DType::F32)?,
            classes: Tensor::new(classes, &Device::Cpu)?,
        })
    }

    fn select(&self, samples: &[usize]) -> Result<(Tensor, Tensor)> {
        let samples = samples.iter().map(|&sample| u32::try_from(sample).map_err(candle_core::Error::wrap));
        let samples = Tensor::new(samples.collect::<Result<Vec<u32>>>()?, &Device::Cpu)?;
        Ok((self.points.index_select(&samples, 0)?, self.classes.index_select(&samples, 0)?))
    }
}

struct Mlp {
    layers: [Linear; 3],
    dropout: Dropout,
}

impl Mlp {
    fn new(builder: &VarBuilder<'_>) -> Result<Self> {
        Ok(Self {
            layers: [
                Linear::new(2, 64, &builder.pp("fc1"))?,
                Linear::new(64, 64, &builder.pp("fc2"))?,
                Linear::new(64, 2, &builder.pp("fc3"))?,
            ],
            dropout: Dropout::new(0.05, &builder.pp("dropout"))?,
        })
    }

    fn forward(&self, x: &Tensor, context: &StepContext) -> Result<Tensor> {
        let [first, second, third] = &self.layers;
        let x = relu(&first.forward(x, context)?)?;
        let x = self.dropout.forward(&relu(&second.forward(&x, context)?)?, context)?;
        third.forward(&x, context)
    }
}

/// Everything that training changes.
struct Training {
    parameters: SeededParameters,
    model: Mlp,
    optimizer: Adam,
}

/// What a checkpoint would hold.
struct Checkpoint {
    tensors: BTreeMap<String, Tensor>,
    optimizer: OptimizerState,
}

impl Training {
    fn new() -> Result<Self> {
        let parameters = SeededParameters::new(SEED);
        let model = Mlp::new(&parameters.var_builder(DType::F32, &Device::Cpu))?;
        Ok(Self { parameters, model, optimizer: Adam::new(AdamOptions::adamw()) })
    }

    fn save(&self) -> Checkpoint {
        Checkpoint { tensors: self.parameters.tensors(), optimizer: self.optimizer.state() }
    }

    fn restored(checkpoint: &Checkpoint) -> std::result::Result<Self, BoxError> {
        let mut training = Self::new()?;
        training.parameters.load(&checkpoint.tensors)?;
        training.optimizer.restore(&training.parameters.parameters(), &checkpoint.optimizer)?;
        Ok(training)
    }

    /// Trains the epochs `range`; returns the mean loss of the last one.
    fn run(&mut self, data: &Spirals, range: std::ops::Range<u64>) -> std::result::Result<f64, BoxError> {
        let variables = self.parameters.parameters();
        let mut mean = f64::NAN;
        for epoch in range {
            let order = SEED.stream(Purpose::Shuffle, &[epoch]).permutation(SAMPLES);
            let mut total = 0.0;
            for (batch, samples) in order.chunks(BATCH).enumerate() {
                let step = epoch * (SAMPLES / BATCH) as u64 + batch as u64;
                let (x, classes) = data.select(samples)?;
                let logits = self.model.forward(&x, &StepContext::training(SEED, step))?;
                let loss = cross_entropy(&logits, &classes, 0.0)?;
                let mut gradients = NamedGradients::of(&loss, &variables)?;
                gradients.clip_norm(1.0)?;
                self.optimizer.step(&variables, &gradients, 5e-3)?;
                total += f64::from(loss.to_scalar::<f32>()?);
            }
            mean = total / (SAMPLES / BATCH) as f64;
        }
        Ok(mean)
    }

    fn accuracy(&self, data: &Spirals) -> Result<f64> {
        let logits = self.model.forward(&data.points, &StepContext::evaluation())?;
        let right = logits.argmax(1)?.eq(&data.classes)?.to_dtype(DType::F64)?;
        right.mean_all()?.to_scalar()
    }

    fn bits(&self) -> Result<Vec<u32>> {
        let mut bits = Vec::new();
        for tensor in self.parameters.tensors().values() {
            bits.extend(tensor.flatten_all()?.to_vec1::<f32>()?.into_iter().map(f32::to_bits));
        }
        Ok(bits)
    }
}

fn main() -> std::result::Result<(), BoxError> {
    let (train, validation) = (Spirals::new("train")?, Spirals::new("validation")?);
    let mut whole = Training::new()?;
    println!("{} parameters", whole.parameters.parameter_count());
    for epoch in (0..EPOCHS).step_by(10) {
        let loss = whole.run(&train, epoch..epoch + 10)?;
        let accuracy = 100.0 * whole.accuracy(&validation)?;
        println!("epoch {:2}: loss {loss:.4}, validation accuracy {accuracy:.1} %", epoch + 10);
    }
    let mut first_half = Training::new()?;
    first_half.run(&train, 0..EPOCHS / 2)?;
    let mut second_half = Training::restored(&first_half.save())?;
    second_half.run(&train, EPOCHS / 2..EPOCHS)?;
    let same = if whole.bits()? == second_half.bits()? { "the same" } else { "other" };
    println!("trained in two halves: {same} parameters");
    Ok(())
}
