//! Words of the page "Pre-train".

use super::units::{bytes, count, duration, percent};
use crate::core::diagnostics::Alarm;
use crate::core::{report::Phase, report::RunState, run_time::Basis};

pub const TITLE: &str = "Pre-train";
pub const LEAD: &str =
    "The encoder learns to recognise two altered views of one image among all others. No labels are used.";
pub const NO_IMAGES: &str = "No images are loaded yet. Pre-training starts from images.";
pub const READING: &str = "The images are being read.";
pub const GO_IMAGES: &str = "Choose images";

pub const SETTINGS: &str = "Settings";
pub const PRESET: &str = "Preset";
/// If no preset is chosen; `last` is the preset before the changes.
pub fn changed(last: &str) -> String {
    format!("{last}, with changes of your own. Choose a preset to put every setting back.")
}
pub const GROUP_MAIN: &str = "Main settings";
pub const GROUP_ENCODER: &str = "Encoder and head";
pub const GROUP_AUGMENT: &str = "Augmentation";
pub const GROUP_OPTIMISER: &str = "Optimiser and seed";
pub const LOCKED: &str = "Settings cannot change during a run.";
pub const LINK: &str = "The address of this page holds the preset, or every setting: with the same images it gives the same run. It never holds images.";

pub const PREVIEW: &str = "Two views";
pub const PREVIEW_HELP: &str = "What the encoder will see: each image, and two views of it drawn with these settings.";
pub const REDRAW: &str = "Draw again";
pub const VIEWS: [&str; 2] = ["View 1", "View 2"];
pub const ORIGINAL: &str = "Original";
pub const IMAGE_NUMBER: &str = "From image";
pub const IMAGES_BEFORE: &str = "Previous images";
pub const IMAGES_AFTER: &str = "Next images";
pub fn of_images(images: usize) -> String {
    format!("of {}", count(images))
}

pub const ESTIMATE: &str = "Estimate";
pub const TIMING: &str = "Timing a few steps on this device";
pub const TIME_AGAIN: &str = "Time these settings";
pub const STEP_TIME: &str = "A step";
pub const TOTAL_TIME: &str = "Whole run";
pub const MEMORY: &str = "Device memory";
pub const STEPS: &str = "Steps";

pub const RUN: &str = "Run";
pub const START: &str = "Start";
pub const START_AGAIN: &str = "Start again";
pub const STEP_ONE: &str = "Step one batch";
pub const EVALUATING_NOTE: &str = "The run can go on once its evaluation or fine-tuning has ended.";
pub const DOWNLOAD: &str = "Download encoder";
pub const DOWNLOADED: &str = "Saved as encoder.safetensors and encoder.json.";
pub const EVALUATE: &str = "Evaluate";
pub const AGAIN_NOTE: &str = "Starting again begins from new weights.";
pub const INVALID: &str = "Correct the settings marked below before starting.";
pub const PROGRESS: &str = "Progress";
pub const STEP: &str = "Step";
pub const EPOCH: &str = "Epoch";
pub const RATE: &str = "Images a second";
pub const LEFT: &str = "Time left";

pub const LOSS: &str = "NT-Xent loss";
pub const LOSS_HELP: &str =
    "Falls from chance towards the floor, the least that this batch size and temperature allow.";
pub const CHANCE: &str = "chance";
pub const FLOOR: &str = "floor";
pub const ACCURACY: &str = "Contrastive accuracy";
pub const ACCURACY_HELP: &str = "How often a view's partner is the nearest of all other views in the batch.";
pub const KNN: &str = "kNN accuracy";
pub const KNN_HELP: &str = "How often the nearest training images (k = 200, or all if there are fewer) name a validation image's class. \
    Before training: with the running statistics that serve the encoder better.";
pub const KNN_NONE: &str = "kNN accuracy needs labelled training and validation images; these have none.";
pub const UNTRAINED: &str = "before training";
pub const STD: &str = "Embedding spread";
pub const STD_HELP: &str =
    "Standard deviation of z. Near the healthy line embeddings fill their space; at 0 all are alike.";
pub const HEALTHY: &str = "healthy";
pub const LEARNING_RATE: &str = "Learning rate";
pub const LEARNING_RATE_HELP: &str = "Rises in warm-up, then falls along a cosine.";

/// What is wrong, and what to do about it.
pub fn alarm(alarm: Alarm) -> (&'static str, &'static str) {
    match alarm {
        Alarm::Collapse => (
            "The embeddings are collapsing: all images are getting nearly the same z, and nothing is learned.",
            "Cancel, then lower the learning rate or raise the batch size, and keep random crop and colour jitter on.",
        ),
        Alarm::NotFinite => (
            "The loss is no longer a number.",
            "The run has stopped. Start again with half the learning rate, or a higher temperature.",
        ),
    }
}

pub fn state(state: RunState) -> &'static str {
    match state {
        RunState::Idle => "Not started",
        RunState::Running(Phase::Load) => "Loading images and weights onto the device",
        RunState::Running(Phase::Compile) => "Compiling kernels: the first step takes longer",
        RunState::Running(Phase::Train) => "Training",
        RunState::Running(Phase::Evaluate { .. }) => "Measuring kNN accuracy",
        RunState::Paused => "Paused",
        RunState::Cancelled => "Cancelled. What was learned is kept",
        RunState::Finished => "Finished",
        RunState::Failed => "Stopped by a fault",
    }
}

pub fn of(done: u32, total: u32) -> String {
    format!("{} of {}", count(done as usize), count(total as usize))
}

pub fn rate(images: f64) -> String {
    count(images.round() as usize)
}

pub fn milliseconds(ms: f64) -> String {
    if ms < 10.0 {
        format!("{ms:.1} ms")
    } else if ms < 1000.0 {
        format!("{ms:.0} ms")
    } else {
        format!("{:.1} s", ms / 1000.0)
    }
}

/// What an estimate is taken from.
pub fn basis(basis: Basis) -> &'static str {
    match basis {
        Basis::Counted => "Rough: from the counted work of these settings.",
        Basis::Earlier => "From an earlier timing on this device.",
        Basis::Timed => "Timed on this device.",
        Basis::Run => "From the steps of this run.",
    }
}

pub const SETTING: &str = "Setting";
pub const UNTIMED: &str = "known with images";
pub const FIT_TITLE: &str = "Shorter settings";
pub const FIT: &str = "Fit into";
pub const MINUTES: &str = "minutes";
pub const FIT_TAKE: &str = "Use these settings";
pub const FITS_NOT: &str = "Not even one epoch of the smallest encoder fits. Load fewer images, or give it more time.";
pub fn fits(ms: f64) -> String {
    format!("These settings fit: about {}.", duration(ms / 1000.0))
}
pub fn would_fit(ms: f64) -> String {
    format!("These changes would make it about {}:", duration(ms / 1000.0))
}
/// A setting's value before and after a change.
pub fn becomes(label: &str, before: &str, after: &str) -> String {
    format!("{label}: {before} → {after}")
}
/// What shorter settings lose, with a smaller encoder too.
pub fn gives_up(encoder: bool) -> &'static str {
    match encoder {
        false => "Given up: accuracy. The encoder sees every image fewer times; the last epochs bring the least.",
        true => {
            "Given up: accuracy, more than by fewer epochs alone. A smaller encoder has fewer features to tell images apart by."
        }
    }
}

pub fn memory(n: u64) -> String {
    format!("about {}", bytes(n as f64))
}

pub fn chance(accuracy: f64) -> String {
    format!("chance {}", percent(accuracy))
}

pub fn view_alt(view: usize, name: &str) -> String {
    match view {
        0 => format!("{ORIGINAL}: {name}"),
        v => format!("View {v} of {name}"),
    }
}

pub fn resize(images: usize, config: usize) -> String {
    format!("The images were read at {images} pixels; these settings want {config}.")
}

pub fn resize_to(config: usize) -> String {
    format!("Read them again at {config} pixels")
}
