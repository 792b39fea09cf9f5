//! One fine-tuning: a training that is evaluated on validation after every epoch and on
//! test at its end; or a linear classifier on frozen features.

use super::list::{images, labelled, network, pretraining_steps, test_report, training_labels};
use crate::core::dataset::{Split, collection::Collection};
use crate::core::error::Fault;
use crate::core::report::{LinearReport, Phase, RunState};
use crate::core::run::fine_tune::{
    FineTuneConfig, FineTuneEpoch, FineTuneReport, StoredTuning, TrainedLayers, TuningStart, push_epoch,
};
use crate::learn::features::{KnownFeatures, Stopped, features};
use crate::learn::fine_tune::{FineTuneStep, FineTuner, LabelledImages};
use crate::learn::linear_evaluation::{Examples, LinearClassifier};
use crate::learn::{store::ByteStore, training::Training};
use crate::protocol::Event;
use crate::worker::event_loop::{Throttle, yield_now};
use crate::worker::jobs::training_loop::{self, LoopBody};
use crate::worker::run::{FineTuneList, FineTuneRun, LoopPosition, TunedClassifier};
use crate::worker::session::{self, pause_between, with};
use crate::worker::{jobs::evaluate, js::now, mailbox::post};
use burn::module::Module;
use std::collections::BTreeSet;

/// Part of the progress of a linear classifier that computes features; the rest trains it.
const FEATURES: f32 = 0.8;

impl FineTuneRun {
    /// Begins the first of `list` on the current run's encoder: from its start, or as an earlier visit stored it. `None`
    /// if a pause or a cancel cut short what its classifier starts from.
    pub(super) async fn begin(
        config: &FineTuneConfig,
        list: &mut FineTuneList,
        stored: Option<(StoredTuning, Vec<u8>)>,
    ) -> Result<Option<Self>, Fault> {
        let (collection, store) = images().await?;
        let device = session::compute().await?.device;
        let labels = training_labels(&collection, config);
        let (encoder, layer, features) = network(config)?;
        let mut progress = list.progress(config, RunState::Running(Phase::Load));
        progress.labels = labels.images.len();
        post(None, Event::FineTune(progress.clone()));
        yield_now().await;
        // What was stored has a classifier that learned already.
        let head = match config.needs_linear() && stored.is_none() {
            false => None,
            true => match fit(list, config, &collection, &[Split::Train]).await? {
                Some((linear, _)) => Some(linear.tensors().await?),
                None => return Ok(None),
            },
        };
        let mut tuner =
            FineTuner::new(config, encoder.train(), layer.map(Module::train), features, store, labels, &device)?;
        if let Some(head) = head {
            tuner = tuner.with_head(head).map_err(|e| Fault::Internal { detail: e.to_string() })?;
        }
        progress.total_steps = tuner.total_steps();
        let mut validation = labelled(&collection, Split::Validation);
        let (all, most) = (validation.images.len(), config.validation_images(progress.labels, validation.images.len()));
        // The images are in the order of their classes: some of them, evenly spread.
        let some = |i: usize| i * all / most.max(1);
        validation.images = (0..most).map(|i| validation.images[some(i)]).collect();
        validation.labels = (0..most).map(|i| validation.labels[some(i)]).collect();
        let (waiting, saver) = (list.all(), list.saver.clone());
        let mut run = Self {
            tuner,
            collection,
            validation,
            losses: Vec::new(),
            throttle: Throttle::of_progress(),
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
            let (done, evaluated) = (run.tuner.epochs_done(), stored.progress.epochs_done());
            run.position = LoopPosition::new(Some(done).filter(|done| *done > evaluated));
            run.progress = stored.progress;
            (run.losses, run.spent) = (stored.losses, stored.spent);
        }
        Ok(Some(run))
    }

    /// Trains until the end, a pause or a cancel.
    pub(super) async fn train(&mut self) -> Result<RunState, Fault> {
        self.since = now();
        let state = training_loop::train(self, false).await?;
        self.spent += now() - self.since;
        Ok(state)
    }

    /// Posts the progress, if the newest is not too young: an epoch can be one step, and it carries hundreds of epochs.
    fn post_progress(&self) {
        if self.throttle.is_due() {
            post(None, Event::FineTune(self.progress_in(self.progress.state)));
        }
    }

    /// After the last step: the statistics become those of all training images, for which no label is needed, unless few
    /// labels kept those of pre-training.
    pub(super) async fn settle(&mut self) -> Result<(), Fault> {
        let train = self.collection.dataset().split(Split::Train);
        let train: Vec<u32> = train.into_iter().map(|i| i as u32).collect();
        let mut pause = async |_| {
            yield_now().await;
            true
        };
        Ok(self.tuner.estimate_statistics(&train, evaluate::batch()?, &mut pause).await?)
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
        let state = RunState::Running(phase);
        if std::mem::replace(&mut self.progress.state, state) != state {
            self.throttle.reset();
        }
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
        let (config, images) = (self.tuner.config(), self.validation.images.len());
        let validation_accuracy = if !config.validates_after(epoch, self.progress.labels, images) {
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
        push_epoch(&mut self.progress.epochs, FineTuneEpoch { epoch, loss: Some(loss), validation_accuracy });
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

/// Trains a linear classifier on frozen features with the labels of `config`, by the recipe as it is: the
/// validation split, which may have more labels than the fraction, has no part in it. `splits`: the training split, and the
/// test split if it is judged. None if a pause or a cancel cut it short.
async fn fit(
    list: &mut FineTuneList,
    config: &FineTuneConfig,
    collection: &Collection,
    splits: &[Split],
) -> Result<Option<(LinearClassifier, LinearReport)>, Fault> {
    let test = labelled(collection, Split::Test).images;
    let mut images = training_labels(collection, config).images;
    images.extend(test.iter().filter(|_| splits.contains(&Split::Test)));
    let examples = Examples::among(collection.dataset(), images.iter().copied(), splits).ok_or(Fault::NoLabels)?;
    let mut progress = list.progress(config, RunState::Running(Phase::Evaluate { percent: 0 }));
    progress.labels = examples.to_train_on();
    post(None, Event::FineTune(progress.clone()));
    let mut pause = pause_between(move |part| {
        progress.state = RunState::Running(Phase::Evaluate { percent: (100.0 * part) as u8 });
        post(None, Event::FineTune(progress.clone()));
    });
    let done = async {
        let (encoder, layer, _) = network(config)?;
        let h = match list.frozen.of(&images) {
            Some(rows) => rows,
            None => {
                // All that the rest of the list needs, at once: smaller fractions are parts of larger ones.
                let needs = |c: &&FineTuneConfig| c.needs_linear();
                let labels = list.waiting.iter().filter(needs).flat_map(|c| training_labels(collection, c).images);
                let judged = list.waiting.iter().any(|c| c.trained == TrainedLayers::Classifier);
                let all: BTreeSet<u32> =
                    labels.chain(test.into_iter().filter(|_| judged)).chain(images.clone()).collect();
                let all: Vec<u32> = all.into_iter().collect();
                let mut share = async |p| pause(FEATURES * p).await;
                let rows = features(&encoder, &session::store().await?, &all, evaluate::batch()?, &mut share).await?;
                list.frozen = KnownFeatures::new(all, rows);
                list.frozen.of(&images).unwrap_or_default()
            }
        };
        let rows = match layer {
            Some(layer) => h.through(|h| layer.activations(h), &session::compute().await?.device).await?,
            None => h,
        };
        examples.fit(&rows, config.seed, &mut async |p| pause(FEATURES + (1.0 - FEATURES) * p).await).await
    };
    match done.await {
        Ok(fitted) => Ok(Some(fitted)),
        Err(Stopped::OnRequest) => Ok(None),
        Err(Stopped::Failed(fault)) => Err(fault),
    }
}

/// The result of a linear classifier on frozen features; None if a pause or a cancel cut it short.
pub(super) async fn linear(list: &mut FineTuneList, config: &FineTuneConfig) -> Result<Option<FineTuneReport>, Fault> {
    let begun = now();
    let (collection, _) = images().await?;
    let Some((_, linear)) = fit(list, config, &collection, &[Split::Train, Split::Test]).await? else {
        return Ok(None);
    };
    let (labels, test) = (training_labels(&collection, config).images.len(), labelled(&collection, Split::Test));
    let epoch = FineTuneEpoch { epoch: linear.chosen_epoch, loss: None, validation_accuracy: None };
    let seconds = ((now() - begun) / 1000.0) as f32;
    Ok(Some(test_report(*config, labels, vec![epoch], &test, linear.predicted, seconds)))
}
