//! The worker's life: it is loaded, started, watched, ended, and started again.

use super::{Answer, Client, Inner, LoadPages, THREADS, connection};
use crate::app::browser::{now, remembered};
use crate::app::state::{ImportState, Store, WorkerState};
use crate::core::error::{DeviceFault, Fault};
use crate::protocol::queue::Parcel;
use crate::protocol::{Request, VERSION};
use leptos::prelude::*;
use std::time::Duration;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageEvent, Worker};

/// A restart is offered when the worker sends nothing for so many milliseconds while it has something to do.
const SILENCE: f64 = 60_000.0;
/// Time between two liveness messages.
const PING: Duration = Duration::from_secs(5);

impl Client {
    /// `base` is the absolute URL of the folder with `worker.js`. `load_pages` is
    /// called when the worker starts, because nothing is fetched once the worker runs.
    pub fn new(store: Store, base: String, load_pages: LoadPages) -> Self {
        let inner = StoredValue::new_local(Inner { base, ..Inner::default() });
        let client = Self { store, load_pages, inner };
        store.threads.set(remembered(THREADS).and_then(|threads| threads.parse().ok()).unwrap_or_default());
        set_interval(move || client.check_liveness(), PING);
        client
    }

    /// Loads the worker if it was never loaded, e.g. to show the device. A worker that has
    /// ended is started by [`Client::restart`].
    pub fn wake(self) {
        if self.store.worker.get_untracked() == WorkerState::Absent {
            self.start();
        }
    }

    /// Ends the worker and starts another. Settings stay, images are loaded again, the encoder is lost.
    pub fn restart(self) {
        let given_up = self.stop();
        self.store.clear_worker();
        // Notices about the old worker.
        self.store.notices.update(|all| all.retain(|n| !n.fault.ends_worker()));
        if self.inner.try_update_value(|inner| inner.queue.reload()) == Some(true) {
            self.store.import.set(Some(ImportState::default()));
        }
        self.start();
        give_up(given_up);
    }

    /// The user gives a silent worker another minute.
    pub fn keep_waiting(self) {
        let spoke = self.inner.try_update_value(|inner| {
            inner.unanswered = Some(now());
            inner.spoke
        });
        self.store.worker.set(if spoke == Some(true) { WorkerState::Ready } else { WorkerState::Starting });
    }

    /// Ends the worker and returns its open requests, for [`give_up`].
    fn stop(self) -> Vec<Answer> {
        let left = self.inner.try_update_value(|inner| {
            inner.worker.take().iter().chain(&std::mem::take(&mut inner.pool)).for_each(Worker::terminate);
            inner.generation += 1;
            inner.spoke = false;
            inner.unanswered = None;
            inner.starting = None;
            inner.queue.stop();
            inner.answers.drain().map(|(_, answer)| answer).collect()
        });
        left.unwrap_or_default()
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
            leptos::task::spawn_local((self.load_pages)());
            let loaded = match self.inner.with_value(|i| i.program.clone()) {
                Some(program) => Ok(program),
                None => connection::load(&base, progress).await,
            };
            (self.load_pages)().await;
            if !current() {
                return;
            }
            let threads = untrack(|| self.store.threads_used());
            let started = loaded.and_then(|program| {
                let worker = connection::start(&program, threads)?;
                Ok((worker, program))
            });
            match started {
                Ok((worker, program)) => {
                    self.store.worker.set(WorkerState::Starting);
                    self.listen(&worker, generation);
                    self.inner.update_value(|inner| {
                        inner.unanswered = Some(now());
                        (inner.program, inner.worker, inner.threads) = (Some(program), Some(worker), threads);
                    });
                }
                Err(detail) => self.end_with(Fault::NotLoaded { detail }),
            }
        });
    }

    /// Starts the worker's threads beside its own, which share its program and memory.
    pub(super) fn start_threads(self, memory: &JsValue) {
        let (program, generation, threads) = self.inner.with_value(|i| (i.program.clone(), i.generation, i.threads));
        let Some(program) = program else { return };
        for _ in 1..threads {
            match connection::start_thread(&program, memory) {
                Ok(thread) => {
                    self.listen(&thread, generation);
                    self.inner.update_value(|inner| inner.pool.push(thread));
                }
                Err(detail) => return self.end_with(Fault::NotLoaded { detail }),
            }
        }
    }

    /// Takes the messages and errors of the worker, or of a thread of its pool, until it ends.
    fn listen(self, worker: &Worker, generation: u32) {
        let current = move || self.inner.try_with_value(|i| i.generation) == Some(generation);
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |message: MessageEvent| {
            if current() {
                self.receive(&message.data());
            }
        });
        // Called when worker.js cannot be loaded or throws while it starts. Later failures
        // arrive as messages, or here if posting the message failed.
        let on_error = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| {
            if current() {
                let message = event.dyn_ref::<web_sys::ErrorEvent>().map(web_sys::ErrorEvent::message);
                event.prevent_default();
                self.failed_outside_protocol(message.unwrap_or_else(|| "worker.js".into()));
            }
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        // A page starts few, so their closures may live as long as the page.
        on_message.forget();
        on_error.forget();
    }

    pub(super) fn ready(self) {
        connection::forget_reload();
        self.store.worker.set(WorkerState::Ready);
        let choice = self.store.device_choice.get_untracked();
        let answer = self.device_answer(choice);
        self.inner.update_value(|inner| {
            inner.spoke = true;
            let id = inner.queue.push_first(Request::UseDevice(choice));
            inner.answers.insert(id, answer);
        });
        self.post(&Parcel::unnumbered(Request::Hello { version: VERSION }));
        self.post_waiting();
    }

    /// Ends the worker after an error outside the protocol. Before its first message the
    /// worker counts as not loaded, after that as broken.
    pub(super) fn failed_outside_protocol(self, detail: String) {
        let spoke = self.inner.try_with_value(|inner| inner.spoke) == Some(true);
        self.end_with(if spoke { Fault::Internal { detail } } else { Fault::NotLoaded { detail } });
    }

    pub(super) fn end_with(self, fault: Fault) {
        if matches!(fault, Fault::OutOfMemory { .. } | Fault::Device(DeviceFault::Lost { .. })) {
            let store = self.store;
            let run = store.run_config.get_untracked().filter(|_| store.run.get_untracked().is_running());
            let saved = store.stored_runs.saved.get_untracked().filter(|saved| saved.step > 0 && saved.fault.is_none());
            let run = run.map(|config| (config, saved.map(|saved| saved.id)));
            let timed = self.inner.try_with_value(|inner| inner.queue.estimates()) == Some(true);
            store.exhausted.set(run.or_else(|| timed.then(|| (store.config.get_untracked(), None))));
        }
        let given_up = self.stop();
        self.store.clear_worker();
        self.store.worker.set(WorkerState::Dead);
        // Notices of work that failed for the same cause, such as a read from a lost device.
        self.store.notices.update(|all| all.retain(|n| !n.fault.ends_worker()));
        self.store.notify(fault);
        give_up(given_up);
    }

    pub(super) fn other_version(self, worker: u32) {
        if !connection::reload_once() {
            self.end_with(Fault::Version { page: VERSION, worker });
        }
    }

    /// Whether the worker has something to do for the page.
    fn is_busy(self, inner: &Inner) -> bool {
        let store = self.store;
        !inner.answers.is_empty()
            || !inner.spoke
            || store.import.with_untracked(Option::is_some)
            || store.evaluating.with_untracked(Option::is_some)
            || store.run.get_untracked().is_running()
            || untrack(|| store.stored_runs.is_tuning())
    }

    /// Sends a liveness message while the worker has something to do, and offers a restart if the worker has sent
    /// nothing for a minute since such a message. An idle worker may be silent for any time.
    pub(super) fn check_liveness(self) {
        let state = self.store.worker.get_untracked();
        if !matches!(state, WorkerState::Starting | WorkerState::Ready | WorkerState::Silent) {
            return;
        }
        let state_of = self.inner.try_update_value(|inner| {
            if !self.is_busy(inner) {
                inner.unanswered = None;
                return (false, false);
            }
            let silent = now() - *inner.unanswered.get_or_insert_with(now) > SILENCE;
            (inner.spoke, silent)
        });
        let Some((ping, silent)) = state_of else { return };
        if silent && state != WorkerState::Silent {
            self.store.worker.set(WorkerState::Silent);
        }
        if ping {
            self.post(&Parcel::unnumbered(Request::Ping));
        }
    }
}

/// Answers open requests of a worker that has ended.
fn give_up(answers: Vec<Answer>) {
    answers.into_iter().for_each(|answer| answer(Err(Fault::Stopped)));
}
