//! How far the run is: kept by [`Progress`] from the steps' own times.

use crate::app::client::now;
use crate::app::state::Store;
use crate::core::config::RunConfig;
use crate::core::progress::Progress;
use crate::core::report::{Phase, RunState};
use leptos::prelude::*;

/// Progress of the run in the store, updated as steps arrive.
pub fn progress(store: Store) -> RwSignal<Option<Progress>> {
    let progress = RwSignal::new(None::<Progress>);
    // The run that it is of, and its steps already taken in. Both in one effect:
    // a run that comes back brings its steps at once.
    let of = StoredValue::new(None::<(RunConfig, usize)>);
    let taken = StoredValue::new(0_usize);
    Effect::new(move || {
        let images = store.dataset.with(|d| d.as_ref().map_or(0, |d| d.training_images()));
        let run = store.run_config.get().map(|config| (config, images));
        store.steps.with(|steps| {
            let mut from = taken.get_value();
            let another = of.get_value() != run || steps.len() < from;
            if another {
                of.set_value(run);
                from = 0;
            }
            taken.set_value(steps.len());
            progress.update(|progress| {
                if another {
                    *progress = run.map(|(config, images)| Progress::new(&config, images));
                }
                if let Some(progress) = progress {
                    steps[from..].iter().for_each(|s| progress.step_took(f64::from(s.milliseconds)));
                }
            });
        });
    });
    let evaluating_since = StoredValue::new(None::<f64>);
    Effect::new(move |before: Option<RunState>| {
        let state = store.run.get();
        let was_paused = before == Some(RunState::Paused);
        if was_paused && state.is_running() {
            progress.update(|p| p.iter_mut().for_each(Progress::interrupted));
        }
        if matches!(state, RunState::Running(Phase::Evaluate { .. })) {
            evaluating_since.update_value(|since| *since = since.or_else(|| Some(now())));
        } else if let Some(since) = evaluating_since.try_update_value(Option::take).flatten()
            // One that was left is made again.
            && !matches!(state, RunState::Paused | RunState::Cancelled)
        {
            progress.update(|p| p.iter_mut().for_each(|p| p.evaluation_took(now() - since)));
        }
        state
    });
    progress
}
