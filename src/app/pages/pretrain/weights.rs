//! Published weights for the encoder: what they expect, whether they are loaded, a file or the
//! Hub to have them from, and how good they are as they are.

use crate::app::client::{Client, Task, weights_from};
use crate::app::parts::widgets::{Button, CancelButton, Meter};
use crate::app::reactive::{Show, act, derive, live, memo};
use crate::app::state::{Fetching, Store};
use crate::app::text::{units::bytes_of, weights as text};
use crate::app::{parts::files::Choose, parts::notice::Announcer, parts::notice::FaultAlert, router::Router};
use crate::core::config::{EncoderConfig, InitialWeights, RunConfig};
use crate::core::{
    config::pretrain_settings::START, error::Fault, imagenet::DownloadedWeights, imagenet::ImageNetEncoder,
    report::RunState,
};
use crate::protocol::{Event, Request, Work};
use leptos::prelude::*;
use web_sys::FileList;

/// Starts from weights that were fetched, if their network is still chosen: fetching may have taken long.
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
        config.settle(START);
    });
}

#[component]
pub fn Weights() -> impl IntoView {
    let store = Store::get();
    let net = memo(move || store.config.with(|c| c.encoder.published()));
    view! {
        <section class="stack" aria-labelledby="weights-title">
            <h4 id="weights-title">{text::TITLE}</h4>
            {live(move || net.get().map(|net| view! { <p class="small">{text::expects(net)}</p> }))}
            <p role="status">
                {live(move || {
                    let net = store.config.with(|c| c.encoder.weights())?;
                    let report = store.weights.with(|all| all.iter().find(|r| r.encoder == net).cloned());
                    match report {
                        Some(report) => Some(text::loaded(&report)),
                        // The field below speaks of weights that are stored in the browser.
                        None => (!store.has_weights(net)).then(|| text::missing(net)),
                    }
                })}
            </p>
            <FromFile />
            <FetchWeights wanted=net />
            <EvaluateAsPublished />
        </section>
    }
}

#[component]
fn FromFile() -> impl IntoView {
    let (store, client) = (Store::get(), Client::get());
    let task = Task::default();
    let open = move |list: FileList| {
        let Some(file) = list.get(0) else { return };
        client.run(task, Request::OpenWeights, vec![file], move |answer| {
            if let Event::Weights(report) = answer {
                let net = report.encoder;
                take(store, net, |encoder| *encoder = EncoderConfig::with_weights(net));
            }
        });
    };
    view! {
        <div class="actions">
            <Choose
                label=derive(move || if task.busy.get() { text::READING } else { text::CHOOSE })
                closed=task.busy
                attributes=vec![("accept", ".safetensors,.pth,.pt,.bin")]
                take=Box::new(open)
            />
        </div>
        <p class="muted small">{text::FILE_HELP}</p>
        <FaultAlert fault=task.failed />
    }
}

/// Starts a run without a step, and evaluates it.
#[component]
fn EvaluateAsPublished() -> impl IntoView {
    let (store, client, router) = (Store::get(), Client::get(), Router::get());
    let asked = RwSignal::new(false);
    let wanted = memo(move || store.config.with(|c| c.encoder.weights().is_some()));
    let ready = memo(move || {
        let (size, net) = store.config.with(|c| (c.image_size, c.encoder.weights()));
        let fits = store.dataset.with(|d| d.as_ref().is_some_and(|d| d.size == size && d.can_evaluate()));
        let free = !store.run_open() && store.import.with(Option::is_none) && !store.encoder_in_use();
        fits && free && net.is_some_and(|net| store.has_weights(net))
    });
    let evaluate = move |_| {
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
                <Button label=text::JUDGE disabled=derive(move || !ready.get()) press=act(evaluate) />
            </div>
            <p class="muted small">{text::JUDGE_HELP}</p>
        </Show>
    }
}

/// Offers to fetch the weights of the `wanted` network, if there are any, and chooses to start from them.
#[component]
fn FetchWeights(wanted: Memo<Option<ImageNetEncoder>>) -> impl IntoView {
    let (store, client) = (Store::get(), Client::get());
    let fetching = store.stored_runs.fetching;
    let failed = RwSignal::new(None::<(ImageNetEncoder, Fault)>);
    if store.stored_runs.stored_weights.with_untracked(Option::is_none) {
        client.ask(Request::DownloadedWeights, |_| {});
    }
    let under_way = memo(move || fetching.with(Option::is_some));
    live(move || {
        // Shown whatever network is chosen meanwhile: fetching can be cancelled only here.
        if under_way.get() {
            return Some(view! { <div class="stack"><Progress /></div> }.into_any());
        }
        let encoder = wanted.get()?;
        let fault = derive(move || failed.get().filter(|(of, _)| *of == encoder).map(|(_, fault)| fault));
        let offer = view! {
            <div class="stack">
                <Offer encoder=encoder failed=failed />
                <FaultAlert fault=fault />
            </div>
        };
        Some(offer.into_any())
    })
}

/// The button, or why it is not needed.
#[component]
fn Offer(encoder: ImageNetEncoder, failed: RwSignal<Option<(ImageNetEncoder, Fault)>>) -> impl IntoView {
    let (store, client, announcer) = (Store::get(), Client::get(), Announcer::get());
    let stored = move || {
        let of = |all: &Vec<DownloadedWeights>| all.iter().find(|one| one.encoder == encoder).copied();
        store.stored_runs.stored_weights.with(|all| all.as_ref().and_then(of))
    };
    let fetch = move |_| {
        failed.set(None);
        store.stored_runs.fetching.set(Some(Fetching { encoder, received: 0, total: 0 }));
        let request = Request::FetchWeights { encoder, address: weights_from() };
        client.ask(request, move |answer| {
            store.stored_runs.fetching.set(None);
            match answer {
                Ok(_) => {
                    announcer.say(text::fetched(encoder));
                    start_from(store, encoder);
                }
                Err(Fault::Stopped) => announcer.say(text::CANCELLED),
                Err(fault) => drop(failed.try_set(Some((encoder, fault)))),
            }
            client.ask(Request::DownloadedWeights, |_| {});
        });
    };
    live(move || match stored() {
        Some(stored) if stored.whole => {
            view! { <p class="small">{text::in_browser(encoder, stored.bytes)}</p> }.into_any()
        }
        begun => {
            let label = if begun.is_some() { text::go_on(encoder) } else { text::fetch(encoder) };
            let from = weights_from();
            let host = from.split('/').nth(2).unwrap_or_default();
            view! {
                <p class="actions"><Button label=label press=act(fetch) /></p>
                <p class="muted small">{text::note(encoder, host)}</p>
            }
            .into_any()
        }
    })
}

/// Bytes so far, and a way to end it.
#[component]
fn Progress() -> impl IntoView {
    let store = Store::get();
    let now = move || store.stored_runs.fetching.get();
    let label = move || now().map(|f| text::fetching(f.encoder)).unwrap_or_default();
    let part = derive(move || now().filter(|f| f.total > 0).map(|f| f.received as f64 / f.total as f64));
    let detail = derive(move || match now() {
        Some(f) if f.total > 0 => bytes_of(f.received as f64, f.total as f64),
        _ => text::ASKING.to_owned(),
    });
    view! {
        <Meter label=label part=part detail=detail />
        <p class="actions"><CancelButton work=Work::Fetch /></p>
    }
}
