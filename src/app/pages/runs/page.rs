//! What the parts of the page of stored runs share.

use crate::app::client::{Client, Task};
use crate::app::text::runs as text;
use crate::app::{parts::notice::Announcer, parts::widgets::Question, router::Router, state::Store};
use crate::core::run::{RunRecord, StoredReport};
use crate::protocol::{Event, Request, StoredChange};
use leptos::prelude::*;

/// What the parts of this page share.
#[derive(Clone, Copy)]
pub struct Page {
    pub store: Store,
    pub client: Client,
    pub router: Router,
    /// The request for the list, or for a change to it.
    pub task: Task,
    /// A run that could not be opened because its images are not loaded.
    pub lacks: RwSignal<Option<String>>,
    /// Runs whose curves are drawn, in the order of choice.
    pub drawn: RwSignal<Vec<String>>,
    /// The run whose panel is open.
    pub open: RwSignal<Option<String>>,
    pub question: RwSignal<Option<Question>>,
    /// The request for the queue, or for a change to it.
    pub queue: Task,
    pub announcer: Announcer,
}

impl Page {
    pub fn get() -> Self {
        expect_context()
    }

    /// Sends a request that the list of runs answers. A fault shows on this page.
    pub fn send(self, request: Request) {
        self.send_then(request, || ());
    }

    /// [`Page::send`] of a change to what is stored.
    pub fn change(self, change: StoredChange) {
        self.send(Request::ChangeStored(change));
    }

    /// [`Page::send`], and `then` once it is done.
    pub fn send_then(self, request: Request, then: impl FnOnce() + 'static) {
        self.client.run(self.task, request, Vec::new(), move |_| then());
    }

    /// Whether this tab trains the run now.
    pub fn here(self, record: &RunRecord) -> bool {
        self.store.run.get().is_running()
            && self.store.stored_runs.saved.with(|saved| saved.as_ref().is_some_and(|saved| saved.id == record.id))
    }

    pub fn read<T>(self, f: impl FnOnce(&StoredReport) -> T) -> Option<T> {
        self.store.stored_runs.list.with(|stored| stored.as_ref().map(f))
    }
}

/// Milliseconds since 1970 as a day and a time by this machine's clock.
pub fn time(milliseconds: f64) -> String {
    let date = js_sys::Date::new(&milliseconds.into());
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

pub fn name(record: &RunRecord) -> String {
    text::name(record, &time(record.created))
}

/// Asks, then deletes: for good, or so that it can be brought back.
pub fn ask_delete(page: Page, run: String, called: &str, for_good: bool) {
    let act = Callback::new(move |()| {
        page.open.set(None);
        page.drawn.update(|drawn| drawn.retain(|other| *other != run));
        let run = run.clone();
        if for_good {
            page.change(StoredChange::RemoveRun { run });
        } else {
            let change = Request::ChangeStored(StoredChange::DeleteRun { run: run.clone() });
            page.client.run(page.task, change, Vec::new(), move |answer| {
                // Where there was no room to note when, it went for good.
                if matches!(answer, Event::Runs(left) if left.deleted.iter().any(|(deleted, _)| deleted.id == run)) {
                    page.announcer.say(text::DELETED_SAID);
                }
            });
        }
    });
    let words = if for_good { text::REMOVE_WORDS } else { text::DELETE_WORDS };
    let (no, yes) = (text::CANCEL, text::DELETE);
    let question = Question { title: text::delete(called), words, no, yes, act };
    page.question.set(Some(question));
}
