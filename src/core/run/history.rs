//! What happened to a run, and when: a short list in its record.

use super::{Happened, RunEvent, RunRecord};
use crate::core::report::RunState;

/// Most entries of a history.
const MOST: usize = 40;

impl RunRecord {
    /// Takes something into the history. It replaces the last entry if that is of the same kind, and of too many the
    /// first one stays and the second goes.
    pub fn happened(&mut self, what: RunEvent, at: f64) {
        let kind = std::mem::discriminant(&what);
        self.history.pop_if(|last| std::mem::discriminant(&last.what) == kind);
        if self.history.len() >= MOST {
            self.history.remove(1);
        }
        self.history.push(Happened { at, steps: self.steps, what });
    }

    /// Takes the state that training is in after so many steps.
    pub fn enter(&mut self, state: RunState, steps: u32, at: f64) {
        let begins = self.steps == 0 && matches!(self.history[..], [Happened { what: RunEvent::Started(_), .. }]);
        let what = match state {
            RunState::Running(_) if self.state.is_running() || begins => None,
            RunState::Running(_) => Some(RunEvent::WentOn(self.device.name.clone())),
            RunState::Paused => Some(RunEvent::Paused),
            RunState::Finished => Some(RunEvent::Finished),
            RunState::Cancelled => Some(RunEvent::Cancelled),
            RunState::Failed => Some(RunEvent::Failed),
            RunState::Idle => None,
        };
        (self.state, self.steps) = (state, steps);
        what.into_iter().for_each(|what| self.happened(what, at));
    }

    /// Whether the run was cut off before this entry, by which it went on.
    pub fn was_cut_off(&self, entry: usize) -> bool {
        let goes = |at: usize| matches!(self.history[at].what, RunEvent::Started(_) | RunEvent::WentOn(_));
        entry > 0 && goes(entry) && goes(entry - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{report::Phase, run::examples};

    const RUNNING: RunState = RunState::Running(Phase::Train);

    #[test]
    fn a_history_has_what_happened_and_not_each_save() {
        let mut run = examples::record("a");
        (run.state, run.steps) = (RunState::Paused, 0);
        run.happened(RunEvent::Started("CPU".into()), 1.0);
        for (state, steps, at) in [
            (RUNNING, 1, 2.0),
            (RUNNING, 20, 3.0),
            (RunState::Paused, 30, 4.0),
            // Paused again before a save.
            (RunState::Paused, 40, 5.0),
            (RUNNING, 50, 6.0),
        ] {
            run.enter(state, steps, at);
        }
        // It was cut off, and opened again.
        run.state = RunState::Paused;
        run.enter(RUNNING, 60, 7.0);
        run.enter(RunState::Finished, 70, 8.0);
        let device = || "CPU".to_owned();
        let all: Vec<_> = run.history.iter().map(|h| (h.what.clone(), h.steps, h.at)).collect();
        let wanted = [
            (RunEvent::Started(device()), 0, 1.0),
            (RunEvent::Paused, 40, 5.0),
            (RunEvent::WentOn(device()), 60, 7.0),
            (RunEvent::Finished, 70, 8.0),
        ];
        assert_eq!(all, wanted);
        assert_eq!((run.state, run.steps), (RunState::Finished, 70));
    }

    #[test]
    fn a_run_that_was_cut_off_says_so() {
        let mut run = examples::record("a");
        run.happened(RunEvent::Started("CPU".into()), 1.0);
        run.state = RunState::Paused;
        run.enter(RUNNING, 60, 2.0);
        run.enter(RunState::Paused, 60, 3.0);
        run.enter(RUNNING, 61, 4.0);
        assert_eq!([0, 1, 2, 3].map(|entry| run.was_cut_off(entry)), [false, true, false, false]);
    }

    #[test]
    fn a_history_stays_short_and_keeps_its_beginning() {
        let mut run = examples::record("a");
        run.happened(RunEvent::Started("CPU".into()), 0.0);
        for at in 1..=100 {
            run.happened(if at % 2 == 0 { RunEvent::Exported } else { RunEvent::Evaluated }, f64::from(at));
        }
        assert_eq!((run.history.len(), run.history[0].at, run.history[1].at), (MOST, 0.0, 62.0));
        assert_eq!(run.history[MOST - 1].at, 100.0);
    }
}
