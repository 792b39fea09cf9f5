//! What the page itself remembers, from visit to visit, of work that was not finished.

use super::{Store, StoredRuns};
use crate::app::reactive::memo;
use crate::core::{run::RunRecord, run::hint::Hint, run::queue::QueueState};
use leptos::prelude::*;

const RUN: &str = "unfinished-run";
const QUEUE: &str = "unfinished-queue";

/// Reads what an earlier visit has stored, and stores each change from now on. Call it once a page.
pub fn install(store: Store) {
    let stored_runs = store.stored_runs;
    stored_runs.hint.set(read(RUN).and_then(|text| Hint::from_text(&text)));
    stored_runs.queue_left.set(read(QUEUE).and_then(|text| text.parse().ok()));
    // Whether a fine-tuning is under way; `None` if the worker has reported none.
    let tunes = memo(move || stored_runs.fine_tuning.with(|p| p.as_ref().map(|p| p.state.is_active())));
    Effect::new(move || {
        let Some(saved) = stored_runs.saved.get().filter(|saved| saved.fault.is_none()) else { return };
        let (state, tunes) = (store.run.get(), tunes.get());
        // A stored fine-tuning is reported only after its run.
        let to_come = tunes.is_none()
            && stored_runs
                .hint
                .with_untracked(|hint| hint.as_ref().is_some_and(|hint| hint.tuning && hint.id == saved.id));
        if tunes == Some(true) {
            remember(store, saved.id, saved.step, true);
        } else if state.is_over() && !to_come {
            forget_run(stored_runs, &saved.id);
        } else if state.is_running() && saved.step > 0 || state.is_active() && !state.is_running() {
            remember(store, saved.id, saved.step, false);
        }
    });
    // Deleted, or ended in another tab.
    Effect::new(move || {
        let Some(hint) = stored_runs.hint.get() else { return };
        let open = store.run.get_untracked().is_active();
        let gone = stored_runs.list.with(|stored| {
            let there = |r: &RunRecord| r.id == hint.id && (r.can_resume() || hint.tuning);
            stored.as_ref().is_some_and(|stored| !stored.runs.iter().any(there))
        });
        if gone && !open {
            forget_run(stored_runs, &hint.id);
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

/// Forgets the hint; the run stays stored.
pub fn forget_run(stored_runs: StoredRuns, id: &str) {
    if stored_runs.hint.with_untracked(|hint| hint.as_ref().is_some_and(|hint| hint.id == id)) {
        write(RUN, None);
        stored_runs.hint.set(None);
    }
}

/// Remembers how many runs of a started queue are left.
pub fn set_queue(stored_runs: StoredRuns, left: Option<usize>) {
    if stored_runs.queue_left.get_untracked() != left {
        write(QUEUE, left.map(|left| left.to_string()).as_deref());
        stored_runs.queue_left.set(left);
    }
}

fn remember(store: Store, id: String, step: u32, tuning: bool) {
    let stored_runs = store.stored_runs;
    let before = stored_runs.hint.get_untracked().filter(|hint| hint.id == id);
    let stored = stored_runs.list.with_untracked(|stored| {
        stored.as_ref().and_then(|stored| stored.runs.iter().find(|run| run.id == id).map(|run| run.name.clone()))
    });
    let name = stored.or(before.map(|hint| hint.name)).unwrap_or_default();
    let Some(config) = store.run_config.get_untracked() else { return };
    let Some((training, images, sources, split_seed)) = store
        .dataset
        .with_untracked(|d| d.as_ref().map(|d| (d.training_images(), d.images, d.sources.clone(), d.split_seed)))
    else {
        return;
    };
    let hint = Hint {
        id,
        name,
        step,
        total: config.total_steps(training),
        size: config.image_size as u32,
        split_seed,
        images,
        tuning,
        sources,
    };
    write(RUN, Some(&hint.to_text()));
    stored_runs.hint.set(Some(hint));
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok()?
}

fn read(key: &str) -> Option<String> {
    storage()?.get_item(key).ok()?
}

/// Without storage the page remembers nothing.
fn write(key: &str, value: Option<&str>) {
    let Some(storage) = storage() else { return };
    let _ = match value {
        Some(value) => storage.set_item(key, value),
        None => storage.remove_item(key),
    };
}
