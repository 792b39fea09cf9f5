//! Classification metrics from true and predicted classes.

use serde::{Deserialize, Serialize};

/// Precision, recall and their harmonic mean; a ratio with a zero denominator is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
}

/// What a classifier did on a set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassificationReport {
    pub accuracy: f64,
    /// `confusion[t][p]` counts truth t predicted as p.
    pub confusion: Vec<Vec<u32>>,
    pub per_class: Vec<Scores>,
    /// Number of images of each true class.
    pub support: Vec<u32>,
    pub macro_average: Scores,
    pub weighted_average: Scores,
    pub micro_average: Scores,
}
