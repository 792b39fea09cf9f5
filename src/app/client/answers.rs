//! Messages of the worker: events go into the store, answers back to the caller.

use super::Client;
use super::connection::{self, Received};
use crate::app::state::events::RunView;
use crate::app::state::{ImportEnd, PendingControl, WorkerState};
use crate::core::error::Fault;
use crate::core::report::{Phase, RunState};
use crate::protocol::{Event, VERSION, Work};
use leptos::prelude::*;

impl Client {
    pub(super) fn receive(self, data: &wasm_bindgen::JsValue) {
        self.inner.update_value(|inner| inner.unanswered = None);
        if self.store.worker.get_untracked() == WorkerState::Silent {
            self.store.worker.set(WorkerState::Ready);
        }
        match connection::receive(data) {
            Received::Event(message) => self.take(message.reply_to, message.event),
            Received::Memory(memory) => self.start_threads(&memory),
            Received::OtherVersion(worker) => self.other_version(worker),
            Received::Unreadable(detail) => self.failed_outside_protocol(detail),
        }
    }

    /// Takes an event as if the worker had just sent it.
    pub(super) fn take(self, reply_to: Option<u32>, event: Event) {
        if event == Event::State(RunState::Idle) && self.dropped_while_starting() {
            return;
        }
        self.store.take(&event);
        match event {
            Event::Ready { version, .. } if version != VERSION => self.other_version(version),
            Event::Ready { .. } => self.ready(),
            Event::Failed(fault) => self.fail(reply_to, fault),
            Event::State(state) => {
                if state == RunState::Running(Phase::Load) {
                    // The worker has dropped the run before.
                    self.inner.update_value(|inner| inner.starting = None);
                }
                self.answer(reply_to, Event::State(state));
            }
            event => self.answer(reply_to, event),
        }
    }

    /// Notes that the worker has dropped the run that a requested start has already taken
    /// off the page, so it cannot be restored. False if no start is pending.
    fn dropped_while_starting(self) -> bool {
        let starting = self.inner.try_update_value(|inner| {
            inner.starting.as_mut().map(|(_, before)| *before = RunView::default()).is_some()
        });
        starting == Some(true)
    }

    fn answer(self, reply_to: Option<u32>, event: Event) {
        let Some(id) = reply_to else { return };
        let good = event != Event::Cancelled(Work::Import);
        let answer = self.inner.try_update_value(|inner| {
            inner.queue.answered(id, good);
            inner.answers.remove(&id)
        });
        self.post_waiting();
        if let Some(Some(answer)) = answer {
            answer(Ok(event));
        }
    }

    /// Takes a fault. One that answers a request ends that request alone; one without a
    /// request concerns the worker as a whole.
    pub(super) fn fail(self, reply_to: Option<u32>, fault: Fault) {
        let store = self.store;
        let Some(id) = reply_to else {
            return if fault.ends_worker() { self.end_with(fault) } else { store.notify(fault) };
        };
        let answered = self.inner.try_update_value(|inner| {
            let start = inner.starting.take_if(|(start, _)| *start == id);
            (inner.queue.answered(id, false), inner.answers.remove(&id), start)
        });
        let Some((was_import, answer, refused)) = answered else { return };
        if was_import {
            store.import.set(None);
        }
        if let Some((_, before)) = refused {
            store.show_run(before);
        }
        if store.pending.get_untracked() == Some(PendingControl::Resume) {
            store.pending.set(None);
        }
        match (answer, fault) {
            // The page Images shows this fault with the files.
            (_, fault @ Fault::Import(_)) => store.import_end.set(Some(ImportEnd::Failed(fault))),
            (Some(answer), fault) => answer(Err(fault)),
            (None, fault) => store.notify(fault),
        }
        self.post_waiting();
    }
}
