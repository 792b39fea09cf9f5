//! Pre-training: starts a run, goes on with it, keeps it. The loop itself is in
//! [`course`]; between two calls the run waits in the session.

use super::course::{self, Course, Pace};
use crate::core::config::RunConfig;
use crate::core::cost::Cost;
use crate::core::error::Fault;
use crate::core::report::{EpochReport, Phase, RunState, StepReport};
use crate::core::run::{Curve, OpenedRun};
use crate::learn::knn::Probe;
use crate::learn::trainer::Trainer;
use crate::learn::training::Training;
use crate::protocol::Event;
use crate::worker::jobs::{estimate, evaluate, fine_tune, queue, weights};
use crate::worker::keep::Keeper;
use crate::worker::mailbox::{fail, post};
use crate::worker::session::{self, Job, Working, set_state, with};
use crate::worker::turn::turn;

/// A run as it waits between two calls of the loop.
pub struct Run {
    pub config: RunConfig,
    pub trainer: Trainer,
    pub keeper: Keeper,
    /// Labelled images of kNN; none without labels.
    probe: Option<Probe>,
    /// The layers' names were told.
    begun: bool,
    pace: Pace,
}

impl Run {
    fn new(trainer: Trainer, keeper: Keeper) -> Self {
        let config = *trainer.config();
        Self { config, trainer, keeper, probe: evaluate::probe(&config), begun: false, pace: Pace::new(Some(0)) }
    }

    /// A stored run: what was judged is not judged again.
    pub fn reopened(trainer: Trainer, keeper: Keeper) -> Self {
        let judged = |epoch: u32| keeper.curve.epochs.iter().any(|e| e.epoch == epoch);
        let ended = trainer.steps() == 0 || trainer.at_epoch_end();
        let due = Some(trainer.epochs_done()).filter(|&epoch| ended && !judged(epoch));
        Self { pace: Pace::new(due), ..Self::new(trainer, keeper) }
    }

    pub fn steps(&self) -> u32 {
        self.trainer.steps()
    }

    /// It goes on in chunks of at most `images`; what is returned writes its record. None of a run that
    /// is over.
    pub fn go_on_in_chunks(&mut self, images: usize) -> Option<impl Future<Output = ()> + use<>> {
        let keeper = &mut self.keeper;
        if !keeper.record.can_resume() {
            return None;
        }
        keeper.record.steps = self.trainer.steps();
        keeper.record.go_on_in_chunks(images);
        self.config = keeper.record.config;
        self.trainer.set_chunk(self.config.chunk);
        Some(keeper.save_record())
    }

    /// The page was shown the run anew: it gets the layers' names again.
    pub fn forget_what_was_told(&mut self) {
        self.begun = false;
    }
}

/// Starts a run; one that has ended is replaced.
/// Returns once it is paused or over. The queue starts runs without a request.
pub async fn start(id: Option<u32>, config: RunConfig) -> Result<RunState, Fault> {
    config.check().map_err(Fault::Config)?;
    let working = Working::begin(Job::Train)?;
    if with(|s| s.state.is_active()) {
        return Err(Fault::Busy);
    }
    let compute = session::compute().await?;
    let (train, images) = estimate::training_images(&config)?;
    Cost::fits(&config, images, compute.report.backend)?;
    let store = session::store().await?;
    let data = with(|s| s.library.report()).ok_or(Fault::NoDataset)?;
    let weights = match config.encoder.weights() {
        Some(which) => Some(weights::loaded(which, &compute).await?),
        None => None,
    };
    // Up to here the run before stays as it is.
    fine_tune::put_away();
    with(|s| {
        s.run = None;
        s.classify = Default::default();
    });
    set_state(RunState::Running(Phase::Load));
    turn().await;
    let (weights, identity) = weights.unzip();
    let trainer = match weights {
        Some(weights) => Trainer::from_weights(&config, store, &train, &compute.device, weights),
        None => Trainer::new(&config, store, &train, &compute.device),
    };
    let trainer = trainer.inspect_err(|_| set_state(RunState::Failed))?;
    let keeper = Keeper::begin(&config, identity, compute.report, &data).await;
    match id {
        Some(_) => post(id, Event::Alive),
        // The page asked for nothing: it is told what runs.
        None => {
            queue::begins(&keeper.record).await;
            post(None, Event::Opened(OpenedRun { record: keeper.record.clone(), curve: Curve::default() }));
            set_state(RunState::Running(Phase::Load));
        }
    }
    drive(Run::new(trainer, keeper), false, working).await
}

/// Goes on with a paused run: to its end, or for one step; see [`start`].
pub async fn resume(id: Option<u32>, one_step: bool) -> Result<RunState, Fault> {
    let working = Working::begin(Job::Train)?;
    if with(|s| s.state) != RunState::Paused {
        return Err(Fault::Busy);
    }
    fine_tune::cancel_if_paused();
    let run = with(|s| s.run.take()).ok_or(Fault::NoEncoder)?;
    if id.is_some() {
        post(id, Event::Alive);
    }
    drive(run, one_step, working).await
}

/// A paused run has no loop that would see the wish. It may be evaluated
/// meanwhile, which has its own copy of the encoder.
pub fn cancel_if_paused() {
    if with(|s| s.state) == RunState::Paused {
        set_state(RunState::Cancelled);
        let saved = with(|s| {
            let keeper = &mut s.run.as_mut()?.keeper;
            keeper.record.state = RunState::Cancelled;
            Some(keeper.save_record())
        });
        saved.into_iter().for_each(wasm_bindgen_futures::spawn_local);
    }
}

/// Drops the run, when its images or its device are gone. What is stored of it
/// stays.
pub fn let_go() {
    fine_tune::put_away();
    with(|s| s.classify = Default::default());
    if with(|s| s.run.take()).is_some() || with(|s| s.state) != RunState::Idle {
        set_state(RunState::Idle);
    }
}

async fn drive(mut run: Run, one_step: bool, working: Working) -> Result<RunState, Fault> {
    with(|s| s.at_work = Some(run.keeper.record.id.clone()));
    if !std::mem::replace(&mut run.begun, true) {
        post(None, Event::Layers(run.trainer.layers()));
    }
    let ended = course::go(&mut run, one_step).await;
    let ended = match ended {
        Ok(state) => {
            let snapshot = run.trainer.snapshot();
            run.keeper.save_now(state, snapshot).await;
            with(|s| s.run = Some(run));
            drop(working);
            set_state(state);
            Ok(state)
        }
        // Its weights are none.
        Err(fault @ Fault::NotFinite { .. }) => {
            run.keeper.save_failed().await;
            drop(working);
            set_state(RunState::Failed);
            Err(fault)
        }
        // The device gave up: what was saved is good, and its record says that it was cut off. The
        // page ends this worker, and offers to go on from there.
        Err(fault) => {
            drop(working);
            // A device that was lost says so itself, in the next turn.
            turn().await;
            fail(None, fault.clone());
            Err(fault)
        }
    };
    with(|s| s.at_work = None);
    ended
}

impl Course for Run {
    type Training = Trainer;

    fn training(&mut self) -> &mut Trainer {
        &mut self.trainer
    }

    fn pace(&mut self) -> &mut Pace {
        &mut self.pace
    }

    fn enter(&mut self, phase: Phase) {
        set_state(RunState::Running(phase));
    }

    fn measured(&mut self, mut steps: Vec<StepReport>, milliseconds: f64) -> Result<(), Fault> {
        for report in &mut steps {
            report.milliseconds = milliseconds as f32;
            post(None, Event::Step(*report));
        }
        let ratios = self.trainer.take_trust_ratios();
        if !ratios.is_empty() {
            post(None, Event::TrustRatios(ratios));
        }
        self.keeper.steps(&steps);
        match steps.iter().find(|r| !r.loss.is_finite()) {
            Some(bad) => Err(Fault::NotFinite { step: bad.step }),
            None => Ok(()),
        }
    }

    /// kNN on validation; nothing where no labels allow it.
    async fn judge(&mut self, epoch: u32) -> Result<bool, Fault> {
        let Some(probe) = &self.probe else { return Ok(true) };
        let Some(knn) = evaluate::judge(&self.trainer, probe, epoch).await? else { return Ok(false) };
        let report = EpochReport { epoch, knn };
        post(None, Event::Epoch(report));
        self.keeper.epoch(report);
        Ok(true)
    }

    fn save_if_due(&mut self) {
        if self.keeper.is_due() {
            let snapshot = self.trainer.snapshot();
            self.keeper.save(RunState::Running(Phase::Train), snapshot);
        }
    }
}
