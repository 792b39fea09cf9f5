//! How the store changes: events of the worker, and the run at hand, which is begun,
//! forgotten, or set aside and shown again.

use super::{ImportEnd, PendingControl, Store};
use crate::app::browser::now;
use crate::core::report::{DatasetReport, EpochReport, EvaluationReport, Phase, RunState, StepReport, TrustRatios};
use crate::core::run::{OpenedRun, SaveReport};
use crate::core::{
    config::RunConfig, error::Fault, lesson::lars::trust_ratio::TrustHistory, plot::thinned::Thinned,
    run::queue::QueueState, run_progress::RunProgress,
};
use crate::protocol::{Event, Work, WorkProgress};
use leptos::prelude::*;

/// The run as the page shows it, set aside while the start of another is requested.
#[derive(Default)]
pub struct RunView {
    run: RunState,
    config: Option<RunConfig>,
    steps: Thinned<StepReport>,
    progress: Option<RunProgress>,
    trust: TrustHistory,
    epochs: Thinned<EpochReport>,
    evaluation: Option<EvaluationReport>,
}

impl Store {
    /// Shows a run of `config` whose start is requested. Returns the run before it.
    pub fn begin_run(&self, config: RunConfig) -> RunView {
        let before = self.take_run();
        let images = self.dataset.with_untracked(|d| d.as_ref().map_or(0, DatasetReport::training_images));
        self.progress.set(Some(RunProgress::new(&config, images)));
        self.run_config.set(Some(config));
        self.exhausted.set(None);
        // How the run before ended.
        self.notices.update(|all| all.retain(|n| !matches!(n.fault, Fault::NotFinite { .. })));
        // The worker reports this state when its current work has ended.
        self.run.set(RunState::Running(Phase::Load));
        before
    }

    /// Forgets the run and what was measured in it.
    pub fn clear_run(&self) {
        drop(self.take_run());
    }

    /// [`Store::clear_run`], with what was there.
    pub fn take_run(&self) -> RunView {
        self.evaluating.set(None);
        self.stored_runs.saved.set(None);
        self.stored_runs.fine_tuning.set(None);
        self.stored_runs.fine_tuned.set(Vec::new());
        self.show_run(RunView::default())
    }

    /// Shows a run, one that [`Store::take_run`] gave. Returns the run before it.
    pub fn show_run(&self, view: RunView) -> RunView {
        fn swap<T: Default + Send + Sync + 'static>(signal: RwSignal<T>, value: T) -> T {
            signal.try_update(|now| std::mem::replace(now, value)).unwrap_or_default()
        }
        self.pending.set(None);
        RunView {
            run: swap(self.run, view.run),
            config: swap(self.run_config, view.config),
            steps: swap(self.steps, view.steps),
            progress: swap(self.progress, view.progress),
            trust: swap(self.trust, view.trust),
            epochs: swap(self.epochs, view.epochs),
            evaluation: swap(self.evaluation, view.evaluation),
        }
    }

    /// Forgets everything that lived in the worker; settings stay.
    pub fn clear_worker(&self) {
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
        self.stored_runs.fine_tuned.set(record.fine_tuned.clone());
        self.stored_runs.saved.set(Some(SaveReport { id: record.id.clone(), step: record.steps, fault: None }));
    }

    /// Updates the store from an event of the worker. Faults arrive through [`Store::notify`] instead.
    pub fn take(&self, event: &Event) {
        let stored_runs = self.stored_runs;
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
                    self.config.set(self.preset.get_untracked().config(&report.facts()));
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
            Event::Progress(WorkProgress::Classify { part }) => stored_runs.classifying.set(Some(*part)),
            Event::Progress(WorkProgress::Export { part }) => stored_runs.exporting.set(Some(*part)),
            Event::Progress(WorkProgress::Fetch { received, total }) => stored_runs.fetching.update(|fetching| {
                if let Some(fetching) = fetching {
                    (fetching.received, fetching.total) = (*received, *total);
                }
            }),
            Event::Evaluated(report) => {
                self.evaluating.set(None);
                self.evaluation.set(Some(report.clone()));
            }
            Event::Cancelled(Work::Evaluation) => self.evaluating.set(None),
            Event::FineTune(progress) => stored_runs.fine_tuning.set(Some(progress.clone())),
            Event::FineTuned(report) => stored_runs.fine_tuned.update(|all| {
                all.retain(|other| other.config != report.config);
                all.push(report.clone());
            }),
            Event::Opened(opened) => self.open(opened),
            Event::Saved(report) => stored_runs.saved.set(Some(report.clone())),
            Event::Runs(report) => {
                stored_runs.stored_weights.set(Some(report.weights.clone()));
                stored_runs.list.set(Some(report.clone()));
            }
            Event::DownloadedWeights(list) => stored_runs.stored_weights.set(Some(list.clone())),
            Event::Queue(report) => {
                stored_runs.queue.set(Some(report.clone()));
                if report.state == QueueState::Resting
                    && let Some(own) = stored_runs.own_config.try_update(Option::take).flatten()
                {
                    self.config.set(own);
                }
            }
            Event::Ready { .. }
            | Event::Alive
            | Event::Pictures(_)
            | Event::Views(_)
            | Event::Classified(_)
            | Event::Curves(_)
            | Event::Exported { .. }
            | Event::Encoder { .. }
            | Event::Cancelled(_)
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
