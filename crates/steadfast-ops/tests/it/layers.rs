//! Layers in training and in evaluation.

use candle_core::{DType, Device, Result, Tensor};
use steadfast_ops::{BatchNorm, Dropout, LayerNorm, Seed, SeededParameters, StepContext};

use crate::support::{assert_near, bits, flat, numbers, ramp};

fn parameters() -> SeededParameters {
    SeededParameters::new(Seed::new(1))
}

#[test]
fn dropout_depends_on_seed_step_and_name_only() -> Result<()> {
    let builder = parameters().var_builder(DType::F32, &Device::Cpu);
    let (first, second) = (Dropout::new(0.5, &builder.pp("a"))?, Dropout::new(0.5, &builder.pp("b"))?);
    let x = Tensor::ones((20, 30), DType::F32, &Device::Cpu)?;
    let at = |seed, step| StepContext::training(Seed::new(seed), step);
    let expected = bits(&first.forward(&x, &at(7, 3))?);
    assert_eq!(expected, bits(&first.forward(&x, &at(7, 3))?));
    assert_ne!(expected, bits(&first.forward(&x, &at(7, 4))?));
    assert_ne!(expected, bits(&first.forward(&x, &at(8, 3))?));
    assert_ne!(expected, bits(&second.forward(&x, &at(7, 3))?));
    assert_eq!(bits(&x), bits(&first.forward(&x, &StepContext::evaluation())?));
    assert!(Dropout::new(1.5, &builder).is_err());
    Ok(())
}

// bn = torch.nn.BatchNorm2d(2); x = ramp(37, 3, 2, 1, 2)   (`ramp` as in the module `pytorch_ops`)
// with torch.no_grad(): bn.weight.copy_(ramp(41, 2)); bn.bias.copy_(ramp(43, 2))
// bn(x); print(bn.running_mean, bn.running_var); bn.eval(); print(bn(x).flatten())
#[test]
fn batch_norm_tracks_statistics_as_pytorch_does() -> Result<()> {
    let parameters = parameters();
    let layer = BatchNorm::new(2, &parameters.var_builder(DType::F32, &Device::Cpu).pp("bn"))?;
    parameters.parameters()["bn.weight"].set(&ramp(41, &[2]))?;
    parameters.parameters()["bn.bias"].set(&ramp(43, &[2]))?;
    let x = ramp(37, &[3, 2, 1, 2]);
    layer.forward(&x, &StepContext::training(Seed::new(0), 0))?;
    let buffers = parameters.buffers();
    assert_near(&flat(&buffers["bn.running_mean"]), &numbers("-0.007260724 -0.04752475"), 1e-6, "mean");
    assert_near(&flat(&buffers["bn.running_var"]), &numbers("1.093215 1.051499"), 1e-6, "variance");
    let y = layer.forward(&x, &StepContext::evaluation())?;
    let expected = "1.811761 -0.9911902 -0.6559445 0.2740371 -1.748745 -4.551696 0.1287275 -0.4089182 -5.309251 \
                    -0.460902 -0.5542278 0.3757538";
    assert_near(&flat(&y), &numbers(expected), 1e-6, "output");
    Ok(())
}

#[test]
fn layer_norm_begins_as_plain_normalization() -> Result<()> {
    let layer = LayerNorm::new(4, &parameters().var_builder(DType::F32, &Device::Cpu).pp("ln"))?;
    let y = layer.forward(&ramp(37, &[3, 4]), &StepContext::evaluation())?;
    for row in flat(&y).chunks(4) {
        assert!(row.iter().sum::<f64>().abs() < 1e-5);
        assert!((row.iter().map(|value| value * value).sum::<f64>() / 4.0 - 1.0).abs() < 1e-3);
    }
    Ok(())
}
