//! Words of the page that shows new images to a trained classifier.

use super::units::rounded_percent;
pub use super::{images::CLASS, images::DROP_OR as OR};
use crate::core::run::classify::{ClassifierKind, MOST};

pub const TITLE: &str = "Try it";
pub const INTRO: &str = "Show the classifier an image it has never seen: what it takes it for, how sure it is, and which \
    training images are most like it. The image stays on this device and is not kept.";

pub const NO_IMAGES: &str = "No images are loaded yet, and so there is no classifier.";
pub const NO_LABELS: &str = "A classifier needs labelled images of two classes to a thousand.";
pub const NO_ENCODER: &str = "No encoder has been pre-trained on these images yet.";
pub const TRAINING: &str = "Pre-training is at work. Try it when it has finished or is paused.";
pub const TUNING: &str = "Fine-tuning is at work: try it when it has ended or is paused.";
pub const WHAT_LIST: [&str; 2] = [
    "The predicted class of any image you drop, choose or photograph.",
    "The training images that the encoder finds most like it.",
];

pub const SHOW: &str = "Show an image";
pub const DROP: &str = "Drop images here";
pub const CHOOSE: &str = "Choose images";
pub const PHOTO: &str = "Take a photo";
pub fn most() -> String {
    format!("PNG, JPEG, WebP, GIF or BMP; up to {MOST} at a time.")
}
pub fn too_many() -> String {
    format!("These are more than {MOST} files: the first {MOST} were taken.")
}
pub const BUSY: &str = "Looking";
pub const BUSY_ONCE: &str = "Computing the features of the training images: once for this encoder";

pub const RESULT: &str = "What it says";
/// What classified.
pub fn classifier(kind: &ClassifierKind) -> String {
    match kind {
        ClassifierKind::FineTuned(config) => {
            format!("By the encoder that was fine-tuned with {} % of the labels.", config.fraction)
        }
        ClassifierKind::Linear => {
            "By a linear classifier on the frozen encoder, trained as in linear evaluation. One that is \
            fine-tuned is often better."
                .into()
        }
    }
}
pub fn said(class: &str, part: f32) -> String {
    format!("{class}, {}", rounded_percent(part.into()))
}
pub const PROBABILITY: &str = "Probability";
pub fn others(classes: usize) -> String {
    if classes == 1 { "1 other class".into() } else { format!("{classes} other classes") }
}
pub const NEIGHBOURS: &str = "Nearest training images";
pub const NEIGHBOURS_HELP: &str = "By the cosine of their features with those of your image: 1 is the same direction.";
pub const UNLABELLED: &str = "no label";
pub fn neighbour(class: &str, cosine: f32) -> String {
    format!("{class}, cosine {cosine:.3}")
}
pub const BAD_FILES: &str = "Files that could not be read";
pub fn announced(name: &str, class: &str) -> String {
    format!("{name}: {class}.")
}
