//! Owns the worker: loads it when it is first needed, sends requests, passes answers on,
//! notices silence, and starts it again.

mod answers;
mod connection;
mod life;

pub use connection::{error_text, weights_from};

use super::browser::remember;
use super::state::events::RunView;
use super::state::{ImportState, PendingControl, Store, WorkerState};
use crate::core::error::Fault;
use crate::protocol::queue::{Parcel, Queue};
use crate::protocol::{DeviceChoice, Event, Paused, Request, Work};
use leptos::prelude::*;
use leptos::reactive::owner::LocalStorage;
use std::collections::HashMap;
use std::pin::Pin;
use web_sys::{File, Worker};

/// Starts to fetch every page of the program; the future ends when all have come.
pub type LoadPages = fn() -> Pin<Box<dyn Future<Output = ()>>>;

/// Called once with the answer to a request, or with a fault.
type Answer = Box<dyn FnOnce(Result<Event, Fault>)>;

/// Key of the number of threads in the browser's memory.
const THREADS: &str = "threads";

#[derive(Default)]
struct Inner {
    /// Absolute URL of the folder with `worker.js`.
    base: String,
    /// The worker's program, once it has been loaded: its script's address within the page, and its wasm.
    program: Option<connection::Program>,
    worker: Option<Worker>,
    /// The worker's threads beside its own.
    pool: Vec<Worker>,
    /// All threads that the worker computes with.
    threads: u32,
    /// Number of the worker, raised when one ends: messages of an earlier worker are ignored.
    generation: u32,
    queue: Queue<File>,
    answers: HashMap<u32, Answer>,
    /// The worker has said that it is ready.
    spoke: bool,
    /// Time of the oldest liveness message since which the worker has sent nothing.
    unanswered: Option<f64>,
    /// The choice of device that a worker accepted last.
    device: DeviceChoice,
    /// A requested start of a run that has not begun: number of the request, and the run
    /// before it, which the worker still holds.
    starting: Option<(u32, RunView)>,
}

/// A request of a part of a page: whether it is under way, and why the last one failed.
#[derive(Clone, Copy, Default)]
pub struct Task {
    pub busy: RwSignal<bool>,
    pub failed: RwSignal<Option<Fault>>,
}

/// The page's end of the worker; `Copy`, taken by [`Client::get`].
#[derive(Clone, Copy)]
pub struct Client {
    store: Store,
    load_pages: LoadPages,
    inner: StoredValue<Inner, LocalStorage>,
}

impl Client {
    /// The client of this page; call it inside a component.
    pub fn get() -> Self {
        expect_context()
    }

    /// Sends a request whose outcome shows in the [`Store`]; a fault becomes a notice.
    /// Loads the worker first if needed.
    pub fn send(self, request: Request) {
        self.dispatch(request, Vec::new(), None);
    }

    /// Like [`Client::send`], with the files of an import.
    pub fn send_files(self, request: Request, files: Vec<File>) {
        self.dispatch(request, files, None);
    }

    /// Sends a request and calls `answer` once, with the answer or a fault, which the
    /// caller then shows: [`Fault::Stopped`] if the worker ends.
    pub fn ask(self, request: Request, answer: impl FnOnce(Result<Event, Fault>) + 'static) {
        self.dispatch(request, Vec::new(), Some(Box::new(answer)));
    }

    /// Like [`Client::ask`], but a fault becomes a notice; `done` then gets `None`.
    pub fn ask_or_notify(self, request: Request, done: impl FnOnce(Option<Event>) + 'static) {
        self.ask(request, move |answer| done(answer.map_err(|fault| self.store.notify(fault)).ok()));
    }

    /// Like [`Client::ask`] for a part of a page: `task` holds its state, and `done` gets
    /// the answer if there is no fault.
    pub fn run(self, task: Task, request: Request, files: Vec<File>, done: impl FnOnce(Event) + 'static) {
        task.failed.set(None);
        task.busy.set(true);
        let answer = move |answer| {
            task.busy.try_set(false);
            match answer {
                Ok(event) => done(event),
                Err(Fault::Stopped) => {}
                Err(fault) => drop(task.failed.try_set(Some(fault))),
            }
        };
        self.dispatch(request, files, Some(Box::new(answer)));
    }

    /// Changes the device of the computations. If the device is not available, the choice goes back to the one before.
    pub fn use_device(self, choice: DeviceChoice) {
        self.dispatch(Request::UseDevice(choice), Vec::new(), Some(self.device_answer(choice)));
    }

    /// Changes the number of threads of the CPU backend, 0 for all cores, from now on and for later visits. A worker that
    /// is there is started again.
    pub fn use_threads(self, threads: u32) {
        self.store.threads.set(threads);
        remember(THREADS, (threads > 0).then(|| threads.to_string()).as_deref());
        if self.store.worker.get_untracked() != WorkerState::Absent {
            self.restart();
        }
    }

    fn device_answer(self, choice: DeviceChoice) -> Answer {
        Box::new(move |answer| match answer {
            Ok(_) => drop(self.inner.try_update_value(|inner| inner.device = choice)),
            Err(fault) => {
                // The worker keeps its device; a new worker has none.
                let before = self.inner.try_with_value(|inner| inner.device).filter(|before| *before != choice);
                if self.store.device_choice.get_untracked() == choice {
                    self.store.device_choice.set(before.unwrap_or_default());
                }
                self.store.notify(fault);
            }
        })
    }

    fn dispatch(self, request: Request, files: Vec<File>, answer: Option<Answer>) {
        match self.store.worker.get_untracked() {
            WorkerState::Dead if !request.policy().needs_worker => {
                if let Some(answer) = answer {
                    answer(Err(Fault::Stopped));
                }
                return;
            }
            WorkerState::Dead => self.restart(),
            _ => self.wake(),
        }
        let before = self.note_request(&request);
        if let Request::Cancel(work) = request {
            let cancelled = self.inner.try_update_value(|inner| inner.queue.cancelled(work)).unwrap_or_default();
            for id in cancelled {
                match work {
                    Work::Fetch => self.fail(Some(id), Fault::Stopped),
                    _ => self.take(Some(id), Event::Cancelled(work)),
                }
            }
        }
        let queued = self.inner.try_update_value(|inner| {
            // Neither a run nor images should wait for an estimate, which is requested again.
            let stop_estimate = request.policy().stops_estimate && inner.queue.estimates();
            let (id, dropped) = inner.queue.push(request, files);
            inner.answers.extend(answer.map(|answer| (id, answer)));
            inner.starting = before.map(|view| (id, view)).or(inner.starting.take());
            (stop_estimate, dropped)
        });
        let Some((stop_estimate, dropped)) = queued else { return };
        dropped.into_iter().for_each(|id| self.fail(Some(id), Fault::Stopped));
        if stop_estimate {
            self.post(&Parcel::unnumbered(Request::Cancel(Work::Run)));
        }
        self.post_waiting();
    }

    /// Shows what a request changes at once. Returns the run that a start replaces on the page.
    fn note_request(self, request: &Request) -> Option<RunView> {
        let store = self.store;
        match request {
            Request::Load { .. } => {
                store.import.set(Some(ImportState::default()));
                store.import_end.set(None);
            }
            Request::UseDevice(choice) => store.device_choice.set(*choice),
            Request::Start { config } => return Some(store.begin_run(*config)),
            Request::Pause => store.note_control(PendingControl::Pause),
            Request::Resume(Paused::Run | Paused::RunForOneStep) => store.note_control(PendingControl::Resume),
            Request::Cancel(Work::Run) => store.note_control(PendingControl::Cancel),
            Request::Evaluate => store.evaluating.set(Some(0.0)),
            _ => {}
        }
        None
    }

    /// Posts all queued requests that may be sent now.
    fn post_waiting(self) {
        if self.inner.try_with_value(|inner| inner.spoke) != Some(true) {
            return;
        }
        while let Some(Some(parcel)) = self.inner.try_update_value(|inner| inner.queue.pop()) {
            self.post(&parcel);
        }
    }

    fn post(self, parcel: &Parcel<File>) {
        let sent = self.inner.try_with_value(|inner| {
            inner.worker.as_ref().map(|worker| connection::send(worker, parcel.id, &parcel.request, &parcel.files))
        });
        if let Some(Some(Err(detail))) = sent {
            self.fail(Some(parcel.id), Fault::Internal { detail });
        }
    }
}
