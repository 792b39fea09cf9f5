//! One training of a classifier, judged on validation after every epoch and on test at
//! its end.

use super::stored::Saver;
use super::{List, chosen, encoder, labelled, report, set, steps};
use crate::core::dataset::Split;
use crate::core::dataset::collection::Collection;
use crate::core::error::Fault;
use crate::core::report::{Phase, RunState};
use crate::core::run::fine_tune::{
    FineTuneConfig, FineTuneEpoch, FineTuneProgress, FineTuneReport, Start, StoredTuning,
};
use crate::learn::checkpoint::Snapshot;
use crate::learn::features::Stopped;
use crate::learn::fine_tune::{FineTuneStep, FineTuner, LabelledImages};
use crate::learn::store::ByteStore;
use crate::learn::training::Training;
use crate::protocol::Event;
use crate::worker::jobs::classify::Tuned;
use crate::worker::jobs::course::{self, Course, Pace};
use crate::worker::jobs::evaluate;
use crate::worker::mailbox::post;
use crate::worker::session::{self, Wish, with};
use crate::worker::turn::{now, turn};
use burn::module::Module;
use std::rc::Rc;

/// Validation images that an epoch is judged by, at most.
const VALIDATION: usize = 1_000;

/// One training.
pub struct Tuning {
    tuner: FineTuner,
    collection: Rc<Collection>,
    validation: LabelledImages,
    /// Losses of the epoch under way.
    losses: Vec<f32>,
    pace: Pace,
    progress: FineTuneProgress,
    /// What is left of its list, itself the first.
    waiting: Vec<FineTuneConfig>,
    saver: Saver,
    /// Milliseconds spent before the loop was entered last, and since when it runs.
    spent: f64,
    since: f64,
}

impl Tuning {
    /// Of the first of `list`'s, on the encoder of the run at hand: from its start, or as
    /// an earlier visit left it.
    pub async fn new(
        config: &FineTuneConfig,
        list: &List,
        begun: Option<(StoredTuning, Vec<u8>)>,
    ) -> Result<Self, Fault> {
        let (collection, store) = set().await?;
        let device = session::compute().await?.device;
        let set = chosen(&collection, config);
        let (encoder, features) = encoder(config.start)?;
        let mut progress = list.progress(config, RunState::Running(Phase::Load));
        progress.labels = set.images.len();
        post(None, Event::FineTune(progress.clone()));
        turn().await;
        let tuner = FineTuner::new(config, encoder.train(), features, store, set, &device)?;
        progress.total_steps = tuner.total_steps();
        let mut validation = labelled(&collection, Split::Validation);
        // Classes stand one after the other: every so many.
        let step = validation.images.len().div_ceil(VALIDATION).max(1);
        validation.images = validation.images.into_iter().step_by(step).collect();
        validation.labels = validation.labels.into_iter().step_by(step).collect();
        let (waiting, saver) = (list.all(), list.saver.clone());
        let mut tuning = Self {
            tuner,
            collection,
            validation,
            losses: Vec::new(),
            pace: Pace::new(None),
            progress,
            waiting,
            saver,
            spent: 0.0,
            since: now(),
        };
        if let Some((stored, weights)) = begun {
            tuning.tuner = tuning.tuner.restore(&weights)?;
            // An epoch that ended was judged by then, or is due to be.
            let (done, judged) = (tuning.tuner.epochs_done(), stored.progress.epochs.len() as u32);
            tuning.pace = Pace::new(Some(done).filter(|done| *done > judged));
            tuning.progress = stored.progress;
            (tuning.losses, tuning.spent) = (stored.losses, stored.spent);
        }
        Ok(tuning)
    }

    /// As it is between two steps, to be stored with the list.
    pub fn stored(&self) -> (StoredTuning, Snapshot) {
        let stored =
            StoredTuning { progress: self.progress(RunState::Paused), losses: self.losses.clone(), spent: self.spent };
        (stored, self.tuner.snapshot())
    }

    /// Goes on to the end or to a wish.
    pub async fn go(&mut self) -> Result<RunState, Fault> {
        self.since = now();
        let state = course::go(self, false).await?;
        self.spent += now() - self.since;
        Ok(state)
    }

    /// How it stands, in this state.
    pub fn progress(&self, state: RunState) -> FineTuneProgress {
        FineTuneProgress { state, not_saved: self.saver.fault(), ..self.progress.clone() }
    }

    fn tell(&self) {
        post(None, Event::FineTune(self.progress(self.progress.state)));
    }

    /// New images are shown to it from now on; a baseline is none for that.
    pub async fn keep_classifier(&self) {
        let config = *self.tuner.config();
        if config.start == Start::Pretrained {
            let (steps, classifier) = (steps(), self.tuner.classifier());
            with(|s| {
                let Some(run) = &s.run else { return };
                let run = run.keeper.record.id.clone();
                s.classify.tuned = Some(Tuned { run, config, steps, classifier });
            });
            self.saver.save_classifier(&config, self.tuner.weights()).await;
        }
    }

    /// The result, with the weights as they are now.
    pub async fn judge_test(self) -> Result<FineTuneReport, Fault> {
        let begun = now();
        let test = labelled(&self.collection, Split::Test);
        let mut pause = async |_| {
            turn().await;
            true
        };
        let store = session::store().await?;
        let predicted = match predict(&self.tuner, &store, &test, &mut pause).await {
            Ok(predicted) => predicted,
            Err(Stopped::Failed(fault)) => return Err(fault),
            Err(Stopped::OnRequest) => Vec::new(),
        };
        let seconds = ((self.spent + now() - begun) / 1000.0) as f32;
        Ok(report(*self.tuner.config(), self.progress.labels, self.progress.epochs, &test, predicted, seconds))
    }
}

/// The class with the largest logit for each image.
async fn predict(
    tuner: &FineTuner,
    store: &ByteStore,
    set: &LabelledImages,
    pause: &mut impl AsyncFnMut(f32) -> bool,
) -> Result<Vec<u16>, Stopped> {
    let logits = tuner.classifier().logits(store, &set.images, evaluate::batch()?, pause).await?;
    let largest = |row: &[f32]| (0..row.len()).fold(0, |best, i| if row[i] > row[best] { i } else { best });
    Ok((0..logits.rows()).map(|i| largest(logits.row(i)) as u16).collect())
}

impl Course for Tuning {
    type Training = FineTuner;

    fn training(&mut self) -> &mut FineTuner {
        &mut self.tuner
    }

    fn pace(&mut self) -> &mut Pace {
        &mut self.pace
    }

    fn enter(&mut self, phase: Phase) {
        self.progress.state = RunState::Running(phase);
        self.tell();
    }

    fn measured(&mut self, steps: Vec<FineTuneStep>, milliseconds: f64) -> Result<(), Fault> {
        if let Some(bad) = steps.iter().find(|s| !s.loss.is_finite()) {
            return Err(Fault::NotFinite { step: bad.step });
        }
        self.losses.extend(steps.iter().map(|s| s.loss));
        if let Some(last) = steps.last() {
            (self.progress.step, self.progress.loss) = (last.step, Some(last.loss));
        }
        self.progress.milliseconds = milliseconds as f32;
        self.tell();
        Ok(())
    }

    async fn judge(&mut self, epoch: u32) -> Result<bool, Fault> {
        let store = session::store().await?;
        let mut pause = async |_| {
            turn().await;
            with(|s| s.wish) == Wish::GoOn
        };
        let validation_accuracy = if self.validation.images.is_empty() {
            None
        } else {
            match predict(&self.tuner, &store, &self.validation, &mut pause).await {
                Ok(predicted) => {
                    let right = predicted.iter().zip(&self.validation.labels).filter(|(p, l)| usize::from(**p) == **l);
                    Some(right.count() as f32 / self.validation.labels.len() as f32)
                }
                Err(Stopped::OnRequest) => return Ok(false),
                Err(Stopped::Failed(fault)) => return Err(fault),
            }
        };
        let losses = std::mem::take(&mut self.losses);
        let loss = losses.iter().sum::<f32>() / losses.len().max(1) as f32;
        self.progress.epochs.push(FineTuneEpoch { epoch, loss: Some(loss), validation_accuracy });
        self.tell();
        Ok(true)
    }

    fn save_if_due(&mut self) {
        if self.saver.is_due() {
            let (mut stored, weights) = self.stored();
            stored.spent += now() - self.since;
            self.saver.save(&self.waiting, self.progress.place, stored, weights);
        }
    }
}
