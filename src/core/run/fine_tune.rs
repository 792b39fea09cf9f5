//! Fine-tuning: what is asked for and what came of it.

use crate::core::metrics::ClassificationReport;
use crate::core::report::RunState;
use serde::{Deserialize, Serialize};

/// Which weights the network starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Start {
    /// The pre-trained encoder.
    Pretrained,
    /// The same network from the run's random weights: the baseline without
    /// pre-training.
    Random,
}

/// Which layers learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trained {
    All,
    /// The last stages of the encoder, so many, and the classifier; the rest is
    /// frozen, its normalisation in evaluation mode.
    Last(u8),
    /// The classifier alone, on frozen features: linear evaluation with fewer labels.
    Classifier,
}

/// Percentages of the training labels that the page offers.
pub const FRACTIONS: [u8; 6] = [1, 5, 10, 25, 50, 100];

/// One training of a classifier.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FineTuneConfig {
    pub start: Start,
    pub trained: Trained,
    /// Per cent of the labelled training images, balanced over classes.
    pub fraction: u8,
    pub epochs: u32,
    /// Images a step.
    pub batch: usize,
    /// Learning rate at the start; half a cosine to 0, no warm-up. Chen et al. 2020
    /// (appendix B.5): 0.05 · batch / 256.
    pub peak_rate: f32,
    pub weight_decay: f32,
    /// Choice of labels, order of images, crops, and the classifier's first weights.
    pub seed: u64,
}

impl FineTuneConfig {
    /// The recipe at one label fraction: 60 epochs, batches of 64, Nesterov 0.9.
    pub fn recipe(start: Start, trained: Trained, fraction: u8, seed: u64) -> Self {
        let batch = 64;
        Self {
            start,
            trained,
            fraction,
            epochs: 60,
            batch,
            peak_rate: 0.05 * batch as f32 / 256.0,
            weight_decay: 0.0,
            seed,
        }
    }
}

/// Measured over one epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FineTuneEpoch {
    pub epoch: u32,
    /// Mean cross-entropy over the epoch's steps; none of a linear classifier, which
    /// is trained as a whole.
    pub loss: Option<f32>,
    /// On validation; none without validation images.
    pub validation_accuracy: Option<f32>,
}

/// How far a list of trainings is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FineTuneProgress {
    pub state: RunState,
    /// The one at work, and its place among all, from 0.
    pub config: FineTuneConfig,
    pub place: usize,
    pub of: usize,
    /// Training images whose labels it uses.
    pub labels: usize,
    /// Steps done and in all; 0 in all while the linear classifier is trained, which
    /// has no steps to tell.
    pub step: u32,
    pub total_steps: u32,
    /// Wall time of a step in milliseconds.
    pub milliseconds: f32,
    /// Loss of the newest step.
    pub loss: Option<f32>,
    pub epochs: Vec<FineTuneEpoch>,
}

/// A classifier that was trained, judged on the test split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FineTuneReport {
    pub config: FineTuneConfig,
    /// Training images whose labels were used.
    pub labels: usize,
    pub epochs: Vec<FineTuneEpoch>,
    /// With the weights of the last epoch: the schedule has ended there, and every
    /// contestant has the same budget.
    pub test: ClassificationReport,
    /// Predicted class of each labelled test image, in the data set's order.
    pub predicted: Vec<u16>,
    pub truth: Vec<u16>,
    /// Dataset indices of those images.
    pub test_images: Vec<u32>,
    pub seconds: f32,
}
