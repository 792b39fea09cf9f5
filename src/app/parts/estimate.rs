//! What a run costs on this device: at once from an earlier timing or counted work, then timed, then from the run's own
//! steps. It never changes a setting.

use crate::app::browser::{remember, remembered};
use crate::app::parts::{notice::Warning, widgets::Button, widgets::Fact};
use crate::app::reactive::{Show, act, live, memo};
use crate::app::state::{Store, WorkerState};
use crate::app::text::pretrain as text;
use crate::app::text::units::{count, duration};
use crate::app::{client::Client, text::fault, text::images::too_few, text::weights::use_smaller};
use crate::core::report::{Estimate, RunState};
use crate::core::run_progress::RunProgress;
use crate::core::run_time::{Basis, Place, Timings};
use crate::core::{config::RunConfig, cost::Cost, error::Fault};
use crate::protocol::{Event, Request};
use leptos::prelude::*;
use std::time::Duration;

/// Time without a change after which settings are timed.
const SETTLE: Duration = Duration::from_secs(1);

/// Key of the timings in the browser's memory.
const TIMINGS: &str = "timings";

/// Where a run would train; `None` until the device and the images are known.
fn place(store: Store) -> Option<Place> {
    let device = store.device.get()?;
    let knn_images = store.dataset.with(|d| d.as_ref().map(|d| d.knn_images()))?;
    Some(Place { device, threads: store.threads_used(), knn_images })
}

/// What `config` takes on this device, and how that is known.
pub fn expected(store: Store, config: &RunConfig) -> Option<(Estimate, Basis)> {
    let place = place(store)?;
    let timed = store.estimate.with(|e| e.clone().filter(|e| e.holds(config, &place.device.backend)));
    Some(match timed {
        Some(timed) => (timed, Basis::Timed),
        None => store.timings.with(|timings| timings.expect(config, &place)),
    })
}

#[component]
pub fn EstimateCard(
    /// Progress of the run, on the page that shows it.
    #[prop(optional)]
    progress: Option<RwSignal<Option<RunProgress>>>,
) -> impl IntoView {
    let store = Store::get();
    let client = Client::get();
    let timing = RwSignal::new(false);
    // Remembered by an earlier visit.
    if store.timings.with_untracked(|timings| *timings == Timings::default()) {
        store.timings.set(remembered(TIMINGS).as_deref().map(Timings::from_text).unwrap_or_default());
    }
    let images = memo(move || store.dataset.with(|d| d.as_ref().map(|d| (d.training_images(), d.images))));
    // For these settings on this device: from the run itself, else as timed, else as expected.
    let estimate = memo(move || {
        let config = store.config.get();
        let expected = expected(store, &config)?;
        let run = store.run_config.get().filter(|run| run.same_step(&config) && store.run.get() != RunState::Idle);
        let of_run = progress.zip(run).and_then(|(progress, config)| {
            progress.with(|p| {
                let p = p.as_ref()?;
                let knn_milliseconds = p.evaluation_milliseconds().unwrap_or(expected.0.knn_milliseconds);
                let step_milliseconds = p.step_milliseconds()?;
                Some((Estimate { config, step_milliseconds, knn_milliseconds, ..expected.0 }, Basis::Run))
            })
        });
        Some(of_run.unwrap_or(expected))
    });
    // One epoch of these settings.
    let epoch_time = memo(move || {
        let (train, _) = images.get()?;
        estimate.with(|e| e.as_ref().map(|(e, _)| store.config.with(|c| e.epoch_milliseconds(c, train))))
    });
    let basis = memo(move || estimate.with(|e| e.as_ref().map(|(_, basis)| *basis)));
    let known = move || matches!(basis.get(), Some(Basis::Timed | Basis::Run));
    // Settings whose timing failed; they are timed again only at a press of the button.
    let failed = RwSignal::new(None::<RunConfig>);
    let ask = move || {
        timing.set(true);
        let config = store.config.get_untracked();
        client.ask(Request::Estimate { config }, move |answer| {
            match answer {
                Ok(Event::Estimate(estimate)) => {
                    if let Some(place) = untrack(|| place(store)) {
                        store.timings.update(|all| all.add(estimate, &place));
                        remember(TIMINGS, Some(&store.timings.with_untracked(Timings::to_text)));
                    }
                }
                // More urgent work has replaced the timing.
                Ok(_) | Err(Fault::Busy | Fault::Stopped) => {}
                Err(fault) => {
                    failed.try_set(Some(config));
                    store.notify(fault);
                }
            }
            // At the end, because this starts the timing of settings that have changed since.
            timing.try_set(false);
        });
    };
    let too_much = memo(move || {
        let (_, all) = images.get()?;
        let backend = store.device.with(|d| d.as_ref().map(|d| d.backend))?;
        store.config.with(|c| Cost::fits(c, all, backend).err())
    });
    // Settings without a timing that may be timed now.
    let untimed = memo(move || {
        let config = store.config.get();
        let fits = store.dataset.with(|d| d.as_ref().is_some_and(|d| d.size == config.image_size));
        let enough = images.get().is_some_and(|(train, _)| train >= config.batch);
        let idle = !store.run_open() && store.import.with(Option::is_none) && !store.encoder_in_use();
        let alive = store.worker.get() != WorkerState::Dead;
        let sound = too_much.with(Option::is_none) && config.check().is_ok();
        (fits && enough && idle && alive && sound && !known()).then_some(config)
    });
    // Until then the expected time stands there, and who presses Start at once waits for no timing.
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let stop = move || {
        timer.try_update_value(|timer| timer.take().iter().for_each(TimeoutHandle::clear));
    };
    Effect::new(move || {
        stop();
        let config = untimed.get();
        let due = config.is_some() && !timing.get() && failed.get() != config;
        if due {
            timer.set_value(set_timeout_with_handle(ask, SETTLE).ok());
        }
    });
    on_cleanup(stop);
    let again = memo(move || failed.get().is_some() && untimed.get() == failed.get() && !timing.get());
    view! {
        <section class="card" aria-labelledby="estimate-title">
            <h2 id="estimate-title">{text::ESTIMATE}</h2>
            {live(move || {
                let need = store.config.with(|c| c.batch);
                let have = images.get().filter(|(have, _)| *have < need)?.0;
                Some(view! { <p class="notice warn">{too_few(have, need)}</p> })
            })}
            {live(move || {
                let words = fault::fault(&too_much.get()?);
                let backend = store.device.with(|d| d.as_ref().map(|d| d.backend))?;
                let fits = store.config.with(|c| Cost::fitting(c, images.get()?.1, backend));
                let take = fits
                    .map(|fits| {
                        view! { <Button label=use_smaller(&fits) press=act(move |_| store.take_settings(fits)) /> }
                    });
                Some(view! { <Warning words=[words.what, words.todo].join(" ")>{take}</Warning> })
            })}
            <Show when=move || timing.get()><p class="muted" role="status">{text::TIMING}</p></Show>
            <dl class="facts">
                <Fact name=text::STEP_TIME value=move || estimate.with(|e| e.as_ref().map(|(e, _)| text::milliseconds(e.step_milliseconds))) />
                <Fact
                    name=text::STEPS
                    value=move || images.get().map(|(train, _)| count(store.config.with(|c| c.total_steps(train)) as usize))
                />
                <Fact
                    name=text::TOTAL_TIME
                    value=move || {
                        let epochs = store.config.with(|c| f64::from(c.epochs));
                        epoch_time.get().map(|ms| duration(epochs * ms / 1000.0))
                    }
                />
                <Fact
                    name=text::MEMORY
                    value=move || images.get().map(|(_, all)| text::memory(store.config.with(|c| Cost::memory(c, all))))
                />
            </dl>
            <p class="muted small">{live(move || basis.get().map(text::basis))}</p>
            <Show when=move || again.get()>
                <div class="actions"><Button label=text::TIME_AGAIN press=act(move |_| ask()) /></div>
            </Show>
        </section>
    }
}
