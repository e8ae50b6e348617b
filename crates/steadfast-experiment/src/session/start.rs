//! Everything before the first step: data, model, and the state to go on from.

use steadfast_state::Document;

use super::training::{Parent, Session};
use crate::error_chain::one_line;
use crate::lineage::Ancestor;
use crate::result::RunStatus;
use crate::saved_state::{self, Restored};
use crate::{Event, ExperimentError, Finish, Patience, TrainError};

/// What a start begins with.
enum Start<'a> {
    /// Nothing: a fresh run.
    Fresh,
    /// The run's own newest checkpoint.
    Resume(Restored),
    /// The newest checkpoint of another run.
    Fork(Restored, Parent<'a>),
}

impl<'a> Session<'a> {
    /// Loads the data, builds the model and restores the newest checkpoint. A checkpoint that does not belong to this
    /// config and this data is refused before anything on disk is changed.
    pub(crate) fn prepare(&mut self) -> Result<(), TrainError> {
        let start = self.find_start()?;
        match &start {
            Start::Fresh => self.claim_folder()?,
            // Known from here on, so that whatever goes wrong next is told with how far the run had come.
            Start::Resume(restored) => self.progress = restored.saved.progress.clone(),
            Start::Fork(..) => {}
        }
        self.load_data()?;
        if let Start::Resume(restored) = &start {
            restored.saved.check_data(self.data_sha256())?;
            self.claim_folder()?;
        }
        self.build_model()?;
        let (resumed, forked) = (!matches!(start, Start::Fresh), matches!(start, Start::Fork(..)));
        match start {
            Start::Fresh => {}
            Start::Resume(restored) => self.restore(restored)?,
            Start::Fork(restored, parent) => self.branch_off(restored, &parent)?,
        }
        self.check_room()?;
        self.context.folder.rewind_metrics()?;
        if forked {
            // From here on the run has a state of its own, and the parent is not needed again.
            self.save()?;
        }
        self.clocks.resume(self.context.folder.read_document(Document::Timing)?.as_deref(), self.progress.epoch);
        self.notice(&Event::Started {
            epoch: self.progress.epoch,
            step: self.progress.step,
            epochs: self.context.plan.settings.epochs,
            steps_per_epoch: self.steps_per_epoch(),
            resumed,
        });
        self.clocks.prepared();
        Ok(())
    }

    /// Reads the state to go on from, and checks that it belongs to this config.
    fn find_start(&mut self) -> Result<Start<'a>, TrainError> {
        let plan = self.context.plan;
        if let Some(snapshot) = self.context.folder.latest()?.snapshot {
            let restored = saved_state::from_snapshot(snapshot)?;
            if let Some(parent) = &self.context.parent {
                restored.saved.check_parent(parent.name)?;
            }
            restored.saved.check_config(plan)?;
            return Ok(Start::Resume(restored));
        }
        let Some(parent) = self.context.parent else { return Ok(Start::Fresh) };
        let Some(snapshot) = self.context.folder.start_from(parent.state, parent.name)?.snapshot else {
            let reason = format!("there is no checkpoint of `{}` to fork from", parent.name);
            return Err(TrainError::Refused { reason });
        };
        let restored = saved_state::from_snapshot(snapshot)?;
        restored.saved.check_fork(plan, parent.name)?;
        Ok(Start::Fork(restored, parent))
    }

    /// Writes the config and takes back the result of an earlier end: from here on the run is under way.
    fn claim_folder(&mut self) -> Result<(), TrainError> {
        self.context.folder.write_document(Document::Config, &self.context.plan.config_json)?;
        self.context.folder.write_document(Document::Environment, self.context.environment)?;
        if self.context.folder.read_document(Document::Result)?.is_some() {
            self.write_result(&self.result(RunStatus::Interrupted))?;
        }
        Ok(())
    }

    fn load_data(&mut self) -> Result<(), TrainError> {
        let data = self.experiment.load_data()?;
        if data.steps_per_epoch == 0 {
            let message = format!("{} training samples make no step", data.train_samples);
            return Err(ExperimentError::data(message).into());
        }
        self.notice(&Event::DataLoaded { description: data.description.clone() });
        self.data = Some(data);
        Ok(())
    }

    fn build_model(&mut self) -> Result<(), TrainError> {
        let model = self.experiment.build_model()?;
        self.notice(&Event::ModelBuilt { description: model.description.clone(), parameters: model.parameters });
        self.model = Some(model);
        self.preprocessing = self.experiment.preprocessing();
        Ok(())
    }

    fn restore(&mut self, restored: Restored) -> Result<(), TrainError> {
        self.experiment.restore(restored.state)?;
        self.best_model = restored.best_model;
        self.lineage = restored.saved.lineage;
        // A run that was complete continues if the config now asks for more.
        if self.progress.finished == Some(Finish::AllEpochs) && self.progress.epoch < self.context.plan.settings.epochs
        {
            self.progress.finished = None;
        }
        // What is finished is not computed again, whoever looks at it.
        if self.has_epochs_left() {
            let before = restored.saved.made_by.as_ref();
            let reason = self.lineage.continued(before, self.context.made_by, self.progress.step);
            if let Some(reason) = reason {
                self.notice(&Event::NotIdentical { reason });
            }
        }
        Ok(())
    }

    /// Takes over the state of another run. An epoch that was under way begins anew: its batches may be others now.
    fn branch_off(&mut self, restored: Restored, parent: &Parent<'_>) -> Result<(), TrainError> {
        let Restored { saved, state, best_model } = restored;
        self.experiment.restore(state).map_err(|error| TrainError::Refused {
            reason: format!("the state of `{}` does not fit the new config: {}", parent.name, one_line(&error)),
        })?;
        let changes = saved.changes(self.context.plan);
        let same_measure = saved.data_sha256 == self.data_sha256() && saved.has_monitor_of(self.context.plan);
        (self.progress, self.lineage) = (saved.progress, saved.lineage);
        (self.progress.finished, self.progress.patience) = (None, Patience::default());
        self.progress.batch = 0;
        self.progress.training.clear();
        // Figures of other data or another metric cannot be compared with those to come.
        if same_measure {
            self.best_model = best_model;
        } else {
            self.progress.best = None;
        }
        let (epoch, step) = (self.progress.epoch, self.progress.step);
        self.lineage.ancestors.push(Ancestor { name: parent.name.to_owned(), epoch, step, changes: changes.clone() });
        self.lineage.continued(saved.made_by.as_ref(), self.context.made_by, step);
        self.claim_folder()?;
        self.notice(&Event::Forked { parent: parent.name.to_owned(), step, changes });
        Ok(())
    }

    /// Refuses to begin what the disk has no room to keep. Optimizers that make their moments in the first step may
    /// need more than this; each save asks again.
    fn check_room(&mut self) -> Result<(), TrainError> {
        if !self.has_epochs_left() {
            return Ok(());
        }
        let state = self.experiment.save()?;
        let size = |tensors: &steadfast_state::TensorMap| {
            tensors.values().map(|tensor| tensor.bytes().len() as u64).fold(0, u64::saturating_add)
        };
        let model = size(&state.model);
        // The best model stands beside the current one, in every checkpoint and as a file.
        let checkpoint = model.saturating_mul(2).saturating_add(size(&state.optimizer));
        Ok(self.context.folder.require_room(checkpoint, model.saturating_mul(2))?)
    }
}
