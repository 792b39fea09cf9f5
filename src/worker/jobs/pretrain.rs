//! Pre-training: prepares a run, drives it through the training loop, cancels it.
//! Between two calls of the loop the run waits in the session.

use super::training_loop::{self, LoopBody};
use crate::core::report::{EpochReport, Phase, RunState, StepReport};
use crate::core::{config::RunConfig, cost::Cost, error::Fault};
use crate::learn::{trainer::Trainer, training::Training};
use crate::protocol::Event;
use crate::worker::jobs::{estimate, evaluate, fine_tune, published_weights};
use crate::worker::mailbox::{fail, post};
use crate::worker::run::{Classifiers, LoopPosition, Run};
use crate::worker::session::{self, Job, JobGuard, RunInLoop, set_state, with};
use crate::worker::{event_loop::yield_now, js::now, run_saver::RunSaver};

/// Milliseconds between a failed read and the report of a lost device, at the most.
const LOST_REPORTED_WITHIN: f64 = 1_000.0;

/// Makes a run of `config` ready for [`drive`]. It takes the place of a run that has ended.
///
/// # Errors
/// [`Fault::Busy`] while another job or run is under way, [`Fault::Config`], and what the images, the
/// weights and the device lack. The run before then stays as it is.
pub async fn prepare(config: RunConfig) -> Result<(Run, JobGuard), Fault> {
    config.check().map_err(Fault::Config)?;
    let guard = JobGuard::begin(Job::Train)?;
    if with(|s| s.state.is_active()) {
        return Err(Fault::Busy);
    }
    let compute = session::compute().await?;
    let (train, images) = estimate::training_images(&config)?;
    Cost::fits(&config, images, compute.report.backend)?;
    let store = session::store().await?;
    let data = with(|s| s.library.report()).ok_or(Fault::NoDataset)?;
    let weights = match config.encoder.weights() {
        Some(which) => Some(published_weights::loaded(which, &compute).await?),
        None => None,
    };
    with(|s| {
        s.fine_tuning = None;
        s.run = None;
        s.classifiers = Classifiers::default();
    });
    set_state(RunState::Running(Phase::Load));
    yield_now().await;
    let (weights, identity) = weights.unzip();
    let trainer = match weights {
        Some(weights) => Trainer::from_weights(&config, store, &train, &compute.device, weights),
        None => Trainer::new(&config, store, &train, &compute.device),
    };
    let trainer = trainer.inspect_err(|_| set_state(RunState::Failed))?;
    let storage = session::storage().await;
    let saver = RunSaver::begin(&config, identity, compute.report, &data, storage).await;
    let probe = evaluate::probe(trainer.config());
    Ok((Run::new(trainer, saver, probe), guard))
}

/// Takes the paused run out of the session, for [`drive`].
///
/// # Errors
/// [`Fault::Busy`] while another job is under way, or if no run is paused.
pub fn take_paused() -> Result<(Run, JobGuard), Fault> {
    let guard = JobGuard::begin(Job::Train)?;
    if with(|s| s.state) != RunState::Paused {
        return Err(Fault::Busy);
    }
    fine_tune::cancel_if_paused();
    Ok((with(|s| s.run.take()).ok_or(Fault::NoEncoder)?, guard))
}

/// Cancels a paused run, which no loop does. It may be evaluated meanwhile: the
/// evaluation has its own copy of the encoder.
pub fn cancel_if_paused() {
    if with(|s| s.state) == RunState::Paused {
        set_state(RunState::Cancelled);
        let saved = with(|s| {
            let saver = &mut s.run.as_mut()?.saver;
            let (record, at) = (&mut saver.record, js_sys::Date::now());
            record.enter(RunState::Cancelled, record.steps, at);
            Some(saver.save_record())
        });
        saved.into_iter().for_each(wasm_bindgen_futures::spawn_local);
    }
}

/// Trains a run to its end, or for one step. Returns once it is paused or over.
pub async fn drive(mut run: Run, one_step: bool, guard: JobGuard) -> Result<RunState, Fault> {
    with(|s| s.run_in_loop = Some(RunInLoop { id: run.id().to_owned(), new_words: run.saver.new_words() }));
    if !std::mem::replace(&mut run.layers_posted, true) {
        post(None, Event::Layers(run.trainer.layers()));
    }
    let ended = training_loop::train(&mut run, one_step).await;
    post_measured(&mut run);
    let ended = match ended {
        Ok(state) => {
            let snapshot = run.trainer.snapshot();
            run.saver.save_now(state, snapshot).await;
            with(|s| s.run = Some(run));
            drop(guard);
            set_state(state);
            Ok(state)
        }
        // Its weights are not finite either.
        Err(fault @ Fault::NotFinite { .. }) => {
            run.saver.save_failed().await;
            drop(guard);
            set_state(RunState::Failed);
            Err(fault)
        }
        // The device gave up. What was saved is good, and the stored record says that the run was
        // cut off. The page ends this worker, and offers to go on from there.
        Err(fault) => {
            drop(guard);
            // A lost device reports itself a moment after its reads fail, and its report says more.
            let failed = now();
            while now() - failed < LOST_REPORTED_WITHIN {
                yield_now().await;
            }
            fail(None, fault.clone());
            Err(fault)
        }
    };
    with(|s| s.run_in_loop = None);
    ended
}

/// Sends the page the measurements that it does not have.
fn post_measured(run: &mut Run) {
    let unposted = &mut run.unposted;
    let (steps, epochs) = (std::mem::take(&mut unposted.steps), std::mem::take(&mut unposted.epochs));
    let trust_ratios = std::mem::take(&mut unposted.trust_ratios);
    unposted.throttle.restart();
    if !(steps.is_empty() && epochs.is_empty()) {
        post(None, Event::Measured { steps, epochs, trust_ratios });
    }
}

impl LoopBody for Run {
    type Training = Trainer;

    fn training(&mut self) -> &mut Trainer {
        &mut self.trainer
    }

    fn position(&mut self) -> &mut LoopPosition {
        &mut self.position
    }

    fn enter(&mut self, phase: Phase) {
        set_state(RunState::Running(phase));
    }

    fn measured(&mut self, mut steps: Vec<StepReport>, milliseconds: f64) -> Result<(), Fault> {
        for report in &mut steps {
            report.milliseconds = milliseconds as f32;
        }
        self.saver.add_steps(&steps);
        self.unposted.steps.extend_from_slice(&steps);
        self.unposted.trust_ratios.extend(self.trainer.take_trust_ratios());
        if self.unposted.throttle.is_due() {
            post_measured(self);
        }
        match steps.iter().find(|r| !r.loss.is_finite()) {
            Some(bad) => Err(Fault::NotFinite { step: bad.step }),
            None => Ok(()),
        }
    }

    /// kNN on validation; without labels nothing. What the encoder gave before training is measured after the first
    /// epoch too, so that nobody waits for the first step.
    async fn evaluate(&mut self, epoch: u32) -> Result<bool, Fault> {
        if self.probe.is_some() {
            // The page gets the epoch's last steps before kNN, which may take long.
            post_measured(self);
        }
        let first = self.saver.curve.epochs.is_empty() && epoch > 0;
        for epoch in first.then_some(0).into_iter().chain([epoch]) {
            let Some(probe) = &self.probe else { return Ok(true) };
            let knn = evaluate::knn_after(&self.trainer, probe, epoch).await;
            match knn {
                Ok(Some(knn)) => {
                    let report = EpochReport { epoch, knn };
                    self.saver.add_epoch(report);
                    self.unposted.epochs.push(report);
                    post_measured(self);
                }
                Ok(None) => return Ok(false),
                // The weights that the run started from are not loaded.
                Err(Fault::NoWeights { .. }) => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(true)
    }

    fn save_if_due(&mut self) {
        if self.saver.is_due() {
            let snapshot = self.trainer.snapshot();
            self.saver.save(RunState::Running(Phase::Train), snapshot);
        }
    }
}
