//! What each node of the chart is doing, derived from the store.

use crate::app::text::{home as text, settings, units::square};
use crate::app::{parts::requirements::steps, state::Store};
use crate::core::run::fine_tune::{FineTuneReport, TrainedLayers, TuningStart};
use crate::core::{config::pretrain_settings::ENCODER, report::RunState};
use leptos::prelude::*;

/// Status of a node, each in words.
#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    /// Waits for something that the words name.
    Waiting(String),
    Ready(String),
    /// At work, with the part done if it is known.
    Busy(String, Option<f64>),
    Done(String),
}

impl Status {
    pub fn words(&self) -> &str {
        match self {
            Self::Waiting(w) | Self::Ready(w) | Self::Busy(w, _) | Self::Done(w) => w,
        }
    }

    pub fn class(&self) -> &'static str {
        match self {
            Self::Waiting(_) => "waiting",
            Self::Ready(_) => "ready",
            Self::Busy(..) => "busy",
            Self::Done(_) => "done",
        }
    }
}

/// Part of the run's steps that are done.
fn run_part(store: Store) -> f64 {
    let images = store.dataset.with(|d| d.as_ref().map_or(0, |d| d.training_images()));
    let total = store.run_config.with(|c| c.as_ref().map_or(0, |c| c.total_steps(images)));
    if total == 0 { 0.0 } else { f64::from(steps(store)) / f64::from(total) }
}

pub fn images(store: Store) -> Status {
    if let Some(import) = store.import.get() {
        let part = (import.total > 0).then(|| f64::from(import.done) / f64::from(import.total));
        return Status::Busy(text::reading(part), part);
    }
    store.dataset.with(|d| match d {
        Some(d) => Status::Done(text::images(d.images, d.classes.len())),
        None => Status::Waiting(text::WAITING_FOR_YOU.into()),
    })
}

/// A node that waits for images, then is `ready`, then is as `busy` makes it of the part done while a run goes on, then
/// as `after` makes it of the steps.
fn in_training(
    store: Store,
    ready: Status,
    busy: impl FnOnce(f64) -> Status,
    after: impl FnOnce(u32) -> Status,
) -> Status {
    match store.run.get() {
        RunState::Running(_) => busy(run_part(store)),
        RunState::Paused => Status::Ready(text::paused(run_part(store))),
        RunState::Finished | RunState::Cancelled if steps(store) > 0 => after(steps(store)),
        _ if store.dataset.with(Option::is_none) => Status::Waiting(text::WAITING_FOR_IMAGES.into()),
        _ => ready,
    }
}

/// A value between two stages, such as h; `what` describes its form. Before the first step there is none.
fn between(store: Store, what: String, after: &'static str) -> Status {
    let none = Status::Waiting(text::WAITING_FOR_TRAINING.into());
    in_training(store, none, |_| Status::Busy(what, None), |_| Status::Done(after.into()))
}

/// x₁ and x₂, which exist as soon as there are images.
pub fn views(store: Store) -> Status {
    let pixels = square(store.config.with(|c| c.image_size));
    let ready = Status::Ready(pixels.clone());
    in_training(store, ready.clone(), |_| Status::Busy(pixels, None), |_| ready)
}

/// h, which stays after training.
pub fn features(store: Store) -> Status {
    let numbers = text::numbers(store.config.with(|c| c.encoder.features()));
    match store.evaluating.get() {
        Some(_) => Status::Busy(text::MEASURED.into(), None),
        None => between(store, numbers, text::FEATURES_STAY),
    }
}

/// z, which only the loss uses.
pub fn embeddings(store: Store) -> Status {
    between(store, text::numbers(store.config.with(|c| c.head.output)), text::NOT_NEEDED)
}

pub fn augmentation(store: Store) -> Status {
    let ready = Status::Ready(text::READY.into());
    in_training(store, ready.clone(), |_| Status::Busy(text::WORKING.into(), None), |_| ready)
}

pub fn encoder(store: Store) -> Status {
    let key = ENCODER.get(&store.config.get()).to_string();
    let ready = Status::Ready(text::ready(settings::choice(&key)));
    let busy = |part| Status::Busy(text::training(part), Some(part));
    in_training(store, ready, busy, |steps| Status::Done(text::trained(steps)))
}

pub fn head(store: Store) -> Status {
    let busy = |part| Status::Busy(text::WORKING.into(), Some(part));
    in_training(store, Status::Ready(text::READY.into()), busy, |_| Status::Done(text::THROWN_AWAY.into()))
}

pub fn loss(store: Store) -> Status {
    let last = store.steps.with(|s| s.newest().map(|s| s.loss));
    match (store.run.get(), last) {
        (RunState::Running(_), Some(loss)) => Status::Busy(text::loss(loss), None),
        (_, Some(loss)) => Status::Done(text::loss(loss)),
        (RunState::Running(_), None) => Status::Busy(text::WORKING.into(), None),
        (_, None) => Status::Waiting(text::WAITING_FOR_TRAINING.into()),
    }
}

pub fn linear(store: Store) -> Status {
    if let Some(part) = store.evaluating.get() {
        return Status::Busy(text::evaluating(part), Some(f64::from(part)));
    }
    if let Some(accuracy) = store.evaluation.with(|e| e.as_ref().map(|e| e.trained.test.accuracy)) {
        return Status::Done(text::accuracy(accuracy));
    }
    with_labels(store)
}

/// A node that learns from labels, before it begins.
fn with_labels(store: Store) -> Status {
    if store.dataset.with(|d| d.as_ref().is_some_and(|d| !d.can_evaluate())) {
        Status::Waiting(text::WAITING_FOR_LABELS.into())
    } else if store.run.get().keeps_encoder() && steps(store) > 0 {
        Status::Ready(text::READY.into())
    } else {
        Status::Waiting(text::WAITING_FOR_TRAINING.into())
    }
}

pub fn fine_tuning(store: Store) -> Status {
    let stored_runs = store.stored_runs;
    if let Some(p) = stored_runs.fine_tuning.get().filter(|p| p.state.is_active()) {
        let part = p.place as f64 / p.of.max(1) as f64;
        return match p.state {
            RunState::Paused => Status::Ready(text::paused(part)),
            _ => Status::Busy(text::training(part), Some(part)),
        };
    }
    // Not its baselines, which the page shows beside it.
    let tuned = |r: &&FineTuneReport| {
        r.config.start == TuningStart::Pretrained && r.config.trained != TrainedLayers::Classifier
    };
    match stored_runs.fine_tuned.with(|all| all.iter().rfind(tuned).map(|r| r.test.accuracy)) {
        Some(accuracy) => Status::Done(text::accuracy(accuracy)),
        None => with_labels(store),
    }
}

pub fn scores(store: Store) -> Status {
    store.evaluation.with(|e| match e {
        Some(e) => {
            let s = &e.trained.test.macro_average;
            Status::Done(text::scores(s.precision, s.recall, s.f1))
        }
        None => Status::Waiting(text::WAITING_FOR_LINEAR.into()),
    })
}
