//! The training loop of pre-training and fine-tuning. It reads the metrics every few steps, yields after each step,
//! evaluates at the end of every epoch, saves now and then, and ends at a pause.

use crate::core::error::Fault;
use crate::core::report::{Phase, RunState};
use crate::learn::training::Training;
use crate::worker::session::{Control, control};
use crate::worker::{event_loop::yield_now, js::now, run::LoopPosition};

/// Milliseconds between two reads of the metrics: often enough for a live
/// chart, rarely enough that the device does not stand idle.
const READ_EVERY: f64 = 250.0;
/// Most steps between two reads, so that the queue of a fast device stays short.
const MOST_UNREAD: usize = 16;

/// What the loop trains, and what it does beside the steps.
pub trait LoopBody {
    type Training: Training;

    fn training(&mut self) -> &mut Self::Training;

    fn position(&mut self) -> &mut LoopPosition;

    /// Reports the phase that begins.
    fn enter(&mut self, phase: Phase);

    /// Takes the metrics of some steps, each of which took so many milliseconds.
    ///
    /// # Errors
    /// [`Fault::NotFinite`] if a loss is no number. The loop ends.
    fn measured(&mut self, steps: Vec<<Self::Training as Training>::Step>, milliseconds: f64) -> Result<(), Fault>;

    /// Evaluates the network at the end of an epoch (0: a training without epochs). False if a
    /// pause or a cancel cut that short.
    async fn evaluate(&mut self, epoch: u32) -> Result<bool, Fault>;

    /// Saves between two steps, if it is time to.
    fn save_if_due(&mut self);
}

/// Trains until the end, a pause or a cancel, or for one step.
///
/// # Errors
/// [`Fault::NotFinite`] if a loss or, at the end, a weight is no number; and what the device reports.
pub async fn train(body: &mut impl LoopBody, one_step: bool) -> Result<RunState, Fault> {
    evaluate(body).await?;
    if let Some(state) = ended(body, false) {
        return Ok(state);
    }
    enter_training(body);
    yield_now().await;
    let mut since_read = now();
    while !body.training().done() {
        let first = !std::mem::replace(&mut body.position().warm, true);
        body.training().step();
        let epoch_ends = body.training().at_epoch_end();
        let soon = now() - since_read + body.position().step_milliseconds / 2.0 >= READ_EVERY;
        let due = soon || body.training().unread() >= MOST_UNREAD;
        if first || due || epoch_ends || one_step || control() != Control::Continue {
            read(body, since_read).await?;
            since_read = now();
            if first {
                body.enter(Phase::Train);
            }
        }
        if epoch_ends {
            body.position().to_evaluate = Some(body.training().epochs_done());
            evaluate(body).await?;
            since_read = now();
        }
        // A checkpoint never holds a step that was not reported. The last step's is saved at the end.
        if body.training().unread() == 0 && !body.training().done() {
            body.save_if_due();
        }
        yield_now().await;
        if let Some(state) = ended(body, one_step) {
            if body.training().unread() > 0 {
                read(body, since_read).await?;
            }
            return Ok(state);
        }
    }
    if !body.training().is_finite().await? {
        return Err(Fault::NotFinite { step: body.training().steps() });
    }
    Ok(RunState::Finished)
}

fn enter_training(body: &mut impl LoopBody) {
    let phase = if body.position().warm { Phase::Train } else { Phase::Compile };
    body.enter(phase);
}

/// Reads the metrics of the steps since `since` (by the clock) and hands them on.
async fn read(body: &mut impl LoopBody, since: f64) -> Result<(), Fault> {
    let steps = body.training().read().await?;
    // Only now has the device finished these steps.
    let each = (now() - since) / steps.len().max(1) as f64;
    body.position().step_milliseconds = each;
    body.measured(steps, each)
}

/// Evaluates after an epoch. After a pause or a cancel this is still to be done.
async fn evaluate(body: &mut impl LoopBody) -> Result<(), Fault> {
    let Some(epoch) = body.position().to_evaluate else { return Ok(()) };
    if body.evaluate(epoch).await? {
        body.position().to_evaluate = None;
        if control() == Control::Continue {
            enter_training(body);
        }
    }
    Ok(())
}

/// The state in which a pause, a cancel or the end of a single step leaves the run; None if
/// the loop goes on, or has done all steps.
fn ended(body: &mut impl LoopBody, one_step: bool) -> Option<RunState> {
    match control() {
        Control::Cancel => Some(RunState::Cancelled),
        Control::Pause if body.position().to_evaluate.is_some() => Some(RunState::Paused),
        _ if body.training().done() => None,
        Control::Pause => Some(RunState::Paused),
        Control::Continue => one_step.then_some(RunState::Paused),
    }
}
