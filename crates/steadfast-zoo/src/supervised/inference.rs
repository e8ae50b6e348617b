//! A trained model put to use: outputs for new samples, metrics of a part of the data.

use serde_json::Value;
use steadfast_experiment::{Evaluation, ExperimentError, Inference, Metrics, Part, StopSignal};
use steadfast_ops::StepContext;
use steadfast_state::{Dtype, TensorData, TensorMap};

use super::experiment::{Supervised, in_order};
use super::preprocessing::Preprocessing;
use crate::datasets::{Dataset, FeatureValues, Features, Normalization, Targets};
use crate::metrics::{Evidence, Selection};

impl Inference for Supervised {
    fn prepare(&mut self, preprocessing: &Value) -> Result<(), ExperimentError> {
        self.build(Preprocessing::from_json(preprocessing)?, None).map(|_| ())
    }

    fn load_weights(&mut self, weights: &TensorMap) -> Result<(), ExperimentError> {
        self.network_mut()?.load(weights)
    }

    fn predict(&mut self, samples: &TensorData, normalized: bool) -> Result<TensorData, ExperimentError> {
        let (preprocessing, network) = self.built()?;
        let input = Samples::new(samples, preprocessing, normalized)?;
        let (mut shape, mut values) = (vec![0], Vec::new());
        let batch_size = self.batch_size()?;
        let mut feed = in_order(&input.data, &input.normalization, batch_size);
        for step in 0..input.count.div_ceil(batch_size) as u64 {
            for batch in feed.step(step)? {
                let output = network.forward(&batch.input, &StepContext::evaluation())?;
                let output = preprocessing.target_scale.unscaled(&output).map_err(ExperimentError::compute)?;
                shape = output.dims().to_vec();
                let flat = output.flatten_all().and_then(|flat| flat.to_vec1::<f32>());
                values.extend(flat.map_err(ExperimentError::compute)?);
            }
        }
        shape[0] = input.count;
        TensorData::from_f32(shape, &values).map_err(ExperimentError::compute)
    }

    fn evaluate(&mut self, part: Part, stop: &dyn StopSignal) -> Result<Option<Evaluation>, ExperimentError> {
        let Some(evidence) = self.measure(part, true, stop)? else { return Ok(None) };
        let metrics = Selection::all(&evidence).measure(&evidence);
        let plain = |(name, value): (&str, f64)| (name.trim_start_matches("val_").to_owned(), value);
        let (preprocessing, _) = self.built()?;
        let confusion = match (&evidence, &preprocessing.classes) {
            (Evidence::Classes(evidence), Some(names)) => {
                Some((names.clone(), evidence.confusion().map(<[u64]>::to_vec).collect()))
            }
            _ => None,
        };
        let metrics: Metrics = metrics.iter().map(plain).collect();
        Ok(Some(Evaluation { samples: evidence.count(), metrics, confusion }))
    }
}

/// Samples to apply a model to.
struct Samples {
    /// With targets that nobody asks for.
    data: Dataset,
    normalization: Normalization,
    count: usize,
}

impl Samples {
    fn new(given: &TensorData, known: &Preprocessing, normalized: bool) -> Result<Self, ExperimentError> {
        let refused = |message: String| ExperimentError::Data(message.into());
        let Some((count, sample)) = given.shape().split_first() else {
            return Err(refused("the input is a single number instead of [samples, ...]".to_owned()));
        };
        if sample != known.sample_shape {
            let expected: Vec<String> = known.sample_shape.iter().map(ToString::to_string).collect();
            let found = given.shape();
            return Err(refused(format!(
                "the model takes samples of shape [samples, {}], but the input has the shape {found:?}",
                expected.join(", ")
            )));
        }
        if *count == 0 {
            return Err(refused("the input has no samples".to_owned()));
        }
        let values = match known.vocabulary {
            Some(vocabulary) => FeatureValues::Tokens { values: tokens(given)?, vocabulary },
            None => numbers(given, known, normalized)?,
        };
        let features = Features::new(values, known.sample_shape.clone()).map_err(ExperimentError::data)?;
        let nothing = Targets::Values { values: vec![0.0; *count], width: 1 };
        let data = Dataset::new(features, nothing).map_err(ExperimentError::data)?;
        let normalization = if normalized { Normalization::identity() } else { known.normalization.clone() };
        Ok(Self { data, normalization, count: *count })
    }
}

/// Bytes are numbers as the data set stores them, so that 255 of a pixel means 1; floating-point numbers mean themselves.
fn numbers(data: &TensorData, known: &Preprocessing, normalized: bool) -> Result<FeatureValues, ExperimentError> {
    if data.dtype() == Dtype::U8 && !normalized {
        return Ok(FeatureValues::Bytes { values: data.bytes().to_vec(), full_scale: known.full_scale });
    }
    if let Some(values) = data.to_f32() {
        return Ok(FeatureValues::Floats(values));
    }
    if let Some(values) = data.to_f64() {
        #[expect(clippy::cast_possible_truncation, reason = "models compute in f32")]
        return Ok(FeatureValues::Floats(values.into_iter().map(|value| value as f32).collect()));
    }
    let message =
        format!("the input is of type {:?}; the model takes f32, f64, or u8 that is not normalized", data.dtype());
    Err(ExperimentError::Data(message.into()))
}

fn tokens(data: &TensorData) -> Result<Vec<u32>, ExperimentError> {
    let bytes = data.bytes();
    let found = match data.dtype() {
        Dtype::U32 => Some(bytes.as_chunks::<4>().0.iter().map(|token| u32::from_le_bytes(*token)).collect()),
        Dtype::I64 => {
            let tokens = bytes.as_chunks::<8>().0.iter().map(|token| u32::try_from(i64::from_le_bytes(*token)).ok());
            tokens.collect()
        }
        _ => None,
    };
    let message = || format!("the input is of type {:?}; the model takes tokens as u32 or i64", data.dtype());
    found.ok_or_else(|| ExperimentError::Data(message().into()))
}
