//! A trained model put to use: it treats new samples as it treated those it was trained on.

use serde_json::{Value, json};
use steadfast_experiment::{Experiment, Part};
use steadfast_state::{Dtype, TensorData};
use steadfast_zoo::data_config::DataConfig;
use steadfast_zoo::datasets::{FeatureValues, Source, Targets, load};

use crate::bench::{built, config, prepare, train};

/// A config, the experiment it makes after a few steps, and the whole data as it is stored.
fn trained(model: &str, path: &str) -> (Value, Box<dyn Experiment>, TensorData, Targets) {
    let config = config(json!({"model_type": model, "model": {}, "dataset_path": path}));
    let (mut experiment, steps) = built(&config);
    train(&mut *experiment, steps, 0, 12);
    let data = load(&Source { path: path.as_ref(), validation: None, config: &DataConfig::default() }).unwrap().train;
    let shape = [&[data.len()], data.sample_shape()].concat();
    let samples = match data.features().values() {
        FeatureValues::Floats(values) => TensorData::from_f32(shape, values),
        FeatureValues::Bytes { values, .. } => TensorData::new(Dtype::U8, shape, values.clone()),
        FeatureValues::Tokens { .. } | FeatureValues::Images(_) => panic!("there are numbers only"),
    };
    (config, experiment, samples.unwrap(), data.targets().clone())
}

/// The mean of a metric over all samples, from its means over the parts.
fn over_all(experiment: &mut dyn Experiment, metric: &str) -> f64 {
    let inference = experiment.inference().unwrap();
    let (mut sum, mut count) = (0.0, 0.0);
    for part in [Part::Train, Part::Validation] {
        let evaluation = inference.evaluate(part, &()).unwrap().unwrap();
        sum += evaluation.metrics.get(metric).unwrap() * evaluation.samples as f64;
        count += evaluation.samples as f64;
    }
    sum / count
}

#[test]
fn values_are_predicted_in_the_unit_of_the_data() {
    let (_, mut experiment, samples, targets) = trained("Linear", "builtin:diabetes");
    let expected = over_all(&mut *experiment, "mae");
    let predictions = experiment.inference().unwrap().predict(&samples, false).unwrap().to_f32().unwrap();
    let Targets::Values { values, .. } = targets else { panic!("diabetes has values") };
    let errors = predictions.iter().zip(&values).map(|(one, other)| f64::from((one - other).abs()));
    let found = errors.sum::<f64>() / values.len() as f64;
    assert!((found - expected).abs() < 1e-3, "{found} {expected}");
}

#[test]
fn pixels_are_scored_as_in_validation() {
    let (config, mut experiment, samples, targets) = trained("CNN", "builtin:digits");
    let expected = over_all(&mut *experiment, "accuracy");
    let scores = experiment.inference().unwrap().predict(&samples, false).unwrap();
    let Targets::Classes { labels, .. } = targets else { panic!("digits have classes") };
    let values = scores.to_f32().unwrap();
    let largest = |row: &[f32]| (0..row.len()).max_by(|one, other| row[*one].total_cmp(&row[*other])).unwrap();
    let hits = values.chunks(10).zip(&labels).filter(|(row, label)| largest(row) == **label as usize).count();
    assert!((hits as f64 / labels.len() as f64 - expected).abs() < 1e-9);
    // Another process has neither the data nor the optimizer: the same bits.
    let mut other = (prepare(&config).unwrap().build)();
    let inference = other.inference().unwrap();
    inference.prepare(&experiment.preprocessing().unwrap()).unwrap();
    inference.load_weights(&experiment.save().unwrap().model).unwrap();
    assert_eq!(inference.predict(&samples, false).unwrap(), scores);
}

#[test]
fn what_was_written_down_wrongly_is_refused() {
    let (config, experiment, ..) = trained("Linear", "builtin:diabetes");
    let good = experiment.preprocessing().unwrap();
    let refused = |key: &str, value: Value| {
        let mut bad = good.clone();
        bad[key] = value;
        let mut other = (prepare(&config).unwrap().build)();
        other.inference().unwrap().prepare(&bad).unwrap_err().to_string()
    };
    insta::assert_snapshot!(refused("target_scale", json!({"mean": [0.0], "std": [0.0]})));
    insta::assert_snapshot!(refused("normalization", json!({"mean": [0.0], "std": []})));
    insta::assert_snapshot!(refused("surprise", json!(1)));
}
