//! The training loop, whole and in order.

use crate::session::{Flow, Session};
use crate::{Experiment, Outcome, TrainContext, TrainError};

/// Trains one experiment from wherever it stands to its end, or until it is asked to stop.
///
/// Data is loaded, the model built, the newest checkpoint restored; then each epoch is trained, validated, recorded
/// and, as the config says, saved. Whatever happens, `result.json` tells it afterwards, unless resuming was refused or
/// the disk failed: then nothing is touched.
pub fn train<'a>(context: TrainContext<'a>, experiment: &'a mut dyn Experiment) -> Result<Outcome, TrainError> {
    let mut session = Session::new(context, experiment);
    let ended = run(&mut session);
    if let Err(error) = &ended {
        session.record_failure(error);
    }
    ended
}

/// One line for each thing that happens in a run.
fn run(session: &mut Session<'_>) -> Result<Outcome, TrainError> {
    session.prepare()?;
    while session.has_epochs_left() {
        if train_epoch(session)? == Flow::Stop {
            return session.interrupt();
        }
        let Some(metrics) = session.validate()? else {
            return session.interrupt();
        };
        session.record_epoch(&metrics)?;
        if session.epoch_checkpoint_is_due() {
            session.save()?;
        }
    }
    session.complete()
}

/// The steps of one epoch, from wherever it stands.
fn train_epoch(session: &mut Session<'_>) -> Result<Flow, TrainError> {
    while session.has_steps_left() {
        if session.stop_requested() {
            return Ok(Flow::Stop);
        }
        session.step()?;
        if session.step_checkpoint_is_due() {
            session.save()?;
        }
    }
    Ok(Flow::Continue)
}
