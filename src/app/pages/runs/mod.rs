//! Stored runs: compared, opened, begun anew with a change; many at once as a queue;
//! and what all of it takes.

mod curves;
mod page;
mod panel;
mod queue;
mod storage;
mod sweep;
mod table;

use self::page::Page;
use crate::app::client::Client;
use crate::app::parts::notice::fault_box;
use crate::app::parts::stored_runs::ImportRun;
use crate::app::parts::widgets::Ask;
use crate::app::reactive::{Show, act, live, memo};
use crate::app::router::Link;
use crate::app::router::Router;
use crate::app::state::{Store, WorkerState};
use crate::app::text::runs as text;
use crate::protocol::Request;
use leptos::prelude::*;

#[component]
pub fn Runs() -> impl IntoView {
    let store = Store::get();
    let page = Page {
        store,
        client: Client::get(),
        router: Router::get(),
        failed: RwSignal::new(None),
        lacks: RwSignal::new(None),
        drawn: RwSignal::default(),
        open: RwSignal::new(None),
        question: RwSignal::new(None),
    };
    provide_context(page);
    // At first, and whenever a run, its evaluation or fine-tuning has ended, or a worker is new.
    let at_work = memo(move || store.run.get().is_running() || store.encoder_in_use());
    let dead = memo(move || store.worker.get() == WorkerState::Dead);
    Effect::new(move || {
        at_work.get();
        if !dead.get() {
            page.send(Request::Runs);
            page.client.ask(Request::Queue, |_| {});
        }
    });
    let known = memo(move || page.read(|_| ()).is_some());
    let empty = memo(move || page.read(|stored| stored.runs.is_empty()).unwrap_or(true));
    let failed = page.failed;
    view! {
        <div class="page-head">
            <h1>{text::TITLE}</h1>
            <p class="lead">{text::LEAD}</p>
        </div>
        <div role="alert">
            {live(move || {
                failed
                    .get()
                    .map(|fault| {
                        let again = view! {
                            <button type="button" on:click=act(move |_| page.send(Request::Runs))>
                                {text::TRY_AGAIN}
                            </button>
                        };
                        fault_box(&fault, Some(again.into_any()))
                    })
            })}
        </div>
        <Show when=move || !known.get() && failed.with(Option::is_none)>
            <p role="status" class="muted">
                {text::READING}
            </p>
        </Show>
        <Show when=move || known.get() && empty.get()>
            <div class="notice">
                <p>{text::EMPTY}</p>
                <Link to="/pretrain" attr:class="button primary">
                    {text::GO_PRETRAIN}
                </Link>
            </div>
        </Show>
        <table::Damaged />
        <Show when=move || !empty.get()>
            <table::Table />
            <panel::Panel />
            <curves::Curves />
        </Show>
        <Show when=move || known.get()>
            <ImportRun />
        </Show>
        <sweep::SweepForm />
        <queue::QueueCard />
        <Show when=move || known.get()>
            <storage::StorageCard />
        </Show>
        <Ask question=page.question />
    }
}
