//! What predictions are worth: scores, how sure they are, and which of two is better.

pub mod interval;
pub mod mcnemar;
pub mod paired_t_test;
mod scores;

pub use scores::{ClassificationReport, Scores};

/// Most classes that a classifier is judged with. Its confusion matrix has as many rows and columns: some 4 MB, of which a
/// run stores one for each classifier.
pub const MOST_CLASSES: usize = 1_000;
