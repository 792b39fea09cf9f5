//! A list of fine-tunings between two steps: what is left, stored, reported; and what its fine-tunings start from.

use crate::core::dataset::{Split, split};
use crate::core::metrics::{ClassificationReport, MOST_CLASSES};
use crate::core::run::fine_tune::{
    FineTuneConfig, FineTuneEpoch, FineTuneProgress, FineTuneReport, StoredList, StoredTuning, TrainedLayers,
    TuningStart,
};
use crate::core::{dataset::collection::Collection, error::Fault, report::RunState};
use crate::learn::checkpoint::{self, Snapshot};
use crate::learn::fine_tune::{LabelledImages, head_layer};
use crate::learn::simclr::{ProjectionHead, SimClr};
use crate::learn::{encoder::Encoder, features::KnownFeatures, store::ByteStore, training::Training};
use crate::protocol::Event;
use crate::worker::mailbox::post;
use crate::worker::run::{FineTuneList, FineTuneRun};
use crate::worker::session::{self, of_run, with};
use crate::worker::storage::{FineTuneFile, unknown};
use crate::worker::{fine_tune_saver::FineTuneSaver, run_saver::RunSaver};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

impl FineTuneList {
    /// The list that was stored with the run `saver` saves, if it is not done. None if the
    /// encoder has learned on since, or if what was stored can't be read.
    pub async fn stored(saver: &RunSaver) -> Option<Self> {
        let folder = saver.folder()?;
        let bytes = folder.read(FineTuneFile::Tuning).await.ok()??;
        let note = serde_json::from_str(&checkpoint::note(&bytes).ok()??).ok()?;
        let (list, unknown) = unknown::read::<StoredList>(note).ok()?;
        let fits = list.steps == saver.record.steps && !list.waiting.is_empty();
        fits.then(|| Self {
            waiting: list.waiting.into(),
            done: list.done,
            current: None,
            stored: list.at_work.map(|at_work| (at_work, bytes)),
            saver: FineTuneSaver::new(Some(folder), list.steps, unknown),
            frozen: KnownFeatures::default(),
        })
    }

    /// Stores the list as it is between two steps.
    pub(super) async fn save(&self) {
        // One that has not gone on since an earlier visit is stored already.
        if self.stored.is_none() {
            self.saver.save_now(&self.all(), self.done, self.current.as_ref().map(FineTuneRun::to_store)).await;
        }
    }

    /// What is left.
    pub(super) fn all(&self) -> Vec<FineTuneConfig> {
        self.waiting.iter().copied().collect()
    }

    /// Steps of the fine-tunings after the first.
    fn steps_ahead(&self) -> u32 {
        let Ok(collection) = session::collection() else { return 0 };
        let labels = collection.dataset().labelled(Split::Train).1;
        let classes = labels.iter().collect::<HashSet<_>>().len();
        let steps = |c: &FineTuneConfig| c.total_steps(split::labelled_count(labels.len(), classes, c.fraction));
        self.waiting.iter().skip(1).map(steps).sum()
    }

    pub(super) fn progress(&self, config: &FineTuneConfig, state: RunState) -> FineTuneProgress {
        FineTuneProgress {
            state,
            config: *config,
            place: self.done,
            of: self.done + self.waiting.len(),
            labels: 0,
            step: 0,
            total_steps: 0,
            milliseconds: 0.0,
            loss: None,
            epochs: Vec::new(),
            steps_ahead: self.steps_ahead(),
            not_saved: self.saver.fault(),
        }
    }

    /// Reports that the list is now in `state`.
    pub(super) fn report(&self, state: RunState) {
        let progress = match (&self.current, &self.stored, self.waiting.front()) {
            (Some(current), ..) => current.progress_in(state),
            (None, Some((stored, _)), _) => FineTuneProgress { state, not_saved: None, ..stored.progress.clone() },
            (None, None, Some(config)) => self.progress(config, state),
            // All are done: the place is after the last.
            (None, None, None) => {
                self.progress(&FineTuneConfig::recipe(TuningStart::Pretrained, TrainedLayers::All, 100, 0), state)
            }
        };
        post(None, Event::FineTune(progress));
    }
}

impl FineTuneRun {
    /// What to store of a fine-tuning between two steps.
    pub(super) fn to_store(&self) -> (StoredTuning, Snapshot) {
        let progress = self.progress_in(RunState::Paused);
        (StoredTuning { progress, losses: self.losses.clone(), spent: self.spent }, self.tuner.snapshot())
    }

    /// Its progress, in this state.
    pub(super) fn progress_in(&self, state: RunState) -> FineTuneProgress {
        FineTuneProgress { state, not_saved: self.saver.fault(), ..self.progress.clone() }
    }
}

/// The labelled images of a split.
pub fn labelled(collection: &Collection, split: Split) -> LabelledImages {
    let (images, labels) = collection.dataset().labelled(split);
    let classes = collection.dataset().classes.len();
    LabelledImages { images: images.into_iter().map(|i| i as u32).collect(), labels, classes }
}

/// The training images whose labels `config` may use.
pub(super) fn training_labels(collection: &Collection, config: &FineTuneConfig) -> LabelledImages {
    let (indices, labels) = collection.dataset().labelled(Split::Train);
    let of: HashMap<usize, usize> = indices.iter().copied().zip(labels.iter().copied()).collect();
    let images = split::choose_labelled(&indices, &labels, config.fraction, config.seed);
    let labels = images.iter().map(|image| of[image]).collect();
    let classes = collection.dataset().classes.len();
    LabelledImages { images: images.into_iter().map(|i| i as u32).collect(), labels, classes }
}

/// The set of images and the images on the device.
///
/// # Errors
/// [`Fault::NoDataset`] without images, [`Fault::NoLabels`] without labelled test images or with too many classes.
pub(super) async fn images() -> Result<(Rc<Collection>, ByteStore), Fault> {
    let collection = session::collection()?;
    let dataset = collection.dataset();
    if dataset.labelled(Split::Test).0.is_empty() || dataset.classes.len() > MOST_CLASSES {
        return Err(Fault::NoLabels);
    }
    Ok((collection, session::store().await?))
}

/// What the classifier of `config` is put on, for evaluation: the encoder, perhaps with a layer of the projection head,
/// and how many features it gives.
pub(super) fn network(config: &FineTuneConfig) -> Result<(Encoder, Option<ProjectionHead>, usize), Fault> {
    of_run(|run| {
        let SimClr { encoder, head } = match config.start {
            TuningStart::Pretrained => run.trainer.model(),
            TuningStart::Random => run.trainer.initial_model(),
        };
        (encoder, head_layer(config, head), run.config.encoder.features())
    })
}

pub(super) fn test_report(
    config: FineTuneConfig,
    labels: usize,
    epochs: Vec<FineTuneEpoch>,
    test: &LabelledImages,
    predicted: Vec<u16>,
    seconds: f32,
) -> FineTuneReport {
    let truth: Vec<u16> = test.labels.iter().map(|&l| l as u16).collect();
    FineTuneReport {
        config,
        labels,
        epochs,
        test: ClassificationReport::new(&truth, &predicted, test.classes),
        predicted,
        truth,
        test_images: test.images.clone(),
        steps: pretraining_steps(),
        seconds,
    }
}

/// Steps of pre-training of the current run.
pub(super) fn pretraining_steps() -> u32 {
    with(|s| s.run.as_ref().map_or(0, |run| run.steps()))
}
