//! Estimates how long a run takes on this device: times a few real steps and kNN.

use crate::core::{config::RunConfig, cost::Cost, dataset::Split, error::Fault, report::Estimate};
use crate::learn::{features::Stopped, knn::Probe, simclr::initial_encoder, trainer::Trainer, training::Training};
use crate::worker::session::{self, Control, Job, JobGuard, control, with};
use crate::worker::{device::Compute, event_loop::yield_now, jobs::evaluate, js::now};
use std::cell::RefCell;

/// Stop timing after this many milliseconds or steps, whichever comes first.
const LONG_ENOUGH: f64 = 1_500.0;
const STEPS: usize = 8;

thread_local! {
    /// The newest estimate, with the number of training images and of all images that it was made with.
    static LAST: RefCell<Option<(Estimate, [usize; 2])>> = const { RefCell::new(None) };
}

/// Times a few steps of `config` and kNN, unless the newest estimate holds for it.
pub async fn estimate(config: &RunConfig) -> Result<Estimate, Fault> {
    config.check().map_err(Fault::Config)?;
    let compute = session::compute().await?;
    let backend = compute.report.backend;
    let (train, images) = training_images(config)?;
    Cost::fits(config, images, backend)?;
    let images = [train.len(), images];
    let kept = LAST.with_borrow(|last| {
        last.as_ref().filter(|(e, of)| *of == images && e.holds(config, &backend)).map(|(e, _)| e.clone())
    });
    let estimate = match kept {
        Some(kept) => Estimate { config: *config, ..kept },
        None => time(config, &compute, &train).await?,
    };
    LAST.set(Some((estimate.clone(), images)));
    Ok(estimate)
}

/// Indices of the training images, and the number of all images.
///
/// # Errors
/// [`Fault::NoDataset`], [`Fault::WrongSize`] or [`Fault::TooFewImages`].
pub fn training_images(config: &RunConfig) -> Result<(Vec<usize>, usize), Fault> {
    with(|s| {
        let dataset = s.library.dataset().ok_or(Fault::NoDataset)?;
        if dataset.size != config.image_size {
            return Err(Fault::WrongSize { images: dataset.size, config: config.image_size });
        }
        let train = dataset.split(Split::Train);
        let need = config.batch.max(2);
        if train.len() < need {
            return Err(Fault::TooFewImages { have: train.len(), need });
        }
        Ok((train, dataset.examples.len()))
    })
}

async fn time(config: &RunConfig, compute: &Compute, train: &[usize]) -> Result<Estimate, Fault> {
    let _guard = JobGuard::begin(Job::Measure)?;
    let store = session::store().await?;
    // No message is read during a step, so the timed batch must be small.
    let batch = Cost::timed_batch(config, &compute.report);
    // In as many chunks as the whole batch. A run without epochs gets a step to time, too.
    let chunk = if config.chunk_images() < config.batch { config.chunk.min(batch / 2) } else { 0 };
    let timed = RunConfig { batch, chunk, epochs: config.epochs.max(1), ..*config };
    let mut trainer = match config.encoder.weights() {
        // The values of the weights make no difference to the time.
        Some(_) => {
            let any = initial_encoder(&config.encoder, config.seed, &compute.device);
            Trainer::from_weights(&timed, store, train, &compute.device, any)?
        }
        None => Trainer::new(&timed, store, train, &compute.device)?,
    };
    // The first step compiles kernels and is not timed.
    trainer.step();
    trainer.read().await?;
    let mut times = Vec::new();
    let begun = now();
    while times.len() < STEPS && now() - begun < LONG_ENOUGH && (times.is_empty() || !trainer.done()) {
        yield_now().await;
        go_on()?;
        let start = now();
        trainer.step();
        trainer.read().await?;
        times.push(now() - start);
    }
    yield_now().await;
    go_on()?;
    times.sort_by(f64::total_cmp);
    // A coarse clock may give 0.
    let timed = times.get(times.len() / 2).map_or(0.1, |ms| ms.max(0.1));
    let images = Cost::timed_images(config, &compute.report, Cost::passing_images(config));
    let knn_milliseconds = match evaluate::probe(config) {
        Some(probe) => time_knn(&trainer, &probe, images).await?,
        None => 0.0,
    };
    Ok(Estimate {
        config: *config,
        backend: compute.report.backend,
        step_milliseconds: timed * config.batch as f64 / batch as f64,
        knn_milliseconds,
    })
}

/// # Errors
/// [`Fault::Busy`] once the estimate was cancelled for something more urgent.
fn go_on() -> Result<(), Fault> {
    if control() == Control::Continue { Ok(()) } else { Err(Fault::Busy) }
}

/// Milliseconds of kNN after an epoch. If it takes long, they are extrapolated from a part. The first
/// batch, which compiles kernels, does not count.
async fn time_knn(trainer: &Trainer, probe: &Probe, batch: usize) -> Result<f64, Fault> {
    let begun = now();
    let mut first = None;
    let mut last = (begun, 0.0);
    let mut pause = async |part: f32| {
        yield_now().await;
        last = (now(), f64::from(part));
        let (since, _) = *first.get_or_insert(last);
        now() - since < LONG_ENOUGH && control() == Control::Continue
    };
    let done = probe.accuracy(&trainer.encoder(), trainer.store(), batch, &mut pause).await;
    if let Err(Stopped::Failed(fault)) = done {
        return Err(fault);
    }
    go_on()?;
    let (since, before) = first.unwrap_or((begun, 0.0));
    Ok(if last.1 > before { (last.0 - since) / (last.1 - before) } else { last.0 - begun })
}
