//! Files that are sent to the classifier, and what comes back.

use super::result;
use crate::app::client::Client;
use crate::app::parts::files::Listed;
use crate::app::parts::notice::Announcer;
use crate::app::parts::requirements::missing;
use crate::app::state::Store;
use crate::core::error::Fault;
use crate::core::report::LeftOut;
use crate::core::run::classify::{ClassifyReport, MOST};
use crate::protocol::{Event, Request};
use leptos::prelude::*;

/// What is asked and answered; `Copy`, shared by the parts of this page.
#[derive(Clone, Copy)]
pub struct Try {
    pub store: Store,
    pub client: Client,
    announcer: Announcer,
    pub busy: RwSignal<bool>,
    /// More files were chosen than are taken.
    pub too_many: RwSignal<bool>,
    pub report: RwSignal<Option<ClassifyReport>>,
    /// What the browser did not hand over, and files that could not be read.
    pub left_out: RwSignal<Vec<LeftOut>>,
    pub failed: RwSignal<Option<Fault>>,
}

impl Try {
    pub fn new(store: Store) -> Self {
        Self {
            store,
            client: Client::get(),
            announcer: Announcer::get(),
            busy: RwSignal::default(),
            too_many: RwSignal::default(),
            report: RwSignal::default(),
            left_out: RwSignal::default(),
            failed: RwSignal::default(),
        }
    }

    pub fn allowed(self) -> bool {
        !self.busy.get() && !self.store.stored_runs.is_tuning() && missing(self.store).is_none()
    }

    pub fn show(self, listed: Listed) {
        let Listed { mut files, mut refused } = listed;
        if files.len() + refused.len() == 0 || !untrack(|| self.allowed()) {
            return;
        }
        self.too_many.set(files.len() > MOST);
        self.failed.set(None);
        files.truncate(MOST);
        if files.is_empty() {
            return self.left_out.set(refused);
        }
        let (names, files) = files.into_iter().unzip();
        self.busy.set(true);
        self.client.ask_files(Request::Classify { names }, files, move |answer| {
            self.store.stored_runs.classifying.set(None);
            self.busy.try_set(false);
            match answer {
                Ok(Event::Classified(mut report)) => {
                    self.announcer.say(result::summary(&report));
                    refused.append(&mut report.left_out);
                    self.left_out.try_set(refused);
                    self.report.try_set(Some(report));
                }
                // Cancelled, or given up with the worker.
                Ok(_) | Err(Fault::Stopped) => {}
                Err(fault) => drop(self.failed.try_set(Some(fault))),
            }
        });
    }
}
