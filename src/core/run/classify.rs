//! The report on new images that a person shows to a trained classifier.

use super::fine_tune::FineTuneConfig;
use crate::core::{error::SkippedFile, report::Picture};
use serde::{Deserialize, Serialize};

/// The most images of one request.
pub const MOST: usize = 24;

/// Which classifier answers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum ClassifierKind {
    /// The last classifier that was fine-tuned from the pre-trained encoder.
    FineTuned(FineTuneConfig),
    /// A linear classifier on the frozen encoder, trained as in linear evaluation.
    Linear,
}

/// A training image and its similarity to a new one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Neighbour {
    pub picture: Picture,
    /// Cosine of the features h of both, -1 to 1.
    pub cosine: f32,
}

/// One new image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Classified {
    /// As the network sees it; its index is that among the new images.
    pub picture: Picture,
    /// One for each class; they sum to 1.
    pub probabilities: Vec<f32>,
    /// The nearest first.
    pub neighbours: Vec<Neighbour>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassifyReport {
    pub classifier: ClassifierKind,
    /// Steps of pre-training of the encoder.
    pub steps: u32,
    pub classes: Vec<String>,
    pub images: Vec<Classified>,
    /// Files that could not be read, with the cause.
    pub left_out: Vec<SkippedFile>,
}
