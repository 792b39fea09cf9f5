//! One fine-tuning: a training that is evaluated on validation after every epoch and on
//! test at its end; or a linear classifier on frozen features.

use super::list::{encoder, images, labelled, pretraining_steps, test_report, training_labels};
use crate::core::report::{Phase, RunState};
use crate::core::run::fine_tune::{FineTuneConfig, FineTuneEpoch, FineTuneReport, StoredTuning, TuningStart};
use crate::core::{dataset::Split, error::Fault};
use crate::learn::features::{Stopped, features};
use crate::learn::fine_tune::{FineTuneStep, FineTuner, LabelledImages};
use crate::learn::{linear_eval::Examples, store::ByteStore, training::Training};
use crate::protocol::Event;
use crate::worker::jobs::training_loop::{self, LoopBody};
use crate::worker::run::{FineTuneList, FineTuneRun, LoopPosition, TunedClassifier};
use crate::worker::session::{self, pause_between, with};
use crate::worker::{event_loop::yield_now, jobs::evaluate, js::now, mailbox::post};
use burn::module::Module;

/// Most validation images after an epoch.
const VALIDATION: usize = 1_000;

/// Part of the progress of a linear classifier that computes features; the rest trains it.
const FEATURES: f32 = 0.8;

impl FineTuneRun {
    /// Begins the first of `list` on the current run's encoder: from its start, or as an earlier visit stored it.
    pub(super) async fn begin(
        config: &FineTuneConfig,
        list: &FineTuneList,
        stored: Option<(StoredTuning, Vec<u8>)>,
    ) -> Result<Self, Fault> {
        let (collection, store) = images().await?;
        let device = session::compute().await?.device;
        let labels = training_labels(&collection, config);
        let (encoder, features) = encoder(config.start)?;
        let mut progress = list.progress(config, RunState::Running(Phase::Load));
        progress.labels = labels.images.len();
        post(None, Event::FineTune(progress.clone()));
        yield_now().await;
        let tuner = FineTuner::new(config, encoder.train(), features, store, labels, &device)?;
        progress.total_steps = tuner.total_steps();
        let mut validation = labelled(&collection, Split::Validation);
        // The images are in the order of their classes: every nth of them.
        let step = validation.images.len().div_ceil(VALIDATION).max(1);
        validation.images = validation.images.into_iter().step_by(step).collect();
        validation.labels = validation.labels.into_iter().step_by(step).collect();
        let (waiting, saver) = (list.all(), list.saver.clone());
        let mut run = Self {
            tuner,
            collection,
            validation,
            losses: Vec::new(),
            position: LoopPosition::new(None),
            progress,
            waiting,
            saver,
            spent: 0.0,
            since: now(),
        };
        if let Some((stored, weights)) = stored {
            run.tuner = run.tuner.restore(&weights)?;
            // An epoch that ended was evaluated before the save, or is still to be evaluated.
            let (done, evaluated) = (run.tuner.epochs_done(), stored.progress.epochs.len() as u32);
            run.position = LoopPosition::new(Some(done).filter(|done| *done > evaluated));
            run.progress = stored.progress;
            (run.losses, run.spent) = (stored.losses, stored.spent);
        }
        Ok(run)
    }

    /// Trains until the end, a pause or a cancel.
    pub(super) async fn train(&mut self) -> Result<RunState, Fault> {
        self.since = now();
        let state = training_loop::train(self, false).await?;
        self.spent += now() - self.since;
        Ok(state)
    }

    fn post_progress(&self) {
        post(None, Event::FineTune(self.progress_in(self.progress.state)));
    }

    /// Makes this the classifier that new images are shown to, unless it is a baseline.
    pub(super) async fn keep_classifier(&self) {
        let config = *self.tuner.config();
        if config.start == TuningStart::Pretrained {
            let (steps, classifier) = (pretraining_steps(), self.tuner.classifier());
            with(|s| {
                let Some(run) = s.run.as_ref().map(|run| run.id().to_owned()) else { return };
                s.classifiers.tuned = Some(TunedClassifier { run, config, steps, classifier });
            });
            self.saver.save_classifier(&config, self.tuner.weights()).await;
        }
    }

    /// The result, with the weights as they are now.
    pub(super) async fn test(self) -> Result<FineTuneReport, Fault> {
        let begun = now();
        let test = labelled(&self.collection, Split::Test);
        let mut pause = async |_| {
            yield_now().await;
            true
        };
        let store = session::store().await?;
        let predicted = match predict(&self.tuner, &store, &test, &mut pause).await {
            Ok(predicted) => predicted,
            Err(Stopped::Failed(fault)) => return Err(fault),
            Err(Stopped::OnRequest) => Vec::new(),
        };
        let seconds = ((self.spent + now() - begun) / 1000.0) as f32;
        Ok(test_report(*self.tuner.config(), self.progress.labels, self.progress.epochs, &test, predicted, seconds))
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

impl LoopBody for FineTuneRun {
    type Training = FineTuner;

    fn training(&mut self) -> &mut FineTuner {
        &mut self.tuner
    }

    fn position(&mut self) -> &mut LoopPosition {
        &mut self.position
    }

    fn enter(&mut self, phase: Phase) {
        self.progress.state = RunState::Running(phase);
        self.post_progress();
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
        self.post_progress();
        Ok(())
    }

    async fn evaluate(&mut self, epoch: u32) -> Result<bool, Fault> {
        let store = session::store().await?;
        let mut pause = pause_between(|_| {});
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
        self.post_progress();
        Ok(true)
    }

    fn save_if_due(&mut self) {
        if self.saver.is_due() {
            let (mut stored, weights) = self.to_store();
            stored.spent += now() - self.since;
            self.saver.save(&self.waiting, self.progress.place, (stored, weights));
        }
    }
}

/// Trains a linear classifier on frozen features, with the labels of `config`; None if a
/// pause or a cancel cut it short.
pub(super) async fn linear(list: &FineTuneList, config: &FineTuneConfig) -> Result<Option<FineTuneReport>, Fault> {
    let begun = now();
    let (collection, store) = images().await?;
    let train = training_labels(&collection, config);
    let [validation, test] = [Split::Validation, Split::Test].map(|split| labelled(&collection, split));
    let parts = [&train, &validation, &test];
    let all: Vec<u32> = parts.into_iter().flat_map(|part| part.images.iter().copied()).collect();
    let splits = [Split::Train, Split::Validation, Split::Test];
    let examples = Examples::among(collection.dataset(), all.iter().copied(), &splits).ok_or(Fault::NoLabels)?;
    let labels = examples.to_train_on();
    let mut progress = list.progress(config, RunState::Running(Phase::Evaluate { percent: 0 }));
    progress.labels = labels;
    post(None, Event::FineTune(progress.clone()));
    let (encoder, _) = encoder(config.start)?;
    let mut pause = pause_between(move |part| {
        progress.state = RunState::Running(Phase::Evaluate { percent: (100.0 * part) as u8 });
        post(None, Event::FineTune(progress.clone()));
    });
    let done = async {
        let rows =
            features(&encoder, &store, &all, evaluate::batch()?, &mut async |p| pause(FEATURES * p).await).await?;
        let mut share = async |p| pause(FEATURES + (1.0 - FEATURES) * p).await;
        examples.fit(&rows, config.seed, &mut share).await
    };
    match done.await {
        Ok((_, linear)) => {
            let seconds = ((now() - begun) / 1000.0) as f32;
            let epochs = vec![FineTuneEpoch {
                epoch: linear.chosen_epoch,
                loss: None,
                validation_accuracy: linear.validation_accuracy,
            }];
            Ok(Some(test_report(*config, labels, epochs, &test, linear.predicted, seconds)))
        }
        Err(Stopped::OnRequest) => Ok(None),
        Err(Stopped::Failed(fault)) => Err(fault),
    }
}
