//! Owns the worker: loads it when first needed, numbers requests, hands answers
//! back, notices silence, starts it again.

mod loader;
mod post;

use super::state::{ImportEnd, ImportState, Store, WorkerState};
use crate::core::error::Fault;
use crate::core::report::{EpochReport, RunState, StepReport};
use crate::protocol::{DeviceChoice, Event, Request, ToPage, VERSION};
use leptos::prelude::*;
use leptos::reactive::owner::LocalStorage;
use std::collections::HashMap;
use std::time::Duration;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{File, MessageEvent, Worker};

/// What is done with an answer.
type Answer = Box<dyn FnOnce(Result<Event, Fault>)>;

/// Time without a word, while something was asked, after which a restart is
/// offered.
const SILENCE: f64 = 60_000.0;
/// Time between two liveness messages.
const PING: Duration = Duration::from_secs(5);
/// Steps and epochs are handed to the page's charts at most this often.
const FLUSH: Duration = Duration::from_millis(250);

/// A request as it is sent: kept until the worker is ready, and for the images
/// also after that, so that a restart can load them again.
#[derive(Clone)]
struct Parcel {
    id: u32,
    request: Request,
    files: Vec<File>,
}

struct Inner {
    base: String,
    worker: Option<Worker>,
    /// Raised with every start, so that what is left of an old one is ignored.
    generation: u32,
    next_id: u32,
    waiting: Vec<Parcel>,
    /// The job whose answer the next job waits for; the worker does one at a
    /// time and refuses others.
    serving: Option<u32>,
    /// That job, if it is an estimate.
    estimating: Option<u32>,
    answers: HashMap<u32, Answer>,
    /// Imports that made the current set.
    images: Vec<Parcel>,
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
        let inner = StoredValue::new_local(Inner {
            base,
            worker: None,
            generation: 0,
            next_id: 0,
            waiting: Vec::new(),
            serving: None,
            estimating: None,
            answers: HashMap::new(),
            images: Vec::new(),
            heard: 0.0,
            steps: Vec::new(),
            epochs: Vec::new(),
            flush_due: false,
        });
        let client = Self { store, inner };
        set_interval(move || client.check_liveness(), PING);
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

    /// Loads the worker if that has not been done, e.g. to learn the device.
    pub fn wake(self) {
        if matches!(self.store.worker.get_untracked(), WorkerState::Absent | WorkerState::Dead) {
            self.start();
        }
    }

    /// Ends the worker and starts another: settings stay, images are loaded
    /// again, the encoder is lost.
    pub fn restart(self) {
        self.stop();
        self.store.clear_worker();
        // What was said about the old one.
        self.store.notices.update(|all| all.retain(|n| !n.fault.ends_worker()));
        let images = self.inner.with_value(|i| i.images.clone());
        let importing = !images.is_empty();
        self.inner.update_value(|i| i.waiting = images);
        if importing {
            self.store.import.set(Some(ImportState { since: now(), ..ImportState::default() }));
        }
        self.start();
    }

    /// The user gives a silent worker another minute.
    pub fn keep_waiting(self) {
        self.inner.update_value(|inner| inner.heard = now());
        self.store.worker.set(WorkerState::Ready);
    }

    fn stop(self) {
        self.inner.update_value(|inner| {
            if let Some(worker) = inner.worker.take() {
                worker.terminate();
            }
            inner.generation += 1;
            inner.waiting.clear();
            inner.serving = None;
            inner.answers.clear();
        });
    }

    fn dispatch(self, request: Request, files: Vec<File>, answer: Option<Answer>) {
        self.note_request(&request);
        let Some(parcel) = self.inner.try_update_value(|inner| {
            inner.next_id += 1;
            let id = inner.next_id;
            if let Some(answer) = answer {
                inner.answers.insert(id, answer);
            }
            let parcel = Parcel { id, request, files };
            match &parcel.request {
                Request::LoadSample { .. } => inner.images = vec![parcel.clone()],
                Request::Import { role, .. } => {
                    if *role == crate::protocol::ImportRole::New {
                        inner.images.clear();
                    }
                    inner.images.push(parcel.clone());
                }
                Request::Forget => inner.images.clear(),
                _ => {}
            }
            parcel
        }) else {
            return;
        };
        self.wake();
        if matches!(parcel.request, Request::Start { .. }) {
            self.stop_estimate();
        }
        self.inner.update_value(|inner| {
            // Only the newest estimate matters, and none once a run starts.
            if matches!(parcel.request, Request::Estimate { .. } | Request::Start { .. }) {
                inner.waiting.retain(|p| !matches!(p.request, Request::Estimate { .. }));
            }
            inner.waiting.push(parcel);
        });
        self.post_waiting();
    }

    /// A run should not wait for the timing of another one.
    fn stop_estimate(self) {
        let estimating =
            self.inner.try_with_value(|inner| inner.estimating.is_some() && inner.estimating == inner.serving);
        if estimating == Some(true) {
            self.post(&Parcel { id: 0, request: Request::Cancel, files: Vec::new() });
        }
    }

    /// Posts what waits and may go: jobs one after the other, the rest at once.
    fn post_waiting(self) {
        if !matches!(self.store.worker.get_untracked(), WorkerState::Ready | WorkerState::Silent) {
            return;
        }
        let next = |inner: &mut Inner| {
            let at = inner.waiting.iter().position(|p| inner.serving.is_none() || !is_job(&p.request))?;
            let parcel = inner.waiting.remove(at);
            if is_answered_job(&parcel.request) {
                inner.serving = Some(parcel.id);
                inner.estimating = matches!(parcel.request, Request::Estimate { .. }).then_some(parcel.id);
            }
            Some(parcel)
        };
        while let Some(Some(parcel)) = self.inner.try_update_value(next) {
            self.post(&parcel);
        }
    }

    /// The answer to a job has come: the next one may go.
    fn served(self, id: Option<u32>) {
        let done = self.inner.try_update_value(|inner| {
            let done = inner.serving.is_some() && inner.serving == id;
            if done {
                inner.serving = None;
            }
            done
        });
        if done == Some(true) {
            self.post_waiting();
        }
    }

    /// What the page can know the moment a request leaves.
    fn note_request(self, request: &Request) {
        let store = self.store;
        match request {
            Request::LoadSample { .. } | Request::Import { .. } | Request::Resize { .. } => {
                store.import.set(Some(ImportState { since: now(), ..ImportState::default() }));
                store.import_end.set(None);
            }
            Request::UseDevice(choice) => store.device_choice.set(*choice),
            Request::Start { config } => {
                store.clear_run();
                store.run_config.set(Some(*config));
            }
            Request::Evaluate => store.evaluating.set(Some(0.0)),
            Request::Forget => {
                store.dataset.set(None);
                store.clear_run();
            }
            _ => {}
        }
    }

    fn post(self, parcel: &Parcel) {
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

    fn start(self) {
        self.store.worker.set(WorkerState::Loading { got: 0.0, total: None });
        let (base, generation) = self.inner.with_value(|i| (i.base.clone(), i.generation));
        let current = move || self.inner.try_with_value(|i| i.generation) == Some(generation);
        leptos::task::spawn_local(async move {
            let progress = move |got, total| {
                if current() {
                    self.store.worker.set(WorkerState::Loading { got, total });
                }
            };
            let loaded = loader::load(&base, progress).await;
            if !current() {
                return;
            }
            match loaded.and_then(|bytes| loader::start(&base, &bytes)) {
                Ok(worker) => {
                    self.store.worker.set(WorkerState::Starting);
                    self.listen(worker, generation);
                }
                Err(detail) => self.died(Fault::NotLoaded { detail }),
            }
        });
    }

    fn listen(self, worker: Worker, generation: u32) {
        let current = move || self.inner.try_with_value(|i| i.generation) == Some(generation);
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |message: MessageEvent| {
            if current() {
                self.receive(&message.data());
            }
        });
        // Reached when worker.js cannot be loaded or throws while it starts;
        // later failures arrive as messages.
        let on_error = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| {
            if current() {
                let message = event.dyn_ref::<web_sys::ErrorEvent>().map(web_sys::ErrorEvent::message);
                event.prevent_default();
                self.died(Fault::NotLoaded { detail: message.unwrap_or_else(|| "worker.js".into()) });
            }
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        // A page has few workers in its life: their closures live as long.
        on_message.forget();
        on_error.forget();
        self.inner.update_value(|inner| {
            inner.heard = now();
            inner.worker = Some(worker);
        });
    }

    fn receive(self, data: &wasm_bindgen::JsValue) {
        self.inner.update_value(|inner| inner.heard = now());
        if self.store.worker.get_untracked() == WorkerState::Silent {
            self.store.worker.set(WorkerState::Ready);
        }
        let ToPage { reply_to, event } = match post::receive(data) {
            Ok(message) => message,
            Err(post::Refused::Version(worker)) => return self.other_version(worker),
            Err(post::Refused::Other(detail)) => return self.died(Fault::Internal { detail }),
        };
        self.store.take(&event);
        match event {
            Event::Ready { version, .. } if version != VERSION => self.other_version(version),
            Event::Ready { .. } => self.ready(),
            Event::Step(report) => self.measure(|inner| inner.steps.push(report)),
            Event::Epoch(report) => self.measure(|inner| inner.epochs.push(report)),
            Event::Failed(fault) => self.fail(reply_to.unwrap_or(0), fault),
            Event::ImportProgress { .. } | Event::EvaluationProgress { .. } => {}
            Event::State(state) => {
                if !matches!(state, RunState::Running(_)) {
                    self.flush();
                }
                self.answer(reply_to, Event::State(state));
            }
            event => self.answer(reply_to, event),
        }
    }

    fn ready(self) {
        loader::forget_reload();
        self.store.worker.set(WorkerState::Ready);
        self.post(&Parcel { id: 0, request: Request::Hello { version: VERSION }, files: Vec::new() });
        let choice = Request::UseDevice(self.store.device_choice.get_untracked());
        self.inner.update_value(|inner| {
            inner.next_id += 1;
            let id = inner.next_id;
            inner.waiting.insert(0, Parcel { id, request: choice, files: Vec::new() });
        });
        self.post_waiting();
    }

    fn answer(self, reply_to: Option<u32>, event: Event) {
        self.served(reply_to);
        let answer = reply_to.and_then(|id| self.inner.try_update_value(|i| i.answers.remove(&id)).flatten());
        if let Some(answer) = answer {
            answer(Ok(event));
        }
    }

    fn fail(self, id: u32, fault: Fault) {
        self.flush();
        let store = self.store;
        // Whatever was under way and can fail has now ended.
        match &fault {
            Fault::Import(_) => {
                store.import.set(None);
                // The images page shows it in its place, with the files.
                store.import_end.set(Some(ImportEnd::Failed(fault)));
                return self.served(Some(id));
            }
            // The device asked for cannot be had: the worker keeps what it has.
            Fault::Device(_) => store.device_choice.set(DeviceChoice::Auto),
            Fault::NoLabels | Fault::NoEncoder => store.evaluating.set(None),
            Fault::Internal { .. } | Fault::OutOfMemory { .. } => {
                store.import.set(None);
                store.evaluating.set(None);
                if matches!(store.run.get_untracked(), RunState::Running(_)) {
                    store.run.set(RunState::Failed);
                }
            }
            _ => {}
        }
        let answer = self.inner.try_update_value(|inner| inner.answers.remove(&id)).flatten();
        match answer {
            Some(answer) => answer(Err(fault)),
            None => store.notify(fault),
        }
        self.served(Some(id));
    }

    fn died(self, fault: Fault) {
        self.stop();
        self.store.clear_worker();
        self.store.worker.set(WorkerState::Dead);
        self.store.notify(fault);
    }

    fn other_version(self, worker: u32) {
        if !loader::reload_once() {
            self.died(Fault::Version { page: VERSION, worker });
        }
    }

    fn measure(self, add: impl FnOnce(&mut Inner)) {
        let due = self.inner.try_update_value(|inner| {
            add(inner);
            std::mem::replace(&mut inner.flush_due, true)
        });
        if due == Some(false) {
            set_timeout(move || self.flush(), FLUSH);
        }
    }

    fn flush(self) {
        let taken = self.inner.try_update_value(|inner| {
            inner.flush_due = false;
            (std::mem::take(&mut inner.steps), std::mem::take(&mut inner.epochs))
        });
        if let Some((mut steps, mut epochs)) = taken {
            self.store.measured(&mut steps, &mut epochs);
        }
    }

    /// Whether the worker has something to do for the page.
    fn owes(self, inner: &Inner) -> bool {
        let store = self.store;
        !inner.answers.is_empty()
            || store.import.with_untracked(Option::is_some)
            || store.evaluating.with_untracked(Option::is_some)
            || matches!(store.run.get_untracked(), RunState::Running(_))
            || store.worker.get_untracked() == WorkerState::Starting
    }

    fn check_liveness(self) {
        let Some((owes, heard)) = self.inner.try_with_value(|inner| (self.owes(inner), inner.heard)) else { return };
        let state = self.store.worker.get_untracked();
        if !owes || !matches!(state, WorkerState::Starting | WorkerState::Ready) {
            return;
        }
        if now() - heard > SILENCE {
            self.store.worker.set(WorkerState::Silent);
        } else if state == WorkerState::Ready {
            self.post(&Parcel { id: 0, request: Request::Ping, files: Vec::new() });
        }
    }
}

/// Work that the worker refuses while it does other such work.
fn is_job(request: &Request) -> bool {
    is_answered_job(request) || matches!(request, Request::Start { .. } | Request::Evaluate)
}

/// A job that ends with the answer to its own request.
fn is_answered_job(request: &Request) -> bool {
    use Request::{Estimate, Import, LoadSample, NtXent, Resize, UseDevice};
    matches!(request, UseDevice(_) | LoadSample { .. } | Import { .. } | Resize { .. } | Estimate { .. } | NtXent(_))
}

/// Milliseconds since the page was opened.
pub fn now() -> f64 {
    window().performance().map_or(0.0, |p| p.now())
}
