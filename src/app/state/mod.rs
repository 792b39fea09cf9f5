//! Every fact that the page shows, as one typed store of signals. [`Client`]
//! writes it from the worker's events; pages read it.
//!
//! [`Client`]: super::client::Client

use crate::app::browser::cores;
use crate::core::config::{AugmentConfig, RunConfig};
use crate::core::imagenet::{DownloadedWeights, ImageNetEncoder};
use crate::core::report::{
    DatasetReport, DeviceReport, EpochReport, Estimate, EvaluationReport, Picture, RunState, StepReport,
};
use crate::core::run::fine_tune::{FineTuneConfig, FineTuneProgress, FineTuneReport};
use crate::core::run::{SaveReport, StoredReport};
use crate::core::run_progress::{RunProgress, TimeLeft};
use crate::core::{
    config::preset::ImageFacts, config::preset::Preset, error::Fault, lesson::lars::trust_ratio::TrustHistory,
    plot::thinned::Thinned, run_time::Timings,
};
use crate::core::{run::queue::QueueReport, run::unfinished::UnfinishedRun, weights_file::WeightsReport};
use crate::protocol::DeviceChoice;
use leptos::prelude::*;

pub(super) mod events;
pub mod lasting;
pub mod offline;
pub mod unfinished;

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
    /// Threads that the user has chosen for the CPU backend, 0 for all cores.
    pub threads: RwSignal<u32>,
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
    /// Whether the settings are the user's own (or a link's) rather than those that fit the images.
    pub touched: RwSignal<bool>,
    /// The configuration that the run in [`Store::run`] was started with.
    pub run_config: RwSignal<Option<RunConfig>>,
    /// One image of the set and two views of it, for the chart.
    pub example: RwSignal<Option<[Picture; 3]>>,
    /// Image, augmentations and seed of [`Store::example`].
    pub example_of: StoredValue<Option<(u32, AugmentConfig, u64)>>,
    /// The newest timing.
    pub estimate: RwSignal<Option<Estimate>>,
    /// Timings of this visit and of earlier ones.
    pub timings: RwSignal<Timings>,
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
    pub offline: offline::Offline,
    pub notices: RwSignal<Vec<Notice>>,
    next_notice: StoredValue<u32>,
}

impl Store {
    /// The store of this page; call it inside a component.
    pub fn get() -> Self {
        expect_context()
    }

    /// Threads that the worker computes with on the CPU.
    pub fn threads_used(&self) -> u32 {
        match self.threads.get() {
            0 => cores(),
            chosen => chosen.min(cores()),
        }
    }

    /// What presets need to know of the images at hand.
    pub fn facts(&self) -> ImageFacts {
        let loaded = self.dataset.with(|d| d.as_ref().map(DatasetReport::facts));
        loaded.unwrap_or_else(|| ImageFacts::unknown(self.config.with(|c| c.image_size)))
    }

    /// From now on the settings are those of a preset, `config` for the images at hand.
    pub fn take_preset(&self, preset: Preset, config: RunConfig) {
        self.preset.set(preset);
        self.touched.set(false);
        self.config.set(config);
    }

    /// From now on these settings are the user's own.
    pub fn take_settings(&self, config: RunConfig) {
        self.touched.set(true);
        self.config.set(config);
    }

    /// The user's own settings, also while those of a run of the queue are shown.
    pub fn own_settings(&self) -> RunConfig {
        self.stored_runs.own_config.get().unwrap_or_else(|| self.config.get())
    }

    /// Whether a run is under way, training or paused.
    pub fn run_open(&self) -> bool {
        self.run.get().is_active()
    }

    /// Whether the encoder is being evaluated or fine-tuned, so that no other work may start.
    pub fn encoder_in_use(&self) -> bool {
        self.evaluating.with(Option::is_some) || self.stored_runs.is_tuning()
    }

    /// Whether the run at hand has an encoder to evaluate: it took a step, or it started from published weights.
    pub fn has_encoder(&self) -> bool {
        let published = || self.run_config.with(|c| c.as_ref().is_some_and(|c| c.encoder.weights().is_some()));
        self.run.get().keeps_encoder() && (self.steps.with(|s| !s.is_empty()) || published())
    }

    /// Whether the worker has weights of the network loaded, or stored in the browser.
    pub fn has_weights(&self, net: ImageNetEncoder) -> bool {
        self.weights.with(|all| all.iter().any(|report| report.encoder == net)) || self.stored_runs.stores_weights(net)
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
}

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
    /// Whether the browser promises to keep what is stored; `None` until it has said so.
    pub lasting: RwSignal<Option<bool>>,
    /// The queue of runs; `None` until the worker has answered.
    pub queue: RwSignal<Option<QueueReport>>,
    /// The user's own settings while the queue shows those of its runs.
    pub own_config: RwSignal<Option<RunConfig>>,
    /// A run that was not finished, as the page itself remembers it; see [`unfinished`](self::unfinished).
    pub unfinished: RwSignal<Option<UnfinishedRun>>,
    /// Runs left of a queue that was started and not finished.
    pub queue_left: RwSignal<Option<usize>>,
    /// How far fine-tuning is; `None` before it was started.
    pub fine_tuning: RwSignal<Option<FineTuneProgress>>,
    /// The list of fine-tunings that was started last.
    pub tuning_list: RwSignal<Vec<FineTuneConfig>>,
    /// Part done, 0 to 1, of the computation that precedes the first classification; `None` when it is not under way.
    pub classifying: RwSignal<Option<f32>>,
    /// Classifiers that were trained on the run at hand.
    pub fine_tuned: RwSignal<Vec<FineTuneReport>>,
    /// Part done of an export under way, 0 to 1.
    pub exporting: RwSignal<Option<f32>>,
    /// Published weights that are stored in this browser; `None` until the worker has answered.
    pub stored_weights: RwSignal<Option<Vec<DownloadedWeights>>>,
    pub fetching: RwSignal<Option<Fetching>>,
}

impl StoredRuns {
    /// Whether classifiers are being trained now.
    pub fn is_tuning(&self) -> bool {
        self.fine_tuning.with(|p| p.as_ref().is_some_and(|p| p.state.is_running()))
    }

    /// Whether all published weights of a network are stored in this browser.
    pub fn stores_weights(&self, net: ImageNetEncoder) -> bool {
        self.stored_weights.with(|all| all.iter().flatten().any(|one| one.encoder == net && one.whole))
    }
}
