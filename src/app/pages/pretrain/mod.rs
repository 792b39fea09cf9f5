//! The page "Pre-train": device, settings with a preview, estimate, the run's
//! controls and charts. Once there is a run, it comes first.

mod charts;
mod controls;
mod download;
mod fetch;
mod field;
mod link;
mod preview;
mod settings;
mod weights;

use crate::app::client::Client;
use crate::app::parts::device::Device;
use crate::app::parts::estimate::EstimateCard;
use crate::app::parts::link::Link;
use crate::app::parts::unfinished::Unfinished;
use crate::app::reactive::{Show, act, live, memo};
use crate::app::state::Store;
use crate::app::text::{pretrain as text, runs, weights as words};
use crate::core::report::RunState;
use leptos::prelude::*;

#[component]
pub fn Pretrain() -> impl IntoView {
    let store = Store::get();
    let linked = link::follow(store);
    // Whoever opens this page is about to train: the device can be looked for.
    Client::get().wake();
    let loaded = memo(move || store.dataset.with(Option::is_some));
    let reading = memo(move || store.import.with(Option::is_some));
    let begun = memo(move || store.run.get() != RunState::Idle);
    provide_context(field::Invalid::new());
    view! {
        <div class="page-head">
            <h1>{text::TITLE}</h1>
            <p class="lead">{text::LEAD}</p>
        </div>
        <Unfinished />
        <Show when=move || linked && !begun.get()>
            <p class="notice">{runs::LINKED}</p>
        </Show>
        <Show when=move || !loaded.get()>
            <div class="notice">
                <p>{live(move || if reading.get() { text::READING } else { text::NO_IMAGES })}</p>
                <Link to="/data" attr:class="button primary">
                    {text::GO_IMAGES}
                </Link>
            </div>
        </Show>
        <Show when=move || begun.get()>
            <controls::Run />
            <charts::Charts />
        </Show>
        <Exhausted />
        <div class="pretrain-top">
            <Device />
            <EstimateCard progress=store.progress />
        </div>
        <Show when=move || !begun.get()>
            <controls::Run />
        </Show>
        <settings::Settings />
    }
}

/// After the memory was used up: the same settings, smaller.
#[component]
fn Exhausted() -> impl IntoView {
    let store = Store::get();
    move || {
        let config = store.exhausted.get()?;
        let smaller = config.halved()?;
        let take = move |_| {
            store.exhausted.set(None);
            store.touched.set(true);
            store.config.set(smaller);
        };
        Some(view! {
            <div class="notice warn">
                <p>{words::exhausted(&config)}</p>
                <button type="button" on:click=act(take)>
                    {words::use_smaller(&smaller)}
                </button>
            </div>
        })
    }
}
