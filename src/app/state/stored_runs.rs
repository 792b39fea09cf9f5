//! What the page knows of stored runs, and of what was made of the run at hand.

use crate::core::config::RunConfig;
use crate::core::imagenet::DownloadedWeights;
use crate::core::imagenet::ImageNetEncoder;
use crate::core::run::fine_tune::{FineTuneConfig, FineTuneProgress, FineTuneReport};
use crate::core::run::hint::Hint;
use crate::core::run::queue::QueueReport;
use crate::core::run::{OpenedRun, SaveReport, StoredReport};
use crate::protocol::{Event, WorkProgress};
use leptos::prelude::*;

/// A download of published weights under way, in bytes; `total` is 0 while it is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetching {
    pub encoder: ImageNetEncoder,
    pub received: u64,
    pub total: u64,
}

/// Stored runs, the queue, and what was made of the run at hand.
#[derive(Clone, Copy, Default)]
pub struct StoredRuns {
    /// What is stored in this browser; `None` until the worker has answered.
    pub list: RwSignal<Option<StoredReport>>,
    /// How far the run at hand is saved.
    pub saved: RwSignal<Option<SaveReport>>,
    /// The queue of runs; `None` until the worker has answered.
    pub queue: RwSignal<Option<QueueReport>>,
    /// The user's own settings while the queue shows those of its runs.
    pub own_config: RwSignal<Option<RunConfig>>,
    /// A run that was not finished, as the page itself remembers it; see [`super::hint`].
    pub hint: RwSignal<Option<Hint>>,
    /// Runs left of a queue that was started and not finished.
    pub queue_left: RwSignal<Option<usize>>,
    /// How far fine-tuning is; `None` before it was started.
    pub fine_tuning: RwSignal<Option<FineTuneProgress>>,
    /// The list of fine-tunings that was started last.
    pub tuning_list: RwSignal<Vec<FineTuneConfig>>,
    /// Part done, 0 to 1, of the computation that precedes the first classification;
    /// `None` when it is not under way.
    pub classifying: RwSignal<Option<f32>>,
    /// Classifiers that were trained on the run at hand.
    pub fine_tuned: RwSignal<Vec<FineTuneReport>>,
    /// Part done of an export under way, 0 to 1.
    pub exporting: RwSignal<Option<f32>>,
    /// Published weights that are stored in this browser; `None` until the worker has answered.
    pub kept_weights: RwSignal<Option<Vec<DownloadedWeights>>>,
    pub fetching: RwSignal<Option<Fetching>>,
}

impl StoredRuns {
    /// Whether classifiers are being trained now.
    pub fn is_tuning(&self) -> bool {
        self.fine_tuning.with(|p| p.as_ref().is_some_and(|p| p.state.is_running()))
    }

    /// Whether all published weights of a network are stored in this browser.
    pub fn keeps_weights(&self, net: ImageNetEncoder) -> bool {
        self.kept_weights.with(|all| all.iter().flatten().any(|kept| kept.encoder == net && kept.whole))
    }

    /// Forgets what was made of the run at hand.
    pub(super) fn clear_run(&self) {
        self.saved.set(None);
        self.fine_tuning.set(None);
        self.fine_tuned.set(Vec::new());
    }

    pub(super) fn take(&self, event: &Event) {
        match event {
            Event::Progress(WorkProgress::Classify { part }) => self.classifying.set(Some(*part)),
            Event::FineTune(progress) => self.fine_tuning.set(Some(progress.clone())),
            Event::FineTuned(report) => self.fine_tuned.update(|all| {
                all.retain(|other| other.config != report.config);
                all.push(report.clone());
            }),
            Event::Runs(report) => {
                self.kept_weights.set(Some(report.weights.clone()));
                self.list.set(Some(report.clone()));
            }
            Event::DownloadedWeights(list) => self.kept_weights.set(Some(list.clone())),
            Event::Progress(WorkProgress::Fetch { received, total }) => self.fetching.update(|fetching| {
                if let Some(fetching) = fetching {
                    (fetching.received, fetching.total) = (*received, *total);
                }
            }),
            Event::Opened(OpenedRun { record, .. }) => {
                self.fine_tuned.set(record.fine_tuned.clone());
                self.saved.set(Some(SaveReport { id: record.id.clone(), step: record.steps, fault: None }));
            }
            Event::Queue(report) => self.queue.set(Some(report.clone())),
            Event::Progress(WorkProgress::Export { part }) => self.exporting.set(Some(*part)),
            Event::Saved(report) => self.saved.set(Some(report.clone())),
            _ => {}
        }
    }
}
