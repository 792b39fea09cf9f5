//! The queue as it is stored and shown, and the changes that a user makes.

use super::{EntryState, Queue};
use crate::core::config::RunConfig;
use crate::core::run::DataIdentity;
use serde::{Deserialize, Serialize};

/// Whether runs are started one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum QueueState {
    #[default]
    Resting,
    Going,
    /// The current run is the last.
    Stopping,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QueueReport {
    pub queue: Queue,
    /// The images of its runs; None before its first start.
    pub data: Option<DataIdentity>,
    pub state: QueueState,
}

/// A change that a user makes to the queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum QueueChange {
    Add(Vec<RunConfig>),
    /// To a place from 0.
    Move {
        id: u32,
        place: usize,
    },
    Remove(u32),
    /// Leaves an entry out.
    Skip(u32),
    /// Makes a skipped or failed entry wait again.
    Again(u32),
    ClearOver,
    /// Makes the current run the last.
    Stop,
}

impl QueueReport {
    /// Whether an entry waits or was cut off.
    pub fn unfinished(&self) -> bool {
        let counts = self.queue.counts();
        counts.waiting + counts.running > 0
    }

    /// Makes a change, unless the entry's state does not allow it.
    pub fn change(&mut self, change: QueueChange) {
        let resting = self.state == QueueState::Resting;
        let queue = &mut self.queue;
        let state_of = |queue: &Queue, id: u32| queue.get(id).map(|entry| entry.state.clone());
        match change {
            QueueChange::Add(configs) => {
                // The images of entries that are over do not bind new entries.
                if queue.counts().waiting + queue.counts().running == 0 {
                    self.data = None;
                }
                queue.add(configs);
            }
            QueueChange::Move { id, place } => {
                queue.move_to(id, place);
            }
            QueueChange::Remove(id) => {
                // A run that was cut off no longer runs.
                if resting && matches!(state_of(queue, id), Some(EntryState::Running(_))) {
                    queue.mark(id, EntryState::Skipped);
                }
                queue.remove(id);
            }
            QueueChange::Skip(id) => {
                let state = state_of(queue, id);
                let cut_off = resting && matches!(state, Some(EntryState::Running(_)));
                if cut_off || state == Some(EntryState::Waiting) {
                    queue.mark(id, EntryState::Skipped);
                }
            }
            QueueChange::Again(id) => {
                if matches!(state_of(queue, id), Some(EntryState::Skipped | EntryState::Failed(_))) {
                    queue.mark(id, EntryState::Waiting);
                }
            }
            QueueChange::ClearOver => queue.clear_over(),
            QueueChange::Stop => {
                if !resting {
                    self.state = QueueState::Stopping;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::error::Fault;

    fn report() -> QueueReport {
        let mut report = QueueReport::default();
        report.change(QueueChange::Add(vec![RunConfig::default(); 3]));
        report
    }

    fn states(report: &QueueReport) -> Vec<EntryState> {
        report.queue.entries().iter().map(|entry| entry.state.clone()).collect()
    }

    #[test]
    fn a_run_under_way_is_left_alone_and_one_that_was_cut_off_is_not() {
        let mut report = report();
        report.queue.mark(0, EntryState::Running("a".into()));
        report.state = QueueState::Going;
        report.change(QueueChange::Remove(0));
        report.change(QueueChange::Skip(0));
        assert_eq!(states(&report)[0], EntryState::Running("a".into()));
        report.state = QueueState::Resting;
        report.change(QueueChange::Skip(0));
        assert_eq!(states(&report)[0], EntryState::Skipped);
        report.change(QueueChange::Again(0));
        assert_eq!(states(&report)[0], EntryState::Waiting);
        report.queue.mark(0, EntryState::Running("a".into()));
        report.change(QueueChange::Remove(0));
        assert_eq!(report.queue.entries().len(), 2);
    }

    #[test]
    fn what_is_over_is_tried_again_or_cleared() {
        let mut report = report();
        report.queue.mark(0, EntryState::Failed(Fault::Busy));
        report.queue.mark(1, EntryState::Done("b".into()));
        report.change(QueueChange::Again(1));
        report.change(QueueChange::Again(0));
        assert_eq!(states(&report)[..2], [EntryState::Waiting, EntryState::Done("b".into())]);
        report.change(QueueChange::Move { id: 2, place: 0 });
        assert_eq!(report.queue.next().map(|entry| entry.id), Some(2));
        report.change(QueueChange::ClearOver);
        assert_eq!(report.queue.entries().len(), 2);
    }

    #[test]
    fn entries_added_after_all_are_over_are_for_other_images() {
        let mut report = report();
        report.data = Some(DataIdentity::default());
        report.change(QueueChange::Add(vec![RunConfig::default()]));
        assert!(report.data.is_some() && report.unfinished());
        for id in 0..4 {
            report.queue.mark(id, EntryState::Skipped);
        }
        assert!(!report.unfinished());
        report.change(QueueChange::Add(vec![RunConfig::default()]));
        assert_eq!(report.data, None);
    }
}
