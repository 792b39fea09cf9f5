//! Every fact that the page shows, as one typed store of signals. [`Client`]
//! writes it from the worker's events; pages read it.
//!
//! [`Client`]: super::client::Client

use super::clock::now;
use crate::core::config::preset::Preset;
use crate::core::config::{AugmentConfig, RunConfig};
use crate::core::error::Fault;
use crate::core::imagenet::ImageNetEncoder;
use crate::core::lesson::lars::trust_ratio::TrustHistory;
use crate::core::plot::thinned::Thinned;
use crate::core::report::{
    DatasetReport, DeviceReport, EpochReport, Estimate, EvaluationReport, Picture, RunState, StepReport, TrustRatios,
};
use crate::core::run::OpenedRun;
use crate::core::run::queue::QueueState;
use crate::core::run_progress::{RunProgress, TimeLeft};
use crate::core::weights_file::WeightsReport;
use crate::protocol::{DeviceChoice, Event, Work, WorkProgress};
use leptos::prelude::*;

pub mod hint;
mod run_view;
mod stored_runs;

pub(super) use run_view::RunView;
pub use stored_runs::{Fetching, StoredRuns};

/// Life of the worker as the page sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum WorkerState {
    /// Not needed yet.
    #[default]
    Absent,
    /// Being downloaded: bytes so far, and of all if the build says how many.
    Loading {
        got: f64,
        total: Option<f64>,
    },
    /// Downloaded and compiling; its first message has not come.
    Starting,
    Ready,
    /// It has something to do and has sent nothing for a minute.
    Silent,
    /// It could not be started, or it has ended.
    Dead,
}

/// An import under way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportState {
    pub done: u32,
    /// 0 until known.
    pub total: u32,
    /// The file being read.
    pub file: String,
    /// Time left.
    pub time_left: TimeLeft,
}

/// How the last import ended if it gave no set.
#[derive(Clone, Debug, PartialEq)]
pub enum ImportEnd {
    Cancelled,
    Failed(Fault),
}

/// A control of the run that the user has pressed and that has not taken effect yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PendingControl {
    Pause,
    /// To the end, or for one step.
    Resume,
    Cancel,
}

/// A fault to show, with the number that closes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    pub id: u32,
    pub fault: Fault,
}

/// The store; `Copy`, taken by [`Store::get`] in any component.
#[derive(Clone, Copy, Default)]
pub struct Store {
    pub worker: RwSignal<WorkerState>,
    /// The device that the user has chosen.
    pub device_choice: RwSignal<DeviceChoice>,
    /// The device that the worker computes on.
    pub device: RwSignal<Option<DeviceReport>>,
    pub dataset: RwSignal<Option<DatasetReport>>,
    /// Progress of the import under way.
    pub import: RwSignal<Option<ImportState>>,
    /// `None` while an import runs, and after an import that gave a set.
    pub import_end: RwSignal<Option<ImportEnd>>,
    /// Seed of the split into training, validation and test images.
    pub split_seed: RwSignal<u64>,
    pub config: RwSignal<RunConfig>,
    /// The preset that untouched settings follow.
    pub preset: RwSignal<Preset>,
    /// Whether the settings are the user's own (or a link's) rather than those
    /// that fit the images.
    pub touched: RwSignal<bool>,
    /// The configuration that the run in [`Store::run`] was started with.
    pub run_config: RwSignal<Option<RunConfig>>,
    /// One image of the set and two views of it, for the chart.
    pub example: RwSignal<Option<[Picture; 3]>>,
    /// Image, augmentations and seed of [`Store::example`].
    pub example_of: StoredValue<Option<(u32, AugmentConfig, u64)>>,
    pub estimate: RwSignal<Option<Estimate>>,
    /// Published weights that the worker has at hand.
    pub weights: RwSignal<Vec<WeightsReport>>,
    /// The configuration whose work used up the device's memory or lost the device, with
    /// the id of its run if the run was saved.
    pub exhausted: RwSignal<Option<(RunConfig, Option<String>)>>,
    pub run: RwSignal<RunState>,
    pub pending: RwSignal<Option<PendingControl>>,
    /// Reports of the run's steps, as many as a chart can show.
    pub steps: RwSignal<Thinned<StepReport>>,
    /// How far the run is, and its speed.
    pub progress: RwSignal<Option<RunProgress>>,
    /// λ of every layer over the run.
    pub trust: RwSignal<TrustHistory>,
    /// Reports of the run's epochs, from epoch 0, thinned likewise.
    pub epochs: RwSignal<Thinned<EpochReport>>,
    pub evaluation: RwSignal<Option<EvaluationReport>>,
    /// Part done, 0 to 1, while linear evaluation runs.
    pub evaluating: RwSignal<Option<f32>>,
    /// Stored runs, and what was made of the run at hand.
    pub stored_runs: StoredRuns,
    pub notices: RwSignal<Vec<Notice>>,
    next_notice: StoredValue<u32>,
}

impl Store {
    /// The store of this page; call it inside a component.
    pub fn get() -> Self {
        expect_context()
    }

    /// Whether a run is under way, training or paused.
    pub fn run_open(&self) -> bool {
        self.run.get().is_active()
    }

    /// Whether the encoder is being evaluated or fine-tuned, so that no other work may start.
    pub fn encoder_in_use(&self) -> bool {
        self.evaluating.with(Option::is_some) || self.stored_runs.is_tuning()
    }

    /// Whether the run at hand has an encoder to evaluate: it took a step, or it started
    /// from published weights.
    pub fn has_encoder(&self) -> bool {
        let published = || self.run_config.with(|c| c.as_ref().is_some_and(|c| c.encoder.weights().is_some()));
        self.run.get().keeps_encoder() && (self.steps.with(|s| !s.is_empty()) || published())
    }

    /// Whether the worker has weights of the network loaded, or stored in the browser.
    pub fn has_weights(&self, net: ImageNetEncoder) -> bool {
        self.weights.with(|all| all.iter().any(|report| report.encoder == net)) || self.stored_runs.keeps_weights(net)
    }

    /// Notes a control of the run as pending, if there is a run that it can act on.
    pub(super) fn note_control(&self, control: PendingControl) {
        if self.run.get_untracked().is_active() && !untrack(|| self.stored_runs.is_tuning()) {
            self.pending.set(Some(control));
        }
    }

    /// Shows a fault until the user closes it. Equal faults share one notice.
    pub fn notify(&self, fault: Fault) {
        if fault == Fault::Stopped {
            return;
        }
        let id = self.next_notice.get_value();
        self.next_notice.set_value(id + 1);
        self.notices.update(|all| {
            all.retain(|n| n.fault != fault);
            all.push(Notice { id, fault });
        });
    }

    pub fn dismiss(&self, id: u32) {
        self.notices.update(|all| all.retain(|n| n.id != id));
    }

    /// Forgets everything that lived in the worker; settings stay.
    pub(super) fn clear_worker(&self) {
        self.device.set(None);
        self.dataset.set(None);
        self.import.set(None);
        self.example.set(None);
        self.estimate.set(None);
        self.weights.set(Vec::new());
        self.stored_runs.queue.set(None);
        self.clear_run();
    }

    /// Makes a stored run the run at hand.
    fn open(&self, opened: &OpenedRun) {
        let OpenedRun { record, curve } = opened;
        self.clear_run();
        // The settings of a run that the queue began are not the user's.
        let of_queue =
            self.stored_runs.queue.with_untracked(|q| q.as_ref().is_some_and(|q| q.state != QueueState::Resting));
        if of_queue && self.stored_runs.own_config.with_untracked(Option::is_none) {
            self.stored_runs.own_config.set(Some(self.config.get_untracked()));
        }
        self.touched.set(true);
        self.config.set(record.config);
        self.run_config.set(Some(record.config));
        self.progress.set(Some(RunProgress::resumed(&record.config, record.data.training_images, record.steps)));
        self.steps.update(|all| curve.steps.iter().for_each(|s| all.push(*s)));
        self.epochs.update(|all| curve.epochs.iter().for_each(|e| all.push(*e)));
        self.evaluation.set(record.evaluation.clone());
    }

    /// Updates the store from an event of the worker. Faults arrive through [`Store::notify`] instead.
    pub(super) fn take(&self, event: &Event) {
        if let Event::Opened(opened) = event {
            self.open(opened);
        }
        self.stored_runs.take(event);
        if matches!(event, Event::Queue(report) if report.state == QueueState::Resting)
            && let Some(own) = self.stored_runs.own_config.try_update(Option::take).flatten()
        {
            self.config.set(own);
        }
        match event {
            Event::Device(report) => self.device.set(Some(report.clone())),
            Event::Progress(WorkProgress::Import { done, total, file }) => self.import.update(|import| {
                let import = import.get_or_insert_default();
                (import.done, import.total) = (*done, *total);
                import.time_left.add(now(), *done, *total);
                import.file.clone_from(file);
            }),
            Event::Imported(report) => {
                self.import.set(None);
                self.example.set(None);
                self.estimate.set(None);
                self.clear_run();
                // Settings that nobody touched follow the images.
                if self.touched.get_untracked() {
                    self.config.update(|c| c.image_size = report.size);
                } else {
                    self.config.set(report.preset(self.preset.get_untracked()));
                }
                self.dataset.set(Some(report.clone()));
            }
            Event::Cancelled(Work::Import) => {
                self.import.set(None);
                self.import_end.set(Some(ImportEnd::Cancelled));
            }
            Event::Weights(report) => self.weights.update(|all| {
                all.retain(|other| other.encoder != report.encoder);
                all.push(report.clone());
            }),
            Event::Estimate(estimate) => self.estimate.set(Some(estimate.clone())),
            // The worker has dropped the run.
            Event::State(RunState::Idle) => self.clear_run(),
            Event::State(state) => {
                self.progress.update(|p| p.iter_mut().for_each(|p| p.entered(*state, now())));
                self.run.set(*state);
                let happened = !state.is_running() || self.pending.get_untracked() == Some(PendingControl::Resume);
                if happened {
                    self.pending.set(None);
                }
            }
            Event::Layers(names) => self.trust.set(TrustHistory::new(names.clone())),
            Event::Measured { steps, epochs, trust_ratios } => self.add_measured(steps, epochs, trust_ratios),
            Event::Progress(WorkProgress::Evaluate { part }) => self.evaluating.set(Some(*part)),
            Event::Evaluated(report) => {
                self.evaluating.set(None);
                self.evaluation.set(Some(report.clone()));
            }
            Event::Cancelled(Work::Evaluation) => self.evaluating.set(None),
            Event::Ready { .. }
            | Event::Alive
            | Event::Pictures(_)
            | Event::Views(_)
            | Event::FineTune(_)
            | Event::Classified(_)
            | Event::FineTuned(_)
            | Event::Runs(_)
            | Event::Opened(_)
            | Event::Saved(_)
            | Event::Curves(_)
            | Event::Queue(_)
            | Event::Exported { .. }
            | Event::Encoder { .. }
            | Event::Cancelled(_)
            | Event::Progress(_)
            | Event::DownloadedWeights(_)
            | Event::NtXent(_)
            | Event::Failed(_) => {}
        }
    }

    /// Adds measurements, many at once: every change redraws the charts.
    fn add_measured(&self, steps: &[StepReport], epochs: &[EpochReport], trust_ratios: &[TrustRatios]) {
        if !steps.is_empty() {
            self.progress.update(|p| {
                let Some(p) = p else { return };
                steps.iter().for_each(|s| p.step_took(f64::from(s.milliseconds)));
            });
            self.steps.update(|all| steps.iter().for_each(|s| all.push(*s)));
        }
        if !epochs.is_empty() {
            self.epochs.update(|all| epochs.iter().for_each(|e| all.push(*e)));
        }
        if !trust_ratios.is_empty() {
            self.trust.update(|all| trust_ratios.iter().for_each(|one| all.push(one)));
        }
    }
}
