//! Fine-tuning of the current encoder: a list of trainings, one after the other,
//! through the same loop as pre-training. Their results go into the run's record.

mod list;
mod training;

use crate::core::run::fine_tune::{FineTuneConfig, FineTuneReport, TrainedLayers};
use crate::core::{config::RunConfig, cost::Cost, error::Fault, report::RunState, run::RunEvent};
use crate::learn::features::KnownFeatures;
use crate::protocol::Event;
use crate::worker::run::{FineTuneList, FineTuneRun};
use crate::worker::session::{self, Control, Job, JobGuard, control, of_run, with};
use crate::worker::{fine_tune_saver::FineTuneSaver, mailbox::post};
pub use list::labelled;
use list::{pretraining_steps, training_labels};
use training::linear;

/// Trains a list in place of one that waits: how that ended.
///
/// # Errors
/// [`Fault::NoEncoder`] without a current run, [`Fault::Config`], [`Fault::NoLabels`] without labels in
/// two classes among the training images and some among the test images, [`Fault::NeedsMemory`].
pub async fn start(id: Option<u32>, list: Vec<FineTuneConfig>) -> Result<RunState, Fault> {
    let guard = JobGuard::begin(Job::FineTune)?;
    let (run, folder) = of_run(|run| (run.config, run.saver.folder()))?;
    check(&run, pretraining_steps(), &list).await?;
    post(id, Event::Alive);
    let saver = FineTuneSaver::new(folder, pretraining_steps(), None);
    let waiting = list.into();
    let list = FineTuneList { waiting, done: 0, current: None, stored: None, saver, frozen: KnownFeatures::default() };
    list.save().await;
    go(list, guard).await
}

/// Whether the list can be trained after `steps` steps of `run` on the images that are loaded.
///
/// # Errors
/// [`Fault::Config`], [`Fault::NeedsMemory`].
pub async fn check(run: &RunConfig, steps: u32, list: &[FineTuneConfig]) -> Result<(), Fault> {
    list.iter().try_for_each(|config| config.check(run, steps)).map_err(Fault::Config)?;
    let collection = session::collection()?;
    let images = collection.dataset().examples.len();
    let backend = session::compute().await?.report.backend;
    let fits =
        |config| Cost::tuning_fits(run, config, training_labels(&collection, config).labels.len(), images, backend);
    list.iter().try_for_each(fits)
}

/// Goes on with a list that waits.
pub async fn resume(id: Option<u32>) -> Result<RunState, Fault> {
    let guard = JobGuard::begin(Job::FineTune)?;
    let list = with(|s| s.fine_tuning.take()).ok_or(Fault::Busy)?;
    post(id, Event::Alive);
    go(list, guard).await
}

/// Drops a list that waits, for good, and says whether there was one. The results that it gave stay.
pub fn cancel_if_paused() -> bool {
    let Some(list) = with(|s| s.fine_tuning.take()) else { return false };
    list.report(RunState::Cancelled);
    wasm_bindgen_futures::spawn_local(async move { list.saver.remove().await });
    true
}

/// Reports a list that waits once more.
pub fn report_if_paused() {
    if let Some(list) = with(|s| s.fine_tuning.take()) {
        list.report(RunState::Paused);
        with(|s| s.fine_tuning = Some(list));
    }
}

async fn go(mut list: FineTuneList, guard: JobGuard) -> Result<RunState, Fault> {
    let ended = train_all(&mut list).await;
    // With another device, with more memory or with the images it can go on.
    let later = |fault: &Fault| {
        matches!(fault, Fault::OutOfMemory { .. } | Fault::Device(_) | Fault::NoDataset | Fault::Storage(_))
    };
    let state = match &ended {
        Ok(state) => *state,
        Err(fault) if later(fault) => RunState::Paused,
        Err(_) => RunState::Failed,
    };
    match &ended {
        Ok(RunState::Paused) => list.save().await,
        Err(fault) if later(fault) => {}
        _ => list.saver.remove().await,
    }
    drop(guard);
    list.report(state);
    if state == RunState::Paused {
        with(|s| s.fine_tuning = Some(list));
    }
    ended
}

async fn train_all(list: &mut FineTuneList) -> Result<RunState, Fault> {
    while let Some(config) = list.waiting.front().copied() {
        let report = if config.trained == TrainedLayers::Classifier {
            match linear(list, &config).await? {
                Some(report) => report,
                None => return Ok(cut_short()),
            }
        } else {
            let run = match (list.current.take(), list.stored.take()) {
                (Some(run), _) => Some(run),
                (None, None) => FineTuneRun::begin(&config, list, None).await?,
                (None, stored) => match FineTuneRun::begin(&config, list, stored).await {
                    // What was stored can't be used: the training starts over.
                    Err(Fault::Internal { .. }) => FineTuneRun::begin(&config, list, None).await?,
                    run => run?,
                },
            };
            let Some(mut run) = run else { return Ok(cut_short()) };
            let state = run.train().await?;
            if state != RunState::Finished {
                list.current = Some(run);
                return Ok(state);
            }
            run.settle().await?;
            run.keep_classifier().await;
            run.test().await?
        };
        add_to_record(report).await;
        list.waiting.pop_front();
        list.done += 1;
        if !list.waiting.is_empty() {
            list.save().await;
        }
    }
    Ok(RunState::Finished)
}

/// The state in which a pause or a cancel leaves a list during a linear classifier. It takes seconds: after a pause it
/// starts over.
fn cut_short() -> RunState {
    if control() == Control::Pause { RunState::Paused } else { RunState::Cancelled }
}

/// Puts a result into the run's record and reports it.
async fn add_to_record(report: FineTuneReport) {
    let saved = with(|s| {
        let saver = &mut s.run.as_mut()?.saver;
        saver.record.fine_tuned.retain(|other| other.config != report.config);
        saver.record.fine_tuned.push(report.clone());
        Some(saver.save_event(RunEvent::FineTuned))
    });
    if let Some(saved) = saved {
        saved.await;
    }
    post(None, Event::FineTuned(report));
}
