//! What the page itself remembers, from visit to visit, of work that was not finished.

use super::{Store, StoredRuns};
use crate::app::{browser, reactive::memo};
use crate::core::run::{RunRecord, SaveReport, queue::QueueState, unfinished::UnfinishedRun};
use leptos::prelude::*;

const RUN: &str = "unfinished-run";
const QUEUE: &str = "unfinished-queue";

/// Reads what an earlier visit has stored, and stores each change from now on. Call it once a page.
pub fn install(store: Store) {
    let stored_runs = store.stored_runs;
    stored_runs.unfinished.set(browser::remembered(RUN).and_then(|text| UnfinishedRun::from_text(&text)));
    stored_runs.queue_left.set(browser::remembered(QUEUE).and_then(|text| text.parse().ok()));
    // Whether a fine-tuning is under way; `None` if the worker has reported none.
    let tunes = memo(move || stored_runs.fine_tuning.with(|p| p.as_ref().map(|p| p.state.is_active())));
    Effect::new(move || {
        let Some(saved) = stored_runs.saved.get().filter(|saved| saved.fault.is_none()) else { return };
        let (state, tunes) = (store.run.get(), tunes.get());
        let known = stored_runs.unfinished.get_untracked().filter(|run| run.id == saved.id);
        // A stored fine-tuning is reported only after its run.
        let to_come = tunes.is_none() && known.as_ref().is_some_and(|run| run.tuning);
        if tunes == Some(true) {
            note(store, saved, known, true);
        } else if state.is_over() && !to_come {
            if known.is_some() {
                set_run(stored_runs, None);
            }
        } else if state.is_running() && saved.step > 0 || state.is_active() && !state.is_running() {
            note(store, saved, known, false);
        }
    });
    // Deleted, or ended in another tab.
    Effect::new(move || {
        let Some(run) = stored_runs.unfinished.get() else { return };
        let there = |r: &RunRecord| r.id == run.id && (r.can_resume() || run.tuning);
        let gone = stored_runs.list.with(|stored| stored.as_ref().is_some_and(|stored| !stored.runs.iter().any(there)));
        if gone && !store.run.get_untracked().is_active() {
            set_run(stored_runs, None);
        }
    });
    Effect::new(move || {
        stored_runs.queue.with(|report| {
            let Some(report) = report else { return };
            let counts = report.queue.counts();
            let left = counts.waiting + counts.running;
            let begun = report.state != QueueState::Resting || stored_runs.queue_left.get_untracked().is_some();
            set_queue(stored_runs, Some(left).filter(|left| *left > 0 && begun));
        });
    });
}

/// Forgets the run and the queue that were not finished; what is stored of them stays.
pub fn forget(stored_runs: StoredRuns) {
    set_run(stored_runs, None);
    set_queue(stored_runs, None);
}

fn set_run(stored_runs: StoredRuns, run: Option<UnfinishedRun>) {
    browser::remember(RUN, run.as_ref().map(UnfinishedRun::to_text).as_deref());
    stored_runs.unfinished.set(run);
}

/// Remembers how many runs of a started queue are left.
fn set_queue(stored_runs: StoredRuns, left: Option<usize>) {
    if stored_runs.queue_left.get_untracked() != left {
        browser::remember(QUEUE, left.map(|left| left.to_string()).as_deref());
        stored_runs.queue_left.set(left);
    }
}

/// Remembers the run at hand, of which `known` was remembered before.
fn note(store: Store, saved: SaveReport, known: Option<UnfinishedRun>, tuning: bool) {
    let SaveReport { id, step, .. } = saved;
    let stored = store.stored_runs.list.with_untracked(|stored| {
        stored.as_ref().and_then(|stored| stored.runs.iter().find(|run| run.id == id).map(|run| run.name.clone()))
    });
    let name = stored.or(known.map(|run| run.name)).unwrap_or_default();
    let Some(config) = store.run_config.get_untracked() else { return };
    let run = store.dataset.with_untracked(|set| {
        set.as_ref().map(|set| UnfinishedRun {
            id,
            name,
            step,
            total: config.total_steps(set.training_images()),
            size: config.image_size as u32,
            split_seed: set.split_seed,
            images: set.images,
            tuning,
            sources: set.sources.clone(),
        })
    });
    if run.is_some() {
        set_run(store.stored_runs, run);
    }
}
