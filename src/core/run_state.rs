//! The life of a run: the worker goes through it, the page offers what it allows.
//!
//! ```text
//!  Idle ──▶ Running ──▶ Finished
//!            ▲   │ └──▶ Failed
//!            ▼   ▼
//!          Paused ────▶ Cancelled
//! ```
//! From each of the three ends, as from `Idle`, a run may start. Only a paused
//! one resumes or takes a single step.

use serde::{Deserialize, Serialize};

/// What the training loop is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Images and weights go to the device.
    Load,
    /// The first step: kernels are compiled.
    Compile,
    Train,
    /// kNN at the end of an epoch, and before the first step.
    Evaluate {
        /// Part done, 0 to 100.
        percent: u8,
    },
}

/// Life of a run as the page shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunState {
    #[default]
    Idle,
    Running(Phase),
    Paused,
    /// Ended early on request; what was learned is kept.
    Cancelled,
    Finished,
    /// Ended by a fault; what was learned is not to be used.
    Failed,
}

impl RunState {
    /// At work: can be paused.
    pub fn is_running(self) -> bool {
        matches!(self, Self::Running(_))
    }

    /// Under way, at work or paused: can be cancelled, leaving the page would
    /// lose it, and no other run may start.
    pub fn is_active(self) -> bool {
        self.is_running() || self == Self::Paused
    }

    /// A run was there and has ended.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Cancelled | Self::Finished | Self::Failed)
    }

    /// There are weights that were learned: of a run that waits or has ended,
    /// but not by a fault. Whether it took a step at all is not told here.
    pub fn keeps_encoder(self) -> bool {
        matches!(self, Self::Paused | Self::Cancelled | Self::Finished)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_state_allows() {
        use RunState::{Cancelled, Failed, Finished, Idle, Paused, Running};
        let is = |s: RunState| [s.is_running(), s.is_active(), s.is_over(), s.keeps_encoder()];
        assert_eq!(is(Idle), [false; 4]);
        for phase in [Phase::Load, Phase::Compile, Phase::Train, Phase::Evaluate { percent: 7 }] {
            assert_eq!(is(Running(phase)), [true, true, false, false]);
        }
        assert_eq!(is(Paused), [false, true, false, true]);
        assert_eq!([is(Cancelled), is(Finished)], [[false, false, true, true]; 2]);
        assert_eq!(is(Failed), [false, false, true, false]);
    }
}
