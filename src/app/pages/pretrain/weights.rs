//! Published weights for the encoder: what they expect, whether they are loaded, a file that
//! has them, and what they are worth as they are.

use super::fetch::FetchWeights;
use crate::app::client::Client;
use crate::app::parts::files::Choose;
use crate::app::parts::notice::fault_box;
use crate::app::reactive::{Show, act, derive, live, memo};
use crate::app::router::Router;
use crate::app::state::Store;
use crate::app::text::weights as text;
use crate::core::config::bounds::Field;
use crate::core::config::{EncoderConfig, InitialWeights, RunConfig};
use crate::core::error::Fault;
use crate::core::imagenet::ImageNetEncoder;
use crate::core::report::RunState;
use crate::protocol::{Event, Request};
use leptos::prelude::*;
use web_sys::FileList;

/// Weights that were just loaded from a file are there to be used: they choose their network.
fn choose(store: Store, net: ImageNetEncoder) {
    take(store, net, |encoder| *encoder = EncoderConfig::with_weights(net));
}

/// Weights that were fetched, which may have taken long: where their network is chosen still.
fn start_from(store: Store, net: ImageNetEncoder) {
    if store.config.with_untracked(|c| c.encoder.published()) == Some(net) {
        take(store, net, |encoder| encoder.start = InitialWeights::ImageNet);
    }
}

fn take(store: Store, net: ImageNetEncoder, set: impl FnOnce(&mut EncoderConfig)) {
    if store.run.get_untracked().is_active() || store.config.with_untracked(|c| c.encoder.weights()) == Some(net) {
        return;
    }
    store.touched.set(true);
    store.config.update(|config| {
        set(&mut config.encoder);
        config.settle(Field::Start);
    });
}

#[component]
pub fn Weights() -> impl IntoView {
    let store = Store::get();
    let net = memo(move || store.config.with(|c| c.encoder.published()));
    view! {
        <section class="weights stack" aria-labelledby="weights-title">
            <h4 id="weights-title">{text::TITLE}</h4>
            {live(move || net.get().map(|net| view! { <p class="small">{text::expects(net)}</p> }))}
            <p role="status">
                {live(move || {
                    let net = store.config.with(|c| c.encoder.weights())?;
                    let report = store.weights.with(|all| all.iter().find(|r| r.encoder == net).cloned());
                    match report {
                        Some(report) => Some(text::loaded(&report)),
                        // Kept ones are spoken of below.
                        None => (!store.has_weights(net)).then(|| text::missing(net)),
                    }
                })}
            </p>
            <FromFile />
            <FetchWeights encoder=net done=Callback::new(move |net| start_from(store, net)) />
            <Judge />
        </section>
    }
}

#[component]
fn FromFile() -> impl IntoView {
    let (store, client) = (Store::get(), Client::get());
    let reading = RwSignal::new(false);
    let failed = RwSignal::new(None::<Fault>);
    let open = move |list: FileList| {
        let Some(file) = list.get(0) else { return };
        failed.set(None);
        reading.set(true);
        client.ask_files(Request::OpenWeights, vec![file], move |answer| {
            reading.try_set(false);
            match answer {
                Ok(Event::Weights(report)) => choose(store, report.encoder),
                Ok(_) | Err(Fault::Stopped) => {}
                Err(fault) => drop(failed.try_set(Some(fault))),
            }
        });
    };
    view! {
        <div class="actions">
            <Choose
                label=derive(move || if reading.get() { text::READING } else { text::CHOOSE })
                closed=reading
                attributes=vec![("accept", ".safetensors,.pth,.pt,.bin")]
                take=Box::new(open)
            />
        </div>
        <p class="muted small">{text::FILE_HELP}</p>
        <div role="alert">
            {live(move || {
                failed.get().map(|fault| fault_box(&fault, None))
            })}
        </div>
    }
}

/// A run without a step, and its evaluation.
#[component]
fn Judge() -> impl IntoView {
    let (store, client, router) = (Store::get(), Client::get(), Router::get());
    let asked = RwSignal::new(false);
    let wanted = memo(move || store.config.with(|c| c.encoder.weights().is_some()));
    let ready = memo(move || {
        let (size, net) = store.config.with(|c| (c.image_size, c.encoder.weights()));
        let fits = store.dataset.with(|d| d.as_ref().is_some_and(|d| d.size == size && d.can_evaluate()));
        let free = !store.run_open() && store.import.with(Option::is_none) && !store.encoder_in_use();
        fits && free && net.is_some_and(|net| store.has_weights(net))
    });
    let judge = move |_| {
        let config = store.config.get_untracked();
        let images = store.dataset.with_untracked(|d| d.as_ref().map_or(0, |d| d.training_images()));
        let config = RunConfig { epochs: 0, batch: config.batch.min(images.max(2)), ..config };
        asked.set(true);
        client.ask(Request::Start { config }, move |answer| {
            if answer.is_err() {
                asked.try_set(false);
            }
        });
    };
    Effect::new(move || {
        let state = store.run.get();
        if !asked.get() || state.is_active() {
            return;
        }
        asked.set(false);
        if state == RunState::Finished && store.run_config.with_untracked(|c| c.is_some_and(|c| c.epochs == 0)) {
            client.send(Request::Evaluate);
            router.go("/evaluate");
        }
    });
    view! {
        <Show when=move || wanted.get()>
            <div class="actions">
                <button type="button" disabled=move || !ready.get() on:click=act(judge)>
                    {text::JUDGE}
                </button>
            </div>
            <p class="muted small">{text::JUDGE_HELP}</p>
        </Show>
    }
}
