//! Offers to continue a run, or a queue of runs, that was not finished. The worker is
//! loaded only when the user accepts.

use super::notice::FaultWords;
use crate::app::client::{Client, Task};
use crate::app::reactive::{Show, act, derive, live, memo};
use crate::app::text::{fault, runs as text};
use crate::app::{parts::widgets::Button, router::Link, router::Router, state::Store, state::unfinished::forget};
use crate::core::{error::Fault, report::RunState, run::queue::QueueState, run::unfinished::UnfinishedRun, sample};
use crate::protocol::{ImageSource, Request};
use leptos::prelude::*;

#[component]
pub fn Unfinished() -> impl IntoView {
    let store = Store::get();
    let shown = memo(move || {
        let left = store.stored_runs.unfinished.with(Option::is_some) || store.stored_runs.queue_left.get().is_some();
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
        let (request, page) = match (stored_runs.queue_left.get_untracked(), stored_runs.unfinished.get_untracked()) {
            (Some(_), _) => (Request::StartQueue, "/pretrain"),
            (None, Some(unfinished)) => (
                Request::OpenRun { run: unfinished.id, in_chunks_of: None },
                if unfinished.tuning { "/fine-tune" } else { "/pretrain" },
            ),
            (None, None) => return,
        };
        client.run(task, request, Vec::new(), move |_| router.go(page));
    };
    // The images that this card asked for are loaded: continue at once.
    let fingerprint = memo(move || store.dataset.with(|d| d.as_ref().map(|d| d.fingerprint.clone())));
    Effect::new(move |before: Option<Option<String>>| {
        let now = fingerprint.get();
        let lacked_images = task.failed.with_untracked(|fault| fault.as_ref().is_some_and(lacks_images));
        if now.is_some() && before.is_some_and(|before| before != now) && lacked_images {
            go_on();
        }
        now
    });
    let words =
        move || text::unfinished(stored_runs.queue_left.get(), &stored_runs.unfinished.get().unwrap_or_default());
    view! {
        <section class="card unfinished" aria-labelledby="unfinished-title">
            <h2 id="unfinished-title">{live(move || words().0)}</h2>
            <p>{live(move || words().1)}</p>
            {why_not(task.failed, move || stored_runs.unfinished.get())}
            <div class="actions">
                <Button
                    label=text::CONTINUE
                    kind="primary"
                    disabled=derive(move || task.busy.get() || reading.get())
                    press=act(move |_| go_on())
                />
                <Button label=text::FORGET kind="quiet" press=act(move |_| forget(stored_runs)) />
            </div>
        </section>
    }
}

fn lacks_images(fault: &Fault) -> bool {
    matches!(fault, Fault::WrongImages { .. } | Fault::NoDataset)
}

/// Why runs do not go on: the fault, or the images that `unfinished` needs, where they are the cause.
pub fn why_not(
    failed: RwSignal<Option<Fault>>,
    unfinished: impl Fn() -> Option<UnfinishedRun> + Send + Sync + 'static,
) -> AnyView {
    live(move || {
        let fault = failed.get()?;
        let words = match unfinished().filter(|_| lacks_images(&fault)) {
            Some(run) => view! { <NeedsImages run=run /> }.into_any(),
            None => view! { <div><FaultWords words=fault::fault(&fault) /></div> }.into_any(),
        };
        Some(view! { <div class="notice warn" role="alert">{words}</div> })
    })
}

/// Names the images that a run needs and leads to them; one click loads the sample set.
#[component]
pub fn NeedsImages(run: UnfinishedRun) -> impl IntoView {
    let store = Store::get();
    let client = Client::get();
    let words = text::needs_images(&run);
    let reading = memo(move || store.import.with(Option::is_some));
    let way = if run.sources == [sample::NAME] {
        let classes = sample::class_names().len();
        let load = move |_| {
            let (images_per_class, seed, size) = ((run.images / classes) as u32, run.split_seed, run.size);
            store.split_seed.set(seed);
            client.send(Request::Load { source: ImageSource::Sample { images_per_class }, size, seed });
        };
        view! { <Button label=text::LOAD_SAMPLE disabled=reading press=act(load) /> }.into_any()
    } else {
        // Chosen there, they are split as they were.
        store.split_seed.set(run.split_seed);
        view! { <Link to="/data" attr:class="button">{text::CHOOSE_IMAGES}</Link> }.into_any()
    };
    view! {
        <div>
            <p>{live(move || if reading.get() { text::IMAGES_READ.to_owned() } else { words.clone() })}</p>
        </div>
        {way}
    }
}
