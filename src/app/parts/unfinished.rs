//! Offers to continue a run, or a queue of runs, that was not finished. The worker is
//! loaded only when the user accepts.

use super::notice::FaultWords;
use crate::app::client::{Client, Task};
use crate::app::reactive::{Show, act, derive, live, memo};
use crate::app::state::hint::{forget_run, set_queue};
use crate::app::text::{fault, runs as text};
use crate::app::{parts::widgets::Button, router::Link, router::Router, state::Store};
use crate::core::{error::Fault, report::RunState, run::hint::Hint, run::queue::QueueState, sample};
use crate::protocol::{ImageSource, Request};
use leptos::prelude::*;

#[component]
pub fn Unfinished() -> impl IntoView {
    let store = Store::get();
    let shown = memo(move || {
        let left = store.stored_runs.hint.with(Option::is_some) || store.stored_runs.queue_left.get().is_some();
        // Between two runs of the queue no run is open for a moment.
        let under_way = store
            .stored_runs
            .queue
            .with(|queue| queue.as_ref().is_some_and(|queue| queue.state != QueueState::Resting));
        left && !under_way && store.run.get() == RunState::Idle
    });
    view! { <Show when=move || shown.get()><Card /></Show> }
}

#[component]
fn Card() -> impl IntoView {
    let store = Store::get();
    let (stored_runs, client, router) = (store.stored_runs, Client::get(), Router::get());
    let task = Task::default();
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
        client.run(task, request, Vec::new(), move |_| router.go(page));
    };
    // The images that this card asked for are loaded: continue at once.
    let fingerprint = memo(move || store.dataset.with(|d| d.as_ref().map(|d| d.fingerprint.clone())));
    Effect::new(move |before: Option<Option<String>>| {
        let now = fingerprint.get();
        let lacked_images =
            task.failed.with_untracked(|f| matches!(f, Some(Fault::WrongImages { .. } | Fault::NoDataset)));
        if now.is_some() && before.is_some_and(|before| before != now) && lacked_images {
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
        (Some(left), _) => (text::UNFINISHED_QUEUE, text::unfinished_queue(left)),
        (None, Some(hint)) => {
            (if hint.tuning { text::UNFINISHED_TUNING } else { text::UNFINISHED }, text::unfinished(&hint))
        }
        (None, None) => (text::UNFINISHED, String::new()),
    };
    view! {
        <section class="card unfinished" aria-labelledby="unfinished-title">
            <h2 id="unfinished-title">{live(move || words().0)}</h2>
            <p>{live(move || words().1)}</p>
            {live(move || {
                task.failed
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
                                        view! { <div><FaultWords words=fault::fault(&fault) /></div> }
                                            .into_any()
                                    }
                                }}
                            </div>
                        }
                    })
            })}
            <div class="actions">
                <Button
                    label=text::CONTINUE
                    kind="primary"
                    disabled=derive(move || task.busy.get() || reading.get())
                    press=act(move |_| go_on())
                />
                <Button label=text::DISMISS kind="quiet" press=act(forget) />
            </div>
        </section>
    }
}

/// Names the images that a run needs and leads to them; one click loads the sample set.
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
            client.send(Request::Load { source: ImageSource::Sample { images_per_class }, size, seed });
        };
        view! { <Button label=text::LOAD_SAMPLE disabled=reading press=act(load) /> }.into_any()
    } else {
        // Chosen there, they are split as they were.
        store.split_seed.set(hint.split_seed);
        view! { <Link to="/data" attr:class="button">{text::CHOOSE_IMAGES}</Link> }.into_any()
    };
    view! {
        <div>
            <p>{live(move || if reading.get() { text::IMAGES_READ.to_owned() } else { words.clone() })}</p>
        </div>
        {way}
    }
}
