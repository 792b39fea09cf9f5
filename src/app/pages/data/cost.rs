//! What a run with the chosen settings would take of this device.

use crate::app::client::Client;
use crate::app::parts::link::Link;
use crate::app::state::Store;
use crate::app::text::data as text;
use crate::core::config::RunConfig;
use crate::core::cost::Cost as Counted;
use crate::core::error::Fault;
use crate::core::report::Estimate;
use crate::protocol::Request;
use leptos::prelude::*;

/// Memory by count; time once it was measured, here on request or on the page
/// that pre-trains.
#[component]
pub fn Cost(images: usize, training: usize) -> impl IntoView {
    let store = Store::get();
    let client = Client::get();
    let timing = RwSignal::new(false);
    let time = move |_| {
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
    let words = move || {
        let config = store.config.get();
        let seconds = fresh(store, &config)
            .map(|e| f64::from(e.step_milliseconds) / 1000.0 * f64::from(config.total_steps(training)));
        text::cost(config.epochs, Counted::memory(&config, images), seconds)
    };
    let unknown = move || fresh(store, &store.config.get()).is_none();
    let enough = move || training >= store.config.with(|c| c.batch);
    view! {
        <Show
            when=enough
            fallback=move || {
                let need = store.config.with(|c| c.batch);
                view! { <p class="notice warn">{text::too_few(training, need)}</p> }
            }
        >
            <p>
                {words} " " {text::COST_CHANGE} " " <Link to="/pretrain">{text::PRETRAIN_PAGE}</Link> "."
            </p>
            <Show when=move || unknown() && !store.run_open()>
                <p>
                    <button type="button" disabled=move || timing.get() on:click=time>
                        {move || if timing.get() { text::TIMING } else { text::TIME }}
                    </button>
                </p>
            </Show>
        </Show>
    }
}

/// The estimate, where it was made for these settings; length and seed of the
/// run don't change the time of a step.
fn fresh(store: Store, config: &RunConfig) -> Option<Estimate> {
    let same = |e: &Estimate| RunConfig { epochs: config.epochs, seed: config.seed, ..e.config } == *config;
    store.estimate.get().filter(same)
}
