//! What a run costs on this device: timed before it is started, then at the
//! run's own pace.

use crate::app::client::Client;
use crate::app::state::{Store, WorkerState};
use crate::app::text::pretrain as text;
use crate::app::text::units::{count, duration};
use crate::core::config::RunConfig;
use crate::core::cost::Cost;
use crate::core::error::Fault;
use crate::core::progress::{Progress, proposed_epochs};
use crate::core::report::RunState;
use crate::protocol::Request;
use leptos::prelude::*;

/// Whether two configurations take the same time a step.
fn same_work(a: &RunConfig, b: &RunConfig) -> bool {
    (a.encoder, a.head, a.image_size, a.batch, a.optimizer.optimizer)
        == (b.encoder, b.head, b.image_size, b.batch, b.optimizer.optimizer)
        && (a.augment.blur_probability > 0.0) == (b.augment.blur_probability > 0.0)
}

#[component]
pub fn Estimate(progress: RwSignal<Option<Progress>>) -> impl IntoView {
    let store = Store::get();
    let client = Client::get();
    let timing = RwSignal::new(false);
    let images = Memo::new(move |_| store.dataset.with(|d| d.as_ref().map(|d| (d.training_images(), d.images))));
    // Milliseconds a step with these settings: of the run, else as timed.
    let step_time = Memo::new(move |_| {
        let of_run = store.run.get() != RunState::Idle
            && store.run_config.with(|run| store.config.with(|c| run.as_ref().is_some_and(|run| same_work(run, c))));
        let own = progress.with(|p| p.as_ref().and_then(Progress::step_milliseconds)).filter(|_| of_run);
        own.or_else(|| {
            let estimate = store.estimate.get().filter(|e| store.config.with(|c| same_work(&e.config, c)));
            estimate.map(|e| e.step_milliseconds.into())
        })
    });
    let known = Memo::new(move |_| step_time.with(Option::is_some));
    let ask = move || {
        timing.set(true);
        let config = store.config.get_untracked();
        client.ask(Request::Estimate { config }, move |answer| {
            timing.try_set(false);
            match answer {
                // Untouched settings take the proposal over.
                Ok(_) if !store.touched.get_untracked() && !store.run.get_untracked().is_active() => {
                    if let Some(estimate) = store.estimate.get_untracked() {
                        store.config.update(|c| c.epochs = estimate.proposed_epochs);
                    }
                }
                // Given up for something more urgent.
                Ok(_) | Err(Fault::Busy) => {}
                Err(fault) => store.notify(fault),
            }
        });
    };
    // The settings of a preset are timed unasked; one's own, when one wants to.
    Effect::new(move || {
        let fits = store.dataset.with(|d| d.as_ref().is_some_and(|d| d.size == store.config.with(|c| c.image_size)));
        let stale = !known.get();
        let idle = !store.run_open() && store.import.with(Option::is_none);
        let enough = images.get().is_some_and(|(train, _)| train >= store.config.with(|c| c.batch));
        // A device that was switched has to be timed as well.
        store.device.track();
        let alive = store.worker.get() != WorkerState::Dead;
        if fits && stale && idle && enough && alive && !store.touched.get() && !timing.get_untracked() {
            ask();
        }
    });
    let usable = Memo::new(move |_| images.get().is_some() && !store.run_open() && !timing.get());
    view! {
        <section class="card estimate" aria-labelledby="estimate-title">
            <h2 id="estimate-title">{text::ESTIMATE}</h2>
            <Show when=move || timing.get()>
                <p class="muted" role="status">
                    {text::TIMING}
                </p>
            </Show>
            <dl class="facts">
                <Fact name=text::STEP_TIME value=move || step_time.get().map(text::milliseconds) />
                <Fact
                    name=text::STEPS
                    value=move || images.get().map(|(train, _)| count(store.config.with(|c| c.total_steps(train)) as usize))
                />
                <Fact
                    name=text::TOTAL_TIME
                    value=move || {
                        let (train, _) = images.get()?;
                        let steps = f64::from(store.config.with(|c| c.total_steps(train)));
                        step_time.get().map(|ms| duration(steps * ms / 1000.0))
                    }
                />
                <Fact
                    name=text::MEMORY
                    value=move || images.get().map(|(_, all)| text::memory(store.config.with(|c| Cost::memory(c, all))))
                />
            </dl>
            {move || {
                // Nothing to choose during a run.
                let (train, _) = images.get().filter(|_| !store.run_open())?;
                let steps = store.config.with(|c| c.steps_per_epoch(train));
                let step_time = step_time.get()?;
                let proposed = proposed_epochs(steps, step_time);
                let epoch = f64::from(steps) * step_time;
                let differs = store.config.with(|c| c.epochs != proposed);
                let take = move |_| {
                    store.touched.set(true);
                    store.config.update(|c| c.epochs = proposed);
                };
                Some(
                    view! {
                        <p>{text::proposal(proposed, epoch * f64::from(proposed))}</p>
                        {differs
                            .then(|| {
                                view! {
                                    <div class="actions">
                                        <button type="button" on:click=take>
                                            {text::use_epochs(proposed)}
                                        </button>
                                    </div>
                                }
                            })}
                    },
                )
            }}
            <Show when=move || usable.get() && !known.get()>
                <div class="actions">
                    <button type="button" on:click=move |_| ask()>
                        {text::TIME_AGAIN}
                    </button>
                </div>
            </Show>
        </section>
    }
}

#[component]
fn Fact(name: &'static str, value: impl Fn() -> Option<String> + Send + Sync + 'static) -> impl IntoView {
    view! {
        <div>
            <dt>{name}</dt>
            <dd>{move || value().unwrap_or_else(|| text::NOT_YET.to_owned())}</dd>
        </div>
    }
}
