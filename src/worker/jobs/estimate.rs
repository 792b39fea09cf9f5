//! What a run would take on this device: a few real steps, timed.

use crate::core::config::RunConfig;
use crate::core::cost::Cost;
use crate::core::dataset::Split;
use crate::core::error::Fault;
use crate::core::progress::proposed_epochs;
use crate::core::report::{Backend, Estimate};
use crate::learn::trainer::Trainer;
use crate::protocol::Event;
use crate::worker::mailbox::post;
use crate::worker::session::{self, Job, Wish, Working, with};
use crate::worker::turn::{now, turn};
use std::cell::RefCell;

/// Stop timing after this many milliseconds or steps, whichever comes first.
const LONG_ENOUGH: f64 = 1_500.0;
const STEPS: u32 = 8;

/// A step that was timed, and what it depends on.
struct Timed {
    config: RunConfig,
    backend: Backend,
    milliseconds: f64,
}

thread_local! {
    static LAST: RefCell<Option<Timed>> = const { RefCell::new(None) };
}

/// Whether two configurations take the same time a step.
fn same_work(a: &RunConfig, b: &RunConfig) -> bool {
    (a.encoder, a.head, a.image_size, a.batch, a.optimizer.optimizer)
        == (b.encoder, b.head, b.image_size, b.batch, b.optimizer.optimizer)
        && (a.augment.blur_probability > 0.0) == (b.augment.blur_probability > 0.0)
}

/// Times a few steps of `config`, unless an equal one was timed before, and
/// answers with time, memory and a proposal for the epochs.
pub async fn estimate(id: u32, config: &RunConfig) -> Result<(), Fault> {
    config.check().map_err(Fault::Config)?;
    let backend = session::compute().await?.report.backend;
    let (train, images) = training_images(config)?;
    let kept = LAST.with_borrow(|last| {
        last.as_ref().filter(|t| t.backend == backend && same_work(&t.config, config)).map(|t| t.milliseconds)
    });
    let milliseconds = match kept {
        Some(milliseconds) => milliseconds,
        None => {
            let milliseconds = time(config, &train).await?;
            LAST.set(Some(Timed { config: *config, backend, milliseconds }));
            milliseconds
        }
    };
    let steps_per_epoch = config.steps_per_epoch(train.len());
    post(
        Some(id),
        Event::Estimate(Estimate {
            config: *config,
            steps_per_epoch,
            step_milliseconds: milliseconds as f32,
            memory_bytes: Cost::memory(config, images),
            proposed_epochs: proposed_epochs(steps_per_epoch, milliseconds),
        }),
    );
    Ok(())
}

/// Indices that pre-training would see, and the number of all images.
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

async fn time(config: &RunConfig, train: &[usize]) -> Result<f64, Fault> {
    let _working = Working::begin(Job::Measure)?;
    let compute = session::compute().await?;
    let store = session::store().await?;
    let mut trainer = Trainer::new(config, store, train, &compute.device)?;
    // The first step compiles kernels and is not timed.
    trainer.step();
    trainer.read().await?;
    let mut best = f64::INFINITY;
    let begun = now();
    for _ in 0..STEPS {
        turn().await;
        if with(|s| s.wish) != Wish::GoOn || (trainer.done() && best.is_finite()) {
            break;
        }
        let start = now();
        trainer.step();
        trainer.read().await?;
        best = best.min(now() - start);
        if now() - begun > LONG_ENOUGH {
            break;
        }
    }
    if best.is_finite() { Ok(best.max(0.1)) } else { Err(Fault::Busy) }
}
