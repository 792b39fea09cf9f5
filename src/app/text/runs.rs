//! Words of the page "Runs", and of runs that are stored or were not finished.

use super::pretrain::of;
pub use super::pretrain::{EPOCH, KNN, LOSS, READING as IMAGES_READ, STEP, TITLE as GO_PRETRAIN};
use super::settings;
use super::units::{bytes, bytes_of, count, counted};
pub use super::{images::SAMPLE_BUTTON as LOAD_SAMPLE, layout::TRY_AGAIN, lesson::COPY, parts::CLOSE, parts::NONE};
use crate::core::run::{ChunkChange, MOST_NOTES, RunRecord};
use crate::core::run::{Happened, RunEvent};
use crate::core::{
    config::RunConfig, config::pretrain_settings::RunSetting, config::setting::Value, imagenet::DownloadedWeights,
    report::RunState, run::table::Column, run::unfinished::UnfinishedRun,
};

pub const TITLE: &str = "Runs";
pub const LEAD: &str = "Every pre-training run is kept in this browser: its settings, curve, results and weights. Compare \
    them, go on with one, or try several values unattended.";
pub const READING: &str = "Reading what is stored …";
pub const EMPTY: &str = "No run is stored yet. A run is stored by itself as soon as it trains.";

pub const TABLE: &str = "Stored runs";
/// The part of the page that scrolls sideways.
pub const TABLE_REGION: &str = "Table of stored runs";
pub const TABLE_HELP: &str = "Choose a column's name to sort by it. Settings that differ stand out. Tick runs to draw \
    their curves together.";
/// Where the table has groups.
pub const GROUPS_HELP: &str = "Runs of equal settings, images and start with several seeds are one row: mean ± standard \
    deviation over the n seeds that finished. Runs of one seed alone show nothing of chance in training, which may move \
    accuracy by a point or more.";
pub const GROUPED: &str = "One row for runs that differ in the seed only";
pub const UNFOLD: &str = "Its runs";
pub const SEVERAL: &str = "several";
pub const CSV: &str = "Download the table (CSV)";
pub const CSV_FILE: &str = "runs.csv";
pub const BEST: &str = "best on validation";
pub const NAME: &str = "Name";
pub const NOTES: &str = "Notes";
pub const SAVE_NAME: &str = "Save name and notes";
pub const DUPLICATE: &str = "Duplicate";
pub const DUPLICATED: &str = "Copied: the copy is in the table.";
pub const HISTORY: &str = "History";
pub const OPEN: &str = "Open";
pub const MORE: &str = "More";
pub const COPIED: &str = "Copied: the link holds settings and seed, never images.";
pub const LINK: &str = "Link to these settings";
pub const DELETE: &str = "Delete";
pub const CANCEL: &str = "Keep";
pub const LIKE: &str = "Start a run like this, but …";
pub const LIKE_SETTING: &str = "Setting";
pub const LIKE_VALUE: &str = "Value";
pub const LIKE_GO: &str = "Set it up";
pub const LIKE_START: &str = "Start it";
pub const LIKE_QUEUE: &str = "Add to the queue";
pub const LIKE_QUEUED: &str = "Added to the queue below.";
pub const LIKE_HELP: &str = "All other settings are this run's. It trains on the images that are loaded; \
    \"Set it up\" only opens Pre-train with the settings.";
pub const RUN_OPEN: &str = "A run is under way: finish or cancel it first.";
pub const DRAW: &str = "Draw";

pub const CURVES: &str = "Curves";
pub const CURVES_NONE: &str = "Tick up to six rows in the table to draw their curves together.";
pub const VERDICTS: &str = "Which is better on test images";
pub const VERDICTS_HELP: &str = "By linear evaluation; the runs of the same seed are compared with each other (Student's paired \
    t-test). Where many are compared, one of twenty differs by chance alone.";
pub const LOSS_HELP: &str = "Losses of different batch sizes or temperatures cannot be compared; their shapes can.";
pub const KNN_HELP: &str =
    "On validation images, after each epoch; k = 200, or all training images if there are fewer.";

pub const STORAGE: &str = "Storage";
pub const STORAGE_USED: &str = "Used by this site";
pub const KEEP: &str = "Keep these images in the browser";
pub const KEPT: &str = "The loaded images are kept in this browser.";
pub const KEEP_NONE: &str = "No images are loaded that could be kept.";
pub const FORGET: &str = "Forget";
pub const UNKNOWN_IMAGES: &str = "images of no stored run";
pub const DELETE_ALL: &str = "Delete everything stored";
pub const DELETE_ALL_WORDS: &str = "All stored runs with their weights, also those deleted in the last day, kept images, \
    fetched weights and the queue are deleted for good. So is this program, until you open the page again. Your own files, \
    downloads, loaded images and settings stay.";

pub const CONTINUE: &str = "Continue";
pub const CHOOSE_IMAGES: &str = "Choose the images";
pub const STORED_RUNS: &str = "Stored runs and images";

pub const LINKED: &str = "These settings came with the address. Nothing runs before you press Start.";

/// What a column is called.
pub fn heading(column: Column) -> &'static str {
    match column {
        Column::Name => NAME,
        Column::Created => "Started",
        Column::Images => "Images",
        Column::Weights => "Weights from",
        Column::State => "State",
        Column::Device => "Device",
        Column::Program => "Version",
        Column::Setting(setting) => settings::label(setting),
        Column::ValidationAccuracy => "Validation",
        Column::TestAccuracy => "Test",
        Column::MacroF1 => "Macro F1",
        Column::Knn => "kNN (k ≤ 200)",
    }
}

/// A setting's value in words.
pub fn value(setting: RunSetting, config: &RunConfig) -> String {
    match setting.get(config) {
        Value::Choice(key) => settings::choice(key).to_owned(),
        Value::Switch(on) => if on { "on" } else { "off" }.to_owned(),
        other => other.to_string(),
    }
}

/// A run's own name, else a name by its start.
pub fn name(record: &RunRecord, started: &str) -> String {
    match record.name.as_str() {
        "" if record.config.epochs == 0 => format!("ImageNet features, {started}"),
        "" => format!("Run of {started}"),
        name => name.to_owned(),
    }
}

pub fn images(sources: &[String], images: usize) -> String {
    format!("{} ({})", sources.join(", "), count(images))
}

/// Runs of one group, named by one of them or by its settings.
pub fn group(of: &str, seeds: usize) -> String {
    format!("{of}, {} seeds", count(seeds))
}

pub fn ended(finished: usize, all: usize) -> String {
    format!("{finished} of {all} finished")
}

pub fn no_common_seed(first: &str, other: &str) -> String {
    format!("{first} and {other} have no evaluated seed in common, so they cannot be compared.")
}

pub fn other_images(first: &str, other: &str) -> String {
    format!("{first} and {other} are of different images: their accuracies cannot be compared.")
}

/// `here`: this tab trains the run now.
pub fn state(record: &RunRecord, here: bool) -> String {
    let at = format!("at step {}", of(record.steps, record.total_steps));
    match record.state {
        _ if here => "Under way here".to_owned(),
        RunState::Finished => "Finished".to_owned(),
        RunState::Cancelled => format!("Cancelled {at}"),
        RunState::Failed => "Failed".to_owned(),
        RunState::Running(_) if record.can_resume() => format!("Cut off {at}"),
        _ => format!("Paused {at}"),
    }
}

/// How often the test images were used for a result.
pub fn test_use(times: u32) -> String {
    if times == 1 { "test set used once".to_owned() } else { format!("test set used {times} times") }
}

pub fn warning(sets: usize) -> String {
    format!("These runs are of {sets} different sets of images: compare numbers only within one set.")
}

pub fn draw(name: &str) -> String {
    format!("{DRAW}: {name}")
}

pub fn open_smaller(chunk: usize) -> String {
    format!("Open, in chunks of {chunk}")
}

/// What opening in smaller chunks is for, and what it changes.
pub fn smaller_help(smaller: &RunConfig) -> String {
    let changes = match smaller.has_batch_statistics() {
        true => format!(
            "Batch normalisation then sees {} images at a time, so the run goes on a little differently.",
            smaller.chunk
        ),
        false => "What it learns stays the same.".to_owned(),
    };
    format!("For a run that ran out of memory: in smaller chunks a step takes less of it, and more time. {changes}")
}

/// Up to which step the run had larger chunks.
pub fn rechunked(change: &ChunkChange) -> String {
    format!("Up to step {}, {} images went through the networks at once.", count(change.steps as usize), change.before)
}

pub fn delete(name: &str) -> String {
    format!("Delete {name}?")
}

pub const DELETE_WORDS: &str = "Its settings, curve, results and weights can be brought back on this page for a day, and \
    take room until then. Where the browser has no room left, they are deleted for good.";
pub const REMOVE_WORDS: &str = "Its settings, curve, results and weights are deleted for good.";

pub const DELETED: &str = "Deleted in the last day";
pub const DELETED_HELP: &str = "These runs still take room. A day after it was deleted, a run is removed for good.";
pub const DELETED_SAID: &str = "Deleted. For a day it can be brought back: see the list of deleted runs.";
pub const UNDO: &str = "Undo";
pub const DELETE_FOR_GOOD: &str = "Delete for good";

pub fn deleted(name: &str, when: &str, size: u64) -> String {
    format!("{name}, deleted {when} ({})", bytes(size as f64))
}

pub fn copy_name(name: &str) -> String {
    format!("{name} (copy)")
}

pub fn notes_too_long(characters: usize) -> String {
    format!("Notes have {} characters; {} are the most. Shorten them.", count(characters), count(MOST_NOTES))
}

/// An entry of a run's history. `of` names a run by its id.
pub fn happened(entry: &Happened, was_cut_off: bool, of: impl Fn(&str) -> String) -> String {
    let step = format!("at step {}", count(entry.steps as usize));
    // The browser names no CPU.
    let on = |device: &str| format!("on {}", if device.is_empty() { "the CPU" } else { device });
    match &entry.what {
        RunEvent::Started(device) => format!("Started {}", on(device)),
        RunEvent::WentOn(device) if was_cut_off => format!("Went on after it was cut off, {step}, {}", on(device)),
        RunEvent::WentOn(device) => format!("Went on, {step}, {}", on(device)),
        RunEvent::Paused => format!("Paused {step}"),
        RunEvent::Finished => "Finished".to_owned(),
        RunEvent::Cancelled => format!("Cancelled {step}"),
        RunEvent::Failed => format!("Failed {step}"),
        RunEvent::Evaluated => format!("Evaluated {step}"),
        RunEvent::FineTuned => format!("Fine-tuned {step}"),
        RunEvent::Exported => format!("Exported {step}"),
        RunEvent::Imported => format!("Imported {step}"),
        RunEvent::Copied(run) => format!("Copied from {}, {step}", of(run)),
    }
}

pub fn damaged(id: &str) -> String {
    format!("Run {id}")
}

/// What is stored, and how much more may be.
pub fn used(used: u64, quota: u64) -> String {
    if quota == 0 {
        return bytes(used as f64);
    }
    let room = bytes(quota.saturating_sub(used) as f64);
    format!("{}, room for {room}", bytes_of(used as f64, quota as f64))
}

/// Whether the browser promises to keep what is stored; `at_hand`: a button that exports the run at hand follows.
pub fn lasting(promised: bool, at_hand: bool) -> String {
    if promised {
        return "The browser promises to keep this until you delete it.".to_owned();
    }
    format!(
        "The browser may delete this when room is short, and Safari does so after seven days without a visit. Export \
         the runs that you want to keep{}",
        if at_hand { ":" } else { ": open one, and a button for it stands here." }
    )
}

pub fn keep_help(size: f64) -> String {
    format!("Takes about {}. Unfinished runs on them can then go on without the files.", bytes(size))
}

pub fn stored_set(what: &str) -> String {
    format!("Kept: {what}")
}

pub fn weights_of(encoder: &str) -> String {
    format!("weights of {encoder}")
}

pub fn stored_weights(weights: DownloadedWeights) -> String {
    let size = match (weights.whole, weights.bytes) {
        (true, size) => bytes(size as f64),
        (false, 0) => "not all fetched yet".to_owned(),
        (false, size) => format!("not all of {} fetched yet", bytes(size as f64)),
    };
    format!("Published weights of {} ({size})", weights.encoder.name())
}

/// The program itself, kept for use offline.
pub fn program(size: f64) -> String {
    format!("This page with its training program, for use offline ({})", bytes(size))
}

/// A combination as a line: `Temperature τ 0.1, Batch size N 32`.
pub fn settings_line(settings: &[RunSetting], config: &RunConfig) -> String {
    let parts: Vec<String> =
        settings.iter().map(|one| format!("{} {}", settings::label(one), value(one, config))).collect();
    if parts.is_empty() { "These settings".to_owned() } else { parts.join(", ") }
}

/// A number of seeds to choose.
pub fn seeds(n: usize) -> String {
    counted(n, "seed")
}

/// Title and words of what was not finished: a queue of which so many runs are left, or a run.
pub fn unfinished(left: Option<usize>, run: &UnfinishedRun) -> (&'static str, String) {
    let what = if run.name.is_empty() { run.sources.join(", ") } else { run.name.clone() };
    match left {
        Some(1) => ("A queue of runs was not finished", "1 run is left.".to_owned()),
        Some(runs) => ("A queue of runs was not finished", format!("{runs} runs are left.")),
        None if run.tuning => ("Fine-tuning was not finished", format!("Of the encoder of {what}.")),
        None => ("A run was not finished", format!("{what}: step {}.", of(run.step, run.total))),
    }
}

pub fn needs_images(run: &UnfinishedRun) -> String {
    let what = images(&run.sources, run.images);
    format!(
        "It needs the images that it began on: {what}, {} pixels, split seed {}. Load them, then continue.",
        run.size, run.split_seed
    )
}

pub fn saved(step: u32) -> String {
    format!("Saved in this browser at step {}.", count(step as usize))
}

pub const NOT_YET_SAVED: &str = "Not saved yet: that happens by itself every few seconds.";

pub fn not_saved(cause: &str, todo: &str) -> String {
    format!("Not saved: {cause} {todo}")
}

pub const KEEP_ALL: &str = "Keep everything";
pub const DELETED_ALL: &str = "Everything that this site had stored here is deleted.";
