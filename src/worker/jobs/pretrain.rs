//! Pre-training: the loop around the trainer. It reads metrics every few steps,
//! yields after each, and ends at a pause; the run then waits in the session.

use crate::core::config::RunConfig;
use crate::core::cost::Cost;
use crate::core::error::Fault;
use crate::core::report::{EpochReport, Phase, RunState, StepReport};
use crate::learn::knn::Probe;
use crate::learn::trainer::Trainer;
use crate::protocol::Event;
use crate::worker::jobs::{estimate, evaluate};
use crate::worker::mailbox::post;
use crate::worker::session::{self, Job, Wish, Working, set_state, with};
use crate::worker::turn::{now, turn};

/// Milliseconds between two reads of the metrics: often enough for a live
/// chart, rarely enough that the device does not stand idle.
const READ_EVERY: f64 = 250.0;
/// Most steps between two reads, so that the queue of a fast device stays short.
const MOST_UNREAD: usize = 16;

/// A run as it waits between two calls of the loop.
pub struct Run {
    pub config: RunConfig,
    pub trainer: Trainer,
    /// Labelled images of kNN; none without labels.
    probe: Option<Probe>,
    /// Results of linear evaluation that were told so far.
    pub evaluations: u32,
    /// The layers' names were told.
    begun: bool,
    /// The epoch (0: before the first step) whose end is reached and not judged yet.
    due: Option<u32>,
    /// Wall time of a step when the metrics were last read, in milliseconds.
    pace: f64,
}

impl Run {
    pub fn steps(&self) -> u32 {
        self.trainer.steps()
    }
}

/// Starts a run; one that has ended is replaced.
pub async fn start(id: u32, config: RunConfig) -> Result<(), Fault> {
    config.check().map_err(Fault::Config)?;
    let working = Working::begin(Job::Train)?;
    if with(|s| s.state.is_active()) {
        return Err(Fault::Busy);
    }
    let compute = session::compute().await?;
    let (train, images) = estimate::training_images(&config)?;
    Cost::fits(&config, images, compute.report.backend)?;
    let store = session::store().await?;
    // Up to here the run before stays as it is.
    with(|s| s.run = None);
    set_state(RunState::Running(Phase::Load));
    turn().await;
    let trainer = Trainer::new(&config, store, &train, &compute.device).inspect_err(|_| set_state(RunState::Failed))?;
    let probe = evaluate::probe(&config);
    let run = Run { config, trainer, probe, evaluations: 0, begun: false, due: Some(0), pace: 0.0 };
    post(Some(id), Event::Alive);
    drive(run, false, working).await
}

/// Goes on with a paused run: to its end, or for one step.
pub async fn resume(id: u32, one_step: bool) -> Result<(), Fault> {
    let working = Working::begin(Job::Train)?;
    if with(|s| s.state) != RunState::Paused {
        return Err(Fault::Busy);
    }
    let run = with(|s| s.run.take()).ok_or(Fault::NoEncoder)?;
    post(Some(id), Event::Alive);
    drive(run, one_step, working).await
}

/// A paused run has no loop that would see the wish. It may be evaluated
/// meanwhile, which has its own copy of the encoder.
pub fn cancel_if_paused() {
    if with(|s| s.state) == RunState::Paused {
        set_state(RunState::Cancelled);
    }
}

/// Drops the run, when its images or its device are gone.
pub fn let_go() {
    if with(|s| s.run.take()).is_some() || with(|s| s.state) != RunState::Idle {
        set_state(RunState::Idle);
    }
}

async fn drive(mut run: Run, one_step: bool, working: Working) -> Result<(), Fault> {
    let ended = steps(&mut run, one_step).await;
    drop(working);
    match ended {
        Ok(state) => {
            with(|s| s.run = Some(run));
            set_state(state);
            Ok(())
        }
        // The run is dropped: where the loss is no number the weights are none.
        Err(fault) => {
            set_state(RunState::Failed);
            Err(fault)
        }
    }
}

/// The state that a person's wish, or the end of a single step, leads to; none
/// where the loop goes on, or is through.
fn asked(run: &Run, one_step: bool) -> Option<RunState> {
    match with(|s| s.wish) {
        Wish::Cancel => Some(RunState::Cancelled),
        Wish::Pause if run.due.is_some() => Some(RunState::Paused),
        _ if run.trainer.done() => None,
        Wish::Pause => Some(RunState::Paused),
        Wish::GoOn => one_step.then_some(RunState::Paused),
    }
}

async fn steps(run: &mut Run, one_step: bool) -> Result<RunState, Fault> {
    if !std::mem::replace(&mut run.begun, true) {
        post(None, Event::Layers(run.trainer.layers()));
    }
    judge(run).await?;
    if let Some(state) = asked(run, false) {
        return Ok(state);
    }
    set_state(RunState::Running(if run.steps() == 0 { Phase::Compile } else { Phase::Train }));
    turn().await;
    let mut since_read = now();
    while !run.trainer.done() {
        let first = run.steps() == 0;
        run.trainer.step();
        let epoch_ends = run.steps().is_multiple_of(run.trainer.steps_per_epoch());
        let wish = with(|s| s.wish);
        let due = run.trainer.unread() >= MOST_UNREAD || now() - since_read + run.pace / 2.0 >= READ_EVERY;
        if first || due || epoch_ends || one_step || wish != Wish::GoOn {
            let reports = read(run, since_read).await?;
            since_read = now();
            if first {
                set_state(RunState::Running(Phase::Train));
            }
            if let Some(bad) = reports.iter().find(|r| !r.loss.is_finite()) {
                return Err(Fault::NotFinite { step: bad.step });
            }
        }
        if epoch_ends {
            run.due = Some(run.trainer.epochs_done());
            judge(run).await?;
            since_read = now();
        }
        turn().await;
        if let Some(state) = asked(run, one_step) {
            return Ok(state);
        }
    }
    Ok(RunState::Finished)
}

/// Fetches the metrics of all steps since the last time (`since` by the clock)
/// and tells the page.
async fn read(run: &mut Run, since: f64) -> Result<Vec<StepReport>, Fault> {
    let mut reports = run.trainer.read().await?;
    // Only now has the device done what was asked of it.
    let each = (now() - since) / reports.len().max(1) as f64;
    run.pace = each;
    for report in &mut reports {
        report.milliseconds = each as f32;
        post(None, Event::Step(*report));
    }
    let ratios = run.trainer.take_trust_ratios();
    if !ratios.is_empty() {
        post(None, Event::TrustRatios(ratios));
    }
    Ok(reports)
}

/// kNN on validation where it is due; nothing where no labels allow it. Left at a
/// pause or a cancel, it stays due.
async fn judge(run: &mut Run) -> Result<(), Fault> {
    let Some(epoch) = run.due else { return Ok(()) };
    if let Some(probe) = &run.probe {
        let Some(knn) = evaluate::judge(&run.trainer, probe, epoch).await? else { return Ok(()) };
        post(None, Event::Epoch(EpochReport { epoch, knn }));
        if with(|s| s.wish) == Wish::GoOn {
            set_state(RunState::Running(Phase::Train));
        }
    }
    run.due = None;
    Ok(())
}
