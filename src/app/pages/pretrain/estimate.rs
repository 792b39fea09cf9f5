//! What a run would cost on this device, before it is started.

use crate::app::client::Client;
use crate::app::state::{Store, WorkerState};
use crate::app::text::pretrain as text;
use crate::app::text::units::{count, duration};
use crate::core::config::RunConfig;
use crate::core::cost::Cost;
use crate::core::error::Fault;
use crate::protocol::Request;
use leptos::prelude::*;

/// Whether two configurations take the same time a step.
fn same_work(a: &RunConfig, b: &RunConfig) -> bool {
    (a.encoder, a.head, a.image_size, a.batch, a.optimizer.optimizer)
        == (b.encoder, b.head, b.image_size, b.batch, b.optimizer.optimizer)
        && (a.augment.blur_probability > 0.0) == (b.augment.blur_probability > 0.0)
}

#[component]
pub fn Estimate() -> impl IntoView {
    let store = Store::get();
    let client = Client::get();
    let timing = RwSignal::new(false);
    let images = Memo::new(move |_| store.dataset.with(|d| d.as_ref().map(|d| (d.training_images(), d.images))));
    let ask = move || {
        timing.set(true);
        let config = store.config.get_untracked();
        client.ask(Request::Estimate { config }, move |answer| {
            timing.try_set(false);
            match answer {
                // Untouched settings take the proposal over.
                Ok(_) if !store.touched.get_untracked() => {
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
        let stale = store.config.with(|c| store.estimate.with(|e| e.as_ref().is_none_or(|e| !same_work(&e.config, c))));
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
                <Fact name=text::STEP_TIME value=move || fresh(store).map(|e| text::milliseconds(e.step_milliseconds.into())) />
                <Fact
                    name=text::STEPS
                    value=move || images.get().map(|(train, _)| count(store.config.with(|c| c.total_steps(train)) as usize))
                />
                <Fact
                    name=text::TOTAL_TIME
                    value=move || {
                        let (train, _) = images.get()?;
                        let steps = f64::from(store.config.with(|c| c.total_steps(train)));
                        fresh(store).map(|e| duration(steps * f64::from(e.step_milliseconds) / 1000.0))
                    }
                />
                <Fact
                    name=text::MEMORY
                    value=move || images.get().map(|(_, all)| text::memory(store.config.with(|c| Cost::memory(c, all))))
                />
            </dl>
            {move || {
                let estimate = fresh(store)?;
                let epoch = f64::from(estimate.steps_per_epoch) * f64::from(estimate.step_milliseconds);
                let proposed = estimate.proposed_epochs;
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
                                        <button type="button" disabled=move || store.run_open() on:click=take>
                                            {text::use_epochs(proposed)}
                                        </button>
                                    </div>
                                }
                            })}
                    },
                )
            }}
            <Show when=move || usable.get() && store.config.with(|_| fresh(store).is_none())>
                <div class="actions">
                    <button type="button" on:click=move |_| ask()>
                        {text::TIME_AGAIN}
                    </button>
                </div>
            </Show>
        </section>
    }
}

/// The estimate, where it was made for settings that take as long as these.
fn fresh(store: Store) -> Option<crate::core::report::Estimate> {
    let config = store.config.get();
    store.estimate.get().filter(|e| same_work(&e.config, &config))
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
