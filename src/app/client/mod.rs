//! Owns the worker: loads it when first needed, hands requests over and answers
//! back, notices silence, starts it again.

mod answers;
mod life;
mod loader;
mod post;

pub use post::words;

use super::state::{ImportState, Store, WorkerState};
use crate::core::error::Fault;
use crate::core::report::{EpochReport, Phase, RunState, StepReport};
use crate::protocol::queue::{Parcel, Queue};
use crate::protocol::{Event, Request};
use leptos::prelude::*;
use leptos::reactive::owner::LocalStorage;
use std::collections::HashMap;
use web_sys::{File, Worker};

/// What is done with an answer.
type Answer = Box<dyn FnOnce(Result<Event, Fault>)>;

#[derive(Default)]
struct Inner {
    base: String,
    worker: Option<Worker>,
    /// Raised with every start, so that what is left of an old one is ignored.
    generation: u32,
    queue: Queue<File>,
    answers: HashMap<u32, Answer>,
    heard: f64,
    steps: Vec<StepReport>,
    epochs: Vec<EpochReport>,
    flush_due: bool,
}

/// The page's end of the worker; `Copy`, taken by [`Client::get`].
#[derive(Clone, Copy)]
pub struct Client {
    store: Store,
    inner: StoredValue<Inner, LocalStorage>,
}

impl Client {
    /// `base` is the absolute URL of the folder with `worker.js`.
    pub(super) fn new(store: Store, base: String) -> Self {
        let inner = StoredValue::new_local(Inner { base, ..Inner::default() });
        let client = Self { store, inner };
        set_interval(move || client.check_liveness(), life::PING);
        client
    }

    /// The client of this page; call it inside a component.
    pub fn get() -> Self {
        expect_context()
    }

    /// Sends a request whose outcome shows in the [`Store`]; a fault becomes a
    /// notice. Loads the worker first where needed.
    pub fn send(self, request: Request) {
        self.dispatch(request, Vec::new(), None);
    }

    /// Like [`Client::send`], with the files of an import.
    pub fn send_files(self, request: Request, files: Vec<File>) {
        self.dispatch(request, files, None);
    }

    /// Sends a request and calls back once, with its answer or a fault, which
    /// then is the caller's to show. Never called back if the worker restarts.
    pub fn ask(self, request: Request, answer: impl FnOnce(Result<Event, Fault>) + 'static) {
        self.dispatch(request, Vec::new(), Some(Box::new(answer)));
    }

    fn dispatch(self, request: Request, files: Vec<File>, answer: Option<Answer>) {
        self.note_request(&request);
        self.wake();
        let queued = self.inner.try_update_value(|inner| {
            // A run should not wait for the timing of another one.
            let stop_estimate = matches!(request, Request::Start { .. }) && inner.queue.estimates();
            let id = inner.queue.push(request, files);
            inner.answers.extend(answer.map(|answer| (id, answer)));
            stop_estimate
        });
        if queued == Some(true) {
            self.post(&Parcel::unnumbered(Request::Cancel));
        }
        self.post_waiting();
    }

    /// What the page can know the moment a request leaves.
    fn note_request(self, request: &Request) {
        let store = self.store;
        match request {
            Request::LoadSample { .. } | Request::Import { .. } | Request::Resize { .. } => {
                store.import.set(Some(ImportState::default()));
                store.import_end.set(None);
            }
            Request::UseDevice(choice) => store.device_choice.set(*choice),
            Request::Start { config } => {
                store.clear_run();
                store.run_config.set(Some(*config));
                // The worker says so too, once what it is at has ended.
                store.run.set(RunState::Running(Phase::Load));
            }
            Request::Evaluate => store.evaluating.set(Some(0.0)),
            _ => {}
        }
    }

    /// Posts what waits and may go.
    fn post_waiting(self) {
        if !matches!(self.store.worker.get_untracked(), WorkerState::Ready | WorkerState::Silent) {
            return;
        }
        while let Some(Some(parcel)) = self.inner.try_update_value(|inner| inner.queue.pop()) {
            self.post(&parcel);
        }
    }

    fn post(self, parcel: &Parcel<File>) {
        let sent = self.inner.try_update_value(|inner| {
            if !self.owes(inner) {
                inner.heard = now();
            }
            inner.worker.as_ref().map(|worker| post::send(worker, parcel.id, &parcel.request, &parcel.files))
        });
        if let Some(Some(Err(detail))) = sent {
            self.fail(parcel.id, Fault::Internal { detail });
        }
    }
}

/// Milliseconds since the page was opened.
pub fn now() -> f64 {
    window().performance().map_or(0.0, |p| p.now())
}
