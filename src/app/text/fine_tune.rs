//! Words of the page that fine-tunes the encoder.

pub use super::pretrain::{EPOCH, LEFT, SETTINGS, STEP};
use super::units::{bytes, counted, duration, percent};
pub use super::{evaluate::RESULT, parts::NONE};
use crate::core::report::{Phase, RunState};
use crate::core::run::fine_tune::{ENOUGH_LABELS, FineTuneConfig, GENTLY, TrainedLayers, TunedFrom, TuningStart};

pub const TITLE: &str = "Fine-tune";
pub const INTRO: &str = "Pre-training needed no labels. Now a few are enough: a classifier is put on the encoder, and both \
    learn from labelled images. How few labels it takes is what self-supervision is for.";

/// Bytes that are needed, and bytes that a browser gives.
pub fn too_much(need: u64, limit: u64) -> String {
    format!(
        "With these settings the largest of these trainings would need about {} of memory; on the CPU a browser gives about {}. \
         The baseline without pre-training trains all layers. Take fewer images a step.",
        bytes(need as f64),
        bytes(limit as f64)
    )
}

pub fn use_batch(batch: usize) -> String {
    format!("Use batches of {batch}")
}

pub const NO_IMAGES: &str = "No images are loaded yet: there is nothing to learn from.";
pub const NO_LABELS: &str = "Fine-tuning needs labels: two classes to a thousand, each with training and test images.";
pub const NO_ENCODER: &str = "No encoder has been pre-trained on these images yet. A few minutes are enough.";
pub const TRAINING: &str = "Pre-training is at work. Fine-tune when it has finished, or pause it to start from the encoder as \
    it is now.";
pub const WHAT_LIST: [&str; 3] = [
    "A classifier from as few labels as you like, judged on test images it has never seen.",
    "Beside it the same network without pre-training, and a linear classifier on the frozen encoder.",
    "Accuracy against the number of labels, for all three.",
];

pub const FRACTION: &str = "Labels";
pub fn fraction(percent: u8, labels: usize) -> String {
    format!("{percent} % ({})", counted(labels, "label"))
}
/// Which layers learn.
pub fn layers(trained: TrainedLayers, stages: u8) -> String {
    match trained {
        TrainedLayers::All => "All layers".into(),
        TrainedLayers::Last(1) => format!("Last of {stages} stages"),
        TrainedLayers::Last(last) => format!("Last {last} of {stages} stages"),
        TrainedLayers::Classifier => "Classifier alone".into(),
    }
}
pub const START: &str = "Fine-tune";
pub const BASELINES: &str = "Train both baselines";
pub const BASELINES_HELP: &str = "With the same labels: the same network from random weights, all layers and the same budget; \
    and a linear classifier on the frozen encoder. Fine-tuning starts from such a classifier.";
pub const CURVE: &str = "Accuracy against label fraction";
pub fn curve_help(missing: usize) -> String {
    match missing {
        0 => "All three at all six fractions are there for these settings.".into(),
        1 => "One training more completes the chart below.".into(),
        n => format!(
            "Trains all three at all six fractions and draws the chart below: {n} trainings, the quickest first."
        ),
    }
}
pub const ALL_THERE: &str = "Both baselines are there for these settings.";
pub const INVALID: &str = "Correct the settings marked above before starting.";

pub const RUN: &str = "Training";
pub fn state(state: RunState) -> &'static str {
    match state {
        RunState::Idle => "Not started",
        RunState::Running(Phase::Load) => "Choosing labels",
        RunState::Running(Phase::Compile) => "Compiling kernels: the first step takes longer",
        RunState::Running(Phase::Train) => "Training",
        RunState::Running(Phase::Evaluate { .. }) => "Training the linear classifier",
        RunState::Paused => "Paused",
        RunState::Cancelled => "Cancelled. Results so far are kept",
        RunState::Finished => "Finished",
        RunState::Failed => "Stopped by a fault. Results so far are kept",
    }
}
pub const PLACE: &str = "Of the list";
pub fn place(place: usize, of: usize) -> String {
    format!("{} of {of}", (place + 1).min(of))
}
pub const VALIDATION: &str = "Validation";

/// Names of the contestants, in the order of [`FineTuneConfig::contestants`].
pub const CONTESTANTS: [&str; 3] = ["Fine-tuned", "From random weights", "Linear on frozen encoder"];
pub fn contestant(config: &FineTuneConfig) -> &'static str {
    match (config.trained, config.start) {
        (TrainedLayers::Classifier, _) => CONTESTANTS[2],
        (_, TuningStart::Random) => CONTESTANTS[1],
        (_, TuningStart::Pretrained) => CONTESTANTS[0],
    }
}
/// The training under way, or one of several results.
pub fn training(config: &FineTuneConfig, labels: usize, stages: u8) -> String {
    let name = contestant(config);
    let labels = match labels {
        0 => format!("{} %", config.fraction),
        n => fraction(config.fraction, n),
    };
    match config.trained {
        TrainedLayers::Classifier => format!("{name}, {labels}"),
        trained => {
            format!("{name}, {labels}, {}{}, {}", layers(trained, stages).to_lowercase(), on(config), budget(config))
        }
    }
}
pub fn choice(what: &str, accuracy: f64) -> String {
    format!("{what}: {}", percent(accuracy))
}
pub fn announced(what: &str, accuracy: f64) -> String {
    format!("{what}: {} right.", percent(accuracy))
}

pub const CHART_HELP: &str = "Test accuracy after a fixed recipe: nothing is chosen by labels outside the fraction. Bars are \
    95 % confidence intervals (Wilson). Where they are wide, the test set is small.";
pub const CHART_EMPTY: &str = "Waiting for the first result with these settings";
pub const CHANCE: &str = "By chance";
pub fn chart_summary(results: usize) -> String {
    format!("Accuracy against label fraction: {results} of 18 results. The numbers are in the table below.")
}
pub fn share(percent: u8) -> String {
    format!("{percent} %")
}

pub const RESULTS: &str = "Which result";
/// How another result is named in a comparison.
pub fn than(config: &FineTuneConfig, stages: u8) -> String {
    match (config.trained, config.start) {
        (TrainedLayers::Classifier, _) => "the linear classifier on the frozen encoder".into(),
        (_, TuningStart::Random) => format!("the same network from random weights ({})", budget(config)),
        (trained, _) => {
            format!("fine-tuning {}{} for {}", layers(trained, stages).to_lowercase(), on(config), budget(config))
        }
    }
}
/// How rate and epoch were chosen; nothing of older recipes.
pub fn rule(config: &FineTuneConfig) -> String {
    if !config.gentle {
        return String::new();
    }
    format!(
        "No label outside the fraction chose anything: each of the three was trained by a fixed recipe and is judged after \
         its last epoch (the linear classifier: learning rate 0.1, 100 epochs at most). With fewer than {ENOUGH_LABELS} labels \
         a class, fine-tuning sees whole images, keeps the running statistics of pre-training and takes {:.0} % of the \
         learning rate. Otherwise the statistics are estimated at the end from all training images, which takes no label.",
        100.0 * GENTLY
    )
}
pub fn behind(config: &FineTuneConfig, labels: usize, steps: u32, seconds: f32) -> String {
    let start = match config.start {
        TuningStart::Random => "Random weights".into(),
        TuningStart::Pretrained if steps == 0 => "Encoder as it was before SimCLR".into(),
        TuningStart::Pretrained => format!("Encoder after {} of pre-training", counted(steps as usize, "step")),
    };
    let time = if seconds < 1.0 { "less than a second".into() } else { duration(f64::from(seconds)) };
    format!("{start}; {}; trained and judged in {time}.", counted(labels, "label"))
}
pub const TRY: &str = "Try it on new images";
/// Only the last fine-tuned weights are kept.
pub const TRY_WHICH: &str = "Answers with the encoder that was fine-tuned last.";

fn on(config: &FineTuneConfig) -> &'static str {
    match config.from {
        TunedFrom::Encoder => "",
        TunedFrom::HeadLayer => " with the head's first layer",
    }
}

fn budget(config: &FineTuneConfig) -> String {
    let least = match config.least_steps {
        0 => String::new(),
        steps => format!(", at least {steps} steps"),
    };
    counted(config.epochs as usize, "epoch") + &least
}
