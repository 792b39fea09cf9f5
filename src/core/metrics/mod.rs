//! What predictions are worth: scores, how sure they are, and which of two is better.

pub mod interval;
pub mod mcnemar;
pub mod paired_t_test;
mod scores;

pub use scores::{ClassificationReport, Scores};
