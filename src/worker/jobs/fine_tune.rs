//! Fine-tuning of the encoder at hand: a list of trainings, one after the other,
//! through the same loop as pre-training. Their results go into the run's record.

use super::classify::Tuned;
use super::course::{self, Course, Pace};
use super::evaluate::BATCH;
use crate::core::dataset::collection::Collection;
use crate::core::dataset::{Split, fraction};
use crate::core::error::Fault;
use crate::core::metrics::ClassificationReport;
use crate::core::report::{Phase, RunState};
use crate::core::run::fine_tune::{FineTuneConfig, FineTuneEpoch, FineTuneProgress, FineTuneReport, Start, Trained};
use crate::learn::features::{Stopped, features};
use crate::learn::fine_tune::{FineTuneStep, FineTuner, LabelledImages};
use crate::learn::linear_eval::{self, Labelled, Problem};
use crate::learn::store::ByteStore;
use crate::learn::training::Training;
use crate::protocol::Event;
use crate::worker::mailbox::post;
use crate::worker::session::{self, Job, Wish, Working, with};
use crate::worker::turn::{now, turn};
use burn::module::Module;
use std::collections::VecDeque;
use std::rc::Rc;

/// Validation images that an epoch is judged by, at most.
const VALIDATION: usize = 1_000;

/// A list of trainings as it waits between two calls of the loop.
pub struct List {
    /// The first is at work.
    waiting: VecDeque<FineTuneConfig>,
    done: usize,
    at_work: Option<Tuning>,
}

/// One training.
struct Tuning {
    tuner: FineTuner,
    collection: Rc<Collection>,
    validation: LabelledImages,
    /// Losses of the epoch under way.
    losses: Vec<f32>,
    pace: Pace,
    progress: FineTuneProgress,
    /// Milliseconds spent before the loop was entered last, and since when it runs.
    spent: f64,
    since: f64,
}

/// Starts a list; one that waits is replaced.
///
/// # Errors
/// [`Fault::NoEncoder`] without a run at hand, [`Fault::Config`], [`Fault::NoLabels`] without labels in
/// two classes among the training images and some among the test images.
pub async fn start(id: u32, list: Vec<FineTuneConfig>) -> Result<(), Fault> {
    let working = Working::begin(Job::FineTune)?;
    let architecture = with(|s| s.run.as_ref().map(|run| run.config.encoder.architecture)).ok_or(Fault::NoEncoder)?;
    list.iter().try_for_each(|config| config.check(architecture)).map_err(Fault::Config)?;
    post(Some(id), Event::Alive);
    go(List { waiting: list.into(), done: 0, at_work: None }, working).await
}

/// Goes on with a list that waits.
pub async fn resume(id: u32) -> Result<(), Fault> {
    let working = Working::begin(Job::FineTune)?;
    let list = with(|s| s.fine_tuning.take()).ok_or(Fault::Busy)?;
    post(Some(id), Event::Alive);
    go(list, working).await
}

/// Drops a list that waits; results that it gave stay.
pub fn cancel_if_paused() {
    if let Some(list) = with(|s| s.fine_tuning.take()) {
        list.tell(RunState::Cancelled);
    }
}

/// Tells a list that waits once more.
pub fn tell_if_paused() {
    with(|s| {
        if let Some(list) = &s.fine_tuning {
            list.tell(RunState::Paused);
        }
    });
}

async fn go(mut list: List, working: Working) -> Result<(), Fault> {
    let ended = all(&mut list).await;
    drop(working);
    match ended {
        Ok(state) => {
            list.tell(state);
            if state == RunState::Paused {
                with(|s| s.fine_tuning = Some(list));
            }
            Ok(())
        }
        Err(fault) => {
            list.tell(RunState::Failed);
            Err(fault)
        }
    }
}

async fn all(list: &mut List) -> Result<RunState, Fault> {
    while let Some(config) = list.waiting.front().copied() {
        let report = if config.trained == Trained::Classifier {
            match linear(list, &config).await? {
                Some(report) => report,
                // It takes seconds: a pause lets it start over.
                None if with(|s| s.wish) == Wish::Pause => return Ok(RunState::Paused),
                None => return Ok(RunState::Cancelled),
            }
        } else {
            let mut tuning = match list.at_work.take() {
                Some(tuning) => tuning,
                None => Tuning::new(&config, list).await?,
            };
            tuning.since = now();
            let state = course::go(&mut tuning, false).await?;
            tuning.spent += now() - tuning.since;
            if state != RunState::Finished {
                list.at_work = Some(tuning);
                return Ok(state);
            }
            tuning.keep_classifier();
            tuning.judge_test().await?
        };
        keep(report).await;
        list.waiting.pop_front();
        list.done += 1;
    }
    Ok(RunState::Finished)
}

/// Puts a result into the run's record and tells it.
async fn keep(report: FineTuneReport) {
    let saved = with(|s| {
        let keeper = &mut s.run.as_mut()?.keeper;
        keeper.record.fine_tuned.retain(|other| other.config != report.config);
        keeper.record.fine_tuned.push(report.clone());
        Some(keeper.save_record())
    });
    if let Some(saved) = saved {
        saved.await;
    }
    post(None, Event::FineTuned(report));
}

/// The labelled images of a split.
pub fn labelled(collection: &Collection, split: Split) -> LabelledImages {
    let (images, labels) = collection.dataset().labelled(split);
    let classes = collection.dataset().classes.len();
    LabelledImages { images: images.into_iter().map(|i| i as u32).collect(), labels, classes }
}

/// The training images whose labels `config` may use.
fn chosen(collection: &Collection, config: &FineTuneConfig) -> LabelledImages {
    let (indices, labels) = collection.dataset().labelled(Split::Train);
    let of: std::collections::HashMap<usize, usize> = indices.iter().copied().zip(labels.iter().copied()).collect();
    let images = fraction::choose(&indices, &labels, config.fraction, config.seed);
    let labels = images.iter().map(|image| of[image]).collect();
    let classes = collection.dataset().classes.len();
    LabelledImages { images: images.into_iter().map(|i| i as u32).collect(), labels, classes }
}

/// The set and the store, which must be there, with labels to train on and to test.
async fn set() -> Result<(Rc<Collection>, ByteStore), Fault> {
    let collection = with(|s| s.library.collection()).ok_or(Fault::NoDataset)?;
    if collection.dataset().labelled(Split::Test).0.is_empty() {
        return Err(Fault::NoLabels);
    }
    Ok((collection, session::store().await?))
}

impl Tuning {
    async fn new(config: &FineTuneConfig, list: &List) -> Result<Self, Fault> {
        let (collection, store) = set().await?;
        let device = session::compute().await?.device;
        let set = chosen(&collection, config);
        let (encoder, features) = with(|s| {
            let run = s.run.as_ref()?;
            let encoder = match config.start {
                Start::Pretrained => run.trainer.encoder(),
                Start::Random => run.trainer.initial_encoder(),
            };
            Some((encoder, run.config.encoder.features()))
        })
        .ok_or(Fault::NoEncoder)?;
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
        let pace = Pace::new(None);
        Ok(Self { tuner, collection, validation, losses: Vec::new(), pace, progress, spent: 0.0, since: now() })
    }

    /// New images are shown to it from now on; a baseline is none for that.
    fn keep_classifier(&self) {
        let config = *self.tuner.config();
        if config.start == Start::Pretrained {
            let (steps, classifier) = (steps(), self.tuner.classifier());
            with(|s| {
                let Some(run) = &s.run else { return };
                let run = run.keeper.record.id.clone();
                s.classify.tuned = Some(Tuned { run, config, steps, classifier });
            });
        }
    }

    /// The result, with the weights as they are now.
    async fn judge_test(self) -> Result<FineTuneReport, Fault> {
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

fn report(
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
        steps: steps(),
        seconds,
    }
}

/// Steps of pre-training of the run at hand, which waits meanwhile.
fn steps() -> u32 {
    with(|s| s.run.as_ref().map_or(0, |run| run.steps()))
}

/// The class with the largest logit for each image.
async fn predict(
    tuner: &FineTuner,
    store: &ByteStore,
    set: &LabelledImages,
    pause: &mut impl AsyncFnMut(f32) -> bool,
) -> Result<Vec<u16>, Stopped> {
    let logits = tuner.classifier().logits(store, &set.images, BATCH, pause).await?;
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
        post(None, Event::FineTune(self.progress.clone()));
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
        post(None, Event::FineTune(self.progress.clone()));
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
        post(None, Event::FineTune(self.progress.clone()));
        Ok(true)
    }

    /// A list waits in memory only; what it has finished is stored.
    fn save_if_due(&mut self) {}
}

impl List {
    fn progress(&self, config: &FineTuneConfig, state: RunState) -> FineTuneProgress {
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
        }
    }

    /// Tells how the list stands, or how it ended.
    fn tell(&self, state: RunState) {
        let progress = match (&self.at_work, self.waiting.front()) {
            (Some(tuning), _) => FineTuneProgress { state, ..tuning.progress.clone() },
            (None, Some(config)) => self.progress(config, state),
            // All are done: the place is behind the last.
            (None, None) => self.progress(&FineTuneConfig::recipe(Start::Pretrained, Trained::All, 100, 0), state),
        };
        post(None, Event::FineTune(progress));
    }
}

/// A linear classifier on frozen features, with the labels of `config`; none where a
/// wish cut it short.
async fn linear(list: &List, config: &FineTuneConfig) -> Result<Option<FineTuneReport>, Fault> {
    let begun = now();
    let (collection, store) = set().await?;
    let train = chosen(&collection, config);
    if train.labels.iter().all(|l| Some(l) == train.labels.first()) {
        return Err(Fault::NoLabels);
    }
    let mut progress = list.progress(config, RunState::Running(Phase::Evaluate { percent: 0 }));
    progress.labels = train.images.len();
    post(None, Event::FineTune(progress.clone()));
    let encoder = with(|s| {
        let run = s.run.as_ref()?;
        Some(match config.start {
            Start::Pretrained => run.trainer.encoder(),
            Start::Random => run.trainer.initial_encoder(),
        })
    })
    .ok_or(Fault::NoEncoder)?;
    let parts = [train, labelled(&collection, Split::Validation), labelled(&collection, Split::Test)];
    let mut told = now();
    let mut pause = async |part: f32| {
        if now() - told > 150.0 {
            told = now();
            progress.state = RunState::Running(Phase::Evaluate { percent: (100.0 * part) as u8 });
            post(None, Event::FineTune(progress.clone()));
        }
        turn().await;
        with(|s| s.wish) == Wish::GoOn
    };
    let done = async {
        let mut rows = Vec::with_capacity(3);
        let all: usize = parts.iter().map(|p| p.images.len()).sum();
        let mut before = 0;
        for part in &parts {
            let mut share =
                async |p: f32| pause(0.8 * (before as f32 + p * part.images.len() as f32) / all as f32).await;
            rows.push(features(&encoder, &store, &part.images, BATCH, &mut share).await?);
            before += part.images.len();
        }
        let of = |i: usize| Labelled { rows: &rows[i], labels: &parts[i].labels };
        let problem = Problem { train: of(0), validation: of(1), test: of(2), classes: parts[0].classes };
        linear_eval::train(&problem, config.seed, &mut async |p| pause(0.8 + 0.2 * p).await).await
    };
    match done.await {
        Ok(linear) => {
            let seconds = ((now() - begun) / 1000.0) as f32;
            let epochs = vec![FineTuneEpoch {
                epoch: linear.chosen_epoch,
                loss: None,
                validation_accuracy: linear.validation_accuracy,
            }];
            Ok(Some(report(*config, parts[0].images.len(), epochs, &parts[2], linear.predicted, seconds)))
        }
        Err(Stopped::OnRequest) => Ok(None),
        Err(Stopped::Failed(fault)) => Err(fault),
    }
}
