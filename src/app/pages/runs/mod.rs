//! The page of stored runs: compared, opened, begun anew with a change; many at once as a queue;
//! and the storage that they take.

mod curves;
mod page;
mod panel;
mod queue;
mod starts;
mod table;

use self::page::Page;
use crate::app::client::{Client, Task};
use crate::app::parts::notice::{Announcer, FaultAlert};
use crate::app::parts::stored_runs::{DeleteStored, ExportButton, ImportRun};
use crate::app::parts::widgets::{Ask, Button, Meter, PageHead};
use crate::app::reactive::{Show, act, derive, live, memo};
use crate::app::router::{Link, Router};
use crate::app::state::{Store, WorkerState, lasting::look_up};
use crate::app::text::runs as text;
use crate::core::imagenet::DownloadedWeights;
use crate::protocol::{Request, StoredChange};
use leptos::prelude::*;

#[component]
pub fn Runs() -> impl IntoView {
    let store = Store::get();
    let page = Page {
        store,
        client: Client::get(),
        router: Router::get(),
        task: Task::default(),
        lacks: RwSignal::new(None),
        drawn: RwSignal::default(),
        open: RwSignal::new(None),
        question: RwSignal::new(None),
        queue: Task::default(),
        announcer: Announcer::get(),
    };
    provide_context(page);
    // When the page opens, when a run, an evaluation or a fine-tuning has ended, and for a new worker.
    let at_work = memo(move || store.run.get().is_running() || store.encoder_in_use());
    let dead = memo(move || store.worker.get() == WorkerState::Dead);
    Effect::new(move || {
        at_work.get();
        if !dead.get() {
            page.send(Request::Runs);
            page.client.run(page.queue, Request::Queue, Vec::new(), |_| ());
        }
    });
    let known = memo(move || page.read(|_| ()).is_some());
    let empty = memo(move || page.read(|stored| stored.runs.is_empty()).unwrap_or(true));
    let failed = page.task.failed;
    let again = move || view! { <Button label=text::TRY_AGAIN press=act(move |_| page.send(Request::Runs)) /> };
    view! {
        <PageHead title=text::TITLE lead=text::LEAD />
        <FaultAlert fault=failed action=again />
        <Show when=move || !known.get() && failed.with(Option::is_none)>
            <p role="status" class="muted">{text::READING}</p>
        </Show>
        <Show when=move || known.get() && empty.get()>
            <div class="notice">
                <p>{text::EMPTY}</p>
                <Link to="/pretrain" attr:class="button primary">{text::GO_PRETRAIN}</Link>
            </div>
        </Show>
        <table::Damaged />
        <Show when=move || !empty.get()>
            <table::Table />
        </Show>
        <table::Deleted />
        <starts::ComparedStarts />
        <Show when=move || !empty.get()>
            <panel::Panel />
            <curves::Curves />
        </Show>
        <Show when=move || known.get()><ImportRun /></Show>
        <queue::SweepForm />
        <queue::QueueCard />
        <Show when=move || known.get()><StorageCard /></Show>
        <Ask question=page.question />
    }
}

/// Whether the browser keeps what is stored. Where it does not promise that, the run at hand can be exported.
#[component]
fn Lasting() -> impl IntoView {
    let store = Page::get().store;
    look_up(store, false);
    let lasting = store.stored_runs.lasting;
    let at_hand = memo(move || lasting.get() == Some(false) && store.has_encoder());
    view! {
        {live(move || lasting.get().map(|lasting| view! { <p class="small">{text::lasting(lasting, at_hand.get())}</p> }))}
        <Show when=move || at_hand.get()><ExportButton /></Show>
    }
}

#[component]
fn StorageCard() -> impl IntoView {
    let page = Page::get();
    let store = page.store;
    let usage = memo(move || page.read(|stored| (stored.used, stored.quota)).unwrap_or_default());
    let part = derive(move || {
        let (used, quota) = usage.get();
        Some(if quota == 0 { 0.0 } else { used as f64 / quota as f64 })
    });
    let words = derive(move || {
        let (used, quota) = usage.get();
        text::used(used, quota)
    });
    // The loaded set: its fingerprint, and bytes of its pixels.
    let loaded = memo(move || {
        store.dataset.with(|d| d.as_ref().map(|d| (d.fingerprint.clone(), (d.images * d.size * d.size * 3) as f64)))
    });
    let images = memo(move || page.read(|stored| stored.images.clone()).unwrap_or_default());
    let is_stored =
        move || loaded.with(|l| l.as_ref().is_some_and(|(id, _)| images.with(|images| images.contains(id))));
    let busy = memo(move || store.run.get().is_running() || store.import.with(Option::is_some));
    let keep = move || match loaded.get() {
        None => view! { <p class="muted small">{text::KEEP_NONE}</p> }.into_any(),
        Some(_) if is_stored() => view! { <p class="small">{text::KEPT}</p> }.into_any(),
        Some((_, size)) => view! {
            <div class="inline">
                <Button label=text::KEEP disabled=busy press=act(move |_| page.change(StoredChange::KeepImages)) />
                <p class="muted small">{text::keep_help(size)}</p>
            </div>
        }
        .into_any(),
    };
    // Named by the runs on these images, or by the loaded set.
    let called = move |fingerprint: &str| {
        let of_runs = page.read(|stored| {
            let run = stored.runs.iter().find(|run| run.data.fingerprint == fingerprint)?;
            Some(text::images(&run.data.sources, run.data.images))
        });
        let of_loaded = || {
            store.dataset.with(|d| {
                d.as_ref().filter(|d| d.fingerprint == fingerprint).map(|d| text::images(&d.sources, d.images))
            })
        };
        of_runs.flatten().or_else(of_loaded).unwrap_or_else(|| text::UNKNOWN_IMAGES.to_owned())
    };
    let sets = move || {
        let one = |fingerprint: String| {
            let what = called(&fingerprint);
            stored(page, text::stored_set(&what), what, StoredChange::DeleteImages { fingerprint })
        };
        images.get().into_iter().map(one).collect_view()
    };
    let weights = move || {
        let one = |weights: DownloadedWeights| {
            let (encoder, what) = (weights.encoder, text::weights_of(weights.encoder.name()));
            stored(page, text::stored_weights(weights), what, StoredChange::DeleteWeights { encoder })
        };
        store.stored_runs.stored_weights.get().into_iter().flatten().map(one).collect_view()
    };
    let kept = store.offline.kept;
    let program = move || (kept.get() > 0.0).then(|| view! { <li><span>{text::program(kept.get())}</span></li> });
    let deleted = Callback::new(move |()| {
        page.drawn.set(Vec::new());
        page.open.set(None);
    });
    view! {
        <section class="card" aria-labelledby="storage-title">
            <h2 id="storage-title">{text::STORAGE}</h2>
            <Meter label=text::STORAGE_USED part=part detail=words />
            <Lasting />
            {keep}
            <ul class="plain">{sets} {weights} {program}</ul>
            <DeleteStored question=page.question then=deleted />
        </section>
    }
}

/// Something stored in a line, with a button that deletes it. `what` names it to a screen reader.
fn stored(page: Page, words: String, what: String, delete: StoredChange) -> impl IntoView {
    view! {
        <li>
            <span>{words}</span>
            <Button label=text::FORGET about=what press=act(move |_| page.change(delete.clone())) />
        </li>
    }
}
