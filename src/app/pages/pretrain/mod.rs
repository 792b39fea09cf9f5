//! The page "Pre-train": device, settings with a preview, estimate, the run's
//! controls and charts. Once there is a run, it comes first.

mod charts;
mod fit;
mod presets;
mod preview;
mod run;
mod settings;
mod starts;
mod weights;

use crate::app::parts::widgets::{Button, PageHead};
use crate::app::reactive::{Show, act, live, memo};
use crate::app::text::{pretrain as text, runs, weights as words};
use crate::app::{
    client::Client, parts::device::Device, parts::estimate::EstimateCard, parts::repeat::Repeat,
    parts::setting_field::RefusedValues, parts::unfinished::Unfinished, router::Link, router::replace_query,
    state::Store,
};
use crate::core::config::{link::from_link, link::to_link, pretrain_settings::to_query};
use crate::core::{error::Fault, report::RunState};
use crate::protocol::{Paused, Request};
use leptos::prelude::*;

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
        <Show when=move || loaded.get() && !store.run_open()><starts::CompareStarts /></Show>
        <settings::Settings />
        <Repeat />
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
            store.take_settings(smaller);
        };
        let go_on = saved.zip(config.in_smaller_chunks());
        let help =
            go_on.as_ref().map(|(_, smaller)| view! { <p class="muted small">{runs::smaller_help(smaller)}</p> });
        let go_on = go_on.map(|(run, smaller)| {
            let go_on = move |_| {
                let request = Request::OpenRun { run: run.clone(), in_chunks_of: Some(smaller.chunk) };
                client.ask_or_notify(request, move |answer| {
                    if answer.is_some() {
                        store.exhausted.set(None);
                        client.send(Request::Resume(Paused::Run));
                    }
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

/// Takes the preset or settings from the address when the page opens, then keeps the address equal to them. True if the
/// address brought other settings.
fn follow_address(store: Store) -> bool {
    let mut brought = false;
    let search = window().location().search().unwrap_or_default();
    if search.len() > 1 && !store.run.get_untracked().is_active() {
        let (now, images) = untrack(|| (store.config.get(), store.facts()));
        match from_link(&search, &now, &images) {
            Ok((config, preset)) => {
                brought = config != now;
                match preset {
                    Some(preset) => store.take_preset(preset, config),
                    None => store.take_settings(config),
                }
            }
            Err(faults) => store.notify(Fault::Config(faults)),
        }
    }
    Effect::new(move || {
        let query = match store.touched.get() {
            true => store.config.with(to_query),
            false => to_link(store.preset.get(), store.config.with(|c| c.image_size)),
        };
        replace_query("/pretrain", &format!("?{query}"));
    });
    brought
}
