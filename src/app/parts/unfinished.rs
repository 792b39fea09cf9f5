//! Offers to go on with a run, or a queue of runs, that was not finished; the worker
//! is loaded only once somebody wants that.

use super::notice::FaultWords;
use crate::app::client::Client;
use crate::app::reactive::{Show, act, live, memo};
use crate::app::router::Link;
use crate::app::router::Router;
use crate::app::state::Store;
use crate::app::state::hint::{forget_run, set_queue};
use crate::app::text::{fault, runs as text};
use crate::core::error::Fault;
use crate::core::report::RunState;
use crate::core::run::hint::Hint;
use crate::core::run::queue::QueueState;
use crate::core::sample;
use crate::protocol::Request;
use leptos::prelude::*;

#[component]
pub fn Unfinished() -> impl IntoView {
    let store = Store::get();
    let shown = memo(move || {
        let left = store.stored_runs.hint.with(Option::is_some) || store.stored_runs.queue_left.get().is_some();
        // Between two runs of the queue there is none for a moment.
        let goes = store
            .stored_runs
            .queue
            .with(|queue| queue.as_ref().is_some_and(|queue| queue.state != QueueState::Resting));
        left && !goes && store.run.get() == RunState::Idle
    });
    view! {
        <Show when=move || shown.get()>
            <Card />
        </Show>
    }
}

#[component]
fn Card() -> impl IntoView {
    let store = Store::get();
    let (stored_runs, client, router) = (store.stored_runs, Client::get(), Router::get());
    let failed = RwSignal::new(None::<Fault>);
    let busy = RwSignal::new(false);
    let reading = memo(move || store.import.with(Option::is_some));
    let go_on = move || {
        let (request, page) = match (stored_runs.queue_left.get_untracked(), stored_runs.hint.get_untracked()) {
            (Some(_), _) => (Request::StartQueue, "/pretrain"),
            (None, Some(hint)) => (
                Request::OpenRun { run: hint.id, in_chunks_of: None },
                if hint.tuning { "/fine-tune" } else { "/pretrain" },
            ),
            (None, None) => return,
        };
        busy.set(true);
        failed.set(None);
        client.ask(request, move |answer| {
            busy.try_set(false);
            match answer {
                Ok(_) => router.go(page),
                Err(Fault::Stopped) => {}
                Err(fault) => drop(failed.try_set(Some(fault))),
            }
        });
    };
    // Images that were loaded as this card asked: what was wanted goes on.
    let fingerprint = memo(move || store.dataset.with(|d| d.as_ref().map(|d| d.fingerprint.clone())));
    Effect::new(move |before: Option<Option<String>>| {
        let now = fingerprint.get();
        let asked = failed.with_untracked(|f| matches!(f, Some(Fault::WrongImages { .. } | Fault::NoDataset)));
        if now.is_some() && before.is_some_and(|before| before != now) && asked {
            go_on();
        }
        now
    });
    let forget = move |_| {
        if let Some(hint) = stored_runs.hint.get_untracked() {
            forget_run(stored_runs, &hint.id);
        }
        set_queue(stored_runs, None);
    };
    let words = move || match (stored_runs.queue_left.get(), stored_runs.hint.get()) {
        (Some(left), _) => text::unfinished_queue(left),
        (None, Some(hint)) => text::unfinished(&hint),
        (None, None) => String::new(),
    };
    let title = move || match (
        stored_runs.queue_left.get(),
        stored_runs.hint.with(|hint| hint.as_ref().is_some_and(|h| h.tuning)),
    ) {
        (Some(_), _) => text::UNFINISHED_QUEUE,
        (None, true) => text::UNFINISHED_TUNING,
        (None, false) => text::UNFINISHED,
    };
    view! {
        <section class="card unfinished" aria-labelledby="unfinished-title">
            <h2 id="unfinished-title">{title}</h2>
            <p>{words}</p>
            {live(move || {
                failed
                    .get()
                    .map(|fault| {
                        let images = match (&fault, stored_runs.hint.get()) {
                            (Fault::WrongImages { .. } | Fault::NoDataset, Some(hint)) => Some(hint),
                            _ => None,
                        };
                        view! {
                            <div class="notice warn" role="alert">
                                {match images {
                                    Some(hint) => view! { <NeedsImages hint=hint /> }.into_any(),
                                    None => {
                                        view! {
                                            <div>
                                                <FaultWords words=fault::fault(&fault) />
                                            </div>
                                        }
                                            .into_any()
                                    }
                                }}
                            </div>
                        }
                    })
            })}
            <div class="actions">
                <button type="button" class="primary" disabled=move || busy.get() || reading.get() on:click=act(move |_| go_on())>
                    {text::CONTINUE}
                </button>
                <button type="button" class="quiet" on:click=act(forget)>
                    {text::DISMISS}
                </button>
            </div>
        </section>
    }
}

/// Which images, and the way to them; one click for the sample set.
#[component]
pub fn NeedsImages(hint: Hint) -> impl IntoView {
    let store = Store::get();
    let client = Client::get();
    let words = text::needs_images(&hint);
    let reading = memo(move || store.import.with(Option::is_some));
    let way = if hint.sources == [sample::NAME] {
        let classes = sample::class_names().len();
        let load = move |_| {
            let (images_per_class, seed, size) = ((hint.images / classes) as u32, hint.split_seed, hint.size);
            store.split_seed.set(seed);
            client.send(Request::LoadSample { images_per_class, seed, size });
        };
        view! {
            <button type="button" disabled=reading on:click=act(load)>
                {text::LOAD_SAMPLE}
            </button>
        }
        .into_any()
    } else {
        // Chosen there, they are split as they were.
        store.split_seed.set(hint.split_seed);
        view! {
            <Link to="/data" attr:class="button">
                {text::CHOOSE_IMAGES}
            </Link>
        }
        .into_any()
    };
    view! {
        <div>
            <p>{live(move || if reading.get() { text::IMAGES_READ.to_owned() } else { words.clone() })}</p>
        </div>
        {way}
    }
}
