//! What each node of the chart is doing, derived from the store.

use crate::app::text::{home as text, settings};
use crate::app::{parts::requirements::steps, state::Store};
use crate::core::run::fine_tune::{FineTuneReport, TrainedLayers, TuningStart};
use crate::core::{config::run_settings::ENCODER, report::RunState};
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
        None => Status::Waiting(text::WAITS_YOU.into()),
    })
}

/// A node that waits for images, then is ready, then works while a run goes on.
fn in_training(store: Store, ready: String, after: impl FnOnce(u32) -> String) -> Status {
    match store.run.get() {
        RunState::Running(_) => {
            let part = run_part(store);
            Status::Busy(text::training(part), Some(part))
        }
        RunState::Paused => Status::Ready(text::paused(run_part(store))),
        RunState::Finished | RunState::Cancelled if steps(store) > 0 => Status::Done(after(steps(store))),
        _ if store.dataset.with(Option::is_none) => Status::Waiting(text::WAITS_IMAGES.into()),
        _ => Status::Ready(ready),
    }
}

/// A value between two stages, such as h; `what` describes its form.
fn between(store: Store, what: String, after: &'static str) -> Status {
    match in_training(store, what.clone(), |_| after.into()) {
        Status::Busy(..) => Status::Busy(what, None),
        // Before the first step there is no such value.
        Status::Ready(_) if store.run.get() != RunState::Paused => Status::Waiting(text::WAITS_TRAINING.into()),
        other => other,
    }
}

/// x₁ and x₂, which exist as soon as there are images.
pub fn views(store: Store) -> Status {
    let size = store.config.with(|c| c.image_size);
    match in_training(store, text::pixels(size), |_| text::pixels(size)) {
        Status::Busy(..) => Status::Busy(text::pixels(size), None),
        Status::Done(words) => Status::Ready(words),
        other => other,
    }
}

/// h, which is kept after training.
pub fn features(store: Store) -> Status {
    let numbers = text::numbers(store.config.with(|c| c.encoder.features()));
    match store.evaluating.get() {
        Some(_) => Status::Busy(text::MEASURED.into(), None),
        None => between(store, numbers, text::FEATURES_KEPT),
    }
}

/// z, which only the loss uses.
pub fn embeddings(store: Store) -> Status {
    between(store, text::numbers(store.config.with(|c| c.head.output)), text::NOT_NEEDED)
}

pub fn augmentation(store: Store) -> Status {
    match in_training(store, text::READY.into(), |_| text::READY.into()) {
        Status::Busy(..) => Status::Busy(text::WORKING.into(), None),
        Status::Done(_) => Status::Ready(text::READY.into()),
        other => other,
    }
}

pub fn encoder(store: Store) -> Status {
    let key = ENCODER.get(&store.config.get()).to_string();
    in_training(store, text::ready(settings::choice(&key)), text::trained)
}

pub fn head(store: Store) -> Status {
    match in_training(store, text::READY.into(), |_| text::THROWN_AWAY.into()) {
        Status::Busy(_, part) => Status::Busy(text::WORKING.into(), part),
        other => other,
    }
}

pub fn loss(store: Store) -> Status {
    let last = store.steps.with(|s| s.newest().map(|s| s.loss));
    match (store.run.get(), last) {
        (RunState::Running(_), Some(loss)) => Status::Busy(text::loss(loss), None),
        (_, Some(loss)) => Status::Done(text::loss(loss)),
        (RunState::Running(_), None) => Status::Busy(text::WORKING.into(), None),
        (_, None) => Status::Waiting(text::WAITS_TRAINING.into()),
    }
}

pub fn linear(store: Store) -> Status {
    if let Some(part) = store.evaluating.get() {
        return Status::Busy(text::evaluating(part), Some(f64::from(part)));
    }
    if let Some(accuracy) = store.evaluation.with(|e| e.as_ref().map(|e| e.trained.test.accuracy)) {
        return Status::Done(text::accuracy(accuracy));
    }
    if store.dataset.with(|d| d.as_ref().is_some_and(|d| !d.can_evaluate())) {
        return Status::Waiting(text::WAITS_LABELS.into());
    }
    if store.run.get().keeps_encoder() && steps(store) > 0 {
        return Status::Ready(text::READY.into());
    }
    Status::Waiting(text::WAITS_TRAINING.into())
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
        None if store.dataset.with(|d| d.as_ref().is_some_and(|d| !d.can_evaluate())) => {
            Status::Waiting(text::WAITS_LABELS.into())
        }
        None if store.run.get().keeps_encoder() && steps(store) > 0 => Status::Ready(text::READY.into()),
        None => Status::Waiting(text::WAITS_TRAINING.into()),
    }
}

pub fn scores(store: Store) -> Status {
    store.evaluation.with(|e| match e {
        Some(e) => {
            let s = &e.trained.test.macro_average;
            Status::Done(text::scores(s.precision, s.recall, s.f1))
        }
        None => Status::Waiting(text::WAITS_LINEAR.into()),
    })
}
