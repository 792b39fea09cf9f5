//! The training loop, the same for pre-training and fine-tuning: it reads what was
//! measured every few steps, yields after each, judges at the end of every epoch,
//! saves now and then, and ends at a pause.

use crate::core::error::Fault;
use crate::core::report::{Phase, RunState};
use crate::learn::training::Training;
use crate::worker::session::{Wish, with};
use crate::worker::turn::{now, turn};

/// Milliseconds between two reads of the metrics: often enough for a live
/// chart, rarely enough that the device does not stand idle.
const READ_EVERY: f64 = 250.0;
/// Most steps between two reads, so that the queue of a fast device stays short.
const MOST_UNREAD: usize = 16;

/// What a loop goes through, and who hears of it.
pub trait Course {
    type Training: Training;

    fn training(&mut self) -> &mut Self::Training;

    fn pace(&mut self) -> &mut Pace;

    /// Tells in what phase it is.
    fn enter(&mut self, phase: Phase);

    /// Takes what was measured in some steps, each of so many milliseconds.
    ///
    /// # Errors
    /// [`Fault::NotFinite`] where the loss is no number: the loop ends.
    fn measured(&mut self, steps: Vec<<Self::Training as Training>::Step>, milliseconds: f64) -> Result<(), Fault>;

    /// Judges what was learned by the end of an epoch (0: before the first step);
    /// false where a wish cut that short.
    async fn judge(&mut self, epoch: u32) -> Result<bool, Fault>;

    /// Called between two steps: saves, if it is time to.
    fn save_if_due(&mut self);
}

/// Where a loop stands between two calls.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    /// The epoch (0: before the first step) whose end is reached and not judged yet.
    pub due: Option<u32>,
    /// A step was taken on this device: kernels are compiled.
    warm: bool,
    /// Wall time of a step when the metrics were last read, in milliseconds.
    step: f64,
}

impl Pace {
    pub fn new(due: Option<u32>) -> Self {
        Self { due, ..Self::default() }
    }
}

/// Goes on until the end, a wish, or for one step.
pub async fn go(course: &mut impl Course, one_step: bool) -> Result<RunState, Fault> {
    judge(course).await?;
    if let Some(state) = asked(course, false) {
        return Ok(state);
    }
    let phase = if course.pace().warm { Phase::Train } else { Phase::Compile };
    course.enter(phase);
    turn().await;
    let mut since_read = now();
    while !course.training().done() {
        let first = !std::mem::replace(&mut course.pace().warm, true);
        course.training().step();
        let epoch_ends = course.training().at_epoch_end();
        let soon = now() - since_read + course.pace().step / 2.0 >= READ_EVERY;
        let due = soon || course.training().unread() >= MOST_UNREAD;
        if first || due || epoch_ends || one_step || with(|s| s.wish) != Wish::GoOn {
            read(course, since_read).await?;
            since_read = now();
            if first {
                course.enter(Phase::Train);
            }
        }
        if epoch_ends {
            course.pace().due = Some(course.training().epochs_done());
            judge(course).await?;
            since_read = now();
        }
        // A checkpoint is of no step that was not told yet; that of the last one is the end's.
        if course.training().unread() == 0 && !course.training().done() {
            course.save_if_due();
        }
        turn().await;
        if let Some(state) = asked(course, one_step) {
            if course.training().unread() > 0 {
                read(course, since_read).await?;
            }
            return Ok(state);
        }
    }
    Ok(RunState::Finished)
}

/// Fetches what was measured since the last time (`since` by the clock) and tells it.
async fn read(course: &mut impl Course, since: f64) -> Result<(), Fault> {
    let steps = course.training().read().await?;
    // Only now has the device done what was asked of it.
    let each = (now() - since) / steps.len().max(1) as f64;
    course.pace().step = each;
    course.measured(steps, each)
}

/// Judges where that is due. Left at a pause or a cancel, it stays due.
async fn judge(course: &mut impl Course) -> Result<(), Fault> {
    let Some(epoch) = course.pace().due else { return Ok(()) };
    if course.judge(epoch).await? {
        course.pace().due = None;
        if with(|s| s.wish) == Wish::GoOn {
            let phase = if course.pace().warm { Phase::Train } else { Phase::Compile };
            course.enter(phase);
        }
    }
    Ok(())
}

/// The state that a person's wish, or the end of a single step, leads to; none
/// where the loop goes on, or is through.
fn asked(course: &mut impl Course, one_step: bool) -> Option<RunState> {
    match with(|s| s.wish) {
        Wish::Cancel => Some(RunState::Cancelled),
        Wish::Pause if course.pace().due.is_some() => Some(RunState::Paused),
        _ if course.training().done() => None,
        Wish::Pause => Some(RunState::Paused),
        Wish::GoOn => one_step.then_some(RunState::Paused),
    }
}
