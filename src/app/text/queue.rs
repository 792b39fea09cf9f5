//! Words of the queue of runs, and of what adds several runs to it: values of a setting, seeds.

pub use super::runs::{LIKE_SETTING, seeds, settings_line};
use super::units::{count, counted, duration};
use crate::core::config::pretrain_settings::RunSetting;
use crate::core::run::queue::{EntryState, QueueState};

pub const SWEEP: &str = "Try several values";
pub const SWEEP_HELP: &str = "Every combination of the values becomes a run. All other settings are those of the page \
    Pre-train.";
pub const SWEEP_VALUES: &str = "Values, with commas between";
pub const SWEEP_ADD: &str = "Another setting";
pub const SCALE_RATE: &str = "Let the learning rate follow batch size and optimiser";
/// Of the choice of how many seeds.
pub const REPEAT: &str = "Repeat with";
pub const REPEAT_TITLE: &str = "Several seeds";
pub const REPEAT_HELP: &str = "Another seed draws other first weights and views, which alone can move accuracy by a point or \
    more. Runs of equal settings with several seeds show that spread: the page Runs gives their mean ± standard deviation.";
pub const REPEAT_ADDED: &str = "Added. Start them there:";
pub const PLANNED: &str = "Planned runs";

pub const QUEUE: &str = "Queue";
pub const QUEUE_EMPTY: &str = "The queue is empty.";
pub const QUEUE_HELP: &str = "Runs are trained and evaluated one after the other, without you. To stop at once, pause the \
    run on the page Pre-train.";
pub const QUEUE_START: &str = "Start queue";
pub const QUEUE_STOP: &str = "Stop after this run";
pub const QUEUE_CLEAR: &str = "Clear what is over";
pub const QUEUE_CLEAR_DAMAGED: &str = "Clear the damaged queue";
pub const UP: &str = "Earlier";
pub const DOWN: &str = "Later";
pub const SKIP: &str = "Skip";
pub const AGAIN: &str = "Wait again";
pub const REMOVE: &str = "Remove";

pub fn accepted(setting: RunSetting) -> String {
    format!("Accepted: {}.", setting.bounds)
}

pub fn add_runs(runs: usize) -> String {
    format!("Add {} to the queue", counted(runs, "run"))
}

/// The seeds of repeated runs; a link to one of them has its own.
pub fn repeated(first: u64, last: u64) -> String {
    format!("These settings with the seeds {first} to {last}, one run each.")
}

pub fn refused(line: &str, why: &str) -> String {
    format!("Left out: {line}. {why}")
}

pub fn duplicates(n: usize) -> String {
    format!("{n} more would be the same as one of these.")
}

pub fn too_many(runs: usize, most: usize) -> String {
    format!("That would be {} runs; {most} are the most.", count(runs))
}

pub fn together(milliseconds: f64, unknown: usize) -> String {
    let time = format!("About {} of training on this device", duration(milliseconds / 1000.0));
    if unknown == 0 { format!("{time}.") } else { format!("{time}, without {unknown} that were not timed.") }
}

pub fn entry(state: &EntryState, queue: QueueState) -> String {
    match state {
        EntryState::Waiting => "Waiting".to_owned(),
        EntryState::Running(_) if queue == QueueState::Resting => "Paused or cut off".to_owned(),
        EntryState::Running(_) => "Under way".to_owned(),
        EntryState::Done(_) => "Done".to_owned(),
        EntryState::Failed(fault) => format!("Failed. {}", super::fault::fault(fault).what),
        EntryState::Skipped => "Skipped".to_owned(),
    }
}

/// What follows a run of the queue beside its evaluation.
pub fn then(classifiers: usize) -> Option<String> {
    (classifiers > 0).then(|| format!(", then {}", counted(classifiers, "classifier")))
}

pub fn queue_state(state: QueueState, over: usize, all: usize) -> String {
    let far = format!("{over} of {all} over");
    match state {
        QueueState::Resting => format!("Not running, {far}."),
        QueueState::Going => format!("Running, {far}."),
        QueueState::Stopping => format!("Stops after this run, {far}."),
    }
}
