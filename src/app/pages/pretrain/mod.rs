//! The page "Pre-train": device, settings with a preview, estimate, the run's
//! controls and charts. Once there is a run, it comes first.

mod charts;
mod preview;
mod run;
mod settings;
mod weights;

use crate::app::parts::widgets::{Button, PageHead};
use crate::app::reactive::{Show, act, live, memo};
use crate::app::text::{pretrain as text, runs, weights as words};
use crate::app::{
    client::Client, parts::device::Device, parts::estimate::EstimateCard, parts::setting_field::RefusedValues,
    parts::unfinished::Unfinished, router::Link, state::Store,
};
use crate::core::config::run_settings::{from_query, to_query};
use crate::core::{error::Fault, report::RunState};
use crate::protocol::{Paused, Request};
use leptos::prelude::*;
use wasm_bindgen::JsValue;

#[component]
pub fn Pretrain() -> impl IntoView {
    let store = Store::get();
    let linked = follow_address(store);
    // A visitor of this page is about to train: start to look for the device.
    Client::get().wake();
    let loaded = memo(move || store.dataset.with(Option::is_some));
    let reading = memo(move || store.import.with(Option::is_some));
    let begun = memo(move || store.run.get() != RunState::Idle);
    provide_context(RefusedValues::default());
    view! {
        <PageHead title=text::TITLE lead=text::LEAD />
        <Unfinished />
        <Show when=move || linked && !begun.get()><p class="notice">{runs::LINKED}</p></Show>
        <Show when=move || !loaded.get()>
            <div class="notice">
                <p>{live(move || if reading.get() { text::READING } else { text::NO_IMAGES })}</p>
                <Link to="/data" attr:class="button primary">{text::GO_IMAGES}</Link>
            </div>
        </Show>
        <Show when=move || begun.get()>
            <run::Run />
            <charts::Charts />
        </Show>
        <Exhausted />
        <div class="pretrain-top">
            <Device />
            <EstimateCard progress=store.progress />
        </div>
        <Show when=move || !begun.get()><run::Run /></Show>
        <settings::Settings />
    }
}

/// After the memory was used up: offers to go on from the last save, or to start with the same
/// settings, with fewer images at once.
#[component]
fn Exhausted() -> impl IntoView {
    let (store, client) = (Store::get(), Client::get());
    move || {
        let (config, saved) = store.exhausted.get()?;
        let smaller = config.halved()?;
        let take = move |_| {
            store.exhausted.set(None);
            store.touched.set(true);
            store.config.set(smaller);
        };
        let go_on = saved.zip(config.in_smaller_chunks());
        let help =
            go_on.as_ref().map(|(_, smaller)| view! { <p class="muted small">{runs::smaller_help(smaller)}</p> });
        let go_on = go_on.map(|(run, smaller)| {
            let go_on = move |_| {
                let request = Request::OpenRun { run: run.clone(), in_chunks_of: Some(smaller.chunk) };
                client.ask(request, move |answer| match answer {
                    Ok(_) => {
                        store.exhausted.set(None);
                        client.send(Request::Resume(Paused::Run));
                    }
                    Err(fault) => store.notify(fault),
                });
            };
            view! { <Button label=words::go_on_smaller(smaller.chunk) kind="primary" press=act(go_on) /> }
        });
        Some(view! {
            <div class="notice warn">
                <div class="stack">
                    <p>{words::exhausted(&config)}</p>
                    <div class="actions">
                        {go_on}
                        <Button label=words::use_smaller(&smaller) press=act(take) />
                    </div>
                    {help}
                </div>
            </div>
        })
    }
}

/// Takes settings from the address when the page opens, then keeps the address equal to
/// them once the user has changed some. True if the address brought other settings.
fn follow_address(store: Store) -> bool {
    let mut brought = false;
    let search = window().location().search().unwrap_or_default();
    if search.len() > 1 && !store.run.get_untracked().is_active() {
        match from_query(&search, &store.config.get_untracked()) {
            Ok(config) => {
                brought = config != store.config.get_untracked();
                store.config.set(config);
                store.touched.set(true);
            }
            Err(faults) => store.notify(Fault::Config(faults)),
        }
    }
    Effect::new(move || {
        let address = window().location();
        // The settings of a preset follow the images, so the address does not hold them.
        let query = match store.touched.get() {
            true => format!("?{}", store.config.with(to_query)),
            false if address.search().is_ok_and(|s| s.is_empty()) => return,
            false => String::new(),
        };
        // The visitor may already have gone elsewhere.
        if !address.pathname().is_ok_and(|p| p.trim_end_matches('/').ends_with("/pretrain")) {
            return;
        }
        if let Ok(history) = window().history() {
            // The whole path: a bare `?…` would be taken from `<base>`.
            let url = address.pathname().unwrap_or_default() + &query;
            let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&url));
        }
    });
    brought
}
