//! Evaluates the encoder: kNN at the end of an epoch, linear evaluation.

use crate::core::report::{Baseline, KNN_BANK, KNN_QUERIES, Phase, RunState};
use crate::core::{config::RunConfig, cost::Cost, dataset::Split, error::Fault};
use crate::learn::baseline::{images_read, with_statistics};
use crate::learn::{
    features::Stopped, knn::Probe, linear_evaluation::Evaluation, trainer::Trainer, training::Training,
};
use crate::protocol::{Event, Work, WorkProgress};
use crate::worker::session::{self, Job, JobGuard, of_run, pause_between, set_state, with};
use crate::worker::{event_loop::Throttle, jobs::published_weights, js::now, mailbox::post};

/// Milliseconds until kNN first reports its progress, and between two reports. Most end before: the page then goes on
/// showing how far the run is.
const REPORT_KNN_EVERY: f64 = 500.0;

/// Images in a forward pass without gradients, for the current run.
///
/// # Errors
/// [`Fault::NoEncoder`] without a run, and while the training loop has it.
pub fn batch() -> Result<usize, Fault> {
    of_run(|run| Cost::passing_images(&run.config))
}

/// The images of kNN; None without labelled training and validation images.
pub fn probe(config: &RunConfig) -> Option<Probe> {
    with(|s| Probe::new(s.library.dataset()?, Split::Validation, KNN_BANK, KNN_QUERIES, config.seed))
}

/// kNN accuracy after an epoch (0: before the first step), with progress. None if a pause or a cancel cut it short.
///
/// # Errors
/// [`Fault::NoWeights`] where epoch 0 is asked for and the weights that the run started from are not loaded;
/// [`Fault::NotFinite`]; what the device reports.
pub async fn knn_after(trainer: &Trainer, probe: &Probe, epoch: u32) -> Result<Option<f32>, Fault> {
    let report = |part: f32| set_state(RunState::Running(Phase::Evaluate { percent: (100.0 * part) as u8 }));
    report(0.0);
    let throttle = Throttle::new(REPORT_KNN_EVERY);
    throttle.restart();
    let mut pause = pause_between(move |part| {
        if throttle.is_due() {
            report(part);
        }
    });
    match knn(trainer, probe, epoch, &mut pause).await {
        Ok(accuracy) => Ok(Some(accuracy)),
        Err(Stopped::OnRequest) => Ok(None),
        Err(Stopped::Failed(Fault::OutputsNotFinite)) => Err(Fault::NotFinite { step: trainer.steps() }),
        Err(Stopped::Failed(fault)) => Err(fault),
    }
}

/// kNN accuracy. At epoch 0 it is of the encoder before the first step, with running mean 0 and variance 1 or
/// with statistics of some training images, whichever serves it better. `pause` as in `learn::features`.
async fn knn(
    trainer: &Trainer,
    probe: &Probe,
    epoch: u32,
    pause: &mut impl AsyncFnMut(f32) -> bool,
) -> Result<f32, Stopped> {
    let RunConfig { seed, encoder, .. } = trainer.config();
    let (store, batch) = (trainer.store(), Cost::passing_images(trainer.config()));
    let initial = match (epoch, trainer.baseline(), encoder.weights()) {
        (0, (Baseline::Missing, _), Some(encoder)) => return Err(Stopped::Failed(Fault::NoWeights { encoder })),
        (0, (_, Some(initial)), _) => initial,
        _ => trainer.encoder(),
    };
    // The statistics of published weights are published, too.
    if epoch > 0 || encoder.weights().is_some() || !initial.has_batch_norm() {
        return probe.accuracy(&initial, store, batch, pause).await;
    }
    let train = trainer.images();
    let batches = |images: usize| images.div_ceil(batch) as f32;
    let (before, one) = (batches(images_read(train.len(), batch)), batches(probe.images()));
    let all = before + 2.0 * one;
    let first = probe.accuracy(&initial, store, batch, &mut async |p| pause(p * one / all).await).await?;
    let mut middle = async |p| pause((one + p * before) / all).await;
    let estimated = with_statistics(&initial, store, train, batch, *seed, &mut middle).await?;
    let mut rest = async |p| pause((one + before + p * one) / all).await;
    Ok(first.max(probe.accuracy(&estimated, store, batch, &mut rest).await?))
}

/// Linear evaluation of the run's encoder beside its baselines.
pub async fn evaluate() -> Result<Event, Fault> {
    let _guard = JobGuard::begin(Job::Evaluate)?;
    let collection = session::collection()?;
    let (steps, test_use) = of_run(|run| (run.steps(), run.saver.record.evaluations + 1))?;
    let store = session::store().await?;
    load_baseline().await?;
    let (trained, (baseline, initial), config) =
        of_run(|run| (run.trainer.encoder(), run.trainer.baseline(), run.config))?;
    let begun = now();
    let evaluation = Evaluation {
        dataset: collection.dataset(),
        store: &store,
        trained: &trained,
        baseline,
        initial: initial.as_ref(),
        batch: Cost::passing_images(&config),
        seed: config.seed,
        steps,
        test_use,
    };
    let mut pause = pause_between(|part| post(None, Event::Progress(WorkProgress::Evaluate { part })));
    match evaluation.run(&mut pause).await {
        Ok(mut report) => {
            report.seconds = ((now() - begun) / 1000.0) as f32;
            let saved = with(|s| s.run.as_mut().map(|run| run.saver.add_evaluation(&report)));
            if let Some(saved) = saved {
                saved.await;
            }
            Ok(Event::Evaluated(report))
        }
        Err(Stopped::OnRequest) => Ok(Event::Cancelled(Work::Evaluation)),
        Err(Stopped::Failed(fault)) => Err(fault),
    }
}

/// Takes the weights that the run started from as its baseline if they were loaded since it was
/// opened. Without them the comparison with them stays missing.
async fn load_baseline() -> Result<(), Fault> {
    let missing = with(|s| {
        let run = s.run.as_ref().filter(|run| run.trainer.baseline().0 == Baseline::Missing)?;
        Some(run.saver.record.clone())
    });
    let Some(record) = missing else { return Ok(()) };
    let compute = session::compute().await?;
    if let Some(weights) = published_weights::baseline_of(&record, &compute).await {
        with(|s| s.run.iter_mut().for_each(|run| run.trainer.set_published(weights.clone())));
    }
    Ok(())
}
