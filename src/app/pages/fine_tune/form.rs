//! What the next training is asked to be.

use crate::app::client::Client;
use crate::app::parts::requirements::steps;
use crate::app::state::Store;
use crate::core::config::Architecture;
use crate::core::cost::Cost;
use crate::core::dataset::fraction;
use crate::core::error::Fault;
use crate::core::run::fine_tune::{FineTuneConfig, FineTuneReport, TrainedLayers, TuningStart, stages};
use crate::protocol::Request;
use leptos::prelude::*;

/// `Copy`, shared by the parts of this page.
#[derive(Clone, Copy)]
pub struct Form {
    store: Store,
    client: Client,
    /// Of the pre-trained encoder; the baselines follow from it.
    pub config: RwSignal<FineTuneConfig>,
    touched: RwSignal<bool>,
    /// Settings whose typed value was not accepted.
    pub invalid: RwSignal<Vec<&'static str>>,
    /// A list has left that the worker has not taken up yet.
    pub asked: RwSignal<bool>,
}

impl Form {
    /// With the settings (but for the fraction) of the list at work or of the newest
    /// result, where there are any, until they are changed.
    pub fn new(store: Store) -> Self {
        let form = Self {
            store,
            client: Client::get(),
            config: RwSignal::new(FineTuneConfig::recipe(TuningStart::Pretrained, TrainedLayers::All, 10, 0)),
            touched: RwSignal::default(),
            invalid: RwSignal::default(),
            asked: RwSignal::default(),
        };
        let own = |c: &FineTuneConfig| c.start == TuningStart::Pretrained && c.trained != TrainedLayers::Classifier;
        Effect::new(move || {
            let listed = store.stored_runs.tuning_list.with(|all| all.iter().copied().rev().find(own));
            let newest = store.stored_runs.fine_tuned.with(|all| all.iter().map(|r| r.config).rev().find(own));
            if let Some(config) = listed.or(newest).filter(|_| !form.touched.get_untracked()) {
                form.config.update(|c| *c = FineTuneConfig { fraction: c.fraction, ..config });
            }
        });
        form
    }

    /// A setting is the user's own now.
    pub fn change(self, change: impl FnOnce(&mut FineTuneConfig)) {
        self.touched.set(true);
        self.config.update(change);
    }

    /// As it would be sent: the run's seed decides which labels are taken.
    pub fn config(self) -> FineTuneConfig {
        let seed = self.store.run_config.with(|run| run.map_or(0, |run| run.seed));
        FineTuneConfig { seed, ..self.config.get() }
    }

    pub fn architecture(self) -> Architecture {
        self.store.run_config.get().unwrap_or_default().encoder.architecture
    }

    pub fn stages(self) -> u8 {
        stages(self.architecture())
    }

    /// Labels that a fraction means.
    pub fn labels(self, percent: u8) -> usize {
        self.store.dataset.with(|set| {
            let trained = set.iter().flat_map(|set| &set.classes).map(|c| c.train).filter(|n| *n > 0);
            let (images, classes) = trained.fold((0, 0), |(images, classes), n| (images + n, classes + 1));
            fraction::count(images, classes, percent)
        })
    }

    /// The result that `config` would give now, where it is there already.
    pub fn result(self, config: &FineTuneConfig) -> Option<FineTuneReport> {
        let steps = steps(self.store);
        self.store.stored_runs.fine_tuned.with(|all| all.iter().find(|r| r.answers(config, steps)).cloned())
    }

    /// Those of `list` without a result.
    pub fn missing(self, list: Vec<FineTuneConfig>) -> Vec<FineTuneConfig> {
        let steps = steps(self.store);
        self.store
            .stored_runs
            .fine_tuned
            .with(|all| list.into_iter().filter(|config| !all.iter().any(|r| r.answers(config, steps))).collect())
    }

    /// Whether training may start.
    pub fn ready(self) -> bool {
        let fits = self.config().check(self.architecture()).is_ok() && self.invalid.with(Vec::is_empty);
        fits && !self.under_way() && self.store.evaluating.with(Option::is_none)
    }

    /// Bytes that the largest of `list` needs and that there are, where that is less.
    pub fn too_much(self, list: &[FineTuneConfig]) -> Option<(u64, u64)> {
        let run = self.store.run_config.get()?;
        let images = self.store.dataset.with(|set| set.as_ref().map(|set| set.images))?;
        let backend = self.store.device.with(|device| device.as_ref().map(|device| device.backend))?;
        let needs = |config: &FineTuneConfig| match Cost::tuning_fits(
            &run,
            config,
            self.labels(config.fraction),
            images,
            backend,
        ) {
            Err(Fault::NeedsMemory { need, limit }) => Some((need, limit)),
            _ => None,
        };
        list.iter().filter_map(needs).max()
    }

    /// The largest batch below the chosen one with which `list` fits.
    pub fn fitting_batch(self, list: &[FineTuneConfig]) -> Option<usize> {
        let of = |batch: usize| list.iter().map(|config| config.with_batch(batch)).collect::<Vec<_>>();
        let smaller = std::iter::successors(Some(self.config().batch / 2), |batch| Some(batch / 2));
        smaller.take_while(|batch| *batch > 1).find(|batch| self.too_much(&of(*batch)).is_none())
    }

    /// Trainings are at work, or wait to go on.
    pub fn under_way(self) -> bool {
        self.asked.get() || self.store.stored_runs.fine_tuning.with(|p| p.as_ref().is_some_and(|p| p.state.is_active()))
    }

    pub fn start(self, list: Vec<FineTuneConfig>) {
        if list.is_empty() || !untrack(|| self.ready()) {
            return;
        }
        self.store.stored_runs.tuning_list.set(list.clone());
        self.asked.set(true);
        let store = self.store;
        self.client.ask(Request::FineTune { list }, move |answer| {
            self.asked.try_set(false);
            if let Err(fault) = answer {
                store.notify(fault);
            }
        });
    }
}
