//! Published weights from the Hub: the button, how far it is, what went wrong.

use crate::app::client::{Client, weights_from};
use crate::app::parts::notice::Announcer;
use crate::app::parts::notice::fault_box;
use crate::app::parts::widgets::Meter;
use crate::app::reactive::{act, derive, live, memo};
use crate::app::state::{Fetching, Store};
use crate::app::text::hub as text;
use crate::core::error::Fault;
use crate::core::imagenet::ImageNetEncoder;
use crate::core::imagenet::hub::KeptWeights;
use crate::protocol::Request;
use leptos::prelude::*;

/// Offers to fetch the weights of `encoder`; nothing where there is none. Those that have come
/// are `done`.
#[component]
pub fn FetchWeights(
    #[prop(into)] encoder: Signal<Option<ImageNetEncoder>>,
    done: Callback<ImageNetEncoder>,
) -> impl IntoView {
    let (store, client) = (Store::get(), Client::get());
    let fetching = store.stored_runs.fetching;
    let failed = RwSignal::new(None::<(ImageNetEncoder, Fault)>);
    let wanted = memo(move || encoder.get());
    if store.stored_runs.kept_weights.with_untracked(Option::is_none) {
        client.ask(Request::KeptWeights, |_| {});
    }
    let under_way = memo(move || fetching.with(Option::is_some));
    live(move || {
        // Whatever is chosen meanwhile: only here it can be cancelled.
        if under_way.get() {
            return Some(view! { <div class="stack fetch-weights"><Progress /></div> }.into_any());
        }
        let encoder = wanted.get()?;
        let fault = failed.get().filter(|(of, _)| *of == encoder).map(|(_, fault)| fault_box(&fault, None));
        let offer = view! {
            <div class="stack fetch-weights">
                <Offer encoder=encoder failed=failed done=done />
                <div role="alert">{fault}</div>
            </div>
        };
        Some(offer.into_any())
    })
}

/// The button, or that it is not needed.
#[component]
fn Offer(
    encoder: ImageNetEncoder,
    failed: RwSignal<Option<(ImageNetEncoder, Fault)>>,
    done: Callback<ImageNetEncoder>,
) -> impl IntoView {
    let (store, client, announcer) = (Store::get(), Client::get(), Announcer::get());
    let kept = move || {
        let of = |all: &Vec<KeptWeights>| all.iter().find(|kept| kept.encoder == encoder).copied();
        store.stored_runs.kept_weights.with(|all| all.as_ref().and_then(of))
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
                    done.try_run(encoder);
                }
                Err(Fault::Stopped) => announcer.say(text::CANCELLED),
                Err(fault) => drop(failed.try_set(Some((encoder, fault)))),
            }
            client.ask(Request::KeptWeights, |_| {});
        });
    };
    live(move || match kept() {
        Some(kept) if kept.whole => view! { <p class="small">{text::kept(encoder, kept.bytes)}</p> }.into_any(),
        begun => {
            let label = if begun.is_some() { text::go_on(encoder) } else { text::fetch(encoder) };
            let from = weights_from();
            let host = from.split('/').nth(2).unwrap_or_default();
            view! {
                <p class="actions">
                    <button type="button" on:click=act(fetch)>
                        {label}
                    </button>
                </p>
                <p class="muted small">{text::note(encoder, host)}</p>
            }
            .into_any()
        }
    })
}

/// Bytes so far, and a way to end it.
#[component]
fn Progress() -> impl IntoView {
    let (store, client) = (Store::get(), Client::get());
    let cancelling = RwSignal::new(false);
    let now = move || store.stored_runs.fetching.get();
    let label = derive(move || now().map(|f| text::fetching(f.encoder)).unwrap_or_default());
    let part = derive(move || now().filter(|f| f.total > 0).map(|f| f.received as f64 / f.total as f64));
    let detail = derive(move || match now() {
        Some(f) if f.total > 0 => text::received(f.received, f.total),
        _ => text::ASKING.to_owned(),
    });
    view! {
        <Meter label=label part=part detail=detail />
        <p class="actions">
            <button
                type="button"
                disabled=move || cancelling.get()
                on:click=act(move |_| {
                    cancelling.set(true);
                    client.send(Request::CancelWeights);
                })
            >
                {live(move || if cancelling.get() { text::CANCELLING } else { text::CANCEL })}
            </button>
        </p>
    }
}
