//! Judging the encoder: kNN at the end of an epoch, linear evaluation, export.

use crate::core::config::RunConfig;
use crate::core::cost::Cost;
use crate::core::dataset::Split;
use crate::core::error::Fault;
use crate::core::report::{Baseline, EvaluationReport, Phase, RunState};
use crate::learn::baseline::{images_read, with_statistics};
use crate::learn::features::Stopped;
use crate::learn::knn::Probe;
use crate::learn::linear_eval::Evaluation;
use crate::learn::named_tensors;
use crate::learn::trainer::Trainer;
use crate::protocol::Event;
use crate::worker::jobs::weights;
use crate::worker::mailbox::post;
use crate::worker::session::{self, Job, Wish, Working, set_state, with};
use crate::worker::turn::{now, turn};

/// Images that are looked at to judge an epoch: the bank, and the queries.
const BANK: usize = 2_000;
const QUERIES: usize = 1_000;
/// Milliseconds between two reports of progress.
const TELL_EVERY: f64 = 150.0;
/// The same for kNN at the end of an epoch: most are over before.
const TELL_KNN_EVERY: f64 = 500.0;

/// Images a forward pass without gradients, of the run at hand; not while a run trains, which is
/// not in the session then.
///
/// # Errors
/// [`Fault::NoEncoder`] where there is none.
pub fn batch() -> Result<usize, Fault> {
    let config = with(|s| s.run.as_ref().map(|run| run.config)).ok_or(Fault::NoEncoder)?;
    Ok(Cost::passing_images(&config))
}

/// The images of kNN; none without labelled training and validation images.
pub fn probe(config: &RunConfig) -> Option<Probe> {
    with(|s| Probe::new(s.library.dataset()?, Split::Validation, BANK, QUERIES, config.seed))
}

/// kNN after an epoch (0: before the first step), with progress by batches of
/// images; none where a pause or a cancel cut it short.
pub async fn judge(trainer: &Trainer, probe: &Probe, epoch: u32) -> Result<Option<f32>, Fault> {
    set_state(RunState::Running(Phase::Evaluate { percent: 0 }));
    let mut told = now();
    let mut pause = async |part: f32| {
        if now() - told > TELL_KNN_EVERY {
            told = now();
            set_state(RunState::Running(Phase::Evaluate { percent: (100.0 * part) as u8 }));
        }
        turn().await;
        with(|s| s.wish) == Wish::GoOn
    };
    match knn(trainer, probe, epoch, &mut pause).await {
        Ok(accuracy) => Ok(Some(accuracy)),
        Err(Stopped::OnRequest) => Ok(None),
        Err(Stopped::Failed(fault)) => Err(fault),
    }
}

/// kNN accuracy; at epoch 0 of the step-0 encoder, whose batch-norm statistics
/// some training images first give. `pause` as in `learn::features`.
async fn knn(
    trainer: &Trainer,
    probe: &Probe,
    epoch: u32,
    pause: &mut impl AsyncFnMut(f32) -> bool,
) -> Result<f32, Stopped> {
    let batch = Cost::passing_images(trainer.config());
    if epoch > 0 {
        return probe.accuracy(&trainer.encoder(), trainer.store(), batch, pause).await;
    }
    let train = trainer.images();
    let batches = |images: usize| images.div_ceil(batch) as f32;
    let before = batches(images_read(train.len(), batch));
    let all = before + batches(probe.images());
    let mut first = async |part: f32| pause(part * before / all).await;
    let RunConfig { seed, encoder, .. } = trainer.config();
    if encoder.weights().is_some() {
        // Nothing has changed them yet, and their statistics are published ones.
        return probe.accuracy(&trainer.encoder(), trainer.store(), batch, pause).await;
    }
    let encoder = with_statistics(&trainer.initial_encoder(), trainer.store(), train, batch, *seed, &mut first).await?;
    let mut rest = async |part: f32| pause((before + part * (all - before)) / all).await;
    probe.accuracy(&encoder, trainer.store(), batch, &mut rest).await
}

/// Linear evaluation of the run's encoder beside its baselines; the queue asks for it
/// without a request.
pub async fn evaluate(id: Option<u32>) -> Result<(), Fault> {
    let _working = Working::begin(Job::Evaluate)?;
    let (collection, steps, test_use) = with(|s| match (s.library.collection(), &s.run) {
        (None, _) => Err(Fault::NoDataset),
        (_, None) => Err(Fault::NoEncoder),
        (Some(collection), Some(run)) => Ok((collection, run.steps(), run.keeper.record.evaluations + 1)),
    })?;
    let store = session::store().await?;
    bring_baseline().await?;
    let (trained, (baseline, initial), config) = with(|s| {
        s.run.as_ref().map(|r| (r.trainer.encoder(), r.trainer.baseline(), r.config)).ok_or(Fault::NoEncoder)
    })?;
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
    let mut told = 0.0;
    let mut pause = async |part| {
        if now() - told > TELL_EVERY {
            told = now();
            post(id, Event::EvaluationProgress { part });
        }
        turn().await;
        with(|s| s.wish) != Wish::Cancel
    };
    match evaluation.run(&mut pause).await {
        Ok(mut report) => {
            report.seconds = ((now() - begun) / 1000.0) as f32;
            keep(&report).await;
            post(id, Event::Evaluated(report));
            Ok(())
        }
        Err(Stopped::OnRequest) => {
            post(id, Event::EvaluationCancelled);
            Ok(())
        }
        Err(Stopped::Failed(fault)) => Err(fault),
    }
}

/// The weights that the run started from become its baseline where they were loaded since it was
/// opened; without them, the comparison with them stays missing.
async fn bring_baseline() -> Result<(), Fault> {
    let missing = with(|s| {
        let run = s.run.as_ref().filter(|run| run.trainer.baseline().0 == Baseline::Missing)?;
        Some(run.keeper.record.clone())
    });
    let Some(record) = missing else { return Ok(()) };
    let compute = session::compute().await?;
    let Some(weights) = weights::of_run(&record, &compute).await else { return Ok(()) };
    with(|s| s.run.iter_mut().for_each(|run| run.trainer.set_published(weights.clone())));
    Ok(())
}

/// Puts a result into the run's record.
async fn keep(report: &EvaluationReport) {
    let Some(kept) = with(|s| s.run.as_mut().map(|run| run.keeper.evaluated(report))) else { return };
    kept.await;
}

/// The encoder's weights and what made them.
pub async fn export(id: u32) -> Result<(), Fault> {
    let (encoder, config) = with(|s| s.run.as_ref().map(|r| (r.trainer.encoder(), r.config)).ok_or(Fault::NoEncoder))?;
    let internal = |detail| Fault::Internal { detail };
    let safetensors = named_tensors::to_safetensors(&encoder).await.map_err(|e| internal(e.to_string()))?;
    let config_json = serde_json::to_string_pretty(&config).map_err(|e| internal(e.to_string()))?;
    post(Some(id), Event::Encoder { safetensors, config_json });
    Ok(())
}
