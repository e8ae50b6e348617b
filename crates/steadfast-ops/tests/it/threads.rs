//! Training gives the same bits whatever the number of threads.

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::Init;
use steadfast_ops::{
    Adagrad, AdagradOptions, Adam, AdamOptions, BatchNorm, Conv2d, Conv2dOptions, Dropout, Embedding, LayerNorm,
    Linear, Lion, LionOptions, NamedGradients, Optimizer, Purpose, RmsProp, RmsPropOptions, Seed, SeededParameters,
    StepContext, WeightAverage, adaptive_avg_pool2d, concat_last, cross_entropy, depthwise_conv2d, flatten_from,
    gelu_tanh, global_mean, gru, lstm, max_pool2d, relu, relu6, self_attention, take_position,
};

use crate::support::{bits, ramp};

const SEED: Seed = Seed::new(9);

/// The bits of all parameters, buffers and moments after a few steps, and of the losses.
fn run(threads: usize, train: impl Fn(&SeededParameters, &StepContext) -> Result<Tensor> + Sync) -> Vec<Vec<u32>> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let parameters = SeededParameters::new(SEED);
        let mut optimizer = Adam::new(AdamOptions::adamw());
        let mut found = Vec::new();
        for step in 0..3 {
            let loss = train(&parameters, &StepContext::training(SEED, step)).unwrap();
            let mut gradients = NamedGradients::of(&loss, &parameters.parameters()).unwrap();
            gradients.clip_norm(0.5).unwrap();
            optimizer.step(&parameters.parameters(), &gradients, 1e-2).unwrap();
            found.push(bits(&loss));
        }
        let state = optimizer.state().tensors;
        let tensors = parameters.tensors();
        found.extend(tensors.values().chain(state.values()).map(|tensor| bits(&tensor.to_dtype(DType::F32).unwrap())));
        found
    })
}

fn images(parameters: &SeededParameters, context: &StepContext) -> Result<Tensor> {
    let builder = parameters.var_builder(DType::F32, &Device::Cpu);
    let padded = Conv2dOptions { padding: 1, ..Conv2dOptions::default() };
    let x = ramp(37, &[20, 3, 16, 16]);
    let x = Conv2d::without_bias([3, 16], 3, padded, &builder.pp("conv1"))?.forward(&x, context)?;
    let x = relu(&BatchNorm::new(16, &builder.pp("bn"))?.forward(&x, context)?)?;
    let x = max_pool2d(&x, 2, 2, 0)?;
    let x = relu(&Conv2d::new([16, 32], 3, padded, &builder.pp("conv2"))?.forward(&x, context)?)?;
    let x = Dropout::new(0.2, &builder.pp("drop"))?.forward(&global_mean(&x)?, context)?;
    let x = Linear::new(32, 10, &builder.pp("fc"))?.forward(&x, context)?;
    cross_entropy(&x, &classes(20, 10)?, 0.1)
}

fn text(parameters: &SeededParameters, context: &StepContext) -> Result<Tensor> {
    let builder = parameters.var_builder(DType::F32, &Device::Cpu);
    let ids = classes(4 * 70, 50)?.reshape((4, 70))?;
    let x = Embedding::new(50, 64, &builder.pp("table"))?.forward(&ids, context)?;
    let h = LayerNorm::new(64, &builder.pp("ln"))?.forward(&x, context)?;
    let h = Linear::new(64, 192, &builder.pp("attention"))?.forward(&h, context)?;
    let x = (x + self_attention(&h, 4, true)?)?;
    let x = gelu_tanh(&Linear::new(64, 256, &builder.pp("up"))?.forward(&x, context)?)?;
    let x = Linear::new(256, 50, &builder.pp("down"))?.forward(&x, context)?;
    cross_entropy(&x, &classes(4 * 70, 50)?, 0.0)
}

fn sequences(parameters: &SeededParameters, context: &StepContext) -> Result<Tensor> {
    let builder = parameters.var_builder(DType::F32, &Device::Cpu);
    let x = ramp(37, &[40, 9, 6]);
    let weight = |name: &str, gates: usize| {
        let hint = Init::Uniform { lo: -0.3, up: 0.3 };
        Ok::<_, candle_core::Error>((
            builder.pp(name).get_with_hints((gates * 17, 17), "weight", hint)?,
            builder.pp(name).get_with_hints(gates * 17, "bias", hint)?,
        ))
    };
    let (lstm_weight, gru_weight) = (weight("lstm", 4)?, weight("gru", 3)?);
    let x = Linear::new(6, 68, &builder.pp("first"))?.forward(&x, context)?;
    let x = lstm(&x, &lstm_weight.0, &lstm_weight.1, false)?;
    let x = Linear::new(17, 51, &builder.pp("second"))?.forward(&x, context)?;
    let x = concat_last(&x, &gru(&x, &gru_weight.0, &gru_weight.1, true)?)?;
    let x = Linear::new(68, 10, &builder.pp("fc"))?.forward(&take_position(&x, 0)?, context)?;
    cross_entropy(&x, &classes(40, 10)?, 0.0)
}

fn depthwise(parameters: &SeededParameters, context: &StepContext) -> Result<Tensor> {
    let builder = parameters.var_builder(DType::F32, &Device::Cpu);
    let weight = builder.get_with_hints((24, 1, 3, 3), "weight", Init::Uniform { lo: -0.5, up: 0.5 })?;
    let x = relu6(&depthwise_conv2d(&ramp(37, &[20, 24, 19, 17]), &weight, 2, 1)?)?;
    let x = Linear::new(24 * 4, 10, &builder.pp("fc"))?
        .forward(&flatten_from(&adaptive_avg_pool2d(&x, [2, 2])?, 1)?, context)?;
    cross_entropy(&x, &classes(20, 10)?, 0.0)
}

fn classes(count: usize, classes: u64) -> Result<Tensor> {
    let mut stream = SEED.stream(Purpose::Custom("classes"), &[count as u64]);
    let values: Vec<u32> = (0..count).map(|_| u32::try_from(stream.below(classes)).unwrap()).collect();
    Tensor::new(values, &Device::Cpu)
}

#[test]
fn images_train_alike() {
    let expected = run(1, images);
    assert!(run(2, images) == expected && run(3, images) == expected);
}

#[test]
fn text_trains_alike() {
    let expected = run(1, text);
    assert!(run(2, text) == expected && run(3, text) == expected);
}

#[test]
fn sequences_train_alike() {
    let expected = run(1, sequences);
    assert!(run(2, sequences) == expected && run(3, sequences) == expected);
}

#[test]
fn depthwise_convolutions_train_alike() {
    let expected = run(1, depthwise);
    assert!(run(2, depthwise) == expected && run(3, depthwise) == expected);
}

/// The bits of large parameters after three steps, of their moments and of their average.
fn updated(threads: usize, mut optimizer: Box<dyn Optimizer>) -> Vec<Vec<u32>> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let parameters = [("w".to_owned(), Var::from_tensor(&ramp(37, &[300, 301])).unwrap())].into();
        let mut average = WeightAverage::new(0.9, &parameters).unwrap();
        for step in 0..3 {
            let loss = parameters["w"].mul(&ramp(43 + step, &[300, 301])).unwrap().sum_all().unwrap();
            let mut gradients = NamedGradients::of(&loss, &parameters).unwrap();
            gradients.clip_value(1.5).unwrap();
            optimizer.step(&parameters, &gradients, 1e-2).unwrap();
            average.update(&parameters).unwrap();
        }
        let state = optimizer.state().tensors.into_values().chain(average.tensors().into_values());
        state.map(|tensor| bits(&tensor)).chain([bits(&parameters["w"])]).collect()
    })
}

#[test]
fn every_optimizer_updates_alike() {
    let centered = RmsPropOptions { momentum: 0.9, centered: true, ..RmsPropOptions::default() };
    let make: [fn() -> Box<dyn Optimizer>; 3] = [
        || Box::new(RmsProp::new(RmsPropOptions::default())),
        || Box::new(Adagrad::new(AdagradOptions::default())),
        || Box::new(Lion::new(LionOptions::default())),
    ];
    for make in make {
        assert!(updated(1, make()) == updated(3, make()));
    }
    assert!(updated(1, Box::new(RmsProp::new(centered))) == updated(3, Box::new(RmsProp::new(centered))));
}
