//! What the worker says: into the store, and back to who asked.

use super::{Client, Inner, now, post};
use crate::app::state::{ImportEnd, WorkerState};
use crate::core::error::Fault;
use crate::core::report::RunState;
use crate::protocol::{DeviceChoice, Event, ToPage, VERSION};
use leptos::prelude::*;
use std::time::Duration;

/// Steps and epochs are handed to the page's charts at most this often.
const FLUSH: Duration = Duration::from_millis(250);

impl Client {
    pub(super) fn receive(self, data: &wasm_bindgen::JsValue) {
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
                if !state.is_running() {
                    self.flush();
                }
                self.answer(reply_to, Event::State(state));
            }
            event => self.answer(reply_to, event),
        }
    }

    fn answer(self, reply_to: Option<u32>, event: Event) {
        let Some(id) = reply_to else { return };
        let good = !matches!(event, Event::ImportCancelled);
        let answer = self.inner.try_update_value(|inner| {
            inner.queue.answered(id, good);
            inner.answers.remove(&id)
        });
        self.post_waiting();
        if let Some(Some(answer)) = answer {
            answer(Ok(event));
        }
    }

    pub(super) fn fail(self, id: u32, fault: Fault) {
        self.flush();
        let store = self.store;
        let answered =
            self.inner.try_update_value(|inner| (inner.queue.answered(id, false), inner.answers.remove(&id)));
        let Some((was_import, answer)) = answered else { return };
        // Whatever was under way and can fail has now ended.
        if was_import {
            store.import.set(None);
        }
        match &fault {
            // The device asked for cannot be had: the worker keeps what it has.
            Fault::Device(_) => store.device_choice.set(DeviceChoice::Auto),
            Fault::Internal { .. } | Fault::OutOfMemory { .. } => {
                store.import.set(None);
                store.evaluating.set(None);
                if store.run.get_untracked().is_running() {
                    store.run.set(RunState::Failed);
                }
            }
            _ => {}
        }
        match (answer, fault) {
            // The images page shows it in its place, with the files.
            (_, fault @ Fault::Import(_)) => store.import_end.set(Some(ImportEnd::Failed(fault))),
            (Some(answer), fault) => answer(Err(fault)),
            (None, fault) => store.notify(fault),
        }
        self.post_waiting();
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
        if let Some((steps, epochs)) = taken {
            self.store.measured(&steps, &epochs);
        }
    }
}
