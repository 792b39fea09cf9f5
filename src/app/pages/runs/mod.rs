//! Stored runs: compared, opened, begun anew with a change; many at once as a queue;
//! and what all of it takes.

mod ask;
mod curves;
mod panel;
mod queue;
mod storage;
mod sweep;
mod table;

use crate::app::client::Client;
use crate::app::parts::link::Link;
use crate::app::parts::notice::fault_box;
use crate::app::parts::take_home::BringBack;
use crate::app::reactive::{Show, act, live, memo};
use crate::app::router::Router;
use crate::app::state::{Store, WorkerState};
use crate::app::text::runs as text;
use crate::core::error::Fault;
use crate::core::run::{RunRecord, StoredReport};
use crate::protocol::Request;
use leptos::prelude::*;

/// What the parts of this page share.
#[derive(Clone, Copy)]
struct Page {
    store: Store,
    client: Client,
    router: Router,
    /// Why the list could not be had, or the last change to it failed.
    failed: RwSignal<Option<Fault>>,
    /// The run whose images are not the loaded ones.
    lacks: RwSignal<Option<String>>,
    /// Runs whose curves are drawn, in the order of choice.
    drawn: RwSignal<Vec<String>>,
    /// The run whose panel is open.
    open: RwSignal<Option<String>>,
    question: RwSignal<Option<ask::Question>>,
}

impl Page {
    fn get() -> Self {
        expect_context()
    }

    /// Sends what is answered by the list; a fault shows on this page.
    fn send(self, request: Request) {
        self.send_then(request, || ());
    }

    /// [`Page::send`], and `then` once it is done.
    fn send_then(self, request: Request, then: impl FnOnce() + 'static) {
        let failed = self.failed;
        failed.set(None);
        self.client.ask(request, move |answer| match answer {
            Ok(_) => then(),
            Err(Fault::Stopped) => {}
            Err(fault) => drop(failed.try_set(Some(fault))),
        });
    }

    /// Whether this page trains the run now.
    fn here(self, record: &RunRecord) -> bool {
        self.store.run.get().is_running()
            && self.store.shelf.kept.with(|kept| kept.as_ref().is_some_and(|kept| kept.id == record.id))
    }

    fn read<T>(self, f: impl FnOnce(&StoredReport) -> T) -> Option<T> {
        self.store.shelf.stored.with(|stored| stored.as_ref().map(f))
    }
}

/// When a run was started, by this machine's clock.
fn started(record: &RunRecord) -> String {
    let date = js_sys::Date::new(&record.created.into());
    let two = |n: u32| format!("{n:02}");
    format!(
        "{}-{}-{} {}:{}",
        date.get_full_year(),
        two(date.get_month() + 1),
        two(date.get_date()),
        two(date.get_hours()),
        two(date.get_minutes())
    )
}

fn name(record: &RunRecord) -> String {
    text::name(record, &started(record))
}

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
            <BringBack />
        </Show>
        <sweep::SweepForm />
        <queue::QueueCard />
        <Show when=move || known.get()>
            <storage::StorageCard />
        </Show>
        <ask::Ask question=page.question />
    }
}
