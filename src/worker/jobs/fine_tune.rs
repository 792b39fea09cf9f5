//! Fine-tuning of the encoder at hand: a list of trainings, one after the other,
//! through the same loop as pre-training. Their results go into the run's record.

mod linear;
mod stored;
mod tuning;

use crate::core::cost::Cost;
use crate::core::dataset::collection::Collection;
use crate::core::dataset::{Split, fraction};
use crate::core::error::Fault;
use crate::core::metrics::ClassificationReport;
use crate::core::report::RunState;
use crate::core::run::fine_tune::{
    FineTuneConfig, FineTuneEpoch, FineTuneProgress, FineTuneReport, Start, StoredTuning, Trained,
};
use crate::learn::encoder::Encoder;
use crate::learn::fine_tune::LabelledImages;
use crate::learn::store::ByteStore;
use crate::protocol::Event;
use crate::worker::beside::Beside;
use crate::worker::mailbox::post;
use crate::worker::session::{self, Job, Wish, Working, with};
use linear::linear;
use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;
use stored::Saver;
pub use stored::stored;
use tuning::Tuning;

/// A list of trainings as it waits between two calls of the loop.
pub struct List {
    /// The first is at work.
    waiting: VecDeque<FineTuneConfig>,
    done: usize,
    at_work: Option<Tuning>,
    /// The first as an earlier visit left it, with its weights.
    begun: Option<(StoredTuning, Vec<u8>)>,
    saver: Saver,
}

/// Starts a list; one that waits is replaced.
///
/// # Errors
/// [`Fault::NoEncoder`] without a run at hand, [`Fault::Config`], [`Fault::NoLabels`] without labels in
/// two classes among the training images and some among the test images, [`Fault::NeedsMemory`].
pub async fn start(id: u32, list: Vec<FineTuneConfig>) -> Result<(), Fault> {
    let working = Working::begin(Job::FineTune)?;
    let run = with(|s| s.run.as_ref().map(|run| run.config)).ok_or(Fault::NoEncoder)?;
    list.iter().try_for_each(|config| config.check(run.encoder.architecture)).map_err(Fault::Config)?;
    let collection = with(|s| s.library.collection()).ok_or(Fault::NoDataset)?;
    let images = collection.dataset().examples.len();
    let backend = session::compute().await?.report.backend;
    let fits = |config| Cost::tuning_fits(&run, config, chosen(&collection, config).labels.len(), images, backend);
    list.iter().try_for_each(fits)?;
    post(Some(id), Event::Alive);
    let saver = Saver::new(Beside::run_at_hand(), steps());
    let list = List { waiting: list.into(), done: 0, at_work: None, begun: None, saver };
    list.save().await;
    go(list, working).await
}

/// Goes on with a list that waits.
pub async fn resume(id: u32) -> Result<(), Fault> {
    let working = Working::begin(Job::FineTune)?;
    let list = with(|s| s.fine_tuning.take()).ok_or(Fault::Busy)?;
    post(Some(id), Event::Alive);
    go(list, working).await
}

/// Drops a list that waits, for good; results that it gave stay.
pub fn cancel_if_paused() {
    if let Some(list) = with(|s| s.fine_tuning.take()) {
        list.tell(RunState::Cancelled);
        wasm_bindgen_futures::spawn_local(async move { list.saver.remove().await });
    }
}

/// Lets a list that waits go with the run at hand: it is stored beside that run, and offered
/// again with it.
pub fn put_away() {
    with(|s| s.fine_tuning = None);
}

/// Tells a list that waits once more.
pub fn tell_if_paused() {
    if let Some(progress) = with(|s| s.fine_tuning.as_ref().map(|list| list.now(RunState::Paused))) {
        post(None, Event::FineTune(progress));
    }
}

async fn go(mut list: List, working: Working) -> Result<(), Fault> {
    let ended = all(&mut list).await;
    // With another device, once there is room or with the images it can go on.
    let later = |fault: &Fault| {
        matches!(fault, Fault::OutOfMemory { .. } | Fault::Device(_) | Fault::NoDataset | Fault::Storage(_))
    };
    match &ended {
        Ok(RunState::Paused) => list.save().await,
        Err(fault) if later(fault) => {}
        _ => list.saver.remove().await,
    }
    drop(working);
    match ended {
        Ok(state) => {
            list.tell(state);
            if state == RunState::Paused {
                with(|s| s.fine_tuning = Some(list));
            }
            Ok(())
        }
        Err(fault) if later(&fault) => {
            list.tell(RunState::Paused);
            with(|s| s.fine_tuning = Some(list));
            Err(fault)
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
                None => {
                    let begun = list.begun.take();
                    let again = begun.is_some();
                    match Tuning::new(&config, list, begun).await {
                        // What was stored of it is of no use: it starts over.
                        Err(Fault::Internal { .. }) if again => Tuning::new(&config, list, None).await?,
                        tuning => tuning?,
                    }
                }
            };
            let state = tuning.go().await?;
            if state != RunState::Finished {
                list.at_work = Some(tuning);
                return Ok(state);
            }
            tuning.keep_classifier().await;
            tuning.judge_test().await?
        };
        keep(report).await;
        list.waiting.pop_front();
        list.done += 1;
        if !list.waiting.is_empty() {
            list.save().await;
        }
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
    let of: HashMap<usize, usize> = indices.iter().copied().zip(labels.iter().copied()).collect();
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

/// The encoder that a classifier starts from, for evaluation, and how many features it gives.
fn encoder(start: Start) -> Result<(Encoder, usize), Fault> {
    with(|s| {
        let run = s.run.as_ref()?;
        let encoder = match start {
            Start::Pretrained => run.trainer.encoder(),
            Start::Random => run.trainer.initial_encoder(),
        };
        Some((encoder, run.config.encoder.features()))
    })
    .ok_or(Fault::NoEncoder)
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

impl List {
    /// Stores it as it is between two steps.
    async fn save(&self) {
        let at_work = self.at_work.as_ref().map(Tuning::stored);
        // One that was not begun again is stored as it was left.
        if self.begun.is_none() {
            self.saver.save_now(&self.all(), self.done, at_work).await;
        }
    }

    /// What is left.
    fn all(&self) -> Vec<FineTuneConfig> {
        self.waiting.iter().copied().collect()
    }

    /// Steps of the trainings behind the first.
    fn steps_ahead(&self) -> u32 {
        let Some(collection) = with(|s| s.library.collection()) else { return 0 };
        let labels = collection.dataset().labelled(Split::Train).1;
        let classes = labels.iter().collect::<HashSet<_>>().len();
        let steps = |c: &FineTuneConfig| c.total_steps(fraction::count(labels.len(), classes, c.fraction));
        self.waiting.iter().skip(1).map(steps).sum()
    }

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
            steps_ahead: self.steps_ahead(),
            not_saved: self.saver.fault(),
        }
    }

    /// Tells how the list stands, or how it ended.
    fn tell(&self, state: RunState) {
        post(None, Event::FineTune(self.now(state)));
    }

    fn now(&self, state: RunState) -> FineTuneProgress {
        match (&self.at_work, &self.begun, self.waiting.front()) {
            (Some(tuning), ..) => tuning.progress(state),
            (None, Some((stored, _)), _) => FineTuneProgress { state, not_saved: None, ..stored.progress.clone() },
            (None, None, Some(config)) => self.progress(config, state),
            // All are done: the place is behind the last.
            (None, None, None) => {
                self.progress(&FineTuneConfig::recipe(Start::Pretrained, Trained::All, 100, 0), state)
            }
        }
    }
}
