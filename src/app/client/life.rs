//! The worker's life: loaded, started, watched, ended, started again.

use super::{Client, Inner, loader, now};
use crate::app::state::{ImportState, WorkerState};
use crate::core::error::Fault;
use crate::protocol::queue::Parcel;
use crate::protocol::{Request, VERSION};
use leptos::prelude::*;
use std::time::Duration;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{MessageEvent, Worker};

/// Time without a word, while something was asked, after which a restart is
/// offered.
const SILENCE: f64 = 60_000.0;
/// Time between two liveness messages.
pub const PING: Duration = Duration::from_secs(5);

impl Client {
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
        if self.inner.try_update_value(|inner| inner.queue.reload()) == Some(true) {
            self.store.import.set(Some(ImportState::default()));
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
            inner.queue.stop();
            inner.answers.clear();
        });
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

    pub(super) fn ready(self) {
        loader::forget_reload();
        self.store.worker.set(WorkerState::Ready);
        self.post(&Parcel::unnumbered(Request::Hello { version: VERSION }));
        let choice = Request::UseDevice(self.store.device_choice.get_untracked());
        self.inner.update_value(|inner| inner.queue.push_first(choice));
        self.post_waiting();
    }

    pub(super) fn died(self, fault: Fault) {
        self.stop();
        self.store.clear_worker();
        self.store.worker.set(WorkerState::Dead);
        self.store.notify(fault);
    }

    pub(super) fn other_version(self, worker: u32) {
        if !loader::reload_once() {
            self.died(Fault::Version { page: VERSION, worker });
        }
    }

    /// Whether the worker has something to do for the page.
    pub(super) fn owes(self, inner: &Inner) -> bool {
        let store = self.store;
        !inner.answers.is_empty()
            || store.import.with_untracked(Option::is_some)
            || store.evaluating.with_untracked(Option::is_some)
            || store.run.get_untracked().is_running()
            || store.worker.get_untracked() == WorkerState::Starting
    }

    pub(super) fn check_liveness(self) {
        let Some((owes, heard)) = self.inner.try_with_value(|inner| (self.owes(inner), inner.heard)) else { return };
        let state = self.store.worker.get_untracked();
        if !owes || !matches!(state, WorkerState::Starting | WorkerState::Ready) {
            return;
        }
        if now() - heard > SILENCE {
            self.store.worker.set(WorkerState::Silent);
        } else if state == WorkerState::Ready {
            self.post(&Parcel::unnumbered(Request::Ping));
        }
    }
}
