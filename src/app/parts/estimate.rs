//! What a run costs on this device: measured before the run starts, then from the run's own steps.

use crate::app::parts::{notice::Warning, widgets::Button, widgets::Fact};
use crate::app::reactive::{Show, act, live, memo};
use crate::app::state::{Store, WorkerState};
use crate::app::text::pretrain as text;
use crate::app::text::units::{count, duration};
use crate::app::{client::Client, text::fault, text::images::too_few, text::weights::use_smaller};
use crate::core::report::{Estimate, RunState};
use crate::core::run_progress::{RunProgress, proposed_epochs};
use crate::core::{config::RunConfig, cost::Cost, error::Fault};
use crate::protocol::Request;
use leptos::prelude::*;
use std::time::Duration;

/// Time without a change after which the user's own settings are timed.
const SETTLE: Duration = Duration::from_secs(1);

#[component]
pub fn EstimateCard(
    /// Progress of the run, on the page that shows it.
    #[prop(optional)]
    progress: Option<RwSignal<Option<RunProgress>>>,
) -> impl IntoView {
    let store = Store::get();
    let client = Client::get();
    let timing = RwSignal::new(false);
    let images = memo(move || store.dataset.with(|d| d.as_ref().map(|d| (d.training_images(), d.images))));
    // For these settings on this device: from the run itself, else as timed.
    let estimate = memo(move || {
        let config = store.config.get();
        let backend = store.device.with(|d| d.as_ref().map(|d| d.backend))?;
        let timed = store.estimate.get().filter(|e| e.holds(&config, &backend));
        let run = store.run_config.get().filter(|run| run.same_step(&config) && store.run.get() != RunState::Idle);
        let of_run = progress.zip(run).and_then(|(progress, config)| {
            progress.with(|p| {
                let p = p.as_ref()?;
                let knn = p.evaluation_milliseconds().or_else(|| timed.as_ref().map(|e| e.knn_milliseconds));
                Some(Estimate {
                    config,
                    backend,
                    step_milliseconds: p.step_milliseconds()?,
                    knn_milliseconds: knn.unwrap_or(0.0),
                })
            })
        });
        of_run.or(timed)
    });
    // One epoch of these settings.
    let epoch_time = memo(move || {
        let (train, _) = images.get()?;
        estimate.with(|e| e.as_ref().map(|e| store.config.with(|c| e.epoch_milliseconds(c, train))))
    });
    let known = memo(move || epoch_time.with(Option::is_some));
    // Settings whose timing failed; they are timed again only at a press of the button.
    let failed = RwSignal::new(None::<RunConfig>);
    let ask = move || {
        timing.set(true);
        let config = store.config.get_untracked();
        client.ask(Request::Estimate { config }, move |answer| {
            match answer {
                // Untouched settings take over the proposed epochs.
                Ok(_) if !store.touched.get_untracked() && !store.run.get_untracked().is_active() => {
                    if let Some(epoch) = epoch_time.try_get_untracked().flatten() {
                        store.config.update(|c| c.epochs = proposed_epochs(epoch));
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
        (fits && enough && idle && alive && sound && !known.get()).then_some(config)
    });
    // A preset is timed at once, the user's own settings when they have not changed for a while.
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let stop = move || {
        timer.try_update_value(|timer| timer.take().iter().for_each(TimeoutHandle::clear));
    };
    Effect::new(move || {
        stop();
        let config = untimed.get();
        let due = config.is_some() && !timing.get() && failed.get() != config;
        match store.touched.get() {
            true if due => timer.set_value(set_timeout_with_handle(ask, SETTLE).ok()),
            false if due => ask(),
            _ => {}
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
                <Fact name=text::STEP_TIME value=move || estimate.with(|e| e.as_ref().map(|e| text::milliseconds(e.step_milliseconds))) />
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
            {live(move || {
                // The number of epochs is fixed during a run.
                let epoch = epoch_time.get().filter(|_| !store.run_open())?;
                let proposed = proposed_epochs(epoch);
                let differs = store.config.with(|c| c.epochs != proposed);
                let take = move |_| {
                    store.take_settings(RunConfig { epochs: proposed, ..store.config.get_untracked() });
                };
                let button = view! { <Button label=text::use_epochs(proposed) press=act(take) /> };
                Some(
                    view! {
                        <p>{text::proposal(proposed, epoch * f64::from(proposed))}</p>
                        {differs.then(|| view! { <div class="actions">{button}</div> })}
                    },
                )
            })}
            <Show when=move || again.get()>
                <div class="actions"><Button label=text::TIME_AGAIN press=act(move |_| ask()) /></div>
            </Show>
        </section>
    }
}
