//! Words of the page that measures what an encoder has learned.

use super::units::{count, counted, duration, percent};
pub use super::{images::CLASS, images::IMAGES, parts::CLOSE};
use crate::core::config::{InitialWeights, RunConfig, TrainedPart};
use crate::core::imagenet::ImageNetEncoder;
use crate::core::report::{Baseline, Statistics};

pub const TITLE: &str = "Evaluate";
pub const INTRO: &str = "Linear evaluation freezes the encoder and trains one linear classifier on its features h, with \
    your labels. The better the features separate the classes, the higher its accuracy on test images that neither \
    pre-training nor the classifier has seen.";

pub const BUTTON: &str = "Evaluate";
/// What is measured of a run of `config`.
pub fn button_help(config: Option<&RunConfig>) -> String {
    let beside = match config {
        Some(c) if c.encoder.start == InitialWeights::Random => ", the same encoder untrained,",
        Some(c) if c.epochs == 0 || c.trained() == TrainedPart::Head => "",
        Some(_) => ", the ImageNet weights that it started from,",
        None => ", what it started from,",
    };
    format!("Your encoder{beside} and raw pixels, each with the same classifier. Small networks take seconds.")
}
pub const AGAIN: &str = "Evaluate again";
pub fn again_help(steps: u32) -> String {
    format!(
        "Training went on by {} since. The test set has been used for this run already: take a second result as \
         a check, not as a fresh one.",
        counted(steps as usize, "step")
    )
}

/// If the baseline was missing.
pub const AGAIN_COMPARED: &str = "With the ImageNet weights that this run started from loaded, the comparison with them is \
    added. The encoder is the same as before.";

pub const WAITING_FOR_IMAGES: &str = "Waiting for images";
pub const WAITING_FOR_LABELS: &str = "Waiting for labels";
pub const WAITING_FOR_ENCODER: &str = "Waiting for an encoder";
pub const WAITING_FOR_RUN: &str = "Waiting for the run";
pub const WAITING_FOR_TUNING: &str = "Waiting for fine-tuning";
pub const NO_IMAGES: &str = "No images are loaded yet: there is nothing to train on or to measure with.";
pub const GO_IMAGES: &str = "Load images";
pub const NO_LABELS: &str = "Your images have no labels, so there is nothing to measure against. Pre-training works all the \
    same. To evaluate, add labelled images: a folder for each class.";
pub const FEW_LABELS: &str = "Evaluation needs two classes to a thousand, each with training and test images.";
pub const GO_LABELS: &str = "Add labelled images";
pub const NO_ENCODER: &str = "Your images are ready, but no encoder has been trained on them yet. A few minutes of pre-training are enough for a \
    first result.";
pub const GO_TRAIN: &str = "Pre-train an encoder";
pub const TRAINING: &str = "Pre-training is at work. Evaluate when it has finished, or pause it to measure the encoder as it \
    is now.";
pub const SEE_TRAINING: &str = "See the run";
pub const TUNING: &str = "Fine-tuning is at work. Evaluate when it has ended or is paused.";
pub const SEE_TUNING: &str = "See fine-tuning";
pub const WHAT_YOU_GET: &str = "What you will get";
pub const WHAT_LIST: [&str; 4] = [
    "Accuracy of your encoder beside what it started from, raw pixels and guessing.",
    "Precision, recall and F1 for every class.",
    "A confusion matrix; each cell opens the images behind it.",
    "Everything as a table to download.",
];

pub const BUSY: &str = "Evaluating";
pub const BUSY_HELP: &str = "Computing features and training the classifiers.";
pub const FAILED: &str = "Evaluation did not finish";

pub const GO_FINE_TUNE: &str = "Fine-tune on the labels";
pub const RESULT: &str = "Result";
pub const ACCURACY_TABLE: &str = "Accuracy on the test images";
pub const METHOD: &str = "Method";
pub const FEATURES: &str = "Features";
pub const ACCURACY: &str = "Test accuracy";
pub const LINEAR: &str = "Linear classifier";
/// kNN with its k, which older results do not say.
pub fn knn(k: Option<u32>) -> String {
    k.map_or_else(|| "kNN".to_owned(), |k| format!("kNN (k = {k})"))
}
/// Names of the evaluated encoder and of its baseline.
pub const fn features(baseline: Baseline) -> [&'static str; 2] {
    match baseline {
        Baseline::Untrained | Baseline::Missing => ["Your encoder", "Untrained encoder"],
        Baseline::ImageNet => ["Your encoder", "ImageNet features, before SimCLR"],
        Baseline::Itself => ["ImageNet features", ""],
    }
}
/// The running statistics that served an untrained encoder better.
pub const fn statistics(statistics: Statistics) -> &'static str {
    match statistics {
        Statistics::Initial => " (running mean 0, variance 1)",
        Statistics::Estimated => " (statistics of the training images)",
    }
}
/// `side`: the size that the pixels were averaged to, if they were. `epochs`: the epochs of
/// their classifier, if fewer than the encoder's.
pub fn raw_pixels(side: Option<u32>, epochs: Option<u32>) -> String {
    let side = side.map(|side| format!("averaged to {side} × {side}"));
    let epochs = epochs.map(|n| counted(n as usize, "epoch"));
    let notes: Vec<String> = side.into_iter().chain(epochs).collect();
    if notes.is_empty() { "Raw pixels".into() } else { format!("Raw pixels ({})", notes.join(", ")) }
}

/// Why the classifier on raw pixels was trained for fewer epochs.
pub fn fewer_epochs(raw: u32, encoder: u32) -> String {
    format!("Raw pixels are long vectors: their classifier trained for {raw} epochs in place of {encoder}.")
}

/// Features of published weights from another run; `source` if the network alone is ambiguous.
pub fn published(net: ImageNetEncoder, source: Option<&str>) -> String {
    let source = source.map(|source| format!(" ({source})")).unwrap_or_default();
    format!("ImageNet features of {}{source}", net.name())
}

/// Where such features come from, or how to get them.
pub const fn how_published(there: usize, baseline: Baseline) -> &'static str {
    match (there, baseline) {
        (0, Baseline::Untrained) => {
            "To have ImageNet features beside it, load published weights on the page Pre-train and judge them on these images."
        }
        (0, _) => "",
        _ => "ImageNet features of a named network were judged on these images before, as a run of their own.",
    }
}

const RAW: &str = "Raw pixels: the classifier on the images themselves, with no encoder.";
pub fn baselines(baseline: Baseline) -> String {
    let encoder = match baseline {
        Baseline::Untrained => {
            "Untrained encoder: this run's own weights from before step 1, so only the distance to it was learned. It is \
             judged with the running statistics that serve it better: those that it starts with, or those of the \
             training images."
        }
        Baseline::ImageNet => {
            "ImageNet features: the weights that this run started from, so only the distance to them is SimCLR's."
        }
        Baseline::Itself => {
            "The encoder has its ImageNet weights as they were published: SimCLR changed nothing in it."
        }
        Baseline::Missing => {
            "The ImageNet weights that this run started from are not loaded, so the comparison with them is missing; others \
             of the same network do not count. Load them on the page Pre-train, then evaluate again."
        }
    };
    format!("{encoder} {RAW}")
}

/// Says what the large number counts.
pub fn headline(images: usize) -> String {
    format!("of {} test images recognised", count(images))
}

/// What a screen reader says when the result is there.
pub fn evaluated(accuracy: f64, images: usize) -> String {
    format!("Evaluated: {} {}.", percent(accuracy), headline(images))
}

/// Legend of the line that marks chance.
pub fn chance_key(share: f64) -> String {
    format!("┊ chance {}", percent(share))
}

pub const fn than_baseline(baseline: Baseline) -> &'static str {
    match baseline {
        Baseline::ImageNet => "the ImageNet weights that it started from",
        _ => "the same encoder untrained",
    }
}
pub const THAN_RAW: &str = "raw pixels";
/// `majority`: the part of the test images that are of the most frequent class.
pub fn chance(classes: usize, majority: f64) -> String {
    let (even, majority) = (percent(1.0 / classes.max(1) as f64), percent(majority));
    let more =
        if even == majority { String::new() } else { format!("; always naming the most frequent one, {majority}") };
    format!("Guessing among {classes} classes would get {even}{more}.")
}

/// How rate and epoch were chosen; `validation` is `None` without validation images.
pub fn chosen(rate: f32, epoch: u32, validation: Option<f32>) -> String {
    match validation {
        Some(part) => format!(
            "Learning rate {rate} and epoch {epoch} were chosen on the validation images ({} right there).",
            percent(f64::from(part))
        ),
        None => format!("There are no validation images: learning rate {rate} and epoch {epoch} were set beforehand."),
    }
}
/// How often the test set was used in this run, and what that means.
pub fn test_use(nth: u32) -> (String, &'static str) {
    match nth {
        1 => ("Test set used once".into(), "for this run, after every choice was made."),
        n => (
            format!("Test set used {n} times"),
            "for this run. If an earlier result decided how long you trained, this one is a little too good.",
        ),
    }
}
pub fn behind(baseline: Baseline, steps: u32, seconds: f32) -> String {
    let encoder = match baseline {
        Baseline::Itself => "Encoder as published".to_owned(),
        _ => format!("Encoder after {}", counted(steps as usize, "step")),
    };
    format!("{encoder}; evaluated in {}.", duration(f64::from(seconds)))
}

pub const MATRIX: &str = "What was taken for what";
pub const MATRIX_HELP: &str = "Rows are true classes, columns what the classifier said. Numbers on the diagonal are right. \
    Choose a number to see its images; arrow keys move between them.";
pub const TRUTH: &str = "True class";
pub const SAID: &str = "Classifier said";
pub fn cell(images: u32, truth: &str, said: &str) -> String {
    format!("{} of {}", counted(images as usize, "image"), cell_title(truth, said))
}
pub fn cell_title(truth: &str, said: &str) -> String {
    if truth == said { format!("{truth}, recognised") } else { format!("{truth}, taken for {said}") }
}
pub const MISTAKES: &str = "Most frequent mistakes";
pub const MISTAKES_HELP: &str = "With this many classes the matrix is too large to read; these are its largest cells off the \
    diagonal.";
pub const BY_CLASS: &str = "Class by class";
pub const BY_CLASS_HELP: &str =
    "Every cell of the matrix that is not 0: choose a class, then what was said of its images.";
pub const NO_TEST_IMAGES: &str = "No test image is of this class.";
/// A class to choose, with the number of its test images that were recognised.
pub fn class_choice(name: &str, right: u32, all: u32) -> String {
    format!("{name}: {right} of {all} recognised")
}
pub const NO_MISTAKES: &str = "No mistakes at all.";
pub const LOADING_PICTURES: &str = "Loading images …";

pub const SCORES: &str = "Scores by class";
pub const SCORES_HELP: &str = "Precision: of the images given this class, the part that is of it. Recall: of the images of this \
    class, the part that was found. F1: their harmonic mean.";
pub const PRECISION: &str = "Precision";
pub const RECALL: &str = "Recall";
pub const F1: &str = "F1";
pub const MACRO: &str = "Macro average";
/// `absent`: classes without test images.
pub fn macro_help(absent: usize) -> String {
    let rest = match absent {
        0 => String::new(),
        1 => "; one without test images counts as 0".to_owned(),
        n => format!("; {n} without test images count as 0"),
    };
    format!("every class counts the same{rest}")
}
pub const WEIGHTED: &str = "Weighted average";
pub const WEIGHTED_HELP: &str = "every image counts the same";

pub const DOWNLOADS: &str = "Export the numbers";
pub const DOWNLOAD_SCORES: &str = "Scores (CSV)";
pub const DOWNLOAD_MATRIX: &str = "Confusion matrix (CSV)";
pub const DOWNLOAD_PREDICTIONS: &str = "Predictions (CSV)";
pub const SCORES_FILE: &str = "scores.csv";
pub const MATRIX_FILE: &str = "confusion-matrix.csv";
pub const PREDICTIONS_FILE: &str = "predictions.csv";

pub const QUESTIONS: &str = "Questions people ask here";
/// Question, answer.
pub const ANSWERS: [(&str, &str); 6] = [
    (
        "Is this measured on h or on z?",
        "On h, the encoder's features. z, behind the projection head, only serves the loss: it drops what the loss does \
         not need. In the SimCLR paper h beats z by more than 10 points, so the head is thrown away after pre-training.",
    ),
    (
        "Was it better than a random encoder?",
        "That is the row “Untrained encoder”: this run's own weights from before step 1, judged with running mean 0 and \
         variance 1 and with the statistics of the training images; the stronger is shown. Random features are a serious \
         opponent, often well above chance. Only the distance to them was learned.",
    ),
    (
        "Why is it no better?",
        "Mostly too few steps: train for more epochs. Then look at the loss: near its chance line, nothing was learned. \
         Colours that tell your classes apart are erased by strong colour jitter; parts that tell them apart may be cut off \
         by the crop. A batch of another size wants another learning rate.",
    ),
    (
        "Why do raw pixels do well?",
        "Where classes differ in overall colour or brightness, pixels are enough. SimCLR learns to ignore exactly that, and \
         is for images where it does not help.",
    ),
    (
        "Which images does this use?",
        "The classifier trains on the labelled training images; validation chooses its learning rate and epoch; the result is \
         counted on the test images. Nothing is augmented, and the encoder is in evaluation mode.",
    ),
    (
        "What does kNN say beside it?",
        "It trains nothing: each test image asks its nearest training images (k = 200, or all if there are fewer; cosine of h, \
         temperature 0.1). \
         It shows how well h is ordered as it stands.",
    ),
];
