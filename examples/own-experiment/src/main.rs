//! An experiment kind of one's own: fits a line to points, without the model zoo, and gets everything else for free.
//!
//! `cargo run -p own-experiment -- examples/own-experiment/line.json` trains, saves, resumes and reports.

use std::process::ExitCode;

use steadfast_config::sha256_hex;
use steadfast_experiment::{
    DataSummary, Experiment, ExperimentError, ExperimentKind, ExperimentState, Metrics, ModelSummary, Position,
    Prepared, StepReport, StopSignal,
};
use steadfast_state::TensorData;

/// y = slope * x + offset, by gradient descent on the mean squared error.
struct LineFit {
    path: String,
    lr: f64,
    points: Vec<(f64, f64)>,
    line: [f64; 2],
}

impl LineFit {
    /// Mean squared error and its gradient.
    fn loss(&self) -> (f64, [f64; 2]) {
        let (mut loss, mut gradient, count) = (0.0, [0.0; 2], self.points.len() as f64);
        for (x, y) in &self.points {
            let error = self.line[0] * x + self.line[1] - y;
            loss += error * error / count;
            gradient[0] += 2.0 * error * x / count;
            gradient[1] += 2.0 * error / count;
        }
        (loss, gradient)
    }
}

impl Experiment for LineFit {
    fn load_data(&mut self) -> Result<DataSummary, ExperimentError> {
        let text = fs_err::read_to_string(&self.path).map_err(ExperimentError::data)?;
        for (number, row) in text.lines().enumerate() {
            let point = row.split_once(',').and_then(|(x, y)| Some((x.parse().ok()?, y.parse().ok()?)));
            let place = || ExperimentError::data(format!("{}:{}: expected `x,y`", self.path, number + 1));
            self.points.push(point.ok_or_else(place)?);
        }
        let samples = self.points.len() as u64;
        let description = format!("{samples} points from {}", self.path);
        let sha256 = sha256_hex(text.as_bytes());
        Ok(DataSummary {
            train_samples: samples,
            validation_samples: samples,
            steps_per_epoch: 20,
            sha256,
            description,
        })
    }

    fn build_model(&mut self) -> Result<ModelSummary, ExperimentError> {
        Ok(ModelSummary { parameters: 2, description: "a line".to_owned() })
    }

    fn train_step(&mut self, _at: Position) -> Result<StepReport, ExperimentError> {
        let (loss, gradient) = self.loss();
        for (parameter, slope) in self.line.iter_mut().zip(gradient) {
            *parameter -= self.lr * slope;
        }
        Ok(StepReport { samples: self.points.len() as u64, lr: self.lr, metrics: vec![("train_loss", loss)] })
    }

    fn validate(&mut self, _at: Position, _stop: &dyn StopSignal) -> Result<Option<Metrics>, ExperimentError> {
        Ok(Some([("val_loss", self.loss().0)].into_iter().collect()))
    }

    fn save(&self) -> Result<ExperimentState, ExperimentError> {
        let line = TensorData::from_f64(vec![2], &self.line).map_err(ExperimentError::compute)?;
        Ok(ExperimentState { model: [("line".to_owned(), line)].into(), ..ExperimentState::default() })
    }

    fn restore(&mut self, state: ExperimentState) -> Result<(), ExperimentError> {
        let saved = state.model.get("line").and_then(TensorData::to_f64).and_then(|line| line.try_into().ok());
        self.line = saved.ok_or_else(|| ExperimentError::State { message: "no `line` of two numbers".to_owned() })?;
        Ok(())
    }
}

fn main() -> ExitCode {
    let mut factory = runner::standard_factory();
    factory.register(ExperimentKind {
        name: "line_fit",
        summary: "Fits a line to the points of a CSV file.",
        prepare: Box::new(|config, _problems| {
            let (path, lr) = (config.dataset_path.to_string(), config.hyperparams.lr);
            Some(Prepared::new(config, &["val_loss"], move || LineFit { path, lr, points: Vec::new(), line: [0.0; 2] }))
        }),
    });
    runner::main_with(&factory)
}
