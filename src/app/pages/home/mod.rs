//! The landing page: what this is, the first step, and the method's own chart,
//! live.

mod flow;
mod node;
mod status;

use crate::app::client::Client;
use crate::app::parts::unfinished::Unfinished;
use crate::app::reactive::{Show, act, live, memo};
use crate::app::router::Link;
use crate::app::router::Router;
use crate::app::state::Store;
use crate::app::text::home as text;
use crate::core::report::RunState;
use crate::core::sample::IMAGES_PER_CLASS;
use crate::protocol::Request;
use leptos::prelude::*;

#[component]
pub fn Home() -> impl IntoView {
    view! {
        <div class="hero">
            <h1>{text::TITLE}</h1>
            <p class="lead">{text::LEAD}</p>
            <NextStep />
        </div>
        <Unfinished />
        <flow::Flow />
    }
}

/// The one thing to do next, and its alternative.
#[component]
fn NextStep() -> impl IntoView {
    let store = Store::get();
    let loaded = memo(move || store.dataset.with(Option::is_some));
    view! {
        <Show when=move || loaded.get() fallback=FirstStep>
            <div class="actions">
                {live(move || {
                    let (href, label) = match store.run.get() {
                        RunState::Idle | RunState::Failed => ("/pretrain", text::GO_PRETRAIN),
                        RunState::Running(_) | RunState::Paused => ("/pretrain", text::GO_WATCH),
                        RunState::Cancelled | RunState::Finished => ("/evaluate", text::GO_EVALUATE),
                    };
                    view! {
                        <Link to=href attr:class="button primary">
                            {label}
                        </Link>
                    }
                })} <Link to="/data" attr:class="button">
                    {text::GO_IMAGES}
                </Link>
            </div>
        </Show>
    }
}

#[component]
fn FirstStep() -> impl IntoView {
    let store = Store::get();
    let client = Client::get();
    let router = Router::get();
    let busy = memo(move || store.import.with(Option::is_some));
    let use_sample = move |_| {
        let images_per_class = IMAGES_PER_CLASS as u32;
        let size = store.config.with_untracked(|c| c.image_size) as u32;
        let seed = store.split_seed.get_untracked();
        client.send(Request::LoadSample { images_per_class, seed, size });
        router.go("/data");
    };
    view! {
        <div class="actions">
            <button type="button" class="primary" disabled=busy on:click=act(use_sample)>
                {text::USE_SAMPLE}
            </button>
            <Link to="/data" attr:class="button">
                {text::USE_OWN}
            </Link>
            <Link to="/lesson/nt-xent" attr:class="button quiet">
                {text::LEARN}
            </Link>
        </div>
        <p class="muted small">{text::FIRST_NOTE}</p>
    }
}
