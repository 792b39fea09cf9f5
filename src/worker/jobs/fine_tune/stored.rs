//! A list of trainings outlives its tab: it is stored with the weights of the one at work
//! now and then, at a pause and between two trainings, until it is over.

use super::List;
use crate::core::error::StorageFault;
use crate::core::run::fine_tune::{FineTuneConfig, StoredList, StoredTuning};
use crate::learn::checkpoint::{self, Snapshot};
use crate::worker::beside::Beside;
use crate::worker::keep::{EVERY, Keeper};
use crate::worker::storage::Extra;
use crate::worker::turn::now;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Stores a list while it is at work.
#[derive(Clone)]
pub struct Saver {
    /// None where nothing can be stored.
    beside: Option<Beside>,
    /// Steps of pre-training of its encoder.
    steps: u32,
    /// When weights were stored last.
    since: Rc<Cell<Option<f64>>>,
    /// A save is under way beside the training.
    saving: Rc<Cell<bool>>,
    /// What went wrong with the newest save of the list, and of the classifier.
    faults: Rc<RefCell<[Option<StorageFault>; 2]>>,
}

impl Saver {
    pub fn new(beside: Option<Beside>, steps: u32) -> Self {
        let (since, saving, faults) = Default::default();
        Self { beside, steps, since, saving, faults }
    }

    pub fn fault(&self) -> Option<StorageFault> {
        self.faults.borrow().iter().flatten().next().cloned()
    }

    /// Whether it is time to store weights again, and the last save is through.
    pub fn is_due(&self) -> bool {
        let long_ago = self.since.get().is_none_or(|since| now() - since > EVERY);
        self.beside.is_some() && long_ago && !self.saving.get()
    }

    /// Stores a list beside the training, which goes on.
    pub fn save(&self, waiting: &[FineTuneConfig], done: usize, at_work: StoredTuning, weights: Snapshot) {
        let saved = self.put(Extra::Tuning, self.noted(waiting, done, Some(at_work), weights));
        let saving = self.saving.clone();
        saving.set(true);
        wasm_bindgen_futures::spawn_local(async move {
            saved.await;
            saving.set(false);
        });
    }

    /// Stores a list and waits for it; `at_work` with its weights.
    pub async fn save_now(&self, waiting: &[FineTuneConfig], done: usize, at_work: Option<(StoredTuning, Snapshot)>) {
        let (at_work, weights) = at_work.unzip();
        let weights = weights.unwrap_or_else(Snapshot::nothing);
        self.put(Extra::Tuning, self.noted(waiting, done, at_work, weights)).await;
    }

    /// Stores the classifier that new images are shown to.
    pub async fn save_classifier(&self, config: &FineTuneConfig, weights: Snapshot) {
        let note = serde_json::to_string(&(config, self.steps)).unwrap_or_default();
        self.put(Extra::Classifier, weights.with_note(note)).await;
    }

    /// The list is over.
    pub async fn remove(&self) {
        if let Some(beside) = &self.beside {
            let removed = beside.remove(Extra::Tuning).await;
            self.faults.borrow_mut()[Extra::Tuning as usize] = removed.err();
        }
    }

    fn noted(
        &self,
        waiting: &[FineTuneConfig],
        done: usize,
        at_work: Option<StoredTuning>,
        weights: Snapshot,
    ) -> Snapshot {
        if at_work.is_some() {
            self.since.set(Some(now()));
        }
        let list = StoredList { steps: self.steps, waiting: waiting.to_vec(), done, at_work };
        weights.with_note(serde_json::to_string(&list).unwrap_or_default())
    }

    fn put(&self, extra: Extra, weights: Snapshot) -> impl Future<Output = ()> + use<> {
        let saved = self.beside.as_ref().map(|beside| beside.save(extra, weights));
        let faults = self.faults.clone();
        async move {
            if let Some(saved) = saved {
                let saved = saved.await;
                faults.borrow_mut()[extra as usize] = saved.err();
            }
        }
    }
}

/// The list that was not finished when a run was at hand last, to go on with. None where
/// the encoder has learned on since, or what was stored can't be read: it starts over.
pub async fn stored(keeper: &Keeper) -> Option<List> {
    let beside = keeper.beside()?;
    let bytes = beside.read(Extra::Tuning).await.ok()??;
    let list: StoredList = serde_json::from_str(&checkpoint::note(&bytes).ok()??).ok()?;
    let fits = list.steps == keeper.record.steps && !list.waiting.is_empty();
    fits.then(|| List {
        waiting: list.waiting.into(),
        done: list.done,
        at_work: None,
        begun: list.at_work.map(|at_work| (at_work, bytes)),
        saver: Saver::new(Some(beside), list.steps),
    })
}
