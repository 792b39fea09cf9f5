//! The states of a run. The worker goes through them; the page offers what each allows.
//!
//! ```text
//!  Idle ──▶ Running ──▶ Finished
//!            ▲   │ └──▶ Failed
//!            ▼   ▼
//!          Paused ────▶ Cancelled
//! ```
//! A run may start from `Idle` and from each of the three ends. Only a paused run resumes or takes a single step.

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
    /// Ended early by the user; the weights are kept.
    Cancelled,
    Finished,
    /// Ended by a fault; the weights are not to be used.
    Failed,
}

impl RunState {
    /// Whether it can be paused.
    pub fn is_running(self) -> bool {
        matches!(self, Self::Running(_))
    }

    /// Whether it runs or is paused: it can be cancelled, leaving the page would lose it, and no other run may start.
    pub fn is_active(self) -> bool {
        self.is_running() || self == Self::Paused
    }

    /// Whether a run has ended.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Cancelled | Self::Finished | Self::Failed)
    }

    /// Whether there are trained weights: the run is paused or has ended without a
    /// fault. It need not have taken a step.
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
