//! Saves a list of fine-tunings and its classifier beside their run.

use super::run_saver::{RunFolder, SaveTimer};
use super::storage::{FineTuneFile, unknown::Unknown};
use crate::core::error::StorageFault;
use crate::core::run::fine_tune::{FineTuneConfig, StoredList, StoredTuning};
use crate::learn::checkpoint::Snapshot;
use std::{cell::RefCell, rc::Rc};

/// Saves a list of fine-tunings beside their run, with the weights of the one under
/// way: now and then, at a pause and between two fine-tunings, until the list is done.
#[derive(Clone)]
pub struct FineTuneSaver {
    /// None if nothing can be stored.
    folder: Option<RunFolder>,
    /// Steps of pre-training of the run's encoder.
    steps: u32,
    /// Fields of the stored list that this program does not know.
    unknown: Option<Rc<Unknown>>,
    timer: SaveTimer,
    /// What went wrong with the newest save, one for each [`FineTuneFile`].
    faults: Rc<RefCell<[Option<StorageFault>; 2]>>,
}

impl FineTuneSaver {
    /// `unknown`: fields of the list that it goes on with, if this program does not know them.
    pub fn new(folder: Option<RunFolder>, steps: u32, unknown: Option<Unknown>) -> Self {
        Self { folder, steps, unknown: unknown.map(Rc::new), timer: SaveTimer::default(), faults: Rc::default() }
    }

    pub fn fault(&self) -> Option<StorageFault> {
        self.faults.borrow().iter().flatten().next().cloned()
    }

    /// Whether it is time to store weights again, and the last save is through.
    pub fn is_due(&self) -> bool {
        self.folder.is_some() && self.timer.is_due()
    }

    /// Stores a list beside the training, which goes on.
    pub fn save(&self, waiting: &[FineTuneConfig], done: usize, current: (StoredTuning, Snapshot)) {
        wasm_bindgen_futures::spawn_local(self.save_now(waiting, done, Some(current)));
    }

    /// Stores the classifier that new images are shown to.
    pub async fn save_classifier(&self, config: &FineTuneConfig, weights: Snapshot) {
        let note = serde_json::to_string(&(config, self.steps)).unwrap_or_default();
        self.put(FineTuneFile::Classifier, weights.with_note(note)).await;
    }

    /// Removes the list, which is done.
    pub async fn remove(&self) {
        if let Some(folder) = &self.folder {
            let removed = folder.remove(FineTuneFile::Tuning).await;
            self.faults.borrow_mut()[FineTuneFile::Tuning as usize] = removed.err();
        }
    }

    /// Stores a list when awaited; `current` is the fine-tuning under way with its weights.
    pub fn save_now(
        &self,
        waiting: &[FineTuneConfig],
        done: usize,
        current: Option<(StoredTuning, Snapshot)>,
    ) -> impl Future<Output = ()> + use<> {
        let (at_work, weights) = current.unzip();
        let list = StoredList { steps: self.steps, waiting: waiting.to_vec(), done, at_work };
        let note = match self.unknown.as_ref().map(|unknown| unknown.merged(&list)) {
            Some(Ok(both)) => both.stored.to_string(),
            _ => serde_json::to_string(&list).unwrap_or_default(),
        };
        // A list without weights costs nothing: the first weights are due at once.
        let timer = weights.is_some().then(|| self.timer.clone());
        let put = self.put(FineTuneFile::Tuning, weights.unwrap_or_else(Snapshot::nothing).with_note(note));
        async move {
            match timer {
                Some(timer) => timer.watch(put).await,
                None => drop(put.await),
            }
        }
    }

    /// Gives the bytes that were written.
    fn put(&self, file: FineTuneFile, weights: Snapshot) -> impl Future<Output = usize> + use<> {
        let saved = self.folder.as_ref().map(|folder| folder.save(file, weights));
        let faults = self.faults.clone();
        async move {
            let Some(saved) = saved else { return 0 };
            let saved = saved.await;
            let bytes = saved.as_ref().copied().unwrap_or(0);
            faults.borrow_mut()[file as usize] = saved.err();
            bytes
        }
    }
}
