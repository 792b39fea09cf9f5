//! The queue of runs, in an order that the user can change. It is stored after every
//! change, so it goes on after a reload.

use crate::core::{config::RunConfig, error::Fault, run::DataIdentity, run::fine_tune::FineTuneConfig};
use serde::{Deserialize, Serialize};

/// Where an entry is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum EntryState {
    #[default]
    Waiting,
    /// With the id of its run. After a reload this means that the run was cut off and can go on.
    Running(String),
    /// With the id of its run.
    Done(String),
    /// With the fault.
    Failed(Fault),
    /// Left out by the user.
    Skipped,
}

/// One run of the queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Names the entry for the life of the queue. Its place may change.
    pub id: u32,
    pub config: RunConfig,
    /// Classifiers to train once the run is evaluated.
    #[serde(default)]
    pub then: Vec<FineTuneConfig>,
    /// Id of its evaluated run, which is kept while classifiers fail or are left out.
    #[serde(default)]
    pub run: Option<String>,
    pub state: EntryState,
}

impl Entry {
    /// Id of the run to go on with, if it has begun.
    pub fn begun(&self) -> Option<&str> {
        match &self.state {
            EntryState::Running(run) => Some(run),
            _ => self.run.as_deref(),
        }
    }
}

/// Entries by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub waiting: usize,
    pub running: usize,
    pub done: usize,
    pub failed: usize,
    pub skipped: usize,
}

impl Counts {
    pub fn all(&self) -> usize {
        self.waiting + self.running + self.over()
    }

    /// Entries that are over.
    pub fn over(&self) -> usize {
        self.done + self.failed + self.skipped
    }
}

/// The queue. Only one entry runs at a time; its owner sees to that.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Queue {
    entries: Vec<Entry>,
    next_id: u32,
}

impl Queue {
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Adds runs at the end, waiting; their ids.
    pub fn add(&mut self, configs: impl IntoIterator<Item = RunConfig>) -> Vec<u32> {
        self.add_with(configs.into_iter().map(|config| (config, Vec::new())))
    }

    /// The same with the classifiers to train on each.
    pub fn add_with(&mut self, runs: impl IntoIterator<Item = (RunConfig, Vec<FineTuneConfig>)>) -> Vec<u32> {
        let first = self.next_id;
        for (config, then) in runs {
            self.entries.push(Entry { id: self.next_id, config, then, run: None, state: EntryState::Waiting });
            self.next_id += 1;
        }
        (first..self.next_id).collect()
    }

    pub fn get(&self, id: u32) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id == id)
    }

    /// The entry that runs, or ran when the page was left.
    pub fn running(&self) -> Option<&Entry> {
        self.entries.iter().find(|entry| matches!(entry.state, EntryState::Running(_)))
    }

    /// The entry to start next; None while one runs.
    pub fn next(&self) -> Option<&Entry> {
        match self.running() {
            Some(_) => None,
            None => self.entries.iter().find(|entry| entry.state == EntryState::Waiting),
        }
    }

    /// Sets an entry's state; false if there is no such entry.
    pub fn mark(&mut self, id: u32, state: EntryState) -> bool {
        let entry = self.entries.iter_mut().find(|entry| entry.id == id);
        entry.map(|entry| entry.state = state).is_some()
    }

    /// Notes that an entry's run is evaluated: only classifiers are left.
    pub fn keep_run(&mut self, id: u32, run: String) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == id) {
            entry.run = Some(run);
        }
    }

    /// Removes an entry; false if it runs or does not exist.
    pub fn remove(&mut self, id: u32) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.id != id || matches!(entry.state, EntryState::Running(_)));
        self.entries.len() < before
    }

    /// Removes all entries that are over.
    pub fn clear_over(&mut self) {
        self.entries.retain(|entry| matches!(entry.state, EntryState::Waiting | EntryState::Running(_)));
    }

    /// Moves an entry to a place from 0, the end where that is beyond; false where there is no such entry.
    pub fn move_to(&mut self, id: u32, place: usize) -> bool {
        let Some(from) = self.entries.iter().position(|entry| entry.id == id) else { return false };
        let entry = self.entries.remove(from);
        self.entries.insert(place.min(self.entries.len()), entry);
        true
    }

    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for entry in &self.entries {
            *match entry.state {
                EntryState::Waiting => &mut counts.waiting,
                EntryState::Running(_) => &mut counts.running,
                EntryState::Done(_) => &mut counts.done,
                EntryState::Failed(_) => &mut counts.failed,
                EntryState::Skipped => &mut counts.skipped,
            } += 1;
        }
        counts
    }
}

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
    /// Each with the classifiers to train on it.
    AddWith(Vec<(RunConfig, Vec<FineTuneConfig>)>),
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
    /// Begins an empty queue in place of one that can't be read; a readable one stays.
    ClearDamaged,
    /// Makes the current run the last.
    Stop,
}

impl QueueReport {
    /// Whether an entry waits or was cut off.
    pub fn unfinished(&self) -> bool {
        let counts = self.queue.counts();
        counts.waiting + counts.running > 0
    }

    /// Whether new runs would train on `loaded`: the images of unfinished entries bind those added to them.
    pub fn is_for(&self, loaded: &DataIdentity) -> bool {
        !self.unfinished() || self.data.as_ref().is_none_or(|data| data.is_same(loaded))
    }

    /// Makes a change, unless the entry's state does not allow it.
    pub fn change(&mut self, change: QueueChange) {
        let resting = self.state == QueueState::Resting;
        let queue = &mut self.queue;
        let state_of = |queue: &Queue, id: u32| queue.get(id).map(|entry| entry.state.clone());
        match change {
            QueueChange::Add(configs) => {
                let runs = configs.into_iter().map(|config| (config, Vec::new())).collect();
                self.change(QueueChange::AddWith(runs));
            }
            QueueChange::AddWith(runs) => {
                // The images of entries that are over do not bind new entries.
                if queue.counts().waiting + queue.counts().running == 0 {
                    self.data = None;
                }
                queue.add_with(runs);
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
            QueueChange::ClearDamaged => {}
            QueueChange::Stop => {
                if !resting {
                    self.state = QueueState::Stopping;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
