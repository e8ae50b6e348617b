//! `runner predict`: a trained model applied to samples from a file.

use std::path::{Path, PathBuf};

use clap::Args;
use steadfast_experiment::{ExperimentFactory, one_line};
use steadfast_state::{TensorData, TensorMap, model_bytes, read_model, write_file};

use crate::console::Console;
use crate::exit_code::Exit;
use crate::npy;
use crate::number::plural;
use crate::trained::{Ended, ModelArgs, Trained, failed};

/// The name of the tensor in a safetensors file that is read, if there are several.
const INPUT: &str = "input";
/// The name of the tensor in a safetensors file that is written.
const OUTPUT: &str = "output";

#[derive(Debug, Args)]
#[command(
    after_help = "The input is one tensor [samples, ...shape of a sample], as the data set stores its samples: pixels\n\
    as u8 from 0 to 255 or as f32 from 0 to 1, columns of a table as f32, tokens as u32 or i64. It is normalized as the\n\
    training data was, unless --normalized says that it is already. The output holds what the model computes, f32:\n\
    scores of classes before the softmax, or values in the unit of the targets.\n\n\
    Examples:\n  \
    runner predict digits-cnn --input images.npy --output scores.npy\n  \
    runner predict configs/digits-cnn.json --weights exported.safetensors --input x.safetensors --output y.safetensors"
)]
pub(crate) struct PredictArgs {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// The samples: `.safetensors` (with one tensor, or one named `input`) or `.npy`.
    #[arg(long, value_name = "FILE")]
    pub(crate) input: PathBuf,
    /// Where the outputs go: `.safetensors` (as `output`) or `.npy`.
    #[arg(long = "output", value_name = "FILE")]
    pub(crate) target: PathBuf,
    /// The input is normalized already.
    #[arg(long)]
    pub(crate) normalized: bool,
}

/// Reads, applies and writes.
pub(crate) fn run(factory: &ExperimentFactory, arguments: &PredictArgs) -> Exit {
    let console = Console::new(arguments.model.output);
    match predict(factory, arguments, &console) {
        Ok(line) => {
            console.line(&line);
            Exit::Done
        }
        Err(ended) => ended.tell(&console),
    }
}

fn predict(factory: &ExperimentFactory, arguments: &PredictArgs, console: &Console) -> Result<String, Ended> {
    let into = Form::of(&arguments.target)?;
    let samples = read(&arguments.input)?;
    let Trained { name, mut experiment, result, weights } = Trained::find(factory, &arguments.model, console)?;
    let preprocessing = result.and_then(|result| result.preprocessing);
    if preprocessing.is_none() {
        // Without a run the data itself says how its samples are normalized.
        experiment.load_data().map_err(|error| failed(&error))?;
        experiment.build_model().map_err(|error| failed(&error))?;
    }
    let inference = experiment
        .inference()
        .ok_or_else(|| Ended::new(Exit::Usage, format!("the experiment of `{name}` can train, but not predict")))?;
    if let Some(preprocessing) = &preprocessing {
        inference.prepare(preprocessing).map_err(|error| failed(&error))?;
    }
    inference.load_weights(&weights).map_err(|error| failed(&error))?;
    let outputs = inference.predict(&samples, arguments.normalized).map_err(|error| failed(&error))?;
    let shape: Vec<String> = outputs.shape().iter().map(ToString::to_string).collect();
    let count = outputs.shape().first().copied().unwrap_or_default() as u64;
    let bytes = into.bytes(outputs)?;
    write_file(&arguments.target, &bytes).map_err(|error| Ended::new(Exit::Storage, one_line(&error)))?;
    let written = arguments.target.display();
    Ok(format!("{name}: {}, outputs {} written to {written}", plural(count, "sample"), shape.join("x")))
}

/// The form of a file, by its extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Safetensors,
    Npy,
}

impl Form {
    fn of(path: &Path) -> Result<Self, Ended> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("safetensors") => Ok(Self::Safetensors),
            Some("npy") => Ok(Self::Npy),
            _ => {
                let message = format!("{} is neither a .safetensors nor a .npy file", path.display());
                Err(Ended::new(Exit::Usage, message))
            }
        }
    }

    fn bytes(self, outputs: TensorData) -> Result<Vec<u8>, Ended> {
        match self {
            Self::Npy => Ok(npy::write(&outputs)),
            Self::Safetensors => {
                let tensors = TensorMap::from([(OUTPUT.to_owned(), outputs)]);
                model_bytes(&tensors).map_err(|error| Ended::new(Exit::Internal, one_line(&error)))
            }
        }
    }
}

fn read(path: &Path) -> Result<TensorData, Ended> {
    let refused = |reason: String| Ended::new(Exit::Failed, format!("{}: {reason}", path.display()));
    match Form::of(path)? {
        Form::Safetensors => {
            let mut tensors = read_model(path).map_err(|error| Ended::new(Exit::Failed, one_line(&error)))?;
            if let Some(input) = tensors.remove(INPUT) {
                return Ok(input);
            }
            let names: Vec<String> = tensors.keys().cloned().collect();
            match (tensors.pop_first(), tensors.is_empty()) {
                (Some((_, only)), true) => Ok(only),
                _ => Err(refused(format!("expected one tensor, or one named `{INPUT}`; found {}", names.join(", ")))),
            }
        }
        Form::Npy => {
            let bytes = fs_err::read(path).map_err(|error| Ended::new(Exit::Failed, one_line(&error)))?;
            npy::read(&bytes).map_err(refused)
        }
    }
}
