//! What is told of new images that a person shows to a trained classifier.

use super::fine_tune::FineTuneConfig;
use crate::core::report::{LeftOut, Picture};
use serde::{Deserialize, Serialize};

/// Images that one request may hold.
pub const MOST: usize = 24;

/// What classifies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Judge {
    /// The last classifier that was fine-tuned from the pre-trained encoder.
    FineTuned(FineTuneConfig),
    /// A linear classifier on the frozen encoder, trained as in linear evaluation.
    Linear,
}

/// A training image and how like a new one it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Neighbour {
    pub picture: Picture,
    /// Of the features h of both, -1 to 1.
    pub cosine: f32,
}

/// One new image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Classified {
    /// As the network sees it; its index is its place among the new images.
    pub picture: Picture,
    /// One a class; they sum to 1.
    pub probabilities: Vec<f32>,
    /// The nearest first.
    pub neighbours: Vec<Neighbour>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassifyReport {
    pub judge: Judge,
    /// Steps of pre-training behind the encoder.
    pub steps: u32,
    pub classes: Vec<String>,
    pub images: Vec<Classified>,
    /// Files that could not be read, with the cause.
    pub left_out: Vec<LeftOut>,
}
