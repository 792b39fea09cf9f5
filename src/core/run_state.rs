//! The life of a run as a pure state machine: which request is legal when, and
//! what follows. The worker moves it, the page asks it which buttons to offer.
//!
//! ```text
//!           start, step one                    finish
//!  Idle ───────────────────────▶ Running ────────────────▶ Finished
//!                                 ▲   │ │
//!              resume, step one   │   │ └── fail ─────────▶ Failed
//!                                 │   │ pause, step done
//!                                 │   ▼ (after step one)
//!                                Paused ── cancel ───────▶ Cancelled
//! ```
//! Cancel and fail are also legal while running, the latter and finish while
//! paused; from each of the three ends a new run may start.

use super::report::{Phase, RunState};

/// What a person may ask of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunRequest {
    Start,
    Pause,
    Resume,
    /// One batch, then pause.
    StepOne,
    Cancel,
}

/// A request or event that the state does not allow; nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Illegal {
    pub state: RunState,
}

impl RunState {
    /// Whether `request` is legal in this state.
    pub fn allows(self, request: RunRequest) -> bool {
        match request {
            RunRequest::Start => !self.is_active(),
            RunRequest::Pause => matches!(self, Self::Running(_)),
            RunRequest::Resume => self == Self::Paused,
            RunRequest::StepOne => !matches!(self, Self::Running(_)),
            RunRequest::Cancel => self.is_active(),
        }
    }

    /// A run is under way: running or paused. Leaving the page would lose it.
    pub fn is_active(self) -> bool {
        matches!(self, Self::Running(_) | Self::Paused)
    }

    /// A run was there and has ended.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Cancelled | Self::Finished | Self::Failed)
    }
}

/// The run of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    state: RunState,
    /// What the loop does, also while paused: a pause between steps of training
    /// goes back to training, one during the first step to compiling.
    phase: Phase,
    /// Pause by itself after the next step.
    single: bool,
}

impl Default for Run {
    fn default() -> Self {
        Self { state: RunState::Idle, phase: Phase::Load, single: false }
    }
}

impl Run {
    pub fn state(&self) -> RunState {
        self.state
    }

    /// Whether the loop may go on: asked before every step.
    pub fn may_step(&self) -> bool {
        matches!(self.state, RunState::Running(_))
    }

    /// Does what a person asks.
    ///
    /// # Errors
    /// Where the state does not allow it.
    pub fn request(&mut self, request: RunRequest) -> Result<RunState, Illegal> {
        self.only_if(self.state.allows(request))?;
        match request {
            RunRequest::Start => *self = Self { state: RunState::Running(Phase::Load), ..Self::default() },
            RunRequest::StepOne if self.state == RunState::Paused => {
                (self.state, self.single) = (RunState::Running(self.phase), true);
            }
            RunRequest::StepOne => {
                *self = Self { state: RunState::Running(Phase::Load), single: true, ..Self::default() };
            }
            RunRequest::Resume => (self.state, self.single) = (RunState::Running(self.phase), false),
            RunRequest::Pause => self.state = RunState::Paused,
            RunRequest::Cancel => self.state = RunState::Cancelled,
        }
        Ok(self.state)
    }

    /// The loop does something else now. While paused (a pause that came in the
    /// middle of loading), the state stays and the phase is kept for later.
    ///
    /// # Errors
    /// Where no run is under way.
    pub fn enter(&mut self, phase: Phase) -> Result<RunState, Illegal> {
        self.only_if(self.state.is_active())?;
        self.phase = phase;
        if self.may_step() {
            self.state = RunState::Running(phase);
        }
        Ok(self.state)
    }

    /// A step is done: the loop trains from here on, or pauses after a single one.
    ///
    /// # Errors
    /// Where no run is under way.
    pub fn step_done(&mut self) -> Result<RunState, Illegal> {
        self.enter(Phase::Train)?;
        if std::mem::take(&mut self.single) {
            self.state = RunState::Paused;
        }
        Ok(self.state)
    }

    /// The last step is done; legal while paused too, because that step may have
    /// been a single one.
    ///
    /// # Errors
    /// Where no run is under way.
    pub fn finish(&mut self) -> Result<RunState, Illegal> {
        self.end(RunState::Finished)
    }

    /// The run can't go on.
    ///
    /// # Errors
    /// Where no run is under way.
    pub fn fail(&mut self) -> Result<RunState, Illegal> {
        self.end(RunState::Failed)
    }

    fn end(&mut self, state: RunState) -> Result<RunState, Illegal> {
        self.only_if(self.state.is_active())?;
        self.state = state;
        Ok(state)
    }

    fn only_if(&self, legal: bool) -> Result<(), Illegal> {
        if legal { Ok(()) } else { Err(Illegal { state: self.state }) }
    }
}

#[cfg(test)]
mod tests {
    use super::RunRequest::{Cancel, Pause, Resume, Start, StepOne};
    use super::*;

    const REQUESTS: [RunRequest; 5] = [Start, Pause, Resume, StepOne, Cancel];

    /// A run in each state.
    fn runs() -> Vec<Run> {
        let after = |requests: &[RunRequest]| {
            let mut run = Run::default();
            for request in requests {
                run.request(*request).unwrap();
            }
            run
        };
        let (mut finished, mut failed) = (after(&[Start]), after(&[Start]));
        finished.finish().unwrap();
        failed.fail().unwrap();
        vec![after(&[]), after(&[Start]), after(&[Start, Pause]), after(&[Start, Cancel]), finished, failed]
    }

    #[test]
    fn the_table_of_legal_requests() {
        let legal: [&[RunRequest]; 6] = [
            &[Start, StepOne],
            &[Pause, Cancel],
            &[Resume, StepOne, Cancel],
            &[Start, StepOne],
            &[Start, StepOne],
            &[Start, StepOne],
        ];
        for (mut run, legal) in runs().into_iter().zip(legal) {
            for request in REQUESTS {
                let before = run;
                let allowed = legal.contains(&request);
                assert_eq!(run.state().allows(request), allowed, "{request:?} in {:?}", run.state());
                let answer = run.request(request);
                assert_eq!(answer.is_ok(), allowed);
                if !allowed {
                    assert_eq!((run, answer), (before, Err(Illegal { state: before.state() })));
                }
                run = before;
            }
        }
    }

    #[test]
    fn only_a_run_under_way_can_end_or_change_phase() {
        for run in runs() {
            let active = matches!(run.state(), RunState::Running(_) | RunState::Paused);
            assert_eq!(run.state().is_active(), active);
            assert_eq!(run.state().is_over(), !active && run.state() != RunState::Idle);
            let results =
                [{ run }.finish(), { run }.fail(), { run }.step_done(), { run }.enter(Phase::Train)].map(|r| r.is_ok());
            assert_eq!(results, [active; 4], "{:?}", run.state());
        }
    }

    #[test]
    fn a_single_step_pauses_by_itself_and_resume_runs_on() {
        let mut run = Run::default();
        assert_eq!(run.request(StepOne), Ok(RunState::Running(Phase::Load)));
        run.enter(Phase::Compile).unwrap();
        assert_eq!(run.step_done(), Ok(RunState::Paused));
        assert!(!run.may_step());
        assert_eq!(run.request(StepOne), Ok(RunState::Running(Phase::Train)));
        assert_eq!(run.step_done(), Ok(RunState::Paused));
        assert_eq!(run.request(Resume), Ok(RunState::Running(Phase::Train)));
        assert_eq!(run.step_done(), Ok(RunState::Running(Phase::Train)));
    }

    #[test]
    fn resume_during_a_single_step_is_illegal_but_pause_then_resume_runs_on() {
        let mut run = Run::default();
        run.request(StepOne).unwrap();
        assert!(run.request(Resume).is_err());
        run.request(Pause).unwrap();
        run.request(Resume).unwrap();
        assert_eq!(run.step_done(), Ok(RunState::Running(Phase::Train)));
    }

    #[test]
    fn a_pause_while_loading_keeps_the_phase_for_later() {
        let mut run = Run::default();
        run.request(Start).unwrap();
        run.request(Pause).unwrap();
        assert_eq!(run.enter(Phase::Compile), Ok(RunState::Paused));
        assert_eq!(run.request(Resume), Ok(RunState::Running(Phase::Compile)));
    }

    #[test]
    fn a_pause_that_arrives_during_a_step_survives_its_end() {
        let mut run = Run::default();
        run.request(Start).unwrap();
        run.request(Pause).unwrap();
        assert_eq!(run.step_done(), Ok(RunState::Paused));
    }

    #[test]
    fn the_last_single_step_finishes_the_run_and_a_new_one_starts_afresh() {
        let mut run = Run::default();
        run.request(StepOne).unwrap();
        run.step_done().unwrap();
        assert_eq!(run.finish(), Ok(RunState::Finished));
        assert_eq!(run.request(Start), Ok(RunState::Running(Phase::Load)));
        assert_eq!(run.step_done(), Ok(RunState::Running(Phase::Train)));
    }
}
