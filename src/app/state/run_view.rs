//! The run at hand in the store: it is begun, forgotten, or set aside and shown again.

use super::Store;
use crate::core::config::RunConfig;
use crate::core::error::Fault;
use crate::core::lesson::lars::trust_ratio::TrustHistory;
use crate::core::plot::thinned::Thinned;
use crate::core::report::{DatasetReport, EpochReport, EvaluationReport, Phase, RunState, StepReport};
use crate::core::run_progress::RunProgress;
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
        self.pending.set(None);
        self.evaluating.set(None);
        let view = RunView {
            run: self.run.get_untracked(),
            config: self.run_config.get_untracked(),
            steps: self.steps.try_update(std::mem::take).unwrap_or_default(),
            progress: self.progress.try_update(Option::take).flatten(),
            trust: self.trust.try_update(std::mem::take).unwrap_or_default(),
            epochs: self.epochs.try_update(std::mem::take).unwrap_or_default(),
            evaluation: self.evaluation.try_update(Option::take).flatten(),
        };
        self.stored_runs.clear_run();
        self.run.set(RunState::Idle);
        self.run_config.set(None);
        view
    }

    /// Shows a run again that [`Store::take_run`] gave.
    pub fn restore_run(&self, view: RunView) {
        self.pending.set(None);
        self.run.set(view.run);
        self.run_config.set(view.config);
        self.steps.set(view.steps);
        self.progress.set(view.progress);
        self.trust.set(view.trust);
        self.epochs.set(view.epochs);
        self.evaluation.set(view.evaluation);
    }
}
